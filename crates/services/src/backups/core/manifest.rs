//! The manifest of a backup: its contents with their hashes, and a list of what it lacks.

use serde::{Deserialize, Serialize};

use super::sealed::DataKey;

/// The newest format that this version reads. It writes each backup in the oldest format that
/// supports its contents.
pub const FORMAT: u32 = 2;
/// The first format with dumps of Postgres.
const DUMP_FORMAT: u32 = 2;
const FILE_FORMAT: u32 = 1;
/// Engines of databases, as manifests name them.
pub const SQLITE: &str = "sqlite";
pub const POSTGRES: &str = "postgres";
/// Bytes of the database file, or of a dump, in one chunk.
pub const PIECE_BYTES: usize = 4 << 20;
/// Maximum bytes of a stored chunk: zstd adds 1/256 to incompressible data, AES-GCM 16 bytes.
pub const MAX_CHUNK_BYTES: u64 = PIECE_BYTES as u64 + (64 << 10);
/// Maximum bytes of a manifest: some 100,000 chunks (400 GiB) with 500,000 tenants.
pub const MAX_MANIFEST_BYTES: u64 = 64 << 20;
/// Maximum characters of an unauthenticated text in a message.
const MAX_SANITIZED_CHARACTERS: usize = 40;

/// Returns an unauthenticated text for output on a terminal: without control characters, and short.
pub fn sanitize_text(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || ".-+_".contains(*c)).take(MAX_SANITIZED_CHARACTERS).collect()
}

/// Parts of a deployment, and whether a backup holds each. A restore needs all of them.
pub const PARTS: &[Part] = &[
    Part { name: "database", is_inside: true, note: "one consistent file, or a dump of Postgres" },
    Part {
        name: "files",
        is_inside: false,
        note: "a separate folder or bucket: copy the folder, or turn on the bucket's versioning; the backup has the hashes of the files",
    },
    Part {
        name: "keys",
        is_inside: false,
        note: "the key ring: keep a copy apart from the backups; without it no backup can be decrypted",
    },
    Part { name: "configuration", is_inside: false, note: "flags and environment of the processes" },
];

/// A part of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub name: &'static str,
    pub is_inside: bool,
    pub note: &'static str,
}

/// A piece of the file, compressed and encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The object's name inside the backup: always its number.
    pub name: String,
    /// Bytes as stored.
    pub bytes: u64,
    /// SHA-256 of the bytes as stored, in hexadecimal digits.
    pub sha256: String,
}

impl Chunk {
    /// The name of the chunk with this number, counted from 0.
    pub fn name_of(number: usize) -> String {
        format!("{number:06}")
    }

    /// The name of the list of files with this number, counted from 0.
    pub fn list_name_of(number: usize) -> String {
        format!("files-{number:06}")
    }
}

/// A tenant in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantHead {
    pub slug: String,
    /// The number of its last event.
    pub head: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub id: String,
    /// Start of the copy, in microseconds since 1970 UTC: it holds everything that was committed
    /// before.
    pub taken_at: i64,
    pub engine: String,
    /// Name of the last migration of the database.
    pub schema: String,
    /// Bytes of the database file, or of the dump.
    pub bytes: u64,
    /// SHA-256 of the same bytes, in hexadecimal digits.
    pub sha256: String,
    pub chunks: Vec<Chunk>,
    /// The IDs of the keys that values in the database are sealed under.
    pub keys: Vec<String>,
    pub tenants: Vec<TenantHead>,
    /// Files that are ready, and whose bytes are not in the backup.
    pub files: i64,
    /// Lists of the stored files without expiry, with the hash of each. Backups of older versions
    /// have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file_lists: Vec<Chunk>,
    /// Parts that the backup lacks.
    pub not_inside: Vec<String>,
}

impl Manifest {
    /// The sum of the tenants' heads: of two backups of a database the later one has no smaller sum.
    pub fn head(&self) -> i64 {
        self.tenants.iter().fold(0, |sum, tenant| sum.saturating_add(tenant.head))
    }

