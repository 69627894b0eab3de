//! The relationships of an SPDX document (2.3, clause 11), and the source packages in them.

use std::collections::{BTreeMap, BTreeSet};

use hpcctl_model::scan::{Package, Scan};
use spdx_rs::models::{PackageInformation, PrimaryPackagePurpose, Relationship, RelationshipType};

use super::spdx_2_3::{
    self, DOCUMENT, IMAGE, NOT_KNOWN, identifier, nothing_known, one_line, organization,
};
use super::{Names, supplier};
use crate::report::Error;
use crate::sbom;

/// What describes, holds and needs what, and what was built from what.
///
/// `packages` begins with the image; the packages of the scan follow in their order.
pub(super) fn relationships<'a>(
    scan: &'a Scan,
    names: &Names<'_>,
    packages: &[PackageInformation],
    sources: &Sources<'a>,
) -> Vec<Relationship> {
    use RelationshipType::{Contains, DependsOn, Describes, GeneratedFrom};
    let id = |place: usize| &*packages[place + 1].package_spdx_identifier;
    let mut all = vec![Relationship::new(DOCUMENT, IMAGE, Describes, None)];
    for (place, package) in scan.packages.iter().enumerate() {
        let owner = package.owned_by.as_deref();
        let owner = owner
            .and_then(|purl| names.place(purl))
            .filter(|owner| *owner != place);
        let holder = owner.map_or(IMAGE, id);
        all.push(Relationship::new(holder, id(place), Contains, None));
    }
    for (place, package) in scan.packages.iter().enumerate() {
        let needs: BTreeSet<usize> = names.needs(package).filter(|need| *need != place).collect();
        let needs = needs.into_iter().map(id);
        all.extend(needs.map(|need| Relationship::new(id(place), need, DependsOn, None)));
        if let Some(source) = sources.of(package) {
            all.push(Relationship::new(
                id(place),
                &source.id,
                GeneratedFrom,
                None,
            ));
        }
    }
    if !scan.is_whole() {
        // 11.1: there is more, and it is not known what.
        all.push(Relationship::new(IMAGE, NOT_KNOWN, Contains, None));
    }
    all
}

/// The source packages that packages were built from.
pub(super) struct Sources<'a>(BTreeMap<(&'a str, &'a str), SourcePackage<'a>>);

struct SourcePackage<'a> {
    id: String,
    text: &'a str,
    supplier: Option<&'a str>,
}

impl<'a> Sources<'a> {
    /// Gathers them, each once.
    pub(super) fn new(scan: &'a Scan) -> Self {
        let mut sources = BTreeMap::new();
        for package in &scan.packages {
            let Some(text) = package.source.as_deref() else {
                continue;
            };
            let key = (&*package.kind, text);
            sources.entry(key).or_insert_with(|| SourcePackage {
                id: identifier("Source", &package.kind, sbom::source(text).0, text),
                text,
                supplier: supplier::of(package, &scan.image),
            });
        }
        Self(sources)
    }

    /// An element of each.
    pub(super) fn elements(&self) -> Result<Vec<PackageInformation>, Error> {
        self.0.values().map(SourcePackage::element).collect()
    }

    /// The one that a package was built from.
    fn of(&self, package: &'a Package) -> Option<&SourcePackage<'a>> {
        let source = package.source.as_deref()?;
        self.0.get(&(&*package.kind, source))
    }
}

impl SourcePackage<'_> {
    fn element(&self) -> Result<PackageInformation, Error> {
        let (name, version) = sbom::source(self.text);
        Ok(PackageInformation {
            package_name: one_line(name),
            package_spdx_identifier: self.id.clone(),
            package_version: Some(spdx_2_3::version(version.unwrap_or_default())),
            package_supplier: Some(organization(self.supplier)),
            primary_package_purpose: Some(PrimaryPackagePurpose::Source),
            ..nothing_known()?
        })
    }
}
