//! `Packages`, the database of rpm before 4.16: a hash of Berkeley DB.
//!
//! The layout is that of Berkeley DB's `dbinc/db_page.h`. The first page holds the metadata;
//! its magic number tells the byte order. Every other page begins with 26 bytes that name its
//! type; a page of the hash holds pairs of a key and a value, and a large value is a chain of
//! overflow pages. The pages are read one after the other: which bucket a pair is in does not
//! matter.

use std::borrow::Cow;

use super::Headers;

/// The magic number of a hash, the versions that rpm reads (`lib/backend/bdb_ro.cc`), and the
/// sizes that a page may have.
const MAGIC: u32 = 0x0006_1561;
const VERSIONS: std::ops::RangeInclusive<u32> = 8..=10;
const SIZES: std::ops::RangeInclusive<usize> = 512..=65536;

/// Bytes in front of what a page holds.
const HEAD: usize = 26;

/// Types of pages: overflow, and the two of a hash, unsorted and sorted.
const OVERFLOW: u8 = 7;
const HASH: [u8; 2] = [2, 13];

/// Types of items: on the page, and in overflow pages.
const ON_PAGE: u8 = 1;
const OFF_PAGE: u8 = 3;

/// Reads a database; what is wrong with single packages is counted.
pub(super) fn read(bytes: &[u8], headers: &mut Headers<'_>) -> Result<(), String> {
    let mut file = File::open(bytes)?;
    for number in 1..=file.last {
        let Some(page) = file.page(number) else {
            headers.fault("its end is missing");
            break;
        };
        if !HASH.contains(&page[25]) {
            continue;
        }
        for pair in 0..file.half(page, 20).unwrap_or(0) / 2 {
            match file.pair(page, pair * 2) {
                Some((key, _)) if key.iter().all(|byte| *byte == 0) => {}
                Some((_, value)) if headers.take(Some(&value)) => {}
                None if headers.take(None) => {}
                _ => return Ok(()),
            }
        }
    }
    Ok(())
}

/// A key or a value.
type Item<'a> = Cow<'a, [u8]>;

