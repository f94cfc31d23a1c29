//! Invitations: a person is added to a tenant by their address, gets an e-mail, and joins by its
//! link.

use entity::{app_user, prelude::*};
use platform::{
    audit,
    rate_limit::{Allowance, Attempts},
    storage::{Fault, GlobalWork, Work, dry_run, once},
};

use super::{
    error::IdentityError,
    login::LoginOutcome,
    mail_quota::{EmailPurpose, Requester},
    service::Identity,
};
use crate::identity::{
    core::{self, MemberRefusal, Rejection, Risk},
    emails::EmailKind,
    rows::{
        self, invitations, links,
        members::{self, MemberView},
        sessions,
    },
    secret::{self, Purpose},
    session::{Session, Visit},
};

/// Validity of an invitation, in seconds.
const INVITE_SECONDS: i64 = 7 * 24 * 3600;
/// Limit of invitations that a tenant sends, besides the limit of each address.
const INVITATION_LIMIT: Attempts = Attempts { kind: "invitation", allowance: Allowance::within(200, 3600) };

/// An address that may be invited, and its inviter.
#[derive(Debug, Clone)]
pub struct Invitee {
    email: String,
    key: String,
    by: MemberId,
    session: SessionId,
}

/// Result of an invitation of an address.
#[derive(Debug)]
pub enum InvitationOutcome {
    Placed(AddedMember),
    /// The address belongs to a member already, or to an invited one.
    Member,
    /// The inviter's session has ended meanwhile.
    SessionEnded,
}

/// A member who was added as invited; the e-mail is sent when the transaction has committed.
#[derive(Debug)]
pub struct AddedMember {
    pub member: MemberId,
    pub version: i64,
    invitation: Invitation,
}

/// An e-mail with an invitation.
#[derive(Debug)]
struct Invitation {
    to: String,
    token: String,
    tenant: String,
}

impl Identity {
    /// Checks an address, and counts the e-mail that is to be sent there.
    pub async fn invitee(&self, session: &Session, email: &str) -> Result<Invitee, IdentityError> {
        core::check_email(email).map_or(Ok(()), Err)?;
        let key = core::email_key(email);
        self.count_invitation(session.tenant, &key).await?;
        Ok(Invitee { email: email.trim().to_owned(), key, by: session.member, session: session.id })
    }

    async fn count_invitation(&self, tenant: TenantId, account: &str) -> Result<(), IdentityError> {
        // A dry run sends no e-mail.
        if dry_run::is_on() {
            return Ok(());
        }
        self.attempts().attempt(&INVITATION_LIMIT, &tenant.to_string()).await?;
        self.count_email(EmailPurpose::Invitation, account, &Requester::Other(tenant.to_string())).await
    }

    /// Adds an address to the invited members, in the transaction that grants their roles; the same
    /// whether the address has an account or not.
    pub async fn add_invited_member(&self, work: Work, invitee: &Invitee) -> Result<(Work, InvitationOutcome), Fault> {
        let (now, tenant) = (self.clock.now(), platform::storage::Reads::tenant(&work));
        let work = GlobalWork::from(work);
        let user = invitations::upsert_user(&work, self.clock.id(), &invitee.email, &invitee.key, now).await?;
        // A transaction that ends the session sees this invitation, or has committed before this
        // check.
        if !sessions::lock_if_active(&work, invitee.session, now).await? {
            return Ok((work.into_tenant(), InvitationOutcome::SessionEnded));
        }
        let placed_member = invitations::upsert_member(&work, (tenant, user), self.clock.id(), now).await?;
        let Some((member, version)) = placed_member else { return Ok((work.into_tenant(), InvitationOutcome::Member)) };
        let invitation = self.write_invitation(&work, (tenant, member), invitee.by, &invitee.email).await?;
        Ok((work.into_tenant(), InvitationOutcome::Placed(AddedMember { member, version, invitation })))
    }

    async fn write_invitation(
        &self,
        work: &GlobalWork,
        (tenant, member): (TenantId, MemberId),
        by: MemberId,
        email: &str,
    ) -> Result<Invitation, Fault> {
        let now = self.clock.now();
        let (token, hash) = secret::generate_token(&self.clock, Purpose::Invite);
        let (email, expires_at) = (email.to_owned(), now.plus_seconds(INVITE_SECONDS));
        let name = rows::tenant(work, tenant).await?.map(|row| row.name).unwrap_or_default();
        let to = email.clone();
        invitations::insert_invitation(
            work,
            invitations::NewInvitation { hash, tenant, member, email, by, sent_at: now, expires_at },
        )
        .await?;
        Ok(Invitation { to, token, tenant: name })
    }

    /// Sends the e-mail of a stored invitation.
    pub fn send_invitation(&self, placement: AddedMember) {
        self.invite_by_email(placement.invitation);
    }

    fn invite_by_email(&self, invitation: Invitation) {
        if dry_run::is_on() {
            return;
        }
        let Invitation { to, token, tenant } = invitation;
        self.write(EmailKind::Invited { link: self.link(Purpose::Invite, &token), tenant }, &to, "");
    }

