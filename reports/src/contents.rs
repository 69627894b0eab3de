//! What is in an image, for a terminal: its packages and where they came from, its layers, the
//! files that bear licences, the files that belong to no package.

use std::collections::BTreeMap;

use hpcctl_model::scan::{ContentKind, Image, Package, Scan};

use crate::report::Options;
use crate::terminal::{columns, counted, heading, in_units, left_out, lines, shortened, visible};

/// How many packages and files are listed where not every detail is wanted: with the verdict
/// above them, two screens.
const PACKAGES: usize = 60;
const FILES: usize = 5;

/// How much of an instruction is shown beside a package.
const INSTRUCTION: usize = 24;

/// The layers with their sizes and what made them; only where every detail is wanted.
pub fn layers(scan: &Scan, options: &Options) -> String {
    let layers = &scan.image.layers;
    if !options.verbose || layers.is_empty() {
        return String::new();
    }
    let mut table = columns(options.width, Some(["LAYER", "SIZE", "DIGEST", "MADE BY"]));
    for (place, layer) in layers.iter().enumerate() {
        let digest = layer.digest.as_deref().unwrap_or("-");
        let by = layer.created_by.as_deref().unwrap_or("-");
        table.add_row([
            (place + 1).to_string(),
            in_units(layer.size),
            visible(&shortened(digest, 20)).into_owned(),
            visible(by).into_owned(),
        ]);
    }
    heading("Layers", options.color) + &lines(&mut table, 0)
}

/// The packages: with every detail where each came from, also those that another one brought.
pub fn packages(scan: &Scan, options: &Options) -> String {
    let packages = &scan.packages;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for package in packages {
        *kinds.entry(package.kind.as_str()).or_default() += 1;
    }
    let counts: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {}", visible(kind)))
        .collect();
    if packages.is_empty() {
        return heading("No packages", options.color);
    }
    let mut title = format!(
        "{}: {}",
        counted(packages.len(), "package"),
        counts.join(", ")
    );
    if options.verbose {
        let mut table = columns(
            options.width,
            Some(["NAME", "VERSION", "TYPE", "LICENSE", "FROM"]),
        );
        for package in packages {
            let [name, version, kind, license] = row(package);
            table.add_row([name, version, kind, license, from(package, &scan.image)]);
        }
        return heading(&title, options.color) + &lines(&mut table, 0);
    }
    let own = packages.iter().filter(|package| package.owned_by.is_none());
    let mut rows: Vec<[String; 4]> = own.map(row).collect();
    match packages.len() - rows.len() {
        0 => {}
        owned => title += &format!("; {owned} came as part of another (-v lists them)"),
    }
    let more = left_out(rows.len(), PACKAGES, "package");
    rows.truncate(PACKAGES);
    fit(&mut rows, options.width.into());
    let mut table = columns(options.width, Some(["NAME", "VERSION", "TYPE", "LICENSE"]));
    table.add_rows(rows);
    heading(&title, options.color) + &lines(&mut table, 0) + &more
}

/// A package as a row; a licence that is declared only stands in parentheses.
fn row(package: &Package) -> [String; 4] {
    let Package {
        name,
        version,
        kind,
        licenses,
        ..
    } = package;
    let license = match (&licenses.concluded, &licenses.declared) {
        (Some(license), _) => visible(license).into_owned(),
        (None, Some(declared)) => format!("({})", visible(declared)),
        (None, None) => "unknown".into(),
    };
    let [name, version, kind] = [name, version, kind].map(|cell| visible(cell).into_owned());
    [name, version, kind, license]
}

/// Where a package came from: the layer and what made it, or the file that tells of it; and the
/// package that brought it.
fn from(package: &Package, image: &Image) -> String {
    let location = package.locations.first();
    let layer = location.and_then(|location| location.layer.as_deref());
    let place = layer.and_then(|digest| place(digest, image));
    let by = location.and_then(|location| location.created_by.as_deref());
    let mut text = match (place, by) {
        (Some(place), Some(by)) => format!("{place} {}", shortened(by, INSTRUCTION)),
        (Some(place), None) => place.to_string(),
        _ => location.map_or_else(|| "-".to_owned(), |location| location.path.clone()),
    };
    if let Some(owner) = &package.owned_by {
        text += &format!(", part of {owner}");
    }
    visible(&text).into_owned()
}

/// The number of a layer, from 1.
fn place(digest: &str, image: &Image) -> Option<usize> {
    let mut layers = image.layers.iter();
    let found = layers.position(|layer| layer.digest.as_deref() == Some(digest))?;
    Some(found + 1)
}

/// Shortens cells so that each package takes one line; the licence gets what is left.
fn fit(rows: &mut [[String; 4]], width: usize) {
    let mut left = width;
    for (column, least, most) in [(0, 4, 36), (1, 7, 28), (2, 4, 10)] {
        let cells = || rows.iter().map(|row| row[column].chars().count());
        let widest = cells().max().unwrap_or(0).clamp(least, most);
        left = left.saturating_sub(widest + 2);
        for row in rows.iter_mut() {
            row[column] = shortened(&row[column], widest).into_owned();
        }
    }
    for row in rows {
        row[3] = shortened(&row[3], left.saturating_sub(2).max(16)).into_owned();
    }
}

