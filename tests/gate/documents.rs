//! Secrets in the manifest, the configuration and the commands of an image.

use serde_json::{Value, json};

use super::{findings, gated};
use crate::handmade::debian;

/// Puts a secret into a manifest or a configuration.
type Put = fn(&mut Value, &mut Value, &str);

/// The places of documents where a token may stand.
const PLACES: [(&str, Put); 7] = [
    ("manifest:/annotations/ci.token", |manifest, _, it| {
        manifest["annotations"] = json!({"ci.token": it});
    }),
    ("manifest:/layers/0/annotations/x", |manifest, _, it| {
        manifest["layers"][0]["annotations"] = json!({"x": it});
    }),
    ("config:/config/Healthcheck/Test/1", |_, config, it| {
        config["config"]["Healthcheck"] = json!({"Test": ["CMD-SHELL", format!("check {it}")]});
    }),
    ("config:/history/0/comment", |_, config, it| {
        config["history"][0]["comment"] = json!(it);
    }),
    ("config:/author", |_, config, it| {
        config["author"] = json!(it)
    }),
    ("config:/config/OnBuild/0", |_, config, it| {
        config["config"]["OnBuild"] = json!([format!("RUN get {it}")]);
    }),
    ("config:/made_by/args", |_, config, it| {
        config["made_by"] = json!({"args": it});
    }),
];

#[test]
fn a_secret_in_any_string_of_the_documents_is_found() {
    // Put together here, so that none stands in the source.
    let token = ["glpat-", "Zx8Kq2Lm4Nv6", "Bt9Rw3Yc"].concat();
    let dir = tempfile::tempdir().unwrap();
    for (place, put) in PLACES {
        let run = gated(dir.path(), &debian(), |manifest, config| {
            put(manifest, config, &token)
        });
        let found = findings(&run, "layer.history");
        let text = format!("{place}: a user's token of GitLab");
        assert_eq!(found, [("deny".to_owned(), text)]);
        assert!(!run.stdout.contains(&token), "{place}: the secret is shown");
    }
}

#[test]
fn a_password_in_a_command_is_found_and_a_variable_is_none() {
    let word = ["Tr0ub4", "dor3x"].concat();
    let dir = tempfile::tempdir().unwrap();
    for (command, level) in [
        (
            format!("RUN curl -u bob:{word} https://data.site.org"),
            Some("deny"),
        ),
        (
            format!("RUN echo 'machine a login b password {word}' > ~/.netrc"),
            Some("deny"),
        ),
        (
            "RUN curl -u bob:$PASSWORD https://data.site.org".to_owned(),
            None,
        ),
        (
            "RUN curl -H \"PRIVATE-TOKEN: ${TOKEN}\" https://data.site.org".to_owned(),
            None,
        ),
    ] {
        let run = gated(dir.path(), &debian(), |_, config| {
            config["history"][0]["created_by"] = json!(command);
        });
        let found = findings(&run, "layer.history");
        let levels: Vec<&str> = found.iter().map(|(level, _)| level.as_str()).collect();
        assert_eq!(levels, Vec::from_iter(level), "{command}: {found:?}");
        assert!(!run.stdout.contains(&word));
    }
}
