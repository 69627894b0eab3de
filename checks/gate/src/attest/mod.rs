//! Signed statements on what was decided: an in-toto statement in a DSSE envelope, as a Sigstore
//! bundle, made and verified offline with a key of the site.

mod dsse;
mod key;
mod statement;

pub use dsse::{Bundle, VerifyError, sign, verify};
pub use key::{KeyError, PublicKey, SigningKey};
pub use statement::{PREDICATE_TYPE, Statement, Subject};
