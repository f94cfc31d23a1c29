//! `entrepot facts`: demand facts from the command line.

use std::time::Duration;

use entity::{prelude::*, record::Selected};
use platform::{
    clock::Clock,
    storage::{Database, Fault},
};
use services::demand::shell::{self, CheckResult, RebuildResult};

use super::{StartError, open_migrated, print_stdout, tenant_slugs::SluggedTenant};
use crate::config::FactsAction;

/// Events of a page, if they change no more days than a page holds: a rebuild is not urgent, but on
/// SQLite writers wait while a page is written.
const EVENT_PAGE_ROWS: i64 = 20_000;

/// Returns whether every tenant's facts match documents and ledger; true without a check.
pub async fn run(action: FactsAction) -> Result<bool, StartError> {
    let FactsAction::Rebuild { database, tenant, check } = action;
    let db = open_migrated(&database.database_url, database.options()).await?;
    let (clock, mut is_equal) = (Clock::system(), true);
    for (tenant, slug) in find_tenants(&db, tenant.as_deref()).await? {
        let started = clock.monotonic();
        if check {
            let checked = shell::check(&db, tenant, EVENT_PAGE_ROWS).await?;
            print_stdout(&comparison_line(&slug, &checked, clock.monotonic().since(started)))?;
            is_equal &= checked.is_equal();
        } else {
            let result = shell::rebuild(&db, tenant, EVENT_PAGE_ROWS).await?;
            print_stdout(&format!("rebuilt {slug}: {}; {:.1} s", line(&result), clock.monotonic().since(started).as_secs_f64()))?;
        }
    }
    db.close().await?;
    Ok(is_equal)
}

fn line(result: &RebuildResult) -> String {
    format!("generation {}, seq {}, {} rows, checksum {}", result.generation, result.seq, result.rows, result.sum)
}

fn comparison_line(slug: &str, checked: &CheckResult, duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
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
async fn find_tenants(db: &Database, only_slug: Option<&str>) -> Result<Vec<(TenantId, String)>, Fault> {
    let sql = format!(
        "SELECT {} FROM tenant t WHERE NOT EXISTS
        (SELECT 1 FROM tenant_erasure e WHERE e.tenant_id = t.id AND e.erased_at IS NOT NULL) ORDER BY t.slug",
        SluggedTenant::SELECT
    );
    let mut tenants = Vec::new();
    for SluggedTenant { id: tenant, slug } in db.global().records(&sql, vec![]).await? {
        if only_slug.is_none_or(|only_slug| only_slug == slug) {
            tenants.push((tenant, slug));
        }
    }
    match only_slug {
        Some(slug) if tenants.is_empty() => Err(Fault::Broken(format!("there is no tenant {slug}"))),
        _ => Ok(tenants),
    }
}
