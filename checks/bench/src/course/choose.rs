//! What of the subjects is measured, and what has to be there first.

use hpcctl_model::Unknown;

use super::Run;
use crate::Error;
use crate::executor::{Executor, Site};
use crate::fs::brought;
use crate::image::Image;
use crate::launch::cold::COLD;
use crate::measurement::{Measurement, Processors, SUBJECTS};
use crate::pair::{Bout, Pairs};
use crate::{fabric, gpu, mounts, net};

/// What fs says nothing of, where the image is no directory.
const NOT_SEEN: &str = "fs is of files of the node that are bound into the container, and of none of the image, which the \
    runtime alone sees";

impl Run<'_> {
    /// Decides what is measured, has all of it ready and taken once, and asks either side for what it has.
    pub(super) fn prepare(
        &mut self,
        site: &Site<'_>,
        executor: &dyn Executor,
        pairs: &mut Pairs<'_>,
    ) -> Result<Bout, Error> {
        let mut chosen = self.choose(pairs.processors.len())?;
        if chosen.iter().any(|one| is_of_libc(one)) {
            self.keep_libc(executor, pairs, &mut chosen)?;
        }
        self.make_ready(site, pairs, &mut chosen)?;
        let bout = self.rehearse(pairs, chosen)?;
        if bout.has("ranks.") {
            pairs.reach()?;
        }
        if bout.has("mpi.") {
            pairs.libraries()?;
        }
        if self.request.why && bout.has("net.") {
            pairs.look_at_rules();
        }
        Ok(bout)
    }

    /// The measurements of the subjects, without those that say nothing here.
    fn choose(&mut self, processors: usize) -> Result<Vec<&'static Measurement>, Error> {
        let mut chosen = Vec::new();
        let wanted = |name: &str| self.request.subjects.contains(&name);
        let only = self.request.only.unwrap_or("");
        let asked = |one: &Measurement| one.figures.iter().any(|it| it.id.starts_with(only));
        let all = SUBJECTS.iter().filter(|subject| wanted(subject.name));
        let all: Vec<&Measurement> = all.flat_map(|it| it.measurements).copied().collect();
        if !all.iter().any(|one| asked(one)) {
            let figures = all.iter().flat_map(|one| one.figures).map(|it| it.id);
            let known = figures.collect::<Vec<&str>>().join(", ");
            let message = format!("no figure begins with {only}; there are {known}");
            return Err(Error::Usage(message));
        }
        for subject in SUBJECTS.iter().filter(|subject| wanted(subject.name)) {
            let measurements = subject.measurements.iter();
            for measurement in measurements.filter(|one| asked(one)) {
                if measurement.id() == net::PEER.id() && self.request.peer.is_none() {
                    continue;
                }
                if measurement.processors == Processors::Two && processors < 2 {
                    let why = "there is one processor only";
                    self.unknowns.push(Unknown::new(measurement.id(), why));
                } else {
                    chosen.push(*measurement);
                }
            }
        }
        Ok(chosen)
    }

    /// Has C libraries that this program does not run with measured by one that runs with both, or leaves them out.
    fn keep_libc(
        &mut self,
        executor: &dyn Executor,
        pairs: &mut Pairs<'_>,
        chosen: &mut Vec<&'static Measurement>,
    ) -> Result<(), Error> {
        let Err(foreign) = executor.own_libc() else {
            return Ok(());
        };
        if let Err(why) = pairs.c_libraries(&foreign)? {
            let why = format!(
                "this program does not run with the C library of the image: {foreign}; and one for any: {why}"
            );
            self.unknowns.push(Unknown::new("libc", why));
            chosen.retain(|one| !is_of_libc(one));
        }
        Ok(())
    }

    /// Brings what inside needs, and finds out which GPU and which libfabric either side has; what there is none for is
    /// left out.
    fn make_ready(
        &mut self,
        site: &Site<'_>,
        pairs: &mut Pairs<'_>,
        chosen: &mut Vec<&'static Measurement>,
    ) -> Result<(), Error> {
        if chosen.iter().any(|one| is_of_image(one)) && !copy_image(site, pairs)? {
            chosen.retain(|one| !is_of_image(one));
        }
        if chosen.iter().any(|one| mounts::is_packed(one)) {
            pairs.doubts.extend(mounts::doubt(site.host));
            if let Err(why) = mounts::pack(site.host, &site.workplace.shared()) {
                self.unknowns.push(Unknown::new("mounts.squashfs", why));
                chosen.retain(|one| !mounts::is_packed(one));
            }
        }
        let is_cold = |one: &Measurement| one.id() == COLD.id();
        if chosen.iter().any(|one| is_cold(one))
            && let Err(why) = pairs.look_at_launch()?
        {
            self.unknowns.push(Unknown::new(COLD.id(), why));
            chosen.retain(|one| !is_cold(one));
        }
        if chosen.iter().any(|one| one.id().starts_with("mpi.")) {
            pairs.bring_library()?;
        }
        if chosen.iter().any(|one| one.id().starts_with("fabric.")) {
            let found = pairs.fabrics()?;
            self.keep_fabric(found, chosen);
        }
        let is_of_gpu = |one: &Measurement| one.id().starts_with("gpu.");
        if !chosen.iter().any(|one| is_of_gpu(one)) {
            return Ok(());
        }
        match pairs.gpus()? {
            Ok(many) => chosen.retain(|one| many > 1 || one.id() != gpu::PEER.id()),
            Err(why) => {
                self.unknowns.push(Unknown::new("gpu", why));
                chosen.retain(|one| !is_of_gpu(one));
            }
        }
        Ok(())
    }

    /// Leaves out what there is no libfabric for on either side, and hardware that neither has.
    fn keep_fabric(
        &mut self,
        found: [Result<bool, String>; 2],
        chosen: &mut Vec<&'static Measurement>,
    ) {
        let native = found.iter().any(|side| matches!(side, Ok(true)));
        let is_outside = found[0].is_ok();
        let is_on_both = found.iter().all(Result::is_ok);
        chosen.retain(|one| match one.id() {
            id if !id.starts_with("fabric.") => true,
            id if id == fabric::SOCKETS.id() => is_outside,
            id if id == fabric::NATIVE.id() => is_on_both && native,
            _ => is_on_both,
        });
        for why in found.into_iter().filter_map(Result::err) {
            self.unknowns.push(Unknown::new("fabric", why));
        }
    }
}

fn is_of_libc(one: &Measurement) -> bool {
    one.id().starts_with("libc.")
}

fn is_of_image(one: &Measurement) -> bool {
    one.id() == brought::IMAGE.id()
}

/// Copies files of the image, beside which they are read inside; whether there are any.
fn copy_image(site: &Site<'_>, pairs: &mut Pairs<'_>) -> Result<bool, Error> {
    let Some(reference) = site.image else {
        return Ok(false);
    };
    let image = match Image::open(site.host, reference) {
        Ok(image) => image,
        Err(_) => {
            pairs.doubts.push(NOT_SEEN.into());
            return Ok(false);
        }
    };
    let copied = brought::copy(&image.root, &site.workplace.shared());
    let many = copied.map_err(|source| Error::Workplace {
        what: "a copy of files of the image".into(),
        source,
    })?;
    Ok(many > 0)
}
