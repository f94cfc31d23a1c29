//! Login by a password and, if the user has one, a second factor; and step-up in a session.

use entity::{app_user, prelude::*, tenant};
use platform::{
    audit,
    rate_limit::{PASSWORD, host},
    storage::{Fault, GlobalWork},
};

use super::{
    error::IdentityError,
    factors::Factor,
    service::Identity,
    sessions::{SessionProofs, SessionTokens},
};
use crate::identity::{
    core::{self, CHALLENGE_SECONDS, Rejection, Risk},
    emails::EmailKind,
    password::Passwords,
    rows::{
        self, Membership, devices,
        factors::{self, ChallengeRow},
        links, refresh, sessions,
    },
    secret::{self, Purpose},
    session::{Session, Visit},
};

/// Result of a login.
#[derive(Debug)]
pub enum LoginOutcome {
    In(Box<SessionTokens>),
    /// A second factor is required first.
    Challenge(Challenge),
    /// A registration waits for its link.
    LinkSent {
        email: String,
        expires_at: Timestamp,
    },
}

/// A login that waits for a second factor.
#[derive(Debug)]
pub struct Challenge {
    pub token: String,
    pub methods: Vec<Factor>,
    pub expires_at: Timestamp,
}

impl Identity {
    /// Counts a password attempt, for the account and for the address, before anything is checked;
    /// unknown accounts are counted like known ones. A device that the account has been logged in
    /// from has a bucket of its own: guesses by others do not lock its owner out.
    pub(super) async fn attempt(&self, account: &str, visit: &Visit) -> Result<Attempt, IdentityError> {
        let attempts = self.attempts();
        if let Some(device) = self.known_device_bucket(account, visit).await? {
            attempts.attempt(&PASSWORD, &device).await?;
            return Ok(Attempt(vec![device]));
        }
        let account = format!("account {account}");
        attempts.attempt(&PASSWORD, &account).await?;
        let Some(address) = visit.address.map(|address| format!("address {}", host(address))) else {
            return Ok(Attempt(vec![account]));
        };
        if let Err(shortage) = attempts.attempt(&PASSWORD, &address).await {
            attempts.refund_attempt(&PASSWORD, &account);
            return Err(shortage.into());
        }
        Ok(Attempt(vec![account, address]))
    }

    /// The bucket of a device that is known to the account.
    pub(super) async fn known_device_bucket(&self, account: &str, visit: &Visit) -> Result<Option<String>, Fault> {
        let Some(hash) = visit.device_hash() else { return Ok(None) };
        let global = self.db.global();
        // An unknown account is queried too, so that it takes as long.
        let user = rows::user_by_email(&global, account).await?.map_or(UserId::NIL, |user| user.id);
        let (is_own, _) = devices::look_up_device(&global, user, hash).await?;
        Ok(is_own.then(|| format!("device {account} {hash:02x?}")))
    }

    /// The password was right: only wrong ones count.
    pub(super) fn refund_attempt(&self, attempt: &Attempt) {
        let attempts = self.attempts();
        attempt.0.iter().for_each(|name| attempts.refund_attempt(&PASSWORD, name));
    }

    /// Checks the password of a known user; a wrong one is counted and refused with `rejection`.
    pub(super) async fn check_user_password(
        &self,
        user: &app_user::Model,
        password: &str,
        visit: &Visit,
        rejection: Rejection,
    ) -> Result<(), IdentityError> {
        let attempt = self.attempt(&user.email_key, visit).await?;
        self.check_counted_password(user, password, &attempt, rejection).await
    }

    /// Checks the password of a user who is logged in. These attempts have a bucket of their own:
    /// guesses by strangers at the login do not lock the user out, and a person who finds an open
    /// page has ten guesses too.
    pub(super) async fn check_password_again(
        &self,
        user: &app_user::Model,
        password: &str,
        rejection: Rejection,
    ) -> Result<(), IdentityError> {
        let attempt = Attempt(vec![format!("logged in {}", user.id)]);
        self.attempts().attempt(&PASSWORD, &attempt.0[0]).await?;
        self.check_counted_password(user, password, &attempt, rejection).await
    }

