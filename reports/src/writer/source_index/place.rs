//! Where the source of a package can be had, as far as its name and version tell: an address of who
//! keeps every version of it under its name. Nobody is asked whether it is there.
//!
//! What the purl says goes first (purl-spec, known qualifiers): `vcs_url`, and of a generic package
//! `download_url`. Of others that is what was built, as is what is in a `repository_url`.

use hpcctl_model::scan::Package;

/// What is said where it is not known.
pub const UNKNOWN: &str = "not known";

/// What keepers put into their addresses.
struct Source<'a> {
    namespace: &'a str,
    name: &'a str,
    version: &'a str,
}

/// The address of a source, by the parts of its name.
type Address = fn(&Source<'_>) -> Option<String>;

/// Keepers, by the type of a purl and, for a distribution, its namespace; each keeps old versions.
static KEEPERS: &[(&str, &str, Address)] = &[
    // Every source package that Debian ever had, with its .dsc (snapshot.debian.org, "package").
    ("deb", "debian", |it| {
        whole("https://snapshot.debian.org/package/{name}/{version}/", it)
    }),
    ("deb", "ubuntu", |it| {
        whole("https://launchpad.net/ubuntu/+source/{name}/{version}", it)
    }),
    ("rpm", "fedora", fedora),
    ("pypi", "", |it| {
        whole("https://pypi.org/project/{name}/{version}/#files", it)
    }),
    ("npm", "", npm),
    ("cargo", "", |it| {
        whole(
            "https://static.crates.io/crates/{name}/{name}-{version}.crate",
            it,
        )
    }),
    ("golang", "", golang),
    ("gem", "", |it| {
        whole("https://rubygems.org/downloads/{name}-{version}.gem", it)
    }),
    ("hackage", "", |it| {
        whole(
            "https://hackage.haskell.org/package/{name}-{version}/{name}-{version}.tar.gz",
            it,
        )
    }),
    ("luarocks", "", |it| {
        whole("https://luarocks.org/{name}-{version}.src.rock", it)
    }),
    ("composer", "", |it| {
        whole("https://packagist.org/packages/{name}#{version}", it)
    }),
    ("maven", "", maven),
    // Pages of all versions: their addresses need more than a name and a version.
    ("cpan", "", |it| {
        let name = it.name.replace("::", "-");
        let source = Source { name: &name, ..*it };
        whole("https://metacpan.org/dist/{name}", &source)
    }),
    ("cran", "", |it| {
        whole("https://cran.r-project.org/package={name}", it)
    }),
];

/// Where the source with this name and version can be had.
pub fn of(package: &Package, namespace: &str, name: &str, version: &str) -> String {
    if let Some(told) = told(package) {
        return told;
    }
    let source = Source {
        namespace,
        name,
        version,
    };
    let of_kind = |keeper: &&(&str, &str, Address)| {
        keeper.0 == package.kind && (keeper.1.is_empty() || keeper.1 == namespace)
    };
    let keeper = KEEPERS.iter().find(of_kind);
    let address = keeper.and_then(|(_, _, address)| address(&source));
    address.unwrap_or_else(|| UNKNOWN.to_owned())
}

/// The address of the source in a purl.
fn told(package: &Package) -> Option<String> {
    let purl = package.purl.parse::<packageurl::PackageUrl<'_>>().ok()?;
    let qualifiers = purl.qualifiers();
    let keys: &[&str] = match &*package.kind {
        "generic" => &["download_url", "vcs_url"],
        _ => &["vcs_url"],
    };
    let told = keys.iter().filter_map(|key| qualifiers.get(*key));
    let mut addresses = told.map(|address| address.to_string());
    addresses.find(|address| is_elsewhere(address))
}

/// Whether an address leads to another machine, so that others can fetch from it.
fn is_elsewhere(address: &str) -> bool {
    let plain = address.strip_prefix("git+").unwrap_or(address);
    let schemes = ["https://", "http://", "ssh://"];
    let is_git = address.starts_with("git+git://");
    is_git || schemes.iter().any(|scheme| plain.starts_with(scheme))
}

/// A pattern with the name and the version in it; none where they hold what an address cannot.
fn whole(pattern: &str, source: &Source<'_>) -> Option<String> {
    let is_plain = |text: &str| {
        let is_of = |c: char| c.is_ascii_alphanumeric() || "._+~:@/-!".contains(c);
        !text.is_empty() && !text.contains("..") && text.chars().all(is_of)
    };
    let needs_version = pattern.contains("{version}");
    (is_plain(source.name) && (!needs_version || is_plain(source.version))).then(|| {
        let named = pattern.replace("{name}", source.name);
        named.replace("{version}", source.version)
    })
}

/// Koji keeps the source packages of releases by name, version and release.
fn fedora(it: &Source<'_>) -> Option<String> {
    let (version, release) = it.version.rsplit_once('-')?;
    let plain = whole("{name}/{version}", it)?;
    let file = plain.replace('/', "-");
    (!it.name.contains('/') && !it.version.contains([':', '/'])).then(|| {
        format!(
            "https://kojipkgs.fedoraproject.org/packages/{}/{version}/{release}/src/{file}.src.rpm",
            it.name
        )
    })
}

/// The registry's own tarballs, which bear the name without its scope.
fn npm(it: &Source<'_>) -> Option<String> {
    let bare = it.name.rsplit('/').next().unwrap_or(it.name);
    let plain = whole("https://registry.npmjs.org/{name}/-/", it)?;
    let file = whole("{name}-{version}.tgz", &Source { name: bare, ..*it })?;
    Some(plain + &file)
}

/// The module proxy writes `!x` for `X` (Go Modules Reference, "Module proxies"); what the standard
/// library is of comes with Go itself.
fn golang(it: &Source<'_>) -> Option<String> {
    if it.name == "stdlib" {
        let version = it.version.trim_start_matches("go");
        let source = Source { version, ..*it };
        return whole("https://go.dev/dl/go{version}.src.tar.gz", &source);
    }
    let escaped = |text: &str| {
        let upper = |c: char| match c.is_ascii_uppercase() {
            true => format!("!{}", c.to_ascii_lowercase()),
            false => c.to_string(),
        };
        text.chars().map(upper).collect::<String>()
    };
    let (name, version) = (escaped(it.name), escaped(it.version));
    let source = Source {
        name: &name,
        version: &version,
        ..*it
    };
    whole("https://proxy.golang.org/{name}/@v/{version}.zip", &source)
}

/// The directory of a release, in which `-sources.jar` lies where there is one.
fn maven(it: &Source<'_>) -> Option<String> {
    let artifact = it.name.rsplit([':', '/']).next()?;
    let group = it.namespace.replace('.', "/");
    let name = format!("{group}/{artifact}");
    let source = Source { name: &name, ..*it };
    (!group.is_empty())
        .then(|| whole("https://repo1.maven.org/maven2/{name}/{version}/", &source))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::tests::package;

    fn at(purl: &str, name: &str, version: &str) -> String {
        let (_, rest) = purl.split_once(':').unwrap();
        let parts: Vec<&str> = rest.split(['@', '?']).next().unwrap().split('/').collect();
        let namespace = parts[1..parts.len() - 1].join("/");
        let mut of_kind = package("x", None, None);
        (of_kind.kind, of_kind.purl) = (parts[0].to_owned(), purl.to_owned());
        of(&of_kind, &namespace, name, version)
    }

    /// Purl, name and version, and where the source can be had.
    const ADDRESSES: [(&str, &str, &str, &str); 15] = [
        (
            "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64",
            "zlib",
            "1:1.2.13.dfsg-1",
            "https://snapshot.debian.org/package/zlib/1:1.2.13.dfsg-1/",
        ),
        (
            "pkg:deb/ubuntu/bash@5.1-6ubuntu1",
            "bash",
            "5.1-6ubuntu1",
            "https://launchpad.net/ubuntu/+source/bash/5.1-6ubuntu1",
        ),
        (
            "pkg:rpm/fedora/bash@5.2.26-3.fc40?arch=x86_64",
            "bash",
            "5.2.26-3.fc40",
            "https://kojipkgs.fedoraproject.org/packages/bash/5.2.26/3.fc40/src/bash-5.2.26-3.fc40.src.rpm",
        ),
        (
            "pkg:npm/%40a/b@1.0.0",
            "@a/b",
            "1.0.0",
            "https://registry.npmjs.org/@a/b/-/b-1.0.0.tgz",
        ),
        (
            "pkg:golang/github.com/burntsushi/toml@v1.3.2",
            "github.com/BurntSushi/toml",
            "v1.3.2",
            "https://proxy.golang.org/github.com/!burnt!sushi/toml/@v/v1.3.2.zip",
        ),
        (
            "pkg:golang/stdlib@1.22.1",
            "stdlib",
            "1.22.1",
            "https://go.dev/dl/go1.22.1.src.tar.gz",
        ),
        (
            "pkg:maven/org.a.b/c@1.0",
            "org.a.b:c",
            "1.0",
            "https://repo1.maven.org/maven2/org/a/b/c/1.0/",
        ),
        (
            "pkg:cargo/serde@1.0.1",
            "serde",
            "1.0.1",
            "https://static.crates.io/crates/serde/serde-1.0.1.crate",
        ),
        (
            "pkg:cpan/URI@5.1",
            "URI",
            "5.1",
            "https://metacpan.org/dist/URI",
        ),
        (
            "pkg:generic/a@1?download_url=https://a.example/a-1.tar.gz",
            "a",
            "1",
            "https://a.example/a-1.tar.gz",
        ),
        (
            "pkg:pypi/a@1?repository_url=https://pypi.site.example",
            "a",
            "1",
            "https://pypi.org/project/a/1/#files",
        ),
        (
            "pkg:pypi/a@1?download_url=https://a.example/a-1-py3-none-any.whl",
            "a",
            "1",
            "https://pypi.org/project/a/1/#files",
        ),
        (
            "pkg:deb/debian/a@1?download_url=https://a.example/a_1_amd64.deb",
            "a",
            "1",
            "https://snapshot.debian.org/package/a/1/",
        ),
        (
            "pkg:pypi/a@1?vcs_url=git%2Bhttps://a.example/a.git%40v1",
            "a",
            "1",
            "git+https://a.example/a.git@v1",
        ),
        (
            "pkg:generic/a@1?download_url=file:///a-1.tar.gz&vcs_url=git%2Bssh://a.example/a",
            "a",
            "1",
            "git+ssh://a.example/a",
        ),
    ];

    #[test]
    fn each_keeper_has_its_own_addresses() {
        for (purl, name, version, expected) in ADDRESSES {
            assert_eq!(at(purl, name, version), expected);
        }
    }

    #[test]
    fn what_nobody_keeps_by_its_name_is_not_known() {
        for (purl, name, version) in [
            ("pkg:rpm/rhel/bash@5.1-9.el9", "bash", "5.1-9.el9"),
            ("pkg:rpm/fedora/bash@5", "bash", "5"),
            ("pkg:apk/alpine/musl@1.2.5-r0", "musl", "1.2.5-r0"),
            ("pkg:conda/numpy@1.26", "numpy", "1.26"),
            ("pkg:generic/a@1?spack=abc", "a", "1"),
            ("pkg:generic/a@1?download_url=file:///a.tgz", "a", "1"),
            ("pkg:generic/a@1?vcs_url=git%2Bfile:///a", "a", "1"),
            ("pkg:generic/a@1?repository_url=https://a.example", "a", "1"),
            (
                "pkg:rpm/rhel/a@1-1?download_url=https://a.example/a.rpm",
                "a",
                "1-1",
            ),
            (
                "pkg:conda/a@1?download_url=https://a.example/a.conda",
                "a",
                "1",
            ),
            ("pkg:golang/a.org/m@(devel)", "a.org/m", "(devel)"),
            ("pkg:pypi/a@1", "a b", "1"),
            ("pkg:pypi/a@1", "a", ""),
            ("pkg:npm/a@1", "../a", "1"),
        ] {
            assert_eq!(at(purl, name, version), UNKNOWN, "{purl} {name}");
        }
    }
}
