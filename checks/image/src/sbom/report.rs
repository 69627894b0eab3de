//! From a bill of materials to the report's result, judged by the policy that images are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::str::FromStr;

use hpcctl_license_db::policy::{Subject, judge};
use hpcctl_model::scan::{Image, LeftOut, Licenses, Package, Scan, Totals};
use packageurl::PackageUrl;

use super::bill::{Bill, Component};
use crate::catalog::is_of_distro;
use crate::conflicts::conflicts;
use crate::fault::Faults;
use crate::scan::is_covered;
use crate::{Limits, Owners, Reference, Scanned, Source};

/// Makes the report.
pub(super) fn report(path: &Path, format: &str, mut bill: Bill, limits: &Limits) -> Scanned {
    let mut faults = std::mem::take(&mut bill.faults);
    let image = Image {
        reference: Reference::from(Source::Sbom(path.to_owned())).to_string(),
        digest: bill.digest.take(),
        format: format.to_owned(),
        platform: None,
        other_platforms: Vec::new(),
        supplier: bill.supplier.take(),
        layers: Vec::new(),
        holds: std::mem::take(&mut bill.beside),
        labels: BTreeMap::new(),
        created: None,
        user: None,
    };
    let mut packages = packages(bill, limits, &mut faults);
    for package in &mut packages {
        package.judged = !is_covered(package);
    }
    if packages.is_empty() {
        faults.add("bill of materials", "it lists no package");
    }
    let unknowns = faults.into_unknowns("bill of materials");
    let complete = unknowns.is_empty();
    let subjects = packages.iter().filter(|package| package.judged);
    let subjects: Vec<Subject<'_>> = subjects
        .map(|package| Subject {
            name: &package.purl,
            license: package.licenses.concluded.as_deref(),
        })
        .collect();
    let verdict = judge(&subjects, complete, Vec::new());
    Scanned {
        notes: Vec::new(),
        unmet: Vec::new(),
        scan: Scan {
            image,
            complete,
            left_out: LeftOut::default(),
            conflicts: conflicts(&packages),
            packages,
            files: Vec::new(),
            unowned: Vec::new(),
            sensitive: Vec::new(),
            privileged: Vec::new(),
            restricted: Vec::new(),
            removed: Vec::new(),
            texts: BTreeMap::new(),
            totals: Totals::default(),
            verdict,
        },
        owners: Owners::default(),
        unknowns,
    }
}

/// The packages, sorted as those of an image; one that is listed twice is one.
fn packages(bill: Bill, limits: &Limits, faults: &mut Faults) -> Vec<Package> {
    let is_own = bill.tool.starts_with("hpcctl ");
    let mut purls: HashMap<String, String> = HashMap::new();
    let mut unique: BTreeMap<_, Package> = BTreeMap::new();
    for component in bill.components.into_iter().take(limits.packages) {
        let id = component.id.clone();
        let package = package(component, &bill.tool, faults);
        purls.insert(id, package.purl.clone());
        let licenses = &package.licenses;
        let key = (
            package.kind.clone(),
            package.name.clone(),
            package.version.clone(),
            package.purl.clone(),
            (licenses.declared.clone(), licenses.concluded.clone()),
        );
        match unique.get_mut(&key) {
            Some(known) => {
                known.locations.extend(package.locations);
                known.locations.sort();
                known.locations.dedup();
                known.license_files.extend(package.license_files);
                known.license_files.sort();
                known.license_files.dedup();
            }
            None => {
                unique.insert(key, package);
            }
        }
    }
    let of = |edges: &[(String, String)]| {
        let mut map: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (from, to) in edges {
            if let (Some(from), Some(to)) = (purls.get(from), purls.get(to))
                && from != to
            {
                map.entry(from.clone()).or_default().insert(to.clone());
            }
        }
        map
    };
    let mut needs = of(&bill.needs);
    let holders: Vec<(String, String)> = bill.holds.into_iter().map(|(a, b)| (b, a)).collect();
    let holders = of(&holders);
    let mut packages: Vec<Package> = unique.into_values().collect();
    for package in &mut packages {
        let needs = needs.remove(&package.purl).unwrap_or_default();
        package.depends = needs.into_iter().collect();
        if package.owned_by.is_none() && (is_own || !is_of_distro(&package.kind)) {
            let mut holders = holders.get(&package.purl).into_iter().flatten();
            // What other tools nest may be no more than a group.
            let is_owner = |purl: &&String| is_own || is_purl_of_distro(purl);
            package.owned_by = holders.find(is_owner).cloned();
        }
    }
    drop_unknown_owners(&mut packages);
    packages
}

