//! `content.data`: large data files.

use hpcctl_model::scan::ContentKind;

use super::{Raised, Rule};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "content.data",
    title: "large files of data",
    manual: "\
Data in an image is copied to every node with it, and its terms are rarely those of the software:
model output, observations and data of people come with licences and agreements of their own.

Judged by the size of files of data that no package owns ([data] max-size).

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
    let large = unowned.filter(|file| {
        let is_data = matches!(
            file.kind,
            ContentKind::Data | ContentKind::Text | ContentKind::Archive
        );
        is_data && file.size > most.value
    });
    let raised = large.map(|file| Raised {
        text: format!(
            "{} holds {} bytes of data, more than {} ({}).",
            file.path, file.size, most.value, most.origin
        ),
        layer: file.layer.as_deref().map(str::to_owned),
        path: Some(file.path.clone()),
        remedy: "Leave it out of the image and bind it at run time.".into(),
        ..Raised::default()
    });
    raised.collect()
}
