//! The builders that take Containerfiles, and what each can do in a build.
//!
//! Tried with podman 4.3 and 5.8, with one id and with many, and as root with 4.3; and with
//! ch-image 0.31 and 0.45. What was not tried is not known.

use hpcctl_model::lint::Outcome;

use super::need::{Need, Needs};
use crate::advice::Known;
use crate::version;

/// How a builder gives files to other ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    /// It maps many.
    Many,
    /// It maps one.
    One,
    /// It maps one, and a filter pretends.
    Faked,
    /// It was not tried.
    Untried,
}

/// A builder.
#[derive(Debug, Clone)]
pub(super) struct Builder {
    /// Its program, and its release where that is known.
    pub(super) name: String,
    podman: bool,
    ids: Ids,
    release: Option<(u32, u32)>,
    /// The check that decided how many ids there are.
    check: &'static str,
}

/// What becomes of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) outcome: Outcome,
    pub(super) why: String,
    pub(super) instead: Option<String>,
    pub(super) because: Option<&'static str>,
}

/// The last release that is known to take no here-documents, and the first that is known to.
const NO_DOCUMENTS: (u32, u32) = (4, 3);
const DOCUMENTS: (u32, u32) = (5, 8);

/// The newest release of ch-image that was tried.
const CH_IMAGE: (u32, u32) = (0, 45);

/// The builders that were tried.
pub(super) const TRIED: &[&str] = &["podman", "charliecloud"];

/// The builders that are installed, of those that were not tried only what works; where none is,
/// those that were.
pub(super) fn of_node(known: &Known<'_>) -> Vec<Builder> {
    let all = ["podman", "podman-hpc", "docker-rootless", "charliecloud"];
    let installed: Vec<&str> = all
        .into_iter()
        .filter(|name| {
            known.is_installed(name) && (TRIED.contains(name) || known.works(name, "build"))
        })
        .collect();
    let names = if installed.is_empty() {
        TRIED.to_vec()
    } else {
        installed
    };
    names.into_iter().map(|name| of_name(name, known)).collect()
}

fn of_name(name: &str, known: &Known<'_>) -> Builder {
    let release = known.version(name);
    let program = match name {
        "charliecloud" => "ch-image",
        "docker-rootless" => "rootless docker",
        name => name,
    };
    let (podman, ids, check) = match name {
        "podman" if known.is_root() => (true, Ids::Many, "uid.subid.file"),
        "podman" if known.maps_many() => (true, Ids::Many, "uid.newuidmap"),
        "podman" => (true, Ids::One, "uid.subid.file"),
        "charliecloud" if known.fails_or_warns("charliecloud.force") => {
            (false, Ids::One, "charliecloud.force")
        }
        "charliecloud" if known.passes("charliecloud.force") => {
            (false, Ids::Faked, "charliecloud.force")
        }
        _ => (false, Ids::Untried, "uid.newuidmap"),
    };
    Builder {
        name: release.map_or_else(
            || program.to_owned(),
            |release| format!("{program} {release}"),
        ),
        podman,
        ids,
        release: release.and_then(version::release),
        check,
    }
}

impl Builder {
    /// Judges one need.
    pub(super) fn judge(&self, needs: &Needs) -> Judged {
        let what = &needs.what;
        if needs.need == Need::NotKnown {
            return judged(Outcome::Unknown, format!("{what}: that is not known here"));
        }
        if self.ids == Ids::Untried {
            return judged(
                Outcome::Unknown,
                format!("{what}: not tried with this builder"),
            );
        }
        match needs.need {
            Need::Rpm if self.ids == Ids::One => {
                judged(Outcome::Unknown, format!("{what}, with one id: not tried"))
            }
            Need::Owner | Need::OtherUser | Need::Apt | Need::Rpm => self.ids(needs),
            Need::Device if self.ids == Ids::Faked => judged(
                Outcome::Ignored,
                format!("{what}: a filter says that it worked, and there is no file"),
            ),
            Need::Device => instead(
                judged(Outcome::Fails, format!("{what}: EPERM")),
                "leave /dev to the start of the container",
            ),
            Need::Module => instead(
                judged(Outcome::Fails, format!("{what}; no build may")),
                "leave it to the node",
            ),
            Need::Init => instead(
                judged(Outcome::Unknown, format!("{what}: not tried")),
                "start the program itself, in CMD",
            ),
            _ if self.podman => self.of_podman(needs),
            _ => self.of_ch_image(needs),
        }
    }