/// An owner that is not listed covers nothing.
fn drop_unknown_owners(packages: &mut [Package]) {
    let purls = packages.iter().map(|package| package.purl.clone());
    let known: BTreeSet<String> = purls.collect();
    for package in packages {
        let owner = package.owned_by.take();
        let owner = owner.filter(|owner| *owner != package.purl);
        package.owned_by = owner.filter(|owner| known.contains(owner));
    }
}

fn is_purl_of_distro(purl: &str) -> bool {
    let rest = purl.strip_prefix("pkg:").unwrap_or_default();
    is_of_distro(rest.split('/').next().unwrap_or_default())
}

fn package(component: Component, tool: &str, faults: &mut Faults) -> Package {
    let given = component.purl.as_deref();
    let parsed = given.and_then(|text| PackageUrl::from_str(text).ok());
    if let (Some(text), None) = (given, &parsed) {
        faults.add(component.id.clone(), format!("{text:?} is no package URL"));
    }
    let name = match (&*component.name, &parsed) {
        ("", Some(purl)) => purl.name().to_owned(),
        _ => component.name,
    };
    let version = match (&*component.version, &parsed) {
        ("", Some(purl)) => purl.version().unwrap_or_default().to_owned(),
        _ => component.version,
    };
    let kind = match &parsed {
        Some(purl) => purl.ty().to_owned(),
        None => component.kind.unwrap_or_else(|| "generic".into()),
    };
    let source = component.source.or_else(|| upstream(parsed.as_ref()?));
    let purl = match (&parsed, given) {
        (Some(_), Some(text)) => text.to_owned(),
        _ => generic(&name, &version),
    };
    let Component {
        declared,
        concluded,
        detected,
        ..
    } = component;
    let concluded = concluded.or_else(|| declared.clone());
    let concluded = concluded.or_else(|| detected.clone());
    Package {
        name,
        version,
        kind,
        purl,
        licenses: Licenses {
            declared,
            detected,
            concluded,
        },
        locations: component.locations,
        license_files: component.license_files,
        readmes: Vec::new(),
        found_by: tool.to_owned(),
        supplier: component.supplier,
        source,
        files: component.files,
        owned_files: Vec::new(),
        owned_by: component.owned_by,
        depends: Vec::new(),
        judged: true,
    }
}

/// The source package in the qualifier that syft adds: `NAME` or `NAME@VERSION`.
fn upstream(purl: &PackageUrl<'_>) -> Option<String> {
    let text = purl.qualifiers().get("upstream")?;
    Some(text.replacen('@', " ", 1))
}

/// The package URL of what has none: the verdict and the dependencies go by it.
fn generic(name: &str, version: &str) -> String {
    let Ok(mut purl) = PackageUrl::new("generic", name) else {
        return String::new();
    };
    if !version.is_empty() {
        // The type takes any version.
        let _ = purl.with_version(version);
    }
    purl.to_string()
}

#[cfg(test)]
mod tests {
    use hpcctl_model::scan::Outcome;

    use super::*;

    fn component(id: &str, purl: Option<&str>, license: Option<&str>) -> Component {
        Component {
            id: id.into(),
            name: id.into(),
            version: "1".into(),
            purl: purl.map(Into::into),
            declared: license.map(Into::into),
            ..Component::default()
        }
    }

    fn of(components: Vec<Component>, holds: &[(&str, &str)]) -> Scanned {
        by("t 1", components, holds)
    }

