//! What packages the files of an image speak of.
//!
//! A cataloger is a row: globs, and a function that reads one file. It sees the bytes of that
//! file only, so it runs while the layer is read and nothing has to be kept. What a package
//! has elsewhere in the image (its licence files, the distribution) is looked up in the
//! merged tree by [`crate::packages`].

mod apk;
mod cargo_lock;
mod conda;
mod dotnet;
mod dotnet_lock;
mod dpkg;
mod easybuild;
mod elf;
mod go_lock;
mod haskell;
mod haskell_lock;
mod java;
mod json;
mod julia;
mod julia_lock;
mod lock;
mod lua;
mod modulefile;
mod nix;
mod npm;
mod npm_lock;
mod ocaml;
mod opkg;
mod os_release;
mod pacman;
mod perl;
mod php;
mod php_lock;
mod portage;
mod python;
mod python_lock;
mod r;
mod rpm;
mod ruby;
mod ruby_lock;
mod spack;
mod sqlite;
mod stanza;
mod vendor_tree;
mod zip;

pub(crate) use nix::{Stored, in_tree as nix_packages};
pub(crate) use os_release::Distro;

use serde::{Deserialize, Serialize};

use crate::cache::{self, Word};

/// A cataloger: which files it reads and how.
#[derive(Debug)]
pub struct Cataloger {
    /// The stable id, which `found_by` holds.
    pub id: &'static str,
    /// The paths it asks for, without a slash in front; `*` stays in one directory.
    pub globs: &'static [&'static str],
    /// What a file begins with that it asks for whatever its path is.
    pub magic: &'static [&'static [u8]],
    /// How much of one file is read.
    pub max_bytes: u64,
    /// Reads one file.
    pub(crate) parse: fn(&Source<'_>) -> Found,
}

impl Cataloger {
    /// Whether what it finds is only named there (a lock file), and need not be in the image.
    pub(crate) fn only_names(&self) -> bool {
        self.id.ends_with("-lock")
    }
}

/// Whether what this cataloger finds is only named in the image, as in a lock file.
pub(crate) fn only_names(found_by: &str) -> bool {
    let mut rows = CATALOGERS.iter().filter(|row| row.id == found_by);
    rows.any(Cataloger::only_names)
}

const MIB: u64 = 1024 * 1024;

