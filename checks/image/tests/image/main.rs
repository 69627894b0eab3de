//! Images that are built here, scanned through the library's door.

#[cfg(test)]
mod build;
mod formats;
mod hostile;
mod layers;
mod packages;
