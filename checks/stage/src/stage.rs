//! Staging from beginning to end.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use hpcctl_host::Live;
use hpcctl_image::{
    Chosen, Exactly, Limits, Merged, Platform, Progress, Reference, carry, choose, exact,
};
use hpcctl_model::stage::{Form, Outcome, Stage, StagedImage, Target};
use hpcctl_registry as registry;

use crate::Error;
use crate::build::{Tool, time_of};
use crate::job::{broadcasts, environment, job, takes};
use crate::limit::{Leave, leave, limit, warning};
use crate::lock::{Holder, Lock, Waited, take};
use crate::place::{Place, Record, Spot, changed, clear, lead, put, sha256};
use crate::plan::Cost;
use crate::resolve::{Meant, alone, name, together};
use crate::sif;

/// What is to be staged, and where.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The image.
    pub reference: &'a Reference,
    /// The directory on the shared file system.
    pub to: &'a Path,
    /// As what; a squashfs where one can be made, else a layout.
    pub form: Option<Form>,
    /// The platform; this machine's where none is given.
    pub platform: Option<Platform>,
    /// Whether the registry need not prove who it is.
    pub insecure: bool,
    /// The nodes that are to use the image.
    pub nodes: u64,
    /// The scheduler and the runtime of the job script; those that are here where none is given.
    pub scheduler: Option<&'a str>,
    /// See `scheduler`.
    pub runtime: Option<&'a str>,
    /// How long to wait for another process that stages the same image.
    pub patience: Duration,
    /// Whether nothing is to be written.
    pub dry_run: bool,
}

/// Who is told while an image is staged.
pub trait Watch: Progress + Sync {
    /// Another process stages the image, and is waited for.
    fn waits(&self, holder: &Holder);

    /// The registry lets nothing be pulled for so long, and that is waited for.
    fn rests(&self, wait: Duration);
}

/// Stages an image, unless it is there.
///
/// # Errors
///
/// When it cannot be read or written; what was staged before is left as it was.
pub fn stage(request: &Request<'_>, watch: &dyn Watch) -> Result<Stage, Error> {
    let mut staging = Staging::begin(request, watch)?;
    let there = staging.spot.staged();
    let (record, outcome) = match (there, request.dry_run) {
        (Some(record), _) => (record, Outcome::Reused),
        (None, true) => {
            Place::writable(request.to)?;
            return staging.planned();
        }
        (None, false) => staging.done()?,
    };
    if !request.dry_run
        && let Some(link) = &staging.link
    {
        // Who may only read can use what is there all the same.
        if let Err(error) = lead(link, &staging.spot.target) {
            staging
                .notes
                .push(format!("the link was left as it is: {error}"));
        }
    }
    Ok(staging.report(&record, outcome))
}

struct Staging<'a> {
    request: &'a Request<'a>,
    watch: &'a dyn Watch,
    platform: Platform,
    meant: Meant,
    spot: Spot,
    link: Option<std::path::PathBuf>,
    rate: Option<registry::RateLimit>,
    notes: Vec<String>,
    tool: Option<Tool>,
}

impl<'a> Staging<'a> {
    /// Finds out what is meant and where it would lie.
    fn begin(request: &'a Request<'a>, watch: &'a dyn Watch) -> Result<Self, Error> {
        let tool = Tool::here();
        let form = request.form.unwrap_or(match tool {
            Some(_) => Form::Squashfs,
            None => Form::Oci,
        });
        if let (Form::Squashfs | Form::Sif, None) = (form, &tool) {
            return Err(Error::NoTool(form.as_str()));
        }
        if let Some(runtime) = request.runtime.filter(|runtime| !takes(runtime, form)) {
            return Err(Error::Runtime {
                runtime: runtime.to_owned(),
                form: form.as_str(),
            });
        }
        let mut notes = Vec::new();
        if request.form.is_none() && form == Form::Oci {
            notes.push(
                "it is staged as a layout, since squashfs-tools 4.5 or later are not here".into(),
            );
        }
        let place = match request.dry_run {
            true => None,
            // Who may only read can use what is there.
            false => match Place::open(request.to) {
                Ok(place) => Some(place),
                Err(_) if request.to.is_dir() => None,
                Err(error) => return Err(error),
            },
        };
        let meant = match (name(request.reference), &place) {
            (Some(name), Some(place)) => {
                let told = |holder: &Holder| watch.waits(holder);
                together(name, request.insecure, place, request.patience, &told)?
            }
            (Some(name), None) => alone(name, request.insecure)?,
            (None, _) => Meant {
                name: None,
                digest: open(request, None)?.root().digest.clone(),
                rate: None,
                notes: Vec::new(),
                asked: false,
            },
        };
        let place = place.map_or_else(|| Place::planned(request.to), Ok)?;
        let platform = request.platform.clone().unwrap_or_else(Platform::here);
        notes.extend(meant.notes.iter().cloned());
        Ok(Self {
            spot: place.spot(&meant.digest, &platform, form),
            link: meant.name.as_ref().map(|name| place.link(name, form)),
            rate: meant.rate.clone(),
            request,
            watch,
            platform,
            meant,
            notes,
            tool,
        })
    }

