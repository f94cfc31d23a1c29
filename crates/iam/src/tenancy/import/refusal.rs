//! Reasons to refuse an import.

use std::path::PathBuf;

use platform::storage::{Fault, Month};

use crate::tenancy::tables::file_of;

/// Error of an export, or of the deployment that imports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{} has no manifest.json: give the folder that `entrepot tenant export` has written to its end", .0.display())]
    NoManifest(PathBuf),
    #[error("manifest.sha256 is not there: the export was not written to its end. Export the tenant again")]
    NoSum,
    #[error("the manifest cannot be read: {0}. Export the tenant again")]
    Manifest(String),
    #[error("manifest.json is not what manifest.sha256 says: it was changed or damaged. Export the tenant again")]
    ManifestChanged,
    #[error(
        "the export has the format \"{0}\", which lacks what an import needs. Export the tenant again with this version of Entrepot"
    )]
    OlderFormat(String),
    #[error("the export has the format \"{0}\", which a newer version of Entrepot writes. Upgrade this deployment first")]
    NewerFormat(String),
    #[error("\"{0}\" is no format of `entrepot tenant export`")]
    OtherFormat(String),
    #[error(
        "the export has the tables of {export}, and this deployment those of {here}: upgrade the deployment that it is from, and export the tenant again"
    )]
    OlderSchema { export: String, here: String },
    #[error("the export has the tables of {export}, and this deployment only those of {here}. Upgrade this deployment first")]
    NewerSchema { export: String, here: String },
    #[error("the manifest lists {0}, which is the file of no table that an export has")]
    UnknownFile(String),
    #[error("the manifest lists {0} twice")]
    FileTwice(String),
    #[error("the manifest does not list {0}: rows would be missing. Export the tenant again")]
    FileUnlisted(String),
    #[error("{0} is not there. Export the tenant again, or copy it whole")]
    FileMissing(String),
    #[error("{file} has {found} bytes, and the manifest says {expected}: it was cut or damaged. Copy or export it again")]
    FileCut { file: String, expected: u64, found: u64 },
    #[error("{0} is not what the manifest says: it was changed or damaged. Copy or export it again")]
    FileChanged(String),
    #[error("line {line} of {file}: {why}")]
    Line { file: String, line: u64, why: LineRefusal },
    #[error("the tenant {0} is in this deployment already. An import adds a tenant and changes none")]
    TenantThere(String),
    #[error("another tenant of this deployment has the slug {0}: give another one with --slug")]
    SlugTaken(String),
    #[error("{0} is not a valid slug: 2 to 63 lower-case letters, digits and hyphens, without a hyphen at either end")]
    Slug(String),
    #[error(
        "an account of this deployment has the address {0} and has not confirmed it: let its owner confirm it, or remove it, and import again"
    )]
    Unconfirmed(String),
    #[error("rows {first} to {last} of {table} break a rule of the database: {why}")]
    Rows { table: &'static str, first: u64, last: u64, why: String },
    #[error(
        "{table}.jsonl has rows of {month}, for which this deployment has no partition: the month is archived, or not created yet. Import into a deployment that has it; `entrepot partitions run` creates future months"
    )]
    NoPartition { table: &'static str, month: Month },
    #[error(
        "the audit log of the export is broken at its entry {seq}: {why}. Verify the deployment that it is from with `entrepot audit verify`"
    )]
    AuditLog { seq: i64, why: String },
    #[error(
        "the rows of the export break an invariant of `entrepot verify`: {0}. Verify the deployment that it is from, or import them unchanged with --accept-broken"
    )]
    Unsound(String),
}

/// Error of a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineRefusal {
    #[error("it is not an object of JSON: {0}")]
    NoJson(String),
    #[error("it is longer than {0} bytes")]
    TooLong(u64),
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("it has a column {0}, which the table has not")]
    UnknownColumn(String),
    #[error("it lacks the column {0}")]
    ColumnMissing(&'static str),
    #[error("the value of {0} is none that the column holds")]
    Value(&'static str),
    #[error("the row belongs to another tenant")]
    ForeignRow,
    #[error("the member's account is not in user.jsonl")]
    UnknownAccount,
    #[error("{0} is no e-mail address")]
    Address(String),
    #[error("the file's bytes are said to be where another tenant's are")]
    ForeignBytes,
    #[error("the person's data is not a JSON object of strings")]
    Personal,
    #[error("its name of the tenant differs from the manifest's")]
    OtherTenant,
}

/// Reason why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A line of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileLine {
    pub file: &'static str,
    pub line: u64,
}

impl FileLine {
    pub fn into_error(self, reason: LineRefusal) -> ImportError {
        let Self { file, line } = self;
        Refusal::Line { file: file_of(file), line, why: reason }.into()
    }
}
