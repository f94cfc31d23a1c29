//! `entrepot audit`: proving the log from the command line.

use entity::{prelude::*, record::Selected};
use platform::{
    audit::{self, AuditWriter, verify::Verification},
    clock::Clock,
    secrets,
    storage::{Database, Fault},
};

use super::{StartError, migrated, say, tenant_slugs::SluggedTenant};
use crate::config::AuditAction;

/// Whether every chain that was walked holds.
pub async fn run(action: AuditAction) -> Result<bool, StartError> {
    let AuditAction::Verify { of, tenant } = action;
    let url = &of.database.database_url;
    let clock = Clock::system();
    let db = migrated(url, of.database.options()).await?;
    let audit_writer = AuditWriter::new(secrets::open(&db, &of.keys.source(url), &clock).await?, clock.clone());
    let mut is_sound = true;
    for (tenant, name) in chains(&db, tenant.as_deref()).await? {
        let snapshot = db.tenant(tenant).snapshot().await?;
        let found = audit::verify::whole(&snapshot, Some(&audit_writer), Some(clock.now())).await?;
        say(&line(&name, &found))?;
        is_sound &= found.is_ok();
    }
    db.close().await?;
    Ok(is_sound)
}

fn line(name: &str, found: &Verification) -> String {
    let Verification { entries, checkpoints, .. } = found;
    match &found.broken {
        None => format!("ok      {name}: {entries} entries, {checkpoints} checkpoints, head {}", hex::encode(found.head)),
        Some((seq, why)) => format!("BROKEN  {name}: at entry {seq}: {why}; {entries} entries before it hold"),
    }
}

/// The chains to walk, by the tenants' short names.
async fn chains(db: &Database, only: Option<&str>) -> Result<Vec<(TenantId, String)>, Fault> {
    let sql = format!("SELECT {} FROM tenant t ORDER BY t.slug", SluggedTenant::SELECT);
    let mut chains = Vec::new();
    for SluggedTenant { id: tenant, slug } in db.global().records(&sql, vec![]).await? {
        if only.is_none_or(|only| only == slug) {
            chains.push((tenant, slug));
        }
    }
    match only {
        None => chains.push((TenantId::NIL, "the deployment".to_owned())),
        Some(slug) if chains.is_empty() => return Err(Fault::Broken(format!("there is no tenant {slug}"))),
        Some(_) => {}
    }
    Ok(chains)
}
