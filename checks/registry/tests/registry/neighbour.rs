//! An image in another repository of the registry that it is pushed to.

use std::io::Read;

use hpcctl_registry::{Digest, Manifest, Repository, Source, SourceError};

use crate::memory::Memory;
use crate::mock::Mock;
use crate::trial::Trial;

/// An image in the repository `other/one` of a mock.
pub struct Neighbour<'a> {
    image: &'a Memory,
    repository: Repository,
}

impl<'a> Neighbour<'a> {
    pub fn new(mock: &Mock, image: &'a Memory) -> Self {
        let name = format!("{}/other/one:v1", mock.server.address);
        let found = Trial::new().find(&name).unwrap();
        Self {
            image,
            repository: found.repository,
        }
    }
}

impl Source for Neighbour<'_> {
    fn name(&self) -> String {
        "neighbour".to_owned()
    }

    fn root(&self) -> &Manifest {
        &self.image.root
    }

    fn manifest(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, SourceError> {
        self.image.manifest(digest, limit)
    }

    fn blob(
        &self,
        _digest: &Digest,
        _size: u64,
        _from: u64,
    ) -> Result<Box<dyn Read + Send + '_>, SourceError> {
        Err(SourceError("it is to be mounted".to_owned()))
    }

    fn repository(&self) -> Option<&Repository> {
        Some(&self.repository)
    }
}
