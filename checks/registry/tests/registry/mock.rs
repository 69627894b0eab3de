//! A registry in memory that keeps to the specification, and fails where a test wants it to.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use hpcctl_registry::Digest;
use serde_json::{Value, json};

use crate::server::{Reply, Seen, Server};
use crate::trial::manifest;

/// What a mock can do.
#[derive(Debug, Clone, Copy)]
pub struct Ways {
    /// Whether it lists referrers.
    pub referrers: bool,
    /// Whether it takes chunks.
    pub chunks: bool,
    /// Whether it says how far an upload came that broke off.
    pub resumes: bool,
    /// Whether it tells digests.
    pub tells: bool,
    /// The least bytes that it wants a chunk to have.
    pub least: usize,
}

impl Default for Ways {
    fn default() -> Self {
        Self {
            referrers: true,
            chunks: true,
            resumes: true,
            tells: true,
            least: 0,
        }
    }
}

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This is answered, and nothing is done.
    Say(Reply),
    /// The connection is closed before anything is done.
    Break,
    /// It is done, but the answer is lost.
    Mute,
    /// The connection is closed after so many bytes of the body, which are kept.
    Cut(usize),
    /// It is done, and the answer breaks off after so many bytes of its body.
    Truncate(usize),
    /// It is done, but the bytes are said to have another digest.
    Lie,
}

/// What a mock holds.
#[derive(Debug, Default)]
pub struct State {
    pub blobs: HashMap<String, Vec<u8>>,
    /// Blobs of the repository `other/one`.
    pub elsewhere: HashMap<String, Vec<u8>>,
    /// Media types and bytes by digest.
    pub manifests: HashMap<String, (String, Vec<u8>)>,
    pub tags: BTreeMap<String, String>,
    uploads: HashMap<String, Vec<u8>>,
    begun: usize,
}

/// A registry in memory, of the repository `a/b`.
pub struct Mock {
    pub server: Server,
    pub state: Arc<Mutex<State>>,
}

impl Mock {
    /// One without faults.
    pub fn start(ways: Ways) -> Self {
        Self::failing(ways, |_, _, _| None)
    }

    /// One that fails as `fault` says, which is also told how many requests came before, and
    /// may change what the mock holds.
    pub fn failing(
        ways: Ways,
        fault: impl Fn(&Seen, usize, &mut State) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let (kept, other) = (Arc::clone(&state), Arc::clone(&state));
        let fault = Arc::new(fault);
        let again = Arc::clone(&fault);
        let server = Server::cutting(
            move |seen, before| match again(seen, before, &mut State::default()) {
                Some(Fault::Cut(most)) => most,
                _ => usize::MAX,
            },
            move |seen, before| {
                let mut state = kept.lock().unwrap();
                match fault(seen, before, &mut state) {
                    Some(Fault::Say(reply)) => reply,
                    Some(Fault::Break) => Reply::nothing(),
                    Some(Fault::Mute) => {
                        state.answer(seen, ways);
                        Reply::nothing()
                    }
                    Some(Fault::Truncate(after)) => state.answer(seen, ways).cut(after),
                    Some(Fault::Lie) => {
                        let other = Digest::sha256(b"a lie");
                        let reply = state.answer(
                            seen,
                            Ways {
                                tells: false,
                                ..ways
                            },
                        );
                        reply.header("Docker-Content-Digest", other)
                    }
                    Some(Fault::Cut(_)) | None => state.answer(seen, ways),
                }
            },
        );
        Self {
            server,
            state: other,
        }
    }

    /// Where a tag stands.
    pub fn tag(&self, tag: &str) -> Option<String> {
        self.state.lock().unwrap().tags.get(tag).cloned()
    }

    /// The methods and paths that came, without queries.
    pub fn requests(&self) -> Vec<String> {
        let seen = self.server.seen();
        let named = seen.iter().map(|seen| {
            let path = seen.path.split('?').next().unwrap();
            format!("{} {path}", seen.method)
        });
        named.collect()
    }
}

