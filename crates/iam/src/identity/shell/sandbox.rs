//! Sandboxes: tenants for tests, beside the live tenant of their creator.

use entity::{
    prelude::{MemberStatus, TenantId},
    tenant,
};
use platform::storage::{Fault, once};

use super::{error::IdentityError, register::Account, service::Identity};
use crate::identity::{
    core::{self, NewSandbox, Rejection},
    rows::{self, sandboxes},
    session::Session,
};

impl Identity {
    /// Creates a sandbox beside the tenant of the session. Its creator owns it and enters it with
    /// `switch`; its keys begin with `epk_test_` and open no other tenant.
    pub async fn sandbox_create(&self, session: &Session, new: NewSandbox) -> Result<tenant::Model, IdentityError> {
        let rejections = core::check_sandbox(&new);
        if !rejections.is_empty() {
            return Err(IdentityError::Refused(rejections));
        }
        let global = self.db.global();
        let live_tenant = rows::tenant(&global, session.tenant).await?;
        let live_tenant = live_tenant.ok_or_else(|| Fault::corrupt("session", "a session has a tenant"))?;
        if live_tenant.sandbox {
            return Err(Rejection::SandboxOfSandbox.into());
        }
        if rows::tenant_by_slug(&global, &new.slug).await?.is_some() {
            return Err(Rejection::SlugTaken.into());
        }
        let used_slots = sandboxes::taken_slots(&global, live_tenant.id).await?;
        let Some(slot) = core::free_slot(&used_slots) else {
            return Err(Rejection::TooManySandboxes { most: core::MAX_SANDBOXES }.into());
        };
        let rules = sandboxes::session_rules(&global, live_tenant.id).await?;
        // The required factors, the currency and the time zone are those of the live tenant.
        let sandbox = tenant::Model {
            sandbox: true,
            default_currency: live_tenant.default_currency,
            time_zone: live_tenant.time_zone,
            mfa_required: live_tenant.mfa_required,
            reservation_seconds: live_tenant.reservation_seconds,
            ..self.new_tenant(&new.name, &new.slug)
        };
        // The receipt of the key belongs to the live tenant, whose transaction cannot create
        // another tenant. It is written first, so that no repeated call creates a second sandbox.
        once::store_receipt_alone(&self.db.tenant(live_tenant.id), &sandbox.id).await?;
        let transaction = async {
            let (work, _) = self.write_tenant(sandbox.clone(), Account::Existing(session.user)).await?;
            sandboxes::set_sandbox_owner(&work, sandbox.id, (live_tenant.id, slot), rules).await?;
            work.commit().await
        };
        match transaction.await {
            Ok(()) => Ok(sandbox),
            Err(fault) => Err(match fault.unique_violation() {
                Some(message) if message.contains("slug") => Rejection::SlugTaken.into(),
                Some(message) if message.contains("sandbox") => Rejection::SandboxRaced.into(),
                _ => fault.into(),
            }),
        }
    }

    /// The sandbox that an earlier call with the same key has created; None if that call failed or
    /// has not ended, if the sandbox is gone, or if the user has left it since.
    pub async fn find_earlier_sandbox(&self, session: &Session, id: TenantId) -> Result<Option<tenant::Model>, Fault> {
        let global = self.db.global();
        let memberships = rows::memberships(&global, session.user).await?;
        if memberships.iter().any(|membership| membership.tenant == id && membership.status == MemberStatus::Active) {
            rows::tenant(&global, id).await
        } else {
            Ok(None)
        }
    }
}
