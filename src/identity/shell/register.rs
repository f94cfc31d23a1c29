//! Making a tenant and its owner.

use entity::{app_user, member, prelude::*, tenant};

use super::{Identity, IdentityError, LoggedIn, Visit};
use crate::{
    identity::{
        core::{self, NewTenant, Rejection},
        rows::{self, Membership},
    },
    storage::{Fault, GlobalWork, journal},
};

impl Identity {
    /// Makes a tenant and its owner, and logs the owner in. Somebody who has an account already shows its password.
    pub async fn register(&self, new: NewTenant, visit: &Visit) -> Result<LoggedIn, IdentityError> {
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
        match self.write_tenant(&new, user, visit).await {
            Ok(logged_in) => Ok(logged_in),
            Err(fault) if fault.unique_violation().is_some_and(|m| m.contains("slug")) => Err(Rejection::SlugTaken.into()),
            // Two registrations of one address at once: the second is asked for the first one's password.
            Err(fault) if fault.unique_violation().is_some() => Err(Rejection::InvalidCredentials.into()),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn write_tenant(&self, new: &NewTenant, user: Account, visit: &Visit) -> Result<LoggedIn, Fault> {
        let now = self.clock.now();
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
        let membership = Membership {
            tenant: tenant.id,
            member: member.id,
            user: user_id,
            role: member.role.clone(),
            status: member.status,
            version: member.version,
        };
        work.insert::<member::Entity>(member).await?;
        journal::begin_tenant(&work, self.clock.uuid()).await?;
        self.furnish.furnish(&work).await?;
        let work = GlobalWork::from(work);
        let logged_in = self.begin_session(&work, (user_id, &membership), tenant, (now, None), visit).await?;
        work.commit().await?;
        Ok(logged_in)
    }
}

enum Account {
    Existing(UserId),
    New(app_user::Model),
}
use Account::{Existing, New};
