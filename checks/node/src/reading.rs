//! What a probe read: the raw answers of the host, and the evidence that they make.

use hpcctl_host::command::End;
use hpcctl_host::{Errno, Op, Ran, Stat, Trial, Tried};
use hpcctl_model::doctor::Evidence;

use crate::Site;

/// The most characters of a file or of a command's output that become evidence.
const SHORT: usize = 160;

/// What a probe read, in order.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Trials that were carried out.
    pub tried: Vec<Tried>,
    /// Files that were read, with what they held.
    pub files: Vec<(String, Result<String, Errno>)>,
    /// Files that were looked at.
    pub stats: Vec<(String, Result<Stat, Errno>)>,
    /// Commands that were run.
    pub ran: Vec<Ran>,
    /// Facts that need no reading beyond the site's own, such as a limit, as name and value.
    pub facts: Vec<(String, String)>,
}

impl Reading {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out a trial.
    #[must_use]
    pub fn trial(mut self, site: &Site<'_>, trial: &Trial) -> Self {
        self.tried.push(site.attempt(trial));
        self
    }

    /// Looks at device files and opens each for writing, in one trial; none where none is named.
    #[must_use]
    pub fn open_each(self, site: &Site<'_>, paths: &[String]) -> Self {
        if paths.is_empty() {
            return self;
        }
        let trial = paths.iter().fold(Trial::new(), |trial, path| {
            trial.maybe(Op::Open {
                path: path.clone(),
                write: true,
            })
        });
        let looked = paths
            .iter()
            .fold(self, |reading, path| reading.stat(site, path));
        looked.trial(site, &trial)
    }

    /// Reads a file.
    #[must_use]
    pub fn file(mut self, site: &Site<'_>, path: &str) -> Self {
        self.files.push((path.to_owned(), site.host.read(path)));
        self
    }

    /// Looks at a file.
    #[must_use]
    pub fn stat(mut self, site: &Site<'_>, path: &str) -> Self {
        self.stats.push((path.to_owned(), site.host.stat(path)));
        self
    }

    /// Runs a command.
    #[must_use]
    pub fn run(mut self, site: &Site<'_>, argv: &[&str]) -> Self {
        self.ran.push(site.run(argv));
        self
    }

    /// Runs a program that only prints its version.
    #[must_use]
    pub fn version(mut self, site: &Site<'_>, program: &str) -> Self {
        self.ran.push(site.version(program));
        self
    }

    /// Notes a fact.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl ToString) -> Self {
        self.facts.push((name.to_owned(), value.to_string()));
        self
    }

    /// What a file held.
    pub fn text(&self, path: &str) -> Option<&str> {
        let (_, read) = self.files.iter().find(|(name, _)| name == path)?;
        read.as_deref().ok()
    }

    /// All of it as evidence.
    pub fn evidence(&self) -> Vec<Evidence> {
        let trials = self.tried.iter().flat_map(of_trial);
        let files = self.files.iter().map(|(path, read)| Evidence::File {
            path: path.clone(),
            value: read.as_deref().ok().map(shorten),
            errno: read.as_ref().err().map(Errno::to_string),
        });
        let stats = self.stats.iter().map(|(path, stat)| Evidence::File {
            path: path.clone(),
            value: stat.as_ref().ok().map(|stat| {
                format!(
                    "mode {:04o} uid {} gid {}",
                    stat.permissions(),
                    stat.uid,
                    stat.gid
                )
            }),
            errno: stat.as_ref().err().map(Errno::to_string),
        });
        let ran = self.ran.iter().map(of_command);
        let facts = self.facts.iter().map(|(name, value)| Evidence::File {
            path: name.clone(),
            value: Some(value.clone()),
            errno: None,
        });
        trials
            .chain(files)
            .chain(stats)
            .chain(ran)
            .chain(facts)
            .collect()
    }
}

/// The steps of the subject, and the step of the preparation that failed, if one did.
fn of_trial(tried: &Tried) -> Vec<Evidence> {
    let subject = tried.steps.iter().skip(tried.subject);
    let steps = tried
        .unprepared()
        .into_iter()
        .chain(subject)
        .map(|step| Evidence::Syscall {
            call: step.call.clone(),
            errno: step.errno.map(|errno| errno.to_string()),
        });
    steps.chain(tried.meeting.iter().map(of_command)).collect()
}

fn of_command(ran: &Ran) -> Evidence {
    let output = match ran.end {
        End::Exit(_) => shorten(ran.first_line()),
        end => end.to_string(),
    };
    Evidence::Command {
        command: ran.argv.join(" "),
        status: ran.status(),
        output,
    }
}

/// One line, shortened.
fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_one_short_line() {
        assert_eq!(shorten("0  0\n 4294967295\n"), "0 0 4294967295");
        assert_eq!(shorten(&"é".repeat(200)).chars().count(), SHORT + 1);
    }
}
