//! The bytes of an image as they are stored, for whoever passes exactly those on.
//!
//! The documents are those of the OCI image specification 1.1 ("Image Layout"). What has no
//! manifest cannot be passed on so: the one that a tool would write has another digest each time.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use hpcctl_registry::{Client, Digest, Manifest, Name, Settings, SourceError};
use serde::Deserialize;

use crate::archive::Archive;
use crate::blob::Blob;
use crate::compression::Compression;
use crate::{Error, Limits, Reference, Source};

/// Bytes that tell whether an archive is compressed.
const START: u64 = 512;

/// The annotation that holds a tag.
const TAG: &str = "org.opencontainers.image.ref.name";

/// What can be passed on as it is.
const CHOICES: &str = "oci:, oci-archive: and docker://";

/// How an image is opened.
#[derive(Debug, Clone, Default)]
pub struct Exactly<'a> {
    /// The manifest that is meant, where the reference does not say which.
    pub digest: Option<&'a Digest>,
    /// The bounds.
    pub limits: Limits,
    /// Whether a registry need not prove who it is.
    pub insecure: bool,
}

/// Opens an image for its bytes: with all its platforms, where its name stands for several.
///
/// # Errors
///
/// When it cannot be read, holds several images of which none is named, or has no manifest.
pub fn exact(
    reference: &Reference,
    how: &Exactly<'_>,
) -> Result<Box<dyn hpcctl_registry::Source>, Error> {
    let source = reference.source();
    match source {
        Source::Registry(name) => from_registry(name, how),
        Source::OciLayout(path, tag) => {
            let place = Place::Directory(path.clone());
            Ok(Box::new(Layout::open(
                reference,
                place,
                tag.as_deref(),
                how,
            )?))
        }
        Source::OciArchive(path) => {
            let place = Place::Archive(archive(path, &how.limits)?);
            Ok(Box::new(Layout::open(reference, place, None, how)?))
        }
        Source::Path(path) if path.join("index.json").is_file() => {
            let place = Place::Directory(path.clone());
            Ok(Box::new(Layout::open(reference, place, None, how)?))
        }
        Source::Path(path) if path.is_file() => {
            let archive = archive(path, &how.limits)?;
            if archive.has("manifest.json") || !archive.has("index.json") {
                return Err(none(path));
            }
            let place = Place::Archive(archive);
            Ok(Box::new(Layout::open(reference, place, None, how)?))
        }
        other => {
            let path = other.path();
            std::fs::metadata(path).map_err(|error| Error::unreadable(path, error))?;
            Err(none(path))
        }
    }
}

/// Why something cannot be passed on as it is.
fn none(path: &Path) -> Error {
    let path = path.display();
    Error::NoManifest(format!(
        "{path} holds no manifest, and one that was made for it would be another image each time: \
         only {CHOICES} are passed on as they are"
    ))
}

fn from_registry(
    name: &Name,
    how: &Exactly<'_>,
) -> Result<Box<dyn hpcctl_registry::Source>, Error> {
    let mut settings = Settings::of_this_node()?;
    settings.tls_verify = !how.insecure;
    let digest = how.digest.or(name.digest.as_ref());
    let name = Name {
        digest: digest.cloned(),
        ..name.clone()
    };
    let found = Client::new(settings).find(&name, how.limits.document_bytes)?;
    Ok(Box::new(found))
}

fn archive(path: &Path, limits: &Limits) -> Result<Archive, Error> {
    let unreadable = |error| Error::unreadable(path, error);
    let blob = Blob::open(path)?;
    let start = blob.part(0, START).bytes(START).map_err(unreadable)?;
    if Compression::of(&start) != Compression::Plain {
        let path = path.display();
        return Err(Error::NoManifest(format!(
            "{path} is compressed as a whole: unpack it to a plain tar first"
        )));
    }
    Ok(Archive::index(blob, limits))
}

/// Where a layout is.
enum Place {
    Directory(PathBuf),
    Archive(Archive),
}

/// An image of a layout.
struct Layout {
    name: String,
    place: Place,
    root: Manifest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    media_type: String,
    digest: Digest,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Entry>,
}

