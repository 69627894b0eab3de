//! Values of variables whose names say that they are secret: in files that shells read at the
//! start, in `.env` files, in the environment of an image and in its history.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.variable",
    "A variable that holds a password, a key or a token.",
)
.named(
    &[
        ".bashrc",
        ".bash_profile",
        ".bash_login",
        ".profile",
        ".zshrc",
        ".zprofile",
        ".zshenv",
        ".cshrc",
        ".tcshrc",
        ".login",
        ".kshrc",
        "config.fish",
        ".env",
        ".env.local",
        ".env.production",
        ".env.development",
        ".envrc",
        ".Renviron",
        "environment",
        "*.env",
        ".lsfrc",
        ".pbsrc",
        ".htoprc",
        "secrets.sh",
        "credentials.sh",
        "setup_env.sh",
    ],
    file,
);

/// How the names of such variables end.
const ENDS: [&str; 22] = [
    "PASSWORD",
    "PASSWD",
    "_PASS",
    "_PWD",
    "SECRET",
    "SECRET_KEY",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "_AUTH",
    "CREDENTIALS",
    "SECRET_ID",
    "SIGNING_KEY",
    "ENCRYPTION_KEY",
    "WANDB_API_KEY",
    "PASSPHRASE",
    "AUTH_KEY",
    "ACCOUNT_KEY",
    "CLIENT_SECRET",
    "LICENSE_KEY",
];

/// Names that end so and hold no secret.
const OPEN: [&str; 6] = [
    "SSH_AUTH",
    "OLDPWD",
    "XDG_SESSION_TOKEN",
    "DEFAULT_AUTH",
    "NO_AUTH",
    "PUBLIC_KEY",
];

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    for (number, line) in source.text().lines().enumerate() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        for word in words(line) {
            if let Some((name, _)) = secret(word) {
                sightings.line(DETECTOR.id, number, format!("the value of {name}"));
            }
        }
        // csh has `setenv NAME VALUE`.
        let mut parts = line.split_whitespace();
        if parts.next() == Some("setenv")
            && let (Some(name), Some(value)) = (parts.next(), parts.next())
            && is_secret(name, value)
        {
            sightings.line(DETECTOR.id, number, format!("the value of {name}"));
        }
    }
}

/// Looks for assignments in a command or in the value of a variable.
pub(super) fn in_command(text: &str, sightings: &mut Sightings) {
    for word in words(text) {
        if let Some((name, _)) = secret(word) {
            sightings.file(DETECTOR.id, format!("the value of {name}"));
        }
    }
}

/// Whether the variable of that name with that value is a secret.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let is_name =
        ENDS.iter().any(|end| name.ends_with(end)) && !OPEN.iter().any(|open| name.ends_with(open));
    let value = value.trim_matches(['"', '\'']);
    // PAT is a pattern, too, where it is no personal access token.
    let is_pat = (name == "PAT" || name.ends_with("_PAT")) && value::is_random(value);
    let is_name = is_name || is_pat;
    let is_path = value.starts_with(['/', '~', '.', '$']) || value.contains("://");
    is_name && !is_path && value.len() >= 6 && value::is_password(value)
}

/// The name and the value in `NAME=VALUE`, where the value is a secret.
pub(super) fn secret(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let name = name
        .rsplit(['\'', '"', '`', '(', ';', '|', '&', '-'])
        .next()
        .unwrap_or(name);
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && is_secret(name, value)).then(|| (name, value.trim_matches(['"', '\''])))
}

/// The words of a line; quotes keep words together.
pub(super) fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote) = (None, None);
    for (at, one) in line.char_indices() {
        match quote {
            Some(open) if one == open => quote = None,
            Some(_) => {}
            None if one.is_whitespace() || one == ';' => {
                words.extend(start.take().map(|from| &line[from..at]));
                continue;
            }
            None if one == '"' || one == '\'' => quote = Some(one),
            None => {}
        }
        start.get_or_insert(at);
    }
    words.extend(start.map(|from| &line[from..]));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        assert!(is_secret(
            "WANDB_API_KEY",
            "0f3c9a7e5b1d2846af10c9d2e8b7f6530f3c9a7e"
        ));
        assert!(is_secret("db_password", "hunter22"));
        assert!(is_secret("GH_PAT", "dX9kQ2mZ7vB4nR1sT6wY"));
        assert!(!is_secret("FILE_PAT", "output_*.nc"));
        assert!(!is_secret("LD_LIBRARY_PATH", "dX9kQ2mZ7vB4nR1sT6wY"));
        assert!(!is_secret("DB_PASSWORD_FILE", "hunter22"));
        assert!(!is_secret("SSH_ASKPASS", "/usr/bin/askpass"));
        assert!(!is_secret("PASSWORD", "$1"));
        assert!(!is_secret("OLDPWD", "somewhere"));
    }

    #[test]
    fn words_keep_quotes() {
        assert_eq!(words("a='b c' d;e"), ["a='b c'", "d", "e"]);
        assert_eq!(secret("RUN"), None);
        assert_eq!(secret("--build-arg=API_TOKEN=zu7kQ9pLm2"), None);
    }
}
