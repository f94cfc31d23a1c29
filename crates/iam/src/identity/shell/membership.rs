//! Members: suspended, let in again, gone; and people who belong to several tenants.

use entity::prelude::*;
use platform::storage::{Fault, GlobalReads, GlobalWork, Nested, dry_run, once};

use super::{Entered, Identity, IdentityError, Visit, sessions::Proven};
use crate::identity::{
    Session,
    core::{self, MemberRefusal, Rejection},
    rows::{
        self,
        members::{self, MemberFilter, MemberPage, MemberView},
        sessions::{self, EndReason, SessionRow, Which},
    },
};

impl Identity {
    /// A part of the tenant's list of members, one more than was asked for if there are more.
    pub async fn members(&self, tenant: TenantId, page: &MemberPage) -> Result<Vec<MemberView>, Fault> {
        members::page(&self.db.global(), tenant, page).await
    }

    /// How many members of the tenant the filter finds, counted up to one more than `most`.
    pub async fn count_members(&self, tenant: TenantId, filter: &Nested<MemberFilter>, most: i64) -> Result<i64, Fault> {
        members::count(&self.db.global(), tenant, filter, most).await
    }

    /// A member of the tenant, also one who has left.
    pub async fn find_member(&self, tenant: TenantId, member: MemberId) -> Result<Option<MemberView>, Fault> {
        members::member_with_user(&self.db.global(), tenant, member).await
    }

    /// A member as a transaction leaves them: in a dry run nobody can read it afterwards.
    pub(super) async fn viewed(db: &impl GlobalReads, tenant: TenantId, member: MemberId) -> Result<MemberView, IdentityError> {
        Ok(members::member_with_user(db, tenant, member).await?.ok_or(MemberRefusal::Unknown)?)
    }

    /// Begins a change of who is a member: other changes of the tenant's rights wait until it ends.
    pub(super) async fn begin_for_members(&self, session: &Session) -> Result<GlobalWork, Fault> {
        let work = self.db.global().maintenance_for(session.tenant).await?;
        self.provisioner.before_members_change(&work).await?;
        Ok(GlobalWork::from(work))
    }

