//! A tenant is suspended and resumed, and tenants are listed with their status.

use iam::tenancy::suspension::{self, TenantFacts};
use platform::{
    clock::{self, Clock},
    jobs,
};

use super::command::{TenantCommand, unknown_tenant};
use crate::{
    config::DatabaseArgs,
    serve::{StartError, open_migrated, print_stdout},
};

pub(super) async fn suspend(command: TenantCommand, slug: &str, reason: &str, clock: &Clock) -> Result<(), StartError> {
    let work = command.db.tenant(command.tenant).begin().await?;
    let message = if suspension::suspend(&work, reason, clock.now()).await? {
        // Their workers lose the lease, and no worker takes the jobs before the tenant is resumed.
        let held_jobs = jobs::release_held_jobs(&work).await?;
        command.record_in(&work, "tenant.suspend", serde_json::json!({ "reason": reason })).await?;
        work.commit().await?;
        format!(
            "{slug} is suspended: running nodes refuse everybody of it within five seconds; {held_jobs} job(s) that ran wait. \
             `entrepot tenant resume {slug}` takes it back"
        )
    } else {
        let tenant_facts = suspension::find(&work).await?;
        work.rollback().await?;
        format!("{slug} was suspended before, {}; nothing is changed", status(&tenant_facts))
    };
    print_stdout(&message)?;
    command.db.close().await?;
    Ok(())
}

pub(super) async fn resume(command: TenantCommand, slug: &str) -> Result<(), StartError> {
    let work = command.db.tenant(command.tenant).begin().await?;
    let previous = suspension::find(&work).await?;
    let message = if suspension::resume(&work).await? {
        let changes = serde_json::json!({
            "reason": previous.suspended_reason,
            "suspendedAt": previous.suspended_at.map(clock::rfc3339),
        });
        command.record_in(&work, "tenant.resume", changes).await?;
        work.commit().await?;
        format!("{slug} is resumed: running nodes serve it again within five seconds, and its waiting jobs continue")
    } else {
        work.rollback().await?;
        format!("{slug} is not suspended; nothing is changed")
    };
    print_stdout(&message)?;
    command.db.close().await?;
    Ok(())
}

/// Lists one tenant or all, a line each: slug, name, kind, creation time, and status, between tabs.
pub(super) async fn list(database: &DatabaseArgs, slug: Option<&str>) -> Result<(), StartError> {
    let db = open_migrated(&database.database_url, database.options()).await?;
    let mut tenants = suspension::all(&db.global()).await?;
    if let Some(slug) = slug {
        tenants.retain(|tenant| tenant.slug == slug);
        if tenants.is_empty() {
            return Err(unknown_tenant(slug).into());
        }
    }
    for tenant in &tenants {
        let kind = if tenant.sandbox { "sandbox" } else { "live" };
        let name = tenant.name.replace(['\t', '\n', '\r'], " ");
        let created = clock::rfc3339(tenant.created_at);
        print_stdout(&format!("{}\t{name}\t{kind}\tcreated {created}\t{}", tenant.slug, status(tenant)))?;
    }
    db.close().await?;
    Ok(())
}

fn status(tenant: &TenantFacts) -> String {
    match (tenant.suspended_at, &tenant.suspended_reason) {
        (Some(at), Some(reason)) => format!("SUSPENDED since {}: {reason}", clock::rfc3339(at)),
        (Some(at), None) => format!("SUSPENDED since {}", clock::rfc3339(at)),
        (None, _) => "ACTIVE".to_owned(),
    }
}