/// All catalogers, in the order of their ids.
pub static CATALOGERS: &[Cataloger] = &[
    Cataloger {
        id: "apk",
        globs: &["lib/apk/db/installed", "usr/lib/apk/db/installed"],
        magic: &[],
        max_bytes: 64 * MIB,
        parse: apk::parse,
    },
    Cataloger {
        id: "cargo-lock",
        globs: &["**/Cargo.lock"],
        magic: &[],
        max_bytes: 16 * MIB,
        parse: cargo_lock::parse,
    },
    Cataloger {
        id: "conda",
        globs: &["**/conda-meta/*.json"],
        magic: &[],
        max_bytes: 16 * MIB,
        parse: conda::parse,
    },
    Cataloger {
        id: "dotnet",
        globs: &["**/*.deps.json"],
        magic: &[],
        max_bytes: 32 * MIB,
        parse: dotnet::parse,
    },
    Cataloger {
        id: "dotnet-lock",
        globs: &["**/packages.lock.json"],
        magic: &[],
        max_bytes: 32 * MIB,
        parse: dotnet_lock::parse,
    },
    Cataloger {
        id: "dpkg",
        globs: &[
            "var/lib/dpkg/status",
            "var/lib/dpkg/status.d/*",
            "var/lib/dpkg/info/*.list",
        ],
        magic: &[],
        max_bytes: 64 * MIB,
        parse: dpkg::parse,
    },
    Cataloger {
        id: "easybuild",
        globs: &["**/easybuild/*.eb"],
        magic: &[],
        max_bytes: 512 * 1024,
        parse: easybuild::parse,
    },
    Cataloger {
        id: "elf",
        globs: &[],
        magic: &[b"\x7fELF"],
        max_bytes: 64 * MIB,
        parse: elf::parse,
    },
    Cataloger {
        id: "go-lock",
        globs: &["**/go.mod"],
        magic: &[],
        max_bytes: 4 * MIB,
        parse: go_lock::parse,
    },
    Cataloger {
        id: "haskell",
        globs: &["**/package.conf.d/*.conf", "**/package.db/*.conf"],
        magic: &[],
        max_bytes: 4 * MIB,
        parse: haskell::parse,
    },
    Cataloger {
        id: "haskell-lock",
        globs: &["**/cabal.project.freeze", "**/stack.yaml.lock"],
        magic: &[],
        max_bytes: 4 * MIB,
        parse: haskell_lock::parse,
    },
    Cataloger {
        id: "java",
        globs: &[
            "**/*.jar", "**/*.war", "**/*.ear", "**/*.par", "**/*.sar", "**/*.nar", "**/*.jpi",
            "**/*.hpi", "**/*.kar",
        ],
        magic: &[],
        max_bytes: 256 * MIB,
        parse: java::parse,
    },
    Cataloger {
        id: "julia",
        globs: &[
            "**/packages/*/*/Project.toml",
            "**/stdlib/v*/*/Project.toml",
        ],
        magic: &[],
        max_bytes: MIB,
        parse: julia::parse,
    },
    Cataloger {
        id: "julia-lock",
        globs: &["**/Manifest.toml", "**/JuliaManifest.toml"],
        magic: &[],
        max_bytes: 16 * MIB,
        parse: julia_lock::parse,
    },
    Cataloger {
        id: "lua",
        globs: &["**/rocks*/*/*/*.rockspec", "**/rocks*/*/*/rock_manifest"],
        magic: &[],
        max_bytes: 4 * MIB,
        parse: lua::parse,
    },
    Cataloger {
        id: "modulefile",
        globs: &["**/modulefiles/**/*.lua", "**/modules/all/**/*.lua"],
        magic: &[modulefile::MAGIC],
        max_bytes: MIB,
        parse: modulefile::parse,
    },
    Cataloger {
        id: "nix",
        globs: &["nix/var/nix/db/db.sqlite", "var/guix/db/db.sqlite"],
        magic: &[],
        max_bytes: 256 * MIB,
        parse: nix::parse,
    },
    Cataloger {
        id: "npm",
        globs: &["**/package.json"],
        magic: &[],
        max_bytes: 4 * MIB,
        parse: npm::parse,
    },
    Cataloger {
        id: "npm-lock",
        globs: &[
            "**/package-lock.json",
            "**/npm-shrinkwrap.json",
            "**/yarn.lock",
            "**/pnpm-lock.yaml",
        ],
        magic: &[],
        max_bytes: 64 * MIB,
        parse: npm_lock::parse,
    },
    Cataloger {
        id: "ocaml",
        globs: &[
            "**/.opam-switch/packages/*/opam",
            "**/lib/{,ocaml/}*/{META,opam}",
        ],
        magic: &[],
        max_bytes: 4 * MIB,
        parse: ocaml::parse,
    },
    Cataloger {
        id: "opkg",
        globs: &[
            "{usr,var}/lib/opkg/status",
            "{usr,var}/lib/opkg/info/*.{control,list}",
        ],
        magic: &[],
        max_bytes: 64 * MIB,
        parse: opkg::parse,
    },
    Cataloger {
        id: "os-release",
        globs: &["etc/os-release", "usr/lib/os-release", "etc/*-release"],
        magic: &[],
        max_bytes: 64 * 1024,
        parse: os_release::parse,
    },
    Cataloger {
        id: "pacman",
        globs: &["var/lib/pacman/local/*/{desc,files}"],
        magic: &[],
        max_bytes: 64 * MIB,
        parse: pacman::parse,
    },
    Cataloger {
        id: "perl",
        globs: &["**/.meta/*/MYMETA.json", "**/perllocal.pod", "**/.packlist"],
        magic: &[],
        max_bytes: 16 * MIB,
        parse: perl::parse,
    },
    Cataloger {
        id: "php",
        globs: &["**/composer/installed.json"],
        magic: &[],
        max_bytes: 64 * MIB,
        parse: php::parse,
    },
    Cataloger {
        id: "php-lock",
        globs: &["**/composer.lock"],
        magic: &[],
        max_bytes: 64 * MIB,
        parse: php_lock::parse,
    },
    Cataloger {
        id: "portage",
        globs: &["var/db/pkg/*/*/{CONTENTS,LICENSE,PF,RDEPEND}"],
        magic: &[],
        max_bytes: 64 * MIB,
        parse: portage::parse,
    },
    Cataloger {
        id: "python",
        globs: &[
            "**/*.dist-info/METADATA",
            "**/*.dist-info/RECORD",
            "**/*.dist-info/direct_url.json",
            "**/*.egg-info/PKG-INFO",
            "**/*.egg-info/installed-files.txt",
            "**/*.egg-info",
            "**/*.egg/EGG-INFO/PKG-INFO",
            "**/*.egg",
            "**/*.egg-link",
        ],
        magic: &[],
        max_bytes: 16 * MIB,
        parse: python::parse,
    },
    Cataloger {
        id: "python-lock",
        globs: &[
            "**/pylock.toml",
            "**/pylock.*.toml",
            "**/poetry.lock",
            "**/uv.lock",
            "**/pdm.lock",
            "**/Pipfile.lock",
            "**/requirements*.txt",
        ],
        magic: &[],
        max_bytes: 32 * MIB,
        parse: python_lock::parse,
    },
    Cataloger {
        id: "r",
        globs: &["**/DESCRIPTION"],
        magic: &[],
        max_bytes: 4 * MIB,
        parse: r::parse,
    },
    Cataloger {
        id: "rpm",
        globs: &[
            "{var/lib,usr/lib/sysimage}/rpm/rpmdb.sqlite",
            "{var/lib,usr/lib/sysimage}/rpm/rpmdb.sqlite-wal",
            "{var/lib,usr/lib/sysimage}/rpm/Packages",
            "{var/lib,usr/lib/sysimage}/rpm/Packages.db",
        ],
        magic: &[],
        max_bytes: 256 * MIB,
        parse: rpm::parse,
    },
    Cataloger {
        id: "ruby",
        globs: &[
            "**/specifications/*.gemspec",
            "**/specifications/default/*.gemspec",
        ],
        magic: &[],
        max_bytes: 4 * MIB,
        parse: ruby::parse,
    },
    Cataloger {
        id: "ruby-lock",
        globs: &["**/Gemfile.lock", "**/gems.locked"],
        magic: &[],
        max_bytes: 16 * MIB,
        parse: ruby_lock::parse,
    },
    Cataloger {
        id: "spack",
        globs: &[
            "**/.spack/spec.json",
            "**/.spack-db/index.json",
            "**/.spack/repos/**/package.py",
        ],
        magic: &[],
        max_bytes: 64 * MIB,
        parse: spack::parse,
    },
    Cataloger {
        id: "vendor-tree",
        globs: &[
            "**/*cuda*/{version.json,version.txt}",
            "**/cuda/*/{version.json,version.txt}",
            "**/rocm*/.info/version",
            "**/hpc_sdk/*/*/cmake/NVHPCConfig.cmake",
            "**/oneapi/*/*/env/vars.sh",
            "**/oneapi/*/*/etc/*/vars.sh",
            "**/cray/pe/*/*/release_info",
            "**/*hpcx*/VERSION",
            "**/mpt/mpt-*/include/mpi.h",
        ],
        magic: &[],
        max_bytes: MIB,
        parse: vendor_tree::parse,
    },
];

