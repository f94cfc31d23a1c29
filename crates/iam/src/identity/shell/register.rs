//! Making a tenant and its owner.

use entity::{app_user, member, prelude::*, tenant};
use platform::storage::{Fault, GlobalWork, journal};

use super::{error::IdentityError, login::LoginOutcome, people::VERIFY_SECONDS, service::Identity, settings::Registration};
use crate::identity::{
    core::{self, NewTenant, Rejection, Risk},
    emails::EmailKind,
    rows::{
        self, Membership,
        links::{self, PendingRegistration},
    },
    secret::{self, Purpose},
    session::Visit,
};

/// Owner of a new tenant.
pub(super) enum Account {
    Existing(UserId),
    New(app_user::Model),
}
use Account::{Existing, New};

impl Identity {
    /// Creates a tenant and its owner, and logs the owner in; or, if addresses have to be confirmed
    /// first, sends the link for that. A user with an account already gives its password.
    pub async fn register(&self, request: NewTenant, visit: &Visit) -> Result<LoginOutcome, IdentityError> {
        if self.settings.registration == Registration::Closed {
            return Err(Rejection::RegistrationClosed.into());
        }
        let mut rejections = core::check(&request);
        let context = [request.email.as_str(), &request.display_name, &request.tenant_name, &request.tenant_slug];
        rejections.extend(self.check_password(&request.password, &context, core::Field::Password).err());
        if !rejections.is_empty() {
            return Err(IdentityError::Refused(rejections));
        }
        if rows::tenant_by_slug(&self.db.global(), &request.tenant_slug).await?.is_some() {
            return Err(Rejection::SlugTaken.into());
        }
        match self.settings.registration {
            Registration::Verified => self.register_with_confirmation(request, visit).await,
            Registration::Open | Registration::Closed => self.register_unconfirmed(request, visit).await,
        }
    }

    async fn register_unconfirmed(&self, request: NewTenant, visit: &Visit) -> Result<LoginOutcome, IdentityError> {
        let (global, key) = (self.db.global(), core::email_key(&request.email));
        let (account, checked_hash) = if let Some(user) = rows::user_by_email(&global, &key).await? {
            self.check_user_password(&user, &request.password, visit, Rejection::InvalidCredentials).await?;
            (Existing(user.id), user.password_hash)
        } else {
            let hash = self.passwords.hash(&request.password).await?;
            (New(self.new_user(&request.email, &request.display_name, hash.clone())), hash)
        };
        let tenant = self.new_tenant(&request.tenant_name, &request.tenant_slug);
        let transaction = async {
            let (work, membership) = self.write_tenant(tenant.clone(), account).await?;
            Self::ensure_password_unchanged(&work, membership.user, &checked_hash, Rejection::InvalidCredentials).await?;
            rows::record_password_class(&work, membership.user, core::length_class(&request.password)).await?;
            self.complete_login(work, &membership, tenant, (visit, Risk::default())).await
        };
        transaction.await.map_err(map_unique_violation)
    }

    /// Answers and works the same whether the address is known or not: its owner learns it from the
    /// e-mail.
    async fn register_with_confirmation(&self, new: NewTenant, visit: &Visit) -> Result<LoginOutcome, IdentityError> {
        self.attempt(&core::email_key(&new.email), visit).await?;
        let password_hash = self.passwords.hash(&new.password).await?;
        let (token, hash) = secret::generate_token(&self.clock, Purpose::Verify);
        let expires_at = self.clock.now().plus_seconds(VERIFY_SECONDS);
        let email = new.email.trim().to_owned();
        let pending = PendingRegistration {
            email: email.clone(),
            display_name: new.display_name.trim().to_owned(),
            tenant_name: new.tenant_name.trim().to_owned(),
            tenant_slug: new.tenant_slug,
            password_hash,
        };
        let tenant = pending.tenant_name.clone();
        let work = self.db.global().begin().await?;
        links::insert_registration(&work, hash, pending, expires_at).await?;
        work.commit().await?;
        self.write(EmailKind::Registered { link: self.link(Purpose::Verify, &token), tenant }, &email, "");
        Ok(LoginOutcome::LinkSent { email, expires_at })
    }

