//! An image in a registry, read over the network as it comes; nothing is stored.

use std::io::Read;

use hpcctl_registry::{Client, Digest, Repository, Settings};

use super::oci::{Layout, open_manifest};
use super::{Opened, Session};
use crate::blob::{Blob, Remote};
use crate::{Error, Source};

/// Opens an image of a registry; also says under which name it was found.
pub(super) fn open(source: &Source, session: &Session<'_>) -> Result<Opened, Error> {
    let plan = session.plan;
    let Source::Registry(name) = source else {
        return Err(Error::Internal("this is no image of a registry".to_owned()));
    };
    let mut settings = Settings::of_this_node()?;
    settings.tls_verify = !plan.insecure;
    let found = Client::new(settings).find(name, plan.limits.document_bytes)?;
    let layout = Layout::Registry(found.repository);
    let (name, manifest) = (Source::Registry(found.name), found.manifest);
    let mut opened = open_manifest(&layout, &name, manifest, plan)?;
    opened.notes = found.notes;
    opened.source = Some(name);
    Ok(opened)
}

/// A layer that is still in the registry.
pub(super) fn layer(
    repository: &Repository,
    digest: &str,
    size: Option<u64>,
    most: u64,
) -> Result<Blob, String> {
    let digest: Digest = digest
        .parse()
        .map_err(|()| format!("{digest:?} is not a digest that is known"))?;
    match size {
        Some(size) if size <= most => {
            let repository = repository.clone();
            Ok(Blob::remote(
                Layer {
                    repository,
                    digest,
                    size,
                },
                size,
            ))
        }
        Some(size) => Err(format!("it is said to have {size} bytes, more than {most}")),
        None => Err("the manifest does not give its size".to_owned()),
    }
}

#[derive(Debug)]
struct Layer {
    repository: Repository,
    digest: Digest,
    size: u64,
}

impl Remote for Layer {
    fn open(&self, from: u64) -> Box<dyn Read + Send> {
        Box::new(self.repository.blob(&self.digest, self.size, from))
    }
}