    async fn check_counted_password(
        &self,
        user: &app_user::Model,
        password: &str,
        attempt: &Attempt,
        rejection: Rejection,
    ) -> Result<(), IdentityError> {
        if !self.passwords.verify(password, Some(&user.password_hash)).await? {
            self.note_failure(user.id);
            return Err(rejection.into());
        }
        self.refund_attempt(attempt);
        Ok(())
    }

    /// Checks e-mail and password, and begins a session in the tenant named, or in the oldest of the user's.
    pub async fn login(
        &self,
        email: &str,
        password: &str,
        tenant: Option<&str>,
        visit: &Visit,
    ) -> Result<LoginOutcome, IdentityError> {
        let (global, account) = (self.db.global(), core::email_key(email));
        let attempt = self.attempt(&account, visit).await?;
        let user = rows::user_by_email(&global, &account).await?;
        let hash = user.as_ref().map(|user| user.password_hash.as_str());
        let matches = self.passwords.verify(password, hash).await?;
        // Unknown users are queried too, so that they take as long.
        let memberships = rows::memberships(&global, user.as_ref().map_or(UserId::NIL, |user| user.id)).await?;
        let Some(user) = user else { return Err(Rejection::InvalidCredentials.into()) };
        if !matches {
            self.note_failure(user.id);
            // An attempt to log in as this user belongs in the audit log of the tenant that they
            // would log in to.
            if let Some(first) = memberships.first() {
                audit::attribute(first.tenant, Actor::member(first.member));
            }
            return Err(Rejection::InvalidCredentials.into());
        }
        let ids: Vec<TenantId> = memberships.iter().map(|m| m.tenant).collect();
        let tenants = rows::tenants_by_id(&global, &ids).await?;
        let suspended = rows::suspended_among(&global, &ids).await?;
        let candidates = memberships.iter().filter(|m| m.status == MemberStatus::Active).filter_map(|m| {
            let row = tenants.iter().find(|t| t.id == m.tenant)?;
            tenant.is_none_or(|slug| slug == row.slug).then(|| (m, row.clone()))
        });
        let candidates: Vec<_> = candidates.collect();
        // The oldest membership whose tenant is not suspended; if all are, `complete_login` refuses the
        // first.
        let first = candidates.iter().position(|(m, _)| !suspended.contains(&m.tenant)).unwrap_or_default();
        let Some((membership, tenant)) = candidates.into_iter().nth(first) else {
            return Err(Rejection::InvalidCredentials.into());
        };
        self.refund_attempt(&attempt);
        self.rehash(user.id, password, &user.password_hash).await?;
        let (user, checked_hash) = (user.id, user.password_hash);
        let min_length = rows::security_limits(&global, tenant.id).await?.password_length;
        Self::check_length(password, min_length, core::Field::Password)?;
        let risk = self.assess(user, visit).await?;
        let work = self.begin_with_password(user, password, checked_hash).await?;
        rows::record_password_class(&work, user, core::length_class(password)).await?;
        self.complete_login(work, membership, tenant, (visit, risk)).await
    }

    /// Begins a transaction in which the user's password stays the one that was checked. If its
    /// hash has changed meanwhile, the password is checked against the new hash: either another
    /// login has rehashed it, or the password was changed.
    async fn begin_with_password(
        &self,
        user: UserId,
        password: &str,
        mut checked_hash: String,
    ) -> Result<GlobalWork, IdentityError> {
        /// Passwords do not change more often within one login.
        const MAX_TRIES: usize = 3;
        for _ in 0..MAX_TRIES {
            let work = self.db.global().begin().await?;
            let current_hash = rows::lock_password(&work, user).await?;
            if current_hash.as_deref() == Some(checked_hash.as_str()) {
                return Ok(work);
            }
            work.rollback().await?;
            let Some(current_hash) = current_hash else { break };
            if !self.passwords.verify(password, Some(&current_hash)).await? {
                break;
            }
            checked_hash = current_hash;
        }
        Err(Rejection::InvalidCredentials.into())
    }

