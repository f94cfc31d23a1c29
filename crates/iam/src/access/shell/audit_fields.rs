//! Fields of rights that the audit log compares: roles, grants, groups of stores, integrations and
//! their keys, under the names that the API gives them. No field contains a key's secret.

use std::collections::BTreeMap;

use entity::prelude::*;
use platform::{audit::Fields, clock};
use serde_json::{Value, json};

use crate::access::{
    core::{ApiKey, Grant, Integration, Role, Scope, StoreGroup},
    permissions::Bits,
};

fn codes(bits: Bits) -> Vec<&'static str> {
    bits.infos().map(|info| info.code).collect()
}

fn scope(scope: &Scope) -> Value {
    json!({ "all": *scope == Scope::All, "groupIds": scope.groups(), "storeIds": scope.stores() })
}

pub(super) fn role(role: &Role) -> Fields {
    Fields::default()
        .with("key", &role.key)
        .with("name", &role.name)
        .with("permissions", codes(role.permissions))
        .with("inherits", &role.inherits)
}

/// A member's roles, each under its ID with all of its grants.
pub(super) fn grants(grants: &[Grant]) -> Fields {
    let mut roles: BTreeMap<RoleId, Vec<Value>> = BTreeMap::new();
    for grant in grants {
        let grant_json = json!({ "scope": scope(&grant.scope), "expiresAt": grant.expires_at.map(clock::rfc3339) });
        roles.entry(grant.role).or_default().push(grant_json);
    }
    roles.into_iter().fold(Fields::default(), |fields, (role, mut granted)| {
        // Grants have no order of their own.
        granted.sort_by_key(Value::to_string);
        fields.with(format!("roles.{role}"), granted)
    })
}

pub(super) fn group(group: &StoreGroup, stores: &[StoreId]) -> Fields {
    let mut stores = stores.to_vec();
    stores.sort_unstable();
    Fields::default()
        .with("code", &group.code)
        .with("name", &group.name)
        .with("storeIds", stores)
        .with("archivedAt", group.archived_at.map(clock::rfc3339))
}

pub(super) fn integration(integration: &Integration) -> Fields {
    Fields::default()
        .with("name", &integration.name)
        .with("channelId", integration.channel)
        .with("permissions", codes(integration.permissions))
        .with("scope", scope(&integration.scope))
        .with("trustedDocumentsOnly", integration.trusted_only)
        .with("disabledAt", integration.disabled_at.map(clock::rfc3339))
}

pub(super) fn key(key: &ApiKey) -> Fields {
    let budget = key.budget.map(|budget| json!({ "points": budget.points, "restoreRate": budget.restored_per_second }));
    Fields::default()
        .with("integrationId", key.integration)
        .with("name", &key.name)
        .with("permissions", key.permissions.map(codes))
        .with("scope", key.scope.as_ref().map(scope))
        .with("allowedCidrs", &key.cidrs)
        .with("trustedDocumentsOnly", key.trusted_only)
        .with("budget", budget)
        .with("expiresAt", key.expires_at.map(clock::rfc3339))
        .with("revokedAt", key.revoked_at.map(clock::rfc3339))
}

#[cfg(test)]
mod tests {
    use platform::audit::fields::differences;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_role_that_is_given_for_other_stores_is_the_only_one_that_is_listed() {
        let id = |n| Uuid::from_u128(n);
        let grant = |role, scope| Grant { role: RoleId::from_uuid(id(role)), scope, expires_at: None };
        let stores = |n| Scope::Stores(vec![StoreId::from_uuid(id(n))]);
        let before = [grant(1, Scope::All), grant(2, stores(7)), grant(2, stores(8))];
        let same = [grant(2, stores(8)), grant(1, Scope::All), grant(2, stores(7))];
        assert!(differences(Some(&grants(&before)), Some(&grants(&same)), None).is_empty(), "the order says nothing");
        let after = [grant(1, Scope::All), grant(2, stores(7)), grant(3, Scope::All)];
        let listed = differences(Some(&grants(&before)), Some(&grants(&after)), None);
        let paths: Vec<&Value> = listed.iter().map(|field| &field["path"]).collect();
        let path = |role| json!(format!("roles.{}", RoleId::from_uuid(id(role))));
        assert_eq!(paths, [&path(2), &path(3)]);
        assert_eq!((&listed[1]["before"], &listed[1]["after"][0]["scope"]["all"]), (&Value::Null, &json!(true)));
        assert_eq!(
            (listed[0]["before"].as_array().map(Vec::len), listed[0]["after"].as_array().map(Vec::len)),
            (Some(2), Some(1))
        );
    }
}
