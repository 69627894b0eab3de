//! Pushing: exactly the bytes, the tag last, and what is tried again.

use hpcctl_registry::{
    Artifact, Before, Client, Digest, Error, Part, PushError, Pushed, Silent, Source, TagState,
};

use crate::memory::Memory;
use crate::mock::{Fault, Mock, State, Ways};
use crate::server::Reply;
use crate::trial::Trial;

/// Bytes of a chunk in these tests.
const CHUNK: u64 = 100_000;

/// Bytes of a layer: two chunks and a part of one.
const LAYER: usize = 250_000;

/// A fault with its name.
type Named = (&'static str, fn() -> Fault);

/// Publishes an image as `a/b:v1`, with an artifact.
fn publish(trial: &Trial, mock: &Mock, image: &dyn Source) -> Result<Pushed, PushError> {
    let name = format!("{}/a/b", mock.server.address).parse().unwrap();
    let client = Client::new(trial.settings());
    let push = client.push(&name, image)?.in_chunks_of(CHUNK);
    let before = Before::At(push.tag("v1")?);
    let pushed = push.blobs(&Silent)?;
    push.manifest_by_digest()?;
    let read = push.read_back()?;
    let attached = push.attach(&read, &artifact())?;
    push.confirm_attached(&[attached])?;
    push.move_tag(&read, "v1", &before)?;
    Ok(pushed)
}

fn artifact() -> Artifact {
    Artifact {
        artifact_type: "application/spdx+json".to_owned(),
        parts: vec![Part {
            media_type: "application/spdx+json".to_owned(),
            bytes: b"{}\n".to_vec(),
            ..Part::default()
        }],
        ..Artifact::default()
    }
}

/// An image from before all this.
const OLD: &[u8] = b"{\"schemaVersion\":2}";

fn tag_an_older_image(state: &mut State) {
    let kind = "application/vnd.oci.image.manifest.v1+json".to_owned();
    let digest = Digest::sha256(OLD).to_string();
    state.manifests.insert(digest.clone(), (kind, OLD.to_vec()));
    state.tags.insert("v1".to_owned(), digest);
}

/// Every byte of an image is there, under its digest and its tag.
fn assert_complete(mock: &Mock, image: &Memory) {
    let state = mock.state.lock().unwrap();
    let digest = image.root.digest.to_string();
    assert_eq!(state.tags["v1"], digest);
    assert_eq!(state.manifests[&digest].1, image.root.bytes);
    for (digest, bytes) in &image.manifests {
        assert_eq!(state.manifests[digest].1, *bytes);
    }
    for (digest, bytes) in &image.blobs {
        assert!(state.blobs[digest] == *bytes, "{digest}");
    }
}

#[test]
fn the_bytes_are_exactly_those_and_the_tag_comes_last() {
    let (trial, image) = (Trial::new(), Memory::of(LAYER));
    let mock = Mock::start(Ways::default());
    let pushed = publish(&trial, &mock, &image).unwrap();
    assert_complete(&mock, &image);
    assert_eq!((pushed.sent, pushed.there), (4, 0));
    let kind = mock.state.lock().unwrap().manifests[&image.root.digest.to_string()]
        .0
        .clone();
    assert_eq!(kind, image.root.media_type);
    let requests = mock.requests();
    let patches = requests.iter().filter(|one| one.starts_with("PATCH"));
    assert_eq!(patches.count(), 3, "{requests:#?}");
    let tag = requests
        .iter()
        .position(|one| one == "PUT /v2/a/b/manifests/v1")
        .unwrap();
    assert_eq!(requests[tag + 1..], ["GET /v2/a/b/manifests/v1"]);
    // A second time nothing is sent.
    let again = publish(&trial, &mock, &image).unwrap();
    assert_eq!((again.sent, again.there, again.bytes), (0, 4, 0));
}

#[test]
fn whatever_happens_once_the_image_is_complete_or_the_tag_untouched() {
    let image = Memory::of(LAYER);
    let clean = Mock::start(Ways::default());
    publish(&Trial::new(), &clean, &image).unwrap();
    let all = clean.requests();
    assert!(all.len() > 40, "{all:#?}");
    let faults: [Named; 7] = [
        ("429", || {
            Fault::Say(Reply::new(429, "").header("Retry-After", "0"))
        }),
        ("500", || Fault::Say(Reply::new(500, ""))),
        ("503", || Fault::Say(Reply::new(503, ""))),
        ("break", || Fault::Break),
        ("mute", || Fault::Mute),
        ("cut", || Fault::Cut(1)),
        ("truncate", || Fault::Truncate(1)),
    ];
    for (place, request) in all.iter().enumerate() {
        for (name, fault) in faults {
            let mock = Mock::failing(Ways::default(), move |_, before, _| {
                (before == place).then(fault)
            });
            let result = publish(&Trial::new(), &mock, &image);
            let what = format!("{name} at {place}, {request}");
            match result {
                Ok(_) => assert_complete(&mock, &image),
                // Plain HTTP on the loopback is tried once.
                Err(error) if place == 0 => {
                    assert_eq!(mock.tag("v1"), None, "{what}: {error}");
                }
                Err(error) => panic!("{what}: {error}"),
            }
        }
    }
}

#[test]
fn whatever_goes_on_happening_the_tag_is_untouched_or_at_the_image() {
    let image = Memory::of(LAYER);
    let clean = Mock::start(Ways::default());
    publish(&Trial::new(), &clean, &image).unwrap();
    let count = clean.requests().len();
    let faults: [Named; 5] = [
        ("429", || {
            Fault::Say(Reply::new(429, "").header("Retry-After", "3600"))
        }),
        ("403", || Fault::Say(Reply::new(403, ""))),
        ("500", || Fault::Say(Reply::new(500, ""))),
        ("break", || Fault::Break),
        ("lie", || Fault::Lie),
    ];
    let mut failed = 0;
    for place in 1..count {
        for (name, fault) in faults {
            let mock = Mock::failing(Ways::default(), move |_, before, state: &mut State| {
                if before == 0 {
                    tag_an_older_image(state);
                }
                (before >= place).then(fault)
            });
            let result = publish(&Trial::new(), &mock, &image);
            let what = format!("{name} from {place}");
            match (result, mock.tag("v1").unwrap()) {
                (Ok(_), _) => assert_complete(&mock, &image),
                (Err(error), tag) if tag == image.root.digest.to_string() => {
                    // The tag was moved, and nobody would confirm it: this is told.
                    let told = matches!(
                        error,
                        PushError::Tag {
                            state: TagState::Unknown,
                            ..
                        }
                    );
                    assert!(told, "{what}: {error}");
                }
                (Err(_), tag) => {
                    failed += 1;
                    assert_eq!(tag, Digest::sha256(OLD).to_string(), "{what}");
                }
            }
        }
    }
    assert!(failed > 100, "only {failed} of them failed");
}

#[test]
fn an_upload_goes_on_where_it_broke_off() {
    let image = Memory::of(LAYER);
    let mock = Mock::failing(Ways::default(), |seen, _, _| {
        let second = seen.header("content-range") == Some("100000-199999");
        second.then_some(Fault::Cut(30_000))
    });
    publish(&Trial::new(), &mock, &image).unwrap();
    assert_complete(&mock, &image);
    let seen = mock.server.seen();
    let ranges = seen.iter().filter_map(|seen| seen.header("content-range"));
    assert_eq!(
        ranges.collect::<Vec<_>>(),
        ["0-99999", "100000-199999", "130000-229999", "230000-249999"]
    );
}

#[test]
fn a_registry_may_want_larger_chunks() {
    let image = Memory::of(LAYER);
    let mock = Mock::start(Ways {
        least: 180_000,
        ..Ways::default()
    });
    publish(&Trial::new(), &mock, &image).unwrap();
    let seen = mock.server.seen();
    let ranges = seen.iter().filter_map(|seen| seen.header("content-range"));
    assert_eq!(ranges.collect::<Vec<_>>(), ["0-179999", "180000-249999"]);
}

#[test]
fn an_upload_that_is_lost_is_begun_anew() {
    let image = Memory::of(LAYER);
    let ways = Ways {
        resumes: false,
        ..Ways::default()
    };
    let mock = Mock::failing(ways, |seen, before, _| {
        let second = seen.header("content-range") == Some("100000-199999");
        (second && before < 12).then_some(Fault::Cut(30_000))
    });
    publish(&Trial::new(), &mock, &image).unwrap();
    assert_complete(&mock, &image);
    let error = {
        let mock = Mock::failing(ways, |seen, _, _| {
            let second = seen.header("content-range") == Some("100000-199999");
            second.then_some(Fault::Cut(30_000))
        });
        publish(&Trial::new(), &mock, &image).unwrap_err()
    };
    assert!(
        error
            .to_string()
            .contains("as often as the patience allows"),
        "{error}"
    );
}

#[test]
fn where_chunks_are_refused_it_is_sent_whole() {
    let image = Memory::of(LAYER);
    let ways = Ways {
        chunks: false,
        ..Ways::default()
    };
    let mock = Mock::start(ways);
    publish(&Trial::new(), &mock, &image).unwrap();
    assert_complete(&mock, &image);
    let patches = mock
        .requests()
        .into_iter()
        .filter(|one| one.starts_with("PATCH"));
    assert_eq!(patches.count(), 1);
    let mock = Mock::failing(ways, |seen, before, _| {
        let large = seen.method == "PUT" && seen.header("content-length") == Some("250000");
        (large && before < 9).then_some(Fault::Cut(30_000))
    });
    publish(&Trial::new(), &mock, &image).unwrap();
    assert_complete(&mock, &image);
}

#[test]
fn what_a_registry_has_elsewhere_is_mounted() {
    let server = Mock::start(Ways::default());
    let image = Memory::of(LAYER);
    server
        .state
        .lock()
        .unwrap()
        .elsewhere
        .clone_from(&image.blobs);
    let source = crate::neighbour::Neighbour::new(&server, &image);
    let pushed = publish(&Trial::new(), &server, &source).unwrap();
    assert_eq!((pushed.mounted, pushed.sent), (4, 0));
    assert_complete(&server, &image);
}

#[test]
fn what_is_refused_is_asked_once() {
    for (status, part) in [(401, "a login is needed"), (403, "access is denied")] {
        let mock = Mock::failing(Ways::default(), move |seen, _, _| {
            (seen.method == "POST").then(|| Fault::Say(Reply::new(status, "")))
        });
        let error = publish(&Trial::new(), &mock, &Memory::of(10)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(part) && text.contains("was not tried again"),
            "{text}"
        );
        let posts = mock
            .requests()
            .into_iter()
            .filter(|one| one.starts_with("POST"));
        assert_eq!(posts.count(), 1);
        assert!(error.registry().unwrap().advice().is_some());
    }
}

#[test]
fn a_date_is_waited_for_and_a_long_wait_is_not() {
    let limited = |wait: String| {
        Mock::failing(Ways::default(), move |seen, before, _| {
            let first = seen.method == "POST" && before < 5;
            first.then(|| Fault::Say(Reply::new(429, "").header("Retry-After", &wait)))
        })
    };
    let image = Memory::of(10);
    let past = limited("Sun, 06 Nov 1994 08:49:37 GMT".to_owned());
    publish(&Trial::new(), &past, &image).unwrap();
    let far = limited("Sun, 06 Nov 2094 08:49:37 GMT".to_owned());
    let error = publish(&Trial::new(), &far, &image).unwrap_err();
    assert!(
        matches!(error.registry(), Some(Error::RateLimited { .. })),
        "{error}"
    );
    assert_eq!(far.tag("v1"), None);
}

#[test]
fn a_source_that_changed_is_not_pushed() {
    for size in [10, LAYER] {
        let mut image = Memory::of(size);
        let largest = image
            .blobs
            .values_mut()
            .max_by_key(|blob| blob.len())
            .unwrap();
        largest[5] ^= 1;
        let mock = Mock::start(Ways::default());
        let error = publish(&Trial::new(), &mock, &image).unwrap_err();
        assert!(matches!(error, PushError::Source { .. }), "{error}");
        assert!(error.to_string().contains("has the digest"), "{error}");
        let largest = image
            .blobs
            .values_mut()
            .max_by_key(|blob| blob.len())
            .unwrap();
        largest.pop();
        let error = publish(&Trial::new(), &mock, &image).unwrap_err();
        assert!(error.to_string().contains("it ends after"), "{error}");
        assert_eq!(mock.tag("v1"), None);
    }
}

#[test]
fn what_is_read_back_must_be_what_was_sent() {
    let image = Memory::of(10);
    let damaged = |damage: fn(&mut State)| {
        let mock = Mock::failing(
            Ways {
                tells: false,
                ..Ways::default()
            },
            move |seen, _, state| {
                // Between the last manifest and the look back.
                let is_look = seen.method == "GET" && seen.path.contains("/blobs/");
                if is_look && state.manifests.len() == 3 {
                    damage(state);
                }
                None
            },
        );
        let error = publish(&Trial::new(), &mock, &image).unwrap_err();
        assert_eq!(mock.tag("v1"), None, "{error}");
        error.to_string()
    };
    let error = damaged(|state| state.blobs.values_mut().for_each(|blob| blob.push(0)));
    assert!(error.contains("but the manifest says"), "{error}");
    // A registry that tells no digests is read to the last byte.
    let error = damaged(|state| state.blobs.values_mut().for_each(|blob| blob[0] ^= 1));
    assert!(error.contains("its digest there is"), "{error}");
    let error = damaged(|state| {
        state
            .manifests
            .values_mut()
            .for_each(|one| one.1.push(b' '));
    });
    assert!(error.contains("the digest of the bytes is"), "{error}");
    let error = damaged(|state| state.manifests.clear());
    assert!(error.contains("there is no such image"), "{error}");
}

#[test]
fn a_tag_that_somebody_else_moves_is_found_out() {
    let image = Memory::of(10);
    let other = || {
        let bytes = b"{\"schemaVersion\":2,\"x\":1}".to_vec();
        (Digest::sha256(&bytes).to_string(), bytes)
    };
    let moved = move |state: &mut State| {
        let (digest, bytes) = other();
        state
            .manifests
            .insert(digest.clone(), (String::new(), bytes));
        state.tags.insert("v1".to_owned(), digest);
    };
    // While the image is pushed.
    let mock = Mock::failing(Ways::default(), move |seen, _, state| {
        if seen.method == "POST" {
            moved(state);
        }
        None
    });
    let error = publish(&Trial::new(), &mock, &image).unwrap_err();
    assert!(
        matches!(&error, PushError::TagMoved { wanted: None, .. }),
        "{error}"
    );
    assert_eq!(mock.tag("v1"), Some(other().0));
    // After it was moved.
    let mock = Mock::failing(Ways::default(), move |seen, _, state| {
        if seen.method == "GET" && state.tags.contains_key("v1") {
            moved(state);
        }
        None
    });
    let error = publish(&Trial::new(), &mock, &image).unwrap_err();
    let PushError::TagMoved { found, wanted, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(
        (found.unwrap().to_string(), wanted),
        (other().0, Some(image.root.digest))
    );
}

#[test]
fn nothing_but_what_was_read_back_is_tagged() {
    let (trial, image, other) = (Trial::new(), Memory::of(10), Memory::of(11));
    let mock = Mock::start(Ways::default());
    let client = Client::new(trial.settings());
    let name = format!("{}/a/b", mock.server.address).parse().unwrap();
    let push = client.push(&name, &image).unwrap();
    push.blobs(&Silent).unwrap();
    push.manifest_by_digest().unwrap();
    let read = push.read_back().unwrap();
    assert_eq!(read.digest(), &image.root.digest);
    let push = client.push(&name, &other).unwrap();
    let error = push.move_tag(&read, "v1", &Before::Anywhere).unwrap_err();
    assert!(matches!(error, PushError::Unread), "{error}");
    assert!(matches!(push.tag("a/b"), Err(PushError::NoTag(_))));
    let short = client.push(&"a/b".parse().unwrap(), &image);
    assert!(matches!(short.err(), Some(PushError::ShortName(_))));
}
