//! The tenant of a command: its database, its plan, and entries in its audit log.

use entity::{prelude::*, tables::TenantPlan};
use iam::tenancy::plan;
use platform::{
    audit::{self, AuditWriter, Target},
    clock::Clock,
    secrets::{self, KeyRing},
    storage::{Database, Fault, Row, Work},
};

use crate::{
    config::{KeysOf, PlannedLimit},
    serve::{StartError, open_migrated},
};

/// The database, the tenant that is meant, and the writer of its log.
pub(super) struct TenantCommand {
    pub(super) db: Database,
    pub(super) tenant: TenantId,
    audit_writer: AuditWriter,
    pub(super) ring: KeyRing,
}

impl TenantCommand {
    pub(super) async fn open(args: &KeysOf, clock: &Clock, slug: &str) -> Result<Self, StartError> {
        let url = &args.database.database_url;
        let db = open_migrated(url, args.database.options()).await?;
        let tenant_rows = db.global().rows("SELECT id FROM tenant WHERE slug = $1", vec![slug.into()]).await?;
        let row = tenant_rows.first().ok_or_else(|| unknown_tenant(slug))?;
        let tenant = Row::scalar(row)?;
        let ring = secrets::open(&db, &args.keys.source(url), clock).await?;
        let audit_writer = AuditWriter::new(ring.clone(), clock.clone());
        Ok(Self { db, tenant, audit_writer, ring })
    }

    /// Writes the limits that are given and keeps the others.
    pub(super) async fn set_plan(&self, planned: [Option<PlannedLimit>; 3], now: Timestamp) -> Result<TenantPlan, Fault> {
        let work = self.db.tenant(self.tenant).begin().await?;
        let old = plan::find(&work).await?;
        let previous_limit = |limit: fn(&TenantPlan) -> &Option<String>| old.as_ref().and_then(|old| limit(old).clone());
        let [member, integration, together] = planned;
        let choose = |planned: Option<PlannedLimit>, previous_limit| planned.map_or(previous_limit, |planned| planned.0);
        let new_plan = TenantPlan {
            tenant_id: self.tenant,
            member: choose(member, previous_limit(|plan| &plan.member)),
            integration: choose(integration, previous_limit(|plan| &plan.integration)),
            tenant: choose(together, previous_limit(|plan| &plan.tenant)),
            updated_at: now,
        };
        plan::set(&work, new_plan.clone()).await?;
        let changes =
            serde_json::json!({ "member": new_plan.member, "integration": new_plan.integration, "tenant": new_plan.tenant });
        self.record_in(&work, "tenant.plan", changes).await?;
        work.commit().await?;
        Ok(new_plan)
    }

    /// Writes an action to the tenant's own audit log, as one of the system: the operator at the
    /// machine has no other actor.
    pub(super) async fn record(&self, action: &str, changes: serde_json::Value) -> Result<(), Fault> {
        let work = self.db.tenant(self.tenant).begin().await?;
        self.record_in(&work, action, changes).await?;
        work.commit().await
    }

    pub(super) async fn record_in(&self, work: &Work, action: &str, changes: serde_json::Value) -> Result<(), Fault> {
        let about = Some(Target::of(self.tenant));
        let entry = self.audit_writer.system_entry(self.tenant, action, about, "command line", changes.to_string());
        work.write(audit::rows::unchained_rows(&self.audit_writer, [(entry, None)])).await
    }
}

pub(super) fn unknown_tenant(slug: &str) -> Fault {
    Fault::Broken(format!("there is no tenant {slug}"))
}