/// A file that a cataloger reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The path, without a slash in front.
    pub(crate) path: &'a str,
    /// The content, or the start of it.
    pub(crate) bytes: &'a [u8],
    /// The end of a file of which `bytes` is only the start, for catalogers that ask by magic
    /// bytes; they tell themselves when what they need lies between the two.
    pub(crate) tail: &'a [u8],
    /// How many bytes the file has.
    pub(crate) size: u64,
}

impl<'a> Source<'a> {
    /// A file that was read to its end.
    #[cfg(test)]
    pub(crate) fn whole(path: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            path,
            bytes,
            tail: &[],
            size: bytes.len() as u64,
        }
    }
}

/// What a cataloger found in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    /// The packages, in the order of the file.
    pub(crate) packages: Vec<Candidate>,
    /// The files that belong to packages.
    pub(crate) owned: Vec<Owned>,
    /// What packages need that other files of the same cataloger describe.
    pub(crate) needs: Vec<Needs>,
    /// The SPDX expression that the file declares, for the package whose
    /// [`Candidate::declared_in`] it is.
    pub(crate) license: Option<String>,
    /// The distribution.
    pub(crate) distro: Option<Distro>,
    /// The licences that the file declares for what is installed elsewhere.
    pub(crate) declared: Vec<Declared>,
    /// What could not be read.
    pub(crate) faults: Vec<String>,
    /// Whether there were more packages than are taken.
    full: bool,
}

