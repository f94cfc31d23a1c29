//! `entrepot verify`: proves the ledger's invariants over a whole database, tenant by tenant, and names the first row that breaks one.
//!
//! Most invariants are one statement that finds a broken row (`checks`); what JSON texts say is walked in pages (`walk`). A tenant is read
//! from one snapshot, so that a server may go on writing. What cannot be read is broken like what does not fit, and the rest is proven all the
//! same; a database that does not answer ends the proof.
//!
//! What has no row is not asked for one: a check names tables without whose rows it finds nothing (`Check::rests_on`, `table_sizes`).

mod alerts;
mod charges;
mod checks;
mod costs;
mod counts;
mod demand;
mod documents;
#[cfg(test)]
mod emptiness;
mod groups;
mod histories;
mod invoices;
mod journal;
mod kits;
mod levels;
mod lots;
mod media;
mod numbers;
mod papers;
mod parties;
mod payments;
mod purchases;
mod rates;
mod receipts;
mod references;
mod report;
mod returns;
mod reversals;
mod search;
mod table_sizes;
mod tenancy;
mod transfers;
mod walk;
mod works;
mod enum_columns;

use entity::{
    prelude::TenantId,
    record::{Record, Selected},
    tables::tenant,
};
use platform::storage::{Backend, Database, Fault, Reads, Work};

pub use papers::{StoredPapers, verify_papers};
pub use report::{Broken, Line, Report};

use self::{table_sizes::TableSizes, tenancy::Tenancy};

/// Of a tenant that was erased there is nothing left to prove but its audit log's signatures, which `entrepot audit verify` does.
const KEPT: &str = "NOT EXISTS
    (SELECT 1 FROM tenant_erasure e WHERE e.tenant_id = t.id AND e.erased_at IS NOT NULL) ORDER BY id";

#[derive(Record)]
#[record(of = tenant, alias = "t")]
struct TenantRow {
    id: TenantId,
    slug: String,
}

/// Proves every invariant for every tenant. `progress` is told what is being looked at.
pub async fn verify(db: &Database, progress: impl Fn(&str)) -> Result<Report, Fault> {
    let mut report = Report::default();
    verify_into(db, &mut report, progress, |_| {}).await?;
    Ok(report)
}

/// The same into a report that holds what was found when a fault ends it. `told` hears of each line, in the report's order, once no more rows come to it.
pub async fn verify_into(db: &Database, report: &mut Report, progress: impl Fn(&str), told: impl Fn(&Line)) -> Result<(), Fault> {
    // Each check joins whole tables: planned for the few rows that there were when they were last measured, one alone may take hours.
    progress("how large the tables are");
    let sizes = TableSizes::of_all(db).await?;
    db.measure(&sizes.written()).await?;
    let rows = tenants(db).await?;
    let count = rows.len();
    for (nth, TenantRow { id: tenant, slug }) in rows.into_iter().enumerate() {
        let is_last = nth + 1 == count;
        let last = |line: &Line| {
            if is_last {
                told(line);
            }
        };
        Tenancy::begin(db, tenant).await?.prove(report, &slug, &progress, &last).await?;
    }
    progress("rows of no tenant");
    let (rows, stray) = references::strays(db).await?;
    told(report.add(references::STRAYS, rows, stray));
    if db.backend() == Backend::Sqlite {
        progress("search index");
        told(search::index(db, report).await?);
    }
    Ok(())
}

/// The tenants of which something is left, in the order of their ids.
async fn tenants(db: &Database) -> Result<Vec<TenantRow>, Fault> {
    let sql = format!("SELECT {} FROM tenant t WHERE {KEPT}", TenantRow::SELECT);
    db.global().records::<TenantRow>(&sql, vec![]).await
}

/// Proves every invariant of one tenant's rows.
pub async fn verify_tenant(db: &Database, tenant: TenantId, progress: impl Fn(&str)) -> Result<Report, Fault> {
    let mut report = Report::default();
    Tenancy::begin(db, tenant).await?.prove(&mut report, &tenant.to_string(), &progress, &|_: &Line| {}).await?;
    Ok(report)
}

/// Proves those invariants of one tenant's rows whose names begin so, all where that is empty: each by statements of its own, also where there are no rows.
pub async fn verify_named(db: &Database, tenant: TenantId, beginning: &str) -> Result<Report, Fault> {
    let mut report = Report::default();
    let proven = Tenancy::begin(db, tenant).await?.only(beginning);
    proven.prove(&mut report, &tenant.to_string(), &|_: &str| {}, &|_: &Line| {}).await?;
    Ok(report)
}

/// Proves every invariant of what an open transaction has written of its tenant, and gives the transaction back to be committed or not.
pub async fn verify_open(db: &Database, work: Work, progress: impl Fn(&str)) -> Result<(Work, Report), Fault> {
    let name = work.tenant().to_string();
    let (snapshot, paused) = work.into_snapshot().await?;
    let mut report = Report::default();
    let snapshot = Tenancy::inside(db, snapshot).prove(&mut report, &name, &progress, &|_: &Line| {}).await?;
    Ok((paused.resumed(snapshot), report))
}

/// How wide the longest invariant is.
pub fn width() -> usize {
    let checked = checks::all().map(|check| check.invariant);
    let walked = [
        tenancy::AUDIT,
        payments::STATUSES,
        receipts::BOOKS,
        charges::BOOKS,
        invoices::BOOKS,
        demand::SUMS,
        histories::FIELDS,
        enum_columns::INVARIANT,
        references::INVARIANT,
        references::STRAYS,
        search::INDEX,
        papers::BYTES,
    ];
    checked.chain(walked).chain(walk::INVARIANTS).map(str::len).max().unwrap_or_default()
}
