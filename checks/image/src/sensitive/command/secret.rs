//! The password or the token among the words of a command: that of an option, of a header, of a line
//! of netrc(5), or what is piped into a login.

use crate::sensitive::value;

/// What a program is told that reads a password from a pipe.
pub(super) const BY_STDIN: &str = "--password-stdin";

/// Programs whose `login -p` is followed by a password.
const LOGINS: [&str; 6] = [
    "docker",
    "podman",
    "buildah",
    "apptainer",
    "singularity",
    "skopeo",
];

/// Words of a command that a token follows, options between them left out.
const BEFORE_TOKENS: [&[&str]; 4] = [
    &["wandb", "login"],
    &["conda", "config", "token"],
    &["mamba", "config", "token"],
    &["micromamba", "config", "token"],
];

/// A password or a token in a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sensitive) struct Typed<'t> {
    /// What it is, or the program that it is given to.
    what: What<'t>,
    /// The secret itself.
    pub(in crate::sensitive) secret: &'t str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What<'t> {
    Option(&'t str),
    Header(&'t str),
    Netrc(&'t str),
}

impl Typed<'_> {
    /// The offset of the secret in the text that it was found in.
    pub(super) fn begins_in(&self, text: &str) -> usize {
        let secret = self.secret.as_ptr().addr();
        secret.saturating_sub(text.as_ptr().addr())
    }

    /// What is said of it, without the secret.
    pub(in crate::sensitive) fn told(&self) -> String {
        let plain = |text: &str| -> String {
            let shown = text.chars().filter(|one| !one.is_control());
            shown.take(100).collect()
        };
        match self.what {
            What::Option(program) => {
                format!("a password on the command line of {}", plain(program))
            }
            What::Header(name) => format!("a token in a header {}", plain(name)),
            What::Netrc(host) => format!("a login to {} for netrc", plain(host)),
        }
    }
}

/// The first password or token of a command.
pub(in crate::sensitive) fn typed(text: &str) -> Option<Typed<'_>> {
    let headers = text.match_indices(": ").map(|(colon, _)| {
        let before = &text[..colon];
        let name = before.rfind(|one: char| !one.is_ascii_alphanumeric() && one != '-');
        &text[name.map_or(0, |at| at + 1)..]
    });
    let logins = text.match_indices("machine ").map(|(at, _)| &text[at..]);
    by_option(text)
        .or_else(|| by_stdin(text))
        .or_else(|| headers.take(64).find_map(header))
        .or_else(|| logins.take(64).find_map(login))
}

/// The password of an option: `--password=WORD`, `-pWORD` of mysql, `sshpass -p WORD`,
/// `curl -u USER:WORD`.
pub(super) fn by_option(line: &str) -> Option<Typed<'_>> {
    let mut left = line.split_whitespace().peekable();
    let mut before: Vec<&str> = Vec::new();
    let (mut program, mut has_login) = (None, false);
    while let Some(whole) = left.next() {
        let word = whole.trim_start_matches(['"', '\'', '(', '`', '$', '[']);
        let name = word.rsplit('/').next().unwrap_or(word);
        let is_first = before.last().is_none_or(|word| ends_command(word));
        let is_wrapper = matches!(
            name,
            "sudo" | "env" | "time" | "RUN" | "/bin/sh" | "sh" | "-c"
        );
        let is_assignment = word.contains('=');
        if (is_first || program.is_none())
            && !is_wrapper
            && !is_assignment
            && !word.starts_with('-')
            || is_known(name)
        {
            program = Some(name);
        }
        let next = left.peek().copied().unwrap_or("");
        let is_login = has_login && program.is_some_and(|program| LOGINS.contains(&program));
        let secret = secret_of(word, next, program.unwrap_or(""), is_login)
            .or_else(|| token_of(&before, word));
        if let Some(secret) = secret.filter(|secret| is_secret(secret)) {
            let what = What::Option(program.unwrap_or("a program"));
            return Some(Typed { what, secret });
        }
        has_login |= whole == "login";
        before.push(whole);
    }
    None
}

/// The most words between which a token stands and what it is known by.
const MOST_OPTIONS: usize = 16;

/// A word that is a token by the words before it.
fn token_of<'t>(before: &[&str], word: &'t str) -> Option<&'t str> {
    let word = word.trim_matches(['"', '\'', ';', ')', '`']);
    let near = before.iter().rev().take(MOST_OPTIONS);
    let plain = near.filter(|word| !word.starts_with('-'));
    let names = plain.map(|word| word.rsplit('/').next().unwrap_or(word));
    let follows = |words: &&[&str]| {
        let known = words.iter().rev();
        names.clone().take(words.len()).eq(known.copied())
    };
    let is_token = value::is_random(word) && BEFORE_TOKENS.iter().any(follows);
    is_token.then_some(word)
}