/// Files that belong to a package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owned {
    /// The package, by its [`Candidate::key`], its name or `NAME:ARCH`; it may be one that
    /// another file of the same cataloger describes.
    pub(crate) of: String,
    /// The paths, one a line; one that ends with a slash stands for all that is below it and
    /// not below a longer one.
    pub(crate) paths: String,
}

/// What a package needs, where another file describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Needs {
    /// The package, by its [`Candidate::key`].
    pub(crate) of: String,
    /// As in [`Candidate::depends`].
    pub(crate) names: Vec<String>,
}

/// A licence that another file than a package's own metadata declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Declared {
    /// The name of the package.
    pub(crate) name: String,
    /// The [`Candidate::prefix`] of the package.
    pub(crate) prefix: String,
    /// The versions that it holds for; all where none is given.
    pub(crate) versions: Option<Versions>,
    /// The SPDX expression.
    pub(crate) expression: String,
}

/// A range of versions; a bound that ends early stands for all versions that begin with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Versions {
    /// The first one.
    pub(crate) from: Option<String>,
    /// The last one.
    pub(crate) to: Option<String>,
}

/// Packages of one file; a database with more is not that of an image.
const MOST_PACKAGES: usize = 50_000;

impl Found {
    /// Adds a package; one too many is a fault, told once.
    fn add(&mut self, package: Candidate) {
        if self.packages.len() < MOST_PACKAGES {
            self.packages.push(package);
        } else if !self.full {
            self.full = true;
            let fault = format!("only its first {MOST_PACKAGES} packages were read");
            self.faults.push(fault);
        }
    }
}

/// A package, as its own metadata describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    /// The purl type.
    #[serde(with = "cache::word")]
    pub(crate) kind: Word,
    /// The name.
    pub(crate) name: String,
    /// The name in the purl, where it is another.
    pub(crate) purl_name: Option<String>,
    /// The version, as the ecosystem writes it.
    pub(crate) version: String,
    /// The version in the purl, where it is another.
    pub(crate) purl_version: Option<String>,
    /// The architecture.
    pub(crate) arch: Option<String>,
    /// The epoch, where the purl has it apart from the version.
    pub(crate) epoch: Option<String>,
    /// The SPDX expression of a licence field.
    pub(crate) declared: Option<String>,
    /// What the licence texts inside its own file say.
    pub(crate) detected: Option<String>,
    /// The file that declares the licence.
    pub(crate) declared_in: Option<String>,
    /// Directories whose files are licence texts of this package.
    pub(crate) texts_in: Vec<TextsIn>,
    /// Who supplies it.
    pub(crate) supplier: Option<String>,
    /// The source package.
    pub(crate) source: Option<String>,
    /// What lists of files and dependencies call it, where that is not its name.
    pub(crate) key: Option<String>,
    /// The namespace in the purl; that of a package of a distribution is the distribution.
    pub(crate) namespace: Option<String>,
    /// Further qualifiers of the purl.
    #[serde(with = "cache::pairs")]
    pub(crate) qualifiers: Vec<(Word, String)>,
    /// What it needs: keys, names or what other packages of its kind provide; alternatives are
    /// divided by `|`.
    pub(crate) depends: Vec<String>,
    /// The names under which others may need it.
    pub(crate) provides: Vec<String>,
    /// The directory that it is installed in.
    pub(crate) prefix: Option<String>,
    /// Whether it stands back where a package of a distribution or of a software tree owns the
    /// file that it was found in: there the file is part of that package.
    pub(crate) yields: bool,
}

