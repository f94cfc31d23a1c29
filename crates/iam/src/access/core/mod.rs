//! Roles, grants, integrations and keys as rules see them. Pure.

mod grant;
mod integration;
pub mod key;
mod refusal;
mod role;
mod stages;

pub use grant::{Grant, Groups, MAX_GRANTS, Scope, StoreGroup, check_grantable, compile, group_key, outlives};
pub use integration::{
    ApiKey, Integration, KeyAddress, KeyBudget, MAX_ADDRESSES, MAX_CIDRS, MAX_INTEGRATIONS, MAX_KEY_POINTS, ROLL_OVERLAP_SECONDS,
    added_permissions, check_key_limit, cross_channel_permissions, rights,
};
pub use platform::stages::Stage;
pub use refusal::{At, Field, GrantingChange, Invalid, LimitedObject, Noun, Part, Refusal, Rejection, check_code, check_name};
pub use role::{MAX_ROLES, NewRole, Role, check_role, descendant_roles, inheritance};
pub use stages::Refusals;