/// The password that is given to `--password-stdin`: `echo WORD | docker login --password-stdin`.
fn by_stdin(text: &str) -> Option<Typed<'_>> {
    let (before, _) = text.split_once(BY_STDIN)?;
    given(before)
}

/// The same, by what stands before that option.
pub(super) fn given(before: &str) -> Option<Typed<'_>> {
    let (given, login) = before.rsplit_once('|')?;
    let given = given.rsplit([';', '&', '|']).next()?;
    let mut words = given.split_whitespace();
    words.find(|word| matches!(*word, "echo" | "printf"))?;
    // A backslash joins lines.
    let secret = words.rfind(|word| *word != "\\")?;
    let secret = secret.trim_matches(['"', '\'']);
    let program = login.split_whitespace().find(|word| *word != "sudo")?;
    let what = What::Option(program);
    is_secret(secret).then_some(Typed { what, secret })
}

/// Whether the word in front begins a command after it.
fn ends_command(word: &str) -> bool {
    word.ends_with(';') || matches!(word, "&&" | "||" | "|" | "&")
}

/// Whether a program is one whose options are known, wherever it stands in a command.
fn is_known(name: &str) -> bool {
    let known = ["curl", "wget", "mysql", "mysqldump", "mariadb", "sshpass"];
    known.contains(&name) || LOGINS.contains(&name)
}

/// What stands at the place of a password, if the word is an option that has one.
fn secret_of<'t>(word: &'t str, next: &'t str, program: &str, is_login: bool) -> Option<&'t str> {
    let (option, joined) = match word.split_once('=') {
        Some((option, value)) => (option, Some(value)),
        None => (word, None),
    };
    let value = joined.unwrap_or(next);
    let value = value.trim_matches(['"', '\'', ';', ',', ')', '`']);
    let of_pair = |value: &'t str| value.split_once(':').map(|(_, password)| password);
    match option {
        "--password" | "--http-password" | "--ftp-password" | "--token" | "--secret" => Some(value),
        "-p" if program == "sshpass" || is_login => Some(value),
        "-u" | "--user" | "--proxy-user" | "-U" if program == "curl" => of_pair(value),
        "--creds" | "--src-creds" | "--dest-creds" => of_pair(value),
        _ if word.starts_with("-u") && program == "curl" && word.len() > 2 => {
            of_pair(word[2..].trim_matches(['"', '\'', ';']))
        }
        _ if word.starts_with("-p") && matches!(program, "mysql" | "mysqldump" | "mariadb") => {
            Some(&word[2..])
        }
        _ => None,
    }
}

/// Whether what stands at the place of a password is one.
fn is_secret(text: &str) -> bool {
    text.len() >= 6
        && !text.starts_with('-')
        && value::is_password(text)
        && !value::is_plain_word(text)
        // A path, an address, and what a shell or a template fills in.
        && !text.contains(['/', '<', '>', '{', '[', '$', '%', '\\'])
}

/// The token of a header: `Authorization: Bearer WORD`, `PRIVATE-TOKEN: WORD`.
pub(super) fn header(line: &str) -> Option<Typed<'_>> {
    let (name, rest) = line.split_once(':')?;
    let lower = name.to_ascii_lowercase();
    let rest = rest.trim_start();
    let mut words = rest.split_whitespace();
    let value = match &*lower {
        "authorization" | "proxy-authorization" => {
            let scheme = words.next()?;
            ["bearer", "basic", "token", "apikey"]
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known))
                .then(|| words.next())??
        }
        _ if lower.ends_with("-token") || lower.ends_with("api-key") => words.next()?,
        _ => return None,
    };
    let end = value.find(|one: char| !one.is_ascii_alphanumeric() && !"-_.~+/=".contains(one));
    let (secret, after) = value.split_at(end.unwrap_or(value.len()));
    let is_whole = after.is_empty() || after.starts_with(['"', '\'', '\\', ',', '`', ')', ';']);
    let what = What::Header(name);
    (is_whole && value::is_random(secret) && !is_of_a_document(secret))
        .then_some(Typed { what, secret })
}

/// Whether a word is one of those that documents show: the example of RFC 7617, and the head of
/// tokens that is the same in all of them.
fn is_of_a_document(secret: &str) -> bool {
    secret.starts_with("QWxhZGRpbjpv") || secret.starts_with("dXNlcjpwYXNz")
}

