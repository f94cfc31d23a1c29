//! Logging in: a password, and where there is one a second factor. And showing both once more.

use entity::{prelude::*, tenant};

use super::{Factor, Identity, IdentityError, LoggedIn, Visit};
use crate::{
    audit,
    budget::PASSWORD,
    identity::{
        Session,
        core::{self, CHALLENGE_SECONDS, Rejection},
        password::Passwords,
        rows::{self, Membership, factors, links, refresh, sessions},
        secret::{self, Purpose},
    },
    storage::{Fault, GlobalWork},
};

/// What a login comes to.
#[derive(Debug)]
pub enum Entered {
    In(Box<LoggedIn>),
    /// A second factor is asked for first.
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
    /// Counts an attempt to show a password, for the account and for the address, before anything is looked at; known or not, an account
    /// is counted the same.
    pub(super) async fn attempt(&self, account: &str, visit: &Visit) -> Result<(), IdentityError> {
        let (attempts, [account, address]) = (self.attempts(), names(account, visit));
        attempts.attempt(&PASSWORD, &account).await?;
        if visit.address.is_some()
            && let Err(empty) = attempts.attempt(&PASSWORD, &address).await
        {
            attempts.forgive(&PASSWORD, &account);
            return Err(empty.into());
        }
        Ok(())
    }

    /// The password was right: only wrong ones count.
    pub(super) fn forgive(&self, account: &str, visit: &Visit) {
        let (attempts, [account, address]) = (self.attempts(), names(account, visit));
        attempts.forgive(&PASSWORD, &account);
        if visit.address.is_some() {
            attempts.forgive(&PASSWORD, &address);
        }
    }

    /// Checks e-mail and password, and begins a session in the tenant named, or in the oldest of the user's.
    pub async fn login(
        &self,
        email: &str,
        password: &str,
        tenant: Option<&str>,
        visit: &Visit,
    ) -> Result<Entered, IdentityError> {
        let (global, account) = (self.db.global(), core::email_key(email));
        self.attempt(&account, visit).await?;
        let user = rows::user_by_email(&global, &account).await?;
        let hash = user.as_ref().map(|user| user.password_hash.as_str());
        let matches = self.passwords.verify(password, hash).await?;
        // Asked for unknown users too, so that they take as long.
        let memberships = rows::memberships(&global, user.as_ref().map_or(UserId::NIL, |user| user.id)).await?;
        let Some(user) = user else { return Err(Rejection::InvalidCredentials.into()) };
        if !matches {
            // Somebody tries to come in as this user: that belongs into the log of where they would come in.
            if let Some(first) = memberships.first() {
                audit::attribute(first.tenant, Actor::member(first.member));
            }
            return Err(Rejection::InvalidCredentials.into());
        }
        let ids: Vec<TenantId> = memberships.iter().map(|m| m.tenant).collect();
        let tenants = rows::tenants_by_id(&global, &ids).await?;
        let found = memberships.iter().filter(|m| m.status == MemberStatus::Active).find_map(|m| {
            let row = tenants.iter().find(|t| t.id == m.tenant)?;
            tenant.is_none_or(|slug| slug == row.slug).then(|| (m, row.clone()))
        });
        let Some((membership, tenant)) = found else { return Err(Rejection::InvalidCredentials.into()) };
        self.forgive(&account, visit);
        self.rehash(user.id, password, &user.password_hash).await?;
        self.enter(self.db.global().begin().await?, membership, tenant, visit).await
    }

    /// Hashes a password anew that was hashed when less was enough.
    async fn rehash(&self, user: UserId, password: &str, stored: &str) -> Result<(), Fault> {
        if Passwords::is_strong(stored) {
            return Ok(());
        }
        let stronger = self.passwords.hash(password).await?;
        let work = self.db.global().begin().await?;
        links::rehash(&work, user, stored, stronger).await?;
        work.commit().await
    }