    /// The image that is meant, and what of it is for the platform; nothing is asked for where the
    /// registry said that nothing is left.
    fn chosen(&mut self) -> Result<(Box<dyn registry::Source>, Chosen), Error> {
        match leave(self.rate.as_ref(), jiff::Timestamp::now()) {
            Leave::Now => {}
            Leave::After(wait) => {
                self.watch.rests(wait);
                thread::sleep(wait);
                self.rate = None;
            }
            Leave::Later(why) => return Err(Error::Spent(why)),
        }
        let source = open(self.request, Some(&self.meant.digest))?;
        let platform = self.request.platform.as_ref();
        let chosen = choose(&*source, platform, &Limits::default())?;
        let told = source
            .repository()
            .and_then(registry::Repository::rate_limit);
        self.rate = told.or(self.rate.take());
        Ok((source, chosen))
    }

    /// The report of what would be done.
    fn planned(mut self) -> Result<Stage, Error> {
        let (_, chosen) = self.chosen()?;
        let cost = Cost::of(&chosen);
        let target = self.target(None);
        let manifest = Some(chosen.manifest.digest.to_string());
        Ok(self.finished(target, manifest, cost, (Outcome::Planned, false)))
    }

    /// Stages the image, or waits for whoever does.
    fn done(&mut self) -> Result<(Record, Outcome), Error> {
        let spot = self.spot.clone();
        let watch = self.watch;
        let told = |holder: &Holder| watch.waits(holder);
        loop {
            let waited = take(&spot.lock, self.request.patience, &|| spot.staged(), &told)?;
            let lock = match waited {
                Waited::Done(record) => return Ok((record, Outcome::Reused)),
                Waited::Ours(lock) => lock,
            };
            spot.clear_works()?;
            let made = self.made(&spot, &lock);
            let cleared = clear(&spot.work);
            // Where the claim was taken over, whoever has it now is waited for.
            let record = match made {
                Ok(Some(record)) => record,
                Ok(None) => continue,
                Err(_) if !lock.is_ours() => continue,
                Err(error) => return Err(error),
            };
            if let Err(error) = cleared {
                self.notes
                    .push(format!("what was left over stays: {error}"));
            }
            return Ok((record, Outcome::Staged));
        }
    }

    /// Pulls the image and makes what is asked for, beside its place; then puts it there, unless
    /// somebody else has the lock by now.
    fn made(&mut self, spot: &Spot, lock: &Lock) -> Result<Option<Record>, Error> {
        let (source, chosen) = self.chosen()?;
        let limits = Limits::default();
        let layout = spot.work.join("layout");
        fs::create_dir_all(&layout).map_err(Error::at(&layout))?;
        let set = carry(&*source, &chosen, &layout, &limits, self.watch)?;
        let cost = Cost::of(&chosen);
        let (new, hashed) = self.form(spot, &layout, &limits)?;
        if !lock.is_ours() {
            return Ok(None);
        }
        let set = environment(&set);
        if !set.is_empty() {
            put(&spot.environment, set.as_bytes())?;
        }
        let bytes = hashed.as_ref().map_or(cost.bytes, |(bytes, _)| *bytes);
        let mut record = Record {
            schema: Record::SCHEMA,
            manifest: chosen.manifest.digest.clone(),
            bytes,
            sha256: hashed.map(|(_, sha256)| sha256),
            modified: fs::metadata(&new).ok().map(|new| new.mtime()),
            changed: None,
            environment: !set.is_empty(),
            requests: cost.requests,
            pulled: cost.bytes,
            by: Holder::here(),
            at: jiff::Timestamp::now().to_string(),
        };
        // The record comes first: without its file it says nothing.
        spot.keep(&record)?;
        let made = fs::metadata(&new).map_err(Error::at(&new))?;
        let made = (made.dev(), made.ino());
        spot.take_in(&new)?;
        if spot.form == Form::Oci {
            return Ok(Some(record));
        }
        // Where nobody else has put one there meanwhile, what is kept is about this very file; else
        // whoever looks at it compares the bytes.
        let there = fs::metadata(&spot.target).map_err(Error::at(&spot.target))?;
        if made != (there.dev(), there.ino()) {
            return Ok(None);
        }
        record.changed = Some(changed(&there));
        spot.keep(&record)?;
        Ok(Some(record))
    }