/// The files that belong to no package: how many of each kind, and the largest of them.
pub fn unowned(scan: &Scan, options: &Options) -> String {
    let files = &scan.unowned;
    if files.is_empty() {
        return String::new();
    }
    let mut kinds: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for file in files {
        let (count, bytes) = kinds.entry(file.kind.as_str()).or_default();
        (*count, *bytes) = (*count + 1, bytes.saturating_add(file.size));
    }
    let mut kinds: Vec<(&str, (usize, u64))> = kinds.into_iter().collect();
    kinds.sort_by_key(|(kind, (_, bytes))| (std::cmp::Reverse(*bytes), *kind));
    let counts: Vec<String> = kinds
        .into_iter()
        .map(|(kind, (count, bytes))| match bytes {
            0 => format!("{count} {kind}"),
            _ => format!("{count} {kind} ({})", in_units(bytes)),
        })
        .collect();
    let noun = if files.len() == 1 {
        "file belongs"
    } else {
        "files belong"
    };
    let title = format!(
        "{} {noun} to no package: {}",
        files.len(),
        counts.join(", ")
    );
    let mut shown: Vec<_> = files.iter().collect();
    if !options.verbose {
        shown.retain(|file| file.kind != ContentKind::Empty);
        shown.sort_by_key(|file| std::cmp::Reverse(file.size));
        shown.truncate(FILES);
    }
    let mut table = columns(options.width, Some(["SIZE", "KIND", "LAYER", "FILE"]));
    for file in &shown {
        let layer = file.layer.as_deref();
        let layer = layer.and_then(|digest| place(digest, &scan.image));
        let path = visible(&file.path);
        table.add_row([
            in_units(file.size),
            file.kind.as_str().to_owned(),
            layer.map_or_else(|| "-".to_owned(), |place| place.to_string()),
            path.into_owned(),
        ]);
    }
    heading(&title, options.color)
        + &lines(&mut table, 0)
        + &left_out(files.len(), shown.len(), "file")
}

/// The files that bear a licence.
pub fn files(scan: &Scan, options: &Options) -> String {
    let bearing: Vec<_> = scan
        .files
        .iter()
        .filter_map(|file| Some((&file.path, file.licenses.as_deref()?)))
        .collect();
    if bearing.is_empty() {
        return String::new();
    }
    let title = match bearing.len() {
        1 => "1 file bears a licence".to_owned(),
        count => format!("{count} files bear a licence"),
    };
    if !options.verbose {
        return heading(&format!("{title} (-v lists them)"), options.color);
    }
    let mut table = columns(options.width, Some(["FILE", "LICENSE"]));
    for (path, license) in bearing {
        table.add_row([visible(path), visible(license)]);
    }
    heading(&title, options.color) + &lines(&mut table, 0)
}

#[cfg(test)]
mod tests {
    use hpcctl_model::scan::UnownedFile;

    use super::*;
    use crate::sbom::tests::{package, report};

    fn options(verbose: bool) -> Options {
        Options {
            verbose,
            width: 100,
            color: false,
        }
    }

    /// One package that another one brought, of a layer that an instruction made.
    fn scan() -> Scan {
        let mut scan = report(vec![package("a", None, None), package("b", None, None)]).result;
        let instruction = "RUN apt-get install --yes a and very many other packages";
        scan.image.layers[0].created_by = Some(instruction.into());
        for package in &mut scan.packages {
            package.locations[0].created_by = Some(instruction.into());
        }
        scan.packages[1].owned_by = Some("pkg:deb/debian/a@1".into());
        scan
    }

    #[test]
    fn what_another_package_brought_is_a_row_only_with_every_detail() {
        let short = packages(&scan(), &options(false));
        let rows: Vec<&str> = short.lines().skip(2).collect();
        assert_eq!(rows.len(), 2, "{short}");
        assert!(short.contains("2 packages: 2 deb; 1 came as part of another (-v lists them)"));
        let long = packages(&scan(), &options(true));
        assert!(long.contains("part of") && long.contains("FROM"), "{long}");
        assert!(long.contains("1 RUN apt-get"), "{long}");
    }

    #[test]
    fn many_packages_are_cut_after_two_screens() {
        let many = (0..100).map(|n| package(&format!("p{n:03}"), None, None));
        let scan = report(many.collect()).result;
        let short = packages(&scan, &options(false));
        assert!(
            short.ends_with("  and 40 more packages (-v lists all)\n"),
            "{short}"
        );
        assert_eq!(short.lines().count(), PACKAGES + 4);
        assert_eq!(packages(&scan, &options(true)).lines().count(), 103);
    }

    #[test]
    fn files_of_nobody_are_counted_and_the_largest_named() {
        let mut scan = scan();
        let file = |path: &str, size, kind| UnownedFile {
            path: path.into(),
            layer: Some("sha256:aa".into()),
            size,
            kind,
        };
        scan.unowned = vec![
            file("/a", 0, ContentKind::Empty),
            file("/b", 10, ContentKind::Text),
            file("/lib.so", 2048, ContentKind::Library),
        ];
        scan.unowned
            .extend((0..6).map(|n| file(&format!("/t{n}"), 1, ContentKind::Text)));
        let text = unowned(&scan, &options(false));
        let expected = "
9 files belong to no package: 1 library (2.0 KiB), 7 text (16 B), 1 empty
SIZE     KIND     LAYER  FILE
2.0 KiB  library  1      /lib.so
10 B     text     1      /b
";
        assert!(text.starts_with(expected), "{text}");
        assert!(
            text.ends_with("  and 4 more files (-v lists all)\n"),
            "{text}"
        );
        assert_eq!(unowned(&scan, &options(true)).lines().count(), 3 + 9);
    }

    #[test]
    fn layers_are_shown_only_with_every_detail() {
        assert_eq!(layers(&scan(), &options(false)), "");
        assert!(layers(&scan(), &options(true)).contains("1      2.0 KiB  sha256:aa"));
    }
}
