//! Who to be: the credentials that `podman login` and `docker login` keep.
//!
//! Sources: containers-auth.json(5), Docker's config.json, and the protocol of
//! docker-credential-helpers. They are looked up only when a registry asks.

use std::collections::HashMap;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::GeneralPurposeConfig;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use hpcctl_host::{Errno, Host, Live, command};
use serde::Deserialize;

use crate::Error;
use crate::name::is_docker;

/// How Docker's registry is called where credentials are kept.
const DOCKER_KEY: &str = "https://index.docker.io/v1/";

/// How long a helper may take.
const HELPER: Duration = Duration::from_secs(15);

/// The user that stands for a token in the answer of a helper.
const TOKEN: &str = "<token>";

/// Where credentials are kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keyring {
    /// The files, the first one that knows a registry counts.
    files: Vec<String>,
    /// Whether the one file was named and must be there.
    named: bool,
    /// Where helpers are looked for.
    path: Vec<PathBuf>,
}

/// Who to be; its secrets are never told.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) user: String,
    pub(crate) secret: Secret,
    /// The file or the helper that it comes from.
    pub(crate) from: String,
}

/// What proves it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Secret {
    /// For each request, or for a token.
    Password(String),
    /// For a token only.
    Identity(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({} of {})", self.user, self.from)
    }
}

#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    auths: HashMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    helpers: HashMap<String, String>,
    #[serde(default, rename = "credsStore")]
    store: String,
}

#[derive(Default, Deserialize)]
struct Entry {
    #[serde(default)]
    auth: String,
    #[serde(default)]
    identitytoken: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username")]
    user: String,
    #[serde(rename = "Secret")]
    secret: String,
}

impl Keyring {
    /// Finds out where credentials are kept.
    pub(crate) fn load(env: &dyn Fn(&str) -> Option<String>, root: &str, uid: u32) -> Self {
        let given = |name: &str| env(name).filter(|value| !value.is_empty());
        let path = given("PATH").unwrap_or_default();
        let path = std::env::split_paths(&path).collect();
        if let Some(file) = given("REGISTRY_AUTH_FILE") {
            return Self {
                files: vec![file],
                named: true,
                path,
            };
        }
        let home = given("HOME");
        let below = |dir: &str| home.as_ref().map(|home| format!("{home}/{dir}"));
        let run = given("XDG_RUNTIME_DIR").map(|dir| format!("{dir}/containers"));
        let run = run.unwrap_or_else(|| format!("{root}/run/containers/{uid}"));
        let own = given("XDG_CONFIG_HOME").or(below(".config"));
        let docker = given("DOCKER_CONFIG").or(below(".docker"));
        let files = [
            Some(format!("{run}/auth.json")),
            own.map(|dir| format!("{dir}/containers/auth.json")),
            docker.map(|dir| format!("{dir}/config.json")),
        ];
        Self {
            files: files.into_iter().flatten().collect(),
            named: false,
            path,
        }
    }

