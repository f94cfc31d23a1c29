//! Facts rebuilt from scratch, in a second generation beside the one that reports read.

use std::time::Duration;

use entity::prelude::*;
use platform::{
    clock,
    storage::{Backend, Database, Fault, Reads, RowSum, TenantScope, journal, replicas::Freshness},
};
use tokio::time::Instant;

use super::{
    apply::{changes_of, span},
    batch::{BatchLimit, Levels, merge_levels, next, next_after},
    day_cache::DayCache,
    keep::{count, count_page, needs_sweep, sweep},
};
use crate::demand::rows::{self, Book};

/// Result of a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RebuildResult {
    pub generation: i64,
    pub seq: i64,
    pub rows: i64,
    pub sum: RowSum,
}

/// Result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    pub kept: RebuildResult,
    pub made: RebuildResult,
    /// A row that differs between the generations: table, day, product and store.
    pub difference: Option<String>,
}

impl CheckResult {
    pub fn is_equal(&self) -> bool {
        let books = (self.kept.seq, self.kept.rows, self.kept.sum) == (self.made.seq, self.made.rows, self.made.sum);
        books && self.difference.is_none()
    }
}

impl From<&Book> for RebuildResult {
    fn from(book: &Book) -> Self {
        Self { generation: book.generation, seq: book.seq, rows: book.row_count, sum: book.sum }
    }
}

/// Rebuilds a tenant's facts by pages of `events` events, then lets reports read them and discards
/// the previous generation.
pub async fn rebuild(db: &Database, tenant: TenantId, events: i64) -> Result<RebuildResult, Fault> {
    let scope = db.tenant(tenant);
    let generation = build_generation(&scope, events).await?;
    let work = scope.begin().await?;
    let previous = rows::lock_current(&work).await?;
    let mut rebuilt = rows::lock(&work, generation).await?.ok_or_else(discarded_fault)?;
    finish(&work, &mut rebuilt, events).await?;
    rows::make_current(&work, generation).await?;
    work.commit().await?;
    if let Some(previous) = previous {
        discard(&scope, previous.generation).await?;
    }
    Ok(RebuildResult::from(&rebuilt))
}

/// Builds a second generation of facts and compares it with the one that reports read, at the same
/// event. Nothing else changes, except that the current generation is brought up to the journal.
pub async fn check(db: &Database, tenant: TenantId, events: i64) -> Result<CheckResult, Fault> {
    let scope = db.tenant(tenant);
    let generation = build_generation(&scope, events).await?;
    let work = scope.begin().await?;
    let mut stored = rows::lock_current(&work).await?.ok_or_else(discarded_fault)?;
    let mut rebuilt = rows::lock(&work, generation).await?.ok_or_else(discarded_fault)?;
    finish(&work, &mut stored, events).await?;
    finish(&work, &mut rebuilt, events).await?;
    let mut result = CheckResult { kept: RebuildResult::from(&stored), made: RebuildResult::from(&rebuilt), difference: None };
    for (left, right) in [(stored.generation, rebuilt.generation), (rebuilt.generation, stored.generation)] {
        if result.difference.is_none() {
            result.difference = rows::difference(&work, left, right).await?;
        }
    }
    work.commit().await?;
    discard(&scope, generation).await?;
    Ok(result)
}

/// Days of a batch, and those of one page of the journal more: some 6 MB.
const MAX_BATCH_DAYS: usize = 16_000;
/// Levels whose spans are created in one transaction.
const LEVELS: usize = 250;
/// Duration for which a rebuild writes on SQLite, and the pause after it. A server that waits for
/// this process's write lock retries after at most 100 ms, half of that on average, and gives up
/// after five seconds: it would hardly ever meet a shorter pause.
const MAX_WRITE_TIME: Duration = Duration::from_millis(200);
const WRITE_PAUSE: Duration = Duration::from_millis(50);

