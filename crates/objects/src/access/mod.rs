//! GraphQL of rights: roles and who has them, groups of stores, integrations and their keys.

pub mod group;
pub mod integration;
pub mod key_use;
pub mod loads;
mod node;
pub mod role;
pub mod scope;

pub use group::{StoreGroup, StoreGroupRef, group_named};
pub use integration::{ApiKey, Integration, author};
pub use key_use::{CreatedResult, KeyUse, may_receive_result};
pub use loads::{clear_loaders, groups_of_store, stores_of_groups};
pub use node::find;
pub use role::{Role, RoleGrant, RoleRef, load_role_grants, role as find_role, roles_named};
pub use scope::reach_to_store_scope;