    /// Refuses a password that is no longer the user's; it stays the same until the transaction
    /// ends.
    pub(super) async fn ensure_password_unchanged(
        work: &GlobalWork,
        user: UserId,
        checked_hash: &str,
        rejection: Rejection,
    ) -> Result<(), IdentityError> {
        let current_hash = rows::lock_password(work, user).await?;
        if current_hash.as_deref() == Some(checked_hash) { Ok(()) } else { Err(rejection.into()) }
    }

    /// Rehashes a password whose hash was made with weaker parameters.
    async fn rehash(&self, user: UserId, password: &str, stored_hash: &str) -> Result<(), Fault> {
        if Passwords::is_strong(stored_hash) {
            return Ok(());
        }
        let new_hash = self.passwords.hash(password).await?;
        let work = self.db.global().begin().await?;
        links::rehash(&work, user, stored_hash, new_hash).await?;
        work.commit().await
    }

    /// Logs in a user whose password was right, or requires their second factor; without one, a
    /// very unusual login requires a code that is sent to their address. The transaction is
    /// committed.
    pub(super) async fn complete_login(
        &self,
        work: GlobalWork,
        membership: &Membership,
        tenant: tenant::Model,
        (visit, risk): (&Visit, Risk),
    ) -> Result<LoginOutcome, IdentityError> {
        let (now, user) = (self.clock.now(), membership.user);
        audit::attribute(membership.tenant, Actor::member(membership.member));
        if rows::is_suspended(&work, membership.tenant).await? {
            work.rollback().await?;
            return Err(Rejection::TenantSuspended.into());
        }
        let user = rows::user(&work, user).await?.ok_or_else(|| Fault::corrupt("member", "a member is a user"))?;
        // The caller of this function has locked the user's row, so no factor is confirmed
        // concurrently.
        let methods = Self::factors(&work, user.id).await?;
        // Without a mailer no code can be sent, so none is required.
        let needs_mailed_code = methods.is_empty() && risk.is_high() && self.settings.mailer.is_configured();
        if methods.is_empty() && !needs_mailed_code {
            let logged_in =
                self.begin_session(&work, membership, tenant, SessionProofs::now(now, None), (visit, risk.clone())).await?;
            work.commit().await?;
            self.notify_of_login(&user, visit, &risk);
            return Ok(LoginOutcome::In(Box::new(logged_in)));
        }
        let (token, hash) = secret::generate_token(&self.clock, Purpose::Challenge);
        let mailed_code = if needs_mailed_code { Some(self.generate_mailed_code(&user, &token, visit).await?) } else { None };
        let (code, code_hash) = mailed_code.unzip();
        let expires_at = now.plus_seconds(CHALLENGE_SECONDS);
        let (network, member) = (visit.address.map(core::network), membership.member);
        let row = ChallengeRow { user: user.id, tenant: membership.tenant, member, network, auth_at: now, risk, code: code_hash };
        factors::insert_challenge(&work, hash, row, expires_at).await?;
        work.commit().await?;
        if let Some(code) = code {
            self.write(EmailKind::LoginCode { code }, &user.email, &user.display_name);
        }
        let methods = if needs_mailed_code { vec![Factor::Email] } else { methods };
        Ok(LoginOutcome::Challenge(Challenge { token, methods, expires_at }))
    }