    fn by(tool: &str, components: Vec<Component>, holds: &[(&str, &str)]) -> Scanned {
        let pair = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        let bill = Bill {
            tool: tool.into(),
            components,
            holds: holds.iter().map(pair).collect(),
            needs: vec![("b".into(), "a".into()), ("b".into(), "gone".into())],
            ..Bill::default()
        };
        report(Path::new("x.json"), "spdx-json", bill, &Limits::default())
    }

    #[test]
    fn what_is_listed_is_judged_and_what_has_no_purl_gets_one() {
        let found = of(
            vec![
                component("b", None, Some("MIT")),
                component(
                    "a",
                    Some("pkg:pypi/a@1?upstream=s%402"),
                    Some("GPL-2.0-only"),
                ),
                component("c", Some("no purl"), Some("MIT")),
            ],
            &[],
        );
        let scan = found.scan;
        assert_eq!(scan.image.reference, "sbom:x.json");
        let names: Vec<&str> = scan.packages.iter().map(|p| &*p.purl).collect();
        assert_eq!(
            names,
            [
                "pkg:generic/b@1",
                "pkg:generic/c@1",
                "pkg:pypi/a@1?upstream=s%402"
            ]
        );
        assert_eq!(scan.packages[2].source.as_deref(), Some("s 2"));
        assert_eq!(scan.packages[0].depends, [&*scan.packages[2].purl]);
        assert_eq!(scan.packages[0].found_by, "t 1");
        assert_eq!(found.unknowns.len(), 1);
        assert!(!scan.complete);
        assert!(scan.verdict.outcome >= Outcome::Conditional);
    }

    #[test]
    fn only_a_package_of_a_distribution_covers_another() {
        let found = of(
            vec![
                component("d", Some("pkg:deb/debian/d@1"), Some("MIT")),
                component("a", Some("pkg:pypi/a@1"), None),
                component("n", Some("pkg:npm/n@1"), Some("MIT")),
                component("m", Some("pkg:npm/m@1"), None),
            ],
            &[("d", "a"), ("n", "m")],
        );
        let owners: Vec<Option<&str>> = found
            .scan
            .packages
            .iter()
            .map(|package| package.owned_by.as_deref())
            .collect();
        assert_eq!(owners, [None, None, None, Some("pkg:deb/debian/d@1")]);
        let reasons = found.scan.verdict.reasons;
        assert!(reasons.iter().any(|reason| reason.subject == "pkg:npm/m@1"));
        assert!(
            reasons
                .iter()
                .all(|reason| reason.subject != "pkg:pypi/a@1")
        );
    }

    #[test]
    fn what_hpcctl_says_of_owners_is_taken_back_and_a_bundled_library_is_judged_itself() {
        let found = by(
            "hpcctl 1",
            vec![
                component("c", Some("pkg:conda/c@1"), Some("MIT")),
                component("p", Some("pkg:pypi/p@1"), None),
                component("l", Some("pkg:generic/l@1"), Some("GPL-3.0-only")),
            ],
            &[("c", "p"), ("p", "l")],
        );
        let owners: Vec<Option<&str>> = found
            .scan
            .packages
            .iter()
            .map(|package| package.owned_by.as_deref())
            .collect();
        assert_eq!(owners, [None, Some("pkg:pypi/p@1"), Some("pkg:conda/c@1")]);
        let reasons = found.scan.verdict.reasons;
        let is_judged = |purl: &str| reasons.iter().any(|reason| reason.subject == purl);
        assert!(is_judged("pkg:generic/l@1") && !is_judged("pkg:pypi/p@1"));
    }

    #[test]
    fn the_same_twice_is_one_and_an_empty_bill_is_not_complete() {
        let twice = || component("a", Some("pkg:pypi/a@1"), Some("MIT"));
        assert_eq!(of(vec![twice(), twice()], &[]).scan.packages.len(), 1);
        assert!(!of(Vec::new(), &[]).scan.complete);
    }
}
