//! Rows of access. Lists inside a row (permissions, stores of a scope) are JSON: they are read and written whole.

mod addresses;
mod grants;
mod groups;
mod integrations;
mod keys;
mod roles;

pub use addresses::{addresses_of, used_from};
pub use grants::{
    bump, find_member, grants_of, grants_of_all, has_lasting_owner, holders, is_active, owners, replace_grants, touch_member,
};
pub use groups::{
    add_group, archived_groups, change_group, groups, groups_by_id, groups_of_stores, known_stores, members_granted_by_group,
    members_of, roles_granted_by_group, turn_group,
};
pub use integrations::{add_integration, change_integration, integrations, integrations_by_id, is_channel};
pub use keys::{KeyHome, Opened, add_key, end_key, home_in, home_of, is_sandbox, keys_by_id, keys_of, live_keys, opened, used};
pub use roles::{add_role, change_role, remove_role, roles};

use platform::storage::Fault;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    core::Scope,
    permissions::{Bits, index_of},
};

fn text_of(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|err| Fault::Broken(err.to_string()))
}

fn parsed<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|err| Fault::corrupt(table, format!("{err}: {text}")))
}

fn codes(bits: Bits) -> Result<String, Fault> {
    text_of(&bits.infos().map(|info| info.code).collect::<Vec<_>>())
}

/// A permission that this version does not know gives nothing.
fn bits(table: &'static str, text: &str) -> Result<Bits, Fault> {
    let codes: Vec<String> = parsed(table, text)?;
    Ok(codes.iter().filter_map(|code| index_of(code)).collect())
}

fn scope(table: &'static str, text: &str) -> Result<Scope, Fault> {
    parsed(table, text)
}
