//! The kinds of files, each with one that is whole and what is said of damaged ones.

use super::Case;
use super::Said::{self, Fault, Nothing};
use crate::catalog::elf::library;
use crate::catalog::rpm::tests::databases;
use crate::catalog::{nix, sqlite, zip::build::zip};

/// What no format of text has.
const NOISE: &[u8] = b"\x01\xfe?? zz(\n\x02\n";

const TOLD: [Said; 3] = [Fault; 3];

// Reasons that several kinds share.
const SHORTER: Said =
    Nothing("a shorter list is one, too: what it lacks of is told as owned by none");
const FEWER: Said = Nothing("its lines have no end mark, and a lock of fewer packages is one, too");
const NO_FILES: Said = Nothing("a package without files has an empty list");
const NO_PACKAGE: Said = Nothing("a project of no packages has an empty one");
const ANY_WORDS: Said = Nothing("any line is a path");
const PROGRAM: Said =
    Nothing("a program in which only what is plain is read: the rest may be anything");
const FIRST: Said =
    Nothing("what tells the package comes first, and nothing says where the rest ends");
const PLACE: Said = Nothing("only its place is read: names and versions of directories");
const SHARED: Said = Nothing("files of other software have this name, too");
const LOG: Said = Nothing("SQLite takes a log that is none, or breaks off, for the end of one");
const TELLS: Said = Nothing("it only tells the version of a library that is found by itself");

