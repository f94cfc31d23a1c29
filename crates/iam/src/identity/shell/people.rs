//! Changes of a user's own account: a password reset, a password change, the verification of an
//! address.

use entity::prelude::*;
use platform::{
    clock,
    storage::{Fault, GlobalWork},
};

use super::{
    error::IdentityError,
    mail_quota::{EmailPurpose, Requester},
    service::Identity,
};
use crate::identity::{
    core::{self, Field, InputRefusal, Rejection, find_weakness},
    emails::EmailKind,
    rows::{
        self, Profile, devices,
        links::{self, LinkPurpose},
        members,
        sessions::{self, EndReason, SessionSelection},
    },
    secret::{self, Purpose},
    session::{Session, Visit},
};

/// Validity of a reset link, in seconds.
const RESET_SECONDS: i64 = 30 * 60;
/// A link that confirms an address.
pub(super) const VERIFY_SECONDS: i64 = 24 * 3600;

/// A key whose secret leaked, described for its owners.
#[derive(Debug, Clone)]
pub struct LeakedKey {
    pub integration: String,
    /// Name of the key, and the beginning of its secret.
    pub key: String,
}

impl Identity {
    /// Refuses a weak password, with the reason.
    pub(super) fn check_password(&self, password: &str, context: &[&str], field: Field) -> Result<(), Rejection> {
        let is_denied = |lowercase: &str| self.settings.denied.contains(lowercase);
        find_weakness(password, context, is_denied)
            .map_or(Ok(()), |found_weakness| Err(InputRefusal::WeakPassword(field, found_weakness).into()))
    }

    /// Whether a password is as long as the tenant requires, which may be longer than the
    /// deployment's minimum.
    pub(super) fn check_length(password: &str, min_length: Option<i64>, field: Field) -> Result<(), Rejection> {
        let min_length = min_length.unwrap_or_default();
        if core::length_class(password) >= min_length {
            return Ok(());
        }
        Err(InputRefusal::ShortPassword { field, least: min_length }.into())
    }

