//! An import or export as clients see it.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, SimpleObject};
use iam::access::kind;
use macros::resolvers;
use services::exchange::{Exchange as Service, core};

use crate::{
    access::{CreatedResult, may_receive_result},
    files::File,
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Long},
    },
    identity::{Actor, actor},
};

/// Kind of a data job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "core::Kind")]
pub enum DataJobKind {
    /// Rows of a file become rows here.
    Import,
    /// Rows from here become a file.
    Export,
    /// A mutation is run for each line of a file.
    Bulk,
}

/// Type of the rows of a data job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "core::Noun")]
pub enum DataJobEntity {
    /// Products, by SKU.
    Products,
    /// Stock as absolute quantities, by product and store.
    Stock,
    /// Stock as changes, by product and store.
    StockChanges,
    /// Suppliers, by code.
    Suppliers,
    /// Categories, by slug.
    Categories,
    /// Customers, by external reference.
    Customers,
    /// Entries of the ledger.
    Movements,
    /// Lines of orders.
    Orders,
    /// Demand facts, by business day, product, store, channel and currency.
    DemandFacts,
}

/// State of a data job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "core::State")]
pub enum DataJobStatus {
    /// The data job waits for a worker.
    Queued,
    /// The data job is being processed.
    Running,
    /// The data job has finished; some rows may have been refused.
    Done,
    /// The data job could not continue; rows processed before keep their effect.
    Failed,
    /// The data job was cancelled; rows processed before keep their effect.
    Cancelled,
}

/// The form of a file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "core::Format")]
pub enum DataJobFormat {
    /// Rows of cells between commas, or semicolons, tabs or bars; the first row names the columns.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// A workbook of Excel: its first sheet, whose first row names the columns.
    Xlsx,
    /// Apache Parquet for analysis: typed columns, compressed with Zstandard, in groups of 131,072 rows. Amounts are minor units, and their
    /// columns end with Minor. Exports only.
    Parquet,
}

/// A column of a file, and what it was taken for.
#[derive(Debug, Clone, SimpleObject)]
pub struct DataJobColumn {
    /// Name of the column in the file.
    pub name: String,
    /// Field that the column was read as. Null when the column was ignored.
    pub field: Option<String>,
}

/// Format of a file as it was read: its given and its detected properties.
#[derive(Debug, Clone, SimpleObject)]
pub struct DataJobReading {
    /// Format of the file. Null until it is known.
    pub format: Option<DataJobFormat>,
    /// Character encoding of the file. Null for formats that are not text.
    pub encoding: Option<String>,
    /// Delimiter between the cells of a CSV; null for other formats.
    pub delimiter: Option<String>,
    /// Columns of the file, in their order.
    pub columns: Vec<DataJobColumn>,
}

/// Manifest of an export of demand facts, from which the next export continues.
#[derive(Debug, Clone, SimpleObject)]
pub struct DataJobManifest {
    /// Generation of the facts. Rows of another generation do not belong together with these: start over with an export of all facts.
    pub generation: Long,
    /// Event after which the rows were revised; 0 for an export of all facts.
    pub from: Long,
    /// Last event that the facts include. The next export takes it as its sinceSeq.
    pub to: Long,
    /// Number of rows in the file.
    pub rows: Long,
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
}

/// Numbers of rows by outcome.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct DataJobCounts {
    /// Number of processed rows; for an export, of written rows.
    pub rows: Long,
    /// Rows that created an object.
    pub created: Long,
    /// Rows that changed an object. For a bulk mutation: lines that were carried out.
    pub updated: Long,
    /// Rows that were left as they were. In an export, all rows.
    pub unchanged: Long,
    /// Rows that were refused, for reasons that the result names.
    pub refused: Long,
}

/// An import, an export, or a mutation for each line of a file.
#[derive(Debug, Clone)]
pub struct DataJob(Arc<core::Run>);

impl From<core::Run> for DataJob {
    fn from(run: core::Run) -> Self {
        Self(Arc::new(run))
    }
}

