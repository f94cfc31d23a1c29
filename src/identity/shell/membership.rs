//! Members: suspended, let in again, gone; and people who belong to several tenants.

use entity::prelude::*;

use super::{Entered, Identity, IdentityError, Visit};
use crate::{
    identity::{
        Session,
        core::Rejection,
        rows::{
            self, MemberView,
            sessions::{self, EndReason, Which},
        },
    },
    path,
    storage::GlobalWork,
};

fn no_member() -> Rejection {
    Rejection::NotFound { what: "member", field: path!["id"] }
}

impl Identity {
    /// Lets a member in no longer, or again. The sessions of one who is suspended end at once. Nobody suspends themselves, and the last owner stays.
    pub async fn set_standing(
        &self,
        session: &Session,
        member: MemberId,
        status: MemberStatus,
    ) -> Result<MemberView, IdentityError> {
        let state = |message: &str| Rejection::InvalidState { message: message.to_owned(), field: path!["id"] };
        let now = self.clock.now();
        let work = self.db.global().begin_for(session.tenant).await?;
        self.furnish.before_members_change(&work).await?;
        let work = GlobalWork::from(work);
        let found = rows::lock_membership(&work, session.tenant, member).await?;
        let refused = match &found {
            None => Some(no_member()),
            Some(_) if member == session.member => {
                Some(state("nobody suspends themselves: an admin does it, or leave with tenantLeave"))
            }
            Some(found) if found.status == status => Some(state(&format!("the member is {status} already"))),
            Some(found) if found.status == MemberStatus::Invited => Some(state("the member was invited and has not come in yet")),
            Some(_) => None,
        };
        if let Some(refused) = refused {
            work.rollback().await?;
            return Err(refused.into());
        }
        rows::set_status(&work, session.tenant, member, status, now).await?;
        if !self.furnish.has_owner(work.tenant()).await? {
            work.rollback().await?;
            return Err(state("the last owner stays").into());
        }
        let ended = match status {
            MemberStatus::Suspended => {
                sessions::end(&work, Which::OfMember(session.tenant, member), EndReason::Member, now).await?
            }
            MemberStatus::Active | MemberStatus::Invited => Vec::new(),
        };
        work.commit().await?;
        self.presence.end(&ended);
        let view = rows::member_with_user(&self.db.global(), session.tenant, member).await?;
        Ok(view.ok_or_else(no_member)?)
    }

    /// The caller leaves the tenant of the session: they are suspended there, and what they did keeps their name. The last owner stays.
    pub async fn leave(&self, session: &Session) -> Result<(), IdentityError> {
        let now = self.clock.now();
        let work = self.db.global().begin_for(session.tenant).await?;
        self.furnish.before_members_change(&work).await?;
        let work = GlobalWork::from(work);
        rows::set_status(&work, session.tenant, session.member, MemberStatus::Suspended, now).await?;
        if !self.furnish.has_owner(work.tenant()).await? {
            work.rollback().await?;
            let message = "the last owner stays: make somebody else an owner first".to_owned();
            return Err(Rejection::InvalidState { message, field: Vec::new() }.into());
        }
        let ended = sessions::end(&work, Which::OfMember(session.tenant, session.member), EndReason::Member, now).await?;
        work.commit().await?;
        self.presence.end(&ended);
        Ok(())
    }

    /// Begins a session in another of the user's tenants, with what they have shown in this one. A tenant that is not theirs is not found,
    /// whether there is one of the name or not.
    pub async fn switch(&self, session: &Session, slug: &str, visit: &Visit) -> Result<Entered, IdentityError> {
        let global = self.db.global();
        let none = || Rejection::NotFound { what: "tenant of yours", field: path!["tenant"] };
        let tenant = rows::tenant_by_slug(&global, slug).await?.ok_or_else(none)?;
        let memberships = rows::memberships(&global, session.user).await?;
        let membership = memberships.iter().find(|m| m.tenant == tenant.id && m.status == MemberStatus::Active);
        let membership = membership.ok_or_else(none)?;
        let now = self.clock.now();
        let row = sessions::by_id(&global, session.id).await?.filter(|row| row.ended_at.is_none() && row.ends_at > now);
        let row = row.ok_or(Rejection::TokenExpired)?;
        let work = global.begin().await?;
        let shown = (session.authenticated_at, row.mfa_at);
        // A session of two factors is needed where the user has two and has shown one only.
        if row.mfa_at.is_none() && self.has_factor(session.user).await? {
            return self.enter(work, membership, tenant, visit).await;
        }
        let logged_in = self.begin_session(&work, membership, tenant, shown, visit).await?;
        work.commit().await?;
        Ok(Entered::In(Box::new(logged_in)))
    }
}