    fn of_podman(&self, needs: &Needs) -> Judged {
        let what = &needs.what;
        match needs.need {
            Need::WorkDir if self.ids == Ids::One => judged(
                Outcome::Unknown,
                format!("{what}, and only one id is mapped here"),
            ),
            Need::CopyOwner | Need::AsUser | Need::WorkDir => self.ids(needs),
            Need::Mount => instead(
                judged(
                    Outcome::Fails,
                    format!("{what}, which a build does not have"),
                ),
                "podman build --cap-add=SYS_ADMIN",
            ),
            Need::Document => self.document(what),
            _ => judged(Outcome::Works, what.clone()),
        }
    }

    fn of_ch_image(&self, needs: &Needs) -> Judged {
        let what = &needs.what;
        match needs.need {
            Need::CopyOwner | Need::User => judged(
                Outcome::Ignored,
                format!("{what}: ch-image takes no notice of it"),
            ),
            Need::Mount => judged(
                Outcome::Works,
                format!("{what}, which ch-image gives in its namespace"),
            ),
            Need::CopyMode => instead(self.not_of_ch_image(what), "COPY, then RUN chmod"),
            Need::RunMount | Need::Document => self.not_of_ch_image(what),
            _ => judged(
                Outcome::Works,
                "ch-image takes no notice of USER".to_owned(),
            ),
        }
    }

    /// What depends on the ids alone.
    fn ids(&self, needs: &Needs) -> Judged {
        let what = &needs.what;
        let found = match self.ids {
            Ids::Many => judged(
                Outcome::Works,
                format!("{what}; more than one id is mapped"),
            ),
            Ids::Faked => judged(Outcome::Works, format!("{what}; a filter pretends")),
            Ids::One | Ids::Untried => {
                let errno = match needs.need {
                    Need::Owner | Need::CopyOwner => "EINVAL",
                    _ => "EPERM",
                };
                let found = judged(
                    Outcome::Fails,
                    format!("{what}: {errno}, only one id is mapped"),
                );
                match needs.need {
                    Need::Apt => instead(
                        found,
                        "apt-get -o APT::Sandbox::User=root …; packages that give files to others fail even then",
                    ),
                    _ => found,
                }
            }
        };
        Judged {
            because: Some(self.check),
            ..found
        }
    }

    fn document(&self, what: &str) -> Judged {
        match self.release {
            Some(release) if release <= NO_DOCUMENTS => judged(
                Outcome::Fails,
                format!("{what}, which this release takes for instructions"),
            ),
            Some(release) if release >= DOCUMENTS => judged(Outcome::Works, what.to_owned()),
            _ => judged(
                Outcome::Unknown,
                format!("{what}: podman 4.3 does not, 5.8 does, this release was not tried"),
            ),
        }
    }

    fn not_of_ch_image(&self, what: &str) -> Judged {
        match self.release {
            Some(release) if release <= CH_IMAGE => judged(
                Outcome::Fails,
                format!("{what}, which ch-image does not know"),
            ),
            _ => judged(
                Outcome::Unknown,
                format!("{what}: ch-image 0.45 does not know it, this release was not tried"),
            ),
        }
    }
}

fn judged(outcome: Outcome, why: String) -> Judged {
    Judged {
        outcome,
        why,
        instead: None,
        because: None,
    }
}

fn instead(judged: Judged, text: &str) -> Judged {
    Judged {
        instead: Some(text.into()),
        ..judged
    }
}
