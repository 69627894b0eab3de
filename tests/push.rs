//! Pushing to a real registry: Debian's docker-registry with a login and TLS, in front of it a proxy
//! that fails; skopeo copies back what arrived.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hpcctl_image::{Exactly, exact};
use hpcctl_registry::{
    Artifact, Before, Client, Digest, Holder, Part, Patience, PushError, Pushed, Settings, Silent,
    Source,
};
use serde_json::Value;

use crate::cli::Run;
use crate::proxy::{Fault, Line, Proxy};
use crate::real::real;
use crate::registry::{AUTH, Certificates, Home, Registry, USER, images};

/// A registry with a login, reached by TLS through a proxy.
pub struct Place {
    pub home: Home,
    certificates: Certificates,
    pub registry: Registry,
    users: std::path::PathBuf,
}

impl Place {
    /// One whose registry speaks plain HTTP to the proxy.
    pub fn behind_a_proxy() -> Self {
        let (home, certificates) = (Home::new(), Certificates::new());
        let users = home.put("users", USER);
        let registry = Registry::start(&format!(
            "  relativeurls: true\nauth:\n  htpasswd: {{realm: test, path: {}}}\n",
            users.display()
        ));
        Self {
            home,
            certificates,
            registry,
            users,
        }
    }

    /// One whose registry speaks TLS itself.
    pub fn with_tls() -> Self {
        let mut place = Self::behind_a_proxy();
        place.registry = Registry::start(&format!(
            "  tls: {{certificate: {}, key: {}}}\nauth:\n  htpasswd: {{realm: test, path: {}}}\n",
            place.certificates.path("server.crt").display(),
            place.certificates.path("server.key").display(),
            place.users.display()
        ));
        place
    }

    pub fn proxy(
        &self,
        choose: impl Fn(&Line, usize) -> Option<Fault> + Send + Sync + 'static,
    ) -> Proxy {
        Proxy::start(&self.certificates, self.registry.port, choose)
    }

    /// The environment of who is logged in at ports, and trusts the authority of the site.
    pub fn env(&self, ports: &[u16]) -> Vec<(&'static str, String)> {
        let at = |port: &u16| format!(r#""127.0.0.1:{port}":{{"auth":"{AUTH}"}}"#);
        let auths: Vec<String> = ports.iter().map(at).collect();
        let auth = format!(r#"{{"auths":{{{}}}}}"#, auths.join(","));
        let auth = self.home.put(&format!("{}.json", ports[0]), auth);
        let authority = self.certificates.path("ca.crt");
        vec![
            ("HOME", self.home.path().display().to_string()),
            ("REGISTRY_AUTH_FILE", auth.display().to_string()),
            ("SSL_CERT_FILE", authority.display().to_string()),
        ]
    }

    /// A client that is logged in at a port, and trusts the authority of the site.
    pub fn client(&self, port: u16) -> Client {
        let variables = self.env(&[port]);
        let env = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        };
        let root = self.home.path().display().to_string();
        let mut settings = Settings::load(&env, &root).unwrap();
        settings.patience = Patience {
            pause: Duration::from_millis(10),
            ..Patience::default()
        };
        Client::new(settings)
    }

    /// skopeo at a port, which takes this user's word.
    fn skopeo(&self, args: &[&str]) -> Run {
        Run::of(Command::new("skopeo").args(args))
    }

    /// The digest of what skopeo copies back; none where there is nothing.
    pub fn copied_back(&self, port: u16, name: &str) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        let from = format!("docker://127.0.0.1:{port}/{name}");
        let to = format!("dir:{}", dir.path().display());
        let run = self.skopeo(&[
            "copy",
            "--quiet",
            "--all",
            "--insecure-policy",
            "--preserve-digests",
            "--src-tls-verify=false",
            "--src-creds=tester:pass-word",
            &from,
            &to,
        ]);
        if run.code != 0 {
            assert!(run.stderr.contains("manifest unknown"), "{}", run.stderr);
            return None;
        }
        let manifest = fs::read(dir.path().join("manifest.json")).unwrap();
        Some(Digest::sha256(&manifest).to_string())
    }
}

