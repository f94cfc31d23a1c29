//! The times at which members, roles and groups of stores were created: rows show them, and lists are filtered and sorted by them.

use entrepot::{access::BUILT_IN, clock::rfc3339};
use serde_json::{Value, json};

use super::world::{everywhere, grant};
use crate::{authorization::world::World, world::on_both};

on_both!(what_was_created_last_is_found_and_keeps_its_time, default_roles_were_created_before_all_others);

const ROLE: &str = "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code message } } }";
const GROUP: &str = "mutation($input: StoreGroupCreateInput!) { storeGroupCreate(input: $input) { storeGroup { id } userErrors { code message } } }";
const ROLE_NAME: &str =
    "mutation($input: RoleUpdateInput!) { roleUpdate(input: $input) { role { version } userErrors { code message } } }";
const GROUP_NAME: &str = "mutation($input: StoreGroupUpdateInput!) { storeGroupUpdate(input: $input) {
    storeGroup { version } userErrors { code message } } }";

/// A list, and the type of its filter.
type List = (&'static str, &'static str);

const MEMBERS: List = ("members", "MemberFilter");
const ROLES: List = ("rolesList", "RoleFilter");
const GROUPS: List = ("storeGroupsList", "StoreGroupFilter");

/// The rows of a page of a list.
async fn rows(world: &World, (list, kind): List, filter: &Value, page: &str) -> Vec<Value> {
    let query = format!("query($filter: {kind}) {{ {list}(filter: $filter, {page}) {{ nodes {{ id createdAt updatedAt }} }} }}");
    let answer = world.execute_as(world.owner(), &query, json!({ "filter": filter })).await;
    assert!(answer["errors"].is_null(), "{list} {filter}: {answer:#}");
    answer["data"][list]["nodes"].as_array().unwrap().clone()
}

async fn ids(world: &World, list: List, filter: Value) -> Vec<Value> {
    rows(world, list, &filter, "first: 250").await.iter().map(|row| row["id"].clone()).collect()
}

/// Half a minute before now.
fn lately(world: &World) -> String {
    rfc3339(world.node.clock.now().plus_seconds(-30))
}

async fn what_was_created_last_is_found_and_keeps_its_time(world: &World) {
    // Rights are given within ten minutes of a login.
    world.advance_clock(60);
    let before = lately(world);
    let person = world.add_member("late").await;
    let role = world.mutate_as(world.owner(), ROLE, json!({ "key": "late", "name": "Late", "permissions": [] })).await;
    let group = world.mutate_as(world.owner(), GROUP, json!({ "code": "late", "name": "Late" })).await;
    let (role, group) = (&role["role"]["id"], &group["storeGroup"]["id"]);
    world.advance_clock(60);
    let between = lately(world);
    let payload = world.set_grants(&world.ours.owner, person, json!([grant("viewer", everywhere())])).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    for (query, id) in [(ROLE_NAME, role), (GROUP_NAME, group)] {
        let changed = world.mutate_as(world.owner(), query, json!({ "id": id, "expectedVersion": 1, "name": "Changed" })).await;
        assert_eq!(changed["userErrors"], json!([]), "{changed:#}");
    }
    for (list, id) in [(MEMBERS, json!(person.0.to_string())), (ROLES, role.clone()), (GROUPS, group.clone())] {
        let row = rows(world, list, &json!({ "id": { "eq": id } }), "first: 1").await.remove(0);
        let [created, updated] = ["createdAt", "updatedAt"].map(|time| row[time].as_str().unwrap());
        assert!(before.as_str() < created && created < between.as_str() && between.as_str() < updated, "{list:?}: {row}");
        let found = ids(world, list, json!({ "createdAt": { "gte": before, "lt": between } })).await;
        assert_eq!(found, std::slice::from_ref(&id), "{list:?}");
        assert!(ids(world, list, json!({ "createdAt": { "gte": between } })).await.is_empty(), "{list:?}: a change creates none");
        let changed = ids(world, list, json!({ "updatedAt": { "gte": between } })).await;
        assert_eq!(changed, std::slice::from_ref(&id), "{list:?}");
        let unchanged = ids(world, list, json!({ "updatedAt": { "gte": before, "lt": between } })).await;
        assert!(unchanged.is_empty(), "{list:?}: {unchanged:?}");
        let others = ids(world, list, json!({ "not": { "createdAt": { "gte": before } } })).await;
        let up = rows(world, list, &json!({}), "sort: { field: CREATED_AT, direction: ASC }, first: 250").await;
        let mut down = rows(world, list, &json!({}), "sort: { field: CREATED_AT, direction: DESC }, first: 250").await;
        assert_eq!(down[0]["id"], id, "{list:?}");
        down.reverse();
        assert_eq!((down, others.is_empty(), others.len() + 1), (up.clone(), false, up.len()), "{list:?}");
        assert!(up.is_sorted_by_key(|row| row["createdAt"].as_str().unwrap().to_owned()), "{list:?}: {up:#?}");
    }
}

async fn default_roles_were_created_before_all_others(world: &World) {
    let all = ids(world, ROLES, json!({})).await;
    let defaults = ids(world, ROLES, json!({ "createdAt": { "lt": "1970-01-02T00:00:00Z" } })).await;
    let own = ids(world, ROLES, json!({ "createdAt": { "period": "THIS_YEAR" } })).await;
    assert_eq!((defaults.len(), own.is_empty(), own.len()), (BUILT_IN.len(), false, all.len() - defaults.len()));
    assert!(own.contains(&json!(world.ours.ids["rol"])) && !defaults.contains(&json!(world.ours.ids["rol"])));
    let unchanged = ids(world, ROLES, json!({ "updatedAt": { "lt": "1970-01-02T00:00:00Z" } })).await;
    assert_eq!(unchanged.len(), BUILT_IN.len());
    assert!(ids(world, ROLES, json!({ "createdAt": { "isNull": true } })).await.is_empty(), "each has a time");
}
