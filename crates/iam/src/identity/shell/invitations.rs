//! Invitations: a person is put into a tenant by their address, gets a letter, and comes in by its link.

use entity::{app_user, prelude::*};
use platform::{
    audit,
    rate_limit::{Allowance, Attempts},
    storage::{Fault, GlobalWork, Work, dry_run, once},
};

use super::{
    Entered, Identity, IdentityError, Visit,
    mail_quota::{Asker, EmailPurpose},
};
use crate::identity::{
    Session,
    core::{self, MemberRefusal, Rejection, Risk},
    emails::EmailKind,
    rows::{
        self, invitations, links,
        members::{self, MemberView},
        sessions,
    },
    secret::{self, Purpose},
};

/// An invitation is good so long.
const INVITE_SECONDS: i64 = 7 * 24 * 3600;
/// Invitations that a tenant sends, besides what one address may get.
const INVITATIONS: Attempts = Attempts { kind: "invitation", allowance: Allowance::within(200, 3600) };

/// An address that may be invited, and by whom.
#[derive(Debug, Clone)]
pub struct Invitee {
    email: String,
    key: String,
    by: MemberId,
    session: SessionId,
}

/// What becomes of an address that is invited.
#[derive(Debug)]
pub enum Placement {
    Placed(Placed),
    /// They are a member already, or invited.
    Member,
    /// The session of whoever invites has ended meanwhile.
    SessionEnded,
}

/// Somebody who was put among the members; the letter goes when the transaction has committed.
#[derive(Debug)]
pub struct Placed {
    pub member: MemberId,
    pub version: i64,
    invitation: Invitation,
}

/// A letter that invites.
#[derive(Debug)]
struct Invitation {
    to: String,
    token: String,
    tenant: String,
}

impl Identity {
    /// Looks at an address, and counts the letter that is to be sent there.
    pub async fn invitee(&self, session: &Session, email: &str) -> Result<Invitee, IdentityError> {
        core::check_email(email).map_or(Ok(()), Err)?;
        let key = core::email_key(email);
        self.count_invitation(session.tenant, &key).await?;
        Ok(Invitee { email: email.trim().to_owned(), key, by: session.member, session: session.id })
    }

    async fn count_invitation(&self, tenant: TenantId, account: &str) -> Result<(), IdentityError> {
        // A dry run sends no letter.
        if dry_run::is_on() {
            return Ok(());
        }
        self.attempts().attempt(&INVITATIONS, &tenant.to_string()).await?;
        self.count_email(EmailPurpose::Invitation, account, &Asker::Other(tenant.to_string())).await
    }

    /// Puts an address among the members who are invited, in the transaction that gives them their roles; the same for one that has an account and
    /// for one that has none.
    pub async fn place_invited(&self, work: Work, invitee: &Invitee) -> Result<(Work, Placement), Fault> {
        let (now, tenant) = (self.clock.now(), platform::storage::Reads::tenant(&work));
        let work = GlobalWork::from(work);
        let user = invitations::place_user(&work, self.clock.id(), &invitee.email, &invitee.key, now).await?;
        // Whoever ends the session finds the invitation behind it, or has ended it before.
        if !sessions::keep(&work, invitee.session, now).await? {
            return Ok((work.into_tenant(), Placement::SessionEnded));
        }
        let placed = invitations::place_member(&work, (tenant, user), self.clock.id(), now).await?;
        let Some((member, version)) = placed else { return Ok((work.into_tenant(), Placement::Member)) };
        let invitation = self.write_invitation(&work, (tenant, member), invitee.by, &invitee.email).await?;
        Ok((work.into_tenant(), Placement::Placed(Placed { member, version, invitation })))
    }

    async fn write_invitation(
        &self,
        work: &GlobalWork,
        (tenant, member): (TenantId, MemberId),
        by: MemberId,
        email: &str,
    ) -> Result<Invitation, Fault> {
        let now = self.clock.now();
        let (token, hash) = secret::draw(&self.clock, Purpose::Invite);
        let (email, expires_at) = (email.to_owned(), now.plus_seconds(INVITE_SECONDS));
        let name = rows::tenant(work, tenant).await?.map(|row| row.name).unwrap_or_default();
        let to = email.clone();
        invitations::put(work, invitations::NewInvitation { hash, tenant, member, email, by, sent_at: now, expires_at }).await?;
        Ok(Invitation { to, token, tenant: name })
    }

    /// Sends the letter of an invitation that was written down.
    pub fn send_invitation(&self, placed: Placed) {
        self.invite_by_email(placed.invitation);
    }

    fn invite_by_email(&self, invitation: Invitation) {
        if dry_run::is_on() {
            return;
        }
        let Invitation { to, token, tenant } = invitation;
        self.write(EmailKind::Invited { link: self.link(Purpose::Invite, &token), tenant }, &to, "");
    }

