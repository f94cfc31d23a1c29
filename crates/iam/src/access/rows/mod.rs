//! Rows of access: roles, grants, groups of stores, integrations and their keys.

mod addresses;
mod grants;
mod groups;
mod integrations;
mod json;
mod keys;
mod roles;

pub use addresses::{addresses_of, record_address};
pub use grants::{
    bump_rights_version, count_role_holders, find_member, grants_of, grants_of_all, has_lasting_owner, is_active, owners,
    replace_grants, touch_member,
};
pub use groups::{
    add_group, archived_groups, change_group, existing_stores, groups, groups_by_id, groups_of_stores, members_granted_by_group,
    members_of, roles_granted_by_group, set_group_archived,
};
pub use integrations::{add_integration, change_integration, integrations, integrations_by_id, is_channel};
pub use keys::{
    KeyWithIntegration, TenantKey, active_keys, add_key, end_key, find_key_with_integration, find_tenant_key, is_sandbox,
    keys_by_id, keys_of, read_tenant_key, record_key_use,
};
pub use roles::{add_role, change_role, remove_role, roles};
