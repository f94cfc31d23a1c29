//! Who: people's passwords, the tokens they get for them, and the tenants they belong to.

mod core;
pub mod graph;
mod password;
mod rows;
mod shell;
mod token;

pub use self::core::{NewTenant, Rejection};

/// Identity's columns that are sealed.
pub const SEALED: &[crate::secrets::SealedColumn] = &[rows::SIGNING_KEY];

pub use rows::{Membership, membership, memberships};
pub use shell::{Furnish, Identity, IdentityError, LoggedIn, Settings};
pub use token::{Claims, TokenError, TokenUse, Tokens};

use entity::prelude::{SessionId, Timestamp};

/// The session that an operation runs in.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    /// When its user last showed their password.
    pub began_at: Timestamp,
    pub used_at: Timestamp,
    pub user_agent: Option<String>,
    pub address: Option<String>,
}
