//! `entrepot verify`: proves the ledger's invariants over a whole database, tenant by tenant, and
//! names the first row that breaks one.
//!
//! Most invariants are one statement that finds a broken row (`checks`); contents of JSON texts are
//! checked page by page (`stored_json`). A tenant is read from one snapshot, so that a server may
//! go on writing. An unreadable value is reported like a broken invariant, and the other invariants
//! are proven all the same; a database that does not answer ends the proof.
//!
//! Checks of empty tables are skipped: a check names tables without whose rows it finds nothing
//! (`Check::rests_on`, `table_sizes`).

mod alerts;
mod charges;
mod check;
mod all_checks;
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
mod tenants;
mod transfers;
mod stored_json;
mod works;
mod enum_columns;

use entity::prelude::TenantId;
use platform::storage::{Backend, Database, Fault, Reads, Work};

pub use papers::{StoredPapers, verify_papers};
pub use report::{Line, Report, Violation};

use self::{
    table_sizes::TableSizes,
    tenancy::Tenancy,
    tenants::{TenantRow, load_tenants},
};

/// Proves every invariant for every tenant. `progress` is called with the name of each step.
pub async fn verify(db: &Database, progress: impl Fn(&str)) -> Result<Report, Fault> {
    let mut report = Report::default();
    verify_into(db, &mut report, progress, |_| {}).await?;
    Ok(report)
}

/// Proves every invariant into a report that keeps its findings if a fault ends it. `on_line` is
/// called with each line, in the report's order, once the line is final.
pub async fn verify_into(
    db: &Database,
    report: &mut Report,
    progress: impl Fn(&str),
    on_line: impl Fn(&Line),
) -> Result<(), Fault> {
    // Each check joins whole tables: with a plan for the few rows of the last statistics, one alone
    // may take hours.
    progress("how large the tables are");
    let sizes = TableSizes::of_all(db).await?;
    db.analyze(&sizes.nonempty_tables()).await?;
    let rows = load_tenants(db).await?;
    let count = rows.len();
    for (nth, TenantRow { id: tenant, slug }) in rows.into_iter().enumerate() {
        let is_last = nth + 1 == count;
        let last = |line: &Line| {
            if is_last {
                on_line(line);
            }
        };
        Tenancy::begin(db, tenant).await?.verify_tenant(report, &slug, &progress, &last).await?;
    }
    progress("rows of no tenant");
    let (rows, stray) = references::orphan_rows(db).await?;
    on_line(report.add(references::ORPHANS, rows, stray));
    if db.backend() == Backend::Sqlite {
        progress("search index");
        on_line(search::verify_index(db, report).await?);
    }
    Ok(())
}

/// Proves every invariant of one tenant's rows.
pub async fn verify_tenant(db: &Database, tenant: TenantId, progress: impl Fn(&str)) -> Result<Report, Fault> {
    let mut report = Report::default();
    Tenancy::begin(db, tenant).await?.verify_tenant(&mut report, &tenant.to_string(), &progress, &|_: &Line| {}).await?;
    Ok(report)
}

/// Proves those invariants of one tenant's rows whose names have this prefix, all for an empty
/// prefix: each by statements of its own, even if there are no rows.
pub async fn verify_by_prefix(db: &Database, tenant: TenantId, beginning: &str) -> Result<Report, Fault> {
    let mut report = Report::default();
    let proven = Tenancy::begin(db, tenant).await?.with_prefix(beginning);
    proven.verify_tenant(&mut report, &tenant.to_string(), &|_: &str| {}, &|_: &Line| {}).await?;
    Ok(report)
}

/// Proves every invariant of an open transaction's tenant, including its uncommitted rows, and
/// returns the transaction, to be committed or not.
pub async fn verify_transaction(db: &Database, work: Work, progress: impl Fn(&str)) -> Result<(Work, Report), Fault> {
    let name = work.tenant().to_string();
    let (snapshot, paused) = work.into_snapshot().await?;
    let mut report = Report::default();
    let snapshot = Tenancy::of_snapshot(db, snapshot).verify_tenant(&mut report, &name, &progress, &|_: &Line| {}).await?;
    Ok((paused.resume(snapshot), report))
}

/// Returns the width of the longest invariant.
pub fn invariant_width() -> usize {
    let checked = all_checks::all().map(|check| check.invariant);
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
        references::ORPHANS,
        search::INDEX,
        papers::BYTES,
    ];
    checked.chain(walked).chain(stored_json::INVARIANTS).map(str::len).max().unwrap_or_default()
}
