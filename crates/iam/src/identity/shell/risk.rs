//! Risk of a login: assessed from the account's history, reported to its owner, and answered with a
//! code by e-mail if a password is not enough.

use entity::{app_user, prelude::*};
use platform::{
    clock,
    storage::{Fault, GlobalWork},
};

use super::{error::IdentityError, mail_quota::EmailPurpose, service::Identity, sessions::NAME};
use crate::identity::{
    core::{self, FAILURE_WINDOW_SECONDS, LoginFacts, Risk, RiskFactor},
    emails::EmailKind,
    rows::devices,
    secret::{self, Purpose},
    session::Visit,
};

impl Identity {
    /// Compares a login with those before it.
    pub(super) async fn assess(&self, user: UserId, visit: &Visit) -> Result<Risk, Fault> {
        let (global, now) = (self.db.global(), self.clock.now());
        let before = devices::logins(&global, user, now).await?;
        let known_device = match visit.device_hash() {
            Some(hash) => devices::look_up_device(&global, user, hash).await?.0,
            None => false,
        };
        let (network, agent) = (visit.address.map(core::network), visit.short_user_agent());
        let facts = LoginFacts {
            network: network.as_deref(),
            user_agent: agent.as_deref(),
            known_device,
            is_first: before.is_empty() && !devices::has_ever_logged_in(&global, user).await?,
            before: &before,
            failures: devices::failures(&global, user).await?,
        };
        Ok(core::assess(&facts, now))
    }

    /// Counts a wrong password in the background, so that the response time does not reveal whether
    /// there is an account.
    pub(super) fn note_failure(&self, user: UserId) {
        let identity = self.clone();
        tokio::spawn(async move {
            let counted = async {
                let now = identity.clock.now();
                let work = identity.db.global().begin().await?;
                devices::count_failure(&work, user, now.plus_seconds(-FAILURE_WINDOW_SECONDS), now).await?;
                work.commit().await
            };
            if let Err(fault) = counted.await {
                tracing::warn!(error = %fault, "a wrong password could not be counted");
            }
        });
    }

    /// Records the device of a login, if the client stores device tokens; returns the new token if
    /// it has none yet. A device that another account has logged in from keeps its token: tills
    /// have several users.
    pub(super) async fn note_device(&self, work: &GlobalWork, user: UserId, visit: &Visit) -> Result<Option<String>, Fault> {
        devices::delete_failures(work, user).await?;
        if visit.device.is_none() {
            return Ok(None);
        }
        let now = self.clock.now();
        if let Some(hash) = visit.device_hash()
            && devices::look_up_device(work, user, hash).await?.1
        {
            devices::note(work, user, hash, now).await?;
            return Ok(None);
        }
        let (token, hash) = secret::generate_token(&self.clock, Purpose::Device);
        devices::note(work, user, hash, now).await?;
        Ok(Some(token))
    }

    /// Draws the code that an unusual login requires if the user has no authenticator, and its
    /// stored form.
    pub(super) async fn generate_mailed_code(
        &self,
        user: &app_user::Model,
        token: &str,
        visit: &Visit,
    ) -> Result<(String, [u8; 32]), IdentityError> {
        let requester = self.find_requester(&user.email_key, visit).await?;
        self.count_email(EmailPurpose::LoginCode, &user.email_key, &requester).await?;
        let mut random = [0u8; 8];
        self.clock.fill(&mut random);
        let code = format!("{:08}", u64::from_le_bytes(random) % 100_000_000);
        let code_hash = secret::hash_code(token, &code);
        Ok((code, code_hash))
    }

    /// Sends the account's owner an e-mail about a login, if its risk warrants one.
    pub(super) fn notify_of_login(&self, user: &app_user::Model, visit: &Visit, risk: &Risk) {
        if !risk.warrants_email() {
            return;
        }
        let kind = EmailKind::NewLogin {
            at: clock::rfc3339(self.clock.now()),
            address: visit.address.map(|address| address.to_string()),
            agent: visit.short_user_agent(),
            after_failures: risk.has(RiskFactor::Failures),
        };
        self.write(kind, &user.email, &user.display_name);
    }
}

impl Visit {
    /// The client's user agent, cut to the stored length.
    pub(super) fn short_user_agent(&self) -> Option<String> {
        self.user_agent.as_ref().map(|agent| agent.chars().take(NAME).collect())
    }
}