    /// Sends a reset link to an address, if there is an account. The response and its time are the
    /// same if there is none: the work that differs is done in the background.
    pub async fn request_reset(&self, email: &str, visit: &Visit) -> Result<(), IdentityError> {
        let account = core::email_key(email);
        self.count_reset(&account, visit).await?;
        let identity = self.clone();
        tokio::spawn(async move {
            if let Err(fault) = identity.send_reset(&account).await {
                tracing::error!(error = %fault, "a link for a new password could not be created");
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
        let link = self.new_link(work, LinkPurpose::Reset, user.id).await?;
        self.write(EmailKind::Reset { link }, &user.email, &user.display_name);
        Ok(())
    }

    /// Creates a link for an account that the transaction has locked, and commits. Its time begins
    /// when the lock has been obtained.
    async fn new_link(&self, work: GlobalWork, link_purpose: LinkPurpose, user: UserId) -> Result<String, Fault> {
        let (purpose, seconds) = match link_purpose {
            LinkPurpose::Reset => (Purpose::Reset, RESET_SECONDS),
            LinkPurpose::Verify => (Purpose::Verify, VERIFY_SECONDS),
        };
        let ((token, hash), now) = (secret::generate_token(&self.clock, purpose), self.clock.now());
        links::insert_link(&work, hash, link_purpose, user, (now, now.plus_seconds(seconds))).await?;
        work.commit().await?;
        Ok(self.link(purpose, &token))
    }

    /// Builds the URL of a link. Its base is the operator's setting, never the host of a request;
    /// the token is in the fragment after `#`, which browsers do not send.
    pub(super) fn link(&self, purpose: Purpose, token: &str) -> String {
        let page = match purpose {
            Purpose::Reset => "password",
            Purpose::Invite => "invitation",
            Purpose::Verify | Purpose::Refresh | Purpose::Challenge | Purpose::Device => "confirm",
        };
        format!("{}/{page}#token={token}", self.settings.public_url.trim_end_matches('/'))
    }

    /// Sends an e-mail to a user without waiting for it.
    pub(super) fn write(&self, kind: EmailKind, address: &str, name: &str) {
        self.settings.mailer.send(&self.settings.mail_from, kind.to(address, name), &self.clock);
    }

    /// Informs the owners of a tenant that the secret of a key was found in public, and the key is
    /// revoked.
    pub async fn notify_of_leaked_key(&self, tenant: TenantId, owners: &[MemberId], leaked: LeakedKey) -> Result<(), Fault> {
        let LeakedKey { integration, key } = leaked;
        let kind = |tenant| EmailKind::KeyLeaked { tenant, integration: integration.clone(), key: key.clone() };
        self.notify_owners(tenant, owners, kind).await
    }

    /// Informs the owners of a tenant that a webhook endpoint was disabled.
    pub async fn notify_of_disabled_webhook(
        &self,
        tenant: TenantId,
        owners: &[MemberId],
        endpoint: &str,
        reason: &str,
    ) -> Result<(), Fault> {
        let (endpoint, reason) = (endpoint.to_owned(), reason.to_owned());
        self.notify_owners(tenant, owners, |tenant| EmailKind::WebhookDisabled {
            tenant,
            endpoint: endpoint.clone(),
            why: reason.clone(),
        })
        .await
    }

    /// Writes to those of the owners who have joined.
    async fn notify_owners(
        &self,
        tenant: TenantId,
        owners: &[MemberId],
        kind: impl Fn(String) -> EmailKind + Send,
    ) -> Result<(), Fault> {
        let global = self.db.global();
        let name = rows::tenant(&global, tenant).await?.map(|tenant| tenant.name).unwrap_or_default();
        for owner in owners {
            let Some(view) = members::member_with_user(&global, tenant, *owner).await? else { continue };
            // An invited member is no owner yet.
            if view.membership.status == MemberStatus::Active {
                self.write(kind(name.clone()), &view.email, &view.display_name);
            }
        }
        Ok(())
    }

    /// Sets a new password by a link. All sessions end, and no session begins: a second factor is
    /// still required at login.
    pub async fn reset_password(&self, token: &str, password: &str) -> Result<(), IdentityError> {
        let link_over = || Rejection::LinkOver;
        let hash = secret::hash_token(token, Purpose::Reset).ok_or_else(link_over)?;
        let (global, now) = (self.db.global(), self.clock.now());
        let user = links::user_of(&global, hash, LinkPurpose::Reset, now).await?.ok_or_else(link_over)?;
        let user = rows::user(&global, user).await?.ok_or_else(link_over)?;
        self.check_password(password, &[&user.email, &user.display_name], Field::NewPassword)?;
        Self::check_length(password, rows::required_password_length(&global, user.id).await?, Field::NewPassword)?;
        let hash_and_class = (self.passwords.hash(password).await?, core::length_class(password));
        let work = global.begin().await?;
        // The account is locked before any link, in the order of a password change: two links of
        // one user would deadlock otherwise.
        rows::lock_password(&work, user.id).await?;
        if !links::consume(&work, hash, LinkPurpose::Reset, now).await? {
            work.rollback().await?;
            return Err(link_over().into());
        }
        links::invalidate(&work, user.id, LinkPurpose::Reset, now).await?;
        links::set_password(&work, user.id, hash_and_class).await?;
        // Logins with the old password do not count as known devices.
        devices::delete_devices(&work, user.id).await?;
        // A used link proves that the user receives e-mail at the address.
        links::set_verified(&work, user.id, now).await?;
        let ended_sessions = sessions::end(&work, SessionSelection::OfUser(user.id), EndReason::Password, now).await?;
        work.commit().await?;
        self.presence.end(&ended_sessions);
        self.write(EmailKind::PasswordChanged, &user.email, &user.display_name);
        Ok(())
    }

    /// Changes the caller's own password. Their other sessions end.
    pub async fn change_password(&self, session: &Session, current: &str, password: &str) -> Result<(), IdentityError> {
        let user = rows::user(&self.db.global(), session.user).await?.ok_or(Rejection::InvalidCredentials)?;
        self.check_password_again(&user, current, Rejection::WrongPassword).await?;
        self.check_password(password, &[&user.email, &user.display_name], Field::NewPassword)?;
        Self::check_length(password, rows::required_password_length(&self.db.global(), user.id).await?, Field::NewPassword)?;
        let hash_and_class = (self.passwords.hash(password).await?, core::length_class(password));
        let now = self.clock.now();
        let work = self.db.global().begin().await?;
        // A concurrent change of the password has ended this session too.
        Self::ensure_password_unchanged(&work, user.id, &user.password_hash, Rejection::WrongPassword).await?;
        links::set_password(&work, user.id, hash_and_class).await?;
        links::invalidate(&work, user.id, LinkPurpose::Reset, now).await?;
        let ended_sessions =
            sessions::end(&work, SessionSelection::OthersOfUser(user.id, session.id), EndReason::Password, now).await?;
        work.commit().await?;
        self.presence.end(&ended_sessions);
        self.write(EmailKind::PasswordChanged, &user.email, &user.display_name);
        Ok(())
    }

    /// Sends the caller a link that confirms their address.
    pub async fn request_verification(&self, session: &Session) -> Result<(), IdentityError> {
        let user = rows::user(&self.db.global(), session.user).await?.ok_or(Rejection::InvalidCredentials)?;
        self.count_email(EmailPurpose::Verify, &user.email_key, &Requester::Owner(user.id.to_string())).await?;
        let work = self.db.global().begin().await?;
        rows::lock_password(&work, user.id).await?;
        if !sessions::lock_if_active(&work, session.id, self.clock.now()).await? {
            work.rollback().await?;
            return Err(Rejection::SessionEnded.into());
        }
        let link = self.new_link(work, LinkPurpose::Verify, user.id).await?;
        self.write(EmailKind::Verify { link }, &user.email, &user.display_name);
        Ok(())
    }

    /// Confirms an address by a link: of an account, or of a registration, which is carried out.
    pub async fn verify_email(&self, token: &str) -> Result<(), IdentityError> {
        let hash = secret::hash_token(token, Purpose::Verify).ok_or(Rejection::LinkOver)?;
        let now = self.clock.now();
        let Some(user) = links::user_of(&self.db.global(), hash, LinkPurpose::Verify, now).await? else {
            return self.finish_registration(hash).await;
        };
        let work = self.db.global().begin().await?;
        // Before the link, as an erasure of the account takes them.
        rows::lock_password(&work, user).await?;
        if !links::consume(&work, hash, LinkPurpose::Verify, now).await? {
            work.rollback().await?;
            return Err(Rejection::LinkOver.into());
        }
        links::set_verified(&work, user, now).await?;
        work.commit().await?;
        Ok(())
    }

    /// Returns the caller's profile.
    pub async fn profile(&self, user: UserId) -> Result<Option<Profile>, Fault> {
        rows::profile(&self.db.global(), user).await
    }

    /// Changes the caller's profile: fields that are None stay, and `Some(None)` clears a field.
    pub async fn change_profile(&self, session: &Session, change: ProfileChange) -> Result<Profile, IdentityError> {
        let existing = self.profile(session.user).await?;
        let mut profile = existing.ok_or_else(|| Fault::corrupt("session", "a session has a user"))?;
        let mut rejections: Vec<Rejection> = Vec::new();
        if let Some(new_locale) = change.locale {
            let parsed_locale = new_locale.as_deref().map(core::locale);
            if parsed_locale == Some(None) {
                rejections.push(InputRefusal::Locale.into());
            }
            profile.locale = parsed_locale.flatten();
        }
        if let Some(zone) = change.time_zone {
            if zone.as_deref().is_some_and(|zone| zone.len() > 64 || !clock::is_time_zone(zone)) {
                rejections.push(InputRefusal::TimeZone.into());
            }
            profile.time_zone = zone;
        }
        if let Some(name) = change.display_name {
            rejections.extend(core::check_name(Field::DisplayName, &name));
            name.trim().clone_into(&mut profile.display_name);
        }
        if !rejections.is_empty() {
            return Err(IdentityError::Refused(rejections));
        }
        // The user belongs to no tenant; rows of commit hooks, such as the receipt of a key, belong
        // to the session's tenant.
        let work = GlobalWork::from(self.db.global().maintenance_for(session.tenant).await?);
        rows::update_profile(&work, session.user, profile.clone()).await?;
        work.commit().await?;
        Ok(profile)
    }
}

/// Changes to a profile.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    pub display_name: Option<String>,
    pub locale: Option<Option<String>>,
    pub time_zone: Option<Option<String>>,
}
