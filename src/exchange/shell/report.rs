//! The result of an import: each row that was refused, and why; also of one that could not go on.

use super::{Exchange, Halt, import::import_options, write::Sheet};
use crate::{
    exchange::{
        core::{Earnest, Format, Kind, Run},
        rows,
    },
    files::Made,
    storage::Fault,
};

/// Rows that are read at once.
const PAGE: i64 = 5_000;

impl Exchange {
    /// What can be told before it could not go on: what a mutation's lines were answered, which rows of an import were refused, if any were.
    pub(super) async fn so_far(&self, run: &Run) -> Result<Option<Made>, Fault> {
        let made = match run.kind {
            Kind::Bulk => self.answers(run).await,
            Kind::Import if self.has_refused(run).await? => self.report(run).await,
            Kind::Import | Kind::Export => return Ok(None),
        };
        match made {
            Ok(made) => Ok(Some(made)),
            Err(Halt::Fault(fault)) => Err(fault),
            Err(_) => Ok(None),
        }
    }

    async fn has_refused(&self, run: &Run) -> Result<bool, Fault> {
        let first = rows::refused(&self.0.db.tenant(run.tenant), run.id, (0, i64::MAX), 1).await?;
        Ok(!first.is_empty())
    }

    /// As far as it came.
    pub(super) async fn report(&self, run: &Run) -> Result<Made, Halt> {
        let name = if import_options(run)?.earnest == Earnest::DryRun { "dry-run" } else { "import" };
        let mut sheet = Sheet::begin(&self.0.files, run, (name, Format::Csv), &["row", "code", "field", "message"]).await?;
        let (scope, mut after) = (self.0.db.tenant(run.tenant), 0);
        loop {
            let page = rows::refused(&scope, run.id, (after, i64::MAX), PAGE).await?;
            for row in &page {
                sheet.row(&[
                    row.number.into(),
                    row.code.as_str().into(),
                    row.field.as_str().into(),
                    row.message.as_str().into(),
                ])?;
            }
            sheet.flush().await?;
            match page.last() {
                Some(last) if page.len() == PAGE as usize => after = last.number,
                _ => return sheet.finish().await,
            }
        }
    }
}