    /// Nobody takes from somebody what they do not hold themselves, as it stands in the transaction.
    pub(super) async fn within_own_rights(
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

    /// Lets a member in no longer, or again. The sessions of one who is suspended end at once. Nobody suspends themselves, and the last owner stays.
    pub async fn set_standing(
        &self,
        session: &Session,
        member: MemberId,
        status: MemberStatus,
    ) -> Result<MemberView, IdentityError> {
        let now = self.clock.now();
        let work = self.begin_for_members(session).await?;
        let found = members::lock(&work, session.tenant, member).await?;
        let (found, has_left) = found.ok_or(MemberRefusal::Unknown)?;
        if member == session.member {
            return Err(MemberRefusal::SuspendsThemselves.into());
        }
        if found.status == MemberStatus::Invited {
            return Err(MemberRefusal::NotComeIn.into());
        }
        if has_left {
            return Err(MemberRefusal::HasLeft.into());
        }
        if found.status == status {
            return Err(MemberRefusal::StandsSo(status).into());
        }
        self.within_own_rights(&work, session, member).await?;
        members::set_status(&work, session.tenant, member, status, now).await?;
        self.keep_an_owner(&work, MemberRefusal::LastOwner).await?;
        let ended = match status {
            MemberStatus::Suspended => {
                sessions::end(&work, Which::OfMember(session.tenant, member), EndReason::Member, now).await?
            }
            MemberStatus::Active | MemberStatus::Invited => Vec::new(),
        };
        let view = Self::viewed(&work, session.tenant, member).await?;
        once::set_subject(&member);
        work.commit().await?;
        self.told_of_end(&ended);
        Ok(view)
    }

    /// Closes the sockets of sessions that have ended, unless it was a dry run.
    fn told_of_end(&self, ended: &[SessionId]) {
        if !dry_run::is_on() {
            self.presence.end(ended);
        }
    }

    async fn keep_an_owner(&self, work: &GlobalWork, last: MemberRefusal) -> Result<(), IdentityError> {
        if self.provisioner.has_owner(work.tenant()).await? {
            return Ok(());
        }
        Err(last.into())
    }

    /// Removes a member: they have no rights any more and their sessions end at once. What they did keeps their name.
    pub async fn remove_member(&self, session: &Session, member: MemberId) -> Result<MemberView, IdentityError> {
        let work = self.begin_for_members(session).await?;
        let found = members::lock(&work, session.tenant, member).await?;
        let (found, has_left) = found.ok_or(MemberRefusal::Unknown)?;
        if member == session.member {
            return Err(MemberRefusal::RemovesThemselves.into());
        }
        if found.status == MemberStatus::Invited {
            return Err(MemberRefusal::OnlyInvited.into());
        }
        if has_left {
            return Err(MemberRefusal::HasLeftAlready.into());
        }
        self.within_own_rights(&work, session, member).await?;
        once::set_subject(&member);
        self.part(work, session.tenant, member, MemberRefusal::LastOwner).await
    }

    /// The caller leaves the tenant of the session, and what they did keeps their name. The last owner stays.
    pub async fn leave(&self, session: &Session) -> Result<(), IdentityError> {
        let work = self.begin_for_members(session).await?;
        self.part(work, session.tenant, session.member, MemberRefusal::LastOwnerLeaves).await.map(drop)
    }

    /// Takes a member's rights and sessions, and commits. The member is as they are then.
    async fn part(
        &self,
        work: GlobalWork,
        tenant: TenantId,
        member: MemberId,
        last: MemberRefusal,
    ) -> Result<MemberView, IdentityError> {
        let now = self.clock.now();
        members::set_left(&work, tenant, member, now).await?;
        self.keep_an_owner(&work, last).await?;
        self.provisioner.take_rights(work.tenant(), member).await?;
        let ended = sessions::end(&work, Which::OfMember(tenant, member), EndReason::Member, now).await?;
        let view = Self::viewed(&work, tenant, member).await?;
        work.commit().await?;
        self.told_of_end(&ended);
        Ok(view)
    }

    /// Begins a session in another of the user's tenants, with what they have shown in this one, where it ends with the session of the login that it comes
    /// from. From another network than that one's, somebody who has not shown who they are `lately` is asked to, and its owner hears of it. A tenant
    /// that is not theirs is not found, whether there is one of the name or not.
    pub async fn switch(&self, session: &Session, slug: &str, visit: &Visit, shown: Shown) -> Result<Entered, IdentityError> {
        let global = self.db.global();
        // What can be no tenant's short name is not looked for: a database refuses some of it.
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
        // The password is not at hand here; where the tenant asks for a longer one, what is kept of its length says whether it will do.
        if let Some(least) = rows::strictness(&global, tenant.id).await?.password_length
            && rows::password_class(&global, session.user).await?.is_none_or(|class| class < least)
        {
            return Err(Rejection::TenantAsksLonger { least }.into());
        }
        let here = sessions::by_id(&global, session.id).await?.ok_or(Rejection::TokenExpired)?;
        let began = here.address.as_deref().and_then(|address| address.parse().ok()).map(core::network);
        let is_elsewhere = began.is_some() && began != visit.address.map(core::network);
        if is_elsewhere && shown == Shown::LongAgo {
            return Err(IdentityError::StepUp);
        }
        let risk = if is_elsewhere { self.assess(session.user, visit).await? } else { here.risk.clone() };
        let risk = if risk.score < here.risk.score { here.risk.clone() } else { risk };
        let user = rows::user(&global, session.user).await?.ok_or(Rejection::TokenExpired)?;
        let work = global.begin().await?;
        // Before any session, as whoever changes the password or confirms a factor takes them: none is confirmed until this ends.
        rows::lock_password(&work, session.user).await?;
        // The session of the login stays as it is until this one stands beside it: nothing that is switched to outlives it.
        let now = self.clock.now();
        let login = sessions::lock(&work, here.begun_from.unwrap_or(here.id)).await?;
        let row = sessions::by_id(&work, session.id).await?;
        let goes_on = |row: &SessionRow| row.ended_at.is_none() && row.ends_at > now;
        let (Some(login), Some(row)) = (login.filter(goes_on), row.filter(goes_on)) else {
            work.rollback().await?;
            return Err(Rejection::TokenExpired.into());
        };
        // A session of two factors is needed where the user has two and has shown one only.
        if row.mfa_at.is_none() && self.has_factor(session.user).await? {
            return self.enter(work, membership, tenant, (visit, risk)).await;
        }
        let proven = Proven {
            auth_at: session.authenticated_at,
            mfa_at: row.mfa_at,
            from: Some((login.id, login.ends_at.min(row.ends_at))),
        };
        let logged_in = self.begin_session(&work, membership, tenant, proven, (visit, risk.clone())).await?;
        work.commit().await?;
        if is_elsewhere {
            self.tell_of_login(&user, visit, &risk);
        }
        Ok(Entered::In(Box::new(logged_in)))
    }
}

/// When somebody last showed a password or a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As lately as a step-up asks for.
    Lately,
    LongAgo,
}
