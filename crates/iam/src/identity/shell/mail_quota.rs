//! How many letters anybody can have sent: by what they are about, and by who asks. What strangers ask for uses up nothing of what its owner is sent.

use platform::{
    rate_limit::{Allowance, Attempts, host},
    storage::Fault,
};

use super::{Identity, IdentityError, Visit};
use crate::identity::core;

const HOUR: u32 = 3_600;
/// Letters about one thing, to one account, asked for by one.
const EACH: Allowance = Allowance::within(5, HOUR);
/// And by all together, so that nobody's mailbox is flooded from many places.
const TOGETHER: Allowance = Allowance::within(20, HOUR);

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EmailPurpose {
    /// A link for a new password, which anybody can ask for.
    Reset,
    /// A code for an unusual login, whose password was right.
    LoginCode,
    /// A link that confirms the address of whoever asks.
    Verify,
    /// An invitation into a tenant.
    Invitation,
}

impl EmailPurpose {
    const fn each(self) -> Attempts {
        let kind = match self {
            Self::Reset => "letter.reset",
            Self::LoginCode => "letter.code",
            Self::Verify => "letter.verify",
            Self::Invitation => "letter.invitation",
        };
        Attempts { kind, allowance: EACH }
    }
    const fn together(self) -> Attempts {
        let kind = match self {
            Self::Reset => "letter.reset.all",
            Self::LoginCode => "letter.code.all",
            Self::Verify => "letter.verify.all",
            Self::Invitation => "letter.invitation.all",
        };
        Attempts { kind, allowance: TOGETHER }
    }
}

/// Links for a new password that a host asks for, whichever accounts they are for.
const RESETS_OF_A_HOST: Attempts = Attempts { kind: "letter.reset.host", allowance: EACH };

/// Who asks for a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asker {
    /// The account's owner, by a session or by a device that they have logged in from: others do not use up what is theirs.
    Owner(String),
    /// Anybody else, by a name that tells one from another.
    Other(String),
}

impl Identity {
    /// Counts a letter to an account.
    pub(super) async fn count_email(&self, purpose: EmailPurpose, account: &str, asker: &Asker) -> Result<(), IdentityError> {
        let attempts = self.attempts();
        let (Asker::Owner(who) | Asker::Other(who)) = asker;
        let (each, own) = (purpose.each(), format!("{account} by {who}"));
        attempts.attempt(&each, &own).await?;
        if matches!(asker, Asker::Other(_))
            && let Err(empty) = attempts.attempt(&purpose.together(), account).await
        {
            attempts.forgive(&each, &own);
            return Err(empty.into());
        }
        Ok(())
    }

    /// Counts a link for a new password that somebody asks for, known or not.
    pub(super) async fn count_reset(&self, account: &str, visit: &Visit) -> Result<(), IdentityError> {
        let (attempts, asker) = (self.attempts(), self.asker(account, visit).await?);
        let Some(address) = visit.address.map(|address| host(address).to_string()) else {
            return self.count_email(EmailPurpose::Reset, account, &asker).await;
        };
        attempts.attempt(&RESETS_OF_A_HOST, &address).await?;
        let counted = self.count_email(EmailPurpose::Reset, account, &asker).await;
        if counted.is_err() {
            attempts.forgive(&RESETS_OF_A_HOST, &address);
        }
        counted
    }

    /// Who asks from there about an account: its owner, where the device is known to it, or else the network.
    pub(super) async fn asker(&self, account: &str, visit: &Visit) -> Result<Asker, Fault> {
        if let Some(device) = self.own_device(account, visit).await? {
            return Ok(Asker::Owner(device));
        }
        Ok(Asker::Other(visit.address.map_or_else(|| "nowhere".to_owned(), core::network)))
    }
}
