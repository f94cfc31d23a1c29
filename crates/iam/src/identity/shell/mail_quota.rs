//! Limits of e-mails, by their purpose and by the requester. Requests of strangers do not use up
//! the owner's limit.

use platform::{
    rate_limit::{Allowance, Attempts, host},
    storage::Fault,
};

use super::{error::IdentityError, service::Identity};
use crate::identity::{core, session::Visit};

const HOUR_SECONDS: u32 = 3_600;
/// Limit of e-mails of one purpose to one account, for each requester.
const REQUESTER_LIMIT: Allowance = Allowance::within(5, HOUR_SECONDS);
/// Limit for all requesters together except the owner, so that a mailbox is not flooded from many
/// places.
const TOTAL_LIMIT: Allowance = Allowance::within(20, HOUR_SECONDS);

/// Purpose of an e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EmailPurpose {
    /// A reset link, which can be requested for any address.
    Reset,
    /// A code for an unusual login with the right password.
    LoginCode,
    /// A link that confirms the requester's address.
    Verify,
    /// An invitation into a tenant.
    Invitation,
}

impl EmailPurpose {
    const fn attempts_per_requester(self) -> Attempts {
        let kind = match self {
            Self::Reset => "letter.reset",
            Self::LoginCode => "letter.code",
            Self::Verify => "letter.verify",
            Self::Invitation => "letter.invitation",
        };
        Attempts { kind, allowance: REQUESTER_LIMIT }
    }
    const fn total_attempts(self) -> Attempts {
        let kind = match self {
            Self::Reset => "letter.reset.all",
            Self::LoginCode => "letter.code.all",
            Self::Verify => "letter.verify.all",
            Self::Invitation => "letter.invitation.all",
        };
        Attempts { kind, allowance: TOTAL_LIMIT }
    }
}

/// Limit of reset links that a host requests, for all accounts together.
const HOST_RESET_LIMIT: Attempts = Attempts { kind: "letter.reset.host", allowance: REQUESTER_LIMIT };

/// Requester of an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Requester {
    /// The account's owner, known by a session or by a device that they have logged in from: other
    /// requesters do not use up their limit.
    Owner(String),
    /// Another requester, by a name that distinguishes them.
    Other(String),
}

impl Identity {
    /// Counts an e-mail to an account.
    pub(super) async fn count_email(
        &self,
        purpose: EmailPurpose,
        account: &str,
        requester: &Requester,
    ) -> Result<(), IdentityError> {
        let attempts = self.attempts();
        let (Requester::Owner(requester_name) | Requester::Other(requester_name)) = requester;
        let (requester_attempts, requester_key) = (purpose.attempts_per_requester(), format!("{account} by {requester_name}"));
        attempts.attempt(&requester_attempts, &requester_key).await?;
        if matches!(requester, Requester::Other(_))
            && let Err(shortage) = attempts.attempt(&purpose.total_attempts(), account).await
        {
            attempts.refund_attempt(&requester_attempts, &requester_key);
            return Err(shortage.into());
        }
        Ok(())
    }

    /// Counts a requested reset link, whether the account exists or not.
    pub(super) async fn count_reset(&self, account: &str, visit: &Visit) -> Result<(), IdentityError> {
        let (attempts, requester) = (self.attempts(), self.find_requester(account, visit).await?);
        let Some(address) = visit.address.map(|address| host(address).to_string()) else {
            return self.count_email(EmailPurpose::Reset, account, &requester).await;
        };
        attempts.attempt(&HOST_RESET_LIMIT, &address).await?;
        let result = self.count_email(EmailPurpose::Reset, account, &requester).await;
        if result.is_err() {
            attempts.refund_attempt(&HOST_RESET_LIMIT, &address);
        }
        result
    }

    /// Returns the requester of an e-mail about an account: its owner, if the device is known to
    /// the account, or else the network.
    pub(super) async fn find_requester(&self, account: &str, visit: &Visit) -> Result<Requester, Fault> {
        if let Some(device) = self.known_device_bucket(account, visit).await? {
            return Ok(Requester::Owner(device));
        }
        Ok(Requester::Other(visit.address.map_or_else(|| "nowhere".to_owned(), core::network)))
    }
}
