//! Members: suspended, resumed, removed; and users who belong to several tenants.

use entity::prelude::*;
use platform::storage::{Fault, GlobalReads, GlobalWork, Nested, dry_run, once};

use super::{error::IdentityError, login::LoginOutcome, service::Identity, sessions::SessionProofs};
use crate::identity::{
    core::{self, MemberRefusal, Rejection},
    rows::{
        self,
        members::{self, MemberFilter, MemberPage, MemberView},
        sessions::{self, EndReason, SessionRow, SessionSelection},
    },
    session::{Session, Visit},
};

impl Identity {
    /// A page of the tenant's members, with one more than requested if more follow.
    pub async fn members(&self, tenant: TenantId, page: &MemberPage) -> Result<Vec<MemberView>, Fault> {
        members::page(&self.db.global(), tenant, page).await
    }

    /// Counts the members of the tenant that match the filter, up to one more than `limit`.
    pub async fn count_members(&self, tenant: TenantId, filter: &Nested<MemberFilter>, limit: i64) -> Result<i64, Fault> {
        members::count(&self.db.global(), tenant, filter, limit).await
    }

    /// A member of the tenant, also one who has left.
    pub async fn find_member(&self, tenant: TenantId, member: MemberId) -> Result<Option<MemberView>, Fault> {
        members::member_with_user(&self.db.global(), tenant, member).await
    }

    /// A member as read inside the transaction: in a dry run the result cannot be read afterwards.
    pub(super) async fn read_member_view(
        db: &impl GlobalReads,
        tenant: TenantId,
        member: MemberId,
    ) -> Result<MemberView, IdentityError> {
        Ok(members::member_with_user(db, tenant, member).await?.ok_or(MemberRefusal::Unknown)?)
    }

    /// Begins a change of the membership: other changes of the tenant's rights wait until it ends.
    pub(super) async fn begin_for_members(&self, session: &Session) -> Result<GlobalWork, Fault> {
        let work = self.db.global().maintenance_for(session.tenant).await?;
        self.provisioner.before_members_change(&work).await?;
        Ok(GlobalWork::from(work))
    }

    /// Refuses to take rights from a member that the caller does not hold, as read in the
    /// transaction.
    pub(super) async fn check_rights_over_member(
        &self,
        work: &GlobalWork,
        session: &Session,
        member: MemberId,
    ) -> Result<(), IdentityError> {
        if self.provisioner.holds_all_of(work.tenant(), session.member, member).await? {
            return Ok(());
        }
        Err(MemberRefusal::HoldsMore.into())
    }

    /// Suspends a member or resumes one. The sessions of a suspended member end at once. Callers
    /// cannot suspend themselves, nor the last owner.
    pub async fn set_member_status(
        &self,
        session: &Session,
        member: MemberId,
        status: MemberStatus,
    ) -> Result<MemberView, IdentityError> {
        let now = self.clock.now();
        let work = self.begin_for_members(session).await?;
        let locked_member = members::lock(&work, session.tenant, member).await?;
        let (locked_member, has_left) = locked_member.ok_or(MemberRefusal::Unknown)?;
        if member == session.member {
            return Err(MemberRefusal::SuspendsThemselves.into());
        }
        if locked_member.status == MemberStatus::Invited {
            return Err(MemberRefusal::NotComeIn.into());
        }
        if has_left {
            return Err(MemberRefusal::HasLeft.into());
        }
        if locked_member.status == status {
            return Err(MemberRefusal::StandsSo(status).into());
        }
        self.check_rights_over_member(&work, session, member).await?;
        members::set_status(&work, session.tenant, member, status, now).await?;
        self.ensure_owner_remains(&work, MemberRefusal::LastOwner).await?;
        let ended_sessions = match status {
            MemberStatus::Suspended => {
                sessions::end(&work, SessionSelection::OfMember(session.tenant, member), EndReason::Member, now).await?
            }
            MemberStatus::Active | MemberStatus::Invited => Vec::new(),
        };
        let view = Self::read_member_view(&work, session.tenant, member).await?;
        once::set_subject(&member);
        work.commit().await?;
        self.notify_ended(&ended_sessions);
        Ok(view)
    }

    /// Closes the sockets of sessions that have ended, unless it was a dry run.
    fn notify_ended(&self, ended_sessions: &[SessionId]) {
        if !dry_run::is_on() {
            self.presence.end(ended_sessions);
        }
    }

    async fn ensure_owner_remains(&self, work: &GlobalWork, last: MemberRefusal) -> Result<(), IdentityError> {
        if self.provisioner.has_owner(work.tenant()).await? {
            return Ok(());
        }
        Err(last.into())
    }

    /// Removes a member: their rights and sessions end at once. Records of what they did keep their
    /// name.
    pub async fn remove_member(&self, session: &Session, member: MemberId) -> Result<MemberView, IdentityError> {
        let work = self.begin_for_members(session).await?;
        let locked_member = members::lock(&work, session.tenant, member).await?;
        let (locked_member, has_left) = locked_member.ok_or(MemberRefusal::Unknown)?;
        if member == session.member {
            return Err(MemberRefusal::RemovesThemselves.into());
        }
        if locked_member.status == MemberStatus::Invited {
            return Err(MemberRefusal::OnlyInvited.into());
        }
        if has_left {
            return Err(MemberRefusal::HasLeftAlready.into());
        }
        self.check_rights_over_member(&work, session, member).await?;
        once::set_subject(&member);
        self.remove_from_tenant(work, session.tenant, member, MemberRefusal::LastOwner).await
    }

