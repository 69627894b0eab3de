//! Layers and the archives that hold them.

use std::path::Path;

use serde_json::json;

use super::parts::*;
use super::{Case, is_strict, scaled};

pub const CASES: &[Case] = &[
    Case {
        name: "a path of 2000 names",
        make: |place| layout(place, &[(gzip(&deep(1)), 1)]),
        code: 3,
        says: "plain tar",
    },
    Case {
        name: "5000 paths of 2000 names",
        make: |place| layout(place, &[(gzip(&deep(scaled(5000))), 1)]),
        code: 3,
        says: "files",
    },
    Case {
        name: "a path of 8 KB, 50000 times",
        make: |place| {
            let long = long_entry(&"d/".repeat(4000), b"");
            layout(place, &[(repeated(gzip, &long, scaled(50_000)), 1)])
        },
        code: 3,
        says: "names",
    },
    Case {
        name: "a status file of 204 MB",
        make: status,
        code: 3,
        says: "50000 packages",
    },
    Case {
        name: "a gzip bomb of 10 MB",
        make: |place| layout(place, &[(bomb(gzip, 10_240), 1)]),
        code: 3,
        says: "unpacks to more than",
    },
    Case {
        name: "a zstd bomb",
        make: |place| layout(place, &[(bomb(zstd, 20_480), 1)]),
        code: 3,
        says: "unpacks to more than",
    },
    Case {
        name: "an xz bomb",
        make: |place| layout(place, &[(bomb(xz, 10_240), 1)]),
        code: 3,
        says: "unpacks to more than",
    },
    Case {
        name: "100 different zstd bombs",
        make: |place| {
            let bombs = (0..100).map(|n| [zstd(&entry(&format!("{n}"), b"")), bomb(zstd, 8192)]);
            let bombs: Vec<(Vec<u8>, usize)> = bombs.map(|bomb| (bomb.concat(), 1)).collect();
            layout(place, &bombs)
        },
        code: 3,
        says: "unpacks to more than",
    },
    Case {
        name: "one layer a thousand times",
        make: |place| layout(place, &[(bomb(gzip, 320), 1000)]),
        code: 3,
        says: "plain tar",
    },
    Case {
        name: "a docker-archive that is a bomb",
        make: |place| put(place, "image.tar.gz", &bomb(gzip, 10_240)),
        code: 5,
        says: "unpacks to more than",
    },
    Case {
        name: "bombs in a compressed archive",
        make: |place| {
            let inner: Vec<u8> = (0..900)
                .flat_map(|n| entry(&format!("{n:064x}.tar.gz"), &bomb(zstd, 1008)))
                .collect();
            put(place, "image.tar.gz", &gzip(&inner))
        },
        code: 5,
        says: "neither",
    },
    Case {
        name: "a header of a TiB on a short file",
        make: |place| {
            let tar = [entry("etc/a", b"b"), head(STATUS, 1 << 40), deb("a").into()];
            format!("tar:{}", put(place, "short.tar", &tar.concat()))
        },
        code: 3,
        says: "ends in the middle",
    },
    Case {
        name: "sizes of 2^63 in a tar",
        make: |place| {
            let tar = [
                entry("etc/a", b"b"),
                head("etc/b", u64::MAX / 2),
                END.to_vec(),
            ];
            format!("tar:{}", put(place, "lie.tar", &tar.concat()))
        },
        code: 3,
        says: "ends in the middle",
    },
    Case {
        name: "descriptors that lie about sizes",
        make: |place| {
            let layer = gzip(&entry(STATUS, deb("a").as_bytes()));
            layout(place, &[(layer.clone(), 1)]);
            let lie = json!({"mediaType": "x", "digest": digest(&layer), "size": u64::MAX});
            image(place, &[lie])
        },
        code: 3,
        says: "plain tar",
    },
    Case {
        name: "a manifest of 100 MB",
        make: |place| {
            put(place, "oci-layout", b"{}");
            put(
                place,
                "index.json",
                &[b"{\"a\":[".as_slice(), &b"0,".repeat(50 * MIB)].concat(),
            );
            format!("oci:{}", place.display())
        },
        code: 5,
        says: "larger than",
    },
    Case {
        name: "a manifest 100000 deep",
        make: |place| {
            put(place, "oci-layout", b"{}");
            put(place, "index.json", &b"{\"a\":".repeat(100_000));
            format!("oci:{}", place.display())
        },
        code: 5,
        says: "EOF",
    },
    Case {
        name: "200000 empty files",
        make: |place| {
            let fast = flate2::Compression::fast();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), fast);
            for folder in 0..800 {
                let names = (0..250).map(|n| entry(&format!("usr/{folder}/{n}"), b""));
                let tar = names.collect::<Vec<_>>().concat();
                std::io::Write::write_all(&mut encoder, &tar).unwrap();
            }
            layout(place, &[(encoder.finish().unwrap(), 1)])
        },
        code: 3,
        says: "",
    },
    Case {
        name: "links that lead through links",
        make: links,
        code: 3,
        says: "plain tar",
    },
    Case {
        name: "a GiB of licence texts",
        make: |place| {
            let text = MIT.repeat(1000);
            let count = if is_strict() { 1000 } else { 100 };
            let texts = (0..count).map(|n| {
                entry(
                    &format!("doc/{n}"),
                    &[&text.as_bytes()[..1_000_000], n.to_string().as_bytes()].concat(),
                )
            });
            let mut out = Vec::new();
            for text in texts {
                out.extend(gzip(&text));
            }
            layout(place, &[(out, 1)])
        },
        code: 3,
        says: "has less text",
    },
];

pub const MIT: &str = include_str!("../../LICENSE-MIT");

/// A tar of files, each 2000 directories deep.
fn deep(count: usize) -> Vec<u8> {
    let below = "d/".repeat(1999);
    let entries = (0..count).map(|n| long_entry(&format!("{n}/{below}f"), b"x"));
    entries.collect::<Vec<_>>().concat()
}

/// Entries of the same bytes, compressed.
fn repeated(compress: fn(&[u8]) -> Vec<u8>, bytes: &[u8], times: usize) -> Vec<u8> {
    let step = compress(&bytes.repeat(100));
    step.repeat(times / 100)
}

fn status(place: &Path) -> String {
    let stanza = "Package: a\nStatus: install ok installed\nVersion: 1\n\n";
    let text = stanza.repeat(scaled(4_000_000));
    let tar = [entry(STATUS, text.as_bytes()), END.to_vec()].concat();
    layout(place, &[(gzip(&tar), 1)])
}

/// Packages whose files lie behind long chains of links.
fn links(place: &Path) -> String {
    let mut builder = tar::Builder::new(Vec::new());
    let up = "x/../".repeat(30);
    let mut link = |path: &str, target: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, path, target).unwrap();
    };
    link("usr/share/doc/x", ".");
    for n in 0..39 {
        link(&format!("usr/share/doc/l{n}"), &format!("{up}l{}", n + 1));
    }
    let mut text = String::new();
    for n in 0..40_000 {
        link(&format!("usr/share/doc/p{n}"), &format!("{up}l0"));
        text += &deb(&format!("p{n}"));
    }
    let mut tar = builder.into_inner().unwrap();
    tar.truncate(tar.len() - 1024);
    tar.extend(entry(STATUS, text.as_bytes()));
    tar.extend(END);
    layout(place, &[(gzip(&tar), 1)])
}
