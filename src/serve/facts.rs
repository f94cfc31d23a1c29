//! `entrepot facts`: demand facts from the command line.

use std::time::Duration;

use entity::{prelude::*, record::Selected};
use platform::{
    clock::Clock,
    storage::{Database, Fault},
};
use services::demand::shell::{self, CheckResult, RebuildResult};

use super::{StartError, migrated, say, tenant_slugs::SluggedTenant};
use crate::config::FactsAction;

/// Events of a page, if they change no more days than a page holds: a rebuild is not urgent, but on
/// SQLite writers wait while a page is written.
const EVENT_PAGE_ROWS: i64 = 20_000;

/// Returns whether every tenant's facts match documents and ledger; true without a check.
pub async fn run(action: FactsAction) -> Result<bool, StartError> {
    let FactsAction::Rebuild { database, tenant, check } = action;
    let db = migrated(&database.database_url, database.options()).await?;
    let (clock, mut is_equal) = (Clock::system(), true);
    for (tenant, slug) in tenants(&db, tenant.as_deref()).await? {
        let started = clock.monotonic();
        if check {
            let checked = shell::check(&db, tenant, EVENT_PAGE_ROWS).await?;
            say(&comparison_line(&slug, &checked, clock.monotonic().since(started)))?;
            is_equal &= checked.is_equal();
        } else {
            let rebuilt = shell::rebuild(&db, tenant, EVENT_PAGE_ROWS).await?;
            say(&format!("rebuilt {slug}: {}; {:.1} s", line(&rebuilt), clock.monotonic().since(started).as_secs_f64()))?;
        }
    }
    db.close().await?;
    Ok(is_equal)
}

fn line(of: &RebuildResult) -> String {
    format!("generation {}, seq {}, {} rows, checksum {}", of.generation, of.seq, of.rows, of.sum)
}

fn comparison_line(slug: &str, checked: &CheckResult, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if checked.is_equal() {
        return format!("equal   {slug}: {}; {seconds:.1} s", line(&checked.kept));
    }
    let row = checked.difference.as_deref().unwrap_or("the book alone: `entrepot verify` says how");
    format!(
        "DIFFERS {slug}: stored {}, recalculated {}; first at {row}. Run `entrepot facts rebuild`.",
        line(&checked.kept),
        line(&checked.made)
    )
}

/// Tenants that are not erased, by their short names.
async fn tenants(db: &Database, only: Option<&str>) -> Result<Vec<(TenantId, String)>, Fault> {
    let sql = format!(
        "SELECT {} FROM tenant t WHERE NOT EXISTS
        (SELECT 1 FROM tenant_erasure e WHERE e.tenant_id = t.id AND e.erased_at IS NOT NULL) ORDER BY t.slug",
        SluggedTenant::SELECT
    );
    let mut tenants = Vec::new();
    for SluggedTenant { id: tenant, slug } in db.global().records(&sql, vec![]).await? {
        if only.is_none_or(|only| only == slug) {
            tenants.push((tenant, slug));
        }
    }
    match only {
        Some(slug) if tenants.is_empty() => Err(Fault::Broken(format!("there is no tenant {slug}"))),
        _ => Ok(tenants),
    }
}
