//! Registering and logging in.

use std::sync::Arc;

use async_trait::async_trait;
use entity::{app_user, member, prelude::*, signing_key, tenant};

use super::{
    core::{self, NewTenant, Rejection},
    password::Passwords,
    rows::{self, Membership},
    token::{TokenUse, Tokens},
};
use crate::{
    audit,
    clock::Clock,
    secrets::{self, KeyRing},
    storage::{Database, Fault, Work, journal},
};

/// What a new tenant begins with, from rooms that come later.
#[async_trait]
pub trait Furnish: Send + Sync + 'static {
    async fn furnish(&self, work: &Work) -> Result<(), Fault>;
}

/// How long tokens live, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub access_seconds: i64,
    pub refresh_seconds: i64,
}
impl Default for Settings {
    fn default() -> Self {
        Self { access_seconds: 600, refresh_seconds: 12 * 3600 }
    }
}

#[derive(Clone)]
pub struct Identity {
    db: Database,
    clock: Clock,
    tokens: Tokens,
    passwords: Passwords,
    settings: Settings,
    furnish: Arc<dyn Furnish>,
    ring: KeyRing,
}

/// A refusal or a fault.
#[derive(Debug)]
pub enum IdentityError {
    Refused(Vec<Rejection>),
    Fault(Fault),
}
impl From<Fault> for IdentityError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<Rejection> for IdentityError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(vec![rejection])
    }
}

/// A session that has begun or goes on.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    pub access_token: String,
    pub access_expires_at: Timestamp,
    pub refresh_token: String,
    pub refresh_expires_at: Timestamp,
    pub session: SessionId,
    pub began_at: Timestamp,
    pub tenant: tenant::Model,
}

impl Identity {
    /// Opens the room; the deployment's signing key is made on first need. Of several processes that start at once, one's key is used by all.
    pub async fn open(
        db: Database,
        clock: Clock,
        settings: Settings,
        furnish: Arc<dyn Furnish>,
        ring: KeyRing,
    ) -> Result<Self, Fault> {
        let key = match rows::signing_key(&db.global()).await? {
            Some(key) => key,
            None => Self::make_key(&db, &clock, &ring).await?,
        };
        let tokens = Tokens::new(&Self::private_half(&db, &ring, &key).await?, key.id.to_string(), clock.clone())?;
        Ok(Self { db, tokens, passwords: Passwords::new(clock.clone()), clock, settings, furnish, ring })
    }

    /// Opens the private half. One that lies there plain, from before there were keys to seal with, is sealed on the way.
    async fn private_half(db: &Database, ring: &KeyRing, key: &signing_key::Model) -> Result<Vec<u8>, Fault> {
        let context = rows::SIGNING_KEY.context(&[key.id.uuid()]);
        if secrets::key_of(&key.pkcs8).is_some() {
            return ring.open(&context, &key.pkcs8);
        }
        let work = db.global().begin_for(TenantId::NIL).await?;
        rows::seal_signing_key(&work, key.id, key.pkcs8.clone(), ring.seal(&context, &key.pkcs8)?).await?;
        work.commit().await?;
        Ok(key.pkcs8.clone())
    }

    async fn make_key(db: &Database, clock: &Clock, ring: &KeyRing) -> Result<signing_key::Model, Fault> {
        // The first key has a fixed id: of two processes that make it at once, the primary key lets one through.
        let id = SigningKeyId::from_uuid(uuid::Uuid::from_u128(1));
        let pkcs8 = ring.seal(&rows::SIGNING_KEY.context(&[id.uuid()]), &Tokens::generate(clock))?;
        let key = signing_key::Model { id, algorithm: "EdDSA".to_owned(), pkcs8, created_at: clock.now() };
        let work = db.global().begin_for(TenantId::NIL).await?;
        match work.insert_global::<signing_key::Entity>(key).await {
            Ok(()) => work.commit().await?,
            Err(fault) if fault.unique_violation().is_some() => work.rollback().await?,
            Err(fault) => return Err(fault),
        }
        rows::signing_key(&db.global()).await?.ok_or_else(|| Fault::corrupt("signing_key", "a deployment has a key"))
    }

    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
    pub fn database(&self) -> &Database {
        &self.db
    }
    /// The secret that list cursors are signed with, the same on every node of the deployment.
    pub async fn cursor_secret(&self) -> Result<[u8; 32], Fault> {
        use sha2::{Digest, Sha256};
        let key =
            rows::signing_key(&self.db.global()).await?.ok_or_else(|| Fault::corrupt("signing_key", "a deployment has a key"))?;
        let pkcs8 = self.ring.open(&rows::SIGNING_KEY.context(&[key.id.uuid()]), &key.pkcs8)?;
        Ok(Sha256::new().chain_update(b"entrepot cursors 1").chain_update(&pkcs8).finalize().into())
    }

