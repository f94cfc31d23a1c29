//! Who: people's passwords, the tokens they get for them, and the tenants they belong to.

mod core;
pub mod graph;
mod password;
mod rows;
mod shell;
mod token;

pub use self::core::{NewTenant, Rejection};
pub use rows::{Membership, membership, memberships};
pub use shell::{Furnish, Identity, IdentityError, LoggedIn, Settings};
pub use token::{Claims, TokenError, TokenUse, Tokens};