impl DataJob {
    /// Returns the options of a bulk operation; None of any other job.
    fn bulk(&self) -> Option<core::bulk::BulkOptions> {
        let text = Some(&self.0.options).filter(|_| self.0.kind == core::Kind::Bulk)?;
        serde_json::from_str(text).ok()
    }
    /// Returns the manifest of a complete export of demand facts.
    fn facts(&self) -> Option<DataJobManifest> {
        let core::FactManifest { range, sha256 } = self.0.reading.facts.clone()?;
        Some(DataJobManifest {
            generation: Long(range.generation),
            from: Long(range.from),
            to: Long(range.to),
            rows: Long(self.0.counts.total()),
            sha256: sha256?,
        })
    }
}

crate::connection!(counted DataJobConnection, DataJobEdge, DataJob, "imports and exports");

/// Import, export or bulk mutation over the lines of a file. A worker processes it with the rights
/// of the caller who requested it.
#[resolvers(requires = ExchangeRun)]
impl DataJob {
    /// TypeID of the data job, which begins with exc_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Kind of the data job.
    async fn kind(&self) -> DataJobKind {
        self.0.kind.into()
    }
    /// Type of the rows; null for a mutation that is run for each line.
    #[field(was("noun", "2026-11-25"))]
    async fn entity(&self) -> Option<DataJobEntity> {
        self.0.noun.map(Into::into)
    }
    /// The mutation that is run for each line; null of imports and exports.
    async fn mutation(&self) -> Option<String> {
        self.bulk().map(|options| options.field)
    }
    /// State of the data job. Follow dataJobChanged while it is running, or the event exchange.finished.
    #[field(was("state", "2026-11-25"))]
    async fn status(&self) -> DataJobStatus {
        self.0.state.into()
    }
    /// True if the job only validates: it reports what it would do.
    #[field(was("isDryRun", "2026-11-25"))]
    async fn is_validate_only(&self) -> bool {
        let import = || serde_json::from_str::<core::ImportOptions>(&self.0.options).ok().map(|options| options.earnest);
        self.bulk().map(|options| options.earnest).or_else(import) == Some(core::WriteMode::DryRun)
    }
    /// Progress of the data job: the numbers of rows by outcome.
    async fn counts(&self) -> DataJobCounts {
        let counts = self.0.counts;
        DataJobCounts {
            rows: Long(counts.total()),
            created: Long(counts.created),
            updated: Long(counts.updated),
            unchanged: Long(counts.unchanged),
            refused: Long(counts.refused),
        }
    }
    /// Format of the file as it was read; null before the data job has started, and for an export.
    #[field(was("reading", "2026-11-25"))]
    async fn detected_format(&self) -> Option<DataJobReading> {
        let reading = &self.0.reading;
        let columns = reading.columns.iter().map(|(name, field)| DataJobColumn { name: name.clone(), field: field.clone() });
        reading.format.map(|format| DataJobReading {
            format: Some(format.into()),
            encoding: reading.encoding.clone(),
            delimiter: reading.delimiter.map(String::from),
            columns: columns.collect(),
        })
    }
    /// Manifest of an export of demand facts; null before it is DONE, and for every other data job.
    async fn manifest(&self) -> Option<DataJobManifest> {
        self.facts()
    }
    /// Error that ended the data job; null unless it FAILED.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }
    /// File with the result: for an import each refused row, as CSV; for an export its rows; for a mutation the response to each line, as JSON lines. Null
    /// before the end, for all but the actor who requested the data job, for a key of an integration that lacks a permission or a store of the key that
    /// requested it, and for an integration that is bound to a channel and was changed since.
    async fn result(&self, ctx: &Context<'_>) -> Answer<Option<File>> {
        let permit = ctx.permit::<kind::ExchangeRun>()?;
        let Some(id) = self.0.result.filter(|_| permit.actor() == self.0.maker) else { return Ok(None) };
        if !may_receive_result(ctx, CreatedResult { with: self.0.key, at: self.0.created_at }).await? {
            return Ok(None);
        }
        Ok(ctx.required_data::<Service>()?.files().find(&permit, id).await?.map(File::from))
    }
    /// Member, integration or job that requested the data job.
    #[field(was("maker", "2026-11-25"))]
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.0.maker).await
    }
    /// Time at which the data job was requested.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Time at which the data job started; null while it is waiting.
    async fn started_at(&self) -> Option<DateTime> {
        self.0.started_at.map(DateTime)
    }
    /// Time at which the data job ended; null before.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }
    /// Version of the job: 1 when it was requested, more with each step.
    async fn version(&self) -> Long {
        Long(self.0.version)
    }
}
