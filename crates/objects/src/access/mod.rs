//! GraphQL of rights: roles and who has them, groups of stores, integrations and their keys.

pub mod group;
pub mod integration;
pub mod key_use;
pub mod loads;
mod node;
pub mod role;
pub mod scope;

pub use group::{StoreGroup, StoreGroupRef, find_group_id};
pub use integration::{ApiKey, Integration, find_author};
pub use key_use::{CreatedResult, KeyUse, may_receive_result};
pub use loads::{clear_loaders, groups_of_store, stores_of_groups};
pub use node::find;
pub use role::{Role, RoleGrant, RoleRef, find_role, find_roles_by_key, load_role_grants};
pub use scope::reach_to_store_scope;
