//! Writes ELF files for the tests: 64 bits, least significant byte first.

/// The parts of a file; addresses are offsets.
#[derive(Debug, Clone, Default)]
pub(in crate::catalog) struct Writer {
    soname: Option<String>,
    note: Option<Vec<u8>>,
    sections: Vec<(String, Vec<u8>)>,
}

const HEADER: usize = 64;
const SEGMENT: usize = 56;
const SECTION: usize = 64;

impl Writer {
    pub(in crate::catalog) fn soname(mut self, name: &str) -> Self {
        self.soname = Some(name.to_owned());
        self
    }

    /// Adds a package note of this content.
    pub(in crate::catalog) fn note(self, content: &[u8]) -> Self {
        self.note_of(*b"FDO\0", 0xcafe_1a7e, content)
    }

    /// Adds the note with the id of the build.
    pub(in crate::catalog) fn build_id(self, id: &[u8]) -> Self {
        self.note_of(*b"GNU\0", 3, id)
    }

    fn note_of(mut self, owner: [u8; 4], kind: u32, content: &[u8]) -> Self {
        let note = self.note.get_or_insert_default();
        for number in [4, content.len() as u32, kind] {
            note.extend(number.to_le_bytes());
        }
        note.extend(owner);
        note.extend(content);
        note.resize(note.len().next_multiple_of(4), 0);
        self
    }

    pub(in crate::catalog) fn section(mut self, name: &str, content: &[u8]) -> Self {
        self.sections.push((name.to_owned(), content.to_vec()));
        self
    }

    /// Where the content of the last section that was added begins.
    pub(in crate::catalog) fn end(&self) -> usize {
        let bytes = self.write();
        let table = u64::from_le_bytes(bytes[40..48].try_into().unwrap()) as usize;
        let last = table + self.sections.len() * SECTION;
        u64::from_le_bytes(bytes[last + 24..last + 32].try_into().unwrap()) as usize
    }

    pub(in crate::catalog) fn write(&self) -> Vec<u8> {
        let mut bytes = vec![0; HEADER + 4 * SEGMENT];
        let mut segments = self.write_segments(&mut bytes);
        let mut names = b"\0".to_vec();
        let mut table = vec![0; SECTION];
        for (name, content) in &self.sections {
            let place = append(&mut bytes, content);
            table.extend(section(names.len(), place));
            names.extend(name.as_bytes());
            names.push(0);
        }
        let place = append(&mut bytes, &names);
        table.extend(section(0, place));
        let (table_at, size) = append(&mut bytes, &table);
        segments.insert(0, (1, (0, bytes.len())));
        for (place, (kind, (at, size))) in segments.iter().enumerate() {
            let from = HEADER + place * SEGMENT;
            bytes[from] = *kind;
            bytes[from + 4] = 6;
            for (field, value) in [(8, *at), (16, *at), (32, *size), (40, *size)] {
                put(&mut bytes[from + field..], value);
            }
        }
        bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        let count = size / SECTION;
        let fields = [
            (16, 3),
            (18, 62),
            (20, 1),
            (52, HEADER),
            (54, SEGMENT),
            (56, segments.len()),
            (58, SECTION),
            (60, count),
            (62, count - 1),
        ];
        for (at, value) in fields {
            bytes[at..at + 2].copy_from_slice(&(value as u16).to_le_bytes());
        }
        put(&mut bytes[32..], HEADER);
        put(&mut bytes[40..], table_at);
        bytes
    }

    /// Writes the parts that segments tell of, and their types and places.
    fn write_segments(&self, bytes: &mut Vec<u8>) -> Vec<(u8, (usize, usize))> {
        let mut segments = Vec::new();
        if let Some(name) = &self.soname {
            let strings = append(bytes, format!("\0{name}\0").as_bytes());
            let entries = [14, 1, 5, strings.0, 10, strings.1, 0, 0];
            let numbers = entries.iter().map(|number| *number as u64);
            let dynamic: Vec<u8> = numbers.flat_map(u64::to_le_bytes).collect();
            segments.push((2, append(bytes, &dynamic)));
        }
        if let Some(note) = &self.note {
            segments.push((4, append(bytes, note)));
        }
        segments
    }
}

/// Appends at a multiple of 16, and tells where and how much.
fn append(bytes: &mut Vec<u8>, content: &[u8]) -> (usize, usize) {
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    let at = bytes.len();
    bytes.extend(content);
    (at, content.len())
}

fn put(bytes: &mut [u8], number: usize) {
    bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
}

fn section(name: usize, (at, size): (usize, usize)) -> [u8; SECTION] {
    let mut header = [0; SECTION];
    header[..4].copy_from_slice(&(name as u32).to_le_bytes());
    header[4] = 1;
    put(&mut header[24..], at);
    put(&mut header[32..], size);
    header
}