    /// Makes a tenant and its owner, and logs the owner in. Somebody who has an account already shows its password.
    pub async fn register(&self, new: NewTenant) -> Result<LoggedIn, IdentityError> {
        let wrong = core::check(&new);
        if !wrong.is_empty() {
            return Err(IdentityError::Refused(wrong));
        }
        let global = self.db.global();
        let key = core::email_key(&new.email);
        let known = rows::user_by_email(&global, &key).await?;
        if let Some(user) = &known
            && !self.passwords.verify(&new.password, Some(&user.password_hash)).await?
        {
            return Err(Rejection::InvalidCredentials.into());
        }
        if rows::tenant_by_slug(&global, &new.tenant_slug).await?.is_some() {
            return Err(Rejection::SlugTaken.into());
        }
        let now = self.clock.now();
        let user = match known {
            Some(user) => Existing(user.id),
            None => New(app_user::Model {
                id: self.clock.id(),
                email: new.email.trim().to_owned(),
                email_key: key,
                password_hash: self.passwords.hash(&new.password).await?,
                display_name: new.display_name.trim().to_owned(),
                created_at: now,
            }),
        };
        match self.write_tenant(&new, user, now).await {
            Ok((user, tenant, member)) => Ok(self.session(user, tenant, member, now)?),
            Err(fault) if fault.unique_violation().is_some_and(|m| m.contains("slug")) => Err(Rejection::SlugTaken.into()),
            // Two registrations of one address at once: the second is asked for the first one's password.
            Err(fault) if fault.unique_violation().is_some() => Err(Rejection::InvalidCredentials.into()),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn write_tenant(
        &self,
        new: &NewTenant,
        user: Account,
        now: Timestamp,
    ) -> Result<(UserId, tenant::Model, MemberId), Fault> {
        let tenant = tenant::Model {
            id: self.clock.id(),
            slug: new.tenant_slug.clone(),
            name: new.tenant_name.trim().to_owned(),
            default_currency: Currency::GBP.to_string(),
            time_zone: "Europe/London".to_owned(),
            mfa_required: false,
            sandbox: false,
            closed_through: None,
            reservation_seconds: 900,
            created_at: now,
        };
        let work = self.db.global().begin_for(tenant.id).await?;
        work.insert_global::<tenant::Entity>(tenant.clone()).await?;
        let user_id = match user {
            Existing(id) => id,
            New(user) => {
                let id = user.id;
                work.insert_global::<app_user::Entity>(user).await?;
                id
            }
        };
        let member = member::Model {
            tenant_id: tenant.id,
            id: self.clock.id(),
            user_id,
            role: "owner".to_owned(),
            status: MemberStatus::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let member_id = member.id;
        work.insert::<member::Entity>(member).await?;
        journal::begin_tenant(&work, self.clock.uuid()).await?;
        self.furnish.furnish(&work).await?;
        audit::attribute(tenant.id, Actor::member(member_id));
        work.commit().await?;
        Ok((user_id, tenant, member_id))
    }

    /// Checks e-mail and password, and begins a session in the tenant named, or in the oldest of the user's.
    pub async fn login(&self, email: &str, password: &str, tenant: Option<&str>) -> Result<LoggedIn, IdentityError> {
        let global = self.db.global();
        let user = rows::user_by_email(&global, &core::email_key(email)).await?;
        let hash = user.as_ref().map(|user| user.password_hash.as_str());
        let matches = self.passwords.verify(password, hash).await?;
        // Asked for unknown users too, so that they take as long.
        let memberships = rows::memberships(&global, user.as_ref().map_or(UserId::NIL, |user| user.id)).await?;
        let Some(user) = user else { return Err(Rejection::InvalidCredentials.into()) };
        if !matches {
            // Somebody is trying to come in as this user: that belongs into the log of where they would come in.
            if let Some(m) = memberships.first() {
                audit::attribute(m.tenant, Actor::member(m.member));
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
        audit::attribute(tenant.id, Actor::member(membership.member));
        Ok(self.session(user.id, tenant, membership.member, self.clock.now())?)
    }

    /// Goes on with a session, if its member still may come in.
    pub async fn refresh(&self, token: &str) -> Result<LoggedIn, IdentityError> {
        let claims = self.tokens.verify(token, TokenUse::Refresh).map_err(|_| Rejection::TokenExpired)?;
        let global = self.db.global();
        let membership = rows::membership(&global, claims.tid, claims.mid).await?;
        let active = membership.is_some_and(|m: Membership| m.status == MemberStatus::Active);
        let tenant = rows::tenants_by_id(&global, &[claims.tid]).await?.pop();
        let Some(tenant) = tenant.filter(|_| active) else { return Err(Rejection::TokenExpired.into()) };
        Ok(self.tokens_for(claims.sub, tenant, claims.mid, claims.sid, Timestamp(claims.auth_time * 1_000_000))?)
    }

    fn session(&self, user: UserId, tenant: tenant::Model, member: MemberId, now: Timestamp) -> Result<LoggedIn, Fault> {
        self.tokens_for(user, tenant, member, self.clock.id(), now)
    }

    fn tokens_for(
        &self,
        user: UserId,
        tenant: tenant::Model,
        member: MemberId,
        session: SessionId,
        began: Timestamp,
    ) -> Result<LoggedIn, Fault> {
        let mut access = self.tokens.claims(user, (tenant.id, member), session, self.settings.access_seconds);
        access.auth_time = began.micros() / 1_000_000;
        let mut refresh = self.tokens.claims(user, (tenant.id, member), session, self.settings.refresh_seconds);
        refresh.auth_time = access.auth_time;
        Ok(LoggedIn {
            access_token: self.tokens.sign(&access, TokenUse::Access)?,
            access_expires_at: Timestamp(access.exp * 1_000_000),
            refresh_token: self.tokens.sign(&refresh, TokenUse::Refresh)?,
            refresh_expires_at: Timestamp(refresh.exp * 1_000_000),
            session,
            began_at: began,
            tenant,
        })
    }
}

enum Account {
    Existing(UserId),
    New(app_user::Model),
}
use Account::{Existing, New};
