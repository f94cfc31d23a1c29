//! Rights with an end: no other grant can prolong them, and ended rights block no later change.

use serde_json::{Value, json};

use super::{
    keys::{integration, key},
    world::{Person, codes, everywhere, grant, in_stores},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    whoever_has_a_role_gets_nothing_lasting_from_one_whose_rights_end,
    a_key_gets_nothing_lasting_from_one_whose_rights_end,
    a_group_gets_nothing_lasting_from_one_whose_rights_end,
    nobody_takes_out_of_a_role_what_they_do_not_hold,
    a_key_that_names_a_group_is_given_what_the_group_is_given,
    what_has_ended_is_in_nobodys_way,
);

const SOON: &str = "2026-09-21T23:00:00Z";
const ROLE: &str =
    "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code field message } } }";
const UPDATE_ROLE: &str =
    "mutation($input: RoleUpdateInput!) { roleUpdate(input: $input) { role { version } userErrors { code field message } } }";
const UPDATE_INTEGRATION: &str = "mutation($input: IntegrationUpdateInput!) { integrationUpdate(input: $input) {
    integration { version } userErrors { code field message } } }";
const UPDATE_GROUP: &str = "mutation($input: StoreGroupUpdateInput!) { storeGroupUpdate(input: $input) {
    storeGroup { version } userErrors { code field message } } }";

/// An admin until this evening.
async fn deputy(world: &World) -> Person {
    let mut until = grant("admin", everywhere());
    until["expiresAt"] = json!(SOON);
    world.add_member_with("deputy", json!([until])).await
}

async fn role(world: &World, key: &str, permissions: Value) -> String {
    let payload = world.mutate_as(world.owner(), ROLE, json!({ "key": key, "name": key, "permissions": permissions })).await;
    payload["role"]["id"].as_str().unwrap_or_else(|| panic!("{payload:#}")).to_owned()
}

/// Refused because the giver's own rights end before.
fn is_too_long(payload: &Value) -> bool {
    codes(payload) == ["INVALID"] && payload["userErrors"][0]["message"].as_str().unwrap().contains("your own rights end before")
}

async fn whoever_has_a_role_gets_nothing_lasting_from_one_whose_rights_end(world: &World) {
    let deputy = deputy(world).await;
    let base = role(world, "base", json!(["product.read"])).await;
    let input = json!({ "key": "heir", "name": "Heir", "permissions": [], "inherits": [base] });
    let heir = world.mutate_as(world.owner(), ROLE, input).await["role"]["id"].clone();
    let wider = |version: i64| json!({ "id": base, "expectedVersion": version, "permissions": ["product.read", "order.read"] });
    let narrow = |version: i64| json!({ "id": base, "expectedVersion": version, "permissions": ["product.read"] });
    let payload = world.mutate_as(deputy, UPDATE_ROLE, wider(1)).await;
    assert_eq!(payload["userErrors"], json!([]), "nobody has it yet: whoever grants it is asked then");
    assert_eq!(world.mutate_as(deputy, UPDATE_ROLE, narrow(2)).await["userErrors"], json!([]));
    world.add_member_with("clerk", json!([{ "roleId": heir, "scope": everywhere() }])).await;
    let lasting = world.mutate_as(deputy, UPDATE_ROLE, wider(3)).await;
    assert!(is_too_long(&lasting), "{lasting:#}");
    let renamed = world.mutate_as(deputy, UPDATE_ROLE, json!({ "id": base, "expectedVersion": 3, "name": "Base of all" })).await;
    assert_eq!(renamed["userErrors"], json!([]), "what gives nothing is free");
    assert_eq!(world.mutate_as(world.owner(), UPDATE_ROLE, wider(4)).await["userErrors"], json!([]));
}

async fn a_key_gets_nothing_lasting_from_one_whose_rights_end(world: &World) {
    let deputy = deputy(world).await;
    let integration_id = integration(world, json!(["product.read"]), everywhere()).await;
    let wider = |version: i64, permissions: Value| json!({ "id": integration_id, "expectedVersion": version, "permissions": permissions });
    let payload = world.mutate_as(deputy, UPDATE_INTEGRATION, wider(1, json!(["product.read", "stock.read"]))).await;
    assert_eq!(payload["userErrors"], json!([]), "it has no key yet: whoever makes one is asked then");
    key(world, &integration_id, json!({ "expiresAt": SOON })).await;
    let payload =
        world.mutate_as(deputy, UPDATE_INTEGRATION, wider(2, json!(["product.read", "stock.read", "order.read"]))).await;
    assert_eq!(payload["userErrors"], json!([]), "its key ends as soon");
    key(world, &integration_id, json!({})).await;
    let all = json!(["product.read", "stock.read", "order.read", "report.read"]);
    let lasting = world.mutate_as(deputy, UPDATE_INTEGRATION, wider(3, all.clone())).await;
    assert!(is_too_long(&lasting), "{lasting:#}");
    assert_eq!(world.mutate_as(deputy, UPDATE_INTEGRATION, wider(3, json!(["product.read"]))).await["userErrors"], json!([]));
    assert_eq!(world.mutate_as(world.owner(), UPDATE_INTEGRATION, wider(4, all)).await["userErrors"], json!([]));
}