    /// Returns the oldest format that supports the contents: versions without dumps then name the
    /// version that reads it.
    fn format(&self) -> u32 {
        if self.engine == SQLITE { FILE_FORMAT } else { DUMP_FORMAT }
    }

    /// Whether the parts agree with one another. A writer that holds the keys and has an error makes a MAC that fits, too.
    pub fn check(&self, id: &str) -> Result<(), ManifestError> {
        let unsound_error = |reason| Err(ManifestError::Unsound(reason));
        if self.id != id {
            return unsound_error("it belongs to another backup");
        }
        if self.engine != SQLITE && self.engine != POSTGRES {
            return unsound_error("its database engine is unknown");
        }
        if self.bytes == 0 || self.chunks.len() as u64 != self.bytes.div_ceil(PIECE_BYTES as u64) {
            return unsound_error("its chunks do not add up to the size of the database");
        }
        for (number, chunk) in self.chunks.iter().enumerate() {
            if chunk.name != Chunk::name_of(number) {
                return unsound_error("a chunk has a name that is not its number");
            }
            if chunk.bytes > MAX_CHUNK_BYTES {
                return unsound_error("a chunk is larger than the maximum");
            }
        }
        for (number, list) in self.file_lists.iter().enumerate() {
            if list.name != Chunk::list_name_of(number) || list.bytes > MAX_CHUNK_BYTES {
                return unsound_error("a list of files has a name that is not its number, or is larger than the maximum");
            }
        }
        Ok(())
    }
}

/// The manifest as an object. Every version reads enough of it to tell whether it supports the
/// rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub format: u32,
    /// Version of the writer.
    pub version: String,
    /// The data key, sealed under the ring, in hexadecimal digits.
    pub data_key: String,
    /// HMAC-SHA-256 over `manifest`, in hexadecimal digits.
    pub mac: String,
    /// The manifest as JSON: the MAC is over its bytes.
    pub manifest: String,
}

/// Reason to reject a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("its manifest cannot be read: it was cut or changed. Restore another backup")]
    Unreadable,
    #[error("its manifest is larger than {MAX_MANIFEST_BYTES} bytes, the maximum. Restore another backup")]
    TooLarge,
    #[error("it has the format {0}, and this version reads {FORMAT}. Use Entrepot {1} or later")]
    Newer(u32, String),
    #[error("its manifest was changed: the MAC does not fit. Restore another backup")]
    Changed,
    #[error("its manifest is not sound: {0}. Restore another backup")]
    Unsound(&'static str),
}

impl Envelope {
    /// Returns the manifest with its MAC.
    pub fn of(manifest: &Manifest, key: &DataKey, data_key: String, version: &str) -> Result<Self, serde_json::Error> {
        let format = manifest.format();
        let manifest = serde_json::to_string(manifest)?;
        Ok(Self { format, version: version.to_owned(), data_key, mac: key.mac(&manifest), manifest })
    }

