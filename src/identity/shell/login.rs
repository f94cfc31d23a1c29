//! Logging in.

use entity::prelude::*;

use super::{Identity, IdentityError, LoggedIn, Visit};
use crate::{
    audit,
    identity::{
        core::{self, Rejection},
        rows,
    },
};

impl Identity {
    /// Checks e-mail and password, and begins a session in the tenant named, or in the oldest of the user's.
    pub async fn login(
        &self,
        email: &str,
        password: &str,
        tenant: Option<&str>,
        visit: &Visit,
    ) -> Result<LoggedIn, IdentityError> {
        let global = self.db.global();
        let user = rows::user_by_email(&global, &core::email_key(email)).await?;
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
        let work = global.begin().await?;
        let shown = (self.clock.now(), None);
        let logged_in = self.begin_session(&work, (user.id, membership), tenant, shown, visit).await?;
        work.commit().await?;
        Ok(logged_in)
    }
}
