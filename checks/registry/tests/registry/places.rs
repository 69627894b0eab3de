//! Where an image is read from: mirrors, registries.conf and proxies.

use hpcctl_registry::Error;

use crate::server::{Reply, Server};
use crate::trial::{Trial, manifest};

const CONF: &str = ".config/containers/registries.conf";

/// A mirror of `registry.test` at a server.
fn conf(mirror: &Server, location: &str) -> String {
    format!(
        "[[registry]]\nprefix = \"registry.test\"\nlocation = \"{location}\"\n\
         [[registry.mirror]]\nlocation = \"{}/hub\"\n",
        mirror.address
    )
}

#[test]
fn a_mirror_is_asked_first() {
    let mirror = Server::start(|seen, _| match seen.path.as_str() {
        "/v2/hub/a/b/manifests/v1" => manifest(),
        _ => Reply::new(404, ""),
    });
    let trial = Trial::new().file(CONF, &conf(&mirror, "registry.test"));
    let found = trial.find("registry.test/a/b:v1").unwrap();
    assert_eq!(found.name.to_string(), "registry.test/a/b:v1");
    assert_eq!(
        found.repository.place(),
        format!("{}/hub/a/b", mirror.address)
    );
    assert!(
        found.notes[0].contains("was read from the mirror"),
        "{:?}",
        found.notes
    );
}

#[test]
fn a_mirror_that_fails_is_passed_over() {
    let mirror = Server::start(|_, _| Reply::new(404, ""));
    let origin = Server::start(|seen, _| match seen.path.as_str() {
        "/v2/moved/a/b/manifests/v1" => manifest(),
        _ => Reply::new(404, ""),
    });
    let location = format!("{}/moved", origin.address);
    let trial = Trial::new().file(CONF, &conf(&mirror, &location));
    let found = trial.find("registry.test/a/b:v1").unwrap();
    assert!(
        found.notes[0].contains("a mirror was passed over"),
        "{:?}",
        found.notes
    );
    let error = trial.find("registry.test/a/b:v2").unwrap_err();
    assert!(matches!(&error, Error::Everywhere { .. }), "{error:?}");
    assert!(
        error.to_string().contains(&mirror.address.to_string()),
        "{error}"
    );
}

#[test]
fn what_is_blocked_is_not_asked() {
    let trial = Trial::new().file(
        CONF,
        "[[registry]]\nlocation = \"registry.test\"\nblocked = true\n",
    );
    let error = trial.find("registry.test/a").unwrap_err();
    assert!(matches!(error, Error::Blocked { .. }), "{error:?}");
}

#[test]
fn an_insecure_registry_is_reached_through_the_proxy() {
    let proxy = Server::start(|seen, _| match seen.path.as_str() {
        "/v2/" => Reply::ok("{}"),
        _ => manifest(),
    });
    let trial = Trial::new()
        .file(
            CONF,
            "[[registry]]\nlocation = \"registry.test:5000\"\ninsecure = true\n",
        )
        .with("ALL_PROXY", format!("http://user:secret@{}", proxy.address));
    trial.find("registry.test:5000/a").unwrap();
    let connects = proxy
        .seen()
        .into_iter()
        .filter(|seen| seen.method == "CONNECT");
    assert!(connects.clone().count() >= 2);
    for connect in connects {
        assert_eq!(connect.path, "registry.test:5000");
        assert_eq!(
            connect.header("proxy-authorization"),
            Some("Basic dXNlcjpzZWNyZXQ=")
        );
    }
}

#[test]
fn a_registry_that_is_not_insecure_must_speak_tls() {
    let proxy = Server::start(|_, _| manifest());
    let address = proxy.address.to_string();
    let trial = Trial::new().with("HTTPS_PROXY", address.clone());
    let error = trial.find("registry.test:5000/a").unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    assert!(error.advice().unwrap().contains("insecure"));
    let mut settings = trial.with("HTTP_PROXY", address).settings();
    settings.tls_verify = false;
    let client = hpcctl_registry::Client::new(settings);
    client
        .find(&"registry.test:5000/a".parse().unwrap(), 1000)
        .unwrap();
}
