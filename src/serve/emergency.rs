//! Commands for an emergency: end sessions, handle jobs that cannot continue, continue after a
//! restore.

mod jobs;
mod operator;
mod resume;

use entity::prelude::*;
use iam::{
    access::{Access, Policies},
    identity::{end_sessions, open_sessions},
};
use platform::{
    audit::Target,
    clock::Clock,
    storage::{Database, Fault, GlobalWork},
};

use super::{StartError, print_stdout};
use crate::config::SessionsAction;

use operator::open_with_audit;

pub use jobs::run as job;
pub(super) use operator::{find_tenants, record};
pub use resume::run as resume;

/// `entrepot sessions`.
pub async fn sessions(action: SessionsAction) -> Result<(), StartError> {
    let SessionsAction::End { of: args, tenant: slug, all, api_keys, yes } = action;
    let (clock, mut ended_sessions, mut revoked_keys) = (Clock::system(), 0, 0);
    let (db, audit_writer) = open_with_audit(&args, &clock).await?;
    let tenants = find_tenants(&db, slug.as_deref()).await?;
    let access = Access::with_audit_writer(db.clone(), clock.clone(), Policies::load().await?, audit_writer.clone());
    if (all || api_keys) && !yes {
        return Err(Fault::Broken(count_sessions(&db, &access, &tenants, api_keys).await?).into());
    }
    for tenant in tenants.iter().copied() {
        let work = GlobalWork::from(db.global().maintenance_for(tenant).await?);
        let sessions = end_sessions(&work, tenant, clock.now()).await?;
        let changes = serde_json::json!({ "sessions": sessions });
        record(&audit_writer, work.tenant(), "session.end.all", Target::of(tenant), &changes).await?;
        work.commit().await?;
        ended_sessions += sessions;
        if api_keys {
            revoked_keys += access.revoke_all_as_system(tenant, "api_key.revoke.all").await?.len();
        }
    }
    print_stdout(&format!(
        "{ended_sessions} session(s) of {} tenant(s) are ended, with their refresh tokens; running nodes notice within five seconds",
        tenants.len()
    ))?;
    print_stdout(&if api_keys {
        format!("{revoked_keys} API key(s) are revoked: make new ones with apiKeyCreate")
    } else {
        "API keys are not sessions: revoke them with apiKeyRevoke, or all of them with --api-keys".to_owned()
    })?;
    db.close().await?;
    Ok(())
}

/// Returns the number of sessions and keys that would be ended, in words.
async fn count_sessions(db: &Database, access: &Access, tenants: &[TenantId], api_keys: bool) -> Result<String, Fault> {
    let (mut sessions, mut keys) = (0, 0);
    for tenant in tenants.iter().copied() {
        sessions += open_sessions(db, tenant).await?;
        if api_keys {
            keys += access.active_keys(tenant).await?.len();
        }
    }
    let keys = if api_keys { format!(", and {keys} API key(s) revoked") } else { String::new() };
    Ok(format!("{sessions} session(s) of {} tenant(s) would be ended{keys}: repeat it with --yes", tenants.len()))
}