impl State {
    fn answer(&mut self, seen: &Seen, ways: Ways) -> Reply {
        let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
        let query: HashMap<String, String> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| {
                (
                    key.to_owned(),
                    value.replace("%3A", ":").replace("%2F", "/"),
                )
            })
            .collect();
        let method = seen.method.as_str();
        let Some(rest) = path.strip_prefix("/v2/a/b/") else {
            return match path {
                "/v2/" => Reply::ok("{}"),
                "/v2/other/one/manifests/v1" => manifest(),
                _ => Reply::new(404, ""),
            };
        };
        match rest.split_once('/') {
            Some(("blobs", "uploads/")) => self.begin(&query, ways),
            Some(("blobs", name)) => match name.strip_prefix("uploads/") {
                Some(id) => self.upload(id, seen, &query, ways),
                None => found(self.blobs.get(name), name, "application/octet-stream", ways),
            },
            Some(("manifests", name)) if method == "PUT" => self.put(name, seen, ways),
            Some(("manifests", name)) => {
                let digest = self.tags.get(name).map_or(name, String::as_str);
                match self.manifests.get(digest) {
                    Some((kind, bytes)) => found(Some(bytes), digest, kind, ways),
                    None => Reply::new(404, ""),
                }
            }
            Some(("referrers", digest)) if ways.referrers => self.referrers(digest),
            _ => Reply::new(404, ""),
        }
    }

    fn begin(&mut self, query: &HashMap<String, String>, ways: Ways) -> Reply {
        if let (Some(digest), Some("other/one")) =
            (query.get("mount"), query.get("from").map(String::as_str))
            && let Some(bytes) = self.elsewhere.get(digest)
        {
            self.blobs.insert(digest.clone(), bytes.clone());
            return Reply::new(201, "").header("Location", format!("/v2/a/b/blobs/{digest}"));
        }
        self.begun += 1;
        let id = self.begun.to_string();
        self.uploads.insert(id.clone(), Vec::new());
        Reply::new(202, "")
            .header("Location", format!("/v2/a/b/blobs/uploads/{id}?state=x"))
            .header("OCI-Chunk-Min-Length", ways.least)
    }

    fn upload(
        &mut self,
        id: &str,
        seen: &Seen,
        query: &HashMap<String, String>,
        ways: Ways,
    ) -> Reply {
        let method = seen.method.as_str();
        if method == "PATCH" && !ways.chunks {
            return Reply::new(405, "");
        }
        let Some(upload) = self.uploads.get_mut(id) else {
            return Reply::new(404, "");
        };
        let here = format!("/v2/a/b/blobs/uploads/{id}?state={}", upload.len());
        match method {
            "PATCH" => {
                let range = seen.header("content-range").unwrap();
                let from: usize = range.split('-').next().unwrap().parse().unwrap();
                if from != upload.len() {
                    return Reply::new(416, "");
                }
                upload.extend(&seen.bytes);
            }
            "GET" if !ways.resumes => {
                self.uploads.remove(id);
                return Reply::new(404, "");
            }
            "GET" => {}
            "PUT" => {
                if seen.cut {
                    return Reply::nothing();
                }
                let mut bytes = self.uploads.remove(id).unwrap();
                bytes.extend(&seen.bytes);
                let digest = &query["digest"];
                if Digest::sha256(&bytes).to_string() != *digest {
                    let words = r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#;
                    return Reply::new(400, words);
                }
                self.blobs.insert(digest.clone(), bytes);
                return told(Reply::new(201, ""), digest, ways);
            }
            _ => return Reply::new(405, ""),
        }
        let last = upload.len().saturating_sub(1);
        Reply::new(if method == "GET" { 204 } else { 202 }, "")
            .header("Location", here)
            .header("Range", format!("0-{last}"))
    }

    fn put(&mut self, name: &str, seen: &Seen, ways: Ways) -> Reply {
        if seen.cut {
            return Reply::nothing();
        }
        let digest = Digest::sha256(&seen.bytes).to_string();
        if name
            .parse::<Digest>()
            .is_ok_and(|named| named.to_string() != digest)
        {
            return Reply::new(400, "");
        }
        let document: Value = serde_json::from_slice(&seen.bytes).unwrap();
        let lists = ["manifests", "layers"].map(|list| document[list].as_array());
        let is_index = document["manifests"].is_array();
        for one in lists.into_iter().flatten().flatten() {
            let part = one["digest"].as_str().unwrap();
            let known = self.blobs.contains_key(part) || self.manifests.contains_key(part);
            // What clients keep under a tag may name what is not there.
            let is_list = is_index && name.starts_with("sha256-");
            if !known && !is_list {
                return Reply::new(400, r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}"#);
            }
        }
        let kind = seen.header("content-type").unwrap().to_owned();
        self.manifests
            .insert(digest.clone(), (kind, seen.bytes.clone()));
        if !name.starts_with("sha256:") {
            self.tags.insert(name.to_owned(), digest.clone());
        }
        let mut reply = told(Reply::new(201, ""), &digest, ways);
        if let (Some(subject), true) = (document["subject"]["digest"].as_str(), ways.referrers) {
            reply = reply.header("OCI-Subject", subject);
        }
        reply
    }

    fn referrers(&self, digest: &str) -> Reply {
        let attached = self.manifests.iter().filter_map(|(name, (kind, bytes))| {
            let document: Value = serde_json::from_slice(bytes).unwrap();
            (document["subject"]["digest"] == digest).then(|| {
                json!({"mediaType": kind, "digest": name, "size": bytes.len(),
                    "artifactType": document["artifactType"]})
            })
        });
        let attached: Vec<Value> = attached.collect();
        Reply::ok(json!({"schemaVersion": 2, "manifests": attached}).to_string())
    }
}

fn found(bytes: Option<&Vec<u8>>, digest: &str, kind: &str, ways: Ways) -> Reply {
    match bytes {
        Some(bytes) => told(Reply::ok(bytes.as_slice()), digest, ways).header("Content-Type", kind),
        None => Reply::new(404, ""),
    }
}

fn told(reply: Reply, digest: &str, ways: Ways) -> Reply {
    match ways.tells {
        true => reply.header("Docker-Content-Digest", digest),
        false => reply,
    }
}
