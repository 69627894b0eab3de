//! Logins of package managers: `.npmrc`, `.pypirc`, Cargo's `credentials.toml`, `.m2/settings.xml`,
//! `auth.json` of Composer, `NuGet.Config`, `.gem/credentials`.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.package-login", "A login to a registry of packages.")
        .named(
            &[
                ".npmrc",
                ".yarnrc.yml",
                ".pypirc",
                "credentials.toml",
                "settings.xml",
                "settings-security.xml",
                "NuGet.Config",
                "nuget.config",
                "gradle.properties",
                ".sbt_credentials",
                "pip.conf",
                ".gem_credentials",
                ".poetry_auth",
                "auth.toml",
            ],
            file,
        )
        .holding(&[":_authToken="], place);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let mut in_comment = false;
    for (number, line) in source.text().lines().enumerate() {
        let line = line.trim();
        // Maven's own file has an example in a comment of XML.
        let was_comment = in_comment;
        let opens = line.rfind("<!--");
        in_comment = match (opens, line.rfind("-->")) {
            (Some(open), close) => close.is_none_or(|close| close < open),
            (None, Some(_)) => false,
            (None, None) => in_comment,
        };
        if was_comment {
            continue;
        }
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(field) = field(source.name(), line) {
            sightings.line(
                DETECTOR.id,
                number,
                format!("`{field}` in {}", source.name()),
            );
        }
    }
}

/// A token of npm in a file of any name, such as a script that writes `.npmrc`.
fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let token = value::run(source.bytes, at + 12, 200, value::is_word);
    if source.name() != ".npmrc" && value::is_random(token) {
        sightings.at(DETECTOR.id, source, at, "`_authToken` of npm");
    }
}

/// The name of the field of a line that logs in.
fn field<'l>(name: &str, line: &'l str) -> Option<&'l str> {
    match name {
        "settings.xml" | "settings-security.xml" | "NuGet.Config" | "nuget.config" => xml(line),
        ".yarnrc.yml" => of(value::pair(line, ':')?, &["npmAuthToken", "npmAuthIdent"]),
        ".npmrc" => {
            // `//HOST/:_authToken=TOKEN`
            let (field, value) = line.split_once('=')?;
            let field = field.rsplit(':').next()?.trim();
            of((field, value.trim()), &["_authToken", "_password", "_auth"])
        }
        "gradle.properties" => {
            let (name, value) = value::pair(line, '=')?;
            (name.to_ascii_lowercase().ends_with("password") && value::is_password(value))
                .then_some(name)
        }
        _ => of(
            value::pair(line, '=')?,
            &["password", "token", "secret-key"],
        ),
    }
}

fn of<'l>((name, value): (&'l str, &str), names: &[&str]) -> Option<&'l str> {
    (names.contains(&name) && value::is_password(value)).then_some(name)
}

/// `<password>WORD</password>`, or `<add key="ClearTextPassword" value="WORD"/>` of NuGet.
fn xml(line: &str) -> Option<&str> {
    if let Some((_, rest)) = line.split_once("<password>") {
        let value = rest.split("</").next()?;
        return value::is_password(value).then_some("password");
    }
    let (_, rest) = line.split_once("ClearTextPassword")?;
    let value = rest.split("value=\"").nth(1)?.split('"').next()?;
    value::is_password(value).then_some("ClearTextPassword")
}
