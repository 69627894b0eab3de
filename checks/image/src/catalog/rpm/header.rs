//! The header of an RPM package as the database stores it: two counts, an index of 16 bytes
//! an entry, and the store that the index points into. All numbers are big-endian.

use std::borrow::Cow;

/// The tags that are read (rpm's `rpmtag.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Tag {
    Name = 1000,
    Version = 1001,
    Release = 1002,
    Epoch = 1003,
    Vendor = 1011,
    License = 1014,
    Arch = 1022,
    SourceRpm = 1044,
    Provides = 1047,
    Requires = 1049,
    DirIndexes = 1116,
    BaseNames = 1117,
    DirNames = 1118,
}

/// The data types that are read.
const INT32: u32 = 4;
const STRINGS: [u32; 3] = [6, 8, 9];

/// The size of an index entry.
const ENTRY: usize = 16;

/// A header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
}

impl<'a> Header<'a> {
    /// Splits a header; none when its counts do not fit its bytes.
    pub(super) fn read(blob: &'a [u8]) -> Option<Self> {
        let entries = usize::try_from(word(blob, 0)?).ok()?;
        let size = usize::try_from(word(blob, 4)?).ok()?;
        let (index, store) = blob
            .get(8..)?
            .split_at_checked(entries.checked_mul(ENTRY)?)?;
        Some(Self {
            index,
            store: store.get(..size)?,
        })
    }

    /// The first string of a tag.
    pub(super) fn string(&self, tag: Tag) -> Option<Cow<'a, str>> {
        self.strings(tag).next()
    }

    /// All strings of a tag.
    pub(super) fn strings(&self, tag: Tag) -> impl Iterator<Item = Cow<'a, str>> {
        let found = self.find(tag).filter(|(kind, ..)| STRINGS.contains(kind));
        let (data, count) = found.map_or((&[][..], 0), |(_, data, count)| (data, count));
        // What does not end in a NUL was cut.
        let ended = data.split_inclusive(|byte| *byte == 0).take(count);
        ended
            .filter_map(|text| text.strip_suffix(b"\0"))
            .map(String::from_utf8_lossy)
    }

    /// The first number of a tag.
    pub(super) fn number(&self, tag: Tag) -> Option<u32> {
        self.numbers(tag).next()
    }

    /// All numbers of a tag.
    pub(super) fn numbers(&self, tag: Tag) -> impl Iterator<Item = u32> {
        let found = self.find(tag).filter(|(kind, ..)| *kind == INT32);
        let (data, count) = found.map_or((&[][..], 0), |(_, data, count)| (data, count));
        data.chunks_exact(4)
            .take(count)
            .filter_map(|bytes| word(bytes, 0))
    }

    /// The type, the data from its start, and the count of a tag.
    fn find(&self, tag: Tag) -> Option<(u32, &'a [u8], usize)> {
        let wanted = (tag as u32).to_be_bytes();
        let entry = self
            .index
            .chunks_exact(ENTRY)
            .find(|entry| entry.starts_with(&wanted))?;
        let offset = usize::try_from(word(entry, 8)?).ok()?;
        let count = usize::try_from(word(entry, 12)?).ok()?;
        Some((word(entry, 4)?, self.store.get(offset..)?, count))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    word.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A value to put into a header.
    pub(in crate::catalog::rpm) enum Value<'a> {
        Text(&'a str),
        Texts(&'a [&'a str]),
        Numbers(&'a [u32]),
    }

    /// Writes a header as rpm does.
    pub(in crate::catalog::rpm) fn header(values: &[(Tag, Value<'_>)]) -> Vec<u8> {
        let (mut index, mut store) = (Vec::new(), Vec::new());
        for (tag, value) in values {
            while store.len() % 4 != 0 {
                store.push(0);
            }
            let offset = store.len() as u32;
            let (kind, count) = match value {
                Value::Text(text) => {
                    store.extend(text.bytes().chain([0]));
                    (6, 1)
                }
                Value::Texts(texts) => {
                    texts
                        .iter()
                        .for_each(|text| store.extend(text.bytes().chain([0])));
                    (8, texts.len())
                }
                Value::Numbers(numbers) => {
                    numbers
                        .iter()
                        .for_each(|number| store.extend(number.to_be_bytes()));
                    (4, numbers.len())
                }
            };
            for word in [*tag as u32, kind, offset, count as u32] {
                index.extend(word.to_be_bytes());
            }
        }
        let mut out = (values.len() as u32).to_be_bytes().to_vec();
        out.extend((store.len() as u32).to_be_bytes());
        out.extend(index);
        out.extend(store);
        out
    }

    #[test]
    fn values_are_found() {
        let bytes = header(&[
            (Tag::Name, Value::Text("tool")),
            (Tag::Epoch, Value::Numbers(&[7, 8])),
            (Tag::BaseNames, Value::Texts(&["a", "b"])),
        ]);
        let header = Header::read(&bytes).unwrap();
        assert_eq!(header.string(Tag::Name).as_deref(), Some("tool"));
        assert_eq!(header.numbers(Tag::Epoch).collect::<Vec<_>>(), [7, 8]);
        assert_eq!(header.strings(Tag::BaseNames).count(), 2);
        assert_eq!(header.string(Tag::Epoch), None);
        assert_eq!(header.number(Tag::Name), None);
    }

    #[test]
    fn counts_that_do_not_fit_are_refused() {
        assert!(Header::read(&[0xff; 64]).is_none());
        assert!(Header::read(&[0; 7]).is_none());
    }

    proptest! {
        #[test]
        fn any_change_is_read_or_refused(at in 0_usize..200, byte: u8, cut in 0_usize..200) {
            let mut bytes = header(&[
                (Tag::Name, Value::Text("tool")),
                (Tag::BaseNames, Value::Texts(&["a", "b"])),
                (Tag::DirIndexes, Value::Numbers(&[0, 1])),
            ]);
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - cut % length);
            if let Some(header) = Header::read(&bytes) {
                let _ = (header.string(Tag::Name), header.number(Tag::Epoch));
                let _ = header.strings(Tag::BaseNames).count() + header.numbers(Tag::DirIndexes).count();
            }
        }
    }
}
