//! Images that are built here, scanned through the library's door.

#[cfg(test)]
mod build;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod system;