    /// Makes what is asked for of a layout; of a file also its size and its digest.
    fn form(
        &self,
        spot: &Spot,
        layout: &Path,
        limits: &Limits,
    ) -> Result<(std::path::PathBuf, Option<(u64, String)>), Error> {
        let tree = Merged::read(layout, limits, self.watch)?;
        let Some(tool) = self.tool.as_ref().filter(|_| spot.form != Form::Oci) else {
            return Ok((layout.to_owned(), None));
        };
        let squashfs = spot.work.join("image.sqfs");
        let time = time_of(&tree);
        tool.make(tree, &squashfs, self.watch)?;
        let mut file = squashfs;
        if spot.form == Form::Sif {
            let sif = spot.work.join("image.sif");
            let digest = self.meant.digest.to_string();
            sif::wrap(&file, &sif, &self.platform, &digest, time.into())
                .map_err(Error::at(&sif))?;
            file = sif;
        }
        let hashed = hashed(&file).map_err(Error::at(&file))?;
        Ok((file, Some(hashed)))
    }

    fn target(&self, record: Option<&Record>) -> Target {
        let text = |path: &Path| path.display().to_string();
        let environment = record.is_some_and(|record| record.environment);
        Target {
            path: text(&self.spot.target),
            link: self.link.as_deref().map(text),
            form: self.spot.form,
            bytes: record.map(|record| record.bytes),
            sha256: record.and_then(|record| record.sha256.clone()),
            environment: environment.then(|| text(&self.spot.environment)),
            staged_by: record.map(|record| record.by.host.clone()),
            staged_at: record.map(|record| record.at.clone()),
        }
    }

    fn report(self, record: &Record, outcome: Outcome) -> Stage {
        let cost = Cost {
            requests: record.requests,
            bytes: record.pulled,
        };
        let manifest = Some(record.manifest.to_string());
        let is_there = outcome != Outcome::Staged;
        let target = self.target(Some(record));
        self.finished(target, manifest, cost, (outcome, is_there))
    }

    fn finished(
        self,
        target: Target,
        manifest: Option<String>,
        cost: Cost,
        (outcome, is_there): (Outcome, bool),
    ) -> Stage {
        let request = self.request;
        let rate_limit = self.rate.map(limit);
        let mut notes = self.notes;
        notes.extend(
            rate_limit
                .as_ref()
                .and_then(|limit| warning(limit, request.nodes)),
        );
        let is_remote = name(request.reference).is_some();
        let cost = match is_remote {
            true => cost,
            // What lies in a file costs a registry nothing.
            false => Cost {
                requests: 0,
                bytes: 0,
            },
        };
        Stage {
            image: StagedImage {
                reference: request.reference.to_string(),
                digest: self.meant.digest.to_string(),
                manifest,
                platform: self.platform.to_string(),
            },
            outcome,
            plan: cost.plan(request.nodes, is_there, self.meant.asked),
            rate_limit,
            broadcast: broadcasts(&target, &Live),
            job: job(
                &target,
                request.nodes,
                request.scheduler,
                request.runtime,
                &Live,
            ),
            target,
            notes,
        }
    }
}

/// Opens the image for its bytes.
fn open(
    request: &Request<'_>,
    digest: Option<&registry::Digest>,
) -> Result<Box<dyn registry::Source>, Error> {
    let how = Exactly {
        digest,
        insecure: request.insecure,
        ..Exactly::default()
    };
    Ok(exact(request.reference, &how)?)
}

/// The size and the SHA-256 digest of a file, which is on the disk after this.
fn hashed(path: &Path) -> io::Result<(u64, String)> {
    let file = File::open(path)?;
    file.sync_all()?;
    sha256(file)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes its files")]
pub(crate) mod tests;
