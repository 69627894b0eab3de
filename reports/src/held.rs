//! What an image should not hold, in whichever layer, for a terminal: keys and passwords, files
//! whose holder restricts who may pass them on, programs with privileges.

use hpcctl_model::scan::{Redistribution, Scan, UNREAD};

use crate::report::Options;
use crate::terminal::{columns, counted, heading, left_out, lines, visible};

/// How many rows of each kind are shown where not every detail is wanted.
const ROWS: usize = 8;

/// What gives access; where not every detail is wanted, what may be an example is only counted.
pub fn sensitive(scan: &Scan, options: &Options) -> String {
    let (doubtful, clear): (Vec<_>, Vec<_>) = scan.sensitive.iter().partition(|one| one.doubtful);
    let rows = clear.iter().chain(doubtful.iter());
    let wanted = if options.verbose {
        scan.sensitive.len()
    } else {
        clear.len().min(ROWS)
    };
    let rows = rows.take(wanted).map(|one| {
        let line = one.line.map_or_else(String::new, |line| format!(":{line}"));
        let places = [std::slice::from_ref(&one.path), one.also.as_slice()].concat();
        let doubt = if one.doubtful {
            "; may be an example"
        } else {
            ""
        };
        [
            format!("{}{line}", places.join(" and ")),
            format!("{}{}{doubt}", one.text, gone(one.deleted)),
        ]
    });
    let unread = clear.iter().filter(|one| one.rule == UNREAD).count();
    let signs = counted(clear.len() - unread, "sign");
    let mut title = format!("{signs} of what gives access");
    if unread > 0 {
        let archives = counted(unread, "archive");
        title += &format!(", {archives} not looked into as a whole");
    }
    if !doubtful.is_empty() {
        title += &format!(", and {} that may be examples", doubtful.len());
    }
    section(
        &title,
        scan.sensitive.len(),
        rows,
        options,
        ["WHERE", "WHAT"],
    )
}

/// Files that may not be passed on as they are.
pub fn restricted(scan: &Scan, options: &Options) -> String {
    let restricted = scan.restricted.iter();
    let mut all: Vec<_> = restricted
        .filter(|one| one.state != Redistribution::Yes)
        .collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.state));
    let wanted = if options.verbose { all.len() } else { ROWS };
    let rows = all.iter().take(wanted).map(|one| {
        [
            one.path.clone(),
            format!("{}: {}{}", one.state.as_str(), one.terms, gone(one.deleted)),
        ]
    });
    let title = format!("{} under terms of vendors", counted(all.len(), "file"));
    section(
        &title,
        all.len(),
        rows,
        options,
        ["FILE", "MAY IT BE PASSED ON"],
    )
}

/// Programs with privileges; only counted where not every detail is wanted.
pub fn privileged(scan: &Scan, options: &Options) -> String {
    let all = &scan.privileged;
    let wanted = if options.verbose { all.len() } else { 0 };
    let rows = all.iter().take(wanted).map(|one| {
        let detail = one
            .detail
            .as_deref()
            .map_or_else(String::new, |detail| format!(" {detail}"));
        [
            one.path.clone(),
            format!("{}{detail}{}", one.kind.as_str(), gone(one.deleted)),
        ]
    });
    let title = format!("{} with privileges", counted(all.len(), "file"));
    section(&title, all.len(), rows, options, ["FILE", "WHICH"])
}

/// What a later layer removes; where not every detail is wanted, packages and licences first.
pub fn removed(scan: &Scan, options: &Options) -> String {
    let mut all: Vec<_> = scan.removed.iter().collect();
    all.sort_by_key(|one| one.kind);
    let wanted = if options.verbose { all.len() } else { ROWS };
    let rows = all.iter().take(wanted).map(|one| {
        let licenses = one.licenses.as_deref();
        let licenses = licenses.map_or_else(String::new, |licenses| format!(": {licenses}"));
        [
            one.package.as_ref().unwrap_or(&one.path).clone(),
            format!("{}{licenses}", one.kind.as_str()),
        ]
    });
    let title = format!(
        "{} that a later layer removes and that {} all the same",
        counted(all.len(), "thing"),
        if all.len() == 1 { "ships" } else { "ship" }
    );
    section(&title, all.len(), rows, options, ["WHAT", "IT IS"])
}

fn gone(deleted: bool) -> &'static str {
    if deleted {
        " (deleted by a later layer, and ships all the same)"
    } else {
        ""
    }
}

