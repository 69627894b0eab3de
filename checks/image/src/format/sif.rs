//! A SIF image of Apptainer or Singularity: its primary system partition is the one layer; that of
//! `singularity --oci` (version 4) holds an OCI image instead.

use std::io;
use std::path::Path;

use super::apptainer_sandbox::bootstrap;
use super::oci::{Layout, open_layout};
use super::{Opened, Session};
use crate::blob::Blob;
use crate::ext;
use crate::layer::{Partition, Stored};
use crate::sif::{FileSystem, Object, ObjectKind, Part, Sif};
use crate::squashfs;
use crate::{Error, Source};

/// Bytes of a definition file that are looked at.
const DEFINITION: u64 = 64 * 1024;

/// Opens an image.
pub(super) fn open(source: &Source, session: &Session<'_>) -> Result<Opened, Error> {
    let path = source.path();
    let sif = Sif::read(Blob::open(path)?);
    let sif = sif.map_err(|error| Error::not_an_image(path, error.to_string()))?;
    let Some(system) = system(&sif) else {
        return open_oci(sif, source, session);
    };
    let mut opened = Opened::of_file(stored(&sif, system, path)?);
    for object in &sif.objects {
        match &object.kind {
            ObjectKind::Definition => {
                // A definition that cannot be read takes nothing from what is in the image.
                let text = start(&sif, object).unwrap_or_default();
                opened.layers[0].created_by = bootstrap(&text);
            }
            ObjectKind::Partition(_, Part::Overlay) => {
                let what = format!("object {}", object.id);
                opened
                    .faults
                    .add(what, "it is an overlay, which is not read");
            }
            _ => {}
        }
        if object.id != system.id {
            opened.holds.push(note(object));
        }
    }
    Ok(opened)
}

/// Opens the OCI image that a SIF image holds.
fn open_oci(sif: Sif, source: &Source, session: &Session<'_>) -> Result<Opened, Error> {
    if !sif
        .objects
        .iter()
        .any(|one| one.kind == ObjectKind::OciIndex)
    {
        let why = "it has no system partition";
        return Err(Error::not_an_image(source.path(), why));
    }
    let is_oci = |kind: &ObjectKind| matches!(kind, ObjectKind::OciIndex | ObjectKind::OciBlob(_));
    let beside = sif.objects.iter().filter(|one| !is_oci(&one.kind));
    let holds = beside.map(note).collect();
    let layout = Layout::Sif(sif);
    let opened = open_layout(&layout, source, session.plan)?;
    Ok(Opened { holds, ..opened })
}

/// The partition that a container is made of; none where there is no such one.
fn system(sif: &Sif) -> Option<&Object> {
    let is = |part: Part| move |object: &&Object| matches!(&object.kind, ObjectKind::Partition(_, other) if *other == part);
    let primary = sif.objects.iter().find(is(Part::PrimarySystem));
    primary.or_else(|| sif.objects.iter().find(is(Part::System)))
}

/// The file system of a partition, by its content; what the descriptor says may be wrong.
fn stored(sif: &Sif, system: &Object, path: &Path) -> Result<Stored, Error> {
    let refuse = |why: &str| Err(Error::not_an_image(path, why));
    let ObjectKind::Partition(kind, _) = system.kind else {
        return refuse("its system partition is none");
    };
    // What is there of a partition that was cut is read, and told to be damaged.
    let part = sif.part(system);
    let partition = Partition {
        file: sif.file.clone(),
        part: part.clone(),
        is_layer: false,
    };
    if part.has(0, squashfs::MAGIC) {
        return Ok(Stored::Squashfs(partition));
    }
    if part.has(ext::MAGIC.0, ext::MAGIC.1) {
        return Ok(Stored::Ext(partition));
    }
    match kind {
        FileSystem::EncryptedSquashfs => refuse(
            "its system partition is encrypted, and no key is asked for: scan what it was built from",
        ),
        FileSystem::Archive => Ok(Stored::Tar(part)),
        _ => refuse("the file system of its system partition is not known"),
    }
}

fn start(sif: &Sif, object: &Object) -> io::Result<String> {
    let bytes = sif.part(object).part(0, DEFINITION).bytes(DEFINITION)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a report says of an object.
fn note(object: &Object) -> String {
    let what = match &object.kind {
        ObjectKind::Definition => "the definition file".to_owned(),
        ObjectKind::Partition(..) => "a further partition, not read".to_owned(),
        ObjectKind::Signature(who) => {
            let by = match who {
                Some(fingerprint) => format!(" by {fingerprint}"),
                None => String::new(),
            };
            format!("a signature{by}, not verified")
        }
        ObjectKind::Sbom(format) => format!("a list of software ({format}), not looked at"),
        ObjectKind::OciIndex => "an index of an OCI image".to_owned(),
        ObjectKind::OciBlob(digest) => format!("a blob of an OCI image ({digest})"),
        ObjectKind::Other(what) => (*what).to_owned(),
    };
    let name = match object.name.as_str() {
        "" => String::new(),
        name => format!(" ({name})"),
    };
    format!("SIF object {}{name}: {what}", object.id)
}
