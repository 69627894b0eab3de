//! The manual that each check carries; `doctor explain` and the man page are written from it.

/// What a check is, why it matters and what to do.
#[derive(Debug, Clone, Copy)]
pub struct Manual {
    /// A short title in plain words, without a full stop.
    pub title: &'static str,
    /// What is checked: one or two sentences.
    pub what: &'static str,
    /// Why it matters on a cluster.
    pub why: &'static str,
    /// How it is found out: the calls made and the files read.
    pub how: &'static str,
    /// What the user can do without the admin; empty when nothing.
    pub user: &'static str,
    /// What the admin can do; empty when nothing.
    pub admin: &'static str,
    /// Manual pages, kernel documents and the like.
    pub refs: &'static [&'static str],
}
