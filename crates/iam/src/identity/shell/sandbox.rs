//! Tenants for trying things out, beside the tenant of whoever makes them.

use entity::{
    prelude::{MemberStatus, TenantId},
    tenant,
};
use platform::storage::{Fault, once};

use super::{Identity, IdentityError, register::Account};
use crate::identity::{
    Session,
    core::{self, NewSandbox, Rejection},
    rows::{self, sandboxes},
};

impl Identity {
    /// Makes a sandbox beside the tenant of the session. Whoever makes it owns it and comes into it with `switch`; its keys begin with
    /// `epk_test_` and open no other tenant.
    pub async fn sandbox_create(&self, session: &Session, new: NewSandbox) -> Result<tenant::Model, IdentityError> {
        let wrong = core::check_sandbox(&new);
        if !wrong.is_empty() {
            return Err(IdentityError::Refused(wrong));
        }
        let global = self.db.global();
        let live = rows::tenant(&global, session.tenant).await?;
        let live = live.ok_or_else(|| Fault::corrupt("session", "a session has a tenant"))?;
        if live.sandbox {
            return Err(Rejection::SandboxOfSandbox.into());
        }
        if rows::tenant_by_slug(&global, &new.slug).await?.is_some() {
            return Err(Rejection::SlugTaken.into());
        }
        let taken = sandboxes::slots(&global, live.id).await?;
        let Some(slot) = core::free_slot(&taken) else {
            return Err(Rejection::TooManySandboxes { most: core::MAX_SANDBOXES }.into());
        };
        let rules = sandboxes::session_rules(&global, live.id).await?;
        // What people have to show, and what prices are in, is as in the tenant that is tried out.
        let sandbox = tenant::Model {
            sandbox: true,
            default_currency: live.default_currency,
            time_zone: live.time_zone,
            mfa_required: live.mfa_required,
            reservation_seconds: live.reservation_seconds,
            ..self.new_tenant(&new.name, &new.slug)
        };
        // The receipt of a key is the live tenant's, whose transaction makes no other tenant. It comes first, so that no call makes a second sandbox.
        once::by_itself(&self.db.tenant(live.id), &sandbox.id).await?;
        let written = async {
            let (work, _) = self.write_tenant(sandbox.clone(), Account::Existing(session.user)).await?;
            sandboxes::belongs(&work, sandbox.id, (live.id, slot), rules).await?;
            work.commit().await
        };
        match written.await {
            Ok(()) => Ok(sandbox),
            Err(fault) => Err(match fault.unique_violation() {
                Some(message) if message.contains("slug") => Rejection::SlugTaken.into(),
                Some(message) if message.contains("sandbox") => Rejection::SandboxRaced.into(),
                _ => fault.into(),
            }),
        }
    }

    /// The sandbox that an earlier call with the same key has made; None if that call failed or has not ended, if the sandbox is gone, and if the user has
    /// left it since.
    pub async fn sandbox_of_earlier(&self, session: &Session, id: TenantId) -> Result<Option<tenant::Model>, Fault> {
        let global = self.db.global();
        let memberships = rows::memberships(&global, session.user).await?;
        if memberships.iter().any(|one| one.tenant == id && one.status == MemberStatus::Active) {
            rows::tenant(&global, id).await
        } else {
            Ok(None)
        }
    }
}
