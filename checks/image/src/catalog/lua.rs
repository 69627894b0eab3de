//! Installed rocks of LuaRocks: the rockspec of each and its list of files (LuaRocks' manual,
//! "Rockspec format" and "File locations").
//!
//! Both are Lua programs of assignments; strings, tables and comments are read, nothing is run.

mod tokens;

use hpcctl_license_db::declared;

use self::tokens::{Token, Tokens};
use super::{Candidate, Found, Owned, Source, TextsIn, is_word};

/// Reads a rockspec or a list of files, in `…/rocks-5.4/NAME/VERSION/`.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let Some(place) = Place::of(source.path) else {
        return found;
    };
    let text = String::from_utf8_lossy(source.bytes);
    if place.file == "rock_manifest" {
        match place.files(&text) {
            Some(paths) => found.owned.push(Owned {
                of: place.directory.to_owned(),
                paths,
            }),
            None => found.faults.push("it is no list of files".to_owned()),
        }
        return found;
    }
    let Some(spec) = Spec::read(&text).filter(Spec::is_named) else {
        return Found::unread("it has no name or version, or its tables are not closed");
    };
    if spec.package.to_lowercase() != place.name || spec.version != place.version {
        // A rockspec that came with the sources of a rock.
        return found;
    }
    found.add(Candidate {
        kind: "luarocks",
        name: spec.package.clone(),
        purl_name: Some(spec.package.to_lowercase()),
        version: spec.version.clone(),
        declared: declared::any_of(spec.license.as_deref()),
        texts_in: ["", "/doc"]
            .iter()
            .map(|inside| TextsIn::Named(format!("{}{inside}", place.directory)))
            .collect(),
        supplier: spec.maintainer,
        key: Some(place.directory.to_owned()),
        depends: spec.needs,
        provides: vec![place.name.to_owned()],
        ..Candidate::default()
    });
    found
}

/// The place of a rock in a tree.
struct Place<'a> {
    directory: &'a str,
    name: &'a str,
    version: &'a str,
    file: &'a str,
    /// The tree, with a slash behind it.
    tree: &'a str,
    /// The version of Lua that the rock is for.
    lua: &'a str,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let (directory, file) = path.rsplit_once('/')?;
        let (above, version) = directory.rsplit_once('/')?;
        let (rocks, name) = above.rsplit_once('/')?;
        let (home, lua) = rocks.rsplit_once("/rocks")?;
        let tree = home.strip_suffix("lib/luarocks")?;
        is_word(name).then_some(())?;
        Some(Self {
            directory,
            name,
            version,
            file,
            tree,
            lua: lua.trim_start_matches('-'),
        })
    }

    /// The files of a manifest: its tables are directories, its strings are digests. None where it
    /// has no table, or one that is not closed.
    fn files(&self, text: &str) -> Option<String> {
        let mut paths = format!("{}/\n", self.directory);
        let mut above: Vec<String> = Vec::new();
        let mut name = String::new();
        let mut has_table = false;
        for token in Tokens::new(text) {
            has_table |= token == Token::Open;
            match token {
                Token::Name(word) | Token::Key(word) => name = word.to_owned(),
                Token::Open if above.len() < 64 => above.push(std::mem::take(&mut name)),
                Token::Open => return None,
                Token::Close => {
                    above.pop();
                }
                Token::Text(_) => {
                    // The first table is the manifest itself, the second a kind of files.
                    let inside = above.get(2..).unwrap_or_default();
                    let base = match above.get(1).map(String::as_str) {
                        Some("lua") => format!("{}share/lua/{}", self.tree, self.lua),
                        Some("lib") => format!("{}lib/lua/{}", self.tree, self.lua),
                        Some("bin") => format!("{}bin", self.tree),
                        _ => continue,
                    };
                    let parts = std::iter::once(&base).chain(inside).chain([&name]);
                    paths.push_str(&parts.map(String::as_str).collect::<Vec<_>>().join("/"));
                    paths.push('\n');
                }
            }
        }
        (has_table && above.is_empty()).then_some(paths)
    }
}

