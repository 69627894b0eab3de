//! Publishing and verifying with a real registry: what leaves is what was gated, and what was
//! changed anywhere is found.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::cli::{Run, command};
use crate::handmade::docker_archive;
use crate::push::Place;

mod gated;
mod late;
mod moving;
mod refused;
mod signature;

/// What a decision of these tests goes by: the image of the tests has a package without licence.
const LENIENT: &str = "version = 1
[licenses]
unknown = \"warn\"
unlisted = \"warn\"
";

/// A place to publish to, an image, keys and policies.
struct Site {
    place: Place,
    /// `oci:DIR:` without a tag; `good` and `other` are in it.
    layout: String,
}

impl Site {
    fn new(place: Place) -> Self {
        let home = place.home.path();
        let layout = format!("oci:{}", home.join("layout").display());
        let archive = docker_archive(home);
        skopeo(&[
            "copy",
            &format!("docker-archive:{}", archive.display()),
            &format!("{layout}:good"),
        ]);
        let site = Self { place, layout };
        site.other();
        for (name, args) in [
            (
                "site",
                &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"][..],
            ),
            ("stranger", &["-algorithm", "ed25519"]),
        ] {
            openssl(
                &[
                    &["genpkey", "-out", &site.path(&format!("{name}.key"))],
                    args,
                ]
                .concat(),
            );
            openssl(&[
                "pkey",
                "-in",
                &site.path(&format!("{name}.key")),
                "-pubout",
                "-out",
                &site.path(&format!("{name}.pub")),
            ]);
        }
        site.place.home.put("lenient.toml", LENIENT);
        let strict =
            format!("{LENIENT}[image]\nmax-layers = 0\n[rules]\n\"image.size\" = \"deny\"\n");
        site.place.home.put("strict.toml", strict);
        site
    }

    /// Another image: the same with a label.
    fn other(&self) {
        let dir = self.place.home.path().join("layout");
        let copied = Command::new("umoci")
            .args(["config", "--config.label", "kind=other", "--image"])
            .arg(format!("{}:good", dir.display()))
            .args(["--tag", "other"])
            .output()
            .unwrap();
        assert!(
            copied.status.success(),
            "{}",
            String::from_utf8_lossy(&copied.stderr)
        );
    }

    fn path(&self, name: &str) -> String {
        self.place.home.path().join(name).display().to_string()
    }

    fn hpcctl(&self, ports: &[u16], args: &[&str]) -> Run {
        Run::of(&mut self.command(ports, args))
    }

    fn command(&self, ports: &[u16], args: &[&str]) -> Command {
        let mut command = command(args);
        command
            .envs(self.place.env(ports))
            .env("HPCCTL_STATE", self.path("state"));
        command
    }

    fn publish(&self, from: &str, to: &str, policy: &str) -> Run {
        let ports = [self.place.registry.port];
        self.publish_at(&ports, from, to, policy)
    }

    fn publish_at(&self, ports: &[u16], from: &str, to: &str, policy: &str) -> Run {
        let mut publish = self.publishing(ports, from, to, policy);
        Run::of(publish.args(["-o", "json"]))
    }

    /// The command that publishes with the key of the site.
    fn publishing(&self, ports: &[u16], from: &str, to: &str, policy: &str) -> Command {
        let to = format!("127.0.0.1:{}/{to}", ports[0]);
        let (key, policy) = (self.path("site.key"), self.path(policy));
        self.command(
            ports,
            &["publish", from, &to, "--key", &key, "--policy", &policy],
        )
    }

    fn verify(&self, name: &str, key: &str) -> Run {
        let port = self.place.registry.port;
        let name = format!("127.0.0.1:{port}/{name}");
        let key = self.path(key);
        self.hpcctl(&[port], &["verify", &name, "--key", &key, "-o", "json"])
    }

    /// The digest of the layer of `good`, in hex.
    fn layer(&self) -> String {
        let dir = self.place.home.path().join("layout/blobs/sha256");
        let digest = self.digest("good");
        let manifest = fs::read(dir.join(digest.strip_prefix("sha256:").unwrap())).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let layer = manifest["layers"][0]["digest"].as_str().unwrap();
        layer.strip_prefix("sha256:").unwrap().to_owned()
    }

    fn digest(&self, tag: &str) -> String {
        let index = fs::read(self.place.home.path().join("layout/index.json")).unwrap();
        let index: Value = serde_json::from_slice(&index).unwrap();
        let mut entries = index["manifests"].as_array().unwrap().iter();
        let name =
            |entry: &&Value| entry["annotations"]["org.opencontainers.image.ref.name"] == tag;
        entries.find(name).unwrap()["digest"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn put_under(&self, from: &str, to: &str) {
        let to = format!("docker://127.0.0.1:{}/{to}", self.place.registry.port);
        skopeo(&[
            "copy",
            "--dest-tls-verify=false",
            "--dest-creds=tester:pass-word",
            from,
            &to,
        ]);
    }
}

fn skopeo(args: &[&str]) {
    let run = Run::of(
        Command::new("skopeo")
            .args(["--insecure-policy"])
            .args(args),
    );
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
}

fn openssl(args: &[&str]) {
    let run = Run::of(Command::new("openssl").args(args));
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
}
