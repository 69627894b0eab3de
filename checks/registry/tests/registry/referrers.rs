//! What is attached to an image: listed by the registry, or by clients under a tag.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use hpcctl_registry::{
    Artifact, Attached, Before, Client, Digest, Holder, PushError, ReadBack, Silent,
};
use serde_json::{Value, json};

use crate::memory::Memory;
use crate::mock::{Fault, Mock, State, Ways};
use crate::server::{Reply, Server};
use crate::trial::Trial;

const TAGS: Ways = Ways {
    referrers: false,
    chunks: true,
    resumes: true,
    tells: true,
    least: 0,
};

fn artifact(kind: &str) -> Artifact {
    Artifact {
        artifact_type: format!("application/vnd.test.{kind}"),
        annotations: [("x.test".to_owned(), kind.to_owned())].into(),
        ..Artifact::default()
    }
}

/// Pushes an image and attaches artifacts of these kinds.
fn attach(mock: &Mock, image: &Memory, kinds: &[&str]) -> Result<Vec<Attached>, PushError> {
    let trial = Trial::new();
    let name = format!("{}/a/b", mock.server.address).parse().unwrap();
    let push = Client::new(trial.settings()).push(&name, image)?;
    push.blobs(&Silent)?;
    push.manifest_by_digest()?;
    let read: ReadBack = push.read_back()?;
    let attached: Vec<Attached> = kinds
        .iter()
        .map(|kind| push.attach(&read, &artifact(kind)))
        .collect::<Result<_, _>>()?;
    push.confirm_attached(&attached)?;
    push.move_tag(&read, "v1", &Before::Anywhere)?;
    let (listed, holder) = push.repository().referrers(push.digest()).unwrap();
    for one in &attached {
        assert_eq!(one.holder, holder);
        assert!(
            listed
                .iter()
                .any(|other| other.digest == one.manifest.digest)
        );
    }
    Ok(attached)
}

fn index_of(mock: &Mock, image: &Memory) -> Value {
    let tag = format!("sha256-{}", image.root.digest.hex());
    let state = mock.state.lock().unwrap();
    let digest = &state.tags[&tag];
    serde_json::from_slice(&state.manifests[digest].1).unwrap()
}

#[test]
fn a_registry_that_knows_referrers_keeps_the_list() {
    let (mock, image) = (Mock::start(Ways::default()), Memory::of(10));
    let attached = attach(&mock, &image, &["sbom", "notice"]).unwrap();
    assert!(attached.iter().all(|one| one.holder == Holder::Registry));
    assert_eq!(mock.state.lock().unwrap().tags.len(), 1);
    let digest = attached[0].manifest.digest.to_string();
    let state = mock.state.lock().unwrap();
    let document: Value = serde_json::from_slice(&state.manifests[&digest].1).unwrap();
    assert_eq!(document["subject"]["digest"], image.root.digest.to_string());
    assert_eq!(document["subject"]["mediaType"], image.root.media_type);
    assert_eq!(document["artifactType"], "application/vnd.test.sbom");
    assert_eq!(document["config"]["size"], 2);
}

#[test]
fn for_another_an_index_is_kept_under_a_tag() {
    let (mock, image) = (Mock::start(TAGS), Memory::of(10));
    let attached = attach(&mock, &image, &["sbom", "notice", "sbom"]).unwrap();
    assert!(attached.iter().all(|one| one.holder == Holder::Tag));
    let index = index_of(&mock, &image);
    let list = index["manifests"].as_array().unwrap();
    assert_eq!(list.len(), 2, "{index}");
    assert_eq!(list[1]["artifactType"], "application/vnd.test.notice");
    assert_eq!(list[1]["annotations"]["x.test"], "notice");
}

