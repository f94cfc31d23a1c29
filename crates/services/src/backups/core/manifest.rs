//! The manifest of a backup: what is inside, by hashes, and what is not.

use serde::{Deserialize, Serialize};

use super::sealed::DataKey;

/// The format that this version writes and reads.
pub const FORMAT: u32 = 1;

/// What belongs to a deployment, and whether a backup holds it. Each part has to be there for a restore.
pub const PARTS: &[Part] = &[
    Part { name: "database", is_inside: true, note: "one consistent file" },
    Part {
        name: "files",
        is_inside: false,
        note: "a folder or a bucket of its own: copy the folder, or turn on the bucket's versioning",
    },
    Part { name: "keys", is_inside: false, note: "the key ring: keep a copy apart from the backups; without it nothing opens" },
    Part { name: "configuration", is_inside: false, note: "flags and environment of the processes" },
];

/// A part of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub name: &'static str,
    pub is_inside: bool,
    pub note: &'static str,
}

/// A piece of the compressed and encrypted file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The object's name inside the backup.
    pub name: String,
    /// Bytes as stored.
    pub bytes: u64,
    /// Of the bytes as stored, in hexadecimal digits.
    pub sha256: String,
}

/// A tenant as the backup holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantHead {
    pub slug: String,
    /// The number of its last event.
    pub head: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub id: String,
    /// Microseconds since 1970 UTC.
    pub made_at: i64,
    pub engine: String,
    /// The last migration of the database.
    pub schema: String,
    /// Bytes of the database file.
    pub bytes: u64,
    /// Of the database file, in hexadecimal digits.
    pub sha256: String,
    pub chunks: Vec<Chunk>,
    /// The IDs of the keys that values in the database are sealed under.
    pub keys: Vec<String>,
    pub tenants: Vec<TenantHead>,
    /// Rows of files that are ready, whose bytes are not inside.
    pub files: i64,
    /// Parts that are not inside.
    pub not_inside: Vec<String>,
}

/// The manifest as an object: read far enough by every version to say whether it reads the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub format: u32,
    /// The version that wrote it.
    pub version: String,
    /// The data key, sealed under the ring, in hexadecimal digits.
    pub data_key: String,
    pub mac: String,
    /// The manifest as JSON, as the MAC is over its bytes.
    pub manifest: String,
}

/// Why a manifest is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("its manifest cannot be read: it was cut or changed")]
    Unreadable,
    #[error("it has the format {0}, and this version reads {FORMAT}: use Entrepot {1} or later")]
    Newer(u32, String),
    #[error("its manifest was changed: the MAC does not fit")]
    Changed,
}

impl Envelope {
    /// The manifest with its MAC.
    pub fn of(manifest: &Manifest, key: &DataKey, data_key: String, version: &str) -> Result<Self, serde_json::Error> {
        let manifest = serde_json::to_string(manifest)?;
        Ok(Self { format: FORMAT, version: version.to_owned(), data_key, mac: key.mac(&manifest), manifest })
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
            return Err(ManifestError::Newer(head.format, head.version));
        }
        serde_json::from_slice(bytes).map_err(|_| ManifestError::Unreadable)
    }

    /// The manifest, if the MAC fits.
    pub fn opened(&self, key: &DataKey) -> Result<Manifest, ManifestError> {
        if !key.is_mac(&self.manifest, &self.mac) {
            return Err(ManifestError::Changed);
        }
        self.unproven()
    }

    /// The manifest without a look at its MAC: for lists, where the key may be missing.
    pub fn unproven(&self) -> Result<Manifest, ManifestError> {
        serde_json::from_str(&self.manifest).map_err(|_| ManifestError::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            id: "b".to_owned(),
            made_at: 1,
            engine: "sqlite".to_owned(),
            schema: "m0001".to_owned(),
            bytes: 3,
            sha256: String::new(),
            chunks: Vec::new(),
            keys: vec!["k1".to_owned()],
            tenants: Vec::new(),
            files: 0,
            not_inside: Vec::new(),
        }
    }

    #[test]
    fn a_changed_manifest_is_refused() {
        let key = DataKey::new([3; 32]);
        let mut envelope = Envelope::of(&manifest(), &key, String::new(), "1.0").unwrap();
        assert_eq!(envelope.opened(&key).unwrap(), manifest());
        envelope.manifest = envelope.manifest.replace("\"bytes\":3", "\"bytes\":4");
        assert_eq!(envelope.opened(&key), Err(ManifestError::Changed));
    }

    #[test]
    fn a_newer_format_names_the_version_that_reads_it() {
        let newer = br#"{"format": 2, "version": "9.1.0", "whatever": []}"#;
        assert_eq!(Envelope::parse(newer), Err(ManifestError::Newer(2, "9.1.0".to_owned())));
        assert_eq!(Envelope::parse(b"{\"format\": 1"), Err(ManifestError::Unreadable));
    }
}
