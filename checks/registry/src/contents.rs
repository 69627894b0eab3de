//! What belongs to an image: the blobs and the manifests that must be there before its own.
//!
//! The documents are those of the OCI image specification 1.1 ("Image Index", "Image Manifest",
//! "Content Descriptors") and of Docker's schema 2.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::source::DOCUMENT;
use crate::{Digest, Manifest, Source};

/// Indexes that may lie in one another.
const NESTED: usize = 4;

/// Manifests and blobs of one image.
const PARTS: usize = 10_000;

/// The media type of an image's manifest, and that of an index.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A pointer to a manifest or a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The media type; empty where none is given.
    #[serde(default)]
    pub media_type: String,
    /// The digest.
    pub digest: Digest,
    /// The size in bytes.
    pub size: u64,
    /// What kind of artifact a manifest is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What else is said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Where else it can be had; a layer that may not be passed on is there only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

impl Descriptor {
    /// Whether it is a layer that stays where its maker keeps it.
    fn is_foreign(&self) -> bool {
        let kind = &self.media_type;
        let named = kind.contains(".nondistributable.") || kind.contains(".foreign.");
        named && !self.urls.is_empty()
    }
}

/// What belongs to an image.
#[derive(Debug, Clone)]
pub(crate) struct Contents {
    /// Configurations and layers, each once.
    pub(crate) blobs: Vec<Descriptor>,
    /// Manifests, each after those that it names; the image's own is the last.
    pub(crate) manifests: Vec<Manifest>,
    /// Layers that are left where their makers keep them.
    pub(crate) foreign: Vec<Descriptor>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: Option<u32>,
    media_type: Option<String>,
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    blobs: Vec<Descriptor>,
}

impl Contents {
    /// Reads the manifests of an image; else what is wrong with them.
    pub(crate) fn of(source: &dyn Source) -> Result<Self, String> {
        let mut gathering = Gathering {
            source,
            seen: HashSet::new(),
            contents: Self {
                blobs: Vec::new(),
                manifests: Vec::new(),
                foreign: Vec::new(),
            },
        };
        gathering.add(source.root().clone(), 0)?;
        Ok(gathering.contents)
    }
}

struct Gathering<'a> {
    source: &'a dyn Source,
    seen: HashSet<Digest>,
    contents: Contents,
}

