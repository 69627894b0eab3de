//! Java archives: jars, wars, ears and plugins, with those inside them and what was shaded into
//! them (the JAR File Specification, and what Maven's archiver puts into `META-INF/maven`).
//!
//! Archives in archives are opened to a bounded depth; what is inflated at a time and in all is
//! bounded, too.

mod identity;
mod manifest;
mod pom;
mod wanted;

use std::borrow::Cow;

use hpcctl_license_db::{Identifier, declared};

use self::identity::{FileName, Identity};
use self::manifest::{Coordinates, Manifest};
use self::pom::Pom;
use self::wanted::Wanted;
use super::zip::{Entry, Zip};
use super::{Candidate, Found, Owned, Source, is_word};

/// How deep archives in archives are opened.
const DEEPEST: usize = 8;

/// Archives of one file that are opened.
const MOST_ARCHIVES: usize = 10_000;

const MIB: u64 = 1024 * 1024;

/// Inflated bytes of archives that are held at a time.
const HELD: u64 = 96 * MIB;

/// Bytes that are inflated of one file in all.
const INFLATED: u64 = 1024 * MIB;

/// A description, or a licence text.
const DOCUMENT: u64 = MIB;

/// How names end that other files than archives have, too, such as the parameters of a model.
const SHARED_NAMES: [&str; 4] = [".kar", ".nar", ".par", ".sar"];

/// Reads an archive and those in it; an empty one stands for none yet.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let is_shared = SHARED_NAMES.iter().any(|end| source.path.ends_with(end));
    if is_shared && !source.bytes.starts_with(b"PK") {
        return Found::default();
    }
    let mut walk = Walk {
        path: source.path,
        found: Found::default(),
        held: HELD,
        inflated: INFLATED,
        archives: MOST_ARCHIVES,
    };
    if (source.bytes.len() as u64) < source.size {
        // Without its end an archive cannot be listed; what it is called is still known.
        let name = FileName::read(source.path);
        walk.add(
            identity::guessed(&name, &Manifest::default()),
            &Told::default(),
        );
    } else if !source.bytes.is_empty() {
        walk.archive(source.bytes, source.path, 0);
    }
    let mut found = walk.found;
    if let Some(first) = found.packages.first() {
        found.owned.push(Owned {
            of: first.key.clone().unwrap_or_default(),
            paths: source.path.to_owned(),
        });
    }
    found
}

struct Walk<'s> {
    path: &'s str,
    found: Found,
    held: u64,
    inflated: u64,
    archives: usize,
}

/// What an archive says of a package beside what it is.
#[derive(Debug, Default)]
struct Told {
    declared: Option<String>,
    detected: Option<String>,
    supplier: Option<String>,
    needs: Vec<String>,
}

