//! `table` of `publish`: what was published, or why not.

use std::io::Write;

use hpcctl_model::gate::Gate;
use hpcctl_model::publish::Published;

use super::gate_table;
use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, filled, heading, in_units, styled};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Publish],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let result = &report.publish()?.result;
    let text = match &result.published {
        Some(published) => of(published, &result.gate, options),
        None => {
            let word = styled("not published", Style::Bad, options.color);
            format!("{word}\n\n{}", gate_table::decision(&result.gate, options))
        }
    };
    Ok(out.write_all(text.as_bytes())?)
}

fn of(published: &Published, gate: &Gate, options: &Options) -> String {
    let word = styled("published", Style::Good, options.color);
    let tag = published.tag.as_deref();
    let place = tag.map_or_else(
        || format!("{}@{}", published.name, published.digest),
        |tag| format!("{}:{tag}", published.name),
    );
    let mut text = format!("{word}  {place}\n");
    text += &filled("digest     ", &published.digest, options.width);
    let subject = &gate.subject;
    if let Some(platform) =
        gate_table::platform(subject.platform.as_deref(), &subject.other_platforms)
    {
        text += &filled("platform   ", &platform, options.width);
    }
    if tag.is_some() {
        let before = published.before.as_deref().unwrap_or("no image");
        text += &filled("before     ", before, options.width);
    }
    let blobs = published.blobs;
    let counts = format!(
        "{} sent ({}), {} mounted, {} were there",
        blobs.sent,
        in_units(blobs.bytes),
        blobs.mounted,
        blobs.there
    );
    text += &filled("blobs      ", &counts, options.width);
    text += &filled("signed by  ", &published.signed_by, options.width);
    text += &heading("Attached", options.color);
    for attached in &published.attached {
        text += &format!("  {:24} {}\n", attached.title, attached.digest);
    }
    text
}

#[cfg(test)]
mod tests {
    use hpcctl_model::Envelope;
    use hpcctl_model::gate::{Level, Outcome};
    use hpcctl_model::publish::{Attached, Blobs, Publish};

    use super::*;
    use crate::writer::gate_table::tests::{finding, report};

    fn text(published: Option<Published>) -> String {
        let gate = report(Outcome::Deny, vec![finding(Level::Deny, None)]);
        let publish = Envelope {
            schema: "hpcctl.publish/1".into(),
            kind: "publish".into(),
            tool: gate.tool,
            host: gate.host,
            started_at: gate.started_at,
            finished_at: gate.finished_at,
            result: Publish {
                gate: gate.result,
                published,
            },
            unknowns: Vec::new(),
        };
        let options = Options {
            verbose: false,
            width: 100,
            color: false,
        };
        let mut out = Vec::new();
        write(&Report::Publish(&publish), None, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_refusal_shows_why() {
        let text = text(None);
        assert!(text.starts_with("not published\n"), "{text}");
        assert!(text.contains("policy   site.toml:41"), "{text}");
    }

    #[test]
    fn what_was_published_shows_where_it_is() {
        let text = text(Some(Published {
            name: "r.example/a".into(),
            tag: Some("v1".into()),
            digest: "sha256:aa".into(),
            before: None,
            blobs: Blobs {
                there: 1,
                mounted: 0,
                sent: 2,
                bytes: 2048,
            },
            attached: vec![Attached {
                title: "sbom.cdx.json".into(),
                media_type: "x".into(),
                digest: "sha256:bb".into(),
                manifest: "sha256:cc".into(),
            }],
            signed_by: "dd".into(),
        }));
        for line in [
            "published  r.example/a:v1",
            "before     no image",
            "2 sent (2.0 KiB)",
            "sbom.cdx.json",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