/// A layout of a small image: an index of two platforms, and an older image.
fn layouts(home: &Path) -> (String, String) {
    let archive = crate::handmade::docker_archive(home);
    let archive = format!("docker-archive:{}", archive.display());
    let to = |name: &str| format!("oci:{}:{name}", home.join("layout").display());
    let copy = |from: &str, name: &str| {
        let run = Run::of(Command::new("skopeo").args([
            "copy",
            "--quiet",
            "--insecure-policy",
            from,
            &to(name),
        ]));
        assert_eq!(run.code, 0, "{}", run.stderr);
    };
    copy(&archive, "old");
    // An index that no tool would write so, of the one image that there is.
    let top = home.join("layout/index.json");
    let mut index: Value = serde_json::from_slice(&fs::read(&top).unwrap()).unwrap();
    let mut one = index["manifests"][0].clone();
    one.as_object_mut().unwrap().remove("annotations");
    one["platform"] = serde_json::json!({"os": "linux", "architecture": "amd64"});
    let text = format!("{{\n\"manifests\" :[ {one} ],\t\"schemaVersion\":2}}\n\n");
    let digest = Digest::sha256(text.as_bytes());
    fs::write(home.join("layout/blobs/sha256").join(digest.hex()), &text).unwrap();
    let entry = serde_json::json!({
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": digest, "size": text.len(),
        "annotations": {"org.opencontainers.image.ref.name": "new"},
    });
    index["manifests"].as_array_mut().unwrap().push(entry);
    fs::write(&top, index.to_string()).unwrap();
    (to("old"), to("new"))
}

fn open(reference: &str) -> Box<dyn Source> {
    exact(&reference.parse().unwrap(), &Exactly::default()).unwrap()
}

/// Publishes an image, with an artifact, as `REPOSITORY:v1`.
fn publish(
    client: &Client,
    port: u16,
    repository: &str,
    image: &dyn Source,
    chunk: u64,
) -> Result<(Pushed, Holder), PushError> {
    let name = format!("127.0.0.1:{port}/{repository}").parse().unwrap();
    let push = client.push(&name, image)?.in_chunks_of(chunk);
    let before = Before::At(push.tag("v1")?);
    let pushed = push.blobs(&Silent)?;
    push.manifest_by_digest()?;
    let read = push.read_back()?;
    let part = Part {
        media_type: "application/spdx+json".to_owned(),
        bytes: b"{}\n".to_vec(),
        ..Part::default()
    };
    let artifact = Artifact {
        artifact_type: part.media_type.clone(),
        parts: vec![part],
        ..Artifact::default()
    };
    let attached = push.attach(&read, &artifact)?;
    let holder = attached.holder;
    push.confirm_attached(&[attached])?;
    push.move_tag(&read, "v1", &before)?;
    Ok((pushed, holder))
}

#[test]
fn a_real_image_arrives_byte_for_byte() {
    if !real("a_real_image_arrives_byte_for_byte") {
        return;
    }
    let place = Place::with_tls();
    let port = place.registry.port;
    let client = place.client(port);
    let image = open(&format!("oci:{}/layout:v2", images().display()));
    let wanted = image.root().digest.to_string();
    let (pushed, holder) = publish(&client, port, "site/debian", &*image, 8 << 20).unwrap();
    assert!(pushed.sent >= 3 && pushed.bytes > 30_000_000, "{pushed:?}");
    assert_eq!(holder, Holder::Tag);
    assert_eq!(
        place.copied_back(port, "site/debian:v1"),
        Some(wanted.clone())
    );
    let by_digest = format!("site/debian@{wanted}");
    assert_eq!(place.copied_back(port, &by_digest), Some(wanted.clone()));
    // The list of what is attached is where the specification has it.
    let list = format!(
        "docker://127.0.0.1:{port}/site/debian:{}",
        wanted.replace(':', "-")
    );
    let list = place.skopeo(&[
        "inspect",
        "--raw",
        "--tls-verify=false",
        "--creds=tester:pass-word",
        &list,
    ]);
    let list = list.json();
    assert_eq!(
        list["manifests"][0]["artifactType"],
        "application/spdx+json"
    );
    // From there to another repository nothing is sent.
    let found = client.find(
        &format!("127.0.0.1:{port}/site/debian:v1").parse().unwrap(),
        1 << 20,
    );
    let (pushed, _) = publish(&client, port, "public/debian", &found.unwrap(), 8 << 20).unwrap();
    assert_eq!((pushed.sent, pushed.there), (0, 0), "{pushed:?}");
    assert_eq!(
        place.copied_back(port, "public/debian:v1"),
        Some(wanted.clone())
    );
    // And from there to another registry it goes without being stored here.
    let other = Place::with_tls();
    let far = other.registry.port;
    let reader = place.client(port);
    let found = reader.find(
        &format!("127.0.0.1:{port}/site/debian:v1").parse().unwrap(),
        1 << 20,
    );
    let (pushed, _) = publish(&other.client(far), far, "a", &found.unwrap(), 8 << 20).unwrap();
    assert!(pushed.sent >= 3, "{pushed:?}");
    assert_eq!(other.copied_back(far, "a:v1"), Some(wanted));
}

const FAULTS: [Fault; 6] = [
    Fault::Status(429),
    Fault::Status(500),
    Fault::Reset,
    Fault::CutRequest(20),
    Fault::CutAnswer(0),
    Fault::CutAnswer(150),
];

