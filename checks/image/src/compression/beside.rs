//! What a compressed stream carries beside the plain bytes: the fields of a header of gzip (RFC 1952,
//! section 2.3), frames of zstd that are skipped (RFC 8878, section 3.1.2). No runtime shows it, and
//! whoever pulls the image has it.
//!
//! What tools are known to put there is looked at for what gives access, and passes: the table of
//! contents and the footer of eStargz and of zstd:chunked (containers/storage,
//! `pkg/chunked/internal`; stargz-snapshotter, `docs/estargz.md`), the blocks of bgzip and dictzip,
//! the sizes of pzstd, the seek table of zstd's contrib/seekable_format. Anything else is told.

use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::layer::take;
use crate::sensitive;

use super::gzip::Header;

/// The most bytes of a table that are looked at, packed, and of all tables of a stream, plain.
pub(super) const MOST_PACKED: u64 = 16 * 1024 * 1024;
const MOST_PLAIN: u64 = 128 * 1024 * 1024;

/// The longest name of a file.
const LONGEST_NAME: usize = 255;

/// Things that are told of one stream.
const MOST_TOLD: usize = 8;

/// The end of the footers of zstd:chunked, and of a seek table.
const CHUNKED: &[u8] = b"GNUlInUx";
const SEEKABLE: &[u8] = b"\xb1\xea\x92\x8f";

/// What was found beside the plain bytes of a stream.
#[derive(Debug)]
pub(crate) struct Beside {
    told: Mutex<Vec<String>>,
    /// Plain bytes that tables may still unpack to.
    left: Arc<AtomicU64>,
}

impl Default for Beside {
    fn default() -> Self {
        Self::within(Arc::new(AtomicU64::new(MOST_PLAIN)))
    }
}

impl Beside {
    /// Nothing yet; tables take their room from what is left.
    pub(crate) fn within(left: Arc<AtomicU64>) -> Self {
        Self {
            told: Mutex::default(),
            left,
        }
    }

    /// What is to be told, a sentence each.
    pub(crate) fn into_told(self) -> Vec<String> {
        let told = self.told.into_inner();
        told.unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, why: String) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < MOST_TOLD && !told.contains(&why) {
            told.push(why);
        }
    }

    /// Looks at bytes of a known kind.
    fn look(&self, what: &str, bytes: &[u8]) {
        for sighting in sensitive::look_at_bytes(bytes) {
            self.tell(format!("{what} holds {}", sighting.text));
        }
    }

    /// Takes note of the header of a member of gzip.
    pub(super) fn gzip(&self, header: &Header) {
        let name = &header.name;
        self.look("the file name in a header of gzip", name);
        if name.len() > LONGEST_NAME || name.iter().any(u8::is_ascii_control) {
            self.tell("the file name in a header of gzip is none".to_owned());
        }
        if !header.comment.is_empty() {
            self.tell("a comment in a header of gzip was not looked at".to_owned());
        }
        if !is_known(&header.extra) {
            self.tell("an extra field in a header of gzip is of no known kind".to_owned());
        }
    }

    /// Takes note of a frame that is skipped, as far as it was kept.
    pub(super) fn frame(&self, size: u64, bytes: &[u8]) {
        const WHAT: &str = "a frame of zstd that is skipped";
        self.look(WHAT, bytes);
        let is_whole = size == bytes.len() as u64;
        if is_whole && (bytes.len() <= 4 || is_footer(bytes) || is_seek_table(bytes)) {
            return;
        }
        let table = is_whole.then(|| self.table(bytes));
        match table.flatten() {
            Some(plain) => self.look(WHAT, &plain),
            None => self.tell(format!("{WHAT} is of no known kind ({size} bytes)")),
        }
    }

    /// The plain JSON of a table of contents that is compressed by zstd; none where it is none, or
    /// where there is no room for it.
    fn table(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !bytes.starts_with(b"\x28\xb5\x2f\xfd") {
            return None;
        }
        let most = self.left.load(Ordering::Relaxed).min(MOST_PLAIN);
        let mut plain = Vec::new();
        let decoder = zstd::stream::read::Decoder::with_buffer(bytes).ok()?;
        let read = decoder.take(most).read_to_end(&mut plain);
        let count = plain.len() as u64;
        let is_json = matches!(plain.first(), Some(b'{' | b'['));
        let has_room = take(&self.left, count) && count < most;
        (read.is_ok() && is_json && has_room).then_some(plain)
    }
}