    /// Sends an invitation once more: with another link, and its time begins anew. The link from before is good for nothing.
    pub async fn resend_invitation(&self, session: &Session, member: MemberId) -> Result<MemberView, IdentityError> {
        let address = invitations::address(&self.db.global(), session.tenant, member).await?;
        let Some(address) = address else {
            // Whether there is such a member is said as everywhere else.
            members::member_with_user(&self.db.global(), session.tenant, member).await?.ok_or(MemberRefusal::Unknown)?;
            return Err(MemberRefusal::NotInvited.into());
        };
        self.count_invitation(session.tenant, &core::email_key(&address)).await?;
        let work = self.begin_for_members(session).await?;
        self.within_own_rights(&work, session, member).await?;
        if !sessions::keep(&work, session.id, self.clock.now()).await? {
            return Err(Rejection::SessionEnded.into());
        }
        match members::lock(&work, session.tenant, member).await? {
            Some((found, _)) if found.status == MemberStatus::Invited => {}
            _ => return Err(MemberRefusal::NotInvited.into()),
        }
        let invitation = self.write_invitation(&work, (session.tenant, member), session.member, &address).await?;
        let view = Self::viewed(&work, session.tenant, member).await?;
        once::set_subject(&member);
        work.commit().await?;
        self.invite_by_email(invitation);
        Ok(view)
    }

    /// Takes an invitation back. Its link is good for nothing; who never came in is forgotten.
    pub async fn revoke_invitation(&self, session: &Session, member: MemberId) -> Result<(), IdentityError> {
        // A member's row goes only here and with its tenant, and whether an address is still somebody's is a question over all tenants.
        let work = self.db.global().maintenance_for(session.tenant).await?;
        self.provisioner.before_members_change(&work).await?;
        let work = GlobalWork::from(work);
        let found = members::lock(&work, session.tenant, member).await?;
        let (found, has_left) = found.ok_or(MemberRefusal::Unknown)?;
        if found.status != MemberStatus::Invited {
            return Err(MemberRefusal::NotInvited.into());
        }
        self.within_own_rights(&work, session, member).await?;
        invitations::withdraw(&work, session.tenant, member).await?;
        self.provisioner.take_rights(work.tenant(), member).await?;
        if has_left {
            members::set_left(&work, session.tenant, member, self.clock.now()).await?;
        } else {
            members::forget(&work, &found).await?;
        }
        once::set_subject(&member);
        Ok(work.commit().await?)
    }

    /// Accepts an invitation by its link, which shows that the address is theirs. Whoever has an account shows its password too, so that an account
    /// that somebody else has made under this address does not come in; whoever has none chooses a password and a name.
    pub async fn accept_invitation(
        &self,
        token: &str,
        password: &str,
        display_name: Option<&str>,
        visit: &Visit,
    ) -> Result<Entered, IdentityError> {
        let over = || IdentityError::from(Rejection::LinkOver);
        let hash = secret::kept(token, Purpose::Invite).ok_or_else(over)?;
        let (global, now) = (self.db.global(), self.clock.now());
        let found = invitations::by_hash(&global, hash, now).await?.ok_or_else(over)?;
        let user = rows::user(&global, found.user).await?.ok_or_else(over)?;
        let tenant = rows::tenant(&global, found.tenant).await?.ok_or_else(over)?;
        audit::attribute(found.tenant, Actor::member(found.member));
        let newcomer = if user.password_hash.is_empty() {
            let stored = self.welcome(&user, &tenant.name, password, display_name).await?;
            Some(app_user::Model { password_hash: stored, ..user.clone() })
        } else {
            self.check_own(&user, password, visit, Rejection::InvalidCredentials).await?;
            None
        };
        Self::check_length(password, rows::strictness(&global, found.tenant).await?.password_length, core::Field::Password)?;
        let work = self.db.global().maintenance_for(found.tenant).await?;
        self.provisioner.before_members_change(&work).await?;
        let work = GlobalWork::from(work);
        if !invitations::use_up(&work, hash, now).await? {
            return Err(over());
        }
        if let Some(mut newcomer) = newcomer {
            display_name.unwrap_or_default().trim().clone_into(&mut newcomer.display_name);
            newcomer.created_at = now;
            // Somebody else has registered with the address meanwhile: their password is asked for.
            rows::claim_user(&work, &newcomer).await?.ok_or(Rejection::InvalidCredentials)?;
        } else {
            Self::still_knows(&work, found.user, &user.password_hash, Rejection::InvalidCredentials).await?;
        }
        links::set_verified(&work, found.user, now).await?;
        rows::note_class(&work, found.user, core::length_class(password)).await?;
        members::set_joined(&work, found.tenant, found.member, now).await?;
        let membership = rows::membership(&work, found.tenant, found.member).await?.ok_or_else(over)?;
        self.enter(work, &membership, tenant, (visit, Risk::default())).await
    }

    /// The hash of the password that somebody chooses who comes for the first time.
    async fn welcome(
        &self,
        user: &app_user::Model,
        tenant: &str,
        password: &str,
        display_name: Option<&str>,
    ) -> Result<String, IdentityError> {
        let name = display_name.unwrap_or_default();
        let mut wrong: Vec<Rejection> = core::check_name(core::Field::DisplayName, name).into_iter().collect();
        wrong.extend(self.check_password(password, &[&user.email, name, tenant], core::Field::Password).err());
        if wrong.is_empty() { Ok(self.passwords.hash(password).await?) } else { Err(IdentityError::Refused(wrong)) }
    }
}
