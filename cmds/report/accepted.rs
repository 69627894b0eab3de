//! Slow-downs that a site accepts: `accepted.toml`.

use std::io::ErrorKind;
use std::path::Path;

use hpcctl_reports::fleet::NodeSet;
use hpcctl_reports::trend::Accepted;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use crate::bounded;
use crate::failure::Failure;

/// Where a site says what it accepts.
const SITE: &str = "/etc/hpcctl/accepted.toml";

/// The largest file that is read.
const MOST: u64 = 1 << 20;

/// What the long help says of the file.
pub const HELP: &str = "\
ACCEPTED SLOW-DOWNS
  A slow-down that is meant, such as that of a new kernel, is a table in /etc/hpcctl/accepted.toml:
    version = 1
    [[accepted]]
    id = \"OPS-812\"
    metric = \"libc.*\"           # or one of them, as libc.syscall
    nodes = \"n[001-128]\"        # else all
    from = \"2026-11-20\"
    owner = \"the.admin\"
    reason = \"kernel 6.12 with its mitigations\"
    expires = \"2027-05-31\"      # else for good
  What is measured from that day on is what is usual; until there are nights enough, it is told that
  there are too few. Where it has lapsed, the nights before that day count again. One that fits no
  figure is told.";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    accepted: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    metric: String,
    nodes: Option<String>,
    from: String,
    owner: String,
    reason: String,
    expires: Option<String>,
}

/// What is accepted by a file: the one that was asked for, else that of the site, where there is one.
pub fn read(asked: Option<&Path>) -> Result<Vec<Accepted>, Failure> {
    let path = asked.unwrap_or(Path::new(SITE));
    let text = match bounded::text(path, MOST) {
        Err(error) if error.kind() == ErrorKind::NotFound && asked.is_none() => {
            return Ok(Vec::new());
        }
        text => text.map_err(|error| {
            Failure::configuration(format!("cannot read {}: {error}", path.display()))
        })?,
    };
    parsed(&text).map_err(|why| {
        let (path, why) = (path.display(), why.trim_end());
        Failure::configuration(format!("{path} is not valid: {why}"))
            .hint("hpcctl report nightly --help tells what stands in it")
    })
}

fn parsed(text: &str) -> Result<Vec<Accepted>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    if file.version != 1 {
        return Err(format!("version is {}, and 1 is known", file.version));
    }
    let mut all: Vec<Accepted> = Vec::new();
    for row in file.accepted {
        let id = row.id.clone();
        let one = accepted(row).map_err(|why| format!("{id:?}: {why}"))?;
        if all.iter().any(|known| known.id == id) {
            return Err(format!("{id:?} stands there twice"));
        }
        all.push(one);
    }
    Ok(all)
}

fn accepted(row: Row) -> Result<Accepted, String> {
    for (name, text) in [
        ("id", &row.id),
        ("metric", &row.metric),
        ("owner", &row.owner),
        ("reason", &row.reason),
    ] {
        if text.trim().is_empty() {
            return Err(format!("{name} is empty"));
        }
    }
    let nodes: Option<NodeSet> = match &row.nodes {
        Some(set) => Some(crate::fleet::node_set(set).map_err(|why| format!("nodes: {why}"))?),
        None => None,
    };
    let from = date("from", &row.from)?;
    let expires = match &row.expires {
        Some(last) => Some(date("expires", last)?),
        None => None,
    };
    if expires.is_some_and(|last| last < from) {
        return Err("it expires before it begins".into());
    }
    let begin: Result<Timestamp, _> = format!("{from}T00:00:00Z").parse();
    let begin = begin.map_err(|error| format!("from: {error}"))?;
    Ok(Accepted {
        id: row.id,
        owner: row.owner,
        reason: row.reason,
        metric: row.metric,
        nodes,
        from: begin.as_second(),
        expires: expires.map(|last| last.to_string()),
    })
}

/// Reads a day.
fn date(name: &str, text: &str) -> Result<Date, String> {
    let day: Option<Date> = text.parse().ok().filter(|_| text.len() == 10);
    day.ok_or_else(|| format!("{name}: give a day, such as 2026-11-20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "version = 1\n[[accepted]]\nid = \"A\"\nmetric = \"libc.*\"\n\
        from = \"2026-11-20\"\nowner = \"o\"\nreason = \"r\"\n";

    #[test]
    fn a_row_is_read() {
        let text = format!("{ROW}nodes = \"n[1-2]\"\nexpires = \"2027-01-31\"\n");
        let one = &parsed(&text).unwrap()[0];
        assert_eq!(one.to_string(), "libc.* on n[1-2]");
        assert_eq!(
            (one.from, one.expires.as_deref()),
            (1_795_132_800, Some("2027-01-31"))
        );
        assert!(parsed("version = 1\n").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_row_is_told() {
        let with = |old: &str, new: &str| parsed(&ROW.replace(old, new)).unwrap_err();
        for (old, new, told) in [
            ("version = 1", "version = 2", "version is 2"),
            ("reason = \"r\"\n", "", "missing field `reason`"),
            ("\"r\"", "\" \"", "\"A\": reason is empty"),
            ("\"r\"\n", "\"r\"\nnode = \"n1\"\n", "unknown field `node`"),
            ("\"r\"\n", "\"r\"\nnodes = \"n[1\"\n", "\"A\": nodes: "),
            ("2026-11-20", "2026-11-31", "\"A\": from: give a day"),
            ("2026-11-20", "2026-11-20T02:00", "\"A\": from: give a day"),
            (
                "\"r\"\n",
                "\"r\"\nexpires = \"2026-11-19\"\n",
                "expires before",
            ),
        ] {
            let why = with(old, new);
            assert!(why.contains(told), "{new}: {why}");
        }
        let twice = format!("{ROW}{}", &ROW["version = 1\n".len()..]);
        assert!(parsed(&twice).unwrap_err().contains("twice"));
    }
}