impl Layout {
    fn open(
        reference: &Reference,
        place: Place,
        tag: Option<&str>,
        how: &Exactly<'_>,
    ) -> Result<Self, Error> {
        let path = reference.source().path();
        let refuse = |why: String| Error::not_an_image(path, why);
        let most = how.limits.document_bytes;
        let index = place
            .file("index.json")
            .and_then(|blob| Ok(blob.bytes(most)?));
        let index = index.map_err(|error| refuse(format!("index.json: {error}")))?;
        let index: Index = serde_json::from_slice(&index)
            .map_err(|error| refuse(format!("index.json: {error}")))?;
        let entry = match how.digest {
            Some(digest) => index.with(digest),
            None => index.tagged(tag, path)?,
        };
        let bytes = place
            .blob(&entry.digest)
            .and_then(|blob| Ok(blob.bytes(most)?));
        let bytes = bytes.map_err(|error| refuse(format!("{}: {error}", entry.digest)))?;
        let actual = entry.digest.same_kind(&bytes);
        if actual != entry.digest {
            let wanted = &entry.digest;
            return Err(refuse(format!(
                "the digest of its manifest is {actual}, not {wanted}"
            )));
        }
        Ok(Self {
            name: reference.to_string(),
            place,
            root: Manifest {
                bytes,
                digest: entry.digest,
                media_type: entry.media_type,
            },
        })
    }
}

impl Index {
    /// A manifest by its digest, which need not be listed at the top.
    fn with(self, digest: &Digest) -> Entry {
        let mut all = self.manifests.into_iter();
        let listed = all.find(|entry| entry.digest == *digest);
        listed.unwrap_or_else(|| Entry {
            media_type: String::new(),
            digest: digest.clone(),
            annotations: BTreeMap::new(),
        })
    }

    /// The image with a tag, or the only one.
    fn tagged(self, tag: Option<&str>, path: &Path) -> Result<Entry, Error> {
        let tag_of = |entry: &Entry| entry.annotations.get(TAG).cloned();
        let mut tags: Vec<String> = self.manifests.iter().filter_map(tag_of).collect();
        tags.sort();
        tags.dedup();
        let choices = tags.join(", ");
        let mut all = self.manifests;
        if let Some(tag) = tag {
            all.retain(|entry| tag_of(entry).as_deref() == Some(tag));
        }
        all.dedup_by(|a, b| a.digest == b.digest);
        match (all.pop(), all.is_empty(), tag) {
            (Some(entry), true, _) => Ok(entry),
            (Some(_), false, _) => Err(Error::Ambiguous {
                path: path.to_owned(),
                choices,
            }),
            (None, _, Some(tag)) => Err(Error::not_an_image(
                path,
                format!("it has no tag {tag:?}; its tags are: {choices}"),
            )),
            (None, _, None) => Err(Error::not_an_image(path, "its index.json lists no images")),
        }
    }
}

impl Place {
    fn file(&self, name: &str) -> Result<Blob, SourceError> {
        match self {
            Self::Directory(path) => {
                let opened = Blob::open(&path.join(name));
                opened.map_err(|error| SourceError(error.to_string()))
            }
            Self::Archive(archive) => archive.file(name).map_err(SourceError),
        }
    }

    fn blob(&self, digest: &Digest) -> Result<Blob, SourceError> {
        self.file(&format!("blobs/{}/{}", digest.algorithm(), digest.hex()))
    }
}

impl hpcctl_registry::Source for Layout {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn root(&self) -> &Manifest {
        &self.root
    }

    fn manifest(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, SourceError> {
        Ok(self.place.blob(digest)?.bytes(limit)?)
    }

    fn blob(
        &self,
        digest: &Digest,
        size: u64,
        from: u64,
    ) -> Result<Box<dyn Read + Send + '_>, SourceError> {
        let blob = self.place.blob(digest)?;
        let actual = blob.size();
        if actual != size {
            return Err(SourceError(format!("it has {actual} bytes, not {size}")));
        }
        Ok(Box::new(
            blob.part(from, size.saturating_sub(from)).reader(None),
        ))
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes its files")]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    const BLOB: &[u8] = b"the bytes of a layer";

    struct Made {
        dir: tempfile::TempDir,
        /// The digests of an index and of its only manifest.
        index: Digest,
        manifest: Digest,
    }

    /// A layout whose tags `one` and `two` stand for a manifest and an index.
    fn layout() -> Made {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("blobs/sha256")).unwrap();
        let put = |bytes: &[u8]| {
            let digest = Digest::sha256(bytes);
            fs::write(dir.path().join("blobs/sha256").join(digest.hex()), bytes).unwrap();
            json!({"digest": digest, "size": bytes.len()})
        };
        let layer = put(BLOB);
        let manifest = format!("{{ \"schemaVersion\":2 ,\"layers\":[{layer}]}}\n");
        let manifest = put(manifest.as_bytes());
        let index = put(json!({"schemaVersion": 2, "manifests": [manifest]})
            .to_string()
            .as_bytes());
        let tagged = |mut entry: serde_json::Value, tag: &str| {
            entry["annotations"] = json!({TAG: tag});
            entry["mediaType"] = tag.into();
            entry
        };
        let digest = |entry: &serde_json::Value| entry["digest"].as_str().unwrap().parse().unwrap();
        let made = (digest(&index), digest(&manifest));
        let top = json!({"manifests": [tagged(manifest, "one"), tagged(index, "two")]});
        fs::write(dir.path().join("index.json"), top.to_string()).unwrap();
        fs::write(dir.path().join("oci-layout"), "{}").unwrap();
        Made {
            dir,
            index: made.0,
            manifest: made.1,
        }
    }