/// Whether all subfields of an extra field are known: the footer of eStargz, blocks of bgzip, the
/// table of dictzip.
fn is_known(mut extra: &[u8]) -> bool {
    let is_place = |bytes: &[u8]| {
        bytes.len() == 22
            && bytes.ends_with(b"STARGZ")
            && bytes[..16].iter().all(u8::is_ascii_hexdigit)
    };
    // Before it was extended, the footer of stargz had no subfield.
    if is_place(extra) {
        return true;
    }
    while let [first, second, low, high, rest @ ..] = extra {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let Some((field, rest)) = rest.split_at_checked(length) else {
            return false;
        };
        let is_one = match &[*first, *second] {
            b"SG" => is_place(field),
            b"BC" => length == 2,
            b"RA" => field.starts_with(b"\x01\0"),
            _ => false,
        };
        if !is_one {
            return false;
        }
        extra = rest;
    }
    extra.is_empty()
}

/// Whether it is the footer of zstd:chunked: offsets and sizes, then its magic.
fn is_footer(bytes: &[u8]) -> bool {
    let Some(numbers) = bytes.strip_suffix(CHUNKED) else {
        return false;
    };
    // No layer has as many bytes as the two highest bytes of a number would say.
    let is_number = |number: &[u8]| number[6..] == [0, 0];
    numbers.len() <= 56 && numbers.len() % 8 == 0 && numbers.chunks_exact(8).all(is_number)
}

/// Whether it is a seek table: a size or two and maybe a checksum for each frame, and how many.
fn is_seek_table(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_suffix(SEEKABLE) else {
        return false;
    };
    let Some((entries, [a, b, c, d, descriptor])) = rest.split_last_chunk::<5>() else {
        return false;
    };
    let count = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
    let size = if descriptor & 0x80 == 0 { 8 } else { 12 };
    entries.len() as u64 == count * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_extra_fields_pass() {
        let place = b"00000000000f1e2dSTARGZ";
        let field = |id: &[u8; 2], bytes: &[u8]| {
            [&id[..], &(bytes.len() as u16).to_le_bytes(), bytes].concat()
        };
        for (extra, expected) in [
            (Vec::new(), true),
            (place.to_vec(), true),
            (field(b"SG", place), true),
            (field(b"BC", b"\x1b\0"), true),
            (field(b"SG", b"AKIA0123456789abSTARGZ"), false),
            (field(b"XY", b"anything"), false),
            ([field(b"SG", place), b"rest".to_vec()].concat(), false),
            (b"SG\xff\xff".to_vec(), false),
        ] {
            assert_eq!(is_known(&extra), expected, "{extra:?}");
        }
    }

    #[test]
    fn known_frames_pass_and_others_are_told() {
        let packed = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
        let numbers: Vec<u8> = (1..=7_u64)
            .flat_map(|number| (number << 20).to_le_bytes())
            .collect();
        let seek = [&[0; 24][..], &3_u32.to_le_bytes(), b"\0", SEEKABLE].concat();
        let key = "{\"git\": \"https://u:q7Zk3jQ8pLx2mV9t@git.site.org/a\"}";
        for (frame, told) in [
            (packed(b"{\"version\": 1, \"entries\": []}"), 0),
            ([&numbers[..], CHUNKED].concat(), 0),
            (b"\x10\0\0\0".to_vec(), 0),
            (seek, 0),
            (b"anything else".to_vec(), 1),
            (packed(b"no table"), 1),
            (packed(key.as_bytes()), 1),
            ([&b"a secret in a footer "[..], CHUNKED].concat(), 1),
        ] {
            let beside = Beside::default();
            beside.frame(frame.len() as u64, &frame);
            assert_eq!(beside.into_told().len(), told, "{frame:?}");
        }
        let beside = Beside::default();
        beside.frame(1 << 30, b"\x28\xb5\x2f\xfd");
        assert_eq!(beside.into_told().len(), 1);
    }

    #[test]
    fn all_tables_of_a_stream_unpack_to_so_much_together() {
        let table = [&b"["[..], &vec![b' '; 30 << 20], b"]"].concat();
        let frame = zstd::encode_all(&table[..], 1).unwrap();
        let beside = Beside::default();
        for _ in 0..4 {
            beside.frame(frame.len() as u64, &frame);
        }
        assert!(beside.told.lock().unwrap().is_empty());
        for _ in 0..3 {
            beside.frame(frame.len() as u64, &frame);
            assert!(beside.left.load(Ordering::Relaxed) < 9 << 20);
        }
        assert_eq!(beside.into_told().len(), 1);
    }
}
