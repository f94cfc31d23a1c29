//! Facts made again from nothing, beside those that reports read.

use std::time::Duration;

use entity::prelude::*;
use platform::{
    clock,
    storage::{Backend, Database, Fault, Reads, RowSum, TenantScope, journal, replicas::Freshness},
};
use tokio::time::Instant;

use super::{
    apply::{changes_of, span},
    batch::{Levels, Most, join, next, next_after},
    keep::{count, count_page, has_let_go, sweep},
    remembered::KnownDays,
};
use crate::demand::rows::{self, Book};

/// What a rebuild made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    pub generation: i64,
    pub seq: i64,
    pub rows: i64,
    pub sum: RowSum,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub kept: Rebuilt,
    pub made: Rebuilt,
    /// A row that is not the same in both: table, day, product and store.
    pub difference: Option<String>,
}

impl Checked {
    pub fn is_equal(&self) -> bool {
        let books = (self.kept.seq, self.kept.rows, self.kept.sum) == (self.made.seq, self.made.rows, self.made.sum);
        books && self.difference.is_none()
    }
}

impl From<&Book> for Rebuilt {
    fn from(book: &Book) -> Self {
        Self { generation: book.generation, seq: book.seq, rows: book.row_count, sum: book.sum }
    }
}

/// Makes a tenant's facts again by pages of so many events, then lets reports read them and discards those from before.
pub async fn rebuild(db: &Database, tenant: TenantId, events: i64) -> Result<Rebuilt, Fault> {
    let scope = db.tenant(tenant);
    let generation = make(&scope, events).await?;
    let work = scope.begin().await?;
    let kept = rows::lock_current(&work).await?;
    let mut made = rows::lock(&work, generation).await?.ok_or_else(discarded)?;
    finish(&work, &mut made, events).await?;
    rows::make_current(&work, generation).await?;
    work.commit().await?;
    if let Some(kept) = kept {
        discard(&scope, kept.generation).await?;
    }
    Ok(Rebuilt::from(&made))
}

/// Makes them again and compares them with those that reports read, at the same event. Neither changes by it, but that those are brought up to the journal.
pub async fn check(db: &Database, tenant: TenantId, events: i64) -> Result<Checked, Fault> {
    let scope = db.tenant(tenant);
    let generation = make(&scope, events).await?;
    let work = scope.begin().await?;
    let mut kept = rows::lock_current(&work).await?.ok_or_else(discarded)?;
    let mut made = rows::lock(&work, generation).await?.ok_or_else(discarded)?;
    finish(&work, &mut kept, events).await?;
    finish(&work, &mut made, events).await?;
    let mut checked = Checked { kept: Rebuilt::from(&kept), made: Rebuilt::from(&made), difference: None };
    for (of, than) in [(kept.generation, made.generation), (made.generation, kept.generation)] {
        if checked.difference.is_none() {
            checked.difference = rows::difference(&work, of, than).await?;
        }
    }
    work.commit().await?;
    discard(&scope, generation).await?;
    Ok(checked)
}

/// Days of a batch, and those of one page of the journal more: some 6 MB.
const DAYS: usize = 16_000;
/// Levels whose spans are made in one transaction.
const LEVELS: usize = 250;
/// How long a rebuild writes on SQLite until it leaves the writer alone, and for how long. A server that waits for this process to let go looks again after
/// at most 100 ms, half of that on average, and gives up after five seconds: it would hardly ever meet a shorter moment.
const WRITING: Duration = Duration::from_millis(200);
const REST: Duration = Duration::from_millis(50);

/// Counts the whole journal into a generation of its own; those that an earlier run left are discarded.
async fn make(scope: &TenantScope, events: i64) -> Result<i64, Fault> {
    let scope = scope.long();
    let known = rows::generations(&scope).await?;
    for (generation, _) in known.iter().filter(|(_, is_current)| !is_current) {
        discard(&scope, *generation).await?;
    }
    let work = scope.begin().await?;
    let current = rows::lock_current(&work).await?.ok_or_else(discarded)?;
    let generation = 1 + known.iter().map(|(generation, _)| *generation).max().unwrap_or_default().max(current.generation);
    rows::begin(&work, generation).await?;
    work.commit().await?;
    let mut levels = Levels::new();
    while Box::pin(make_on(&scope, generation, events, &mut levels)).await? {}
    make_spans(&scope, generation, levels).await?;
    Ok(generation)
}

/// Counts what comes next into a generation that is being made, all but spans, and notes the levels that have them; whether there may be more. While a
/// batch is written the next one is read. It ends short of the journal's head by a sixteenth of a page at most: while others write, there is always more,
/// and what is left is counted when the books are locked.
async fn make_on(scope: &TenantScope, generation: i64, events: i64, levels: &mut Levels) -> Result<bool, Fault> {
    let most = Most { events, days: DAYS };
    let mut read = next(scope, Some(generation), most).await?;
    let documents_seq = read.after.1;
    let mut written_for = Duration::ZERO;
    loop {
        let work = scope.begin().await?;
        let began = Instant::now();
        let mut book = rows::lock(&work, generation).await?.ok_or_else(discarded)?;
        let head = journal::head(&work).await?;
        if has_let_go(head, &book) {
            work.rollback().await?;
            sweep(scope, Some(generation)).await?;
            return Ok(true);
        }
        if !read.follows(&book) {
            return Err(discarded());
        }
        let following = (head.seq - read.upto > events / 16).then(|| {
            let (scope, after, most) = (scope.clone(), (read.upto, documents_seq), most);
            tokio::spawn(async move { next_after(&scope, after, most).await })
        });
        join(levels, count(&work, &mut book, read, &mut KnownDays::none()).await?);
        rows::write(&work, &book).await?;
        work.commit().await?;
        let Some(following) = following else { return Ok(false) };
        written_for += began.elapsed();
        rest(scope, &mut written_for).await;
        read = following.await.map_err(|err| Fault::Broken(format!("the demand facts: {err}")))??;
    }
}

/// Leaves SQLite's writer to others for a moment, where it was held long enough.
async fn rest(scope: &TenantScope, written_for: &mut Duration) {
    if scope.backend() == Backend::Sqlite && *written_for >= WRITING {
        *written_for = Duration::ZERO;
        clock::sleep(REST).await;
    }
}

/// Makes the spans of a generation that has all its days: once each, not again with every page. They are read beside whoever writes, as nobody else writes
/// this generation.
async fn make_spans(scope: &TenantScope, generation: i64, levels: Levels) -> Result<(), Fault> {
    let reads = scope.fresh(Freshness::Primary);
    let levels: Vec<_> = levels.into_iter().collect();
    for some in levels.chunks(LEVELS) {
        let changes = changes_of(&reads, generation, some).await?;
        let work = scope.begin().await?;
        let mut book = rows::lock(&work, generation).await?.ok_or_else(discarded)?;
        span(&work, &mut book, some, &changes).await?;
        rows::write(&work, &book).await?;
        work.commit().await?;
    }
    Ok(())
}

/// Counts what came meanwhile, under the lock.
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

fn discarded() -> Fault {
    Fault::Broken("these demand facts were discarded by another rebuild: run it again".to_owned())
}
