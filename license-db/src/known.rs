//! What is known of each licence: the SPDX list with its flags, the class of its terms, what it
//! asks for, and the texts of vendors.

use hpcctl_model::license::{Licensed, List};

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::identify::{self, vendor};
use crate::policy::{self, Class, class_of};
use crate::{declared, expression};

/// Every licence and exception of the SPDX list, every text of a vendor and every name that is given
/// to what no list has, without their texts.
pub fn all() -> Vec<Licensed> {
    let licenses = spdx::identifiers::LICENSES
        .iter()
        .filter(|license| license.name != "NOASSERTION")
        .map(|license| licensed(license.name, license.full_name, List::Licenses));
    let exceptions = spdx::identifiers::EXCEPTIONS
        .iter()
        .map(|exception| licensed(exception.name, exception.name, List::Exceptions));
    let vendors = vendor::ids()
        .into_iter()
        .map(|id| licensed(id, id, List::Vendors));
    let names = NAMES.iter().map(|id| licensed(id, id, List::Names));
    licenses
        .chain(exceptions)
        .chain(vendors)
        .chain(names)
        .collect()
}

/// The names that hpcctl gives to what is on no list and is no version of a vendor's text.
static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let vendors: BTreeSet<&str> = vendor::ids().into_iter().collect();
    let classes = policy::refs().map(str::to_owned);
    let nameless = expression::NAMELESS.to_owned();
    identify::refs()
        .into_iter()
        .chain(declared::names::refs())
        .chain(classes)
        .chain([nameless])
        .filter(|name| !vendors.contains(name.as_str()))
        .collect()
});

/// One of them by its id, in any case, with its text where the SPDX list has it; a name that only a
/// package gives its licence is one of which nothing is known.
pub fn find(id: &str) -> Option<Licensed> {
    let id = id.trim();
    let same = |known: &Licensed| known.id.eq_ignore_ascii_case(id);
    let unlisted = || {
        let is_name = id.starts_with(expression::REF) && expression::licenses(id) == [id];
        let list = match identify::renamed::is_name(id) {
            true => List::Names,
            false => List::Unlisted,
        };
        is_name.then(|| licensed(id, id, list))
    };
    let mut found = all().into_iter().find(same).or_else(unlisted)?;
    found.text = text(&found.id).map(str::to_owned);
    Some(found)
}

/// Lines at the head of a text in which its copyright line stands.
const HEAD: usize = 12;

/// Whether the text of a licence, as the SPDX list has it, begins with a copyright line that leaves
/// a place for who holds the rights: then the text alone is not the notice that has to go with the
/// software. Such lines further below are about how to apply a licence.
pub fn lacks_holder(id: &str) -> bool {
    let is_blank = |line: &str| {
        let line = line.trim().to_ascii_lowercase();
        let after = line.strip_prefix("copyright").unwrap_or_default();
        let mut opened = after.split(['<', '[']).skip(1);
        opened.any(|rest| {
            let inside = rest.split_once(['>', ']']).map(|(inside, _)| inside);
            // An address is none.
            inside.is_some_and(|inside| !inside.contains([':', '@', '/']))
        })
    };
    let text = text(id).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.take(HEAD).any(is_blank)
}

/// The ids that are most like one that is not known, at most three.
pub fn like(id: &str) -> Vec<String> {
    let wanted = id.trim().to_ascii_lowercase();
    let stem = wanted
        .split(['-', ' '])
        .next()
        .unwrap_or(&wanted)
        .to_owned();
    let mut near: Vec<(usize, String)> = all()
        .into_iter()
        .filter(|known| known.replaced_by.is_none())
        .filter_map(|known| {
            let lower = known.id.to_ascii_lowercase();
            let bare = lower.trim_start_matches("licenseref-");
            let near = bare.starts_with(&stem) || lower.contains(&wanted);
            near.then(|| (lower.len().abs_diff(wanted.len()), known.id))
        })
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, id)| id).collect()
}

/// The names of the classes.
pub fn classes() -> Vec<&'static str> {
    Class::ALL.iter().map(|class| class.id()).collect()
}

/// Whether a class has this name.
pub fn is_class(name: &str) -> bool {
    classes().contains(&name)
}

/// The text of a licence or an exception of the SPDX list.
pub(crate) fn text(id: &str) -> Option<&'static str> {
    spdx::license_id(id)
        .map(|license| license.text())
        .or_else(|| spdx::exception_id(id).map(|exception| exception.text()))
}

