//! Lookups and changes of rights. A change locks the tenant's policy version first, so that changes
//! of rights are serialized; the caller's own rights are read inside that transaction.

mod caller_cache;
mod error;
mod groups;
mod integration_update;
mod integrations;
mod invitations;
mod keys;
mod leaked_keys;
mod live;
mod member_rights;
mod members;
mod reads;
mod key_use_cache;
mod restored;
mod roles;
mod service;
mod audit_fields;
mod uses;
mod live_rights;

pub use caller_cache::{CompiledRoles, RIGHTS_CACHE_SECONDS};
pub use error::AccessError;
pub use groups::GroupFields;
pub use integration_update::IntegrationFields;
pub use integrations::{NewIntegration, NewKey};
pub use keys::{KeyAuthError, KeyCaller, ProgramWithBudget};
pub use leaked_keys::RevokedKey;
pub use live_rights::LiveRights;
pub use members::{MemberPreview, UpdatedMemberGrants};
pub use reads::RoleView;
pub use restored::ActiveKey;
pub use roles::RoleFields;
pub use service::{Access, ChangedValue};