/// The fields that count.
#[derive(Debug, Default)]
struct Spec {
    package: String,
    version: String,
    license: Option<String>,
    maintainer: Option<String>,
    needs: Vec<String>,
}

impl Spec {
    /// Reads the fields; none where a table is not closed, or tables are nested too deep.
    fn read(text: &str) -> Option<Self> {
        let mut spec = Self::default();
        let mut above: Vec<&str> = Vec::new();
        let mut name = "";
        for token in Tokens::new(text) {
            match token {
                Token::Name(word) | Token::Key(word) => name = word,
                Token::Open if above.len() < 64 => above.push(std::mem::take(&mut name)),
                Token::Open => return None,
                Token::Close => {
                    above.pop();
                }
                Token::Text(text) => {
                    match (&above[..], name) {
                        ([], "package") => spec.package = text.to_owned(),
                        ([], "version") => spec.version = text.to_owned(),
                        (["description"], "license") => spec.license = Some(text.to_owned()),
                        (["description"], "maintainer") => spec.maintainer = Some(text.to_owned()),
                        (["dependencies"], "") => spec.needs.extend(need(text)),
                        _ => {}
                    }
                    name = "";
                }
            }
        }
        above.is_empty().then_some(spec)
    }

    fn is_named(&self) -> bool {
        !self.package.is_empty() && !self.version.is_empty()
    }
}

/// The name in `name >= 1`; Lua itself is no rock.
fn need(text: &str) -> Option<String> {
    let name = text
        .split([' ', '<', '>', '=', '~', '!'])
        .next()?
        .to_lowercase();
    (is_word(&name) && name != "lua").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOME: &str = "usr/local/lib/luarocks/rocks-5.1/luasocket/3.1.0-1";

    fn read(file: &str, text: &str) -> Found {
        parse(&Source::whole(&format!("{HOME}/{file}"), text.as_bytes()))
    }

    #[test]
    fn a_rockspec() {
        let found = read(
            "luasocket-3.1.0-1.rockspec",
            "package = \"LuaSocket\"\nversion = '3.1.0-1' -- comment = \"x\"\ndescription = {\n  license = \"MIT\",\n  \
             detailed = [[\n package = \"no\"\n]],\n  maintainer = 'M'\n}\ndependencies = {\n  \"lua >= 5.1\", \"lpeg ~> 1\"\n}\n\
             build = { type = \"builtin\", modules = { a = \"b.lua\" } }\n",
        );
        let rock = &found.packages[0];
        assert_eq!(
            (&*rock.name, rock.purl_name.as_deref(), &*rock.version),
            ("LuaSocket", Some("luasocket"), "3.1.0-1")
        );
        assert_eq!(
            (rock.declared.as_deref(), rock.supplier.as_deref()),
            (Some("MIT"), Some("M"))
        );
        assert_eq!(rock.depends, ["lpeg"]);
        let other = read("x-1.rockspec", "package = \"x\"\nversion = \"1\"\n");
        assert_eq!(other, Found::default());
        assert_eq!(
            parse(&Source::whole("src/x-1.rockspec", b"package = \"x\"\n")),
            Found::default()
        );
    }

    #[test]
    fn its_files() {
        let found = read(
            "rock_manifest",
            "rock_manifest = {\n doc = { [\"a.md\"] = \"1\" },\n lua = { [\"ltn12.lua\"] = \"2\", socket = { [\"ftp.lua\"] = \"3\" } },\n \
             lib = { [\"core.so\"] = \"4\" }\n}\n",
        );
        assert_eq!(
            found.owned[0].paths,
            format!(
                "{HOME}/\nusr/local/share/lua/5.1/ltn12.lua\nusr/local/share/lua/5.1/socket/ftp.lua\nusr/local/lib/lua/5.1/core.so\n"
            )
        );
    }

    proptest! {
        #[test]
        fn any_program_is_read(text in "(package|=|\\{|\\}|\\[\\[|\\]\\]|\\[|\\]|\"|'|--|\n|a|\\\\){0,40}") {
            let _ = read("a.rockspec", &text);
            let _ = read("rock_manifest", &text);
        }
    }
}