/// Counts the whole journal into a new generation, and discards generations that an earlier run
/// left.
async fn build_generation(scope: &TenantScope, events: i64) -> Result<i64, Fault> {
    let scope = scope.long();
    let stored_generations = rows::generations(&scope).await?;
    for (generation, _) in stored_generations.iter().filter(|(_, is_current)| !is_current) {
        discard(&scope, *generation).await?;
    }
    let work = scope.begin().await?;
    let current = rows::lock_current(&work).await?.ok_or_else(discarded_fault)?;
    let generation =
        1 + stored_generations.iter().map(|(generation, _)| *generation).max().unwrap_or_default().max(current.generation);
    rows::begin(&work, generation).await?;
    work.commit().await?;
    let mut levels = Levels::new();
    while Box::pin(extend_generation(&scope, generation, events, &mut levels)).await? {}
    make_spans(&scope, generation, levels).await?;
    Ok(generation)
}

/// Counts the next events into a generation that is being built, except for spans, and adds the
/// levels that have them to `levels`; returns whether there may be more. While a batch is written
/// the next one is read. It stops at most a sixteenth of a page before the journal's head: while
/// others write there are always more events, and the rest is counted when the books are locked.
async fn extend_generation(scope: &TenantScope, generation: i64, events: i64, levels: &mut Levels) -> Result<bool, Fault> {
    let limit = BatchLimit { events, days: MAX_BATCH_DAYS };
    let mut batch = next(scope, Some(generation), limit).await?;
    let documents_seq = batch.after.1;
    let mut write_time = Duration::ZERO;
    loop {
        let work = scope.begin().await?;
        let write_start = Instant::now();
        let mut book = rows::lock(&work, generation).await?.ok_or_else(discarded_fault)?;
        let head = journal::head(&work).await?;
        if needs_sweep(head, &book) {
            work.rollback().await?;
            sweep(scope, Some(generation)).await?;
            return Ok(true);
        }
        if !batch.follows(&book) {
            return Err(discarded_fault());
        }
        let next_batch = (head.seq - batch.upto > events / 16).then(|| {
            let (scope, after, limit) = (scope.clone(), (batch.upto, documents_seq), limit);
            tokio::spawn(async move { next_after(&scope, after, limit).await })
        });
        merge_levels(levels, count(&work, &mut book, batch, &mut DayCache::empty()).await?);
        rows::write(&work, &book).await?;
        work.commit().await?;
        let Some(next_batch) = next_batch else { return Ok(false) };
        write_time += write_start.elapsed();
        pause_writing(scope, &mut write_time).await;
        batch = next_batch.await.map_err(|err| Fault::Broken(format!("the demand facts: {err}")))??;
    }
}

/// Releases SQLite's writer to others for a moment, if it was held long enough.
async fn pause_writing(scope: &TenantScope, written_for: &mut Duration) {
    if scope.backend() == Backend::Sqlite && *written_for >= MAX_WRITE_TIME {
        *written_for = Duration::ZERO;
        clock::sleep(WRITE_PAUSE).await;
    }
}

/// Builds the spans of a generation that has all its days: once each, and not again with every
/// page. They are read outside the writing transaction, because no other process writes this
/// generation.
async fn make_spans(scope: &TenantScope, generation: i64, levels: Levels) -> Result<(), Fault> {
    let reads = scope.with_freshness(Freshness::Primary);
    let levels: Vec<_> = levels.into_iter().collect();
    for chunk in levels.chunks(LEVELS) {
        let changes = changes_of(&reads, generation, chunk).await?;
        let work = scope.begin().await?;
        let mut book = rows::lock(&work, generation).await?.ok_or_else(discarded_fault)?;
        span(&work, &mut book, chunk, &changes).await?;
        rows::write(&work, &book).await?;
        work.commit().await?;
    }
    Ok(())
}

/// Counts events that were committed meanwhile, under the lock.
async fn finish(work: &platform::storage::Work, book: &mut Book, events: i64) -> Result<(), Fault> {
    let head = journal::head(work).await?.seq;
    while book.seq < head {
        Box::pin(count_page(work, book, head, events)).await?;
    }
    Ok(())
}

async fn discard(scope: &TenantScope, generation: i64) -> Result<(), Fault> {
    let work = scope.begin().await?;
    rows::discard(&work, generation).await?;
    work.commit().await
}

fn discarded_fault() -> Fault {
    Fault::Broken("these demand facts were discarded by another rebuild: run it again".to_owned())
}