    fn open(
        reference: &str,
        digest: Option<&Digest>,
    ) -> Result<Box<dyn hpcctl_registry::Source>, Error> {
        let how = Exactly {
            digest,
            ..Exactly::default()
        };
        exact(&reference.parse().unwrap(), &how)
    }

    fn refusal(reference: &str) -> String {
        open(reference, None).err().unwrap().to_string()
    }

    #[test]
    fn a_layout_gives_the_bytes_of_a_tag_or_a_digest() {
        let made = layout();
        let path = made.dir.path().display().to_string();
        let two = open(&format!("oci:{path}:two"), None).unwrap();
        assert_eq!(
            (&two.root().digest, &*two.root().media_type),
            (&made.index, "two")
        );
        let one = open(&path, Some(&made.manifest)).unwrap();
        assert!(one.root().bytes.ends_with(b"\n") && one.root().digest == made.manifest);
        let digest = Digest::sha256(BLOB);
        let read = |from| {
            let mut bytes = Vec::new();
            let size = BLOB.len() as u64;
            one.blob(&digest, size, from)
                .unwrap()
                .read_to_end(&mut bytes)
                .unwrap();
            bytes
        };
        assert_eq!((read(0), read(4)), (BLOB.to_vec(), BLOB[4..].to_vec()));
        assert!(
            one.blob(&digest, 3, 0)
                .err()
                .unwrap()
                .to_string()
                .contains("bytes, not 3")
        );
        assert!(one.manifest(&made.index, 10).is_err());
        assert!(refusal(&format!("oci:{path}")).contains("one, two"));
        assert!(refusal(&format!("oci:{path}:three")).contains("no tag"));
    }

    #[test]
    fn an_archive_gives_the_same_bytes() {
        let made = layout();
        let path = made.dir.path().join("archive.tar");
        let mut tar = tar::Builder::new(fs::File::create(&path).unwrap());
        tar.append_path_with_name(made.dir.path().join("index.json"), "index.json")
            .unwrap();
        tar.append_dir_all("blobs", made.dir.path().join("blobs"))
            .unwrap();
        tar.finish().unwrap();
        let path = path.display();
        for reference in [format!("oci-archive:{path}"), path.to_string()] {
            let image = open(&reference, Some(&made.index)).unwrap();
            assert_eq!(image.root().digest, made.index);
            let manifest = image.manifest(&made.manifest, 1000).unwrap();
            assert_eq!(Digest::sha256(&manifest), made.manifest);
            let mut bytes = Vec::new();
            let blob = image.blob(&Digest::sha256(BLOB), BLOB.len() as u64, 0);
            blob.unwrap().read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, BLOB);
        }
    }

    #[test]
    fn a_manifest_that_was_changed_is_refused() {
        let made = layout();
        let blobs = made.dir.path().join("blobs/sha256");
        fs::write(blobs.join(made.manifest.hex()), "{}").unwrap();
        let error = refusal(&format!("oci:{}:one", made.dir.path().display()));
        assert!(error.contains("the digest of its manifest is"), "{error}");
        fs::remove_file(blobs.join(made.manifest.hex())).unwrap();
        let error = refusal(&format!("oci:{}:one", made.dir.path().display()));
        assert!(error.contains(made.manifest.hex()), "{error}");
    }

    #[test]
    fn what_has_no_manifest_names_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("image.tar");
        fs::write(&path, [0; 1024]).unwrap();
        for transport in ["docker-archive:", "", "sif:"] {
            let error = open(&format!("{transport}{}", path.display()), None);
            let error = error.err().unwrap();
            assert!(error.to_string().contains("holds no manifest"), "{error}");
            assert!(error.advice().unwrap().contains("skopeo copy"));
        }
        fs::write(&path, b"\x1f\x8b\x08\0\0\0\0\0\0\0").unwrap();
        assert!(refusal(&format!("oci-archive:{}", path.display())).contains("compressed"));
    }
}