    /// Sends an invitation again, with another link and a new expiry. The previous link becomes
    /// invalid.
    pub async fn resend_invitation(&self, session: &Session, member: MemberId) -> Result<MemberView, IdentityError> {
        let address = invitations::address(&self.db.global(), session.tenant, member).await?;
        let Some(address) = address else {
            // An unknown member is reported as everywhere else.
            members::member_with_user(&self.db.global(), session.tenant, member).await?.ok_or(MemberRefusal::Unknown)?;
            return Err(MemberRefusal::NotInvited.into());
        };
        self.count_invitation(session.tenant, &core::email_key(&address)).await?;
        let work = self.begin_for_members(session).await?;
        self.check_rights_over_member(&work, session, member).await?;
        if !sessions::lock_if_active(&work, session.id, self.clock.now()).await? {
            return Err(Rejection::SessionEnded.into());
        }
        match members::lock(&work, session.tenant, member).await? {
            Some((membership, _)) if membership.status == MemberStatus::Invited => {}
            _ => return Err(MemberRefusal::NotInvited.into()),
        }
        let invitation = self.write_invitation(&work, (session.tenant, member), session.member, &address).await?;
        let view = Self::read_member_view(&work, session.tenant, member).await?;
        once::set_subject(&member);
        work.commit().await?;
        self.invite_by_email(invitation);
        Ok(view)
    }

    /// Revokes an invitation. Its link becomes invalid; a member who never joined is deleted.
    pub async fn revoke_invitation(&self, session: &Session, member: MemberId) -> Result<(), IdentityError> {
        // A member's row is deleted only here and with its tenant, and whether another tenant uses
        // the address is a question over all tenants.
        let work = self.db.global().maintenance_for(session.tenant).await?;
        self.provisioner.before_members_change(&work).await?;
        let work = GlobalWork::from(work);
        let locked_member = members::lock(&work, session.tenant, member).await?;
        let (locked_member, has_left) = locked_member.ok_or(MemberRefusal::Unknown)?;
        if locked_member.status != MemberStatus::Invited {
            return Err(MemberRefusal::NotInvited.into());
        }
        self.check_rights_over_member(&work, session, member).await?;
        invitations::invalidate(&work, session.tenant, member).await?;
        self.provisioner.revoke_all_rights(work.tenant(), member).await?;
        if has_left {
            members::mark_left(&work, session.tenant, member, self.clock.now()).await?;
        } else {
            members::delete_never_joined(&work, &locked_member).await?;
        }
        once::set_subject(&member);
        Ok(work.commit().await?)
    }

    /// Accepts an invitation by its link, which proves the address. A user with an account gives
    /// its password too, so that an account that another person has created under this address is
    /// not let in; a user without one chooses a password and a name.
    pub async fn accept_invitation(
        &self,
        token: &str,
        password: &str,
        display_name: Option<&str>,
        visit: &Visit,
    ) -> Result<LoginOutcome, IdentityError> {
        let link_over = || IdentityError::from(Rejection::LinkOver);
        let hash = secret::hash_token(token, Purpose::Invite).ok_or_else(link_over)?;
        let (global, now) = (self.db.global(), self.clock.now());
        let invitation = invitations::by_hash(&global, hash, now).await?.ok_or_else(link_over)?;
        let user = rows::user(&global, invitation.user).await?.ok_or_else(link_over)?;
        let tenant = rows::tenant(&global, invitation.tenant).await?.ok_or_else(link_over)?;
        audit::attribute(invitation.tenant, Actor::member(invitation.member));
        let newcomer = if user.password_hash.is_empty() {
            let new_hash = self.hash_new_password(&user, &tenant.name, password, display_name).await?;
            Some(app_user::Model { password_hash: new_hash, ..user.clone() })
        } else {
            self.check_user_password(&user, password, visit, Rejection::InvalidCredentials).await?;
            None
        };
        Self::check_length(
            password,
            rows::security_limits(&global, invitation.tenant).await?.password_length,
            core::Field::Password,
        )?;
        let work = self.db.global().maintenance_for(invitation.tenant).await?;
        self.provisioner.before_members_change(&work).await?;
        let work = GlobalWork::from(work);
        if !invitations::consume(&work, hash, now).await? {
            return Err(link_over());
        }
        if let Some(mut newcomer) = newcomer {
            display_name.unwrap_or_default().trim().clone_into(&mut newcomer.display_name);
            newcomer.created_at = now;
            // The address was registered meanwhile: the password of that account is required.
            rows::claim_user(&work, &newcomer).await?.ok_or(Rejection::InvalidCredentials)?;
        } else {
            Self::ensure_password_unchanged(&work, invitation.user, &user.password_hash, Rejection::InvalidCredentials).await?;
        }
        links::set_verified(&work, invitation.user, now).await?;
        rows::record_password_class(&work, invitation.user, core::length_class(password)).await?;
        members::mark_joined(&work, invitation.tenant, invitation.member, now).await?;
        let membership = rows::membership(&work, invitation.tenant, invitation.member).await?.ok_or_else(link_over)?;
        self.complete_login(work, &membership, tenant, (visit, Risk::default())).await
    }

    /// The hash of the password that a new user chooses.
    async fn hash_new_password(
        &self,
        user: &app_user::Model,
        tenant: &str,
        password: &str,
        display_name: Option<&str>,
    ) -> Result<String, IdentityError> {
        let name = display_name.unwrap_or_default();
        let mut rejections: Vec<Rejection> = core::check_name(core::Field::DisplayName, name).into_iter().collect();
        rejections.extend(self.check_password(password, &[&user.email, name, tenant], core::Field::Password).err());
        if rejections.is_empty() { Ok(self.passwords.hash(password).await?) } else { Err(IdentityError::Refused(rejections)) }
    }
}
