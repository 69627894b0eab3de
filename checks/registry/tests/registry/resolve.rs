//! What a tag stands for, asked by headers alone.

use hpcctl_registry::{Client, Digest, Error, Resolved};

use crate::server::{Reply, Server};
use crate::trial::{LIMIT, Trial, manifest};

/// What a tag stands for at a server that answers HEAD and GET so, and the methods that it saw.
fn resolve(head: fn() -> Reply, get: fn() -> Reply) -> (Result<Resolved, Error>, Vec<String>) {
    let server = Server::start(move |seen, _| match (&*seen.path, &*seen.method) {
        ("/v2/", _) => Reply::ok("{}"),
        (_, "HEAD") => head(),
        _ => get(),
    });
    let name = format!("{}/a/b:v1", server.address).parse().unwrap();
    let resolved = Client::new(Trial::new().settings()).resolve(&name, LIMIT);
    let seen = server.seen_at("manifests").into_iter();
    (resolved, seen.map(|seen| seen.method).collect())
}

#[test]
fn the_manifest_is_not_asked_for_where_the_headers_tell() {
    let head = || {
        let digest = Digest::sha256(b"told");
        Reply::ok("")
            .header("Docker-Content-Digest", digest)
            .header("ratelimit-limit", "100;w=21600")
            .header("ratelimit-remaining", "7;w=21600")
    };
    let (resolved, methods) = resolve(head, manifest);
    let resolved = resolved.unwrap();
    assert_eq!(resolved.digest, Digest::sha256(b"told"));
    assert_eq!(methods, ["HEAD"]);
    let rate = resolved.repository.rate_limit().unwrap();
    assert_eq!((rate.limit, rate.remaining), (100, Some(7)));
}

#[test]
fn the_manifest_tells_where_the_headers_do_not() {
    for head in [|| Reply::ok(""), || Reply::new(405, "")] {
        let (resolved, methods) = resolve(head, manifest);
        assert!(resolved.unwrap().digest.to_string().starts_with("sha256:"));
        assert_eq!(methods.last().map(String::as_str), Some("GET"));
    }
    let (resolved, _) = resolve(|| Reply::new(404, ""), || Reply::new(404, ""));
    assert!(matches!(resolved, Err(Error::NotFound { .. })));
}
