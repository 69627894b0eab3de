//! Keys in PEM (RFC 7468): private ones by PKCS #8 (RFC 5958), public ones as
//! SubjectPublicKeyInfo (RFC 5280), both for ECDSA on P-256 (RFC 5480) and Ed25519 (RFC 8410).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hpcctl_model::hex;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, UnparsedPublicKey, VerificationAlgorithm,
};
use sha2::{Digest, Sha256};

/// What stands in front of the point of a key on P-256 in its SubjectPublicKeyInfo.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The bytes of an uncompressed point.
const POINT: usize = 65;

/// What stands in front of an Ed25519 key in its SubjectPublicKeyInfo.
const ED: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The bytes of an Ed25519 key.
const ED_KEY: usize = 32;

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no such PEM block.
    #[error("it has no {0:?} block of PEM")]
    NoBlock(&'static str),
    /// A private key in another form.
    #[error("{0}: convert it with openssl pkcs8 -topk8 -nocrypt -in FILE")]
    Form(&'static str),
    /// The key is not for ECDSA on P-256 or Ed25519, or is damaged.
    #[error("it is no key for ECDSA on P-256 or for Ed25519")]
    Kind,
    /// The system gave no random numbers, or the key did not sign.
    #[error("it could not sign")]
    Sign,
}

#[derive(Debug)]
enum Pair {
    P256(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A key that signs.
#[derive(Debug)]
pub struct SigningKey(Pair);

/// A key that verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The SubjectPublicKeyInfo.
    spki: Vec<u8>,
}

impl SigningKey {
    /// Reads a private key.
    ///
    /// # Errors
    ///
    /// When it is none, in another form, or of another kind.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        for (label, what) in [
            ("EC PRIVATE KEY", "it is a key by SEC 1"),
            ("ENCRYPTED PRIVATE KEY", "it is encrypted"),
            ("OPENSSH PRIVATE KEY", "it is a key of OpenSSH"),
        ] {
            if text.contains(&format!("-----BEGIN {label}-----")) {
                return Err(KeyError::Form(what));
            }
        }
        let der = block(text, "PRIVATE KEY")?;
        let random = SystemRandom::new();
        let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der, &random);
        // openssl genpkey writes keys without their public half.
        let ed = || Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der);
        match (p256, ed) {
            (Ok(pair), _) => Ok(Self(Pair::P256(pair))),
            (Err(_), ed) => ed()
                .map(|pair| Self(Pair::Ed(pair)))
                .map_err(|_| KeyError::Kind),
        }
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> PublicKey {
        let spki = match &self.0 {
            Pair::P256(pair) => [P256, pair.public_key().as_ref()].concat(),
            Pair::Ed(pair) => [ED, pair.public_key().as_ref()].concat(),
        };
        PublicKey { spki }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.0 {
            Pair::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message);
                let signature = signature.map_err(|_| KeyError::Sign)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

impl PublicKey {
    /// Reads a public key; of a private one its public half.
    ///
    /// # Errors
    ///
    /// When it is none, or of another kind.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        if text.contains("PRIVATE KEY-----") {
            return SigningKey::from_pem(text).map(|key| key.public());
        }
        let spki = block(text, "PUBLIC KEY")?;
        let key = Self { spki };
        key.parts().map(|_| key.clone()).ok_or(KeyError::Kind)
    }

    /// The key in PEM.
    pub fn to_pem(&self) -> String {
        let encoded = STANDARD.encode(&self.spki);
        let mut lines = String::from("-----BEGIN PUBLIC KEY-----\n");
        for (place, character) in encoded.chars().enumerate() {
            if place > 0 && place % 64 == 0 {
                lines.push('\n');
            }
            lines.push(character);
        }
        lines + "\n-----END PUBLIC KEY-----\n"
    }

    /// The SHA-256 digest of the SubjectPublicKeyInfo in hex.
    pub fn id(&self) -> String {
        hex(&Sha256::digest(&self.spki))
    }

    /// Whether it verifies.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Some((algorithm, key)) = self.parts() else {
            return false;
        };
        UnparsedPublicKey::new(algorithm, key)
            .verify(message, signature)
            .is_ok()
    }

    fn parts(&self) -> Option<(&'static dyn VerificationAlgorithm, &[u8])> {
        let of = |prefix: &[u8], len: usize| {
            self.spki
                .strip_prefix(prefix)
                .filter(|key| key.len() == len)
        };
        if let Some(point) = of(P256, POINT) {
            return Some((&ECDSA_P256_SHA256_ASN1, point));
        }
        of(ED, ED_KEY).map(|key| (&ED25519 as &'static dyn VerificationAlgorithm, key))
    }
}

/// The bytes of the first block with this label.
fn block(text: &str, label: &'static str) -> Result<Vec<u8>, KeyError> {
    let no_block = KeyError::NoBlock(label);
    let (_, rest) = text
        .split_once(&format!("-----BEGIN {label}-----"))
        .ok_or_else(|| no_block.clone())?;
    let (body, _) = rest
        .split_once(&format!("-----END {label}-----"))
        .ok_or_else(|| no_block.clone())?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).map_err(|_| no_block)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    // Made with openssl genpkey for these tests.
    pub(crate) const P256_KEY: &str = include_str!("../../tests/keys/p256.pem");
    pub(crate) const ED_KEY: &str = include_str!("../../tests/keys/ed25519.pem");

    #[test]
    fn both_kinds_sign_and_verify() {
        for pem in [P256_KEY, ED_KEY] {
            let key = SigningKey::from_pem(pem).unwrap();
            let signature = key.sign(b"message").unwrap();
            let public = PublicKey::from_pem(&key.public().to_pem()).unwrap();
            assert_eq!(public, key.public());
            assert!(public.verifies(b"message", &signature));
            assert!(!public.verifies(b"massage", &signature));
            assert_eq!(public.id().len(), 64);
        }
    }

    #[test]
    fn what_is_no_key_says_what_it_is() {
        let error = |text: &str| SigningKey::from_pem(text).unwrap_err();
        assert_eq!(error("nothing"), KeyError::NoBlock("PRIVATE KEY"));
        let sec1 = "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n";
        assert_eq!(error(sec1), KeyError::Form("it is a key by SEC 1"));
        let other = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(error(other), KeyError::Kind);
        let public = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        assert_eq!(PublicKey::from_pem(public).unwrap_err(), KeyError::Kind);
    }
}
