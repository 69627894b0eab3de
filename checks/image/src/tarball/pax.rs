//! The records of a pax extended header: `LENGTH KEY=VALUE\n`.

use super::sparse::Map;

/// What the extended headers before an entry say about it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extended {
    /// The path, in place of the header's.
    pub(super) path: Option<Vec<u8>>,
    /// The path of a sparse file, in place of both.
    pub(super) sparse_name: Option<Vec<u8>>,
    /// The link's target, in place of the header's.
    pub(super) link: Option<Vec<u8>>,
    /// The size of the content, in place of the header's.
    pub(super) size: Option<u64>,
    /// What is said of a sparse file.
    pub(super) sparse: Option<PaxSparse>,
    /// The user, in place of the header's.
    pub(super) uid: Option<u64>,
    /// The group, in place of the header's.
    pub(super) gid: Option<u64>,
    /// The capabilities that a program runs with, as the kernel keeps them in an attribute.
    pub(super) capabilities: Option<u64>,
}

/// A sparse file in one of its three forms.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct PaxSparse {
    /// The full size.
    pub(super) size: Option<u64>,
    /// The map, unless it stands before the content.
    pub(super) map: Map,
    /// Whether the map stands before the content (1.0).
    pub(super) is_before: bool,
    /// The offset whose length is still to come (0.0).
    offset: u64,
}

impl PaxSparse {
    fn read(&mut self, key: &[u8], value: &[u8]) -> Result<(), PaxFault> {
        match key {
            b"major" => self.is_before = value == b"1",
            b"size" | b"realsize" => self.size = Some(decimal(value).ok_or(PaxFault)?),
            b"map" => self.map.push_list(value).ok_or(PaxFault)?,
            b"offset" => self.offset = decimal(value).ok_or(PaxFault)?,
            b"numbytes" => {
                let length = decimal(value).ok_or(PaxFault)?;
                self.map.push(self.offset, length);
            }
            _ => {}
        }
        Ok(())
    }
}

/// A record that breaks the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an extended header is malformed")]
pub(crate) struct PaxFault;

impl Extended {
    /// Reads the records of one header; later ones win.
    pub(super) fn read(mut records: &[u8]) -> Result<Self, PaxFault> {
        let mut extended = Self::default();
        while !records.is_empty() {
            let (key, value, rest) = record(records).ok_or(PaxFault)?;
            records = rest;
            match key {
                // The name that GNU tar gives a sparse file is the true one.
                b"GNU.sparse.name" => extended.sparse_name = Some(value.to_vec()),
                b"path" => extended.path = Some(value.to_vec()),
                b"linkpath" => extended.link = Some(value.to_vec()),
                b"size" => extended.size = Some(decimal(value).ok_or(PaxFault)?),
                b"uid" => extended.uid = Some(decimal(value).ok_or(PaxFault)?),
                b"gid" => extended.gid = Some(decimal(value).ok_or(PaxFault)?),
                b"SCHILY.xattr.security.capability" => {
                    extended.capabilities = capabilities(value);
                }
                _ => {
                    if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                        let sparse = extended.sparse.get_or_insert_default();
                        sparse.read(key, value)?;
                    }
                }
            }
        }
        Ok(extended)
    }
}

/// The permitted capabilities of an attribute, as bits; `struct vfs_cap_data` of
/// linux/capability.h: a revision, then the lower halves of two sets, then the upper ones.
pub(crate) fn capabilities(attribute: &[u8]) -> Option<u64> {
    let word = |place: usize| {
        let bytes = attribute.get(4 * place..)?.first_chunk::<4>()?;
        Some(u64::from(u32::from_le_bytes(*bytes)))
    };
    match word(0)? >> 24 {
        1 => word(1),
        _ => Some(word(1)? | word(3)? << 32),
    }
}

/// Splits the first record off.
fn record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&records[..space])?).ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let body = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    Some((&body[..equals], &body[equals + 1..], rest))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn records_are_read() {
        let extended = Extended::read(b"12 path=a=b\n20 size=12345678901\n13 ctime=1.5\n").unwrap();
        assert_eq!(extended.path.as_deref(), Some(&b"a=b"[..]));
        assert_eq!(extended.size, Some(12_345_678_901));
    }

    #[test]
    fn capabilities_are_read() {
        let attribute = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\x01\0\0\0\0\0\0\0";
        assert_eq!(capabilities(attribute), Some(1 << 32 | 1 << 13));
        assert_eq!(capabilities(b"\x01\0\0\x02\0"), None);
        let record = [
            &b"58 SCHILY.xattr.security.capability="[..],
            attribute,
            b"\n",
        ]
        .concat();
        assert_eq!(record.len(), 57);
        let record = [b"57".as_slice(), &record[2..]].concat();
        let extended = Extended::read(&record).unwrap();
        assert_eq!(extended.capabilities, Some(1 << 32 | 1 << 13));
    }

    #[test]
    fn broken_records_are_refused() {
        for records in [
            &b"5 a=b\n"[..],
            b"99 a=b\n",
            b"0 ",
            b"x a=b\n",
            b"4 ab",
            b"7 size\n",
        ] {
            assert_eq!(Extended::read(records), Err(PaxFault), "{records:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(records in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Extended::read(&records);
        }
    }
}
