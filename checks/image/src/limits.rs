//! How much of an image is read before it counts as hostile.

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// The bounds on what an image may make this program read or hold.
///
/// Beyond a bound, reading stops there, the scan is marked incomplete and an unknown says
/// which bound it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Layers of an image.
    pub layers: usize,
    /// Entries of the archive that holds an image.
    pub archive_entries: usize,
    /// Bytes of a manifest, an index or a configuration.
    pub document_bytes: u64,
    /// Bytes of all documents of a compressed archive, which are held until it is read.
    pub archive_document_bytes: u64,
    /// Entries of one layer.
    pub layer_entries: usize,
    /// Bytes of the plain tar of one layer.
    pub layer_bytes: u64,
    /// Plain bytes of all layers for each stored byte.
    pub ratio: u64,
    /// Plain bytes that an image may have beside that, however small it is.
    pub ratio_from: u64,
    /// Files, directories and links of the merged tree.
    pub tree_nodes: usize,
    /// Bytes of one path.
    pub path_bytes: usize,
    /// Names in one path.
    pub path_depth: usize,
    /// Bytes of one extended header (pax, or a long name of GNU tar).
    pub header_bytes: u64,
    /// Zeros that the holes of sparse files are read as, in one layer.
    pub hole_bytes: u64,
    /// Bytes at the start of a text file in which licences are looked for.
    pub text_bytes: u64,
    /// Bytes of a file that is named after a licence, which is looked at whole.
    pub license_bytes: u64,
    /// Packages of an image.
    pub packages: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            layers: 1000,
            archive_entries: 100_000,
            document_bytes: 16 * MIB,
            archive_document_bytes: 64 * MIB,
            layer_entries: 8_000_000,
            layer_bytes: 512 * GIB,
            ratio: 50,
            ratio_from: GIB / 2,
            tree_nodes: 8_000_000,
            path_bytes: 16 * 1024,
            path_depth: 4096,
            header_bytes: MIB,
            hole_bytes: 256 * MIB,
            text_bytes: MIB,
            license_bytes: 16 * MIB,
            packages: 100_000,
        }
    }
}
