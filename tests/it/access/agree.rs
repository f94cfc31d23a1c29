//! Compiled rights agree with casbin's decisions.

use std::collections::HashMap;

use casbin::CoreApi;
use entity::prelude::{GroupId, RoleId, StoreId, TenantId, Timestamp};
use entrepot::access::{
    BUILT_IN, Bits, Class, Policies, REGISTRY,
    core::{Grant, Role, Scope, compile},
    split,
};
use proptest::prelude::*;
use uuid::Uuid;

const STORES: u128 = 4;

fn own(n: u128) -> RoleId {
    RoleId::from_uuid(Uuid::from_u128(0x1000 + n))
}
fn store(n: u128) -> StoreId {
    StoreId::from_uuid(Uuid::from_u128(0x2000 + n))
}
fn group(n: u128) -> GroupId {
    GroupId::from_uuid(Uuid::from_u128(0x3000 + n))
}
fn subject(role: RoleId) -> String {
    BUILT_IN.iter().find(|known| known.id == role).map_or_else(|| role.to_string(), |known| known.key.to_owned())
}

/// Roles of a tenant: each inherits only from earlier ones and from default roles.
fn roles() -> impl Strategy<Value = Vec<Role>> {
    let one = (proptest::collection::vec(0..REGISTRY.len(), 0..6), proptest::collection::vec(0..12usize, 0..3));
    proptest::collection::vec(one, 0..5).prop_map(|all| {
        let made = all.into_iter().enumerate().map(|(place, (permissions, inherits))| {
            let heirs = inherits.into_iter().filter_map(|n| match n.checked_sub(BUILT_IN.len()) {
                None => Some(BUILT_IN[n].id),
                Some(n) => (n < place).then(|| own(n as u128)),
            });
            Role {
                id: own(place as u128),
                key: format!("role-{place}"),
                name: String::new(),
                permissions: permissions.into_iter().collect(),
                inherits: heirs.collect(),
                version: 1,
                created_at: Timestamp(0),
                updated_at: Timestamp(0),
            }
        });
        made.collect()
    })
}

fn scopes() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::All),
        proptest::collection::vec(0..STORES, 1..3).prop_map(|stores| Scope::Stores(stores.into_iter().map(store).collect())),
        proptest::collection::vec(0..2u128, 1..3).prop_map(|groups| Scope::Groups(groups.into_iter().map(group).collect())),
    ]
}

fn grants() -> impl Strategy<Value = Vec<(usize, Scope, Option<i64>)>> {
    proptest::collection::vec((0..13usize, scopes(), proptest::option::of(0..20i64)), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// For each role and permission, and for each member, store and permission: the compiled set and casbin's own `enforce` agree.
    #[test]
    fn the_compiled_set_and_enforce_agree(roles in roles(), grants in grants()) {
        let now = Timestamp(10);
        let tenant = TenantId::from_uuid(Uuid::from_u128(7));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (compiled, enforcer) = runtime.block_on(async {
            let policies = Policies::load().await.unwrap();
            (policies.compile(tenant, &roles).await.unwrap(), policies.enforcer(tenant, &roles).await.unwrap())
        });
        let asks = |role: RoleId, domain: &str, index: usize| {
            let (object, action) = split(REGISTRY[index].code);
            enforcer.enforce((subject(role), domain, object, action)).unwrap()
        };
        let mut allowed: HashMap<RoleId, Bits> = HashMap::new();
        for role in BUILT_IN.iter().map(|known| known.id).chain(roles.iter().map(|role| role.id)) {
            let bits: Bits = (0..REGISTRY.len()).filter(|index| asks(role, &tenant.to_string(), *index)).collect();
            prop_assert_eq!(bits, compiled[&role], "{}", subject(role));
            allowed.insert(role, bits);
        }
        // A tenant's roles are nothing in another tenant.
        let stranger = TenantId::from_uuid(Uuid::from_u128(8)).to_string();
        for role in &roles {
            prop_assert!((0..REGISTRY.len()).all(|index| !asks(role.id, &stranger, index)));
        }
        let members: HashMap<_, _> = [(group(0), vec![store(0), store(1)]), (group(1), vec![])].into();
        let grants: Vec<Grant> = grants
            .into_iter()
            .filter_map(|(role, scope, end)| {
                let role = match role.checked_sub(BUILT_IN.len()) {
                    None => BUILT_IN[role].id,
                    Some(n) => roles.get(n)?.id,
                };
                Some(Grant { role, scope, expires_at: end.map(Timestamp) })
            })
            .collect();
        let set = compile(&grants, &compiled, &members, now);
        let lives = |grant: &&Grant| grant.expires_at.is_none_or(|end| end > now);
        for (index, info) in REGISTRY.iter().enumerate() {
            for at in (0..STORES).map(store) {
                let is_there = |grant: &Grant| match &grant.scope {
                    Scope::All => true,
                    _ if info.class == Class::Tenant => false,
                    Scope::Stores(stores) => stores.contains(&at),
                    Scope::Groups(groups) => groups.iter().any(|group| members[group].contains(&at)),
                };
                let expected = grants.iter().filter(lives).any(|grant| is_there(grant) && allowed[&grant.role].holds(index));
                prop_assert_eq!(set.reach(index).covers(at), expected, "{} at {:?} by {:?}", info.code, at, grants);
            }
        }
        prop_assert_eq!(set.until, grants.iter().filter(lives).filter_map(|grant| grant.expires_at).min());
    }
}