    /// Completes a registration whose address was confirmed. An existing account keeps its
    /// password. The link is used up in the transaction that creates the tenant: if that is refused
    /// or fails, the link can be used again.
    pub(super) async fn finish_registration(&self, hash: [u8; 32]) -> Result<(), IdentityError> {
        let (global, now) = (self.db.global(), self.clock.now());
        let pending_registration = links::registration(&global, hash, now).await?.ok_or(Rejection::LinkOver)?;
        let account = match rows::user_by_email(&global, &core::email_key(&pending_registration.email)).await? {
            Some(user) => Existing(user.id),
            None => New(self.new_user(
                &pending_registration.email,
                &pending_registration.display_name,
                pending_registration.password_hash,
            )),
        };
        let tenant = self.new_tenant(&pending_registration.tenant_name, &pending_registration.tenant_slug);
        let transaction = async {
            let work = self.begin_tenant(tenant.id).await?;
            // The link can be used once: of concurrent calls, one succeeds.
            if !links::end_registration(&work, hash).await? {
                work.rollback().await?;
                return Err(IdentityError::from(Rejection::LinkOver));
            }
            let (work, membership) = self.insert_tenant(work, tenant, account).await?;
            links::set_verified(&work, membership.user, now).await?;
            Ok::<(), IdentityError>(work.commit().await?)
        };
        transaction.await.map_err(map_unique_violation)
    }

    fn new_user(&self, email: &str, display_name: &str, password_hash: String) -> app_user::Model {
        app_user::Model {
            id: self.clock.id(),
            email: email.trim().to_owned(),
            email_key: core::email_key(email),
            password_hash,
            display_name: display_name.trim().to_owned(),
            created_at: self.clock.now(),
        }
    }

    pub(super) fn new_tenant(&self, name: &str, slug: &str) -> tenant::Model {
        tenant::Model {
            id: self.clock.id(),
            slug: slug.to_owned(),
            name: name.trim().to_owned(),
            default_currency: Currency::GBP.to_string(),
            time_zone: "Europe/London".to_owned(),
            mfa_required: false,
            sandbox: false,
            closed_through: None,
            reservation_seconds: 900,
            created_at: self.clock.now(),
        }
    }

    pub(super) async fn write_tenant(&self, tenant: tenant::Model, account: Account) -> Result<(GlobalWork, Membership), Fault> {
        let work = self.begin_tenant(tenant.id).await?;
        self.insert_tenant(work, tenant, account).await
    }

    async fn begin_tenant(&self, tenant: TenantId) -> Result<GlobalWork, Fault> {
        Ok(GlobalWork::from(self.db.global().maintenance_for(tenant).await?))
    }

    /// Writes a tenant and its owner in a transaction that was begun for it.
    async fn insert_tenant(
        &self,
        global: GlobalWork,
        tenant: tenant::Model,
        account: Account,
    ) -> Result<(GlobalWork, Membership), Fault> {
        let now = self.clock.now();
        let work = global.tenant();
        let tenant_id = tenant.id;
        work.insert_global::<tenant::Entity>(tenant).await?;
        let user_id = match account {
            Existing(id) => id,
            New(user) => {
                if let Some(id) = rows::claim_user(&global, &user).await? {
                    id
                } else {
                    let id = user.id;
                    work.insert_global::<app_user::Entity>(user).await?;
                    id
                }
            }
        };
        let member = member::Model {
            tenant_id,
            id: self.clock.id(),
            user_id,
            status: MemberStatus::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let membership =
            Membership { tenant: tenant_id, member: member.id, user: user_id, status: member.status, version: member.version };
        work.insert::<member::Entity>(member).await?;
        journal::begin_tenant(work, self.clock.uuid()).await?;
        self.provisioner.provision(work, membership.member).await?;
        Ok((global, membership))
    }
}

/// Two concurrent registrations: the second finds the slug taken, or needs the password of the
/// account that the first created.
fn map_unique_violation(err: IdentityError) -> IdentityError {
    let constraint = match &err {
        IdentityError::Fault(fault) => fault.unique_violation(),
        _ => None,
    };
    match constraint {
        Some(message) if message.contains("slug") => Rejection::SlugTaken.into(),
        Some(_) => Rejection::InvalidCredentials.into(),
        None => err,
    }
}
