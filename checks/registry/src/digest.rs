//! Digests as the OCI image specification writes them: `ALGORITHM:HEX`.

use std::fmt;
use std::str::FromStr;

use sha2::{Sha256, Sha512};

/// The digest of a manifest or a blob, by an algorithm that can be checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Digest {
    text: String,
}

impl Digest {
    /// The SHA-256 digest of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::of("sha256", bytes)
    }

    /// The digest of `bytes` by the algorithm of this one.
    #[must_use]
    pub fn same_kind(&self, bytes: &[u8]) -> Self {
        match self.text.starts_with("sha512:") {
            true => Self::of("sha512", bytes),
            false => Self::of("sha256", bytes),
        }
    }

    fn of(algorithm: &str, bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        let hash = match algorithm {
            "sha512" => Sha512::digest(bytes).to_vec(),
            _ => Sha256::digest(bytes).to_vec(),
        };
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            text: format!("{algorithm}:{hex}"),
        }
    }
}

impl FromStr for Digest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (algorithm, hex) = text.split_once(':').ok_or(())?;
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return Err(()),
        };
        let plain = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if hex.len() != length || !hex.bytes().all(plain) {
            return Err(());
        }
        Ok(Self {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_checked_by_their_own_kind() {
        let digest = Digest::sha256(b"abc");
        assert!(digest.to_string().starts_with("sha256:ba7816bf"));
        assert_eq!(digest.same_kind(b"abc"), digest);
        let long: Digest = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
        assert!(
            long.same_kind(b"abc")
                .to_string()
                .starts_with("sha512:ddaf35a1")
        );
        for text in [
            "sha256:0",
            "md5:0",
            "sha256",
            &format!("sha256:{}", "A".repeat(64)),
        ] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