pub(super) static CASES: &[Case] = &[
    Case {
        id: "apk",
        paths: &["lib/apk/db/installed"],
        whole: || b"P:musl\nV:1.2.4-r2\nA:x86_64\n\n".to_vec(),
        garbage: NOISE,
        said: [
            Fault,
            Nothing("apk makes it so before it installs anything"),
            Fault,
        ],
    },
    Case {
        id: "cargo-lock",
        paths: &["srv/Cargo.lock"],
        whole: || b"version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n".to_vec(),
        garbage: NOISE,
        said: [Fault, NO_PACKAGE, Fault],
    },
    Case {
        id: "conda",
        paths: &["env/conda-meta/a-1-0.json"],
        whole: || br#"{"name":"a","version":"1"}"#.to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "conda-lock",
        paths: &["srv/environment.yml", "srv/environment.yaml"],
        whole: || b"dependencies:\n  - a==1\n  - b==2\n".to_vec(),
        garbage: NOISE,
        said: [SHARED, SHARED, FEWER],
    },
    Case {
        id: "dotnet",
        paths: &["srv/a.deps.json"],
        whole: || br#"{"libraries":{"A/1.0.0":{"type":"package"}}}"#.to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "dotnet-lock",
        paths: &["srv/packages.lock.json"],
        whole: || br#"{"dependencies":{"net8.0":{"A":{"resolved":"1.0.0"}}}}"#.to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "dpkg",
        paths: &["var/lib/dpkg/status"],
        whole: || b"Package: a\nVersion: 1\nMaintainer: M\n".to_vec(),
        garbage: NOISE,
        said: [
            Fault,
            Nothing("dpkg makes it so before it installs anything"),
            Fault,
        ],
    },
    Case {
        id: "dpkg",
        paths: &["var/lib/dpkg/status.d/a"],
        whole: || b"Package: a\nVersion: 1\nMaintainer: M\n".to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "dpkg",
        paths: &["var/lib/dpkg/status.d/a.md5sums"],
        whole: || b"0123  usr/bin/a\n4567  usr/bin/b\n".to_vec(),
        garbage: NOISE,
        said: [Fault, NO_FILES, SHORTER],
    },
    Case {
        id: "dpkg",
        paths: &["var/lib/dpkg/info/a.list"],
        whole: || b"/.\n/usr\n/usr/bin\n/usr/bin/a\n".to_vec(),
        garbage: NOISE,
        said: [Fault, NO_FILES, Fault],
    },
    Case {
        id: "easybuild",
        paths: &["opt/a/1/easybuild/a-1.eb"],
        whole: || {
            b"name = 'a'\nversion = '1'\ndependencies = [\n    ('zlib', '1.2.13'),\n]\n".to_vec()
        },
        garbage: NOISE,
        said: [Fault, Fault, PROGRAM],
    },
    Case {
        id: "elf",
        paths: &["usr/lib/libfabric.so.1"],
        whole: || library("libfabric.so.1"),
        garbage: b"\x7fELF zzz",
        said: [Fault, Nothing("it is no ELF file then"), Fault],
    },
    Case {
        id: "elf",
        paths: &["usr/include/nccl.h", "usr/include/x86_64-linux-gnu/nccl.h"],
        whole: || b"#define NCCL_MAJOR 2\n#define NCCL_MINOR 21\n#define NCCL_PATCH 5\n".to_vec(),
        garbage: NOISE,
        said: [SHARED, TELLS, TELLS],
    },
    Case {
        id: "elf",
        paths: &["usr/include/cudnn.h", "usr/include/cudnn_version.h"],
        whole: || {
            b"#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 1\n#define CUDNN_PATCHLEVEL 0\n".to_vec()
        },
        garbage: NOISE,
        said: [TELLS; 3],
    },
    Case {
        id: "elf",
        paths: &["opt/n/lib/pkgconfig/netcdf-fortran.pc"],
        whole: || b"Name: netcdf-fortran\nVersion: 4.6.1\nLibs: -lnetcdff\n".to_vec(),
        garbage: NOISE,
        said: [TELLS; 3],
    },
    Case {
        id: "go-lock",
        paths: &["srv/go.mod"],
        whole: || b"module a.org/a\n\nrequire (\n\tb.org/b v1.0.0\n\tc.org/c v1.0.0\n)\n".to_vec(),
        garbage: NOISE,
        said: [
            Fault,
            Nothing("it keeps a directory out of the module around it"),
            Fault,
        ],
    },
    Case {
        id: "haskell",
        paths: &[
            "usr/lib/ghc/package.conf.d/a.conf",
            "opt/ghc/package.db/a.conf",
        ],
        whole: || {
            b"name: a\nversion: 1.0\nlicense: MIT\ndepends: base-4.15.1.0 text-1.2\n".to_vec()
        },
        garbage: NOISE,
        said: [Fault, Fault, FIRST],
    },
    Case {
        id: "haskell-lock",
        paths: &["srv/cabal.project.freeze"],
        whole: || b"constraints: any.a ==1.0,\n             any.b ==2.0\n".to_vec(),
        garbage: NOISE,
        said: [Fault, NO_PACKAGE, FEWER],
    },
    Case {
        id: "haskell-lock",
        paths: &["srv/stack.yaml.lock"],
        whole: || b"packages:\n- completed:\n    hackage: a-1.0@sha256:ab,12\n".to_vec(),
        garbage: b": [\n",
        said: [Fault, NO_PACKAGE, FEWER],
    },
    Case {
        id: "java",
        paths: &[
            "srv/a.jar",
            "srv/a.war",
            "srv/a.ear",
            "srv/a.jpi",
            "srv/a.hpi",
        ],
        whole: archive,
        garbage: NOISE,
        said: [Fault, Nothing("builds leave empty ones as marks"), Fault],
    },
    Case {
        id: "java",
        paths: &["srv/a.par", "srv/a.sar", "srv/a.nar", "srv/a.kar"],
        whole: archive,
        garbage: NOISE,
        said: [SHARED, SHARED, Fault],
    },
    Case {
        id: "julia",
        paths: &[
            "root/.julia/packages/A/xYz/Project.toml",
            "opt/julia/stdlib/v1.10/A/Project.toml",
        ],
        whole: || b"name = \"A\"\nuuid = \"0123-4567-89ab\"\n".to_vec(),
        garbage: NOISE,
        said: [
            Fault,
            Nothing("an environment has no name, and is no package"),
            Fault,
        ],
    },
    Case {
        id: "julia-lock",
        paths: &["srv/Manifest.toml", "srv/JuliaManifest.toml"],
        whole: || b"[[deps.A]]\nuuid = \"01234567\"\nversion = \"1.0\"\n".to_vec(),
        garbage: NOISE,
        said: [Fault, NO_PACKAGE, Fault],
    },
    Case {
        id: "lua",
        paths: &["usr/lib/luarocks/rocks-5.1/a/1-1/a-1-1.rockspec"],
        whole: || {
            b"package = \"a\"\nversion = \"1-1\"\ndescription = {\n  license = \"MIT\",\n  maintainer = \"M\",\n  homepage = \"https://example.org\"\n}\n"
                .to_vec()
        },
        garbage: b"x = (\n",
        said: TOLD,
    },
    Case {
        id: "lua",
        paths: &[
            "srv/rocks/a/1-1/a-1-1.rockspec",
            "srv/rocks/a/1-1/rock_manifest",
        ],
        whole: || b"package = \"a\"\nversion = \"1-1\"\n".to_vec(),
        garbage: NOISE,
        said: [Nothing("sources have such files, too: LuaRocks installs below lib/luarocks"); 3],
    },
    Case {
        id: "lua",
        paths: &["usr/lib/luarocks/rocks-5.1/a/1-1/rock_manifest"],
        whole: || b"rock_manifest = {\n  lua = { [\"a.lua\"] = \"0\" }\n}\n".to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "modulefile",
        paths: &["opt/modulefiles/a/1.lua", "opt/modules/all/a/1.lua"],
        whole: || b"prepend_path(\"PATH\", \"/opt/a/1/bin\")\n".to_vec(),
        garbage: NOISE,
        said: [PROGRAM; 3],
    },
    Case {
        id: "modulefile",
        paths: &["opt/m/a/1"],
        whole: || b"#%Module\nprepend-path PATH /opt/a/1/bin\n".to_vec(),
        garbage: b"#%Module zz(\n\x01",
        said: [PROGRAM, Nothing("it is no module file then"), PROGRAM],
    },
    Case {
        id: "nix",
        paths: &["nix/var/nix/db/db.sqlite", "var/guix/db/db.sqlite"],
        whole: nix::tests::database,
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "nix",
        paths: &["nix/var/nix/db/db.sqlite-wal", "var/guix/db/db.sqlite-wal"],
        whole: || sqlite::tests::log(0, false),
        garbage: NOISE,
        said: [LOG; 3],
    },
    Case {
        id: "npm",
        paths: &["srv/node_modules/a/package.json"],
        whole: || br#"{"name":"a","version":"1.0.0"}"#.to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "npm",
        paths: &["srv/package.json"],
        whole: || br#"{"name":"a","version":"1.0.0"}"#.to_vec(),
        garbage: NOISE,
        said: [SHARED; 3],
    },
    Case {
        id: "npm-lock",
        paths: &["srv/package-lock.json", "srv/npm-shrinkwrap.json"],
        whole: || br#"{"packages":{"node_modules/a":{"version":"1.0.0"}}}"#.to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "npm-lock",
        paths: &["srv/bun.lock"],
        whole: || {
            br#"{"workspaces":{"":{"dependencies":{"a":"1"}}},"packages":{"a":["a@1.0.0"]}}"#
                .to_vec()
        },
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "npm-lock",
        paths: &["srv/yarn.lock"],
        whole: || {
            b"a@^1:\n  version \"1.0.0\"\n\nb@^2:\n  version \"2.0.0\"\n  resolved \"https://example.org/b\"\n".to_vec()
        },
        garbage: b"::\n",
        said: [
            Fault,
            Nothing("Yarn marks by it where a project begins"),
            Fault,
        ],
    },
    Case {
        id: "npm-lock",
        paths: &["srv/pnpm-lock.yaml"],
        whole: || b"lockfileVersion: '9.0'\n\npackages:\n\n  a@1.0.0:\n    engines: {}\n".to_vec(),
        garbage: b"lockfileVersion: {\n",
        said: [Fault, NO_PACKAGE, FEWER],
    },
    Case {
        id: "ocaml",
        paths: &["root/.opam/4.14/.opam-switch/packages/a.1/opam"],
        whole: || b"opam-version: \"2.0\"\nlicense: \"MIT\"\nmaintainer: \"M\"\n".to_vec(),
        garbage: b"name:\n",
        said: [Fault, Fault, FIRST],
    },
    Case {
        id: "ocaml",
        paths: &["usr/lib/a/opam", "usr/lib/ocaml/a/opam"],
        whole: || b"opam-version: \"2.0\"\nversion: \"1.0\"\nlicense: \"MIT\"\n".to_vec(),
        garbage: NOISE,
        said: [SHARED; 3],
    },
    Case {
        id: "ocaml",
        paths: &["usr/lib/a/META", "usr/lib/ocaml/a/META"],
        whole: || b"version = \"1.5\"\nrequires = \"seq\"\n".to_vec(),
        garbage: NOISE,
        said: [SHARED, SHARED, FIRST],
    },
    Case {
        id: "opkg",
        paths: &["usr/lib/opkg/status", "var/lib/opkg/status"],
        whole: || b"Package: a\nVersion: 1\nMaintainer: M\n".to_vec(),
        garbage: NOISE,
        said: [
            Fault,
            Nothing("opkg makes it so before it installs anything"),
            Fault,
        ],
    },
    Case {
        id: "opkg",
        paths: &["usr/lib/opkg/info/a.control", "var/lib/opkg/info/a.control"],
        whole: || b"Package: a\nVersion: 1\nLicense: MIT\n".to_vec(),
        garbage: NOISE,
        said: [Fault, Fault, FIRST],
    },
    Case {
        id: "opkg",
        paths: &["usr/lib/opkg/info/a.list", "var/lib/opkg/info/a.list"],
        whole: || b"/usr/bin/a\n/usr/bin/b\n".to_vec(),
        garbage: NOISE,
        said: [Fault, NO_FILES, SHORTER],
    },
    Case {
        id: "os-release",
        paths: &["etc/os-release", "usr/lib/os-release"],
        whole: || b"ID=debian\nVERSION_ID=\"12\"\nNAME=x\n".to_vec(),
        garbage: NOISE,
        said: [Fault, Nothing("each of its fields may be missing"), FIRST],
    },
    Case {
        id: "os-release",
        paths: &["etc/redhat-release"],
        whole: || b"CentOS release 6.10 (Final)\n".to_vec(),
        garbage: NOISE,
        said: [SHARED, SHARED, FIRST],
    },
    Case {
        id: "pacman",
        paths: &["var/lib/pacman/local/a-1-1/desc"],
        whole: || b"%NAME%\na\n\n%VERSION%\n1-1\n".to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "pacman",
        paths: &["var/lib/pacman/local/a-1-1/files"],
        whole: || b"%FILES%\nusr/bin/a\nusr/bin/b\n".to_vec(),
        garbage: NOISE,
        said: [Fault, NO_FILES, Fault],
    },
    Case {
        id: "pear",
        paths: &[
            "usr/share/php/.registry/a.reg",
            "usr/share/php/.registry/.channel.x/a.reg",
        ],
        whole: || b"a:2:{s:4:\"name\";s:1:\"a\";s:7:\"version\";s:1:\"1\";}".to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "perl",
        paths: &["usr/lib/perl5/.meta/A-1/MYMETA.json"],
        whole: || br#"{"name":"A","version":"1"}"#.to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "perl",
        paths: &["usr/lib/perl5/perllocal.pod"],
        whole: || {
            b"=head2 Mon: C<Module> L<Foo::Bar|Foo::Bar>\n\n=item *\n\nC<VERSION: 1.0>\n".to_vec()
        },
        garbage: NOISE,
        said: [Fault, Nothing("it is a log: of nothing yet"), Fault],
    },
    Case {
        id: "perl",
        paths: &["usr/lib/perl5/auto/Foo/Bar/.packlist"],
        whole: || b"/usr/lib/perl5/Foo/Bar.pm\n/usr/bin/foo\n".to_vec(),
        garbage: NOISE,
        said: [Fault, NO_FILES, SHORTER],
    },
    Case {
        id: "php",
        paths: &["srv/vendor/composer/installed.json"],
        whole: || br#"{"packages":[{"name":"a/b","version":"1"}]}"#.to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "php-lock",
        paths: &["srv/composer.lock"],
        whole: || br#"{"packages":[{"name":"a/b","version":"1"}]}"#.to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "portage",
        paths: &["var/db/pkg/a/b-1/CONTENTS"],
        whole: || b"obj /usr/bin/b 0123 17\nobj /usr/bin/longer 4567 17\n".to_vec(),
        garbage: NOISE,
        said: [Fault, NO_FILES, Fault],
    },
    Case {
        id: "portage",
        paths: &["var/db/pkg/a/b-1/PF"],
        whole: || b"b-1\n".to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "portage",
        paths: &["var/db/pkg/a/b-1/LICENSE"],
        whole: || b"|| ( MIT BSD )\n".to_vec(),
        garbage: NOISE,
        said: [
            Nothing("any word may name a licence"),
            Nothing("a package may have none"),
            Nothing("any word may name a licence"),
        ],
    },
    Case {
        id: "portage",
        paths: &["var/db/pkg/a/b-1/RDEPEND"],
        whole: || b"a/b || ( sys-libs/zlib c/d )\n".to_vec(),
        garbage: NOISE,
        said: [Fault, Nothing("a package may need nothing"), Fault],
    },
    Case {
        id: "python",
        paths: &[
            "usr/lib/python3/a.dist-info/METADATA",
            "usr/lib/python3/a.egg-info/PKG-INFO",
            "usr/lib/python3/a.egg/EGG-INFO/PKG-INFO",
            "usr/lib/python3/a.egg-info",
        ],
        whole: || b"Name: a\nVersion: 1\nSummary: words\n\nMore words.\n".to_vec(),
        garbage: NOISE,
        said: [Fault, Fault, FIRST],
    },
    Case {
        id: "python",
        paths: &["usr/lib/python3/a.dist-info/RECORD"],
        whole: || b"a.py,sha256=01234,17\nlonger.py,sha256=56789,17\n".to_vec(),
        garbage: NOISE,
        said: [Fault, NO_FILES, Fault],
    },
    Case {
        id: "python",
        paths: &["usr/lib/python3/a.dist-info/direct_url.json"],
        whole: || br#"{"url":"file:///srv/a","dir_info":{"editable":true}}"#.to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "python",
        paths: &["usr/lib/python3/a.egg-info/installed-files.txt"],
        whole: || b"../a.py\n../b.py\n".to_vec(),
        garbage: NOISE,
        said: [ANY_WORDS, NO_FILES, SHORTER],
    },
    Case {
        id: "python",
        paths: &["usr/lib/python3/a.egg"],
        whole: || zip(&[("EGG-INFO/PKG-INFO", b"Name: a\nVersion: 1\n", true)]),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "python",
        paths: &["usr/lib/python3/a.egg-link"],
        whole: || b"/srv/a\n.\n".to_vec(),
        garbage: NOISE,
        said: [ANY_WORDS, Fault, ANY_WORDS],
    },
    Case {
        id: "python-lock",
        paths: &[
            "srv/pylock.toml",
            "srv/pylock.dev.toml",
            "srv/poetry.lock",
            "srv/uv.lock",
            "srv/pdm.lock",
        ],
        whole: || b"[[package]]\nname = \"a\"\nversion = \"1.0\"\n".to_vec(),
        garbage: NOISE,
        said: [Fault, NO_PACKAGE, Fault],
    },
    Case {
        id: "python-lock",
        paths: &["srv/Pipfile.lock"],
        whole: || br#"{"default":{"a":{"version":"==1.0"}}}"#.to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "python-lock",
        paths: &["srv/requirements.txt", "srv/requirements-dev.txt"],
        whole: || b"a==1.0\nb==2.0\n".to_vec(),
        garbage: b"???\n",
        said: [Fault, NO_PACKAGE, FEWER],
    },
    Case {
        id: "python-lock",
        paths: &["usr/share/x/requirements.txt"],
        whole: || b"a==1.0\n".to_vec(),
        garbage: b"What you need\n=============\n\n* a computer\n",
        said: [SHARED, SHARED, FEWER],
    },
    Case {
        id: "r",
        paths: &["usr/lib/R/library/a/DESCRIPTION"],
        whole: || b"Package: a\nVersion: 1\nBuilt: R 4.2.1; ; 2022\n".to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "r",
        paths: &["srv/a/DESCRIPTION"],
        whole: || b"Package: a\nVersion: 1\nBuilt: R 4.2.1; ; 2022\n".to_vec(),
        garbage: NOISE,
        said: [SHARED; 3],
    },
    Case {
        id: "rpm",
        paths: &[
            "var/lib/rpm/rpmdb.sqlite",
            "usr/lib/sysimage/rpm/rpmdb.sqlite",
        ],
        whole: || databases().0,
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "rpm",
        paths: &[
            "var/lib/rpm/rpmdb.sqlite-wal",
            "usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
        ],
        whole: || sqlite::tests::log(0, false),
        garbage: NOISE,
        said: [LOG; 3],
    },
    Case {
        id: "rpm",
        paths: &[
            "var/lib/rpm/Packages.db",
            "usr/lib/sysimage/rpm/Packages.db",
        ],
        whole: || databases().1,
        garbage: NOISE,
        said: [
            Fault,
            Nothing("rpm makes it so before it writes to it"),
            Fault,
        ],
    },
    Case {
        id: "rpm",
        paths: &["var/lib/rpm/Packages", "usr/lib/sysimage/rpm/Packages"],
        whole: || databases().2,
        garbage: NOISE,
        said: [
            Fault,
            Nothing("rpm makes it so before it writes to it"),
            Fault,
        ],
    },
    Case {
        id: "ruby",
        paths: &[
            "usr/lib/ruby/specifications/a-1.gemspec",
            "usr/lib/ruby/specifications/default/a-1.gemspec",
        ],
        whole: || {
            b"# stub: a 1 ruby lib\n\nGem::Specification.new do |s|\n  s.name = \"a\"\n  s.licenses = [\"MIT\"]\nend\n".to_vec()
        },
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "ruby-lock",
        paths: &["srv/Gemfile.lock", "srv/gems.locked"],
        whole: || b"GEM\n  specs:\n    a (1)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  a\n".to_vec(),
        garbage: b"zz\n",
        said: [Fault, Nothing("Bundler takes it for none yet"), Fault],
    },
    Case {
        id: "spack",
        paths: &["opt/a/.spack/spec.json"],
        whole: || br#"{"spec":{"nodes":[{"name":"a","version":"1","hash":"h"}]}}"#.to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "spack",
        paths: &["opt/store/.spack-db/index.json"],
        whole: || {
            br#"{"database":{"installs":{"h":{"spec":{"name":"a","version":"1"}}}}}"#.to_vec()
        },
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "spack",
        paths: &["opt/a/.spack/repos/builtin/packages/a/package.py"],
        whole: || b"license(\"MIT\")\n".to_vec(),
        garbage: NOISE,
        said: [PROGRAM; 3],
    },
    Case {
        id: "vendor-tree",
        paths: &[
            "usr/local/cuda/version.json",
            "usr/local/cuda-12.4/version.json",
            "opt/cuda/12.4/version.json",
        ],
        whole: || br#"{"cuda":{"name":"CUDA SDK","version":"12.4.1"}}"#.to_vec(),
        garbage: b"{",
        said: TOLD,
    },
    Case {
        id: "vendor-tree",
        paths: &[
            "usr/local/cuda-10.2/version.txt",
            "opt/cuda/10.2/version.txt",
        ],
        whole: || b"CUDA Version 10.2.89\n".to_vec(),
        garbage: NOISE,
        said: TOLD,
    },
    Case {
        id: "vendor-tree",
        paths: &["srv/pycuda/version.txt", "srv/pycuda/version.json"],
        whole: || b"2024.1\n".to_vec(),
        garbage: NOISE,
        said: [SHARED; 3],
    },
    Case {
        id: "vendor-tree",
        paths: &["opt/rocm-6.0.2/.info/version"],
        whole: || b"6.0.2-115\n".to_vec(),
        garbage: b"zzz\n",
        said: [Fault, Fault, FIRST],
    },
    Case {
        id: "vendor-tree",
        paths: &["opt/hpcx/VERSION"],
        whole: || b"HPC-X v2.18.1\nhpcx-v2.18.1-gcc\n".to_vec(),
        garbage: b"zzz\n",
        said: [Fault, Fault, FIRST],
    },
    Case {
        id: "vendor-tree",
        paths: &[
            "opt/nvidia/hpc_sdk/Linux_x86_64/24.3/cmake/NVHPCConfig.cmake",
            "opt/intel/oneapi/mkl/2024.0/env/vars.sh",
            "opt/intel/oneapi/compiler/2024.0/etc/compiler/vars.sh",
            "opt/cray/pe/mpich/8.1.25/release_info",
            "opt/hpe/hpc/mpt/mpt-2.26/include/mpi.h",
        ],
        whole: || b"words\n".to_vec(),
        garbage: NOISE,
        said: [PLACE; 3],
    },
    Case {
        id: "yarn",
        paths: &[
            "srv/.yarn/cache/a-npm-1-0.zip",
            "srv/.yarn/berry/cache/a-npm-1-0.zip",
        ],
        whole: || {
            zip(&[(
                "node_modules/a/package.json",
                br#"{"name":"a","version":"1"}"#,
                true,
            )])
        },
        garbage: NOISE,
        said: TOLD,
    },
];

/// An archive of Java.
fn archive() -> Vec<u8> {
    let manifest = b"Manifest-Version: 1.0\nImplementation-Title: a\nImplementation-Version: 1\n";
    zip(&[("META-INF/MANIFEST.MF", manifest, true)])
}
