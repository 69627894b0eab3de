use std::sync::Barrier;
use std::thread;

use hpcctl_image::Silent;
use serde_json::{Value, json};

use super::*;

impl Watch for Silent {
    fn waits(&self, _holder: &Holder) {}

    fn rests(&self, _wait: Duration) {}
}

/// A layout of an image with at most one layer, for this machine.
pub(crate) fn layout(dir: &Path, layer: Option<&[u8]>) -> Reference {
    let put = |bytes: &[u8]| {
        let digest = registry::Digest::sha256(bytes);
        let blobs = dir.join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        fs::write(blobs.join(digest.hex()), bytes).unwrap();
        json!({"digest": digest, "size": bytes.len()})
    };
    let layers: Vec<Value> = layer.into_iter().map(put).collect();
    let ids: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
    let put = |document: Value| put(document.to_string().as_bytes());
    let here = Platform::here().to_string();
    let mut here = here.split('/');
    let config = put(json!({
        "os": here.next(), "architecture": here.next(), "variant": here.next(),
        "config": {}, "rootfs": {"type": "layers", "diff_ids": ids},
    }));
    let manifest = put(json!({"schemaVersion": 2, "config": config, "layers": layers}));
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    fs::write(dir.join("index.json"), index.to_string()).unwrap();
    fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    format!("oci:{}", dir.display()).parse().unwrap()
}

fn request<'a>(reference: &'a Reference, to: &'a Path, form: Form) -> Request<'a> {
    Request {
        reference,
        to,
        form: Some(form),
        platform: None,
        insecure: false,
        nodes: 1,
        scheduler: None,
        runtime: None,
        patience: Duration::from_secs(60),
        dry_run: false,
    }
}

/// Locks that reach no other node: each has one of its own, and all work at once.
#[test]
fn without_a_lock_that_holds_one_whole_image_is_left() {
    const NODES: usize = 4;
    let dir = tempfile::tempdir().unwrap();
    let reference = layout(&dir.path().join("image"), None);
    let forms = [Form::Oci, Form::Squashfs, Form::Sif];
    for form in forms
        .into_iter()
        .filter(|form| *form == Form::Oci || Tool::here().is_some())
    {
        for round in 0..4 {
            let to = dir.path().join(format!("{}-{round}", form.as_str()));
            let (request, begin) = (request(&reference, &to, form), Barrier::new(NODES));
            thread::scope(|scope| {
                for node in 0..NODES {
                    let (request, begin, dir) = (&request, &begin, dir.path());
                    scope.spawn(move || {
                        let mut staging = Staging::begin(request, &Silent).unwrap();
                        let mut spot = staging.spot.clone();
                        spot.work.set_extension(format!("node{node}"));
                        let own = dir.join(format!("{}-{round}-{node}.lock", form.as_str()));
                        let lock = take(&own, request.patience, &|| None::<()>, &|_| {});
                        let Ok(Waited::Ours(lock)) = lock else {
                            panic!("each has its own");
                        };
                        begin.wait();
                        staging.made(&spot, &lock).unwrap();
                    });
                }
            });
            let spot = Staging::begin(&request, &Silent).unwrap().spot;
            let record = spot.staged().expect("it is whole");
            if form != Form::Oci {
                let (bytes, found) = sha256(File::open(&spot.target).unwrap()).unwrap();
                assert_eq!((bytes, Some(found)), (record.bytes, record.sha256.clone()));
            }
            let again = stage(&request, &Silent).unwrap();
            assert_eq!(again.outcome, Outcome::Reused);
            // What somebody with another tool put there in between is no image of this record.
            let other = Record {
                sha256: record.sha256.map(|_| "00".repeat(32)),
                changed: None,
                ..record
            };
            spot.keep(&other).unwrap();
            let anew = stage(&request, &Silent).unwrap().outcome;
            let is_told = form != Form::Oci;
            assert_eq!(anew == Outcome::Staged, is_told, "{}", form.as_str());
        }
    }
}