/// A directory of licence texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TextsIn {
    /// Every file in it and below.
    All(String),
    /// The files in it that are named after a licence.
    Named(String),
}

/// Whether a text may be a name or a version: one word of some length.
fn is_word(text: &str) -> bool {
    const LONGEST: usize = 512;
    let is_odd = |character: char| character.is_whitespace() || character.is_control();
    !text.is_empty() && text.len() <= LONGEST && !text.contains(is_odd)
}

/// Whether packages of a type are those of the system: a file that one of them and a package
/// of a language claim is the system's.
pub(crate) fn is_of_distro(kind: &str) -> bool {
    is_named_by_distro(kind) || matches!(kind, "ebuild" | "guix" | "nix")
}

/// Whether the purls of a type have the distribution as their namespace.
pub(crate) fn is_named_by_distro(kind: &str) -> bool {
    matches!(kind, "alpm" | "apk" | "deb" | "rpm")
}

/// Whether a file is named after a licence: `LICENSE`, `COPYING`, `NOTICE` and their like.
pub(crate) fn is_license_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    const STEMS: [&str; 7] = [
        "license",
        "licence",
        "copying",
        "notice",
        "copyright",
        "unlicense",
        "copyleft",
    ];
    STEMS.iter().any(|stem| {
        let Some((head, rest)) = name.split_at_checked(stem.len()) else {
            return false;
        };
        // `LICENSE.txt`, `COPYING-2.0`, `LICENSES`, but not `licensed.py` or `notices.json`.
        let ends = rest.strip_prefix(['s', 'S']).unwrap_or(rest);
        let text = ["", ".txt", ".md", ".rst", ".html"]
            .iter()
            .any(|tail| ends.eq_ignore_ascii_case(tail));
        let marked = ends.starts_with(['-', '_', '.']) && !is_code(name);
        head.eq_ignore_ascii_case(stem) && (text || marked)
    })
}

/// Whether a name ends as source code and compiled files do.
fn is_code(name: &str) -> bool {
    const ENDS: [&str; 12] = [
        "py", "pyc", "js", "ts", "c", "h", "so", "go", "rs", "pl", "pm", "json",
    ];
    name.rsplit_once('.')
        .is_some_and(|(_, end)| ENDS.contains(&end))
}

/// Whether a file is the copyright file of a Debian package (Debian Policy, 12.5).
pub(crate) fn is_debian_copyright(path: &str) -> bool {
    let inner = path
        .strip_prefix("usr/share/doc/")
        .and_then(|path| path.strip_suffix("/copyright"));
    inner.is_some_and(|package| !package.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of this folder that are not catalogers.
    const OTHERS: [&str; 6] = ["json", "lock", "mod", "sqlite", "stanza", "zip"];

    #[test]
    fn every_file_is_a_row() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                entry
                    .unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .filter(|stem| !OTHERS.contains(&stem.as_str()))
            .map(|stem| stem.replace('_', "-"))
            .collect();
        found.sort();
        found.dedup();
        let listed: Vec<&str> = CATALOGERS.iter().map(|row| row.id).collect();
        assert_eq!(found, listed);
    }

    #[test]
    fn licence_files_are_known_by_name() {
        for name in [
            "LICENSE",
            "a/LICENSE.txt",
            "COPYING",
            "COPYING.LESSER",
            "LICENSE-MIT",
            "NOTICE",
            "LICENSES",
            "usr/share/doc/bash/copyright",
            "licence.md",
            "LICENSE.APACHE",
        ] {
            assert!(is_license_file(name), "{name}");
        }
        for name in [
            "licensed",
            "license.py",
            "noticeboard.txt",
            "LICENSE.so",
            "license.json",
            "c",
        ] {
            assert!(!is_license_file(name), "{name}");
        }
    }

    #[test]
    fn copyright_files_are_known_by_place() {
        assert!(is_debian_copyright("usr/share/doc/bash/copyright"));
        assert!(!is_debian_copyright("usr/share/doc/a/b/copyright"));
        assert!(!is_debian_copyright("opt/copyright"));
    }
}