    /// Reads an object, of this format.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
            version: String,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|_| ManifestError::Unreadable)?;
        if head.format > FORMAT {
            return Err(ManifestError::Newer(head.format, sanitize_text(&head.version)));
        }
        if head.format < FILE_FORMAT {
            return Err(ManifestError::Unreadable);
        }
        serde_json::from_slice(bytes).map_err(|_| ManifestError::Unreadable)
    }

    /// Returns the manifest of this backup, if its MAC is right and its parts are consistent.
    pub fn open_verified(&self, key: &DataKey, id: &str) -> Result<Manifest, ManifestError> {
        if !key.is_mac(&self.manifest, &self.mac) {
            return Err(ManifestError::Changed);
        }
        let manifest = self.unproven()?;
        manifest.check(id)?;
        Ok(manifest)
    }

    /// Parses the manifest without checking its MAC: for lists, whose key may be missing. Its
    /// content is not authenticated.
    pub fn unproven(&self) -> Result<Manifest, ManifestError> {
        serde_json::from_str(&self.manifest).map_err(|_| ManifestError::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name, and the change that makes a manifest hostile.
    type Case<'a> = (&'a str, &'a dyn Fn(&mut Manifest));

    fn manifest() -> Manifest {
        Manifest {
            id: "b".to_owned(),
            taken_at: 1,
            engine: "sqlite".to_owned(),
            schema: "m0001".to_owned(),
            bytes: 3,
            sha256: String::new(),
            chunks: vec![Chunk { name: "000000".to_owned(), bytes: 30, sha256: String::new() }],
            keys: vec!["k1".to_owned()],
            tenants: Vec::new(),
            files: 0,
            file_lists: Vec::new(),
            not_inside: Vec::new(),
        }
    }

    #[test]
    fn a_changed_manifest_is_refused() {
        let key = DataKey::new([3; 32]);
        let mut envelope = Envelope::of(&manifest(), &key, String::new(), "1.0").unwrap();
        assert_eq!(envelope.open_verified(&key, "b").unwrap(), manifest());
        assert!(envelope.open_verified(&key, "another").is_err(), "the manifest of another backup");
        envelope.manifest = envelope.manifest.replace("\"bytes\":3,", "\"bytes\":4,");
        assert_eq!(envelope.open_verified(&key, "b"), Err(ManifestError::Changed));
    }

    #[test]
    fn a_newer_format_names_the_version_that_reads_it() {
        let newer = br#"{"format": 3, "version": "9.1.0", "whatever": []}"#;
        assert_eq!(Envelope::parse(newer), Err(ManifestError::Newer(3, "9.1.0".to_owned())));
        let hostile = br#"{"format": 3, "version": "\u001b[2J9.1\u0007"}"#;
        assert_eq!(Envelope::parse(hostile), Err(ManifestError::Newer(3, "2J9.1".to_owned())));
        for unreadable in [&b"{\"format\": 1"[..], b"", b"[]", b"\xff", br#"{"format": 0, "version": "1"}"#] {
            assert_eq!(Envelope::parse(unreadable), Err(ManifestError::Unreadable));
        }
    }

    #[test]
    fn a_manifest_that_does_not_agree_with_itself_is_refused_although_its_mac_fits() {
        let key = DataKey::new([3; 32]);
        let change = |change: &dyn Fn(&mut Manifest)| {
            let mut hostile = manifest();
            change(&mut hostile);
            Envelope::of(&hostile, &key, String::new(), "1.0").unwrap().open_verified(&key, "b")
        };
        let chunk = manifest().chunks[0].clone();
        let list = |name: &str| Chunk { name: name.to_owned(), bytes: 30, sha256: String::new() };
        let cases: [Case; 9] = [
            ("a path", &|m| m.chunks[0].name = "../../../etc/passwd".to_owned()),
            ("another object", &|m| m.chunks[0].name = "manifest.json".to_owned()),
            ("a huge chunk", &|m| m.chunks[0].bytes = u64::MAX),
            ("a huge file", &|m| m.bytes = u64::MAX),
            ("an empty file", &|m| {
                m.bytes = 0;
                m.chunks.clear();
            }),
            ("too many chunks", &|m| m.chunks = vec![chunk.clone(); 1000]),
            ("too few chunks", &|m| m.bytes = 1 << 40),
            ("another engine", &|m| m.engine = "oracle".to_owned()),
            ("a list of files by another name", &|m| m.file_lists = vec![list("files-000001")]),
        ];
        for (case, hostile) in cases {
            assert!(matches!(change(hostile), Err(ManifestError::Unsound(_))), "{case}");
        }
        assert!(change(&|m| m.file_lists = vec![list("files-000000")]).is_ok());
    }

    #[test]
    fn a_dump_has_a_format_that_versions_without_dumps_refuse_by_name() {
        let key = DataKey::new([3; 32]);
        let format = |engine: &str| {
            let envelope =
                Envelope::of(&Manifest { engine: engine.to_owned(), ..manifest() }, &key, String::new(), "1.0").unwrap();
            assert!(envelope.open_verified(&key, "b").is_ok(), "{engine}");
            envelope.format
        };
        assert_eq!((format(SQLITE), format(POSTGRES)), (1, 2));
    }
}