/// A place with two images, and the requests that publishing the new one takes.
struct Trials {
    place: Place,
    old: Box<dyn Source>,
    new: Box<dyn Source>,
    wanted: String,
    all: Vec<Line>,
}

impl Trials {
    fn new() -> Self {
        let place = Place::behind_a_proxy();
        let (old, new) = layouts(place.home.path());
        let (old, new) = (open(&old), open(&new));
        let wanted = new.root().digest.to_string();
        let clean = place.proxy(|_, _| None);
        publish(&place.client(clean.port), clean.port, "clean", &*new, 300).unwrap();
        let all = clean.seen();
        assert!(all.len() > 30, "{all:#?}");
        let trials = Self {
            place,
            old,
            new,
            wanted,
            all,
        };
        assert_eq!(trials.found("clean").as_ref(), Some(&trials.wanted));
        trials
    }

    /// The digest under the tag of a repository, as skopeo finds it.
    fn found(&self, repository: &str) -> Option<String> {
        let port = self.place.registry.port;
        self.place.copied_back(port, &format!("{repository}:v1"))
    }

    /// Publishes an image through a proxy.
    fn publish(
        &self,
        proxy: &Proxy,
        repository: &str,
        image: &dyn Source,
    ) -> Result<(Pushed, Holder), PushError> {
        let client = self.place.client(proxy.port);
        publish(&client, proxy.port, repository, image, 300)
    }
}

#[test]
fn what_fails_once_lets_the_image_through_or_leaves_no_tag() {
    if !real("what_fails_once_lets_the_image_through_or_leaves_no_tag") {
        return;
    }
    let trials = Trials::new();
    let mut through = 0;
    for (point, line) in trials.all.iter().enumerate() {
        let fault = FAULTS[point % FAULTS.len()];
        let choose = move |_: &Line, before| (before == point).then_some(fault);
        let proxy = trials.place.proxy(choose);
        let repository = format!("once{point}");
        let done = trials.publish(&proxy, &repository, &*trials.new);
        let what = format!("{fault:?} at {point}, {line:?}: {:?}", done.as_ref().err());
        let found = trials.found(&repository);
        match done {
            Ok(_) => {
                through += 1;
                assert_eq!(found.as_ref(), Some(&trials.wanted), "{what}");
            }
            Err(_) => assert_eq!(found, None, "{what}"),
        }
    }
    let all = trials.all.len();
    assert!(through >= all - 3, "only {through} of {all} came through");
}

#[test]
fn what_fails_for_ever_leaves_the_older_image_under_the_tag() {
    if !real("what_fails_for_ever_leaves_the_older_image_under_the_tag") {
        return;
    }
    let trials = Trials::new();
    let before = trials.old.root().digest.to_string();
    let mut refused = 0;
    for point in (2..trials.all.len()).step_by(3) {
        let fault = FAULTS[point / 3 % FAULTS.len()];
        let repository = format!("always{point}");
        let direct = trials.place.proxy(|_, _| None);
        trials.publish(&direct, &repository, &*trials.old).unwrap();
        let choose = move |_: &Line, before| (before >= point).then_some(fault);
        let proxy = trials.place.proxy(choose);
        let done = trials.publish(&proxy, &repository, &*trials.new);
        let found = trials.found(&repository).unwrap();
        let what = format!("{fault:?} from {point}, {:?}", trials.all[point]);
        match done {
            Ok(_) => assert_eq!(found, trials.wanted, "{what}"),
            Err(error) if found == trials.wanted => {
                let told = "where the tag stands is not known";
                assert!(error.to_string().contains(told), "{what}: {error}");
            }
            Err(_) => {
                refused += 1;
                assert_eq!(found, before, "{what}");
            }
        }
    }
    assert!(refused > 5, "only {refused} were refused");
}

#[test]
fn a_wrong_login_is_not_tried_again() {
    if !real("a_wrong_login_is_not_tried_again") {
        return;
    }
    let place = Place::behind_a_proxy();
    let (_, new) = layouts(place.home.path());
    let proxy = place.proxy(|_, _| None);
    // tester:wrong-word, kept for this port.
    let wrong = format!(
        r#"{{"auths":{{"127.0.0.1:{}":{{"auth":"dGVzdGVyOndyb25nLXdvcmQ="}}}}}}"#,
        proxy.port
    );
    let client = place.client(proxy.port);
    place.home.put(&format!("{}.json", proxy.port), wrong);
    let error = publish(&client, proxy.port, "a", &*open(&new), 300).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("a login is needed") && text.contains("was not tried again"),
        "{text}"
    );
    assert!(!text.contains("wrong-word"), "{text}");
    assert!(proxy.seen().len() < 5, "{:?}", proxy.seen());
    assert_eq!(place.copied_back(place.registry.port, "a:v1"), None);
}
