//! A closer look at what has the form of a token: its alphabet, its checksum, its chance.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::sensitive::value;

/// What a closer look says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// Its checksum is right, or it has none and is random.
    Yes,
    /// Its checksum is wrong, so it was made up.
    MadeUp,
    /// It is none.
    No,
}

pub(super) fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

pub(super) fn dotted(byte: u8) -> bool {
    value::is_word(byte) || byte == b'.'
}

pub(super) fn base32(byte: u8) -> bool {
    byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte)
}

pub(super) fn hexadecimal(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

fn yes(is: bool) -> Right {
    if is { Right::Yes } else { Right::No }
}

pub(super) fn random(token: &str) -> Right {
    yes(value::is_random(token) && value::entropy(token.as_bytes()) > 3.3)
}

/// Of key ids of AWS, examples end in `EXAMPLE`.
pub(super) fn aws(token: &str) -> Right {
    let has_digit = token.bytes().any(|byte| byte.is_ascii_digit());
    yes(has_digit
        && !token.ends_with("EXAMPLE")
        && !value::is_stand_in(token)
        && value::entropy(token.as_bytes()) > 2.8)
}

/// The last six characters are the CRC-32 of those before, in base 62.
pub(super) fn crc32(token: &str) -> Right {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if random(token) != Right::Yes {
        return Right::No;
    }
    let (body, sum) = token.split_at(token.len() - 6);
    let mut left = crc(body.as_bytes()) as usize;
    let mut right = [b'0'; 6];
    for digit in right.iter_mut().rev() {
        *digit = DIGITS[left % 62];
        left /= 62;
    }
    if sum.as_bytes() == right {
        Right::Yes
    } else {
        Right::MadeUp
    }
}

/// The CRC-32 of zlib.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
        crc
    })
}

/// Letters mostly; `hf_` begins names of functions too.
pub(super) fn hugging_face(token: &str) -> Right {
    let has = |is: fn(&u8) -> bool| token.bytes().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    yes(is_mixed && !value::is_stand_in(token) && value::entropy(token.as_bytes()) > 3.8)
}

/// A macaroon: after its version comes the place it is for.
pub(super) fn pypi(token: &str) -> Right {
    let start = URL_SAFE_NO_PAD
        .decode(&token[..token.len().min(40) / 4 * 4])
        .unwrap_or_default();
    let is_one = start.starts_with(b"\x02\x01\x08pypi.org")
        || start.starts_with(b"\x02\x01\x0dtest.pypi.org");
    yes(is_one && value::entropy(token.as_bytes()) > 4.0)
}

/// `T…/B…/SECRET`
pub(super) fn slack_hook(path: &str) -> Right {
    let parts: Vec<&str> = path.split('/').collect();
    yes(
        matches!(parts[..], [team, hook, key] if team.starts_with('T') && hook.starts_with('B') && key.len() == 24 && value::is_random(key)),
    )
}

pub(super) fn azure_signature(value: &str) -> Right {
    yes(value.contains("sig=") && value.contains("sv="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_github() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"), Right::Yes);
        assert_eq!(crc32("zQWBuTSOoRi4A9spHcVY5ncnsDkxkK0mLq17"), Right::MadeUp);
    }
}
