//! Texts of an image's configuration as they are shown: an instruction of the history, which is told
//! beside each package of its layer, or a label, without the secrets in it.

use std::borrow::Cow;

use super::{command, look_at_text, variable};

/// What stands in place of a secret.
const MASK: &str = "***";

/// The most secrets that are taken out one by one, and the most bytes of a text from which they are.
const MOST: usize = 64;
const MOST_BYTES: usize = 64 * 1024;

/// The text with [`MASK`] in place of each secret; where one cannot be told from what is around
/// it, the first word alone is left.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    if !holds(text) {
        return Cow::Borrowed(text);
    }
    let mut masked = text.to_owned();
    if text.len() <= MOST_BYTES {
        for _ in 0..MOST {
            let Some(secret) = named(&masked).map(str::to_owned) else {
                break;
            };
            masked = masked.replace(&secret, MASK);
        }
        let words: Vec<String> = words(&masked).take(MOST).map(str::to_owned).collect();
        for word in words {
            masked = masked.replace(&word, MASK);
        }
    }
    if holds(&masked) {
        let first = text.split_whitespace().next().unwrap_or("");
        // A single word is the secret, or holds it.
        let first = if holds(first) { "" } else { first };
        masked = format!("{first} {MASK}").trim_start().to_owned();
    }
    Cow::Owned(masked)
}

fn holds(text: &str) -> bool {
    !look_at_text("", text).is_empty()
}

/// A secret that is known by what stands before it: the value of a variable, or of an option.
fn named(text: &str) -> Option<&str> {
    let values = variable::words(text).into_iter();
    let mut values = values.filter_map(|word| variable::secret(word).map(|(_, value)| value));
    values
        .next()
        .or_else(|| command::typed(text).map(|typed| typed.secret))
}

/// The words of a text that hold a secret by themselves, of each that: the password in an address, or
/// what is one as a whole.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|one: char| one.is_whitespace() || one == '\'' || one == '"');
    let words = words.filter(|word| holds(word));
    words.map(|word| password(word).unwrap_or_else(|| value(word)))
}

/// The password of an address: `SCHEME://USER:PASSWORD@HOST`.
fn password(word: &str) -> Option<&str> {
    let (_, rest) = word.split_once("://")?;
    let (login, _) = rest.rsplit_once('@')?;
    Some(login.split_once(':')?.1).filter(|password| !password.is_empty())
}

/// What follows the last equals sign, where it is a secret without what stands before.
fn value(word: &str) -> &str {
    match word.rsplit_once('=') {
        Some((_, value)) if !value.is_empty() && !look_at_text("", value).is_empty() => value,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
        let token = ["ghp_", "0f3c9a7e5b1d2846af10c9d2e8b7f653abcd"].concat();
        for (text, expected) in [
            (
                "RUN apt-get install -y gcc",
                "RUN apt-get install -y gcc".to_owned(),
            ),
            (
                "RUN |1 TOKEN=zu7kQ9pLm2 /bin/sh -c echo zu7kQ9pLm2",
                "RUN |1 TOKEN=*** /bin/sh -c echo ***".to_owned(),
            ),
            (
                "RUN /bin/sh -c curl -u bob:zu7kQ9pLm2 https://data.ncar.edu/x",
                "RUN /bin/sh -c curl -u bob:*** https://data.ncar.edu/x".to_owned(),
            ),
            (
                "RUN git clone https://bob:zu7kQ9pLm2@git.ncar.edu/x.git",
                "RUN git clone https://bob:***@git.ncar.edu/x.git".to_owned(),
            ),
            (
                "ENV API_TOKEN='zu7kQ9pLm2' DB_PASSWORD=Vx83kk20pq",
                "ENV API_TOKEN='***' DB_PASSWORD=***".to_owned(),
            ),
        ] {
            assert_eq!(masked(text), expected);
        }
        let text = masked_of(&format!("RUN login --with {token} && echo done"));
        assert!(
            !text.contains(&token) && text.ends_with("echo done"),
            "{text}"
        );
    }

    fn masked_of(text: &str) -> String {
        masked(text).into_owned()
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_seen_is_left(text in "(RUN |TOKEN=|PASSWORD=|-u |bob:|://|@|'|\"| |zu7kQ9pLm2|[a-z]{1,4}|--password=){0,24}") {
            proptest::prop_assert!(!holds(&masked(&text)), "{}", masked(&text));
        }
    }
}