    /// Removes the caller from the tenant of the session; records of what they did keep their name.
    /// The last owner cannot leave.
    pub async fn leave(&self, session: &Session) -> Result<(), IdentityError> {
        let work = self.begin_for_members(session).await?;
        self.remove_from_tenant(work, session.tenant, session.member, MemberRefusal::LastOwnerLeaves).await.map(drop)
    }

    /// Takes a member's rights and sessions, and commits. Returns the member as changed.
    async fn remove_from_tenant(
        &self,
        work: GlobalWork,
        tenant: TenantId,
        member: MemberId,
        last_owner_refusal: MemberRefusal,
    ) -> Result<MemberView, IdentityError> {
        let now = self.clock.now();
        members::mark_left(&work, tenant, member, now).await?;
        self.ensure_owner_remains(&work, last_owner_refusal).await?;
        self.provisioner.revoke_all_rights(work.tenant(), member).await?;
        let ended_sessions = sessions::end(&work, SessionSelection::OfMember(tenant, member), EndReason::Member, now).await?;
        let view = Self::read_member_view(&work, tenant, member).await?;
        work.commit().await?;
        self.notify_ended(&ended_sessions);
        Ok(view)
    }

    /// Begins a session in another of the user's tenants, with the proofs of this one; it ends
    /// together with the session of the login that it comes from. From a network other than the
    /// login's, a user who has not authenticated `lately` is asked to step up, and gets an e-mail.
    /// A tenant that the user does not belong to is reported as not found, whether it exists or
    /// not.
    pub async fn switch(
        &self,
        session: &Session,
        slug: &str,
        visit: &Visit,
        auth_age: AuthAge,
    ) -> Result<LoginOutcome, IdentityError> {
        let global = self.db.global();
        // A text that cannot be a slug is not queried: a database refuses some of these.
        if core::check_slug(slug).is_some() {
            return Err(Rejection::NoTenant.into());
        }
        let tenant = rows::tenant_by_slug(&global, slug).await?.ok_or(Rejection::NoTenant)?;
        if tenant.id == session.tenant {
            return Err(Rejection::SameTenant.into());
        }
        let memberships = rows::memberships(&global, session.user).await?;
        let membership = memberships.iter().find(|m| m.tenant == tenant.id && m.status == MemberStatus::Active);
        let membership = membership.ok_or(Rejection::NoTenant)?;
        if rows::is_suspended(&global, tenant.id).await? {
            return Err(Rejection::TenantSuspended.into());
        }
        // The password is not available here; if the tenant requires a longer one, the stored
        // length class tells whether it is long enough.
        if let Some(min_length) = rows::security_limits(&global, tenant.id).await?.password_length
            && rows::password_class(&global, session.user).await?.is_none_or(|class| class < min_length)
        {
            return Err(Rejection::TenantAsksLonger { least: min_length }.into());
        }
        let current_session = sessions::by_id(&global, session.id).await?.ok_or(Rejection::TokenExpired)?;
        let start_network = current_session.address.as_deref().and_then(|address| address.parse().ok()).map(core::network);
        let is_other_network = start_network.is_some() && start_network != visit.address.map(core::network);
        if is_other_network && auth_age == AuthAge::LongAgo {
            return Err(IdentityError::StepUp);
        }
        let risk = if is_other_network { self.assess(session.user, visit).await? } else { current_session.risk.clone() };
        let risk = if risk.score < current_session.risk.score { current_session.risk.clone() } else { risk };
        let user = rows::user(&global, session.user).await?.ok_or(Rejection::TokenExpired)?;
        let work = global.begin().await?;
        // The account is locked before any session, in the order of a password change or the
        // confirmation of a factor: no factor is confirmed until this ends.
        rows::lock_password(&work, session.user).await?;
        // The session of the login stays locked until the new one is written, so no session begun
        // from it outlives it.
        let now = self.clock.now();
        let login = sessions::lock(&work, current_session.begun_from.unwrap_or(current_session.id)).await?;
        let row = sessions::by_id(&work, session.id).await?;
        let is_active = |row: &SessionRow| row.ended_at.is_none() && row.ends_at > now;
        let (Some(login), Some(row)) = (login.filter(is_active), row.filter(is_active)) else {
            work.rollback().await?;
            return Err(Rejection::TokenExpired.into());
        };
        // If the user has a second factor but has not shown it, the new session needs it first.
        if row.mfa_at.is_none() && self.has_factor(session.user).await? {
            return self.complete_login(work, membership, tenant, (visit, risk)).await;
        }
        let proofs = SessionProofs {
            auth_at: session.authenticated_at,
            mfa_at: row.mfa_at,
            from: Some((login.id, login.ends_at.min(row.ends_at))),
        };
        let logged_in = self.begin_session(&work, membership, tenant, proofs, (visit, risk.clone())).await?;
        work.commit().await?;
        if is_other_network {
            self.notify_of_login(&user, visit, &risk);
        }
        Ok(LoginOutcome::In(Box::new(logged_in)))
    }
}

/// Age of the last password or code of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthAge {
    /// As recently as a step-up requires.
    Lately,
    LongAgo,
}
