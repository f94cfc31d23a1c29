//! What people do about their account: a forgotten password, another password, an address that is theirs.

use entity::prelude::*;
use platform::{
    clock,
    storage::{Fault, GlobalWork},
};

use super::{
    Identity, IdentityError, Visit,
    mail_quota::{Asker, EmailPurpose},
};
use crate::identity::{
    Session,
    core::{self, Field, InputRefusal, Rejection, weakness},
    emails::EmailKind,
    rows::{
        self, Profile, devices,
        links::{self, LinkFor},
        members,
        sessions::{self, EndReason, Which},
    },
    secret::{self, Purpose},
};

/// A link for a new password is good so long.
const RESET_SECONDS: i64 = 30 * 60;
/// A link that confirms an address.
pub(super) const VERIFY_SECONDS: i64 = 24 * 3600;

/// A key whose secret was found, in words for its owners.
#[derive(Debug, Clone)]
pub struct LeakedKey {
    pub integration: String,
    /// Its name and how it begins.
    pub key: String,
}

impl Identity {
    /// Why the person may not have this password.
    pub(super) fn check_password(&self, password: &str, context: &[&str], field: Field) -> Result<(), Rejection> {
        let denied = |small: &str| self.settings.denied.contains(small);
        weakness(password, context, denied).map_or(Ok(()), |why| Err(InputRefusal::WeakPassword(field, why).into()))
    }

    /// Whether a password is as long as a tenant asks for, which may be longer than the deployment does.
    pub(super) fn check_length(password: &str, least: Option<i64>, field: Field) -> Result<(), Rejection> {
        let least = least.unwrap_or_default();
        if core::length_class(password) >= least {
            return Ok(());
        }
        Err(InputRefusal::ShortPassword { field, least }.into())
    }

    /// Sends a link for a new password to an address, if there is an account. What is answered, and when, is the same if there is none: all that
    /// differs is done beside the answer.
    pub async fn request_reset(&self, email: &str, visit: &Visit) -> Result<(), IdentityError> {
        let account = core::email_key(email);
        self.count_reset(&account, visit).await?;
        let identity = self.clone();
        tokio::spawn(async move {
            if let Err(fault) = identity.send_reset(&account).await {
                tracing::error!(error = %fault, "a link for a new password could not be made");
            }
        });
        Ok(())
    }

    async fn send_reset(&self, account: &str) -> Result<(), Fault> {
        let Some(user) = rows::user_by_email(&self.db.global(), account).await? else { return Ok(()) };
        let work = self.db.global().begin().await?;
        if rows::lock_password(&work, user.id).await?.is_none() {
            // The account was erased meanwhile.
            return work.rollback().await;
        }
        let link = self.new_link(work, LinkFor::Reset, user.id).await?;
        self.write(EmailKind::Reset { link }, &user.email, &user.display_name);
        Ok(())
    }

    /// Makes a link of an account, which the transaction has, and commits. Its time begins when whoever had the account before is done.
    async fn new_link(&self, work: GlobalWork, what: LinkFor, user: UserId) -> Result<String, Fault> {
        let (purpose, seconds) = match what {
            LinkFor::Reset => (Purpose::Reset, RESET_SECONDS),
            LinkFor::Verify => (Purpose::Verify, VERIFY_SECONDS),
        };
        let ((token, hash), now) = (secret::draw(&self.clock, purpose), self.clock.now());
        links::put(&work, hash, what, user, (now, now.plus_seconds(seconds))).await?;
        work.commit().await?;
        Ok(self.link(purpose, &token))
    }

    /// Where a link leads. The address is the operator's setting, never what a request says of its host; the token stands behind the `#`, which
    /// browsers keep to themselves.
    pub(super) fn link(&self, purpose: Purpose, token: &str) -> String {
        let page = match purpose {
            Purpose::Reset => "password",
            Purpose::Invite => "invitation",
            Purpose::Verify | Purpose::Refresh | Purpose::Challenge | Purpose::Device => "confirm",
        };
        format!("{}/{page}#token={token}", self.settings.public_url.trim_end_matches('/'))
    }

