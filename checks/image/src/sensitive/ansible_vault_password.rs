//! Passwords of Ansible Vault: files that `--vault-password-file` names, by custom.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.ansible-vault-password",
    "The password that opens encrypted variables of Ansible.",
)
.named(
    &[
        ".vault_pass",
        ".vault_pass.txt",
        ".vault-pass",
        ".vault_password",
        "vault_pass.txt",
        "vault_password.txt",
        "vault-password.txt",
        ".vault-password",
        "vault-password-file",
        ".ansible_vault_pass",
    ],
    file,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    let is_script = text.starts_with("#!");
    if !is_script && value::is_password(text.trim()) {
        sightings.file(DETECTOR.id, "a password of Ansible Vault");
    }
}
