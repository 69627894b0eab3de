//! Archives with keys in them, and such as cannot be looked into.

use std::io::Write;

use flate2::write::GzEncoder;

use super::file::{MANUALS, is_manual};
use super::*;
use crate::catalog::zip::build;

const NETRC: &[u8] = b"machine data.site.org login u password Gj3kd9xQ\n";
const LOGIN: &str = "secret.hpc.netrc";

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(name: &str, bytes: &[u8]) -> Vec<u8> {
    build::zip(&[(name, bytes, true), ("stored", b"nothing", false)])
}

/// A zip whose sizes come behind its entries, as `zip -` writes it.
fn described(name: &str, bytes: &[u8], wide: bool) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    let packed = encoder.finish().unwrap();
    let mut out = b"PK\x03\x04\x14\0\x08\0\x08\0".to_vec();
    out.extend([0; 16]);
    out.extend((name.len() as u16).to_le_bytes());
    out.extend([0, 0]);
    out.extend(name.as_bytes());
    out.extend(&packed);
    out.extend(b"PK\x07\x08\0\0\0\0");
    for size in [packed.len(), bytes.len()] {
        match wide {
            true => out.extend((size as u64).to_le_bytes()),
            false => out.extend((size as u32).to_le_bytes()),
        }
    }
    out
}

fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = crate::ar::MAGIC.to_vec();
    for (name, bytes) in members {
        out.extend(format!("{name:<48}{:<10}`\n", bytes.len()).into_bytes());
        out.extend(*bytes);
        out.extend(vec![b'\n'; bytes.len() % 2]);
    }
    out
}

fn cpio(files: &[(&str, &[u8])], is_new: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in files.iter().chain(&[("TRAILER!!!", &b""[..])]) {
        let (mode, name_size, size) = (0o100_600, name.len() + 1, bytes.len());
        let head = match is_new {
            true => {
                let mut fields = [0; 13];
                (fields[1], fields[6], fields[11]) = (mode, size, name_size);
                let fields = fields.map(|field| format!("{field:08x}"));
                format!("070701{}", fields.concat())
            }
            false => format!(
                "070707{:012o}{mode:06o}{:024o}{:011o}{name_size:06o}{size:011o}",
                0, 0, 0
            ),
        };
        let fill = |out: &mut Vec<u8>| {
            if is_new {
                out.resize(out.len().next_multiple_of(4), 0);
            }
        };
        out.extend(head.bytes().chain(name.bytes()).chain([0]));
        fill(&mut out);
        out.extend(*bytes);
        fill(&mut out);
    }
    out
}

fn rpm(payload: &[u8], script: &[u8]) -> Vec<u8> {
    let header = |count: u32, data: &[u8]| {
        let head = [&b"\x8e\xad\xe8\x01\0\0\0\0"[..], &count.to_be_bytes()].concat();
        let size = (data.len() as u32).to_be_bytes();
        [&head[..], &size, &vec![0; 16 * count as usize], data].concat()
    };
    let mut lead = b"\xed\xab\xee\xdb".to_vec();
    lead.resize(96, 0);
    let mut out = [lead, header(1, &[0; 5])].concat();
    out.resize(out.len().next_multiple_of(8), 0);
    [&out[..], &header(2, script), payload].concat()
}

fn nested(bytes: &[u8], times: usize) -> Vec<u8> {
    (0..times).fold(tar(&[("root/.netrc", bytes)]), |inner, _| {
        tar(&[("a.tar", &inner)])
    })
}

/// What is told of an archive, as a file that comes as a stream and as one that is held.
fn look(path: &str, bytes: &[u8], held: bool) -> Vec<Mark> {
    let limits = Limits::default();
    let room = Room::new(&limits);
    let mut inside = Inside::new(path, bytes.len() as u64, &limits, &room);
    match Form::of(path, bytes) {
        Some(Form::Zip) if held => zip::held(&mut inside, bytes, "", 1),
        Some(_) => {
            let one = Member::new("a.gz".to_owned(), 0o644, Some(bytes.len() as u64));
            inside.any(&mut &bytes[..], one, 0);
        }
        None => {}
    }
    inside.told().collect()
}

/// The rules of what is seen, in a row.
fn rules(path: &str, bytes: &[u8], held: bool) -> String {
    let marks = look(path, bytes, held).into_iter();
    let rules = marks.filter_map(|mark| match mark {
        Mark::Sensitive(sighting) => Some(sighting.rule),
        _ => None,
    });
    rules.collect::<Vec<_>>().join(" ")
}