    /// Writes to somebody. Nobody waits for it.
    pub(super) fn write(&self, kind: EmailKind, address: &str, name: &str) {
        self.settings.mailer.send(&self.settings.mail_from, kind.to(address, name), &self.clock);
    }

    /// Tells the owners of a tenant that a key of theirs was found in the open, and is revoked.
    pub async fn tell_of_leak(&self, tenant: TenantId, owners: &[MemberId], leaked: LeakedKey) -> Result<(), Fault> {
        let LeakedKey { integration, key } = leaked;
        let kind = |tenant| EmailKind::KeyLeaked { tenant, integration: integration.clone(), key: key.clone() };
        self.tell_owners(tenant, owners, kind).await
    }

    /// Tells the owners of a tenant that nothing is sent to a webhook endpoint any more.
    pub async fn tell_of_webhook(&self, tenant: TenantId, owners: &[MemberId], endpoint: &str, why: &str) -> Result<(), Fault> {
        let (endpoint, why) = (endpoint.to_owned(), why.to_owned());
        self.tell_owners(tenant, owners, |tenant| EmailKind::WebhookDisabled {
            tenant,
            endpoint: endpoint.clone(),
            why: why.clone(),
        })
        .await
    }

    /// Writes to those of the owners who have joined.
    async fn tell_owners(
        &self,
        tenant: TenantId,
        owners: &[MemberId],
        kind: impl Fn(String) -> EmailKind + Send,
    ) -> Result<(), Fault> {
        let global = self.db.global();
        let name = rows::tenant(&global, tenant).await?.map(|tenant| tenant.name).unwrap_or_default();
        for owner in owners {
            let Some(view) = members::member_with_user(&global, tenant, *owner).await? else { continue };
            // Who was only invited is no owner yet.
            if view.membership.status == MemberStatus::Active {
                self.write(kind(name.clone()), &view.email, &view.display_name);
            }
        }
        Ok(())
    }

    /// Sets a new password by a link. All sessions end, and nobody is logged in by it: a second factor is still asked for.
    pub async fn reset_password(&self, token: &str, password: &str) -> Result<(), IdentityError> {
        let over = || Rejection::LinkOver;
        let hash = secret::kept(token, Purpose::Reset).ok_or_else(over)?;
        let (global, now) = (self.db.global(), self.clock.now());
        let user = links::user_of(&global, hash, LinkFor::Reset, now).await?.ok_or_else(over)?;
        let user = rows::user(&global, user).await?.ok_or_else(over)?;
        self.check_password(password, &[&user.email, &user.display_name], Field::NewPassword)?;
        Self::check_length(password, rows::strictest_length(&global, user.id).await?, Field::NewPassword)?;
        let stored = (self.passwords.hash(password).await?, core::length_class(password));
        let work = global.begin().await?;
        // Before any link, as whoever changes the password takes them: two links of one user would wait for each other.
        rows::lock_password(&work, user.id).await?;
        if !links::use_up(&work, hash, LinkFor::Reset, now).await? {
            work.rollback().await?;
            return Err(over().into());
        }
        links::withdraw(&work, user.id, LinkFor::Reset, now).await?;
        links::set_password(&work, user.id, stored).await?;
        // Whoever had the old password has no device that is known.
        devices::forget_of(&work, user.id).await?;
        // Whoever read the letter has the address.
        links::set_verified(&work, user.id, now).await?;
        let ended = sessions::end(&work, Which::OfUser(user.id), EndReason::Password, now).await?;
        work.commit().await?;
        self.presence.end(&ended);
        self.write(EmailKind::PasswordChanged, &user.email, &user.display_name);
        Ok(())
    }