/// A heading with its rows, and how many more there are.
fn section(
    title: &str,
    count: usize,
    rows: impl Iterator<Item = [String; 2]>,
    options: &Options,
    header: [&str; 2],
) -> String {
    if count == 0 {
        return String::new();
    }
    let mut table = columns(options.width, Some(header));
    let mut shown = 0;
    for row in rows {
        table.add_row(row.map(|cell| visible(&cell).into_owned()));
        shown += 1;
    }
    if shown == 0 {
        return heading(&format!("{title} (-v lists them)"), options.color);
    }
    heading(title, options.color) + &lines(&mut table, 0) + &left_out(count, shown, "finding")
}

#[cfg(test)]
mod tests {
    use hpcctl_model::scan::{
        PrivilegeKind, Privileged, Removed, RemovedKind, Restricted, Sensitive,
    };

    use super::*;
    use crate::sbom::tests::report;

    fn options(verbose: bool) -> Options {
        Options {
            verbose,
            width: 100,
            color: false,
        }
    }

    fn key(path: &str, doubtful: bool) -> Sensitive {
        Sensitive {
            path: path.into(),
            also: Vec::new(),
            layer: None,
            rule: "secret.private-key".into(),
            line: Some(3),
            text: "a private key".into(),
            doubtful,
            deleted: !doubtful,
        }
    }

    #[test]
    fn what_may_be_an_example_is_counted_and_shown_on_demand() {
        let mut scan = report(Vec::new()).result;
        assert_eq!(sensitive(&scan, &options(false)), "");
        scan.sensitive = vec![key("/tests/a.pem", true), key("/root/.ssh/id", false)];
        let expected = "
1 sign of what gives access, and 1 that may be examples
WHERE            WHAT
/root/.ssh/id:3  a private key (deleted by a later layer, and ships all the same)
  and 1 more finding (-v lists all)
";
        assert_eq!(sensitive(&scan, &options(false)), expected);
        assert!(sensitive(&scan, &options(true)).contains("a private key; may be an example"));
        scan.sensitive.push(Sensitive {
            rule: UNREAD.into(),
            ..key("/srv/a.7z", false)
        });
        let text = sensitive(&scan, &options(false));
        let title =
            "\n1 sign of what gives access, 1 archive not looked into as a whole, and 1 that";
        assert!(text.starts_with(title), "{text}");
        scan.sensitive.truncate(1);
        let text = sensitive(&scan, &options(false));
        assert_eq!(
            text,
            "\n0 signs of what gives access, and 1 that may be examples (-v lists them)\n"
        );
    }

    #[test]
    fn the_strictest_terms_come_first_and_what_is_free_is_left_out() {
        let mut scan = report(Vec::new()).result;
        let file = |path: &str, state| Restricted {
            path: path.into(),
            layer: None,
            terms: "nvidia-driver".into(),
            state,
            matched_by: "soname".into(),
            detail: "libcuda.so.1".into(),
            text: String::new(),
            source: String::new(),
            deleted: false,
            package: None,
        };
        scan.restricted = vec![
            file("/a", Redistribution::Yes),
            file("/b", Redistribution::Conditional),
            file("/c", Redistribution::No),
        ];
        let text = restricted(&scan, &options(false));
        let expected = "
2 files under terms of vendors
FILE  MAY IT BE PASSED ON
/c    no: nvidia-driver
/b    conditional: nvidia-driver
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_a_later_layer_removes_is_shown() {
        let mut scan = report(Vec::new()).result;
        assert_eq!(removed(&scan, &options(false)), "");
        let one = |path: &str, kind, package: Option<&str>, licenses: Option<&str>| Removed {
            path: path.into(),
            layer: None,
            kind,
            package: package.map(str::to_owned),
            licenses: licenses.map(str::to_owned),
            bytes: None,
        };
        scan.removed = vec![
            one("/bin/x", RemovedKind::Program, None, None),
            one(
                "/s",
                RemovedKind::Package,
                Some("gcc 12 (deb)"),
                Some("GPL-3.0-only"),
            ),
        ];
        let expected = "
2 things that a later layer removes and that ship all the same
WHAT          IT IS
gcc 12 (deb)  package: GPL-3.0-only
/bin/x        program
";
        assert_eq!(removed(&scan, &options(false)), expected);
    }

    #[test]
    fn privileges_are_counted() {
        let mut scan = report(Vec::new()).result;
        scan.privileged = vec![Privileged {
            path: "/usr/bin/su".into(),
            layer: None,
            kind: PrivilegeKind::Setuid,
            mode: "4755".into(),
            detail: None,
            sha256: None,
            deleted: false,
        }];
        assert_eq!(
            privileged(&scan, &options(false)),
            "\n1 file with privileges (-v lists them)\n"
        );
        assert!(privileged(&scan, &options(true)).contains("/usr/bin/su  setuid"));
    }
}
