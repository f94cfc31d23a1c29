//! Acts of the operator: their database, their tenants, and their entries in audit logs.

use entity::prelude::*;
use platform::{
    audit::{self, AuditWriter, Target},
    clock::Clock,
    secrets,
    storage::{Database, Fault, Reads, Row, Work},
};

use crate::{
    config::KeysOf,
    serve::{StartError, open_migrated},
};

pub(super) async fn open_with_audit(args: &KeysOf, clock: &Clock) -> Result<(Database, AuditWriter), StartError> {
    let url = &args.database.database_url;
    let db = open_migrated(url, args.database.options()).await?;
    let ring = secrets::open(&db, &args.keys.source(url), clock).await?;
    Ok((db, AuditWriter::new(ring, clock.clone())))
}

/// The tenant with this slug, or all.
pub(in crate::serve) async fn find_tenants(db: &Database, slug: Option<&str>) -> Result<Vec<TenantId>, Fault> {
    let rows = match slug {
        Some(slug) => db.global().rows("SELECT id FROM tenant WHERE slug = $1", vec![slug.into()]).await?,
        None => db.global().rows("SELECT id FROM tenant ORDER BY slug, id", vec![]).await?,
    };
    match slug {
        Some(slug) if rows.is_empty() => Err(Fault::Broken(format!("there is no tenant {slug}"))),
        _ => rows.iter().map(Row::scalar).collect(),
    }
}

/// Records an act of the operator, as the system, in the tenant's audit log, in the transaction of
/// the act itself.
pub(in crate::serve) async fn record(
    audit_writer: &AuditWriter,
    work: &Work,
    action: &str,
    target: Target,
    changes: &serde_json::Value,
) -> Result<(), Fault> {
    let entry = audit_writer.system_entry(Reads::tenant(work), action, Some(target), "command line", changes.to_string());
    work.write(audit::rows::unchained_rows(audit_writer, [(entry, None)])).await
}
