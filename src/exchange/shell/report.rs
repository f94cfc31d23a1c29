//! The result of an import: each row that was refused, and why.

use super::{Exchange, Halt, write::Sheet};
use crate::{
    exchange::{
        core::{Format, Run},
        rows,
    },
    files::Made,
};

/// Rows that are read at once.
const PAGE: i64 = 5_000;

impl Exchange {
    pub(super) async fn report(&self, run: &Run, name: &str) -> Result<Made, Halt> {
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
