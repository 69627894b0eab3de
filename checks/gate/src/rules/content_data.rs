//! `content.data`: large data files.

use hpcctl_model::scan::Removed;

use super::{Raised, Rule};
use crate::case::Context;
use crate::policy::Set;

pub(super) static RULE: Rule = Rule {
    id: "content.data",
    title: "large files of data",
    manual: "\
Data in an image is copied to every node with it, and its terms are rarely those of the software:
model output, observations and data of people come with licences and agreements of their own.

Judged by the size of files of data that no package owns ([data] max-size). What a later layer deletes,
makes smaller or replaces with what is no data is told in layer.history, from 1 MiB on. Where it is
replaced by as large a file of data, whatever its content, that one is judged alone.

Leave data out of the image and bind it at run time.",
    fixed: false,
    look,
    clean: |_| "no large file of data".into(),
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let Some(most) = &context.policy.data_max_bytes else {
        return Vec::new();
    };
    let unowned = context.case.scan.unowned.iter();
    let large = unowned.filter(|file| file.kind.is_data() && file.size > most.value);
    let raised = large.map(|file| Raised {
        text: told(&file.path, file.size, most),
        layer: file.layer.as_deref().map(str::to_owned),
        path: Some(file.path.clone()),
        remedy: "Leave it out of the image and bind it at run time.".into(),
        ..Raised::default()
    });
    raised.collect()
}

/// What is said of data that a later layer removes; none where it is no more than may be.
pub(super) fn of_removed(context: &Context<'_>, removed: &Removed) -> Option<String> {
    let most = context.policy.data_max_bytes.as_ref()?;
    let size = removed.bytes.filter(|size| *size > most.value)?;
    Some(told(&removed.path, size, most))
}

fn told(path: &str, size: u64, most: &Set<u64>) -> String {
    let Set { value, origin } = most;
    format!("{path} holds {size} bytes of data, more than {value} ({origin}).")
}