impl Walk<'_> {
    /// Reads one archive; `name` is its path, or that inside the one around it.
    fn archive(&mut self, bytes: &[u8], name: &str, depth: usize) {
        let mut zip = match Zip::open(bytes) {
            Ok(zip) => zip,
            Err(why) => return self.fault(name, depth, &why),
        };
        let mut wanted = Wanted::default();
        if let Some(why) = zip.each(|entry| wanted.take(entry)) {
            self.fault(name, depth, &why);
        }
        let manifest = wanted
            .manifest
            .as_ref()
            .and_then(|entry| self.document(&mut zip, entry));
        let manifest = manifest
            .map(|bytes| Manifest::read(&bytes))
            .unwrap_or_default();
        self.identify(&mut zip, &wanted, &manifest, name);
        for entry in &wanted.nested {
            self.nested(&mut zip, entry, depth);
        }
    }

    /// Adds what an archive is and what was shaded into it.
    fn identify(
        &mut self,
        zip: &mut Zip<'_>,
        wanted: &Wanted<'_>,
        manifest: &Manifest,
        name: &str,
    ) {
        let mut poms = Vec::new();
        for entry in &wanted.properties {
            let Some(read) = self
                .document(zip, entry)
                .as_deref()
                .and_then(manifest::properties)
            else {
                continue;
            };
            poms.push(read);
        }
        poms.sort();
        poms.dedup();
        let file = FileName::read(name);
        let own = identity::own(&poms, &file, manifest).cloned();
        let mut told = self.told(zip, wanted, own.as_ref());
        told.declared = told.declared.or_else(|| manifest.bundle_license());
        let vendor = manifest.first(&[
            "Bundle-Vendor",
            "Implementation-Vendor",
            "Specification-Vendor",
        ]);
        told.supplier = told.supplier.or(vendor.map(str::to_owned));
        if told.declared.is_none() {
            told.detected = self.detected(zip, wanted);
        }
        match &own {
            Some(own) => self.add(Identity::from(own.clone()), &told),
            // An archive of data only is no package.
            None if wanted.has_classes || !manifest.is_empty() => {
                let mut guessed = identity::guessed(&file, manifest);
                if name == self.path {
                    guessed.group = guessed.group.or_else(|| identity::group_of_place(name));
                }
                self.add(guessed, &told);
            }
            None => {}
        }
        for pom in poms.into_iter().filter(|pom| Some(pom) != own.as_ref()) {
            let told = self.told(zip, wanted, Some(&pom));
            self.add(Identity::from(pom), &told);
        }
    }

    /// What the `pom.xml` beside coordinates says.
    fn told(&mut self, zip: &mut Zip<'_>, wanted: &Wanted<'_>, of: Option<&Coordinates>) -> Told {
        let entry = of.and_then(|of| wanted.poms.get(&format!("{}/{}", of.group, of.artifact)));
        let Some(bytes) = entry.and_then(|entry| self.document(zip, entry)) else {
            return Told::default();
        };
        let Pom {
            licenses,
            organization,
            needs,
        } = pom::read(&bytes);
        let group = of.map(|of| of.group.clone()).unwrap_or_default();
        Told {
            declared: declared::any_of(licenses.iter().map(String::as_str)),
            detected: None,
            supplier: organization,
            needs: needs
                .iter()
                .map(|need| need.replace("${project.groupId}", &group))
                .collect(),
        }
    }

    fn detected(&mut self, zip: &mut Zip<'_>, wanted: &Wanted<'_>) -> Option<String> {
        let mut found = Vec::new();
        for entry in &wanted.texts {
            let text = self.document(zip, entry);
            found.extend(text.and_then(|text| Identifier::spdx().identify(&text).expression));
        }
        hpcctl_license_db::expression::and(found.iter().map(String::as_str))
    }

    /// The content of a small entry; what cannot be read of it is a fault.
    fn document<'z>(&mut self, zip: &mut Zip<'z>, entry: &Entry<'_>) -> Option<Cow<'z, [u8]>> {
        let read = zip.content(entry, DOCUMENT.min(self.inflated));
        self.taken(read, entry, 1)
    }

    /// Opens an archive inside another.
    fn nested(&mut self, zip: &mut Zip<'_>, entry: &Entry<'_>, depth: usize) {
        if depth + 1 >= DEEPEST {
            return self.fault(&entry.name, 1, "it lies too deep in other archives");
        }
        if self.archives == 0 {
            return;
        }
        self.archives -= 1;
        if self.archives == 0 {
            return self.fault(
                &entry.name,
                1,
                "there are more archives in this one than are read",
            );
        }
        let read = zip.content(entry, self.held.min(self.inflated));
        let Some(bytes) = self.taken(read, entry, 1) else {
            // What it is called is still known.
            let name = FileName::read(&entry.name);
            return self.add(
                identity::guessed(&name, &Manifest::default()),
                &Told::default(),
            );
        };
        if !bytes.starts_with(b"PK") {
            return;
        }
        let held = if matches!(bytes, Cow::Owned(_)) {
            bytes.len() as u64
        } else {
            0
        };
        self.held -= held;
        self.archive(&bytes, &entry.name, depth + 1);
        self.held += held;
    }

    fn taken<'z>(
        &mut self,
        read: Result<Cow<'z, [u8]>, String>,
        entry: &Entry<'_>,
        depth: usize,
    ) -> Option<Cow<'z, [u8]>> {
        match read {
            Ok(bytes) => {
                self.inflated -= self.inflated.min(bytes.len() as u64);
                Some(bytes)
            }
            Err(why) => {
                self.fault(&entry.name, depth, &why);
                None
            }
        }
    }

    fn fault(&mut self, name: &str, depth: usize, why: &str) {
        const MOST: usize = 100;
        if self.found.faults.len() < MOST {
            let fault = if depth == 0 {
                why.to_owned()
            } else {
                format!("{name}: {why}")
            };
            self.found.faults.push(fault);
        }
    }

    fn add(&mut self, identity: Identity, told: &Told) {
        let Identity {
            group,
            artifact,
            version,
        } = identity;
        if !is_word(&artifact) {
            return;
        }
        let full = match &group {
            Some(group) => format!("{group}:{artifact}"),
            None => artifact.clone(),
        };
        // A purl of Maven cannot be without a group.
        let (kind, qualifiers) = match group {
            Some(_) => ("maven", Vec::new()),
            None => ("generic", vec![("java", "archive".to_owned())]),
        };
        self.found.add(Candidate {
            kind,
            qualifiers,
            name: full.clone(),
            purl_name: Some(artifact),
            namespace: group,
            version,
            declared: told.declared.clone(),
            detected: told.detected.clone(),
            supplier: told.supplier.clone(),
            key: Some(format!("{}!{full}", self.path)),
            depends: told.needs.clone(),
            ..Candidate::default()
        });
    }
}

