//! An image in memory, whose documents no program would write twice in the same way.

use std::collections::HashMap;
use std::io::Read;

use hpcctl_registry::{Digest, Manifest, Source, SourceError};

use crate::trial::bytes;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An image in memory.
pub struct Memory {
    pub root: Manifest,
    pub manifests: HashMap<String, Vec<u8>>,
    pub blobs: HashMap<String, Vec<u8>>,
}

impl Memory {
    /// An index of two platforms that share a layer of so many bytes.
    pub fn of(size: usize) -> Self {
        let mut made = Self {
            root: Manifest {
                bytes: Vec::new(),
                digest: Digest::sha256(b""),
                media_type: INDEX.to_owned(),
            },
            manifests: HashMap::new(),
            blobs: HashMap::new(),
        };
        let layer = made.keep(bytes(size));
        let small = made.keep(b"a small layer".to_vec());
        let mut children = Vec::new();
        for platform in ["amd64", "arm64"] {
            let config = made.keep(format!("{{\"architecture\":\"{platform}\"}}").into_bytes());
            let text = format!(
                "{{\n \"layers\" : [{layer},\n{small}], \"schemaVersion\":2,\"config\":{config} }}\n\n"
            );
            let text = text.into_bytes();
            let kind = "application/vnd.oci.image.manifest.v1+json";
            children.push(format!(
                "{{\"mediaType\":\"{kind}\",\"size\":{},\"digest\":\"{}\",\"platform\":{{\"os\":\"linux\",\"architecture\":\"{platform}\"}}}}",
                text.len(),
                Digest::sha256(&text)
            ));
            made.manifests
                .insert(Digest::sha256(&text).to_string(), text);
        }
        let index = format!(
            "{{\"manifests\":[{}],  \"schemaVersion\":2}}",
            children.join(" ,")
        );
        made.root.bytes = index.into_bytes();
        made.root.digest = Digest::sha256(&made.root.bytes);
        made
    }

    fn keep(&mut self, bytes: Vec<u8>) -> String {
        let digest = Digest::sha256(&bytes).to_string();
        let text = format!("{{\"digest\":\"{digest}\", \"size\":{}}}", bytes.len());
        self.blobs.insert(digest, bytes);
        text
    }
}

impl Source for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn root(&self) -> &Manifest {
        &self.root
    }

    fn manifest(&self, digest: &Digest, _limit: u64) -> Result<Vec<u8>, SourceError> {
        let found = self.manifests.get(&digest.to_string()).cloned();
        found.ok_or_else(|| SourceError("it is not there".to_owned()))
    }

    fn blob(
        &self,
        digest: &Digest,
        _size: u64,
        from: u64,
    ) -> Result<Box<dyn Read + Send + '_>, SourceError> {
        let found = self.blobs.get(&digest.to_string());
        let found = found.ok_or_else(|| SourceError("it is not there".to_owned()))?;
        Ok(Box::new(&found[from as usize..]))
    }
}
