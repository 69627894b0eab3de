//! The envelope that is signed (DSSE 1.0.0) in the form that Sigstore's tools read (Sigstore
//! bundle 0.3): with the hint of a key, without a transparency log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{KeyError, PublicKey, SigningKey, Statement};

/// The type of an in-toto payload.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A bundle: everything that verifying takes but the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: Hint,
    #[serde(default)]
    tlog_entries: Vec<()>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Hint {
    hint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    /// In base64.
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Signature {
    /// In base64.
    sig: String,
    keyid: String,
}

impl Bundle {
    /// The media type of a bundle.
    pub const MEDIA_TYPE: &'static str = "application/vnd.dev.sigstore.bundle.v0.3+json";
}

/// Why a bundle does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The bundle is none.
    #[error("it is no bundle with an in-toto statement: {0}")]
    Form(String),
    /// No signature is by the key.
    #[error("no signature of it is by this key")]
    Signature,
}

/// Signs a statement.
///
/// # Errors
///
/// When the key does not sign.
pub fn sign(statement: &Statement, key: &SigningKey) -> Result<Bundle, KeyError> {
    let payload = serde_json::to_vec(statement).map_err(|_| KeyError::Sign)?;
    let signature = key.sign(&encoded(PAYLOAD_TYPE, &payload))?;
    let keyid = key.public().id();
    Ok(Bundle {
        media_type: Bundle::MEDIA_TYPE.into(),
        verification_material: Material {
            public_key: Hint {
                hint: keyid.clone(),
            },
            tlog_entries: Vec::new(),
        },
        dsse_envelope: Envelope {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE.into(),
            signatures: vec![Signature {
                sig: STANDARD.encode(signature),
                keyid,
            }],
        },
    })
}

/// The statement of a bundle, once a signature of it is by the key.
///
/// # Errors
///
/// When it is no bundle, or no signature is by the key: then nothing of it may be believed.
pub fn verify(bundle: &Bundle, key: &PublicKey) -> Result<Statement, VerifyError> {
    let form = |why: &str| VerifyError::Form(why.to_owned());
    if bundle.media_type != Bundle::MEDIA_TYPE {
        return Err(form("another media type"));
    }
    let envelope = &bundle.dsse_envelope;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(form("another type of payload"));
    }
    let payload = STANDARD.decode(&envelope.payload);
    let payload = payload.map_err(|_| form("its payload is no base64"))?;
    let message = encoded(&envelope.payload_type, &payload);
    let is_signed = envelope.signatures.iter().any(|signature| {
        let bytes = STANDARD.decode(&signature.sig);
        bytes.is_ok_and(|bytes| key.verifies(&message, &bytes))
    });
    if !is_signed {
        return Err(VerifyError::Signature);
    }
    serde_json::from_slice(&payload).map_err(|error| VerifyError::Form(error.to_string()))
}

/// The pre-authentication encoding (DSSE, "Signature definition").
fn encoded(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let (kind, len) = (payload_type.len(), payload.len());
    let mut message = format!("DSSEv1 {kind} {payload_type} {len} ").into_bytes();
    message.extend_from_slice(payload);
    message
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::key::tests::{ED_KEY, P256_KEY};
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_protocol() {
        // The example of the protocol.
        let message = encoded("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            message,
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn what_is_changed_does_not_verify() {
        let key = SigningKey::from_pem(P256_KEY).unwrap();
        let statement = Statement::decision("a/b", "sha256:aa", json!({"outcome": "allow"}));
        let bundle = sign(&statement, &key).unwrap();
        assert_eq!(verify(&bundle, &key.public()).unwrap(), statement);
        assert!(statement.is_about("sha256:aa"));
        assert!(!statement.is_about("sha256:ab") && !statement.is_about("aa"));

        let other = SigningKey::from_pem(ED_KEY).unwrap().public();
        assert_eq!(verify(&bundle, &other), Err(VerifyError::Signature));
        let mut payload = bundle.clone();
        let changed = Statement::decision("a/b", "sha256:ab", json!({"outcome": "allow"}));
        payload.dsse_envelope.payload = STANDARD.encode(serde_json::to_vec(&changed).unwrap());
        assert_eq!(verify(&payload, &key.public()), Err(VerifyError::Signature));
        let mut kind = bundle.clone();
        kind.dsse_envelope.payload_type = "text/plain".into();
        assert!(matches!(
            verify(&kind, &key.public()),
            Err(VerifyError::Form(_))
        ));
        let mut unsigned = bundle;
        unsigned.dsse_envelope.signatures.clear();
        assert_eq!(
            verify(&unsigned, &key.public()),
            Err(VerifyError::Signature)
        );
    }
}
