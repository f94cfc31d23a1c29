//! `entrepot audit`: proving the log from the command line.

use entity::{prelude::*, record::Selected};
use platform::{
    audit::{self, AuditWriter, verify::Verification},
    clock::Clock,
    secrets,
    storage::{Database, Fault},
};

use super::{StartError, open_migrated, print_stdout, tenant_slugs::SluggedTenant};
use crate::config::AuditAction;

/// Whether every chain that was walked holds.
pub async fn run(action: AuditAction) -> Result<bool, StartError> {
    let AuditAction::Verify { of: args, tenant } = action;
    let url = &args.database.database_url;
    let clock = Clock::system();
    let db = open_migrated(url, args.database.options()).await?;
    let audit_writer = AuditWriter::new(secrets::open(&db, &args.keys.source(url), &clock).await?, clock.clone());
    let mut is_sound = true;
    for (tenant, name) in chains(&db, tenant.as_deref()).await? {
        let snapshot = db.tenant(tenant).snapshot().await?;
        let verification = audit::verify::verify_chain(&snapshot, Some(&audit_writer), Some(clock.now())).await?;
        print_stdout(&line(&name, &verification))?;
        is_sound &= verification.is_ok();
    }
    db.close().await?;
    Ok(is_sound)
}

fn line(name: &str, verification: &Verification) -> String {
    let Verification { entries, checkpoints, .. } = verification;
    match &verification.broken {
        None => format!("ok      {name}: {entries} entries, {checkpoints} checkpoints, head {}", hex::encode(verification.head)),
        Some((seq, reason)) => format!("BROKEN  {name}: at entry {seq}: {reason}; {entries} entries before it hold"),
    }
}

/// The chains to walk, by the tenants' short names.
async fn chains(db: &Database, only_slug: Option<&str>) -> Result<Vec<(TenantId, String)>, Fault> {
    let sql = format!("SELECT {} FROM tenant t ORDER BY t.slug", SluggedTenant::SELECT);
    let mut chains = Vec::new();
    for SluggedTenant { id: tenant, slug } in db.global().records(&sql, vec![]).await? {
        if only_slug.is_none_or(|only_slug| only_slug == slug) {
            chains.push((tenant, slug));
        }
    }
    match only_slug {
        None => chains.push((TenantId::NIL, "the deployment".to_owned())),
        Some(slug) if chains.is_empty() => return Err(Fault::Broken(format!("there is no tenant {slug}"))),
        Some(_) => {}
    }
    Ok(chains)
}