#[test]
fn keys_are_found_in_what_holds_files() {
    let deb = ar(&[
        ("debian-binary", b"2.0\n"),
        ("data.tar.xz", &xz(&tar(&[("root/.netrc", NETRC)]))),
    ]);
    let initial = [
        cpio(&[("early", b"x")], true),
        vec![0; 512],
        gzip(&cpio(&[("root/.netrc", NETRC)], true)),
    ];
    let mut old = tar(&[("root/.netrc", NETRC)]);
    // As tars were before POSIX: no magic, no version.
    old[257..265].fill(0);
    old[148..156].fill(b' ');
    let sum: u32 = old[..512].iter().map(|byte| u32::from(*byte)).sum();
    old[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    for (what, bytes) in [
        ("zip", zip("x/.netrc", NETRC)),
        ("zip with sizes behind", described("x/.netrc", NETRC, false)),
        ("tar", tar(&[("root/.netrc", NETRC)])),
        ("old tar", old),
        ("tar.gz", gzip(&tar(&[("root/.netrc", NETRC)]))),
        ("tar in tar", nested(NETRC, 6)),
        (
            "zip in tar.gz",
            gzip(&tar(&[("a.zip", &zip("x/.netrc", NETRC))])),
        ),
        ("gz in gz", gzip(&gzip(&tar(&[("root/.netrc", NETRC)])))),
        ("deb", deb),
        ("cpio", cpio(&[("./root/.netrc", NETRC)], true)),
        ("old cpio", cpio(&[("root/.netrc", NETRC)], false)),
        ("initramfs", initial.concat()),
        (
            "rpm",
            rpm(&gzip(&cpio(&[("root/.netrc", NETRC)], true)), b"echo"),
        ),
    ] {
        for held in [true, false] {
            // The archives of the test that come as a stream have no directory at their end.
            if held && what == "zip with sizes behind" {
                continue;
            }
            let told = rules("srv/a", &bytes, held);
            let cut = what.contains("sizes behind");
            let expected = if cut {
                format!("{LOGIN} {UNREAD}")
            } else {
                LOGIN.to_owned()
            };
            assert_eq!(told, expected, "{what} {held}");
        }
    }
}

#[test]
fn what_a_script_of_an_rpm_package_says_is_looked_at() {
    let payload = gzip(&cpio(&[("etc/a", b"a")], true));
    let script = b"/bin/sh\0curl https://u:q7Zk3jQ8pLx2mV9t@git.site.org/a >/etc/a\0";
    for held in [true, false] {
        assert_eq!(
            rules("srv/a.rpm", &rpm(&payload, script), held),
            "secret.url-password"
        );
        assert_eq!(rules("srv/a.rpm", &rpm(&payload, b"ldconfig\0"), held), "");
    }
}

#[test]
fn a_zip_whose_directory_has_other_names_is_told() {
    let zip = zip("srv/a.txt", b"alias");
    assert_eq!(rules("srv/a", &zip, false), "");
    let mut renamed = zip.clone();
    let at = memchr::memmem::rfind(&zip, b"srv/a.txt").unwrap();
    renamed[at..at + 9].copy_from_slice(b"d/.netrc\0");
    assert_eq!(rules("srv/a", &renamed, false), UNREAD);
}

#[test]
fn sizes_behind_entries_may_be_of_eight_bytes() {
    for wide in [false, true] {
        let two = [
            described("a", b"nothing", wide),
            described("x/.netrc", NETRC, wide),
            zip("b", b"nothing"),
        ];
        // The directory has the names of the last two alone.
        let told = rules("srv/a.zip", &two.concat(), false);
        assert_eq!(told, format!("{LOGIN} {UNREAD}"));
    }
}

#[test]
fn what_is_not_looked_into_is_told() {
    let bomb = gzip(&vec![0; 200 << 20]);
    let whole = gzip(&tar(&[("root/.netrc", NETRC)]));
    let encrypted = {
        let mut zip = zip("a", NETRC);
        zip[6] |= 1;
        let directory = zip
            .windows(4)
            .position(|four| four == b"PK\x01\x02")
            .unwrap();
        zip[directory + 8] |= 1;
        zip
    };
    let more = [tar(&[("a", b"a")]), b"more".to_vec()].concat();
    for (what, bytes) in [
        ("bomb", bomb),
        ("cut", whole[..60].to_vec()),
        ("too deep", nested(NETRC, 9)),
        ("no zip", b"PK\x03\x04 no zip".to_vec()),
        ("encrypted", encrypted),
        ("squashfs", b"hsqs".repeat(100)),
        (
            "squashfs in a tar",
            tar(&[("a.sqfs", &b"hsqs".repeat(100))]),
        ),
        ("behind a tar", more),
        ("xz in xz", xz(&xz(NETRC))),
        ("7z", b"7z\xbc\xaf\x27\x1c\0\x04".to_vec()),
    ] {
        for held in [true, false] {
            assert_eq!(rules("srv/a", &bytes, held), UNREAD, "{what} {held}");
        }
    }
    let clue = |path| match &look(path, &xz(&xz(NETRC)), false)[..] {
        [Mark::Sensitive(one)] => one.is_clue,
        other => panic!("{other:?}"),
    };
    assert!(!clue("srv/a.xz") && clue("opt/x/tests/a.xz"));
}

#[test]
fn a_key_is_found_behind_much_else() {
    let mut text = b"nothing to see here\n".repeat(100_000);
    text.extend(b"https://u:q7Zk3jQ8pLx2mV9t@git.site.org/a\n");
    let noise = sensitive::tests::noise(3, 20 << 20);
    let archive = gzip(&tar(&[("noise", &noise), ("log", &text)]));
    let marks = look("srv/a.tar.gz", &archive, false);
    let [Mark::Sensitive(one)] = &marks[..] else {
        panic!("{marks:?}");
    };
    assert!(one.text.contains("log, line 100001"), "{}", one.text);
}

#[test]
fn a_key_is_found_in_a_member_that_is_no_text() {
    let key = sensitive::tests::pem("PRIVATE KEY", &sensitive::tests::der(1));
    let data = [
        &sensitive::tests::noise(4, 100_000)[..],
        key.as_bytes(),
        b"\0",
    ]
    .concat();
    let archive = gzip(&tar(&[("srv/data", &data)]));
    assert_eq!(rules("srv/a", &archive, false), "secret.private-key");
}

#[test]
fn files_of_vendors_are_told_once_for_each_row() {
    let library = crate::catalog::library("libnvidia-ml.so.1");
    let archive = gzip(&tar(&[
        ("usr/lib/libcuda.so.550.54.14", b"x"),
        ("usr/lib/libhelper.so", &library),
        ("usr/lib/libz.so.1", b"x"),
    ]));
    for bytes in [archive.clone(), zip("b.tar.gz", &archive)] {
        let marks = look("opt/x", &bytes, true);
        let [Mark::Holds(one)] = &marks[..] else {
            panic!("{marks:?}");
        };
        assert_eq!((&*one.path, one.count), ("usr/lib/libcuda.so.550.54.14", 2));
    }
}

/// A zip with bytes put in at a place, whose directory still lies where it says.
fn with(zip: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut zip = [&zip[..at], bytes, &zip[at..]].concat();
    let field = zip.len() - 6;
    let place = u32::from_le_bytes(*zip[field..].first_chunk().unwrap());
    let place = place + bytes.len() as u32;
    zip[field..field + 4].copy_from_slice(&place.to_le_bytes());
    zip
}

#[test]
fn bytes_of_a_zip_that_belong_to_no_entry_are_told() {
    let plain = zip("a", b"nothing");
    let directory = plain.windows(4).position(|four| four == b"PK\x01\x02");
    let commented = |comment: &[u8]| {
        let mut zip = plain.clone();
        let field = zip.len() - 2;
        zip[field] = comment.len() as u8;
        [zip, comment.to_vec()].concat()
    };
    let login = b"https://u:q7Zk3jQ8pLx2mV9t@git.site.org/a";
    for (what, bytes, expected) in [
        ("nothing more", plain.clone(), ""),
        ("zeros behind", [&plain[..], &[0; 100]].concat(), ""),
        ("behind", [&plain[..], b"more"].concat(), UNREAD),
        ("between", with(&plain, directory.unwrap(), b"more"), UNREAD),
        ("comment", commented(b"made by a build"), ""),
        ("key in comment", commented(login), "secret.url-password"),
        ("odd comment", commented(b"\x01\x02"), UNREAD),
    ] {
        for held in [true, false] {
            // What ends in zeros has its last record where no reader of a whole archive looks.
            if held && what == "zeros behind" {
                continue;
            }
            assert_eq!(rules("srv/a.zip", &bytes, held), expected, "{what} {held}");
        }
    }
}

#[test]
fn bytes_behind_what_was_compressed_are_told() {
    let mut packed = Vec::new();
    let mut encoder = flate2::write::DeflateEncoder::new(&mut packed, Default::default());
    encoder.write_all(b"nothing").unwrap();
    encoder.finish().unwrap();
    packed.extend(b"hidden");
    let mut entry = zip("a", b"nothing");
    let directory = entry.windows(4).position(|four| four == b"PK\x01\x02");
    let directory = directory.unwrap();
    let size = u32::from_le_bytes(*entry[18..].first_chunk().unwrap()) as usize;
    let grown = ((size + 6) as u32).to_le_bytes();
    entry[18..22].copy_from_slice(&grown);
    entry[directory + 20..directory + 24].copy_from_slice(&grown);
    let second = entry[directory + 42..].windows(4);
    let second = directory
        + 42
        + second
            .clone()
            .position(|four| four == b"PK\x01\x02")
            .unwrap();
    let moved = u32::from_le_bytes(*entry[second + 42..].first_chunk().unwrap()) + 6;
    entry[second + 42..second + 46].copy_from_slice(&moved.to_le_bytes());
    let entry = with(&entry, 31 + size, b"hidden");
    assert_eq!(&entry[31..31 + packed.len()], packed);
    for held in [true, false] {
        assert_eq!(rules("srv/a.zip", &entry, held), UNREAD, "{held}");
    }
    let archive = tar(&[("a", b"a")]);
    for packed in [
        gzip(&archive),
        xz(&archive),
        zstd::encode_all(&archive[..], 1).unwrap(),
    ] {
        for bytes in [
            [&packed[..], b"more"].concat(),
            tar(&[("b", &[&packed[..], b"more"].concat())]),
        ] {
            assert_eq!(rules("srv/a", &bytes, false), UNREAD);
        }
        assert_eq!(rules("srv/a", &tar(&[("b", &packed)]), false), "");
    }
}

#[test]
fn contents_of_what_is_no_file_are_told() {
    let link = |target: &[u8], kind: &str| {
        let mut archive = cpio(&[("a", target)], true);
        archive[14..22].copy_from_slice(format!("{kind:0>8}").as_bytes());
        archive
    };
    let login = b"https://u:q7Zk3jQ8pLx2mV9t@git.site.org/a";
    assert_eq!(rules("srv/a", &link(b"b", "a1ff"), false), "");
    assert_eq!(
        rules("srv/a", &link(login, "a1ff"), false),
        "secret.url-password"
    );
    assert_eq!(rules("srv/a", &link(NETRC, "41ed"), false), UNREAD);
    let directory = {
        let mut builder = ::tar::Builder::new(Vec::new());
        let mut header = ::tar::Header::new_gnu();
        header.set_size(NETRC.len() as u64);
        header.set_entry_type(::tar::EntryType::new(b'D'));
        builder.append_data(&mut header, "d", NETRC).unwrap();
        builder.into_inner().unwrap()
    };
    assert_eq!(rules("srv/a", &directory, false), UNREAD);
}

#[test]
fn archives_behind_scripts_are_looked_into() {
    let script = |count, rest: &[u8]| {
        [
            b"#!/usr/bin/env python3\n",
            &b"# a line\n".repeat(count)[..],
            rest,
        ]
        .concat()
    };
    for rest in [
        zip("x/.netrc", NETRC),
        gzip(&tar(&[("root/.netrc", NETRC)])),
    ] {
        assert_eq!(rules("opt/x.run", &script(0, &rest), false), LOGIN);
        for count in [0, 10, 2000] {
            let nested = tar(&[("x.run", &script(count, &rest))]);
            assert_eq!(rules("srv/a", &nested, false), LOGIN, "{count}");
        }
    }
    let odd = script(2000, &sensitive::tests::noise(1, 9000));
    assert_eq!(rules("srv/a", &tar(&[("x.run", &odd)]), false), UNREAD);
    assert_eq!(
        rules("srv/a", &script(0, b"\0\x01 of its own"), false),
        UNREAD
    );
    let text = script(2000, b"exit 0\n");
    assert_eq!(rules("srv/a", &tar(&[("x.sh", &text)]), false), "");
    let mut app = b"\x7fELF\x02\x01\x01\0AI\x02".to_vec();
    app.resize(4096, 0);
    let nested = tar(&[("x.AppImage", &app)]);
    assert_eq!(rules("srv/a", &nested, false), UNREAD);
}

#[test]
fn keys_in_programs_and_zips_behind_them_are_told() {
    let value = [
        &b"\x02\x01\0\x02\x82"[..],
        &sensitive::tests::noise(7, 1195),
    ]
    .concat();
    let value = [&b"\x30\x82\x04\xb0"[..], &value].concat();
    let key = sensitive::tests::pem("RSA PRIVATE KEY", &value);
    let library = crate::catalog::library("libx.so.1");
    let with_key = [&library[..], key.as_bytes()].concat();
    let with_zip = [&library[..], &zip("a", b"a")].concat();
    for (bytes, expected) in [
        (&library, ""),
        (&with_key, "secret.private-key"),
        (&with_zip, UNREAD),
    ] {
        assert_eq!(
            rules("srv/a", &tar(&[("lib/libx.so", bytes)]), false),
            expected
        );
    }
}

#[test]
fn manuals_are_passed_over_and_archives_beside_them_are_not() {
    let manual = gzip(b".TH A 1\nhttps://u:q7Zk3jQ8pLx2mV9t@git.site.org/a\n");
    let archive = gzip(&tar(&[("root/.netrc", NETRC)]));
    for directory in MANUALS {
        let path = format!("{directory}a/b.gz");
        assert!(is_manual(&path, &manual));
        assert!(!is_manual(&path, &archive) && !is_manual(&path, &gzip(&archive)));
        assert!(!is_manual(&path, &zip("a", NETRC)) && !is_manual(&path, &xz(NETRC)));
        assert!(!is_manual(&path, &manual[..12]));
    }
    assert!(!is_manual("srv/a/b.gz", &manual));
}

#[test]
fn long_names_of_members_are_read() {
    let long = |name: &str, bytes: &[u8]| [name.as_bytes(), b"\0\0", bytes].concat();
    let bsd = ar(&[("#1/9", &long(".netrc\0", NETRC))]);
    let gnu = ar(&[("//", b"some/file/\nroot/.netrc/\n"), ("/11", NETRC)]);
    for bytes in [bsd, gnu] {
        assert_eq!(rules("srv/a.a", &bytes, false), LOGIN);
    }
    let cut = ar(&[("#1/90", b"too short")]);
    assert_eq!(rules("srv/a.a", &cut, false), UNREAD);
}

#[test]
fn clues_in_an_archive_hide_no_key() {
    let clue = |seed: u64| {
        let word = sensitive::tests::word(seed, 36, "abcdefghijklmnopqrstuvwxyz0123456789");
        format!("x = ghp_{word}\n")
    };
    let clues: Vec<(String, String)> = (0..70).map(|it| (format!("a{it}"), clue(it))).collect();
    let mut files: Vec<(&str, &[u8])> = clues
        .iter()
        .map(|(name, text)| (&**name, text.as_bytes()))
        .collect();
    files.push(("root/.netrc", NETRC));
    let marks = look("srv/a", &tar(&files), false);
    let sure = marks.iter().filter_map(|mark| match mark {
        Mark::Sensitive(one) if !one.is_clue => Some(one.rule),
        _ => None,
    });
    assert_eq!(sure.collect::<Vec<_>>(), [LOGIN, UNREAD]);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_looked_into(cut in 0_usize..400, flip in 0_usize..400, form in 0..7, held: bool) {
        let files: [(&str, &[u8]); 2] = [("x/.netrc", NETRC), ("y", b"y")];
        let mut bytes = match form {
            0 => zip("x/.netrc", NETRC),
            1 => tar(&files),
            2 => described("y", NETRC, false),
            3 => ar(&files),
            4 => cpio(&files, true),
            5 => rpm(&cpio(&files, false), b"ldconfig\0"),
            _ => gzip(&tar(&files)),
        };
        let len = bytes.len();
        bytes[flip % len] ^= 0x15;
        let _ = look("a", &bytes[..len - cut % len], held);
    }
}
