//! GraphQL of the audit log.

pub mod types;

use async_graphql::Context;
use entity::prelude::AuditId;
use iam::access::kind;
use platform::audit::{Audit, rows};

pub use types::{AuditEntry, AuditEntryConnection, AuditOutcome, AuditVerification, hide};

use crate::graphql::{context::ContextExt, fault::Answer};

/// The audit entry with an ID, for callers who may read the log.
pub async fn find_audit_entry(ctx: &Context<'_>, id: AuditId) -> Answer<Option<AuditEntry>> {
    let permit = ctx.permit::<kind::AuditRead>()?;
    let scope = permit.scope(ctx.required_data::<Audit>()?.database());
    Ok(rows::by_id(&scope, id).await?.and_then(AuditEntry::of))
}