impl Gathering<'_> {
    fn add(&mut self, manifest: Manifest, depth: usize) -> Result<(), String> {
        let digest = &manifest.digest;
        if digest.same_kind(&manifest.bytes) != *digest {
            return Err(format!(
                "the bytes of the manifest {digest} have another digest"
            ));
        }
        if depth > NESTED {
            return Err("its indexes are nested too deeply".to_owned());
        }
        let document: Document = serde_json::from_slice(&manifest.bytes)
            .map_err(|error| format!("the manifest {digest}: {error}"))?;
        if document.schema_version != Some(2) {
            return Err(format!("the manifest {digest} is not of schema 2"));
        }
        let is_index = document.manifests.is_some();
        for child in document.manifests.unwrap_or_default() {
            self.child(&child, depth)?;
        }
        let blobs = document.config.into_iter();
        for blob in blobs.chain(document.layers).chain(document.blobs) {
            self.blob(blob)?;
        }
        // The registry is told what the document itself says it is.
        let media_type = document.media_type.filter(|kind| !kind.is_empty());
        let given = Some(manifest.media_type).filter(|kind| !kind.is_empty());
        let plain = if is_index { INDEX } else { MANIFEST };
        self.contents.manifests.push(Manifest {
            media_type: media_type.or(given).unwrap_or_else(|| plain.to_owned()),
            ..manifest
        });
        Ok(())
    }

    fn child(&mut self, child: &Descriptor, depth: usize) -> Result<(), String> {
        if !self.is_new(&child.digest)? {
            return Ok(());
        }
        let name = &child.digest;
        let bytes = self.source.manifest(name, DOCUMENT).map_err(|error| {
            format!("its index names the manifest {name}, which cannot be read: {error}")
        })?;
        if bytes.len() as u64 != child.size {
            let (is, said) = (bytes.len(), child.size);
            return Err(format!("the manifest {name} has {is} bytes, not {said}"));
        }
        let manifest = Manifest {
            bytes,
            digest: name.clone(),
            media_type: child.media_type.clone(),
        };
        self.add(manifest, depth + 1)
    }

    fn blob(&mut self, blob: Descriptor) -> Result<(), String> {
        if self.is_new(&blob.digest)? {
            match blob.is_foreign() {
                true => self.contents.foreign.push(blob),
                false => self.contents.blobs.push(blob),
            }
        }
        Ok(())
    }

    fn is_new(&mut self, digest: &Digest) -> Result<bool, String> {
        if self.seen.len() >= PARTS {
            return Err(format!("it has more than {PARTS} parts"));
        }
        Ok(self.seen.insert(digest.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::Read;

    use serde_json::{Value, json};

    use super::*;
    use crate::source::SourceError;

    struct Stored {
        root: Manifest,
        manifests: HashMap<Digest, Vec<u8>>,
    }

    impl Source for Stored {
        fn name(&self) -> String {
            "stored".to_owned()
        }

        fn root(&self) -> &Manifest {
            &self.root
        }

        fn manifest(&self, digest: &Digest, _limit: u64) -> Result<Vec<u8>, SourceError> {
            let found = self.manifests.get(digest).cloned();
            found.ok_or_else(|| SourceError("it is not there".to_owned()))
        }

        fn blob(
            &self,
            _digest: &Digest,
            _size: u64,
            _from: u64,
        ) -> Result<Box<dyn Read + Send + '_>, SourceError> {
            Err(SourceError("there are none".to_owned()))
        }
    }

    fn stored(root: &Value, others: &[&Value]) -> Stored {
        let manifest = |value: &Value| {
            let bytes = value.to_string().into_bytes();
            (Digest::sha256(&bytes), bytes)
        };
        let (digest, bytes) = manifest(root);
        Stored {
            root: Manifest {
                bytes,
                digest,
                media_type: String::new(),
            },
            manifests: others.iter().map(|value| manifest(value)).collect(),
        }
    }

    fn pointer(bytes: &str) -> Value {
        json!({"digest": Digest::sha256(bytes.as_bytes()), "size": bytes.len()})
    }

    #[test]
    fn children_come_before_their_index_and_blobs_once() {
        let one = json!({"schemaVersion": 2, "config": pointer("a"), "layers": [pointer("b")]});
        let two = json!({"schemaVersion": 2, "config": pointer("c"), "layers": [pointer("b")]});
        let index = json!({"schemaVersion": 2, "manifests":
            [pointer(&one.to_string()), pointer(&two.to_string()), pointer(&one.to_string())]});
        let source = stored(&index, &[&one, &two]);
        let contents = Contents::of(&source).unwrap();
        assert_eq!(contents.blobs.len(), 3);
        let kinds = contents.manifests.iter().map(|one| &*one.media_type);
        assert_eq!(kinds.collect::<Vec<_>>(), [MANIFEST, MANIFEST, INDEX]);
        assert_eq!(
            contents.manifests[2],
            Manifest {
                media_type: INDEX.to_owned(),
                ..source.root
            }
        );
        let error = Contents::of(&stored(&index, &[&one])).unwrap_err();
        assert!(error.contains("cannot be read: it is not there"), "{error}");
    }

    #[test]
    fn layers_that_may_not_be_passed_on_stay() {
        let mut layer = pointer("b");
        layer["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip".into();
        let mut manifest = json!({"schemaVersion": 2, "layers": [layer]});
        // Without another place to have it from, it is a layer like any other.
        let contents = Contents::of(&stored(&manifest, &[])).unwrap();
        assert_eq!((contents.blobs.len(), contents.foreign.len()), (1, 0));
        manifest["layers"][0]["urls"] = json!(["https://maker.example/b"]);
        let contents = Contents::of(&stored(&manifest, &[])).unwrap();
        assert_eq!((contents.blobs.len(), contents.foreign.len()), (0, 1));
    }

    #[test]
    fn broken_documents_are_refused() {
        let refused = |root: &Value, part: &str| {
            let error = Contents::of(&stored(root, &[])).unwrap_err();
            assert!(error.contains(part), "{error}");
        };
        refused(&json!({"schemaVersion": 1}), "not of schema 2");
        refused(&json!({}), "not of schema 2");
        refused(&json!([]), "the manifest sha256:");
        let digest = json!({"digest": "md5:0", "size": 1});
        refused(
            &json!({"schemaVersion": 2, "layers": [digest]}),
            "no digest that can be checked",
        );
        let mut other = stored(&json!({"schemaVersion": 2}), &[]);
        other.root.bytes.push(b' ');
        assert!(Contents::of(&other).unwrap_err().contains("another digest"));
        let child = json!({"schemaVersion": 2});
        let mut wrong = pointer(&child.to_string());
        wrong["size"] = json!(1);
        let index = json!({"schemaVersion": 2, "manifests": [wrong]});
        let error = Contents::of(&stored(&index, &[&child])).unwrap_err();
        assert!(error.contains("bytes, not 1"), "{error}");
    }

    #[test]
    fn indexes_end() {
        let mut inner = json!({"schemaVersion": 2});
        let mut all = Vec::new();
        for _ in 0..=NESTED + 1 {
            all.push(inner.clone());
            inner = json!({"schemaVersion": 2, "manifests": [pointer(&inner.to_string())]});
        }
        let all: Vec<&Value> = all.iter().collect();
        let error = Contents::of(&stored(&inner, &all)).unwrap_err();
        assert!(error.contains("nested"), "{error}");
    }
}
