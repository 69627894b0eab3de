//! Gzip against flate2: whole, in pieces, cut and changed.

use std::io::{BufReader, Read, Write};

use flate2::Compression;
use flate2::GzBuilder;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::bits::Bits;
use super::block::Deflate;
use super::quick::Place;
use super::{Members, place};

fn gzip(plain: &[u8], level: u32) -> Vec<u8> {
    let mut stored = GzEncoder::new(Vec::new(), Compression::new(level));
    stored.write_all(plain).unwrap();
    stored.finish().unwrap()
}

/// What is read by so many bytes of input at a time.
fn read(stored: &[u8], at_a_time: usize) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    Members::new(BufReader::with_capacity(at_a_time, stored), None).read_to_end(&mut plain)?;
    Ok(plain)
}

/// What the body of a member is, whatever its checksum.
fn inflated(body: &[u8]) -> Option<Vec<u8>> {
    let mut place = place();
    let mut place = Place {
        out: &mut place,
        at: 0,
        begin: 0,
    };
    let mut bits = Bits::new(BufReader::with_capacity(100, body));
    let is_over = Deflate::default().decode(&mut bits, &mut place).ok()?;
    assert!(is_over, "there is room for all of it");
    Some(place.out[..place.at].to_vec())
}

fn inflated_by_flate2(body: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    DeflateDecoder::new(body).read_to_end(&mut plain).ok()?;
    Some(plain)
}

fn read_by_flate2(stored: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    MultiGzDecoder::new(stored).read_to_end(&mut plain)?;
    Ok(plain)
}

/// Bytes that repeat what lies at any distance before them, for any length.
fn repeating(mut seed: u64, size: usize) -> Vec<u8> {
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % below
    };
    let mut plain = vec![b'a'];
    while plain.len() < size {
        let most = [3, 8, 20, 300, 33_000][next(5)].min(plain.len());
        let from = plain.len() - 1 - next(most);
        match next(4) {
            0 => plain.extend((0..next(40)).map(|_| next(256) as u8)),
            1 => plain.extend((0..next(40)).map(|_| b'a' + next(20) as u8)),
            _ => (0..next(600)).for_each(|at| plain.push(plain[from + at])),
        }
    }
    plain
}

#[test]
fn every_level_is_read_in_pieces_of_any_size() {
    let plain = repeating(1, 700_000);
    for level in [0, 1, 3, 6, 9] {
        let stored = gzip(&plain, level);
        for at_a_time in [1, 7, 31, 33, 4096, 1 << 20] {
            assert!(read(&stored, at_a_time).unwrap() == plain, "{level}");
        }
    }
    assert_eq!(read(&gzip(b"", 6), 9).unwrap(), b"");
}

#[test]
fn members_follow_one_another() {
    let (one, two) = (repeating(2, 40_000), repeating(3, 200_000));
    let stored = [gzip(&one, 6), gzip(b"", 6), gzip(&two, 0), gzip(&one, 1)].concat();
    assert!(read(&stored, 1000).unwrap() == [&*one, &two, &one].concat());
    let behind = [&*stored, b"\0\0\0"].concat();
    assert!(read(&behind, 1000).is_err() && read_by_flate2(&behind).is_err());
}

#[test]
fn headers_are_passed_over_and_checked() {
    let header = GzBuilder::new().filename("n").comment("c").extra([7; 300]);
    let mut stored = header.write(Vec::new(), Compression::fast());
    stored.write_all(b"plain").unwrap();
    let mut stored = stored.finish().unwrap();
    assert_eq!(read(&stored, 5).unwrap(), b"plain");
    // Magic, flags, extra bytes and both names; then its own checksum.
    stored[3] |= 2;
    let end = 10 + 2 + 300 + 2 + 2;
    let crc = crc32fast::hash(&stored[..end]);
    stored.splice(end..end, (crc as u16).to_le_bytes());
    assert_eq!(read(&stored, 5).unwrap(), b"plain");
    stored[end] ^= 1;
    assert!(read(&stored, 5).is_err());
    stored[3] = 0x80;
    assert!(read(&stored, 5).is_err());
}

#[test]
fn a_match_does_not_reach_into_the_member_before() {
    // One block of fixed codes: a match of three bytes, one back, and the end.
    let body = [0b0000_0011, 0b0000_0010, 0, 0];
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0];
    let stored = [gzip(b"x", 6), header.to_vec(), body.to_vec(), vec![0; 8]].concat();
    let why = read(&stored, 64).unwrap_err().to_string();
    assert!(why.contains("too far back"), "{why}");
}

#[test]
fn what_is_wrong_stays_wrong() {
    let mut stored = gzip(b"some bytes", 6);
    let crc = stored.len() - 8;
    stored[crc] ^= 1;
    let mut reader = Members::new(&*stored, None);
    let why = reader.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(why.to_string().contains("checksum"), "{why}");
    assert!(reader.read(&mut [0; 9]).is_err());
}

#[test]
fn what_comes_before_a_cut_is_read() {
    let plain = repeating(4, 300_000);
    let stored = gzip(&plain, 6);
    let cut = &stored[..stored.len() - 100];
    let mut read = Vec::new();
    assert!(Members::new(cut, None).read_to_end(&mut read).is_err());
    assert!(
        plain.starts_with(&read) && read.len() > 290_000,
        "{}",
        read.len()
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read(plain: Vec<u8>, level in 0_u32..10, at_a_time in 1_usize..200) {
        prop_assert_eq!(read(&gzip(&plain, level), at_a_time).unwrap(), plain);
    }

    #[test]
    fn a_stream_that_was_cut_is_an_error(seed: u64, level in 0_u32..10, cut in 0.0..1.0) {
        let stored = gzip(&repeating(seed, 3000), level);
        let end = (stored.len() as f64 * cut) as usize;
        prop_assert!(read(&stored[..end], 100).is_err());
    }

    #[test]
    fn any_change_is_read_as_by_flate2(seed: u64, level in 0_u32..10, at in 0.0..1.0, byte: u8) {
        let stored = gzip(&repeating(seed, 3000), level);
        let mut body = stored[10..stored.len() - 8].to_vec();
        let at = (body.len() as f64 * at) as usize;
        body[at] = byte;
        prop_assert_eq!(inflated(&body), inflated_by_flate2(&body));
    }

    #[test]
    fn any_bytes_are_read_as_by_flate2(kind in 0_u8..8, bytes: Vec<u8>) {
        let body = [&[kind], &*bytes].concat();
        prop_assert_eq!(inflated(&body), inflated_by_flate2(&body));
    }
}
