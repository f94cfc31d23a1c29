//! Rows of access. Lists inside a row (permissions, stores of a scope) are JSON: they are read and written whole.

mod addresses;
mod grants;
mod groups;
mod integrations;
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
    KeyWithIntegration, TenantKey, active_keys, add_key, end_key, find_tenant_key, is_sandbox, keys_by_id, keys_of, opened,
    read_tenant_key, used,
};
pub use roles::{add_role, change_role, remove_role, roles};

use platform::storage::Fault;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    core::Scope,
    permissions::{Bits, index_of},
};

fn to_json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|err| Fault::Broken(err.to_string()))
}

fn parse_json<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|err| Fault::corrupt(table, format!("{err}: {text}")))
}

fn codes(bits: Bits) -> Result<String, Fault> {
    to_json(&bits.infos().map(|info| info.code).collect::<Vec<_>>())
}

/// Parses codes of permissions; unknown codes are skipped.
fn bits(table: &'static str, text: &str) -> Result<Bits, Fault> {
    let codes: Vec<String> = parse_json(table, text)?;
    Ok(codes.iter().filter_map(|code| index_of(code)).collect())
}

fn scope(table: &'static str, text: &str) -> Result<Scope, Fault> {
    parse_json(table, text)
}
