//! From a name to a manifest: short names, mirrors, and the registry itself.

use std::sync::Arc;

use crate::session::{Access, Session};
use crate::transport::Transport;
use crate::{Digest, Error, Manifest, Name, PushError, Repository, Settings, Step};

/// A client of any number of registries.
pub struct Client {
    transport: Arc<Transport>,
}

/// An image that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its name in full.
    pub name: Name,
    /// Where it is read from.
    pub repository: Repository,
    /// What its name stands for: an index or a manifest.
    pub manifest: Manifest,
    /// What was decided on the way, a sentence each.
    pub notes: Vec<String>,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Its name in full.
    pub name: Name,
    /// Where it is read from.
    pub repository: Repository,
    /// The digest of its index or its manifest.
    pub digest: Digest,
    /// What was decided on the way, a sentence each.
    pub notes: Vec<String>,
}

/// Who answered a question, and what.
struct Asked<T> {
    name: Name,
    repository: Repository,
    answer: T,
    notes: Vec<String>,
}

impl Client {
    /// A client that goes by these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            transport: Arc::new(Transport::new(settings)),
        }
    }

    /// Where what is pushed to a name really goes, `HOST/NAME`, if registries.conf sends it to another
    /// place.
    ///
    /// # Errors
    ///
    /// When the name is blocked, or its place is none.
    pub fn sent_elsewhere(&self, name: &Name) -> Result<Option<String>, Error> {
        let Some(registry) = &name.registry else {
            return Ok(None);
        };
        let full = name.within(registry);
        let endpoints = self.transport.settings().registries.endpoints(&full)?;
        let place = endpoints.into_iter().find(|endpoint| !endpoint.mirror);
        let elsewhere = place.filter(|place| {
            full.registry.as_ref() != Some(&place.registry) || full.repository != place.repository
        });
        Ok(elsewhere.map(|place| format!("{}/{}", place.registry, place.repository)))
    }

    /// Greets the registry that an image is pushed to; mirrors are never pushed to.
    ///
    /// # Errors
    ///
    /// When the name is short or blocked, or the registry cannot be reached.
    pub(crate) fn destination(&self, name: &Name) -> Result<Repository, PushError> {
        let Some(registry) = &name.registry else {
            return Err(PushError::ShortName(name.to_string()));
        };
        let on = |error| PushError::on(Step::Reach)(error);
        let registries = &self.transport.settings().registries;
        let endpoints = registries.endpoints(&name.within(registry)).map_err(on)?;
        let Some(endpoint) = endpoints.into_iter().find(|endpoint| !endpoint.mirror) else {
            return Err(PushError::ShortName(name.to_string()));
        };
        let transport = Arc::clone(&self.transport);
        let session = Session::open(transport, endpoint, Access::Push).map_err(on)?;
        Ok(Repository::new(session))
    }

    /// Finds an image; its manifest may have `limit` bytes.
    ///
    /// # Errors
    ///
    /// When no registry that it may be read from has it.
    pub fn find(&self, name: &Name, limit: u64) -> Result<Found, Error> {
        let asked = self.ask(name, |repository, name| {
            repository.manifest(&name.reference(), limit)
        })?;
        Ok(Found {
            name: asked.name,
            repository: asked.repository,
            manifest: asked.answer,
            notes: asked.notes,
        })
    }

    /// Finds out what a name stands for now, without the manifest itself: registries that count
    /// pulls do not count this.
    ///
    /// # Errors
    ///
    /// When no registry that it may be read from has it.
    pub fn resolve(&self, name: &Name, limit: u64) -> Result<Resolved, Error> {
        let asked = self.ask(name, |repository, name| {
            repository.resolve(&name.reference(), limit)
        })?;
        Ok(Resolved {
            name: asked.name,
            repository: asked.repository,
            digest: asked.answer,
            notes: asked.notes,
        })
    }

    /// Asks the mirrors of a name and then its registry, until one answers.
    fn ask<T>(
        &self,
        name: &Name,
        question: impl Fn(&Repository, &Name) -> Result<T, Error>,
    ) -> Result<Asked<T>, Error> {
        let registries = &self.transport.settings().registries;
        let (name, note) = registries.full_name(name)?;
        let mut notes: Vec<String> = note.into_iter().collect();
        let mut before: Vec<Error> = Vec::new();
        for endpoint in registries.endpoints(&name)? {
            let mirror = endpoint.mirror;
            let opened = Session::open(Arc::clone(&self.transport), endpoint, Access::Pull);
            let repository = opened.map(Repository::new);
            let found = repository.and_then(|repository| {
                let answer = question(&repository, &name)?;
                Ok((repository, answer))
            });
            match found {
                Ok((repository, answer)) => {
                    notes.extend(
                        before
                            .iter()
                            .map(|error| format!("a mirror was passed over: {error}")),
                    );
                    if mirror {
                        notes.push(format!(
                            "{name} was read from the mirror {}",
                            repository.place()
                        ));
                    }
                    return Ok(Asked {
                        name,
                        repository,
                        answer,
                        notes,
                    });
                }
                Err(error) => before.push(error),
            }
        }
        // The registry itself comes last.
        let last = before.pop().unwrap_or_else(|| Error::Unreachable {
            url: name.to_string(),
            why: "there is nowhere to read it from".to_owned(),
        });
        if before.is_empty() {
            return Err(last);
        }
        let before: Vec<String> = before.iter().map(ToString::to_string).collect();
        Err(Error::Everywhere {
            last: Box::new(last),
            before: before.join("; "),
        })
    }
}
