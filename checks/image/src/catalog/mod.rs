//! What packages the files of an image speak of.
//!
//! A cataloger is a row: globs, and a function that reads one file. It sees the bytes of that
//! file only, so it runs while the layer is read and nothing has to be kept. What a package
//! has elsewhere in the image (its licence files, the distribution) is looked up in the
//! merged tree by [`crate::packages`].

mod apk;
mod cargo_lock;
mod conda;
mod conda_lock;
mod dotnet;
mod dotnet_lock;
mod dpkg;
mod easybuild;
mod elf;
mod found;
mod go_lock;
mod haskell;
mod haskell_lock;
mod java;
mod json;
mod julia;
mod julia_lock;
mod license_file;
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
mod pear;
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
mod yarn;
pub(crate) mod zip;

#[cfg(test)]
mod damaged;

use std::ops::Range;

#[cfg(test)]
pub(crate) use elf::library;
pub(crate) use elf::names;
pub(crate) use found::{Candidate, Declared, Found, Needs, Owned, TextsIn, Versions};
pub(crate) use license_file::{is_debian_copyright, is_license_file, is_notice, is_readme};
pub(crate) use nix::{Stored, in_tree as nix_packages};
pub(crate) use os_release::Distro;
pub(crate) use sqlite::apply as apply_log;

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
        globs: &["**/lib/apk/db/installed"],
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
        id: "conda-lock",
        globs: &["**/environment.{yml,yaml}"],
        magic: &[],
        max_bytes: 4 * MIB,
        parse: conda_lock::parse,
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
            "**/var/lib/dpkg/status",
            "**/var/lib/dpkg/status.d/*",
            "**/var/lib/dpkg/info/*.list",
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
        globs: &[
            "**/include/**/{cudnn,cudnn_version,nccl}.h",
            "**/pkgconfig/netcdf-fortran.pc",
        ],
        magic: &[b"\x7fELF"],
        max_bytes: 32 * MIB,
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
        max_bytes: 160 * MIB,
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
        globs: &[
            "nix/var/nix/db/db.sqlite",
            "nix/var/nix/db/db.sqlite-wal",
            "var/guix/db/db.sqlite",
            "var/guix/db/db.sqlite-wal",
        ],
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
            "**/bun.lock",
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
        globs: &[
            "**/etc/os-release",
            "**/usr/lib/os-release",
            "etc/*-release",
        ],
        magic: &[],
        max_bytes: 64 * 1024,
        parse: os_release::parse,
    },
    Cataloger {
        id: "pacman",
        globs: &["**/var/lib/pacman/local/*/{desc,files}"],
        magic: &[],
        max_bytes: 64 * MIB,
        parse: pacman::parse,
    },
    Cataloger {
        id: "pear",
        globs: &["**/.registry/{,.channel.*/}*.reg"],
        magic: &[],
        max_bytes: 16 * MIB,
        parse: pear::parse,
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
            "**/{var/lib,usr/lib/sysimage}/rpm/rpmdb.sqlite",
            "**/{var/lib,usr/lib/sysimage}/rpm/rpmdb.sqlite-wal",
            "**/{var/lib,usr/lib/sysimage}/rpm/Packages",
            "**/{var/lib,usr/lib/sysimage}/rpm/Packages.db",
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
    Cataloger {
        id: "yarn",
        globs: &["**/.yarn/{,berry/}cache/*-npm-*.zip"],
        magic: &[],
        max_bytes: 32 * MIB,
        parse: yarn::parse,
    },
];

/// The ranges of a file that none of these catalogers looks at, by its first bytes.
pub(crate) fn gaps(rows: &[usize], head: &[u8]) -> Vec<Range<u64>> {
    match rows {
        [row] if CATALOGERS[*row].id == "elf" => elf::code(head),
        _ => Vec::new(),
    }
}

/// The ranges of a file that these catalogers look at wherever they lie, by its first bytes.
pub(crate) fn written(rows: &[usize], head: &[u8]) -> Vec<Range<u64>> {
    match rows.iter().any(|row| CATALOGERS[*row].id == "elf") {
        true => elf::written(head),
        false => Vec::new(),
    }
}

/// Where the package managers of distributions keep their databases, and where the distribution is
/// named, below a root file system; the longer ones first.
const DATABASES: &[(&str, &str)] = &[
    ("dpkg", "var/lib/dpkg/"),
    ("rpm", "usr/lib/sysimage/rpm/"),
    ("rpm", "var/lib/rpm/"),
    ("apk", "usr/lib/apk/db/"),
    ("apk", "lib/apk/db/"),
    ("pacman", "var/lib/pacman/local/"),
];

/// Whether a row reads the package database of a distribution.
pub(crate) fn is_database(row: usize) -> bool {
    let id = CATALOGERS.get(row).map_or("", |row| row.id);
    DATABASES.iter().any(|(of, _)| *of == id)
}

/// The root file system that a package database belongs to, by the row of its cataloger: the path
/// without a slash at its end, empty for that of the image.
pub(crate) fn root_of(row: usize, path: &str) -> Option<&str> {
    let id = CATALOGERS.get(row)?.id;
    let mut places = DATABASES.iter().filter(|(of, _)| *of == id);
    places.find_map(|(_, place)| {
        let at = path.find(place)?;
        let root = &path[..at];
        (root.is_empty() || root.ends_with('/')).then(|| root.trim_end_matches('/'))
    })
}

/// A file that a cataloger reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The path, without a slash in front.
    pub(crate) path: &'a str,
    /// The content, or the start of it, without its gaps.
    pub(crate) bytes: &'a [u8],
    /// The ranges of the file that were left out of `bytes`, in order ([`gaps`]).
    pub(crate) gaps: &'a [Range<u64>],
    /// The end of a file of which `bytes` is only the start, for catalogers that ask by magic
    /// bytes; they tell themselves when what they need lies between the two.
    pub(crate) tail: &'a [u8],
    /// How many bytes the file has.
    pub(crate) size: u64,
}

impl<'a> Source<'a> {
    /// A file that was read to its end.
    pub(crate) fn whole(path: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            path,
            bytes,
            gaps: &[],
            tail: &[],
            size: bytes.len() as u64,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of this folder that are not catalogers.
    const OTHERS: [&str; 9] = [
        "damaged",
        "found",
        "json",
        "license_file",
        "lock",
        "mod",
        "sqlite",
        "stanza",
        "zip",
    ];

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
}
