//! A tenant's export taken into another deployment: every file checked, then all rows written in one transaction, which the caller proves and commits.
//! `docs/copy.md`, `docs/decisions/0165`.

mod adapt;
mod lines;
mod people;
mod refusal;
mod values;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::{
    audit::{self, AuditWriter, Target},
    secrets::KeyRing,
    storage::{
        Database, Fault, Month, Work,
        copying::{Plan, Step},
    },
};
use sea_orm::Value;
use serde_json::json;

use super::{
    manifest::{Manifest, WrittenTable},
    persons::Sealer,
    tables::{self, file_of},
};
use adapt::Adapter;
use lines::Lines;
use people::{PEOPLE, People};
use refusal::FileLine;

pub use adapt::ImportResult;
pub use refusal::{ImportError, LineRefusal, Refusal};

/// Rows of a batch at most.
const BATCH_ROWS: u64 = 4_096;
/// Bytes of a batch's lines, about.
const BATCH_BYTES: usize = 4 << 20;
/// The latest time whose month a refusal can name: the end of the year 9999, in microseconds since
/// 1970.
const MAX_TIMESTAMP_MICROS: i64 = 253_402_300_799_999_999;

/// An export whose manifest was checked against its own checksum and rules.
pub struct Export {
    folder: PathBuf,
    manifest: Manifest,
}

/// A tenant of this deployment that may conflict with an imported one.
#[derive(Record)]
#[record(of = entity::tables::tenant, alias = "")]
struct ExistingTenant {
    id: TenantId,
    slug: String,
}

/// Options of an import.
pub struct ImportOptions<'a> {
    pub audit_writer: &'a AuditWriter,
    /// Seals personal data, and new secrets.
    pub ring: &'a KeyRing,
    /// A slug other than the export's.
    pub slug: Option<&'a str>,
    /// The form in which e-mail addresses of customers are found.
    pub address_form: fn(&str) -> String,
}

