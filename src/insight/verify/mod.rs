//! `entrepot verify`: proves the ledger's invariants over a whole database, tenant by tenant, and names the first row that breaks one.
//!
//! Most invariants are one statement that finds a broken row (`checks`); what JSON texts say is walked in pages (`walk`). A tenant is read
//! from one snapshot, so that a server may go on writing.

mod alerts;
mod checks;
mod costs;
mod counts;
mod documents;
mod journal;
mod kits;
mod levels;
mod lots;
mod media;
mod purchases;
mod references;
mod report;
mod returns;
mod transfers;
mod walk;

use std::collections::HashMap;

use entity::prelude::TenantId;

pub use report::{Broken, Line, Report};

use self::checks::Check;
use crate::audit;
use crate::storage::{Backend, Database, Fault, Reads, Row, Snapshot};

/// Of a tenant that was erased there is nothing left to prove but its audit log's signatures, which `entrepot audit verify` does.
const ALL: &str = "SELECT id, slug FROM tenant t WHERE NOT EXISTS
    (SELECT 1 FROM tenant_erasure e WHERE e.tenant_id = t.id AND e.erased_at IS NOT NULL) ORDER BY id";

/// Proves every invariant for every tenant. `progress` is told what is being looked at.
pub async fn verify(db: &Database, progress: impl Fn(&str)) -> Result<Report, Fault> {
    let mut report = Report::default();
    // Each check joins whole tables: planned for the few rows that there were when they were last measured, one alone may take hours.
    progress("how large the tables are");
    db.measure(&[]).await?;
    let rows = db.global().rows(ALL, vec![]).await?;
    for row in &rows {
        let mut row = Row::new(row);
        let (tenant, slug): (TenantId, String) = (row.take()?, row.take()?);
        tenant_into(&mut report, db, tenant, &slug, &progress).await?;
    }
    progress("rows of no tenant");
    let (rows, stray) = references::strays(db).await?;
    report.add(references::STRAYS, rows, stray);
    if db.backend() == Backend::Sqlite {
        progress("search index");
        let (rows, broken) = search_index(db).await?;
        report.add(SEARCH_INDEX, rows, broken.map(|b| (TenantId::NIL, b)));
    }
    Ok(report)
}

/// Proves every invariant of one tenant's rows.
pub async fn verify_tenant(db: &Database, tenant: TenantId, progress: impl Fn(&str)) -> Result<Report, Fault> {
    let mut report = Report::default();
    tenant_into(&mut report, db, tenant, &tenant.to_string(), &progress).await?;
    Ok(report)
}

async fn tenant_into(
    report: &mut Report,
    db: &Database,
    tenant: TenantId,
    name: &str,
    progress: &impl Fn(&str),
) -> Result<(), Fault> {
    report.tenants += 1;
    let snapshot = db.global().snapshot_for(tenant).await?;
    let mut counts = Counts { snapshot: &snapshot, rows: HashMap::new() };
    for check in checks::all() {
        progress(&format!("{name}: {}", check.invariant));
        let broken = check.run(&snapshot).await?;
        report.add(check.invariant, counts.of(check.table).await?, broken.map(|b| (tenant, b)));
    }
    progress(&format!("{name}: audit log"));
    let log = audit::verify::whole(&snapshot, None, None).await?;
    report.add(AUDIT, log.entries, log.broken.map(|(seq, why)| (tenant, Broken::audit(seq, why))));
    for (rows, broken) in references::walk(&snapshot, &mut counts, progress, name).await? {
        report.add(references::INVARIANT, rows, broken.map(|b| (tenant, b)));
    }
    for (invariant, rows, broken) in walk::all(&snapshot, progress, name).await? {
        report.add(invariant, rows, broken.map(|b| (tenant, b)));
    }
    Ok(())
}

const AUDIT: &str = "audit: each entry follows from the one before, and none is missing";
const SEARCH_INDEX: &str = "the search index holds what products say";

/// FTS5's own check: with a rank of 1 it compares the index with the table behind it. It is written as an insert, which is undone.
async fn search_index(db: &Database) -> Result<(u64, Option<Broken>), Fault> {
    let rows = db.global().rows("SELECT count(*) FROM product", vec![]).await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| Row::new(row).take())?;
    let work = db.tenant(TenantId::NIL).begin().await?;
    let sql = "INSERT INTO product_search (product_search, rank) SELECT 'integrity-check', 1 WHERE $1 IS NOT NULL";
    let outcome = work.execute(sql, vec![]).await;
    work.rollback().await?;
    let broken = outcome.err().map(|fault| Broken {
        table: "product_search",
        key: "the index".to_owned(),
        expected: "the words of every product's search_text".to_owned(),
        found: fault.to_string(),
    });
    Ok((count.unsigned_abs(), broken))
}

/// How many rows of a table the tenant has, counted once.
struct Counts<'a> {
    snapshot: &'a Snapshot,
    rows: HashMap<&'static str, u64>,
}

impl Counts<'_> {
    async fn of(&mut self, table: &'static str) -> Result<u64, Fault> {
        if let Some(rows) = self.rows.get(table) {
            return Ok(*rows);
        }
        let sql = format!("SELECT count(*) FROM {table} WHERE tenant_id = $1");
        let rows = self.snapshot.rows(&sql, vec![]).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| Row::new(row).take())?;
        self.rows.insert(table, count.unsigned_abs());
        Ok(count.unsigned_abs())
    }
}

impl Check {
    async fn run(&self, snapshot: &Snapshot) -> Result<Option<Broken>, Fault> {
        checks::first(snapshot, self.table, self.broken).await
    }
}
