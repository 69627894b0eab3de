//! Logins: tokens, passwords, and that nobody else gets to see them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use hpcctl_registry::{Client, Digest, Error, Silent};

use crate::memory::Memory;
use crate::mock::{Fault, Mock, Ways};
use crate::neighbour::Neighbour;
use crate::server::{Reply, Server};
use crate::trial::{MANIFEST, Trial, manifest};

/// `user:secret`, as a file keeps it and as a request sends it.
const ENTRY: &str = r#"{"auth":"dXNlcjpzZWNyZXQ="}"#;
const BASIC: &str = "Basic dXNlcjpzZWNyZXQ=";

/// A registry that wants a token that it gives out itself, to whom `trusted` says.
fn with_tokens(trusted: Option<&'static str>) -> Server {
    let address = Arc::new(OnceLock::new());
    let known = Arc::clone(&address);
    let server = Server::start(move |seen, _| {
        let here: &String = known.wait();
        if seen.path.starts_with("/token") {
            return match seen.header("authorization") == trusted {
                true => Reply::ok(r#"{"token":"t0ken"}"#),
                false => Reply::new(
                    401,
                    r#"{"errors":[{"code":"UNAUTHORIZED","message":"wrong password"}]}"#,
                ),
            };
        }
        match (seen.header("authorization"), seen.path.as_str()) {
            (Some("Bearer t0ken"), "/v2/a/b/manifests/v1") => manifest(),
            _ => Reply::new(401, "").header(
                "WWW-Authenticate",
                format!(r#"Bearer realm="http://{here}/token?x=1",service="reg istry""#),
            ),
        }
    });
    address.set(server.address.to_string()).unwrap();
    server
}

#[test]
fn a_token_is_fetched_without_a_login() {
    let server = with_tokens(None);
    let found = Trial::new().find_on(&server).unwrap();
    assert_eq!(found.manifest.bytes, MANIFEST.as_bytes());
    let asked = server.seen_at("/token");
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].path,
        "/token?x=1&service=reg%20istry&scope=repository%3Aa%2Fb%3Apull"
    );
}

#[test]
fn a_token_is_fetched_with_a_login() {
    let server = with_tokens(Some(BASIC));
    Trial::new().login(&server, ENTRY).find_on(&server).unwrap();
    // The registry itself is sent the token only.
    for seen in server.seen_at("/v2/") {
        assert_ne!(seen.header("authorization"), Some(BASIC));
    }
}

#[test]
fn a_wrong_password_is_told_with_its_file() {
    let server = with_tokens(Some("Basic other"));
    let trial = Trial::new().login(&server, ENTRY);
    let error = trial.find_on(&server).unwrap_err();
    let text = format!("{error} {error:?} {:?}", error.advice());
    assert!(
        matches!(error, Error::Unauthorized { from: Some(_), .. }),
        "{error:?}"
    );
    assert!(
        text.contains("wrong password") && text.contains("auth.json"),
        "{text}"
    );
    assert!(
        !text.contains("secret") && !text.contains("dXNlcjpzZWNyZXQ="),
        "{text}"
    );
}

