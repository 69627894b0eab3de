//! Images that are built here, scanned through the library's door.

#[cfg(test)]
mod beside;
#[cfg(test)]
mod build;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod file_systems;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod held;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod secrets;
#[cfg(test)]
#[expect(
    dead_code,
    reason = "the client's own tests make it misbehave in more ways"
)]
#[path = "../../../registry/tests/registry/server.rs"]
mod server;
#[cfg(test)]
mod squash;
#[cfg(test)]
mod storages;
#[cfg(test)]
mod system;
#[cfg(test)]
mod trees;
