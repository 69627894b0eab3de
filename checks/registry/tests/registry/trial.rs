//! What the tests share: a client with a home of its own, and little patience.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use hpcctl_registry::{Client, Digest, Error, Found, Patience, Settings};
use tempfile::TempDir;

use crate::server::{Reply, Seen, Server};

/// No test may take longer.
const LONGEST: Duration = Duration::from_secs(20);

/// Bytes of a manifest that a test takes.
pub const LIMIT: u64 = 64 * 1024;

/// A home with files for a client.
pub struct Trial {
    dir: TempDir,
    begun: Instant,
    variables: Vec<(&'static str, String)>,
    pub silence: Duration,
}

impl Trial {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            begun: Instant::now(),
            variables: Vec::new(),
            silence: Duration::from_secs(5),
        }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Writes a file below the home.
    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Keeps credentials for a server, as `podman login` does.
    pub fn login(self, server: &Server, entry: &str) -> Self {
        let text = format!(r#"{{"auths":{{"{}":{entry}}}}}"#, server.address);
        self.file(".config/containers/auth.json", &text)
    }

    pub fn home(&self) -> &Path {
        self.dir.path()
    }

    pub fn settings(&self) -> Settings {
        let home = self.dir.path().to_str().unwrap();
        let env = |name: &str| match name {
            "HOME" => Some(home.to_owned()),
            _ => {
                let mut found = self.variables.iter().filter(|(key, _)| *key == name);
                found.next().map(|(_, value)| value.clone())
            }
        };
        let mut settings = Settings::load(&env, home).unwrap();
        settings.patience = Patience {
            connect: Duration::from_secs(5),
            silence: self.silence,
            tries: 4,
            pause: Duration::from_millis(5),
            longest: Duration::from_secs(3),
        };
        settings
    }

    /// Finds an image by its full name.
    pub fn find(&self, name: &str) -> Result<Found, Error> {
        Client::new(self.settings()).find(&name.parse().unwrap(), LIMIT)
    }

    /// Finds `a/b:v1` on a server.
    pub fn find_on(&self, server: &Server) -> Result<Found, Error> {
        self.find(&format!("{}/a/b:v1", server.address))
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        assert!(
            took < LONGEST || std::thread::panicking(),
            "it took {took:?}"
        );
    }
}

/// A manifest of nothing.
pub const MANIFEST: &str = r#"{"schemaVersion":2,"layers":[]}"#;

/// The answer with it.
pub fn manifest() -> Reply {
    Reply::ok(MANIFEST).header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
}

/// A server that has the manifest, and whose blobs are answered as a test says.
pub fn with_blobs(blob: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |seen, before| match seen.path.as_str() {
        "/v2/" => Reply::ok("{}"),
        "/v2/a/b/manifests/v1" => manifest(),
        path if path.starts_with("/v2/a/b/blobs/") => blob(seen, before),
        _ => Reply::new(404, ""),
    })
}

/// Bytes that differ everywhere.
pub fn bytes(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Reads a blob of these bytes from a server.
pub fn read(trial: &Trial, server: &Server, expected: &[u8]) -> Result<Vec<u8>, String> {
    let found = trial.find_on(server).unwrap();
    let digest = Digest::sha256(expected);
    let mut reader = found.repository.blob(&digest, expected.len() as u64, 0);
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut reader, &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}