#[test]
fn an_identity_token_is_posted() {
    let address = Arc::new(OnceLock::new());
    let known = Arc::clone(&address);
    let server = Server::start(move |seen, _| {
        let here: &String = known.wait();
        match (seen.method.as_str(), seen.header("authorization")) {
            ("POST", None) => Reply::ok(r#"{"access_token":"t0ken"}"#),
            (_, Some("Bearer t0ken")) => manifest(),
            _ => Reply::new(401, "").header(
                "WWW-Authenticate",
                format!(r#"Bearer realm="http://{here}/token""#),
            ),
        }
    });
    address.set(server.address.to_string()).unwrap();
    let entry = r#"{"auth":"dXNlcjo=","identitytoken":"re&fresh"}"#;
    Trial::new().login(&server, entry).find_on(&server).unwrap();
    let body = server.seen_at("/token")[0].body();
    assert!(
        body.contains("grant_type=refresh_token") && body.contains("refresh_token=re%26fresh"),
        "{body}"
    );
}

#[test]
fn a_password_is_sent_with_each_request_where_that_is_asked_for() {
    let server = Server::start(|seen, _| match seen.header("authorization") {
        Some(BASIC) => manifest(),
        _ => Reply::new(401, "").header("WWW-Authenticate", "Basic realm=\"x\""),
    });
    Trial::new().login(&server, ENTRY).find_on(&server).unwrap();
    let before = server.seen().len();
    let error = Trial::new().find_on(&server).unwrap_err();
    assert!(
        matches!(error, Error::Unauthorized { from: None, .. }),
        "{error:?}"
    );
    assert!(
        error
            .advice()
            .unwrap()
            .contains(&format!("podman login {}", server.address))
    );
    assert!(
        server.seen().len() - before <= 3,
        "a login that cannot succeed was tried again and again"
    );
}

#[test]
fn a_token_that_ran_out_is_renewed() {
    let (address, given) = (Arc::new(OnceLock::new()), AtomicUsize::new(0));
    let known = Arc::clone(&address);
    let server = Server::start(move |seen, _| {
        let here: &String = known.wait();
        let challenge = format!(r#"Bearer realm="http://{here}/token""#);
        let refused = || Reply::new(401, "").header("WWW-Authenticate", &challenge);
        match (
            seen.path.split('?').next().unwrap(),
            seen.header("authorization"),
        ) {
            ("/token", _) => {
                let count = given.fetch_add(1, Ordering::SeqCst);
                Reply::ok(format!(r#"{{"token":"t{count}"}}"#))
            }
            ("/v2/a/b/manifests/v1", Some("Bearer t0")) => manifest(),
            (path, Some("Bearer t1")) if path.contains("blobs") => Reply::ok("abc"),
            _ => refused(),
        }
    });
    address.set(server.address.to_string()).unwrap();
    let trial = Trial::new();
    let found = trial.find_on(&server).unwrap();
    assert_eq!(
        found
            .repository
            .document(&Digest::sha256(b"abc"), 10)
            .unwrap(),
        b"abc"
    );
}

#[test]
fn a_redirect_to_another_host_takes_no_credentials_along() {
    let other = Server::start(|_, _| Reply::ok("abc"));
    let elsewhere = format!("http://{}/signed?key=1", other.address);
    let server =
        Server::start(
            move |seen, _| match (seen.header("authorization"), seen.path.as_str()) {
                (Some(BASIC), "/v2/a/b/manifests/v1") => manifest(),
                (Some(BASIC), "/v2/a/b/blobs/here") => Reply::ok("abc"),
                (Some(BASIC), path) if path.contains("/blobs/sha256:ba") => {
                    Reply::new(307, "").header("Location", &elsewhere)
                }
                (Some(BASIC), path) if path.contains("/blobs/") => {
                    Reply::new(302, "").header("Location", "here")
                }
                _ => Reply::new(401, "").header("WWW-Authenticate", "Basic realm=x"),
            },
        );
    let trial = Trial::new().login(&server, ENTRY);
    let found = trial.find_on(&server).unwrap();
    assert_eq!(
        found
            .repository
            .document(&Digest::sha256(b"abc"), 10)
            .unwrap(),
        b"abc"
    );
    let seen = other.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].path.as_str(), seen[0].header("authorization")),
        ("/signed?key=1", None)
    );
    // On the same host they stay, and the bytes are looked at there too.
    let error = found
        .repository
        .document(&Digest::sha256(b"other"), 10)
        .unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error:?}");
}

#[test]
fn a_helper_is_asked() {
    let server = Server::start(|seen, _| match seen.header("authorization") {
        Some(BASIC) => manifest(),
        _ => Reply::new(401, "").header("WWW-Authenticate", "Basic realm=x"),
    });
    let trial = Trial::new()
        .file(".docker/config.json", r#"{"credsStore":"test"}"#)
        .file(
            "bin/docker-credential-test",
            "#!/bin/sh\necho '{\"Username\":\"user\",\"Secret\":\"secret\"}'\n",
        );
    let bin = trial.home().join("bin");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("docker-credential-test"), mode).unwrap();
    let path = bin.to_str().unwrap().to_owned();
    trial.with("PATH", path).find_on(&server).unwrap();
}

#[test]
fn a_token_for_pushing_also_reads_what_is_mounted() {
    let address = Arc::new(OnceLock::new());
    let known: Arc<OnceLock<String>> = Arc::clone(&address);
    let image = Memory::of(10);
    let mock = Mock::failing(Ways::default(), move |seen, _, _| {
        let here = known.wait();
        if seen.path.starts_with("/token") {
            // A token is good for what it was asked for, which it says.
            let good = seen.path.split('?').nth(1).unwrap_or_default();
            return Some(Fault::Say(Reply::ok(format!(r#"{{"token":"{good}"}}"#))));
        }
        let token = seen.header("authorization").unwrap_or_default();
        let has = |scope: &str| token.contains(&format!("scope=repository%3A{scope}"));
        let may = match seen.path.as_str() {
            "/v2/" => !token.is_empty(),
            path if path.contains("mount=") => {
                has("a%2Fb%3Apull%2Cpush") && has("other%2Fone%3Apull")
            }
            path if path.starts_with("/v2/other/") => has("other%2Fone%3Apull"),
            _ => has("a%2Fb%3Apull%2Cpush"),
        };
        let challenge =
            format!(r#"Bearer realm="http://{here}/token",scope="repository:a/b:pull""#);
        let challenge = match seen.path.starts_with("/v2/a/") {
            true => challenge,
            false => format!(r#"Bearer realm="http://{here}/token""#),
        };
        let refused = Reply::new(401, "").header("WWW-Authenticate", challenge);
        (!may).then_some(Fault::Say(refused))
    });
    address.set(mock.server.address.to_string()).unwrap();
    mock.state
        .lock()
        .unwrap()
        .elsewhere
        .clone_from(&image.blobs);
    let source = Neighbour::new(&mock, &image);
    let name = format!("{}/a/b", mock.server.address).parse().unwrap();
    let client = Client::new(Trial::new().settings());
    let pushed = client.push(&name, &source).unwrap().blobs(&Silent).unwrap();
    assert_eq!((pushed.mounted, pushed.sent), (4, 0));
}