    /// Completes a login that waits for a second factor.
    pub async fn mfa_verify(
        &self,
        token: &str,
        factor: Factor,
        code: &str,
        visit: &Visit,
    ) -> Result<SessionTokens, IdentityError> {
        let hash = secret::hash_token(token, Purpose::Challenge).ok_or(Rejection::ChallengeOver)?;
        let work = self.db.global().begin().await?;
        let challenge = factors::count_challenge_attempt(&work, hash, self.clock.now()).await?;
        work.commit().await?;
        let is_other_network = |start_network: &String| visit.address.map(core::network).as_ref() != Some(start_network);
        let challenge = challenge.filter(|challenge| !challenge.network.as_ref().is_some_and(is_other_network));
        let challenge = challenge.ok_or(Rejection::ChallengeOver)?;
        audit::attribute(challenge.tenant, Actor::member(challenge.member));
        let proof = match (factor, challenge.code) {
            (Factor::Email, Some(code_hash)) if code_hash == secret::hash_code(token, code.trim()) => None,
            (Factor::Email, _) => return Err(Rejection::MfaInvalid.into()),
            (Factor::Totp | Factor::BackupCode, _) => Some(self.verify_code(challenge.user, factor, code).await?),
        };
        let work = self.db.global().begin().await?;
        // As at a login: a concurrent change of the password either ends this session and deletes
        // its device, or has ended the challenge.
        rows::lock_password(&work, challenge.user).await?;
        let now = self.clock.now();
        if rows::is_suspended(&work, challenge.tenant).await? {
            work.rollback().await?;
            return Err(Rejection::TenantSuspended.into());
        }
        // Code and challenge are used up in the transaction that begins the session: of several
        // concurrent calls, one succeeds.
        let is_fresh = match &proof {
            Some(proof) => self.consume(&work, challenge.user, proof).await?,
            None => true,
        };
        let is_first = is_fresh && factors::complete_challenge(&work, hash, now).await?;
        let membership = rows::membership(&work, challenge.tenant, challenge.member).await?;
        let membership = membership.filter(|m| m.status == MemberStatus::Active);
        let (Some(membership), Some(tenant), true) = (membership, rows::tenant(&work, challenge.tenant).await?, is_first) else {
            work.rollback().await?;
            return Err(Rejection::MfaInvalid.into());
        };
        // A code from an e-mail proves the address; it is no second factor that a tenant could
        // require.
        let (proofs, risk) = (SessionProofs::now(now, proof.map(|_| now)), challenge.risk);
        let logged_in = self.begin_session(&work, &membership, tenant, proofs, (visit, risk.clone())).await?;
        let user = rows::user(&work, challenge.user).await?;
        work.commit().await?;
        if let Some(user) = user {
            self.notify_of_login(&user, visit, &risk);
        }
        Ok(logged_in)
    }

    /// Step-up: requires a code if the user has a second factor, else the password; any other
    /// credential that is given must be right too. The session continues with fresh tokens.
    pub async fn reauthenticate(
        &self,
        session: &Session,
        password: Option<&str>,
        code: Option<&str>,
    ) -> Result<SessionTokens, IdentityError> {
        let user = rows::user(&self.db.global(), session.user).await?.ok_or(Rejection::InvalidCredentials)?;
        let has_factor = self.has_factor(user.id).await?;
        if let Some(password) = password {
            self.check_password_again(&user, password, Rejection::InvalidCredentials).await?;
        } else if !has_factor {
            return Err(Rejection::InvalidCredentials.into());
        }
        let proof = match (code, has_factor) {
            (Some(code), true) => {
                let factor = if code.trim().len() > 8 { Factor::BackupCode } else { Factor::Totp };
                Some(self.verify_code(user.id, factor, code).await?)
            }
            (None, false) => None,
            _ => return Err(Rejection::MfaInvalid.into()),
        };
        let work = self.db.global().begin().await?;
        let is_fresh = match &proof {
            Some(proof) => self.consume(&work, user.id, proof).await?,
            None => true,
        };
        let now = self.clock.now();
        let row = sessions::lock(&work, session.id).await?.filter(|row| row.ended_at.is_none() && row.ends_at > now);
        let membership = rows::membership(&work, session.tenant, session.member).await?;
        let (Some(mut row), Some(membership), Some(tenant), true) =
            (row, membership, rows::tenant(&work, session.tenant).await?, is_fresh)
        else {
            work.rollback().await?;
            return Err(Rejection::MfaInvalid.into());
        };
        (row.auth_at, row.mfa_at) = (now, proof.map(|_| now).or(row.mfa_at));
        sessions::record_authentication(&work, &row).await?;
        let (next, logged_in) = self.issue(&work, row, &membership, tenant).await?;
        refresh::rotate_all(&work, session.id, next, now).await?;
        work.commit().await?;
        self.presence.invalidate(session.id);
        Ok(logged_in)
    }
}

/// An attempt to show a password: the buckets that it was taken from.
pub(super) struct Attempt(Vec<String>);
