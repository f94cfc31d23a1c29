//! The result of an import: each row that was refused, and why; also of one that could not go on.

use platform::storage::Fault;
use tokio::sync::mpsc;

use super::{halt::Halt, import::import_options, service::Exchange, write::Sheet};
use crate::{
    exchange::{
        core::{Format, Kind, Noun, Run, WriteMode, fields, record::Record},
        read::{self, ReadMessage, ReadPlan, Unreadable},
        rows,
    },
    files::{ResultFile, core::MediaType},
};

/// Rows that are read at once.
const PAGE: i64 = 5_000;
/// The column `key` identifies the row for a reader.
const COLUMNS: [&str; 5] = ["row", "code", "field", "message", "key"];

/// Keys of refused rows, read from the file again: refusals are stored without the content of their
/// rows.
struct Names {
    noun: Noun,
    messages: mpsc::Receiver<Result<ReadMessage, Unreadable>>,
    rows: std::vec::IntoIter<Record>,
}

impl Names {
    /// Returns the key of a row; rows have to be requested in ascending order. Empty if the row has
    /// no key, or cannot be read any more.
    async fn of(&mut self, number: i64) -> String {
        loop {
            if let Some(row) = self.rows.find(|row| row.number >= number) {
                return fields::key(self.noun, &row);
            }
            match self.messages.recv().await {
                Some(Ok(ReadMessage::Rows(rows))) => self.rows = rows.into_iter(),
                Some(Ok(ReadMessage::How(_))) => {}
                Some(Ok(ReadMessage::End) | Err(_)) | None => return String::new(),
            }
        }
    }
}

/// Whether refused rows are reported with their keys.
#[derive(Clone, Copy)]
enum Keys {
    Read,
    LeftOut,
}

/// A result that may be missing: only server faults are retried.
fn none_if_stopped(result: Result<ResultFile, Halt>) -> Result<Option<ResultFile>, Fault> {
    match result {
        Ok(result) => Ok(Some(result)),
        Err(Halt::Fault(fault)) => Err(fault),
        Err(_) => Ok(None),
    }
}

impl Exchange {
    /// Writes the results of an exchange that stopped early: the answers to a mutation's lines, or
    /// the refused rows of an import, if there are any.
    pub(super) async fn write_partial_result(&self, run: &Run) -> Result<Option<ResultFile>, Fault> {
        match run.kind {
            Kind::Bulk => none_if_stopped(self.answers(run).await),
            Kind::Import if self.has_refused(run).await? => none_if_stopped(self.report(run).await),
            Kind::Import | Kind::Export => Ok(None),
        }
    }

    /// Writes the refused rows without their keys, for a file that is not read any more.
    pub(super) async fn write_refusals(&self, run: &Run) -> Result<Option<ResultFile>, Fault> {
        if self.has_refused(run).await? { none_if_stopped(self.write_refused_rows(run, Keys::LeftOut).await) } else { Ok(None) }
    }

    async fn has_refused(&self, run: &Run) -> Result<bool, Fault> {
        let first = rows::refused(&self.0.db.tenant(run.tenant), run.id, (0, i64::MAX), 1).await?;
        Ok(!first.is_empty())
    }

    /// Writes the rows refused so far.
    pub(super) async fn report(&self, run: &Run) -> Result<ResultFile, Halt> {
        self.write_refused_rows(run, Keys::Read).await
    }

    async fn write_refused_rows(&self, run: &Run, keys: Keys) -> Result<ResultFile, Halt> {
        let name = if import_options(run)?.earnest == WriteMode::DryRun { "dry-run" } else { "import" };
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

    /// Returns the keys of the rows from `first` on; None if their file cannot be read any more, in
    /// which case the report has no keys.
    async fn names(&self, run: &Run, first: i64) -> Option<Names> {
        let (noun, options) = (run.noun?, import_options(run).ok()?);
        let file = self.0.files.find_of_tenant(run.tenant, run.input?).await.ok()??;
        let bytes = self.0.files.read(&file).await.ok()?;
        let plan = ReadPlan { noun, options, skip: first - 1, max_rows: self.current_limits().rows };
        let reading = read::records(bytes, file.media_type == MediaType::Workbook.as_str(), plan);
        Some(Names { noun, messages: reading, rows: Vec::new().into_iter() })
    }
}