    /// Lets in somebody whose password was right, or asks for their second factor. The transaction is committed.
    pub(super) async fn enter(
        &self,
        work: GlobalWork,
        membership: &Membership,
        tenant: tenant::Model,
        visit: &Visit,
    ) -> Result<Entered, IdentityError> {
        let (now, user) = (self.clock.now(), membership.user);
        audit::attribute(membership.tenant, Actor::member(membership.member));
        let methods = self.factors(user).await?;
        if methods.is_empty() {
            let logged_in = self.begin_session(&work, membership, tenant, (now, None), visit).await?;
            work.commit().await?;
            return Ok(Entered::In(Box::new(logged_in)));
        }
        let (token, hash) = secret::draw(&self.clock, Purpose::Challenge);
        let expires_at = now.plus_seconds(CHALLENGE_SECONDS);
        let (network, member) = (visit.address.map(core::network), membership.member);
        let row = factors::ChallengeRow { user, tenant: membership.tenant, member, network, auth_at: now };
        factors::put_challenge(&work, hash, row, expires_at).await?;
        work.commit().await?;
        Ok(Entered::Challenge(Challenge { token, methods, expires_at }))
    }

    /// Goes on with a login that waits for a second factor.
    pub async fn mfa_verify(&self, token: &str, factor: Factor, code: &str, visit: &Visit) -> Result<LoggedIn, IdentityError> {
        let hash = secret::kept(token, Purpose::Challenge).ok_or(Rejection::ChallengeOver)?;
        let work = self.db.global().begin().await?;
        let challenge = factors::try_challenge(&work, hash, self.clock.now()).await?;
        work.commit().await?;
        let elsewhere = |began: &String| visit.address.map(core::network).as_ref() != Some(began);
        let challenge = challenge.filter(|challenge| !challenge.network.as_ref().is_some_and(elsewhere));
        let challenge = challenge.ok_or(Rejection::ChallengeOver)?;
        audit::attribute(challenge.tenant, Actor::member(challenge.member));
        let proof = self.look_at(challenge.user, factor, code).await?;
        let work = self.db.global().begin().await?;
        let now = self.clock.now();
        // Code and challenge are used up in the transaction that begins the session: of many at once, one comes in.
        let is_first = self.use_up(&work, challenge.user, &proof).await? && factors::meet_challenge(&work, hash, now).await?;
        let membership = rows::membership(&work, challenge.tenant, challenge.member).await?;
        let membership = membership.filter(|m| m.status == MemberStatus::Active);
        let (Some(membership), Some(tenant), true) = (membership, rows::tenant(&work, challenge.tenant).await?, is_first) else {
            work.rollback().await?;
            return Err(Rejection::MfaInvalid.into());
        };
        let logged_in = self.begin_session(&work, &membership, tenant, (now, Some(now)), visit).await?;
        work.commit().await?;
        Ok(logged_in)
    }

    /// Shows once more who is there: a code of whoever has a second factor, the password of whoever has none; whatever else is given must be right
    /// too. The session goes on with fresh tokens.
    pub async fn reauthenticate(
        &self,
        session: &Session,
        password: Option<&str>,
        code: Option<&str>,
        visit: &Visit,
    ) -> Result<LoggedIn, IdentityError> {
        let user = rows::user(&self.db.global(), session.user).await?.ok_or(Rejection::InvalidCredentials)?;
        let has_factor = self.has_factor(user.id).await?;
        if let Some(password) = password {
            self.attempt(&user.email_key, visit).await?;
            if !self.passwords.verify(password, Some(&user.password_hash)).await? {
                return Err(Rejection::InvalidCredentials.into());
            }
            self.forgive(&user.email_key, visit);
        } else if !has_factor {
            return Err(Rejection::InvalidCredentials.into());
        }
        let proof = match (code, has_factor) {
            (Some(code), true) => {
                let factor = if code.trim().len() > 8 { Factor::BackupCode } else { Factor::Totp };
                Some(self.look_at(user.id, factor, code).await?)
            }
            (None, false) => None,
            _ => return Err(Rejection::MfaInvalid.into()),
        };
        let work = self.db.global().begin().await?;
        let is_fresh = match &proof {
            Some(proof) => self.use_up(&work, user.id, proof).await?,
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
        sessions::authenticated(&work, &row).await?;
        let (next, logged_in) = self.issue(&work, row, &membership, tenant).await?;
        refresh::rotate_all(&work, session.id, next, now).await?;
        work.commit().await?;
        self.presence.forget(session.id);
        Ok(logged_in)
    }
}

/// The buckets of an account and of an address.
fn names(account: &str, visit: &Visit) -> [String; 2] {
    let address = visit.address.map(|address| address.to_string()).unwrap_or_default();
    [format!("account {account}"), format!("address {address}")]
}