/// The password of a line of netrc(5), by whatever command it is written.
pub(super) fn login(line: &str) -> Option<Typed<'_>> {
    // What printf and echo make a newline of separates words, too.
    let mut words = line
        .split(|one: char| one.is_whitespace() || "'\"\\".contains(one))
        .filter(|word| !word.is_empty());
    let mut next = || {
        let word = words.next()?;
        // `\n` was cut at its backslash.
        match word.strip_prefix('n') {
            Some(keyword @ ("machine" | "login" | "password" | "account")) => Some(keyword),
            _ => Some(word),
        }
    };
    if next()? != "machine" {
        return None;
    }
    let host = next()?;
    if next()? != "login" {
        return None;
    }
    let _user = next()?;
    if next()? != "password" {
        return None;
    }
    let secret = next()?;
    let what = What::Netrc(host);
    is_secret(secret).then_some(Typed { what, secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commands, and the secret in each.
    const COMMANDS: &[(&str, Option<&str>)] = &[
        (
            "curl -u bob:Tr0ub4dor3x https://data.site.org",
            Some("Tr0ub4dor3x"),
        ),
        (
            "RUN /bin/sh -c curl -fsSL -ubob:Tr0ub4dor3x https://data.site.org",
            Some("Tr0ub4dor3x"),
        ),
        (
            "set -e; curl --user 'bob:Tr0ub4dor3x' https://data.site.org",
            Some("Tr0ub4dor3x"),
        ),
        (
            "wget --http-password=Tr0ub4dor3x https://data.site.org",
            Some("Tr0ub4dor3x"),
        ),
        (
            "curl -H 'Authorization: Bearer dX9kQ2mZ7vB4nR1sT6wY' https://a",
            Some("dX9kQ2mZ7vB4nR1sT6wY"),
        ),
        (
            "curl -H \"authorization: token dX9kQ2mZ7vB4nR1sT6wY\" https://a",
            Some("dX9kQ2mZ7vB4nR1sT6wY"),
        ),
        (
            "curl --header \"PRIVATE-TOKEN: dX9kQ2mZ7vB4nR1sT6wY\" https://a",
            Some("dX9kQ2mZ7vB4nR1sT6wY"),
        ),
        (
            "echo 'machine data.site.org login bob password Tr0ub4dor3x' > ~/.netrc",
            Some("Tr0ub4dor3x"),
        ),
        (
            "printf 'machine data.site.org\\nlogin bob\\npassword Tr0ub4dor3x\\n' > ~/.netrc",
            Some("Tr0ub4dor3x"),
        ),
        ("sshpass -p Tr0ub4dor3x ssh host", Some("Tr0ub4dor3x")),
        ("mysql -u root -pTr0ub4dor3x db", Some("Tr0ub4dor3x")),
        (
            "docker login -u bob -p Tr0ub4dor3x reg.site.org",
            Some("Tr0ub4dor3x"),
        ),
        (
            "/bin/sh -c wandb login --relogin dX9kQ2mZ7vB4nR1sT6wY",
            Some("dX9kQ2mZ7vB4nR1sT6wY"),
        ),
        (
            "RUN conda config --set token dX9kQ2mZ7vB4nR1sT6wY",
            Some("dX9kQ2mZ7vB4nR1sT6wY"),
        ),
        (
            "set -e && echo 'Tr0ub4dor3x' | docker login -u me --password-stdin reg",
            Some("Tr0ub4dor3x"),
        ),
        (
            "docker login -u bob reg && buildah login -u bob -p Tr0ub4dor3x reg",
            Some("Tr0ub4dor3x"),
        ),
        ("docker run -p Tr0ub4dor3x reg login", None),
        ("echo $PW | docker login -u me --password-stdin reg", None),
        ("cat pw.txt | docker login -u me --password-stdin reg", None),
        ("wandb login $WANDB_API_KEY", None),
        ("conda config --set channel_priority strict", None),
        ("curl -u bob:$PASSWORD https://a", None),
        ("curl -u \"$USER:${PW}\" https://a", None),
        ("curl -u bob:<password> https://a", None),
        ("curl -u username:password https://a", None),
        ("curl -H \"Authorization: Bearer $TOKEN\" https://a", None),
        ("curl -H \"Authorization: Bearer ${TOKEN}\" https://a", None),
        (
            "curl -H 'Authorization: Bearer YOUR_ACCESS_TOKEN_1234' https://a",
            None,
        ),
        (
            "curl -H 'PRIVATE-TOKEN: <your_access_token>' https://a",
            None,
        ),
        ("echo \"machine a login b password $PW\" > ~/.netrc", None),
        ("the machine that the password is for", None),
        ("chown -u root:wheel /etc/x", None),
        ("docker run -p 8080:80 -u 1000:1000 image", None),
        ("docker run --user tester:developers image", None),
        ("rsync -u host:/path/to/dir .", None),
    ];

    #[test]
    fn what_is_written_into_commands() {
        for (text, secret) in COMMANDS {
            assert_eq!(typed(text).map(|typed| typed.secret), *secret, "{text}");
        }
    }
}