impl Export {
    /// Opens a folder, or the manifest in it, and compares the manifest with this version.
    pub fn open(from: &Path) -> Result<Self, ImportError> {
        let (folder, manifest) = Manifest::read(from)?;
        check_files(&manifest)?;
        Ok(Self { folder, manifest })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Reads every file to its end and compares it with the manifest; `progress` is called with the
    /// table of each file that has rows.
    pub fn check(&self, progress: impl Fn(&str)) -> Result<(), ImportError> {
        for table in tables::exported_tables().map(|table| table.name).chain([PEOPLE]) {
            let listed_file = self.file_entry(table)?;
            if listed_file.rows > 0 {
                progress(&format!("checking {}: {} rows, {} MiB", listed_file.file, listed_file.rows, listed_file.bytes >> 20));
            }
            Lines::open(&self.folder, table)?.finish(listed_file)?;
        }
        Ok(())
    }

    fn file_entry(&self, table: &str) -> Result<&WrittenTable, Refusal> {
        let file = file_of(table);
        self.manifest.files.iter().find(|listed_file| listed_file.file == file).ok_or(Refusal::FileUnlisted(file))
    }
    fn lines(&self, table: &'static str) -> Result<Lines, ImportError> {
        Lines::open(&self.folder, table)
    }

    /// Refuses a tenant that exists already, and a slug that is taken or invalid.
    pub async fn check_tenant_is_new(&self, db: &Database, slug: Option<&str>) -> Result<(), ImportError> {
        let slug = slug.unwrap_or(&self.manifest.slug);
        if crate::identity::check_slug(slug).is_some() {
            return Err(Refusal::Slug(slug.to_owned()).into());
        }
        let tenant = self.manifest.tenant;
        // The tenant itself comes first: if it exists, the owner of the slug does not matter.
        let sql = format!(
            "SELECT {} FROM tenant WHERE id = $1 OR slug = $2 ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END, slug",
            ExistingTenant::SELECT
        );
        for ExistingTenant { id, slug: existing_slug } in db.global().records(&sql, vec![tenant.into(), slug.into()]).await? {
            if id == tenant {
                return Err(Refusal::TenantThere(existing_slug).into());
            }
            if existing_slug == slug {
                return Err(Refusal::SlugTaken(existing_slug).into());
            }
        }
        Ok(())
    }

    /// Refuses rows of months for which the database has no partition: archived months, and those
    /// far ahead.
    ///
    /// # Errors
    /// A file has such a row, or is not JSON; or the database fails.
    pub async fn refuse_missing_months(&self, db: &Database) -> Result<(), ImportError> {
        for partitioned in db.parted_tables().await? {
            let table = partitioned.table;
            if !tables::exported_tables().any(|exported_table| exported_table.name == table) {
                continue;
            }
            let (mut lines, mut line) = (self.lines(table)?, 0);
            while let Some(text) = lines.next_line()? {
                line += 1;
                let fields = values::fields(text).map_err(|reason| FileLine { file: table, line }.into_error(reason))?;
                // A line without it is refused when it is written.
                let Some(at) = fields.get(partitioned.column).and_then(serde_json::Value::as_i64) else { continue };
                if !partitioned.takes(at) {
                    let month = Month::of(Timestamp(at.clamp(0, MAX_TIMESTAMP_MICROS)));
                    return Err(Refusal::NoPartition { table, month }.into());
                }
            }
        }
        Ok(())
    }
}

/// Checks that the manifest lists one file for each table, and no others.
fn check_files(manifest: &Manifest) -> Result<(), Refusal> {
    let expected: Vec<String> = tables::exported_tables().map(|table| file_of(table.name)).chain([file_of(PEOPLE)]).collect();
    let mut listed = HashSet::new();
    for listed_file in &manifest.files {
        if !expected.contains(&listed_file.file) {
            return Err(Refusal::UnknownFile(listed_file.file.clone()));
        }
        if !listed.insert(&listed_file.file) {
            return Err(Refusal::FileTwice(listed_file.file.clone()));
        }
    }
    match expected.iter().find(|file| !listed.contains(file)) {
        Some(file) => Err(Refusal::FileUnlisted(file.clone())),
        None => Ok(()),
    }
}

/// Writes all rows of an export in a transaction; nothing is visible until it is committed, and
/// dropping it leaves nothing.
///
/// # Errors
/// A line, a row or the audit log breaks a rule, or the database fails.
pub async fn write(
    db: &Database,
    export: &Export,
    terms: &ImportOptions<'_>,
    progress: impl Fn(&str),
) -> Result<(Work, ImportResult), ImportError> {
    let plan = Plan::of(db).await?;
    let work = db.global().maintenance_for(export.manifest.tenant).await?;
    let imported = rows(&work, &plan, export, terms, &progress).await?;
    progress("audit log");
    apply_imported_log(&work, terms.audit_writer, &export.manifest).await?;
    Ok((work, imported))
}

/// Writes the rows of all tables, parents before children.
async fn rows(
    work: &Work,
    plan: &Plan,
    export: &Export,
    terms: &ImportOptions<'_>,
    progress: &impl Fn(&str),
) -> Result<ImportResult, ImportError> {
    let (manifest, clock) = (&export.manifest, terms.audit_writer.clock());
    let mut arrival = RowImporter {
        export,
        work,
        subjects: plan.steps().iter().find(|step| step.table().name == "subject"),
        sealer: Sealer::new(terms.ring, manifest.tenant, clock.now(), terms.address_form),
        people: People::default(),
        adapter: Adapter {
            tenant: manifest.tenant,
            manifest_slug: &manifest.slug,
            slug: terms.slug.unwrap_or(&manifest.slug),
            ring: terms.ring,
            clock,
            now: clock.now(),
            imported: ImportResult::default(),
        },
    };
    for step in plan.steps() {
        match step.table().name {
            "app_user" => arrival.accounts().await?,
            name if tables::exported_tables().any(|table| table.name == name) => arrival.table(step, progress).await?,
            _ => {}
        }
    }
    let RowImporter { people, adapter, .. } = arrival;
    let mut imported = adapter.imported;
    (imported.matched, imported.newcomers) = (people.matched, people.newcomers);
    Ok(imported)
}

/// Walks the audit log and ends it with an entry of this deployment.
async fn apply_imported_log(work: &Work, audit_writer: &AuditWriter, manifest: &Manifest) -> Result<(), ImportError> {
    let changes = json!({ "exportedAt": manifest.exported_at, "slug": manifest.slug, "head": manifest.head, "auditHead": manifest.audit_head });
    let target = Some(Target::of(manifest.tenant));
    let entry = audit_writer.system_entry(manifest.tenant, "tenant.import", target, "command line", changes.to_string());
    match audit::apply_imported_log(work, audit_writer, entry).await?.broken {
        Some((seq, reason)) => Err(Refusal::AuditLog { seq, why: reason }.into()),
        None => Ok(()),
    }
}

/// Rows on their way into the database.
struct RowImporter<'a> {
    export: &'a Export,
    work: &'a Work,
    /// Table into which keys of persons are written.
    subjects: Option<&'a Step>,
    sealer: Sealer<'a>,
    people: People,
    adapter: Adapter<'a>,
}

