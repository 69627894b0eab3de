//! Images in a real registry: Debian's docker-registry on the loopback, filled by skopeo.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::{Run, command};
use crate::real::real;
use crate::schema::validate;

/// How long a registry may take to answer.
const READY: Duration = Duration::from_secs(20);

/// How often one is started before there is no free port.
const TRIES: usize = 5;

/// The user `tester` with the password `pass-word`, as htpasswd(1) writes it, and as a file
/// of podman login keeps it.
pub const USER: &str = "tester:$2b$04$NJuIoT9yNf1jN/WoNEfmIe0NinTQN.4i/UH3c2JVD1udQlAglwg/m\n";
pub const AUTH: &str = "dGVzdGVyOnBhc3Mtd29yZA==";

/// A registry that runs until it is dropped.
pub struct Registry {
    child: Child,
    pub port: u16,
    dir: TempDir,
}

impl Registry {
    /// Starts one; `more` goes into the section `http`, and what follows it.
    pub fn start(more: &str) -> Self {
        // The port is free when it is asked for, and may be somebody else's a moment later.
        let mut tries = std::iter::repeat_with(|| Self::try_start(more)).take(TRIES);
        tries
            .find_map(|started| started)
            .expect("docker-registry listens")
    }

    /// Starts one on a free port; none where it ended at once.
    fn try_start(more: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let data = dir.path().join("data");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\n\
             storage:\n  filesystem: {{rootdirectory: {}}}\n\
             http:\n  addr: 127.0.0.1:{port}\n{more}",
            data.display()
        );
        let config = dir.path().join("config.yml");
        fs::write(&config, text).unwrap();
        let log = fs::File::create(dir.path().join("access")).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry, which tests/run installs");
        let mut registry = Self { child, port, dir };
        let begun = Instant::now();
        // Whoever else may answer there: ours has ended where it found the port taken.
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if registry.child.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(begun.elapsed() < READY, "docker-registry does not listen");
            thread::sleep(Duration::from_millis(50));
        }
        thread::sleep(Duration::from_millis(50));
        let has_ended = registry.child.try_wait().unwrap().is_some();
        (!has_ended).then_some(registry)
    }

    /// Where it keeps what was pushed.
    pub fn storage(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn name(&self, repository: &str) -> String {
        format!("127.0.0.1:{}/{repository}", self.port)
    }

    /// The requests that it has had: method and path each.
    pub fn requests(&self) -> Vec<(String, String)> {
        let log = fs::read_to_string(self.dir.path().join("access")).unwrap();
        // The combined format of Apache: the request stands in the first quotes.
        let quoted = log.lines().filter_map(|line| line.split('"').nth(1));
        let words = quoted.filter_map(|request| {
            let mut words = request.split(' ');
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        });
        words.collect()
    }

    /// Copies an image into it.
    pub fn push(&self, from: &str, to: &str, more: &[&str]) {
        let to = format!("docker://{}", self.name(to));
        let mut skopeo = Command::new("skopeo");
        skopeo.args([
            "copy",
            "--quiet",
            "--insecure-policy",
            "--dest-tls-verify=false",
        ]);
        let run = Run::of(skopeo.args(more).args([from, &to]));
        assert_eq!(run.code, 0, "skopeo: {}", run.stderr);
    }
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself, which a test would have noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A home without the settings of whoever runs the tests.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn put(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Scans an image to JSON.
    fn scan(&self, reference: &str, more: &[&str], variables: &[(&str, &Path)]) -> Run {
        let args = [
            &[
                "scan",
                "image",
                reference,
                "-o",
                "json",
                "--licenses",
                "declared",
            ],
            more,
        ];
        let mut hpcctl = command(&args.concat());
        for name in [
            "REGISTRY_AUTH_FILE",
            "XDG_RUNTIME_DIR",
            "XDG_CONFIG_HOME",
            "DOCKER_CONFIG",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
        ] {
            hpcctl.env_remove(name);
        }
        hpcctl
            .env("HOME", self.0.path())
            .envs(variables.iter().copied());
        Run::of(&mut hpcctl)
    }
}

pub fn images() -> PathBuf {
    PathBuf::from(std::env::var_os("HPCCTL_IMAGES").expect("HPCCTL_IMAGES, as tests/run sets it"))
}

/// The packages of an image, which are those of another report.
fn assert_same_packages(run: &Run, expected: &Value, what: &str) {
    assert_eq!(run.code, 0, "{what}: {}", run.stderr);
    let report = run.json();
    validate("hpcctl.scan-1.json", &report);
    assert_eq!(report["result"]["image"]["format"], "registry", "{what}");
    let packages = |report: &Value| {
        let all = report["result"]["packages"].as_array().unwrap();
        let bare = all.iter().map(|package| {
            let mut package = package.clone();
            // The digest of a layer differs with its compression.
            for location in package["locations"].as_array_mut().unwrap() {
                location["layer"] = Value::Null;
            }
            package
        });
        bare.collect::<Vec<_>>()
    };
    let (found, expected) = (packages(&report), packages(expected));
    assert!(!expected.is_empty());
    assert!(found == expected, "{what}: the packages differ");
}

/// What is found in an image on disk.
fn expected(home: &Home, reference: &str) -> Value {
    let run = home.scan(reference, &[], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.json()
}

/// A small image on disk.
fn small(home: &Home) -> String {
    let path = crate::handmade::docker_archive(home.0.path());
    format!("docker-archive:{}", path.display())
}

#[test]
fn a_registry_gives_the_packages_of_the_archive() {
    if !real("a_registry_gives_the_packages_of_the_archive") {
        return;
    }
    let (home, registry, dir) = (Home::new(), Registry::start(""), images());
    let layout = format!("oci:{}/layout:v2", dir.display());
    let (expected, dir) = (expected(&home, &layout), dir.display());
    assert!(expected["result"]["packages"].as_array().unwrap().len() > 80);
    registry.push(&layout, "debian:oci", &[]);
    registry.push(&format!("oci:{dir}/zstd:v2"), "debian:zstd", &[]);
    registry.push(
        &format!("docker-archive:{dir}/debian.tar"),
        "debian:docker",
        &["--format", "v2s2"],
    );
    for tag in ["zstd", "docker"] {
        let reference = format!("docker://{}:{tag}", registry.name("debian"));
        assert_same_packages(&home.scan(&reference, &[], &[]), &expected, tag);
    }
    let by_digest = expected["result"]["image"]["digest"].as_str().unwrap();
    let reference = format!("docker://{}@{by_digest}", registry.name("debian"));
    let run = home.scan(&reference, &[], &[]);
    assert_same_packages(&run, &expected, "by digest");
    assert_eq!(run.json()["result"]["image"]["digest"], by_digest);

    let gone = home.scan(
        &format!("docker://{}:gone", registry.name("debian")),
        &[],
        &[],
    );
    assert_eq!((gone.code, gone.stdout.as_str()), (5, ""));
    assert!(
        gone.stderr
            .contains("there is no such image (manifest unknown)"),
        "{}",
        gone.stderr
    );
    let other = format!("docker://{}:oci", registry.name("debian"));
    let other = home.scan(&other, &["--platform", "linux/s390x"], &[]);
    assert_eq!(other.code, 5, "{}", other.stderr);
    assert!(
        other.stderr.contains("no image for linux/s390x"),
        "{}",
        other.stderr
    );
}

#[test]
fn a_mirror_stands_in_for_a_registry() {
    if !real("a_mirror_stands_in_for_a_registry") {
        return;
    }
    let (home, origin) = (Home::new(), Registry::start(""));
    let image = small(&home);
    let expected = expected(&home, &image);
    origin.push(&image, "hpcctl-small:v2", &[]);
    let mirror = format!("proxy: {{remoteurl: 'http://127.0.0.1:{}'}}\n", origin.port);
    let mirror = Registry::start(&mirror);
    let conf = format!(
        "unqualified-search-registries = [\"registry.invalid\"]\n[[registry]]\nlocation = \"registry.invalid\"\n\
         [[registry.mirror]]\nlocation = \"127.0.0.1:{}\"\n",
        mirror.port
    );
    let conf = home.put("registries.conf", conf);
    let settings: &[(&str, &Path)] = &[("CONTAINERS_REGISTRIES_CONF", &conf)];
    let run = home.scan("docker://hpcctl-small:v2", &[], settings);
    assert_same_packages(&run, &expected, "through the mirror");
    let name = "docker://registry.invalid/hpcctl-small:v2";
    assert_eq!(run.json()["result"]["image"]["reference"], name);
    let told = [
        "of the one in unqualified-search-registries",
        "was read from the mirror 127.0.0.1:",
    ];
    assert!(
        told.iter().all(|part| run.stderr.contains(part)),
        "{}",
        run.stderr
    );
    let broken = home.put("registries.conf", "[[registry]]\n");
    let broken = home.scan(
        "docker://hpcctl-small:v2",
        &[],
        &[("CONTAINERS_REGISTRIES_CONF", &broken)],
    );
    assert_eq!(broken.code, 4, "{}", broken.stderr);
}

/// A certificate of an authority of the site, for 127.0.0.1.
pub struct Certificates(TempDir);

impl Certificates {
    pub fn new() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        made.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=site -keyout ca.key -out ca.crt");
        made.openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=registry -keyout server.key -out server.csr");
        fs::write(made.0.path().join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
        made.openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt");
        made
    }

    fn openssl(&self, line: &str) {
        let mut openssl = Command::new("openssl");
        let run = Run::of(openssl.args(line.split(' ')).current_dir(self.0.path()));
        assert_eq!(run.code, 0, "openssl {line}: {}", run.stderr);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// A registry of a site: with TLS by its own authority, and for those with a login only.
struct Site {
    home: Home,
    certificates: Certificates,
    registry: Registry,
    reference: String,
    expected: Value,
}

impl Site {
    fn new() -> Self {
        let (home, certificates) = (Home::new(), Certificates::new());
        let users = home.put("users", USER);
        let registry = Registry::start(&format!(
            "  tls: {{certificate: {}, key: {}}}\nauth:\n  htpasswd: {{realm: test, path: {}}}\n",
            certificates.path("server.crt").display(),
            certificates.path("server.key").display(),
            users.display()
        ));
        let image = small(&home);
        let login = ["--dest-creds", "tester:pass-word"];
        registry.push(&image, "hpcctl-small:v2", &login);
        Self {
            expected: expected(&home, &image),
            reference: format!("docker://{}", registry.name("hpcctl-small:v2")),
            home,
            certificates,
            registry,
        }
    }

    /// What podman login writes.
    fn auth(&self, secret: &str) -> String {
        let port = self.registry.port;
        format!(r#"{{"auths":{{"127.0.0.1:{port}":{{"auth":"{secret}"}}}}}}"#)
    }

    fn scan(&self, more: &[&str], variables: &[(&str, &Path)]) -> Run {
        self.home.scan(&self.reference, more, variables)
    }

    /// A scan that ends with status 5 and says this.
    fn assert_refused(&self, variables: &[(&str, &Path)], parts: &[&str]) {
        let run = self.scan(&[], variables);
        assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{}", run.stderr);
        for part in parts {
            assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        }
        assert!(!run.stderr.contains("-word"), "{}", run.stderr);
    }
}

#[test]
fn a_site_s_authority_and_a_login_are_needed_and_taken() {
    if !real("a_site_s_authority_and_a_login_are_needed_and_taken") {
        return;
    }
    let site = Site::new();
    let authority = site.certificates.path("ca.crt");
    let trusted: (&str, &Path) = ("SSL_CERT_FILE", &authority);
    let good = site.home.put("good.json", site.auth(AUTH));
    let login: (&str, &Path) = ("REGISTRY_AUTH_FILE", &good);
    // tester:wrong-word
    let wrong = site.auth("dGVzdGVyOndyb25nLXdvcmQ=");
    let wrong = site.home.put("wrong.json", wrong);
    let wrong: (&str, &Path) = ("REGISTRY_AUTH_FILE", &wrong);

    let strange = ["an authority that is not known here", "SSL_CERT_FILE"];
    site.assert_refused(&[login], &strange);
    site.assert_refused(&[trusted], &["a login is needed", "podman login"]);
    site.assert_refused(&[trusted, wrong], &["a login is needed", "wrong.json"]);

    let run = site.scan(&[], &[trusted, login]);
    assert_same_packages(&run, &site.expected, "SSL_CERT_FILE");
    let run = site.scan(&["--tls-verify=false"], &[login]);
    assert_same_packages(&run, &site.expected, "--tls-verify=false");
    let port = site.registry.port;
    let certs = format!(".config/containers/certs.d/127.0.0.1:{port}/ca.crt");
    site.home.put(&certs, fs::read(&authority).unwrap());
    site.home
        .put(".config/containers/auth.json", site.auth(AUTH));
    assert_same_packages(&site.scan(&[], &[]), &site.expected, "certs.d");
}

#[test]
fn a_registry_that_is_not_there_is_not_reached() {
    let port = free_port();
    let run = Home::new().scan(&format!("docker://127.0.0.1:{port}/a:v1"), &[], &[]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    assert!(
        run.stderr.contains("the connection is refused"),
        "{}",
        run.stderr
    );
    let run = Home::new().scan("docker://UPPER", &[], &[]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}