fn licensed(id: &str, name: &str, list: List) -> Licensed {
    let listed = spdx::license_id(id);
    let current = expression::normalise(id).filter(|current| current != id);
    let class = (list != List::Exceptions).then(|| class_of(current.as_deref().unwrap_or(id)));
    let duties = class.map(|class| class.duties()).unwrap_or_default();
    Licensed {
        id: id.to_owned(),
        name: name.to_owned(),
        list,
        class: class.map(|class| class.id().to_owned()),
        osi: listed.is_some_and(|license| license.is_osi_approved()),
        fsf: listed.is_some_and(|license| license.is_fsf_free_libre()),
        replaced_by: current.filter(|_| list == List::Licenses),
        obligations: duties.iter().map(|duty| duty.text().to_owned()).collect(),
        text: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licenses_are_found_in_any_case_with_their_text() {
        let mit = find("mit").unwrap();
        assert_eq!(
            (mit.id.as_str(), mit.class.as_deref()),
            ("MIT", Some("permissive"))
        );
        assert!(mit.osi && mit.fsf && mit.replaced_by.is_none());
        assert!(mit.text.unwrap().contains("Permission is hereby granted"));
        assert_eq!(mit.obligations.len(), 1);
        let old = find("GPL-2.0").unwrap();
        assert_eq!(old.replaced_by.as_deref(), Some("GPL-2.0-only"));
        let llvm = find("LLVM-exception").unwrap();
        assert_eq!((llvm.list, llvm.class), (List::Exceptions, None));
        let cuda = find("LicenseRef-NVIDIA-CUDA-EULA-11.7").unwrap();
        assert_eq!((cuda.list, cuda.text), (List::Vendors, None));
        assert_eq!(cuda.class.as_deref(), Some("vendor-terms"));
        assert_eq!(find("nonesuch"), None);
        let own = find("LicenseRef-of-a-package").unwrap();
        assert_eq!(own.list, List::Unlisted);
        assert_eq!(own.class.as_deref(), Some("unknown"));
        let renamed = find("LicenseRef-renamed-CPAL-1.0").unwrap();
        assert_eq!(renamed.list, List::Names);
        let renamed = find("LicenseRef-renamed-nonesuch").unwrap();
        assert_eq!(renamed.list, List::Unlisted);
        assert_eq!(find("LicenseRef-two words"), None);
        assert_eq!(find("LicenseRef-a OR LicenseRef-b"), None);
    }

    /// Every name of no list that stands in the tables or in the sources beside their tests.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "reads the sources of this crate, which are its own"
    )]
    fn every_name_that_is_given_is_known() {
        fn gather(at: &std::path::Path, out: &mut BTreeSet<String>) {
            for entry in std::fs::read_dir(at).unwrap() {
                let path = entry.unwrap().path();
                if path.file_stem().is_some_and(|stem| stem == "tests") {
                    continue;
                }
                if path.is_dir() {
                    gather(&path, out);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
                let lines = code
                    .lines()
                    .filter(|line| !line.trim().starts_with(['#', '/']));
                for line in lines {
                    out.extend(line.split(expression::REF).skip(1).filter_map(|rest| {
                        let is_of = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
                        let name = rest.split(|c: char| !is_of(c)).next()?;
                        (!name.is_empty() && !name.ends_with('-'))
                            .then(|| format!("{}{name}", expression::REF))
                    }));
                }
            }
        }
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut written = BTreeSet::new();
        gather(&root.join("data"), &mut written);
        gather(&root.join("src"), &mut written);
        assert!(written.len() > 140, "{}", written.len());
        let known: BTreeSet<String> = all().into_iter().map(|known| known.id).collect();
        let missing: Vec<&String> = written.difference(&known).collect();
        assert!(missing.is_empty(), "{missing:?}");
        for name in &written {
            let shown = find(&name.to_lowercase()).unwrap();
            assert!(matches!(shown.list, List::Names | List::Vendors), "{name}");
        }
    }

    #[test]
    fn like_ids_are_offered() {
        assert!(like("Apache2").is_empty() || like("Apache2").contains(&"Apache-2.0".to_owned()));
        assert!(like("Apache-2").contains(&"Apache-2.0".to_owned()));
        assert!(like("zzzz").is_empty());
    }

    #[test]
    fn the_list_is_whole() {
        let all = all();
        let of = |list: List| all.iter().filter(|known| known.list == list).count();
        assert!(of(List::Licenses) > 600 && of(List::Exceptions) > 60 && of(List::Vendors) > 60);
        assert!(all.iter().all(|known| known.text.is_none()));
    }

    #[test]
    fn a_text_with_a_place_for_the_holder_is_no_notice() {
        for id in ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "NCSA"] {
            assert!(lacks_holder(id), "{id}");
        }
        for id in [
            "GPL-2.0-only",
            "GPL-2.0-or-later",
            "LGPL-2.1-or-later",
            "Apache-2.0",
            "OSL-3.0",
            "Zlib-acknowledgement",
            "no-such",
        ] {
            assert!(!lacks_holder(id), "{id}");
        }
    }
}
