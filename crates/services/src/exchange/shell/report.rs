//! The result of an import: each row that was refused, and why; also of one that could not go on.

use platform::storage::Fault;
use tokio::sync::mpsc;

use super::{Exchange, Halt, import::import_options, write::Sheet};
use crate::{
    exchange::{
        core::{
            Earnest, Format, Kind, Noun, Run,
            fields::{self, Record},
        },
        read::{self, Plan, Said, Unreadable},
        rows,
    },
    files::{Made, core::MediaType},
};

/// Rows that are read at once.
const PAGE: i64 = 5_000;
/// The key is what the row is found by.
const COLUMNS: [&str; 5] = ["row", "code", "field", "message", "key"];

/// What rows are found by, read from their file once more: what was refused is kept without what it said.
struct Names {
    noun: Noun,
    reading: mpsc::Receiver<Result<Said, Unreadable>>,
    rows: std::vec::IntoIter<Record>,
}

impl Names {
    /// Of a row behind those that were asked for before. Empty where it says nothing, or cannot be read any more.
    async fn of(&mut self, number: i64) -> String {
        loop {
            if let Some(row) = self.rows.find(|row| row.number >= number) {
                return fields::key(self.noun, &row);
            }
            match self.reading.recv().await {
                Some(Ok(Said::Rows(rows))) => self.rows = rows.into_iter(),
                Some(Ok(Said::How(_))) => {}
                Some(Ok(Said::End) | Err(_)) | None => return String::new(),
            }
        }
    }
}

/// Whether rows are told with what they are found by.
#[derive(Clone, Copy)]
enum Keys {
    Read,
    LeftOut,
}

/// A result that may be none: only a fault of ours is tried again.
fn none_if_stopped(made: Result<Made, Halt>) -> Result<Option<Made>, Fault> {
    match made {
        Ok(made) => Ok(Some(made)),
        Err(Halt::Fault(fault)) => Err(fault),
        Err(_) => Ok(None),
    }
}

impl Exchange {
    /// What can be told before it could not go on: what a mutation's lines were answered, which rows of an import were refused, if any were.
    pub(super) async fn so_far(&self, run: &Run) -> Result<Option<Made>, Fault> {
        match run.kind {
            Kind::Bulk => none_if_stopped(self.answers(run).await),
            Kind::Import if self.has_refused(run).await? => none_if_stopped(self.report(run).await),
            Kind::Import | Kind::Export => Ok(None),
        }
    }

    /// Which rows were refused, without what they are found by: of a file that is not read any more.
    pub(super) async fn refusals_alone(&self, run: &Run) -> Result<Option<Made>, Fault> {
        if self.has_refused(run).await? { none_if_stopped(self.listed(run, Keys::LeftOut).await) } else { Ok(None) }
    }

    async fn has_refused(&self, run: &Run) -> Result<bool, Fault> {
        let first = rows::refused(&self.0.db.tenant(run.tenant), run.id, (0, i64::MAX), 1).await?;
        Ok(!first.is_empty())
    }

    /// As far as it came.
    pub(super) async fn report(&self, run: &Run) -> Result<Made, Halt> {
        self.listed(run, Keys::Read).await
    }

    async fn listed(&self, run: &Run, keys: Keys) -> Result<Made, Halt> {
        let name = if import_options(run)?.earnest == Earnest::DryRun { "dry-run" } else { "import" };
        let mut sheet = Sheet::begin(&self.0.files, run, (name, Format::Csv), &COLUMNS).await?;
        let (scope, mut after, mut names) = (self.0.db.tenant(run.tenant), 0, None);
        loop {
            let page = rows::refused(&scope, run.id, (after, i64::MAX), PAGE).await?;
            if let (Keys::Read, None, Some(first)) = (keys, &names, page.first()) {
                names = self.names(run, first.number).await;
            }
            for row in &page {
                let name = match &mut names {
                    Some(names) => names.of(row.number).await,
                    None => String::new(),
                };
                sheet.row(&[
                    row.number.into(),
                    row.code.as_str().into(),
                    row.field.as_str().into(),
                    row.message.as_str().into(),
                    name.into(),
                ])?;
            }
            sheet.flush().await?;
            match page.last() {
                Some(last) if page.len() == PAGE as usize => after = last.number,
                _ => return sheet.finish().await,
            }
        }
    }

    /// What the rows from this one on are found by; None when their file cannot be read any more, which is no reason to tell nothing.
    async fn names(&self, run: &Run, first: i64) -> Option<Names> {
        let (noun, options) = (run.noun?, import_options(run).ok()?);
        let file = self.0.files.of_tenant(run.tenant, run.input?).await.ok()??;
        let bytes = self.0.files.read(&file).await.ok()?;
        let plan = Plan { noun, options, skip: first - 1, most: self.most().rows };
        let reading = read::records(bytes, file.media_type == MediaType::Workbook.as_str(), plan);
        Some(Names { noun, reading, rows: Vec::new().into_iter() })
    }
}