/// Rows that are written together.
#[derive(Default)]
struct Batch {
    values: Vec<Value>,
    rows: u64,
    bytes: usize,
}

impl RowImporter<'_> {
    async fn accounts(&mut self) -> Result<(), ImportError> {
        let mut lines = self.export.lines(PEOPLE)?;
        let mut line = 0;
        while let Some(text) = lines.next_line()? {
            line += 1;
            let at = FileLine { file: PEOPLE, line };
            self.people.match_or_create(self.work, self.adapter.clock, text, at).await?;
        }
        lines.finish(self.export.file_entry(PEOPLE)?)?;
        Ok(())
    }

    async fn table(&mut self, step: &Step, progress: &impl Fn(&str)) -> Result<(), ImportError> {
        let table = step.table().name;
        let mut lines = self.export.lines(table)?;
        let (mut batch, mut line) = (Batch::default(), 0);
        while let Some(text) = lines.next_line()? {
            line += 1;
            let row = self.row(step, text, FileLine { file: table, line })?;
            batch.values.extend(row);
            batch.rows += 1;
            batch.bytes += text.len();
            let is_full = batch.rows >= BATCH_ROWS || batch.bytes >= BATCH_BYTES;
            if is_full && !step.is_self_referencing() {
                self.write(step, std::mem::take(&mut batch), line).await?;
                progress(&format!("{table}: {line} rows"));
            }
        }
        self.write(step, batch, line).await?;
        let rows = lines.finish(self.export.file_entry(table)?)?;
        if rows > 0 {
            progress(&format!("{table}: {rows} rows, all"));
            self.adapter.imported.tables.push((table, rows));
        }
        Ok(())
    }

    /// The values of a line, as this deployment keeps them.
    fn row(&mut self, step: &Step, text: &str, at: FileLine) -> Result<Vec<Value>, ImportError> {
        let to_error = |reason| at.into_error(reason);
        let mut fields = values::fields(text).map_err(to_error)?;
        self.sealer.seal(step.table().name, &mut fields)?.map_err(to_error)?;
        let mut row = values::values(step.table(), fields).map_err(to_error)?;
        self.adapter.adapt(step.table(), &mut row, &self.people)?.map_err(to_error)?;
        Ok(row)
    }

    /// Writes a batch that ends with this line, and the keys of the persons in it.
    async fn write(&mut self, step: &Step, batch: Batch, last: u64) -> Result<(), ImportError> {
        let (table, first) = (step.table().name, last + 1 - batch.rows);
        step.insert(self.work, batch.values).await.map_err(|fault| refused_rows(fault, table, first, last))?;
        let keys = self.sealer.take_keys();
        if let Some(subjects) = self.subjects {
            subjects.insert(self.work, keys).await?;
        }
        Ok(())
    }
}

/// An error of the database counts as one of the export's data, unless the database itself fails.
fn refused_rows(fault: Fault, table: &'static str, first: u64, last: u64) -> ImportError {
    if fault.is_transient() || fault.is_corruption() {
        return fault.into();
    }
    Refusal::Rows { table, first, last, why: fault.to_string() }.into()
}
