//! Digests as the OCI image specification writes them: `ALGORITHM:HEX`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

/// The digest of a manifest or a blob, by an algorithm that can be checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

    /// What takes in bytes to form a digest by the algorithm of this one.
    pub fn hasher(&self) -> Hasher {
        Hasher::of(self.algorithm())
    }

    /// The name of the algorithm.
    pub fn algorithm(&self) -> &str {
        self.text.split(':').next().unwrap_or_default()
    }

    /// The value, in hexadecimal digits of lower case.
    pub fn hex(&self) -> &str {
        self.text.rsplit(':').next().unwrap_or_default()
    }

    fn of(algorithm: &str, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::of(algorithm);
        hasher.add(bytes);
        hasher.digest()
    }
}

/// A digest that is being formed.
#[derive(Debug, Clone)]
pub enum Hasher {
    /// By SHA-256.
    Sha256(Sha256),
    /// By SHA-512.
    Sha512(Sha512),
}

impl Hasher {
    /// One by SHA-256.
    pub fn sha256() -> Self {
        Self::Sha256(Sha256::default())
    }

    fn of(algorithm: &str) -> Self {
        match algorithm {
            "sha512" => Self::Sha512(Sha512::default()),
            _ => Self::sha256(),
        }
    }

    /// Takes in bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of what was taken in.
    pub fn digest(&self) -> Digest {
        let (algorithm, hash) = match self {
            Self::Sha256(hasher) => ("sha256", hasher.clone().finalize().to_vec()),
            Self::Sha512(hasher) => ("sha512", hasher.clone().finalize().to_vec()),
        };
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Digest {
            text: format!("{algorithm}:{hex}"),
        }
    }
}

/// Why a text is no digest that can be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no digest that can be checked")]
pub struct DigestError(String);

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse().map_err(|()| DigestError(text))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.text
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
