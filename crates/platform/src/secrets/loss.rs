//! Recovery after a key is lost for good: the values that it sealed are counted and given up.

use std::collections::BTreeMap;

use entity::prelude::TenantId;
use uuid::Uuid;

use super::{
    core::{Loss, SealedColumn, key_of},
    ring::KeyRing,
    rows::{self, StoredValue},
    shell::PAGE,
};
use crate::{
    clock::Clock,
    storage::{Database, Fault, run_with_retries},
};

/// Values of a column that are sealed under one key.
#[derive(Debug, Clone)]
pub struct SealedValueCount {
    pub column: SealedColumn,
    /// Number of values, by the first ID of their rows' primary keys: a tenant where the table has
    /// one.
    pub owners: BTreeMap<Uuid, u64>,
}

impl SealedValueCount {
    pub fn count(&self) -> u64 {
        self.owners.values().sum()
    }
}

/// Counts the values that a key sealed, by column; columns without one are left out.
pub async fn count_sealed_under(db: &Database, id: &str, columns: &[SealedColumn]) -> Result<Vec<SealedValueCount>, Fault> {
    let mut counts = Vec::new();
    for column in columns {
        let mut owners: BTreeMap<Uuid, u64> = BTreeMap::new();
        let mut pages = Pages::of(db, column);
        while let Some(page) = pages.next().await? {
            for stored in page.iter().filter(|stored| key_of(&stored.value) == Some(id)) {
                *owners.entry(stored.ids.first().copied().unwrap_or_default()).or_default() += 1;
            }
        }
        if !owners.is_empty() {
            counts.push(SealedValueCount { column: *column, owners });
        }
    }
    Ok(counts)
}

/// Gives up all values that a key sealed, in the way that each column defines; returns their count.
/// If interrupted, a further call continues.
pub async fn abandon(db: &Database, ring: &KeyRing, clock: &Clock, id: &str, columns: &[SealedColumn]) -> Result<u64, Fault> {
    let mut discarded_count = 0;
    for column in columns {
        let mut pages = Pages::of(db, column);
        while let Some(page) = pages.next().await? {
            let lost_values: Vec<&StoredValue> = page.iter().filter(|stored| key_of(&stored.value) == Some(id)).collect();
            for (tenant, lost_values) in rows::by_tenant(column, lost_values) {
                discarded_count += run_with_retries(|| discard_page((db, ring, clock), column, tenant, &lost_values)).await?;
            }
        }
    }
    Ok(discarded_count)
}

/// Gives up values of one tenant in a transaction; returns the count of those that were unchanged
/// since they were read.
async fn discard_page(
    (db, ring, clock): (&Database, &KeyRing, &Clock),
    column: &SealedColumn,
    tenant: TenantId,
    lost_values: &[&StoredValue],
) -> Result<u64, Fault> {
    let work = db.global().maintenance_for(tenant).await?;
    let mut discarded_count = 0;
    for stored in lost_values {
        let random = replacement(ring, column, stored)?;
        discarded_count += u64::from(rows::discard_value(&work, column, stored, random, clock.now()).await?);
    }
    work.commit().await?;
    Ok(discarded_count)
}

/// Returns the sealed replacement of a lost value.
fn replacement(ring: &KeyRing, column: &SealedColumn, stored: &StoredValue) -> Result<Option<Vec<u8>>, Fault> {
    let Loss::Random(length, _) = column.loss else { return Ok(None) };
    let mut bytes = vec![0; length];
    ring.fill(&mut bytes);
    ring.seal(&column.context(&stored.ids), &bytes).map(Some)
}

/// Iterates over the sealed values of a column, a page at a time.
struct Pages<'a> {
    db: &'a Database,
    column: &'a SealedColumn,
    after: Option<Vec<Uuid>>,
}

impl<'a> Pages<'a> {
    fn of(db: &'a Database, column: &'a SealedColumn) -> Self {
        Self { db, column, after: None }
    }

    async fn next(&mut self) -> Result<Option<Vec<StoredValue>>, Fault> {
        let page = rows::values_after(&self.db.global(), self.column, self.after.as_deref(), PAGE).await?;
        self.after = page.last().map(|last| last.ids.clone());
        Ok((!page.is_empty()).then_some(page))
    }
}