    /// Changes the caller's own password. Their other sessions end.
    pub async fn change_password(&self, session: &Session, current: &str, password: &str) -> Result<(), IdentityError> {
        let user = rows::user(&self.db.global(), session.user).await?.ok_or(Rejection::InvalidCredentials)?;
        self.check_once_more(&user, current, Rejection::WrongPassword).await?;
        self.check_password(password, &[&user.email, &user.display_name], Field::NewPassword)?;
        Self::check_length(password, rows::strictest_length(&self.db.global(), user.id).await?, Field::NewPassword)?;
        let stored = (self.passwords.hash(password).await?, core::length_class(password));
        let now = self.clock.now();
        let work = self.db.global().begin().await?;
        // Whoever has set another meanwhile has ended this session too.
        Self::still_knows(&work, user.id, &user.password_hash, Rejection::WrongPassword).await?;
        links::set_password(&work, user.id, stored).await?;
        links::withdraw(&work, user.id, LinkFor::Reset, now).await?;
        let ended = sessions::end(&work, Which::OthersOfUser(user.id, session.id), EndReason::Password, now).await?;
        work.commit().await?;
        self.presence.end(&ended);
        self.write(EmailKind::PasswordChanged, &user.email, &user.display_name);
        Ok(())
    }

    /// Sends the caller a link that confirms their address.
    pub async fn request_verification(&self, session: &Session) -> Result<(), IdentityError> {
        let user = rows::user(&self.db.global(), session.user).await?.ok_or(Rejection::InvalidCredentials)?;
        self.count_email(EmailPurpose::Verify, &user.email_key, &Asker::Owner(user.id.to_string())).await?;
        let work = self.db.global().begin().await?;
        rows::lock_password(&work, user.id).await?;
        if !sessions::keep(&work, session.id, self.clock.now()).await? {
            work.rollback().await?;
            return Err(Rejection::SessionEnded.into());
        }
        let link = self.new_link(work, LinkFor::Verify, user.id).await?;
        self.write(EmailKind::Verify { link }, &user.email, &user.display_name);
        Ok(())
    }

    /// Confirms an address by a link: of an account, or of a registration, which is carried out.
    pub async fn verify_email(&self, token: &str) -> Result<(), IdentityError> {
        let hash = secret::kept(token, Purpose::Verify).ok_or(Rejection::LinkOver)?;
        let now = self.clock.now();
        let Some(user) = links::user_of(&self.db.global(), hash, LinkFor::Verify, now).await? else {
            return self.finish_registration(hash).await;
        };
        let work = self.db.global().begin().await?;
        // Before the link, as an erasure of the account takes them.
        rows::lock_password(&work, user).await?;
        if !links::use_up(&work, hash, LinkFor::Verify, now).await? {
            work.rollback().await?;
            return Err(Rejection::LinkOver.into());
        }
        links::set_verified(&work, user, now).await?;
        work.commit().await?;
        Ok(())
    }

    /// What the caller has said of themselves.
    pub async fn profile(&self, user: UserId) -> Result<Option<Profile>, Fault> {
        rows::profile(&self.db.global(), user).await
    }

    /// Changes what the caller says of themselves: what is None stays, and `Some(None)` is taken away.
    pub async fn change_profile(&self, session: &Session, change: ProfileChange) -> Result<Profile, IdentityError> {
        let found = self.profile(session.user).await?;
        let mut profile = found.ok_or_else(|| Fault::corrupt("session", "a session has a user"))?;
        let mut wrong: Vec<Rejection> = Vec::new();
        if let Some(said) = change.locale {
            let read = said.as_deref().map(core::locale);
            if read == Some(None) {
                wrong.push(InputRefusal::Locale.into());
            }
            profile.locale = read.flatten();
        }
        if let Some(zone) = change.time_zone {
            if zone.as_deref().is_some_and(|zone| zone.len() > 64 || !clock::is_time_zone(zone)) {
                wrong.push(InputRefusal::TimeZone.into());
            }
            profile.time_zone = zone;
        }
        if let Some(name) = change.display_name {
            wrong.extend(core::check_name(Field::DisplayName, &name));
            name.trim().clone_into(&mut profile.display_name);
        }
        if !wrong.is_empty() {
            return Err(IdentityError::Refused(wrong));
        }
        // The user is no tenant's; what rides along, such as the receipt of a key, is the session's.
        let work = GlobalWork::from(self.db.global().maintenance_for(session.tenant).await?);
        rows::put_profile(&work, session.user, profile.clone()).await?;
        work.commit().await?;
        Ok(profile)
    }
}

/// What is to change of a profile.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    pub display_name: Option<String>,
    pub locale: Option<Option<String>>,
    pub time_zone: Option<Option<String>>,
}