/// A database and its byte order.
struct File<'a> {
    bytes: &'a [u8],
    is_big: bool,
    page_size: usize,
    last: usize,
    /// Bytes that overflow pages may still yield: each belongs to one value.
    left: usize,
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let mut file = File {
            bytes,
            is_big: false,
            page_size: 0,
            last: 0,
            left: bytes.len(),
        };
        let no_hash = || "it is no hash of Berkeley DB".to_owned();
        match file.word(bytes, 12) {
            Some(MAGIC) => {}
            Some(magic) if magic.swap_bytes() == MAGIC => file.is_big = true,
            _ => return Err(no_hash()),
        }
        let version = file.word(bytes, 16).ok_or_else(no_hash)?;
        if !VERSIONS.contains(&version) {
            return Err(format!("its version {version} of a hash is not known"));
        }
        let [algorithm, _, flags] = bytes
            .get(24..27)
            .and_then(|three| three.try_into().ok())
            .ok_or_else(no_hash)?;
        if algorithm != 0 || flags & 1 != 0 {
            return Err("it is encrypted or has checksums, which rpm never writes".to_owned());
        }
        let number = |at| {
            file.word(bytes, at)
                .and_then(|word| usize::try_from(word).ok())
        };
        let page_size = number(20).filter(|size| SIZES.contains(size) && size.is_power_of_two());
        file.last = number(32).ok_or_else(no_hash)?;
        file.page_size = page_size.ok_or_else(no_hash)?;
        Ok(file)
    }

    fn page(&self, number: usize) -> Option<&'a [u8]> {
        let start = number.checked_mul(self.page_size)?;
        self.bytes.get(start..start.checked_add(self.page_size)?)
    }

    /// The key and the value of a pair.
    fn pair(&mut self, page: &'a [u8], index: usize) -> Option<(Item<'a>, Item<'a>)> {
        Some((self.item(page, index)?, self.item(page, index + 1)?))
    }

    /// An item: it ends where the one before it begins.
    fn item(&mut self, page: &'a [u8], index: usize) -> Option<Item<'a>> {
        let offset = |index: usize| self.half(page, HEAD + 2 * index);
        let end = match index {
            0 => page.len(),
            _ => offset(index - 1)?,
        };
        let item = page.get(offset(index)?..end)?;
        match *item.first()? {
            ON_PAGE => Some(Cow::Borrowed(&item[1..])),
            OFF_PAGE => {
                let first = usize::try_from(self.word(item, 4)?).ok()?;
                let length = usize::try_from(self.word(item, 8)?).ok()?;
                self.overflow(first, length).map(Cow::Owned)
            }
            _ => None,
        }
    }

    /// A value of several pages.
    fn overflow(&mut self, first: usize, length: usize) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(length)?;
        let mut value = Vec::with_capacity(length);
        let mut next = first;
        while value.len() < length {
            let page = self.page(next).filter(|page| page[25] == OVERFLOW)?;
            let part = page.get(HEAD..HEAD.checked_add(self.half(page, 22)?)?)?;
            // A page that adds nothing could be its own successor.
            if part.is_empty() || part.len() > length - value.len() {
                return None;
            }
            value.extend_from_slice(part);
            next = usize::try_from(self.word(page, 16)?).ok()?;
        }
        Some(value)
    }

    fn word(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let word = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.is_big {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        })
    }

    fn half(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let half = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(usize::from(if self.is_big {
            u16::from_be_bytes(half)
        } else {
            u16::from_le_bytes(half)
        }))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::parse;
    use super::super::tests::{named, packages};
    use super::*;
    use crate::catalog::Source;
    use proptest::prelude::*;

    const PATH: &str = "var/lib/rpm/Packages";
    const SIZE: usize = 512;

    /// Writes numbers in one of the two byte orders.
    #[derive(Clone, Copy)]
    pub(in crate::catalog::rpm) struct Order(pub(in crate::catalog::rpm) bool);

    impl Order {
        fn word(self, page: &mut [u8], at: usize, word: u32) {
            let word = if self.0 {
                word.to_be_bytes()
            } else {
                word.to_le_bytes()
            };
            page[at..at + 4].copy_from_slice(&word);
        }

        fn half(self, page: &mut [u8], at: usize, half: usize) {
            let half = half as u16;
            let half = if self.0 {
                half.to_be_bytes()
            } else {
                half.to_le_bytes()
            };
            page[at..at + 2].copy_from_slice(&half);
        }
    }

    /// Writes a database with all pairs on page 1 and the values behind it.
    pub(in crate::catalog::rpm) fn database(headers: &[Vec<u8>], order: Order) -> Vec<u8> {
        let mut hash = vec![0; SIZE];
        let mut end = SIZE;
        let mut values: Vec<Vec<u8>> = Vec::new();
        hash[25] = 13;
        order.half(&mut hash, 20, 2 * headers.len() + 2);
        let mut item = |index: usize, bytes: &[u8]| {
            end -= bytes.len();
            hash[end..end + bytes.len()].copy_from_slice(bytes);
            order.half(&mut hash, HEAD + 2 * index, end);
        };
        // The next number, under the key 0.
        item(0, &[ON_PAGE, 0, 0, 0, 0]);
        item(1, &[ON_PAGE, 9, 0, 0, 0]);
        for (place, header) in headers.iter().enumerate() {
            let mut off = [OFF_PAGE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            order.word(&mut off, 4, 2 + values.len() as u32);
            order.word(&mut off, 8, header.len() as u32);
            item(2 * place + 2, &[ON_PAGE, 1, 0, 0, 0]);
            item(2 * place + 3, &off);
            let parts: Vec<&[u8]> = header.chunks(SIZE - HEAD).collect();
            for part in parts {
                let mut page = vec![0; SIZE];
                page[25] = OVERFLOW;
                order.word(&mut page, 16, 3 + values.len() as u32);
                order.half(&mut page, 22, part.len());
                page[HEAD..HEAD + part.len()].copy_from_slice(part);
                values.push(page);
            }
        }
        let mut meta = vec![0; SIZE];
        order.word(&mut meta, 12, MAGIC);
        order.word(&mut meta, 16, 9);
        order.word(&mut meta, 20, SIZE as u32);
        order.word(&mut meta, 32, 1 + values.len() as u32);
        [vec![meta, hash], values].concat().concat()
    }

    #[test]
    fn packages_in_both_byte_orders() {
        for order in [Order(false), Order(true)] {
            let bytes = database(&[named("one"), named("two"), b"junk".to_vec()], order);
            let found = parse(&Source::whole(PATH, &bytes));
            assert_eq!(packages(&found), ["one", "two"]);
            assert_eq!(found.faults, ["1 headers cannot be read"]);
        }
    }

    #[test]
    fn chains_end() {
        let order = Order(false);
        let mut bytes = database(&[named("one")], order);
        // The first overflow page is its own successor.
        order.word(&mut bytes, 2 * SIZE + 16, 2);
        let found = parse(&Source::whole(PATH, &bytes));
        assert_eq!(packages(&found).len() + found.faults.len(), 1);
        // It holds nothing.
        order.half(&mut bytes, 2 * SIZE + 22, 0);
        assert_eq!(
            parse(&Source::whole(PATH, &bytes)).faults,
            ["1 headers cannot be read"]
        );
        // Its value is said to be larger than the file.
        let mut bytes = database(&[named("one")], order);
        let at = SIZE + SIZE - 5 - 5 - 5 - 12;
        order.word(&mut bytes, at + 8, u32::MAX);
        assert_eq!(
            parse(&Source::whole(PATH, &bytes)).faults,
            ["1 headers cannot be read"]
        );
    }

    #[test]
    fn what_is_no_database_is_a_fault() {
        let order = Order(true);
        let whole = database(&[named("one")], order);
        let mut encrypted = whole.clone();
        encrypted[24] = 1;
        let mut newer = whole.clone();
        order.word(&mut newer, 16, 11);
        for bytes in [&b"x"[..], &whole[..16], &whole[..40], &encrypted, &newer] {
            let found = parse(&Source::whole(PATH, bytes));
            assert_eq!((found.packages.len(), found.faults.len()), (0, 1));
        }
        let cut = parse(&Source::whole(PATH, &whole[..2 * SIZE]));
        assert_eq!(
            cut.faults,
            ["its end is missing", "1 headers cannot be read"]
        );
    }

    proptest! {
        #[test]
        fn any_change_is_read_or_refused(at in 0_usize..2600, byte: u8, cut in 0_usize..3000, big: bool) {
            let mut bytes = database(&[named("one"), named("two")], Order(big));
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - cut % length);
            let _ = parse(&Source::whole(PATH, &bytes));
        }
    }
}
