//! The manifest of an export: its contents, and the hash of each of its files. `manifest.sha256`
//! has the hash of the manifest itself.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use entity::prelude::*;
use platform::storage::{Fault, knows_schema, schema_head};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::import::{ImportError, Refusal};

/// Format that this version writes, and the only one that it imports: format 1 had no checksum of
/// its manifest, and rows of tables that belong to a deployment.
pub const FORMAT: &str = "entrepot export 2";
const FAMILY: &str = "entrepot export ";
const VERSION: u32 = 2;
pub(super) const MANIFEST: &str = "manifest.json";
const CHECKSUM_FILE: &str = "manifest.sha256";
/// Bytes of a manifest at most: it has some hundred lines.
const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// Contents of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub format: String,
    /// The last migration of the tables.
    pub schema: String,
    pub tenant: TenantId,
    pub slug: String,
    pub exported_at: String,
    /// The last event that is in it.
    pub head: i64,
    /// The head of the audit log's chain, in hex.
    pub audit_head: Option<String>,
    pub left_out: Vec<OmittedTable>,
    pub files: Vec<WrittenTable>,
}

/// A table that is not in the export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OmittedTable {
    pub table: String,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenTable {
    pub file: String,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
}

/// Fields that manifests of all formats have.
#[derive(Deserialize)]
struct Format {
    format: String,
}

impl Manifest {
    /// Writes the manifest, which ends an export, and its sum before it: a folder without either was not finished.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Fault> {
        let failed = |err: std::io::Error| Fault::Broken(format!("the export cannot be written to {}: {err}", folder.display()));
        let text = serde_json::to_vec_pretty(self).map_err(|err| Fault::Broken(err.to_string()))?;
        fs::write(folder.join(CHECKSUM_FILE), sum_line(&text)).map_err(failed)?;
        fs::write(folder.join(MANIFEST), text).map_err(failed)
    }

    /// Reads and checks the manifest of a folder; the path may name the folder or the manifest.
    pub(super) fn read(from: &Path) -> Result<(PathBuf, Self), ImportError> {
        let is_manifest = from.file_name().is_some_and(|name| name == MANIFEST);
        let folder = if is_manifest { from.parent().unwrap_or(Path::new("")).to_owned() } else { from.to_owned() };
        let text = read_small_file(&folder.join(MANIFEST))?.ok_or_else(|| Refusal::NoManifest(folder.clone()))?;
        let to_refusal = |err: serde_json::Error| Refusal::Manifest(err.to_string());
        let Format { format } = serde_json::from_slice(&text).map_err(to_refusal)?;
        check_format(format)?;
        let checksum = read_small_file(&folder.join(CHECKSUM_FILE))?.ok_or(Refusal::NoSum)?;
        if checksum != sum_line(&text).into_bytes() {
            return Err(Refusal::ManifestChanged.into());
        }
        let manifest: Self = serde_json::from_slice(&text).map_err(to_refusal)?;
        manifest.check_schema()?;
        Ok((folder, manifest))
    }

    fn check_schema(&self) -> Result<(), Refusal> {
        if self.schema == schema_head() {
            Ok(())
        } else if knows_schema(&self.schema) {
            Err(Refusal::OlderSchema { export: self.schema.clone(), here: schema_head() })
        } else {
            Err(Refusal::NewerSchema { export: self.schema.clone(), here: schema_head() })
        }
    }
}

fn check_format(format: String) -> Result<(), Refusal> {
    if format == FORMAT {
        return Ok(());
    }
    match format.strip_prefix(FAMILY).and_then(|version| version.parse::<u32>().ok()) {
        Some(version) if version > VERSION => Err(Refusal::NewerFormat(format)),
        Some(_) => Err(Refusal::OlderFormat(format)),
        None => Err(Refusal::OtherFormat(format)),
    }
}

/// The checksum line of the manifest, in the format of `sha256sum -c`.
fn sum_line(manifest: &[u8]) -> String {
    format!("{}  {MANIFEST}\n", hex::encode(Sha256::digest(manifest)))
}

/// Reads a small file; None if it does not exist.
fn read_small_file(path: &Path) -> Result<Option<Vec<u8>>, ImportError> {
    let failed = |err: std::io::Error| Fault::Broken(format!("{}: {err}", path.display()));
    match fs::metadata(path) {
        Ok(meta) if meta.len() > MAX_MANIFEST_BYTES => Err(Refusal::Manifest(format!("{} is too large", path.display())).into()),
        Ok(_) => Ok(Some(fs::read(path).map_err(failed)?)),
        Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(err) => Err(failed(err).into()),
    }
}
