//! Answers that are wrong, too large, or no registry's at all.

use hpcctl_registry::{Digest, Error};

use crate::server::{Reply, Server};
use crate::trial::{LIMIT, MANIFEST, Trial, manifest};

/// A server that greets and answers a manifest so.
fn answering(reply: Reply) -> Server {
    Server::start(move |seen, _| match seen.path.as_str() {
        "/v2/" => Reply::ok("{}"),
        _ => reply.clone(),
    })
}

fn refused(reply: Reply) -> Error {
    Trial::new().find_on(&answering(reply)).unwrap_err()
}

#[test]
fn a_page_is_no_manifest() {
    for (kind, part) in [
        ("text/html; charset=utf-8", "a page in HTML"),
        ("", "no manifest"),
        ("text/plain", "text/plain"),
    ] {
        let error = refused(Reply::ok("<html>log in</html>").header("Content-Type", kind));
        assert!(matches!(error, Error::NotARegistry { .. }), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn the_first_schema_is_refused_by_name() {
    let kind = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let by_kind = refused(Reply::ok("{}").header("Content-Type", kind));
    let by_field = refused(Reply::ok(r#"{"schemaVersion":1}"#));
    for error in [by_kind, by_field] {
        assert!(matches!(error, Error::OldManifest { .. }), "{error:?}");
    }
}

#[test]
fn bytes_are_held_to_their_digest() {
    let server = answering(manifest());
    let trial = Trial::new();
    let digest = Digest::sha256(MANIFEST.as_bytes());
    let found = trial
        .find(&format!("{}/a/b@{digest}", server.address))
        .unwrap();
    assert_eq!(found.manifest.digest, digest);
    let other = Digest::sha256(b"other");
    let error = trial
        .find(&format!("{}/a/b:v1@{other}", server.address))
        .unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error:?}");
    let told = refused(manifest().header("Docker-Content-Digest", other));
    assert!(matches!(told, Error::Mismatch { .. }), "{told:?}");
}

#[test]
fn what_is_too_large_is_not_read() {
    let large = vec![b' '; LIMIT as usize + 1];
    let error = refused(Reply::ok(large));
    assert!(
        matches!(error, Error::TooLarge { limit: LIMIT, .. }),
        "{error:?}"
    );
    let lying = refused(Reply::ok("{}").header("Content-Length", u64::MAX));
    assert!(
        matches!(lying, Error::TooLarge { .. } | Error::Unreachable { .. }),
        "{lying:?}"
    );
    let mut reply = manifest();
    for n in 0..100 {
        reply = reply.header(&format!("X-{n}"), "x".repeat(1000));
    }
    let error = refused(reply);
    assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
}

#[test]
fn the_registry_s_own_words_are_told_in_short() {
    let words = format!(
        r#"{{"errors":[{{"code":"DENIED","message":"no \u001b[2J{}"}}]}}"#,
        "x".repeat(5000)
    );
    let error = refused(Reply::new(403, words)).to_string();
    assert!(error.contains("access is denied (no [2Jxxx"), "{error}");
    assert!(error.len() < 500 && !error.contains('\u{1b}'), "{error}");
    let error = refused(Reply::new(
        404,
        r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#,
    ));
    assert!(
        error
            .to_string()
            .contains("there is no such image (MANIFEST_UNKNOWN)"),
        "{error}"
    );
}

#[test]
fn redirects_end() {
    let error = refused(Reply::new(302, "").header("Location", "/again"));
    assert!(error.to_string().contains("redirects"), "{error}");
    assert!(
        refused(Reply::new(302, ""))
            .to_string()
            .contains("does not say where")
    );
}

#[test]
fn what_is_no_token_is_no_token() {
    for token in [
        "<html>",
        "{}",
        r#"{"token":"a\r\nX: y"}"#,
        r#"{"token":""}"#,
    ] {
        let server = Server::start(move |seen, _| match seen.path.split('?').next().unwrap() {
            "/token" => Reply::ok(token),
            _ => {
                let realm = format!(
                    "Bearer realm=\"http://{}/token\"",
                    seen.header("host").unwrap()
                );
                Reply::new(401, "").header("WWW-Authenticate", realm)
            }
        });
        let error = Trial::new().find_on(&server).unwrap_err();
        let is_told = matches!(error, Error::NotARegistry { .. } | Error::Protocol { .. });
        assert!(is_told, "{token}: {error:?}");
    }
}

#[test]
fn nobody_there_is_told_at_once() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = Trial::new().find(&format!("{free}/a")).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(
        error.to_string().contains("the connection is refused"),
        "{error}"
    );
}
