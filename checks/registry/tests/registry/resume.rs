//! Connections that break off, and servers that want to be left alone.

use std::time::{Duration, Instant};

use hpcctl_registry::Error;

use crate::server::Reply;
use crate::trial::{Trial, bytes, manifest, read, with_blobs};

#[test]
fn a_blob_goes_on_where_the_connection_broke_off() {
    let whole = bytes(300_000);
    let kept = whole.clone();
    let server = with_blobs(move |seen, _| {
        let from = seen.from();
        let status = if from > 0 { 206 } else { 200 };
        let last = kept.len() - 1;
        let reply = Reply::new(status, &kept[from..]).cut(120_000);
        reply.header(
            "Content-Range",
            format!("bytes {from}-{last}/{}", kept.len()),
        )
    });
    assert!(read(&Trial::new(), &server, &whole).unwrap() == whole);
    let ranges: Vec<usize> = server
        .seen_at("blobs")
        .iter()
        .map(|seen| seen.from())
        .collect();
    assert_eq!(ranges, [0, 120_000, 240_000]);
}

#[test]
fn a_server_without_ranges_sends_it_anew() {
    let whole = bytes(300_000);
    let kept = whole.clone();
    let server = with_blobs(move |_, before| {
        let cut = if before < 3 { 200_000 } else { usize::MAX };
        Reply::ok(kept.as_slice()).cut(cut)
    });
    assert!(read(&Trial::new(), &server, &whole).unwrap() == whole);
    assert_eq!(server.seen_at("blobs").len(), 2);
}

#[test]
fn a_blob_that_always_breaks_off_at_once_is_given_up() {
    let whole = bytes(1000);
    let kept = whole.clone();
    let server = with_blobs(move |_, _| Reply::ok(kept.as_slice()).cut(10));
    let error = read(&Trial::new(), &server, &whole).unwrap_err();
    assert!(
        error.contains("after 10 of 1000 bytes and 4 tries"),
        "{error}"
    );
    assert_eq!(server.seen_at("blobs").len(), 4);
}

#[test]
fn another_part_than_was_asked_for_is_refused() {
    let whole = bytes(1000);
    let kept = whole.clone();
    let server = with_blobs(move |seen, _| match seen.from() {
        0 => Reply::ok(kept.as_slice()).cut(500),
        from => {
            let other = from + 1;
            Reply::new(206, &kept[other..])
                .header("Content-Range", format!("bytes {other}-999/1000"))
        }
    });
    let error = read(&Trial::new(), &server, &whole).unwrap_err();
    assert!(error.contains("another part"), "{error}");
}

#[test]
fn a_blob_of_another_size_is_refused() {
    let server = with_blobs(|_, _| Reply::ok(bytes(999)));
    let error = read(&Trial::new(), &server, &bytes(1000)).unwrap_err();
    assert!(
        error.contains("has 999 bytes, but the manifest says 1000"),
        "{error}"
    );
    let page =
        with_blobs(|_, _| Reply::ok("<html>").header("Content-Type", "text/html; charset=utf-8"));
    let error = read(&Trial::new(), &page, &bytes(1000)).unwrap_err();
    assert!(
        error.contains("a page in HTML, which no registry gives"),
        "{error}"
    );
}

#[test]
fn a_silent_server_is_given_up() {
    let server = with_blobs(|_, _| Reply::ok(bytes(1000)).silence(Duration::from_secs(8)));
    let mut trial = Trial::new();
    trial.silence = Duration::from_millis(200);
    let begun = Instant::now();
    let error = read(&trial, &server, &bytes(1000)).unwrap_err();
    assert!(error.contains("no answer for 0 s"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(6));
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let server = crate::server::Server::start(|seen, before| match seen.path.as_str() {
        "/v2/" => Reply::ok("{}"),
        _ if before == 1 => Reply::new(429, "").header("Retry-After", 1),
        _ if before == 2 => Reply::new(503, "").header("Retry-After", 0),
        _ => manifest(),
    });
    let begun = Instant::now();
    Trial::new().find_on(&server).unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.seen_at("manifests").len(), 3);
}

#[test]
fn a_limit_that_lasts_longer_is_told() {
    let server = crate::server::Server::start(|seen, _| match seen.path.as_str() {
        "/v2/" => Reply::ok("{}"),
        _ => Reply::new(429, "")
            .header("Retry-After", 3600)
            .header("RateLimit-Limit", "100;w=21600")
            .header("Docker-RateLimit-Source", "192.0.2.1"),
    });
    let error = Trial::new().find_on(&server).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::RateLimited { .. }), "{error:?}");
    assert!(
        text.contains("the limit is 100 in 21600 s for 192.0.2.1, it asks to wait 3600 s"),
        "{text}"
    );
    assert_eq!(server.seen_at("manifests").len(), 1);
}

#[test]
fn a_server_that_is_always_busy_is_given_up() {
    let server = crate::server::Server::start(|seen, _| match seen.path.as_str() {
        "/v2/" => Reply::ok("{}"),
        _ => Reply::new(503, "<html>"),
    });
    let error = Trial::new().find_on(&server).unwrap_err();
    assert!(
        matches!(error, Error::Status { status: 503, .. }),
        "{error:?}"
    );
    assert_eq!(server.seen_at("manifests").len(), 4);
}