#[test]
fn what_others_wrote_into_the_index_stays_as_it_is() {
    let image = Memory::of(10);
    let other = json!({"mediaType": "x", "digest": Digest::sha256(b"theirs"), "size": 6,
        "platform": {"os": "linux", "architecture": "amd64"}, "data": "dGhlaXJz"});
    let strange = json!({"digest": "blake3:00", "size": 1});
    let index = json!({"schemaVersion": 2, "manifests": [other, strange], "x-more": 1});
    let tag = format!("sha256-{}", image.root.digest.hex());
    let mock = Mock::start(TAGS);
    {
        let mut state = mock.state.lock().unwrap();
        let bytes = index.to_string().into_bytes();
        let digest = Digest::sha256(&bytes).to_string();
        state
            .manifests
            .insert(digest.clone(), (String::new(), bytes));
        state.tags.insert(tag, digest);
    }
    attach(&mock, &image, &["sbom"]).unwrap();
    let written = index_of(&mock, &image);
    assert_eq!(written["manifests"][0], other);
    assert_eq!(written["manifests"][1], strange);
    assert_eq!(written["x-more"], 1);
    assert_eq!(written["manifests"].as_array().unwrap().len(), 3);
}

/// Another client that writes the index as it was when it read it: without ours.
fn overwrite(state: &mut State, tag: &str) {
    let theirs = json!({"schemaVersion": 2, "manifests": [
        {"mediaType": "x", "digest": Digest::sha256(b"theirs"), "size": 6}]});
    let bytes = theirs.to_string().into_bytes();
    let digest = Digest::sha256(&bytes).to_string();
    state
        .manifests
        .insert(digest.clone(), (String::new(), bytes));
    state.tags.insert(tag.to_owned(), digest);
}

#[test]
fn a_race_for_the_index_loses_nothing() {
    let image = Memory::of(10);
    let tag = format!("sha256-{}", image.root.digest.hex());
    let (there, races) = (tag.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&races);
    let mock = Mock::failing(TAGS, move |seen, _, state| {
        let looks = seen.method == "GET" && seen.path.ends_with(&there);
        if looks && state.tags.contains_key(&there) && counted.fetch_add(1, Ordering::SeqCst) < 3 {
            overwrite(state, &there);
        }
        None
    });
    attach(&mock, &image, &["sbom", "notice"]).unwrap();
    assert!(races.load(Ordering::SeqCst) > 3);
    let index = index_of(&mock, &image);
    assert_eq!(index["manifests"].as_array().unwrap().len(), 3, "{index}");
    // Who always loses says so, and moves no tag.
    let there = tag.clone();
    let mock = Mock::failing(TAGS, move |seen, _, state| {
        if seen.method == "GET" && seen.path.ends_with(&there) && state.tags.contains_key(&there) {
            overwrite(state, &there);
        }
        None
    });
    let error = attach(&mock, &image, &["sbom"]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("does not list what was attached"),
        "{error}"
    );
    assert_eq!(mock.tag("v1"), None);
}

/// Who read the index before it held ours may write it a moment later: it is looked at again after that.
#[test]
fn what_was_written_is_looked_at_again_after_a_while() {
    let image = Memory::of(10);
    let tag = format!("sha256-{}", image.root.digest.hex());
    let looks = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&looks);
    let mock = Mock::failing(TAGS, move |asked, _, state| {
        let is_before = !state.manifests.is_empty() && !state.tags.contains_key("v1");
        if asked.method == "GET" && asked.path.ends_with(&tag) && is_before {
            seen.lock().unwrap().push(Instant::now());
        }
        None
    });
    attach(&mock, &image, &["sbom", "notice"]).unwrap();
    let looks = looks.lock().unwrap();
    let [.., before, last] = looks[..] else {
        panic!("{looks:?}");
    };
    let pause = Trial::new().settings().patience.pause;
    assert!(last - before >= pause, "{:?}", last - before);
    // All of them are written at once.
    let writes = mock.requests().into_iter();
    let writes = writes.filter(|one| one.starts_with("PUT /v2/a/b/manifests/sha256-"));
    assert_eq!(writes.count(), 1);
}

