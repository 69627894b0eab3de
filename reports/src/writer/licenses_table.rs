//! `table` of `license show` and `license list`: one licence in full, or a licence a line.

use std::io::Write;

use hpcctl_model::license::{Licensed, List};

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, columns, counted, lines, styled, visible};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Licenses],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let licenses = &report.licenses()?.result;
    if let [license] = licenses.as_slice() {
        return in_full(license, options, out);
    }
    let mut table = columns(options.width, Some(["ID", "CLASS", "OSI", "FSF", "NAME"]));
    let yes = |is: bool| if is { "yes" } else { "-" };
    for license in licenses {
        table.add_row([
            visible(&license.id).into_owned(),
            class(license),
            yes(license.osi).to_owned(),
            yes(license.fsf).to_owned(),
            visible(&license.name).into_owned(),
        ]);
    }
    write!(out, "{}", lines(&mut table, 0))?;
    let count = counted(licenses.len(), "licence");
    writeln!(out, "\n{}", styled(&count, Style::Bold, options.color))?;
    Ok(())
}

fn class(license: &Licensed) -> String {
    let class = license.class.as_deref().unwrap_or("exception");
    visible(class).into_owned()
}

fn in_full(license: &Licensed, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let id = visible(&license.id);
    writeln!(out, "{}", styled(&id, Style::Bold, options.color))?;
    let list = match license.list {
        List::Licenses => "SPDX licence list",
        List::Exceptions => "SPDX licence list, exceptions",
        List::Vendors => "texts of vendors, known by samples",
        List::Names => {
            "names of hpcctl for families of licences and for terms that SPDX does not list"
        }
        List::Unlisted => "no list: a package or a file calls its licence so; read its text",
    };
    let mut rows = vec![
        ("name", visible(&license.name).into_owned()),
        ("from", list.to_owned()),
        ("class", class(license)),
    ];
    if license.list == List::Licenses {
        let told = |is: bool, said: &str| if is { said.to_owned() } else { "no".to_owned() };
        rows.push(("OSI", told(license.osi, "approved")));
        rows.push(("FSF", told(license.fsf, "free")));
    }
    if let Some(current) = &license.replaced_by {
        rows.push(("replaced by", visible(current).into_owned()));
    }
    for duty in &license.obligations {
        rows.push(("asks for", visible(duty).into_owned()));
    }
    let mut table = columns::<2>(options.width, None);
    for (field, value) in rows {
        table.add_row([field.to_owned(), value]);
    }
    write!(out, "{}", lines(&mut table, 0))?;
    if let Some(text) = &license.text {
        writeln!(out)?;
        for line in text.lines() {
            writeln!(out, "{}", visible(line))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mit() -> Licensed {
        Licensed {
            id: "MIT".into(),
            name: "MIT License".into(),
            list: List::Licenses,
            class: Some("permissive".into()),
            osi: true,
            fsf: false,
            replaced_by: None,
            obligations: vec!["Keep the notice.".into()],
            text: Some("One\n\u{1b}[2JTwo".into()),
        }
    }

    #[test]
    fn one_licence_is_shown_in_full() {
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        let mut out = Vec::new();
        in_full(&mit(), &options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for part in [
            "MIT\n",
            "approved",
            "FSF",
            "no",
            "Keep the notice.",
            "One\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
