//! Where podman keeps images and containers: containers-storage.conf(5).

use toml::{Table, Value};

use crate::Site;

/// The admin's file.
pub const ADMIN: &str = "/etc/containers/storage.conf";

/// The files of the node, the one that wins first.
const FILES: &[&str] = &[ADMIN, "/usr/share/containers/storage.conf"];

/// What the files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The directory of images and containers.
    pub graphroot: String,
    /// Whether owners are kept beside the files instead of in them.
    pub fakes_owners: bool,
}

/// The storage of the caller; none where a file that decides cannot be parsed, or where an
/// ordinary user has no home.
pub fn read(site: &Site<'_>) -> Option<Storage> {
    let node = FILES.iter().find_map(|path| site.host.read(path).ok());
    let node = node.map_or(Some(Table::new()), |text| text.parse().ok());
    if site.is_root() {
        let table = own(site).unwrap_or(node)?;
        let graphroot = text(&table, "graphroot").unwrap_or("/var/lib/containers/storage");
        return Some(Storage {
            graphroot: graphroot.to_owned(),
            fakes_owners: fakes_owners(&table),
        });
    }
    let own = own(site).unwrap_or(Some(Table::new()))?;
    let node = node?;
    let graphroot = match text(&own, "graphroot") {
        Some(path) => path.to_owned(),
        None => match text(&node, "rootless_storage_path") {
            Some(path) => expanded(site, path)?,
            None => format!(
                "{}/containers/storage",
                directory(site, "XDG_DATA_HOME", ".local/share")?
            ),
        },
    };
    let fakes_owners = fakes_owners(&own) || fakes_owners(&node);
    Some(Storage {
        graphroot,
        fakes_owners,
    })
}

/// The file that is the caller's own: none where there is none, and none inside where it
/// cannot be parsed.
fn own(site: &Site<'_>) -> Option<Option<Table>> {
    let text = site.host.read(&own_file(site)?).ok()?;
    Some(text.parse().ok())
}

/// The file that is the caller's own: the one that a variable names, or a user's in the home;
/// root has none there.
pub fn own_file(site: &Site<'_>) -> Option<String> {
    let in_home = || {
        let config = directory(site, "XDG_CONFIG_HOME", ".config")?;
        Some(format!("{config}/containers/storage.conf"))
    };
    named_file(site).or_else(|| in_home().filter(|_| !site.is_root()))
}

/// The file that replaces all others.
pub fn named_file(site: &Site<'_>) -> Option<String> {
    let named = site.host.env("CONTAINERS_STORAGE_CONF");
    named.filter(|path| !path.is_empty())
}

/// A directory that a variable names, or one below the home.
fn directory(site: &Site<'_>, variable: &str, below: &str) -> Option<String> {
    let set = |name: &str| site.host.env(name).filter(|dir| !dir.is_empty());
    set(variable).or_else(|| Some(format!("{}/{below}", set("HOME")?)))
}

/// The variables that `rootless_storage_path` may hold.
fn expanded(site: &Site<'_>, path: &str) -> Option<String> {
    let path = path
        .replace("$UID", &site.caller.uid.to_string())
        .replace("$USER", &site.caller.name);
    match path.contains("$HOME") {
        true => Some(path.replace("$HOME", &site.host.env("HOME")?)),
        false => Some(path),
    }
}

fn text<'t>(table: &'t Table, key: &str) -> Option<&'t str> {
    let value = table.get("storage")?.get(key)?.as_str()?;
    (!value.is_empty()).then_some(value)
}

/// Whether the options keep owners and modes in attributes of the files.
fn fakes_owners(table: &Table) -> bool {
    let options = table
        .get("storage")
        .and_then(|storage| storage.get("options"));
    let overlay = options.and_then(|options| options.get("overlay"));
    let has = |key: &str, part: &str| {
        let of = |table: Option<&Value>| {
            let value = table?.get(key)?.as_str()?;
            Some(value.contains(part) && !value.is_empty())
        };
        of(options).or_else(|| of(overlay)).unwrap_or(false)
    };
    has("force_mask", "") || has("mountopt", "xattr_permissions")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn alice() -> Scripted {
        let mut host = Scripted::new();
        host.env.insert("HOME".into(), "/home/alice".into());
        host
    }

    fn graphroot(host: &Scripted) -> Option<String> {
        read(&Site::new(host)).map(|storage| storage.graphroot)
    }

    #[test]
    fn the_users_file_comes_before_the_nodes_and_that_before_the_default() {
        let host = alice();
        let default = "/home/alice/.local/share/containers/storage";
        assert_eq!(graphroot(&host).as_deref(), Some(default));
        let host = host.file(
            FILES[0],
            "[storage]\ngraphroot=\"/var/lib/x\"\nrootless_storage_path=\"/local/$USER/$UID\"\n",
        );
        assert_eq!(graphroot(&host).as_deref(), Some("/local/alice/1000"));
        assert_eq!(
            graphroot(&host.clone().by_root()).as_deref(),
            Some("/var/lib/x")
        );
        let own = "/home/alice/.config/containers/storage.conf";
        let host = host.file(own, "[storage]\ngraphroot=\"/scratch/alice\"\n");
        assert_eq!(graphroot(&host).as_deref(), Some("/scratch/alice"));
        assert_eq!(graphroot(&host.file(own, "[storage\n")), None);
        assert_eq!(graphroot(&Scripted::new()), None);
    }

    #[test]
    fn owners_that_are_kept_beside_the_files_are_noticed() {
        let fakes = |text: &str| {
            let own = "/home/alice/.config/containers/storage.conf";
            read(&Site::new(&alice().file(own, text))).map(|storage| storage.fakes_owners)
        };
        let mask = "[storage.options.overlay]\nforce_mask=\"shared\"\n";
        assert_eq!(fakes(mask), Some(true));
        let option = "[storage.options]\nmountopt=\"xattr_permissions=2\"\n";
        assert_eq!(fakes(option), Some(true));
        assert_eq!(fakes("[storage]\ndriver=\"overlay\"\n"), Some(false));
    }
}