/// An index that was not taken is merged anew, not sent once more: others may have written since.
#[test]
fn an_index_that_is_not_taken_is_read_anew() {
    let image = Memory::of(10);
    let tag = format!("sha256-{}", image.root.digest.hex());
    let (there, refused) = (tag.clone(), Arc::new(AtomicUsize::new(0)));
    let mock = Mock::failing(TAGS, move |seen, _, state| {
        let writes = seen.method == "PUT" && seen.path.ends_with(&there);
        (writes && refused.fetch_add(1, Ordering::SeqCst) < 2).then(|| {
            overwrite(state, &there);
            Fault::Say(Reply::new(400, DENIED))
        })
    });
    attach(&mock, &image, &["sbom"]).unwrap();
    let index = index_of(&mock, &image);
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2, "{index}");
}

/// What Docker's registry says to one of two that send it the same manifest at the same time.
const DENIED: &str = r#"{"errors":[{"code":"DIGEST_INVALID","message":"provided digest did not match uploaded content"}]}"#;

#[test]
fn a_manifest_that_somebody_else_sends_just_now_is_sent_again() {
    let image = Memory::of(10);
    // The first of so many; a mock asks twice of each request.
    let denied = |of: usize| {
        let writes = AtomicUsize::new(0);
        Mock::failing(TAGS, move |seen, _, _| {
            let is_write = seen.method == "PUT" && seen.path.contains("/manifests/");
            let denied = is_write && (writes.fetch_add(1, Ordering::SeqCst) / 2).is_multiple_of(of);
            denied.then(|| Fault::Say(Reply::new(400, DENIED)))
        })
    };
    attach(&denied(2), &image, &["sbom"]).unwrap();
    let mock = denied(1);
    let error = attach(&mock, &image, &["sbom"]).unwrap_err().to_string();
    assert!(error.contains("as often as the patience allows"), "{error}");
    assert_eq!(mock.tag("v1"), None);
}

#[test]
fn a_registry_that_says_it_lists_and_does_not_is_found_out() {
    let image = Memory::of(10);
    let mock = Mock::failing(Ways::default(), |seen, _, _| {
        let list = r#"{"schemaVersion":2,"manifests":[]}"#;
        let asked = seen.path.contains("/referrers/");
        asked.then(|| Fault::Say(Reply::ok(list)))
    });
    let error = attach(&mock, &image, &["sbom"]).unwrap_err();
    assert!(error.to_string().contains("does not list"), "{error}");
    let looks = mock.requests().into_iter();
    let looks = looks.filter(|one| one.contains("/referrers/")).count();
    assert_eq!(looks, 6, "the first, and one in each of five rounds");
}

#[test]
fn pages_are_followed_and_end() {
    let address = Arc::new(OnceLock::new());
    let known: Arc<OnceLock<String>> = Arc::clone(&address);
    let server = Server::start(move |seen, _| {
        let page = |number: u8| {
            let one = json!({"digest": Digest::sha256(&[number]), "size": 1});
            Reply::ok(json!({"schemaVersion": 2, "manifests": [one]}).to_string())
        };
        let here = known.wait();
        match seen.path.as_str() {
            "/v2/a/b/manifests/v1" => crate::trial::manifest(),
            path if path.ends_with("?n=2") => page(2),
            path if path.contains(Digest::sha256(b"x").hex()) => {
                let link = format!("<http://{here}{path}?n=2>; rel=\"next\"");
                page(1).header("Link", link)
            }
            path if path.contains("/referrers/") => {
                page(3).header("Link", format!("<{path}>; rel=\"next\""))
            }
            _ => Reply::ok("{}"),
        }
    });
    address.set(server.address.to_string()).unwrap();
    let found = Trial::new().find_on(&server).unwrap();
    let (listed, holder) = found.repository.referrers(&Digest::sha256(b"x")).unwrap();
    assert_eq!((listed.len(), holder), (2, Holder::Registry));
    let error = found
        .repository
        .referrers(&Digest::sha256(b"y"))
        .unwrap_err();
    assert!(error.to_string().contains("pages of them"), "{error}");
}