async fn a_group_gets_nothing_lasting_from_one_whose_rights_end(world: &World) {
    let [first, second] = [world.ours.ids["sto"].clone(), world.second_shop("charlie").await.ids["sto"].clone()];
    let (deputy, group) = (deputy(world).await, world.ours.ids["grp"].clone());
    world.add_member_with("area", json!([grant("manager", json!({ "groupIds": [group] }))])).await;
    let change = |version: i64, stores: Value| json!({ "id": group, "expectedVersion": version, "storeIds": stores });
    let lasting = world.mutate_as(deputy, UPDATE_GROUP, change(1, json!([first, second]))).await;
    assert!(is_too_long(&lasting), "{lasting:#}");
    assert_eq!(world.mutate_as(world.owner(), UPDATE_GROUP, change(1, json!([first, second]))).await["userErrors"], json!([]));
    assert_eq!(
        world.mutate_as(deputy, UPDATE_GROUP, change(2, json!([first]))).await["userErrors"],
        json!([]),
        "taking is no giving"
    );
}

async fn nobody_takes_out_of_a_role_what_they_do_not_hold(world: &World) {
    let scribes = role(world, "scribe", json!(["role.write", "role.read", "product.read"])).await;
    let scribe = world.add_member_with("scribe", json!([{ "roleId": scribes, "scope": everywhere() }])).await;
    let books = role(world, "books", json!(["audit.read", "product.read"])).await;
    let change = |permissions: Value| json!({ "id": books, "expectedVersion": 1, "permissions": permissions });
    let answer = world.mutate_as(scribe, UPDATE_ROLE, change(json!(["product.read"]))).await;
    assert_eq!(codes(&answer), ["INVALID"]);
    assert!(answer["userErrors"][0]["message"].as_str().unwrap().contains("you do not hold"), "{answer:#}");
    assert_eq!(world.mutate_as(scribe, UPDATE_ROLE, change(json!(["audit.read"]))).await["userErrors"], json!([]));
}

async fn a_key_that_names_a_group_is_given_what_the_group_is_given(world: &World) {
    let [first, second] = [world.ours.ids["sto"].clone(), world.second_shop("charlie").await.ids["sto"].clone()];
    let group = world.ours.ids["grp"].clone();
    let integration_id = integration(world, json!(["stock.adjust", "product.read"]), everywhere()).await;
    let (_, id) = key(world, &integration_id, json!({ "scope": { "groupIds": [group] } })).await;
    let masons = role(world, "mason", json!(["store.write", "store.read"])).await;
    let mason = world
        .add_member_with("mason", json!([{ "roleId": masons, "scope": everywhere() }, grant("manager", in_stores(&[&first]))]))
        .await;
    let change = json!({ "id": group, "expectedVersion": 1, "storeIds": [first, second] });
    assert_eq!(codes(&world.mutate_as(mason, UPDATE_GROUP, change.clone()).await), ["INVALID"]);
    let revoke = "mutation($id: ID!) { apiKeyRevoke(id: $id) { userErrors { code } } }";
    world.execute_as(world.owner(), revoke, json!({ "id": id })).await;
    assert_eq!(
        world.mutate_as(mason, UPDATE_GROUP, change).await["userErrors"],
        json!([]),
        "a key that has ended is given nothing"
    );
}

async fn what_has_ended_is_in_nobodys_way(world: &World) {
    let mut owner = grant("owner", everywhere());
    owner["expiresAt"] = json!("2026-09-21T14:18:00Z");
    let once = world.add_member_with("once", json!([owner, grant("viewer", everywhere())])).await;
    let admin = world.add_member_with("admin", json!([grant("admin", everywhere())])).await;
    let wanted = || json!([grant("staff", everywhere())]);
    let early = world.set_grants(&world.caller(admin).await, once, wanted()).await;
    assert_eq!(codes(&early), ["INVALID"], "an owner's rights are beyond an admin");
    let owners = async || world.node.access.owners(world.ours.owner.tenant).await.unwrap();
    assert_eq!(owners().await.len(), 2);
    world.advance_clock(400);
    assert_eq!(owners().await, [world.owner().0]);
    let payload = world.set_grants(&world.caller(admin).await, once, wanted()).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
}
