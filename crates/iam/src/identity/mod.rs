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
mod session_cache;
pub mod rows;
mod secret;
mod session;
mod shell;
mod signer;
mod token;
mod refresh_locks;

pub use self::core::{
    Field, InputRefusal, LEAD_SECONDS, LENGTH_STEP, LENGTHS, MemberRefusal, NewSandbox, NewTenant, Rejection, Risk, RiskFactor,
    Weakness, check_email, check_slug, email_key,
};
pub use emails::{Attachment, Email};
pub use mailer::{Mailer, MailerError, check_sender};
pub use password::DUMMY_PASSWORD_HASH;

/// Identity's columns that are sealed.
pub const SEALED: &[platform::secrets::SealedColumn] =
    &[rows::keys::SIGNING_KEY, rows::keys::SERVER_SECRET, rows::factors::SEED, rows::factors::PENDING_SEED];

pub use rows::{
    Membership, Profile,
    members::{MemberFilter, MemberPage, MemberSort, MemberView, MembersSorted},
    membership, memberships,
    sessions::{EndReason, MAX_LISTED_SESSIONS as MAX_SESSIONS_SHOWN, SessionRow, SessionSelection},
};
pub use session::{Session, Visit};
pub use shell::{
    AddedMember, AdmitError, AuthAge, AuthenticatedRequest, Challenge, Enrolment, Factor, Identity, IdentityError,
    InvitationOutcome, Invitee, LeakedKey, LoginOutcome, MembershipEnd, OldKeyPolicy, OldPasswordPolicy, ProfileChange,
    Registration, SessionTokens, Settings, TenantProvisioner, end_all, end_member, end_sessions, file_store_mark, open_sessions,
    remove_factors, rotate_signing_key,
};
pub use token::{Claims, TokenError, Tokens};
