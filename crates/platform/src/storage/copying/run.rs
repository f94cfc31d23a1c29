//! The copy itself: rows batch by batch, then the comparison of digests.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::copy_progress,
};
use sea_orm::Value;
use uuid::Uuid;

use super::{
    Difference, Digests,
    batch::{Batch, Progress, sort_parents_first},
    claim::change,
    digest, encoded,
    page::{MAX_ROWS, Page, Pages},
    plan::{Plan, Step},
};
use crate::{
    clock::Clock,
    storage::{Database, Fault, Snapshot},
};

/// A copy that this process carries on.
pub struct CopyRun {
    pub source: Database,
    pub target: Database,
    pub id: Uuid,
    pub runner: Uuid,
    pub clock: Clock,
    /// Maximum rows of a batch; tests make many small batches.
    pub batch_rows: usize,
}

#[derive(Record)]
#[record(of = copy_progress, alias = "")]
struct ProgressRow {
    table_name: String,
    last_key: Vec<u8>,
    row_count: i64,
    byte_count: i64,
    is_done: bool,
}

/// A table that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopiedTable {
    pub table: &'static str,
    /// Number of the table among all tables, counted from 1.
    pub number: usize,
    /// Rows of the table copied so far, and those that this process copied.
    pub rows: i64,
    pub new_rows: i64,
    /// Bytes of the rows' values.
    pub bytes: i64,
}

impl CopyRun {
    /// The largest batch.
    pub const MAX_ROWS: usize = MAX_ROWS;

    /// Copies the rows that are not copied yet; calls `report` for each table, and for each batch of
    /// a long one.
    ///
    /// # Errors
    /// A row cannot be read or written, or another process has taken the copy over. The batch is
    /// rolled back.
    pub async fn rows(&self, plan: &Plan, report: impl Fn(CopiedTable)) -> Result<(), Fault> {
        let mut progress = self.progress().await?;
        let snapshot = self.source.global().snapshot_for(TenantId::NIL).await?;
        for (index, step) in plan.0.iter().enumerate() {
            let progress = progress.remove(step.table.name).unwrap_or_default();
            let report = |at: &Progress, before: i64| {
                report(CopiedTable {
                    table: step.table.name,
                    number: index + 1,
                    rows: at.rows,
                    new_rows: at.rows - before,
                    bytes: at.bytes,
                });
            };
            if progress.is_done {
                report(&progress, progress.rows);
            } else if step.own.is_empty() {
                self.table(step, progress, &snapshot, report).await?;
            } else {
                self.copy_whole_table(step, &snapshot, report).await?;
            }
        }
        Ok(())
    }

    async fn progress(&self) -> Result<BTreeMap<String, Progress>, Fault> {
        let sql = format!("SELECT {} FROM copy_progress WHERE copy_id = $1", ProgressRow::SELECT);
        let rows = self.target.global().records(&sql, vec![self.id.into()]).await?;
        let progress = |row: ProgressRow| {
            let ProgressRow { table_name, last_key, row_count: rows, byte_count: bytes, is_done } = row;
            (table_name, Progress { last_key, rows, bytes, is_done })
        };
        Ok(rows.into_iter().map(progress).collect())
    }

    /// Copies a table from its progress on. The next page is read while one is written.
    async fn table(
        &self,
        step: &Step,
        mut progress: Progress,
        snapshot: &Snapshot,
        report: impl Fn(&Progress, i64),
    ) -> Result<(), Fault> {
        let pages = Pages::of(step.table);
        let before = progress.rows;
        let mut page_rows = self.batch_rows.min(1_024);
        let mut page = pages.after(snapshot, &encoded::values(&progress.last_key)?, page_rows).await?;
        loop {
            let last = page.rows().next_back().map(|row| (pages.key(row), pages.encoded_key(row)));
            progress.rows += page.len() as i64;
            progress.bytes += page.bytes as i64;
            progress.is_done = page.len() < page_rows;
            let mut key: Vec<Value> = Vec::new();
            if let Some((last, encoded)) = last {
                (key, progress.last_key) = (last, encoded?);
            }
            page_rows = page.next().min(self.batch_rows);
            let rows: Vec<&[Value]> = page.rows().collect();
            let write_batch = self.write(step, &rows, &progress);
            if progress.is_done {
                write_batch.await?;
                report(&progress, before);
                return Ok(());
            }
            let ((), next) = tokio::try_join!(write_batch, pages.after(snapshot, &key, page_rows))?;
            report(&progress, before);
            page = next;
        }
    }

    /// Copies a table whose rows reference each other, in one batch: parents first.
    async fn copy_whole_table(&self, step: &Step, snapshot: &Snapshot, report: impl Fn(&Progress, i64)) -> Result<(), Fault> {
        let pages = Pages::of(step.table);
        let mut full_page = Page { values: Vec::new(), width: step.table.columns.len(), bytes: 0 };
        let mut key = Vec::new();
        loop {
            let page = pages.after(snapshot, &key, MAX_ROWS).await?;
            let is_last = page.len() < MAX_ROWS;
            full_page.bytes += page.bytes;
            full_page.values.extend(page.values);
            if is_last {
                break;
            }
            key = full_page.rows().next_back().map_or_else(Vec::new, |row| pages.key(row));
        }
        let rows = sort_parents_first(&full_page, &step.own, step.table.name)?;
        let progress =
            Progress { last_key: Vec::new(), rows: full_page.len() as i64, bytes: full_page.bytes as i64, is_done: true };
        self.write(step, &rows, &progress).await?;
        report(&progress, 0);
        Ok(())
    }

    /// Writes one batch: its rows and the table's progress.
    async fn write(&self, step: &Step, rows: &[&[Value]], progress: &Progress) -> Result<(), Fault> {
        let mut batch = Batch::begin(&self.target).await?;
        batch.check(self.id, self.runner).await?;
        batch.insert(step.table, rows).await?;
        batch.note(self.id, step.table.name, progress, self.clock.now()).await?;
        batch.commit().await
    }

    /// Reads every table back from both databases and compares them, tenant by tenant; calls `report`
    /// for each. Returns the first difference.
    pub async fn compare(
        &self,
        plan: &Plan,
        report: impl Fn(&'static str, usize, &Digests),
    ) -> Result<Option<Difference>, Fault> {
        change(&self.target, "UPDATE deployment_copy SET state = 'VERIFYING' WHERE id = $1", vec![self.id.into()]).await?;
        let source = self.source.global().snapshot_for(TenantId::NIL).await?;
        let target = self.target.global().snapshot_for(TenantId::NIL).await?;
        for (index, step) in plan.0.iter().enumerate() {
            let (source_digests, target_digests) =
                tokio::try_join!(digest::of(step.table, &source), digest::of(step.table, &target))?;
            if let Some(difference) = digest::difference(step.table, &source_digests, &target_digests) {
                return Ok(Some(difference));
            }
            report(step.table.name, index + 1, &source_digests);
        }
        Ok(None)
    }

    /// Marks the copy as complete: the target first, which may be served from then on.
    pub async fn finish(&self) -> Result<(), Fault> {
        for db in [&self.target, &self.source] {
            let sql = "UPDATE deployment_copy SET state = 'DONE', finished_at = $2 WHERE id = $1 AND finished_at IS NULL";
            change(db, sql, vec![self.id.into(), self.clock.now().micros().into()]).await?;
        }
        Ok(())
    }
}
