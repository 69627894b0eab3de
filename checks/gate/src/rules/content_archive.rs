//! `content.archive`: archives that were not looked into.

use hpcctl_model::scan::UNREAD;

use super::{Raised, Rule, secret_general};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "content.archive",
    title: "archives were looked into",
    manual: "\
An archive, a compressed file or a file system in a file goes out with all that is in it: a key
in it is as public as one beside it.

Judged by what the scan could not look into as a whole: what is encrypted, damaged, of a form that
is not read (a squashfs, a 7z), larger than its bounds, or an archive in more than eight others; bytes
of an archive that belong to no file; archives behind programs (AppImage), and what is no text behind
a script. Zip, tar, cpio, ar, packages of Debian and rpm, objects and packs of Git, and what gzip, xz,
zstd, bzip2, lz4 or lzip packed are looked into, in whichever layer, also behind a script; classes of
Java and pictures in them are passed over, and below /usr/share/doc, info and man texts that gzip
packed: manuals and logs of changes. What may be an example, such as an archive among the tests of a
package, is told and only warns.

Look into it yourself. Where it holds no key and nothing of a vendor, a waiver of this rule with
its path says so; else leave it out, or unpack it in the image.",
    fixed: false,
    look,
    clean: |_| "no archive that was not looked into".into(),
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let sensitive = context.case.scan.sensitive.iter();
    let unread = sensitive.filter(|found| found.rule == UNREAD);
    let raised = unread.map(|found| Raised {
        remedy: "Look into it yourself. Where it holds nothing that may not go out, a waiver of this rule with its path says so.".into(),
        ..secret_general::raised(context, found)
    });
    raised.collect()
}
