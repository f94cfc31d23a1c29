//! Who: people's passwords, the sessions they begin with them, and the tenants they belong to.
//!
//! A session is a row and has the last word. An access token is a signed copy of what the row said, good for minutes; a refresh token is a random
//! number that is good once. Whoever shows an access token is let in when the signature is ours and the session goes on.

mod core;
pub mod jobs;
mod emails;
mod password;
mod mailer;
mod presence;
pub mod rows;
mod secret;
mod shell;
mod signer;
mod token;
mod turns;

pub use self::core::{
    Field, InputRefusal, LEAD_SECONDS, LENGTH_STEP, LENGTHS, MemberRefusal, NewSandbox, NewTenant, Rejection, Risk, Sign,
    Weakness, check_email, check_slug, email_key,
};
pub use emails::{Attachment, Email};
pub use mailer::{Mailer, MailerError, check_sender};
pub use password::NOBODY as NOBODYS_HASH;

/// Identity's columns that are sealed.
pub const SEALED: &[platform::secrets::SealedColumn] =
    &[rows::keys::SIGNING_KEY, rows::keys::SERVER_SECRET, rows::factors::SEED, rows::factors::PENDING_SEED];

pub use rows::{
    Membership, Profile,
    members::{MemberFilter, MemberPage, MemberSort, MemberView, MembersSorted},
    membership, memberships,
    sessions::{EndReason, MOST_SHOWN as MOST_SESSIONS_SHOWN, SessionRow, Which},
};
pub use shell::{
    AdmitError, Admitted, Challenge, Enrolment, Entered, Factor, Identity, IdentityError, Invitee, LeakedKey, LoggedIn,
    MemberEnd, OldKeys, OldPasswords, Placed, Placement, ProfileChange, Registration, Settings, Shown, TenantProvisioner, Visit,
    end_all, end_member, end_sessions, file_store_mark, open_sessions, remove_factors, rotate_signing_key,
};
pub use token::{Claims, TokenError, Tokens};

use std::sync::Arc;

use entity::prelude::{MemberId, SessionId, TenantId, Timestamp, UserId};

/// The session that an operation runs in: who, where, since when, and how sure we are.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub tenant: TenantId,
    pub member: MemberId,
    /// When its user last showed a password or a code.
    pub authenticated_at: Timestamp,
    /// Whether they showed a second factor.
    pub mfa: bool,
    /// How unusual the login was, from 0 to 100.
    pub risk: i32,
    pub visit: Arc<Visit>,
}
