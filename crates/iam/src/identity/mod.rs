//! Identity: users, their passwords, the sessions they begin with them, and the tenants they belong
//! to.
//!
//! A session is a row, and the row decides. An access token is a signed copy of the row, valid for
//! minutes; a refresh token is a random number that can be used once. An access token is accepted
//! if its signature is ours and its session has not ended.

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
    Field, InputRefusal, LEAD_SECONDS, LENGTH_STEP, LENGTHS, MemberRefusal, NewSandbox, NewTenant, Rejection, Risk, RiskFactor,
    Weakness, check_email, check_slug, email_key,
};
pub use emails::{Attachment, Email};
pub use mailer::{Mailer, MailerError, check_sender};
pub use password::DUMMY_PASSWORD_HASH as NOBODYS_HASH;

/// Identity's columns that are sealed.
pub const SEALED: &[platform::secrets::SealedColumn] =
    &[rows::keys::SIGNING_KEY, rows::keys::SERVER_SECRET, rows::factors::SEED, rows::factors::PENDING_SEED];

pub use rows::{
    Membership, Profile,
    members::{MemberFilter, MemberPage, MemberSort, MemberView, MembersSorted},
    membership, memberships,
    sessions::{EndReason, MAX_SHOWN as MAX_SESSIONS_SHOWN, SessionRow, SessionSelection},
};
pub use shell::{
    AdmitError, Admitted, AuthAge, Challenge, Enrolment, Factor, Identity, IdentityError, InvitationOutcome, Invitee, LeakedKey,
    LoggedIn, LoginOutcome, MembershipEnd, OldKeyPolicy, OldPasswordPolicy, Placed, ProfileChange, Registration, Settings,
    TenantProvisioner, Visit, end_all, end_member, end_sessions, file_store_mark, open_sessions, remove_factors,
    rotate_signing_key,
};
pub use token::{Claims, TokenError, Tokens};

use std::sync::Arc;

use entity::prelude::{MemberId, SessionId, TenantId, Timestamp, UserId};

/// The session of an operation: user, place, start, and the proofs of identity.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub tenant: TenantId,
    pub member: MemberId,
    /// Time of the last password or code of its user.
    pub authenticated_at: Timestamp,
    /// Whether they showed a second factor.
    pub mfa: bool,
    /// Risk of the login, from 0 to 100.
    pub risk: i32,
    pub visit: Arc<Visit>,
}