impl From<Coordinates> for Identity {
    fn from(of: Coordinates) -> Self {
        Self {
            group: Some(of.group),
            artifact: of.artifact,
            version: of.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::zip::build::zip;
    use proptest::prelude::*;

    fn read(path: &str, bytes: &[u8]) -> Found {
        parse(&Source::whole(path, bytes))
    }

    fn pom(group: &str, artifact: &str, version: &str) -> (String, Vec<u8>) {
        let path = format!("META-INF/maven/{group}/{artifact}/pom.properties");
        let text = format!("version={version}\ngroupId={group}\nartifactId={artifact}\n");
        (path, text.into_bytes())
    }

    #[test]
    fn nested_and_shaded() {
        let (core, core_text) = pom("org.a", "core", "1.0");
        let (shaded, shaded_text) = pom("com.b", "shaded", "2.0");
        let xml = b"<project><licenses><license><name>MIT</name></license></licenses></project>";
        let jar = zip(&[
            (&core, &core_text, true),
            ("META-INF/maven/org.a/core/pom.xml", xml, true),
            (&shaded, &shaded_text, true),
        ]);
        let classes = zip(&[("A.class", b"x", false)]);
        let war = zip(&[
            (
                "META-INF/MANIFEST.MF",
                b"Bundle-License: http://www.apache.org/licenses/LICENSE-2.0.txt\n",
                true,
            ),
            ("WEB-INF/lib/core-1.0.jar", &jar, true),
            ("WEB-INF/lib/other-3.1.jar", &classes, false),
            ("data.jar", &zip(&[("data", b"", false)]), false),
        ]);
        let found = read("srv/app-7.war", &war);
        assert_eq!(
            found.versions(),
            [
                ("app", "7"),
                ("org.a:core", "1.0"),
                ("com.b:shaded", "2.0"),
                ("other", "3.1")
            ]
        );
        assert_eq!(found.faults, [""; 0]);
        let [app, core, shaded, _] = &found.packages[..] else {
            panic!()
        };
        assert_eq!(app.declared.as_deref(), Some("Apache-2.0"));
        assert_eq!(
            (core.declared.as_deref(), shaded.declared.as_deref()),
            (Some("MIT"), None)
        );
        assert_eq!(
            (core.namespace.as_deref(), core.purl_name.as_deref()),
            (Some("org.a"), Some("core"))
        );
        assert_eq!(found.owned[0].paths, "srv/app-7.war");
        assert_eq!((app.kind, core.kind), ("generic", "maven"));
    }

    #[test]
    fn a_licence_text_where_nothing_is_declared() {
        let text = spdx_text();
        let found = read(
            "a-1.jar",
            &zip(&[
                ("META-INF/LICENSE.txt", text.as_bytes(), true),
                ("A.class", b"", false),
            ]),
        );
        assert_eq!(found.packages[0].detected.as_deref(), Some("ISC"));
    }

    fn spdx_text() -> &'static str {
        "Permission to use, copy, modify, and/or distribute this software for any purpose with or without \
         fee is hereby granted, provided that the above copyright notice and this permission notice appear \
         in all copies.\n\nTHE SOFTWARE IS PROVIDED \"AS IS\" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH \
         REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO \
         EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR \
         ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF \
         CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR \
         PERFORMANCE OF THIS SOFTWARE.\n"
    }

    #[test]
    fn archives_deep_in_one_another_end() {
        let mut jar = zip(&[("A.class", b"x", false)]);
        for _ in 0..20 {
            jar = zip(&[("inner-1.jar", &jar, true), ("A.class", b"x", false)]);
        }
        let found = read("outer-1.jar", &jar);
        assert_eq!(found.packages.len(), DEEPEST);
        assert_eq!(
            found.faults,
            ["inner-1.jar: it lies too deep in other archives"]
        );
    }

    #[test]
    fn cut_and_foreign_files() {
        assert_eq!(read("a.jar", b"not a zip").faults.len(), 1);
        assert_eq!(read("a.jar", b""), Found::default());
        let cut = parse(&Source {
            path: "big-1.2.jar",
            bytes: b"PK\x03\x04",
            gaps: &[],
            tail: &[],
            size: 1 << 40,
        });
        assert_eq!(cut.versions(), [("big", "1.2")]);
    }

    proptest! {
        #[test]
        fn any_change_is_read_or_refused(at in any::<usize>(), value in any::<u8>()) {
            let inner = zip(&[("META-INF/MANIFEST.MF", b"Bundle-Version: 1\n", true)]);
            let mut bytes = zip(&[("a-1.jar", &inner, false), ("b-1.jar", &inner, true)]);
            let len = bytes.len();
            bytes[at % len] = value;
            let _ = read("o-1.jar", &bytes);
        }
    }
}