    /// The credentials for a repository of a registry.
    pub(crate) fn find(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Credential>, Error> {
        for path in &self.files {
            let text = match Live.read(path) {
                Ok(text) => text,
                Err(Errno::ENOENT) if !self.named => continue,
                Err(errno) => return Err(broken(path, errno)),
            };
            // What serde says could quote the file, so only the place is told.
            let file: File = serde_json::from_str(&text)
                .map_err(|error| broken(path, format!("line {}: it is not valid", error.line())))?;
            if let Some(found) = self.find_in(&file, path, registry, repository)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn find_in(
        &self,
        file: &File,
        path: &str,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Credential>, Error> {
        for key in keys(registry, repository) {
            if let Some(helper) = file.helpers.get(&key) {
                return self.ask(helper, &key);
            }
            let kept = file
                .auths
                .iter()
                .find(|(kept, _)| plain(kept) == plain(&key));
            let found = kept.map(|(_, entry)| entry.read(path)).transpose()?;
            if let Some(found) = found.flatten() {
                return Ok(Some(found));
            }
        }
        match file.store.as_str() {
            "" => Ok(None),
            store if is_docker(registry) => self.ask(store, DOCKER_KEY),
            store => self.ask(store, registry),
        }
    }

    /// Asks a helper for the credentials of a server.
    fn ask(&self, helper: &str, server: &str) -> Result<Option<Credential>, Error> {
        let program = format!("docker-credential-{helper}");
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if !helper.bytes().all(plain) {
            return Err(broken(&program, "this is no name of a helper"));
        }
        let mut places = self.path.iter().map(|dir| dir.join(&program));
        let Some(place) = places.find(|place| is_program(place)) else {
            return Err(broken(&program, "it is not in PATH"));
        };
        let ran = command::run_with_input(
            &[&place.to_string_lossy(), "get"],
            server.as_bytes(),
            HELPER,
        );
        if !ran.ok() {
            // The protocol has no status for it, only these words.
            return match ran.stdout.contains("credentials not found") {
                true => Ok(None),
                false => Err(broken(
                    &program,
                    format!("it failed for {server} ({})", ended(&ran)),
                )),
            };
        }
        let answer: Answer = serde_json::from_str(&ran.stdout)
            .map_err(|_| broken(&program, "its answer is not valid"))?;
        let secret = match answer.user == TOKEN {
            true => Secret::Identity(answer.secret),
            false => Secret::Password(answer.secret),
        };
        Ok(Some(Credential {
            user: answer.user,
            secret,
            from: program,
        }))
    }
}

impl Entry {
    fn read(&self, path: &str) -> Result<Option<Credential>, Error> {
        let wrong = || broken(path, "an auth in it is not USER:PASSWORD in base64");
        let lenient = GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
        let lenient = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
        let decoded = lenient.decode(self.auth.trim()).map_err(|_| wrong())?;
        let decoded = String::from_utf8(decoded).map_err(|_| wrong())?;
        let (user, password) = match decoded.split_once(':') {
            Some((user, password)) => (user, password.trim_end_matches('\0')),
            None if decoded.is_empty() => ("", ""),
            None => return Err(wrong()),
        };
        let secret = match (self.identitytoken.as_str(), password) {
            ("", "") => return Ok(None),
            ("", password) => Secret::Password(password.to_owned()),
            (token, _) => Secret::Identity(token.to_owned()),
        };
        Ok(Some(Credential {
            user: user.to_owned(),
            secret,
            from: path.to_owned(),
        }))
    }
}

impl Credential {
    /// The header for a user and a password; none for a token.
    pub(crate) fn basic(&self) -> Option<String> {
        match &self.secret {
            Secret::Password(password) => {
                let both = STANDARD.encode(format!("{}:{password}", self.user));
                Some(format!("Basic {both}"))
            }
            Secret::Identity(_) => None,
        }
    }
}

/// Under which names credentials may be kept, the most exact one first.
fn keys(registry: &str, repository: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut path = format!("{registry}/{repository}");
    while let Some((shorter, _)) = path.rsplit_once('/') {
        let shorter = shorter.to_owned();
        keys.push(std::mem::replace(&mut path, shorter));
    }
    keys.push(registry.to_owned());
    if is_docker(registry) {
        keys.extend(["index.docker.io".to_owned(), DOCKER_KEY.to_owned()]);
    }
    keys
}

/// A key without what Docker puts around it: `https://HOST/v1/` is HOST.
fn plain(key: &str) -> &str {
    let bare = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"));
    match bare {
        Some(bare) => bare.split('/').next().unwrap_or_default(),
        None => key.trim_end_matches('/'),
    }
}

fn is_program(path: &Path) -> bool {
    let found = path.metadata();
    found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn ended(ran: &hpcctl_host::Ran) -> String {
    match ran.end {
        command::End::Exit(status) => format!("exit status {status}"),
        command::End::Signal(signal) => format!("signal {signal}"),
        command::End::Deadline => format!("no answer within {} s", HELPER.as_secs()),
        command::End::NotStarted(errno) => errno.to_string(),
    }
}

fn broken(path: &str, why: impl ToString) -> Error {
    Error::Configuration {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use super::*;

    fn keyring(dir: &Path, text: &str) -> Keyring {
        let path = dir.join("auth.json");
        File::create(&path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        Keyring {
            files: vec![path.to_string_lossy().into_owned()],
            named: true,
            path: vec![dir.to_owned()],
        }
    }

    fn helper(dir: &Path, name: &str, script: &str) {
        let path = dir.join(format!("docker-credential-{name}"));
        let mut file = File::create(&path).unwrap();
        file.write_all(format!("#!/bin/sh\n{script}\n").as_bytes())
            .unwrap();
        file.set_permissions(PermissionsExt::from_mode(0o755))
            .unwrap();
    }

    /// The user that is found for a registry and a repository.
    fn user(keyring: &Keyring, registry: &str, repository: &str) -> Option<String> {
        keyring
            .find(registry, repository)
            .unwrap()
            .map(|found| found.user)
    }

    #[test]
    fn the_most_exact_key_counts() {
        let dir = tempfile::tempdir().unwrap();
        // host:pw, team:pw, docker:pw
        let ring = keyring(
            dir.path(),
            r#"{"auths":{"r.example":{"auth":"aG9zdDpwdw=="},"r.example/team":{"auth":"dGVhbTpwdw"},
                "https://index.docker.io/v1/":{"auth":"ZG9ja2VyOnB3\n"},"empty.example":{}}}"#,
        );
        assert_eq!(user(&ring, "r.example", "a").as_deref(), Some("host"));
        assert_eq!(user(&ring, "r.example", "team/a").as_deref(), Some("team"));
        assert_eq!(user(&ring, "r.example", "teams/a").as_deref(), Some("host"));
        assert_eq!(
            user(&ring, "docker.io", "library/a").as_deref(),
            Some("docker")
        );
        assert_eq!(user(&ring, "empty.example", "a"), None);
        assert_eq!(user(&ring, "other.example", "a"), None);
    }

    #[test]
    fn secrets_are_not_told() {
        let dir = tempfile::tempdir().unwrap();
        let ring = keyring(
            dir.path(),
            r#"{"auths":{"r.example":{"auth":"aG9zdDpwdw=="}}}"#,
        );
        let found = ring.find("r.example", "a").unwrap().unwrap();
        assert_eq!(found.basic().as_deref(), Some("Basic aG9zdDpwdw=="));
        // The name of the directory is a matter of chance.
        let told = format!("{found:?}").replace(dir.path().to_str().unwrap(), "");
        assert!(!told.contains("pw"), "{told}");
        for text in [
            r#"{"auths":{"r.example":{"auth":"c2VjcmV0"}}}"#,
            r#"{"auths":{"r.example":"c2VjcmV0"}}"#,
            "{",
        ] {
            let error = keyring(dir.path(), text)
                .find("r.example", "a")
                .unwrap_err();
            assert!(
                error.is_configuration() && !error.to_string().contains("c2VjcmV0"),
                "{error}"
            );
        }
    }

    #[test]
    fn helpers_are_asked() {
        let dir = tempfile::tempdir().unwrap();
        helper(
            dir.path(),
            "good",
            r#"read server; printf '{"ServerURL":"%s","Username":"%s-user","Secret":"s"}' "$server" "$server""#,
        );
        helper(
            dir.path(),
            "token",
            r#"echo '{"Username":"<token>","Secret":"t"}'"#,
        );
        helper(
            dir.path(),
            "none",
            "echo credentials not found in native keychain; exit 1",
        );
        helper(dir.path(), "broken", "echo secret; exit 3");
        let text = |store: &str| {
            format!(
                r#"{{"credHelpers":{{"a.example":"good","t.example":"token","b.example":"broken","g.example":"gone","p.example":"../x"}},"credsStore":"{store}"}}"#
            )
        };
        let ring = keyring(dir.path(), &text("good"));
        assert_eq!(
            user(&ring, "a.example", "x").as_deref(),
            Some("a.example-user")
        );
        assert_eq!(
            user(&ring, "docker.io", "x").as_deref(),
            Some("https://index.docker.io/v1/-user")
        );
        let token = ring.find("t.example", "x").unwrap().unwrap();
        assert!(token.secret == Secret::Identity("t".into()) && token.basic().is_none());
        for (registry, part) in [
            ("b.example", "exit status 3"),
            ("g.example", "not in PATH"),
            ("p.example", "no name"),
        ] {
            let error = ring.find(registry, "x").unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("secret"), "{error}");
        }
        assert_eq!(
            user(&keyring(dir.path(), &text("none")), "other.example", "x"),
            None
        );
    }

    #[test]
    fn the_files_are_those_of_podman_and_docker() {
        let load = |variables: &[(&str, &str)]| {
            let env = |name: &str| {
                let mut found = variables.iter().filter(|(key, _)| *key == name);
                found.next().map(|(_, value)| (*value).to_owned())
            };
            Keyring::load(&env, "", 7).files
        };
        assert_eq!(
            load(&[("REGISTRY_AUTH_FILE", "/a"), ("HOME", "/h")]),
            ["/a"]
        );
        let all = [
            "/run/containers/7/auth.json",
            "/h/.config/containers/auth.json",
            "/h/.docker/config.json",
        ];
        assert_eq!(load(&[("HOME", "/h")]), all);
        assert_eq!(
            load(&[("XDG_RUNTIME_DIR", "/r"), ("DOCKER_CONFIG", "/d")]),
            ["/r/containers/auth.json", "/d/config.json"]
        );
    }
}
