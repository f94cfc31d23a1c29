//! Archived store groups: archiving removes nobody's rights, and an archived group grants none.

use serde_json::{Value, json};

use super::world::{codes, everywhere, grant};
use crate::{
    authorization::world::World,
    world::{answers::refused, on_both},
};

on_both!(
    a_group_goes_out_of_use_and_comes_back,
    a_group_by_which_rights_are_given_stays,
    rights_are_given_by_the_code_of_a_group,
);

async fn turn(world: &World, step: &str, input: Value) -> Value {
    let query = format!(
        "mutation($input: StoreGroup{step}Input!) {{ storeGroup{step}(input: $input) {{ storeGroup {{ archivedAt version stores {{ id }} }} seq userErrors {{ code field message }} }} }}"
    );
    world.mutate_as(world.owner(), &query, input).await
}
async fn new_group(world: &World, code: &str) -> Value {
    let query =
        "mutation($input: StoreGroupCreateInput!) { storeGroupCreate(input: $input) { storeGroup { id } userErrors { code } } }";
    let input = json!({ "code": code, "name": code, "storeIds": [world.ours.ids["sto"]] });
    world.mutate_as(world.owner(), query, input).await["storeGroup"]["id"].clone()
}
async fn listed(world: &World, arguments: &str) -> Vec<Value> {
    let answer = world.execute_as(world.owner(), &format!("{{ storeGroups{arguments} {{ id }} }}"), json!({})).await;
    answer["data"]["storeGroups"].as_array().unwrap().iter().map(|group| group["id"].clone()).collect()
}

async fn a_group_goes_out_of_use_and_comes_back(world: &World) {
    let group = new_group(world, "south").await;
    assert_eq!(codes(&turn(world, "Archive", json!({ "id": group, "expectedVersion": 7 })).await), ["VERSION_CONFLICT"]);
    let deleted_payload = turn(world, "Archive", json!({ "id": group, "expectedVersion": 1 })).await;
    assert_eq!((codes(&deleted_payload).len(), &deleted_payload["storeGroup"]["version"]), (0, &json!(2)), "{deleted_payload:#}");
    assert!(deleted_payload["storeGroup"]["archivedAt"].is_string() && !deleted_payload["seq"].is_null(), "{deleted_payload:#}");
    let again = turn(world, "Archive", json!({ "id": group })).await;
    assert_eq!((codes(&again).len(), &again["seq"]), (0, &Value::Null), "it was done before");
    assert!(!listed(world, "").await.contains(&group) && listed(world, "(isArchived: true)").await == [group.clone()]);
    assert!(listed(world, "(isArchived: null)").await.contains(&group));
    // An archived group can neither be granted nor updated.
    let person = world.add_member("late").await;
    let grants = json!([grant("manager", json!({ "groupIds": [group] }))]);
    let payload = world.set_grants(&world.ours.owner, person, grants.clone()).await;
    assert_eq!(codes(&payload), ["INVALID"], "{payload:#}");
    assert_eq!(codes(&turn(world, "Update", json!({ "id": group, "expectedVersion": 2, "name": "South" })).await), ["INVALID"]);
    let back = turn(world, "Restore", json!({ "id": group, "expectedVersion": 2 })).await;
    assert_eq!(back["storeGroup"]["stores"], json!([{ "id": world.ours.ids["sto"] }]), "{back:#}");
    assert_eq!(back["storeGroup"]["archivedAt"], Value::Null);
    assert_eq!(world.set_grants(&world.ours.owner, person, grants).await["userErrors"], json!([]));
    let theirs = turn(world, "Archive", json!({ "id": world.theirs.ids["grp"] })).await;
    assert_eq!(codes(&theirs), ["NOT_FOUND"]);
}

async fn a_group_by_which_rights_are_given_stays(world: &World) {
    let group = new_group(world, "south").await;
    world
        .add_member_with("area", json!([grant("manager", json!({ "groupIds": [group] })), grant("catalogue", everywhere())]))
        .await;
    let payload = turn(world, "Archive", json!({ "id": group })).await;
    assert_eq!(codes(&payload), ["IN_USE"]);
    let message = payload["userErrors"][0]["message"].as_str().unwrap();
    assert!(message.contains("members (1)") && message.contains("integrations (0)"), "{message}");
}

async fn rights_are_given_by_the_code_of_a_group(world: &World) {
    new_group(world, "south").await;
    let person = world.add_member("area").await;
    let by = |groups: Value| json!([grant("manager", json!({ "groups": groups }))]);
    for unknown in ["nowhere", "bravo-north"] {
        let answer = world.set_grants(&world.ours.owner, person, by(json!([{ "code": "SOUTH" }, { "code": unknown }]))).await;
        let message = refused(&answer, "NOT_FOUND", "input.grants.0.scope.groups.1.code");
        assert_eq!(message, format!("there is no such store group: \"{unknown}\""));
    }
    let payload = world.set_grants(&world.ours.owner, person, by(json!([{ "code": " South " }]))).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    assert_eq!(payload["member"]["roles"][0]["scope"]["groups"], json!([{ "code": "south" }]), "{payload:#}");
    // Capitals do not count in other alphabets, and a code keeps its own characters: ß is no ss, nor ς a σ.
    for (code, named) in [("Straße", "STRAßE"), ("ΒΟΡΡΑΣ", "βορρας")] {
        new_group(world, code).await;
        let payload = world.set_grants(&world.ours.owner, person, by(json!([{ "code": named }]))).await;
        assert_eq!(payload["userErrors"], json!([]), "{named}: {payload:#}");
        assert_eq!(payload["member"]["roles"][0]["scope"]["groups"], json!([{ "code": code }]), "{payload:#}");
    }
}
