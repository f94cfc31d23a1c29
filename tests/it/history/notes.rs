//! Notes on things of every kind.

use entrepot::clock::rfc3339;
use serde_json::{Value, json};

use super::history_of;
use crate::{
    authorization::world::{Company, World},
    world::on_both,
};

on_both!(
    a_note_stands_on_every_kind_of_thing,
    a_note_is_changed_by_its_author_and_its_texts_are_kept,
    only_who_may_see_the_thing_is_mentioned,
    a_note_is_added_once_for_a_key_and_never_by_a_trial,
);

const ADD: &str = "mutation($input: NoteAddInput!, $dry: Boolean! = false) { noteAdd(input: $input, validateOnly: $dry) {
    note { id text version mentions audience edits { version text } } userErrors { code field } replayed seq } }";
const UPDATE: &str = "mutation($input: NoteUpdateInput!) { noteUpdate(input: $input) {
    note { id text version edits { version text } } userErrors { code field } replayed seq } }";

async fn add(world: &World, company: &Company, input: Value) -> Value {
    let answer = world.execute(company, Some(company.owner.clone()), ADD, &json!({ "input": input })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["noteAdd"].clone()
}

async fn a_note_stands_on_every_kind_of_thing(world: &World) {
    let company = &world.ours;
    for (prefix, id) in company.nodes() {
        let payload =
            add(world, company, json!({ "idempotencyKey": prefix, "nodeId": id, "text": format!("about {prefix}") })).await;
        if ["ses", "fil", "exc", "ppr", "nte", "att"].contains(prefix) {
            assert_eq!(payload["userErrors"][0], json!({ "code": "INVALID", "field": ["input", "nodeId"] }), "{prefix}");
            continue;
        }
        assert_eq!(payload["userErrors"], json!([]), "{prefix}");
        let noted = history_of(world, company, id, &["NOTE"]).await;
        assert_eq!(noted[0]["note"]["text"], json!(format!("about {prefix}")), "{prefix}");
        let query = "query($id: ID!) { notes(nodeId: $id) { nodes { text } } }";
        let listed = world.execute(company, Some(company.owner.clone()), query, &json!({ "id": id })).await;
        assert_eq!(listed["data"]["notes"]["nodes"][0]["text"], json!(format!("about {prefix}")), "{prefix}");
    }
}

async fn a_note_is_changed_by_its_author_and_its_texts_are_kept(world: &World) {
    let company = &world.ours;
    let payload =
        add(world, company, json!({ "idempotencyKey": "k", "nodeId": company.ids["cus"], "text": "Calls on Mondays" })).await;
    let id = &payload["note"]["id"];
    world.advance_clock(60);
    let between = rfc3339(world.node.clock.now());
    let input = json!({ "id": id, "expectedVersion": 1, "text": "Calls on Fridays", "idempotencyKey": "fridays" });
    let changed =
        world.execute(company, Some(company.owner.clone()), UPDATE, &json!({ "input": input })).await["data"]["noteUpdate"]
            .clone();
    assert_eq!((&changed["note"]["text"], &changed["note"]["version"]), (&json!("Calls on Fridays"), &json!(2)));
    assert_eq!(changed["note"]["edits"], json!([{ "version": 1, "text": "Calls on Mondays" }]));
    let query = "query($id: ID!, $f: NoteFilter) { notes(nodeId: $id, filter: $f) { nodes { id } } }";
    for (time, count) in [("createdAt", 0), ("updatedAt", 1)] {
        let filter = json!({ "search": "Fridays", time: { "gte": between } });
        let variables = json!({ "id": company.ids["cus"], "f": filter });
        let listed = world.execute(company, Some(company.owner.clone()), query, &variables).await;
        let nodes = listed["data"]["notes"]["nodes"].as_array().unwrap_or_else(|| panic!("{listed:#}"));
        assert_eq!(nodes.len(), count, "{time}");
    }
    let again =
        world.execute(company, Some(company.owner.clone()), UPDATE, &json!({ "input": input })).await["data"]["noteUpdate"]
            .clone();
    assert_eq!((&again["note"], &again["seq"], &again["replayed"]), (&changed["note"], &changed["seq"], &json!(true)));
    let input = json!({ "id": id, "expectedVersion": 1, "text": "Calls on Fridays" });
    let stale = world.execute(company, Some(company.owner.clone()), UPDATE, &json!({ "input": input })).await;
    assert_eq!(stale["data"]["noteUpdate"]["userErrors"][0]["code"], json!("VERSION_CONFLICT"));
    let somebody = entrepot::access::Caller {
        actor: entity::prelude::Actor::member(entity::prelude::MemberId::NIL),
        ..company.owner.clone()
    };
    let input = json!({ "id": id, "expectedVersion": 2, "text": "Never calls" });
    let refused = world.execute(company, Some(somebody), UPDATE, &json!({ "input": input })).await;
    assert_eq!(refused["data"]["noteUpdate"]["userErrors"][0]["code"], json!("INVALID_STATE"));
    let reader = company.owner_with(&["customer.read"]);
    let denied = world.execute(company, Some(reader), UPDATE, &json!({ "input": input })).await;
    assert_eq!(denied["errors"][0]["permission"], json!("customer.write"));
}

async fn only_who_may_see_the_thing_is_mentioned(world: &World) {
    let company = &world.ours;
    let input = |key: &str, member: &str| json!({ "idempotencyKey": key, "nodeId": company.ids["prd"], "text": "Look at this", "mentions": [member] });
    let payload = add(world, company, input("own", &company.ids["mem"])).await;
    assert_eq!(payload["note"]["mentions"], json!([company.ids["mem"]]));
    world.advance_clock(1);
    add(world, company, json!({ "idempotencyKey": "later", "nodeId": company.ids["prd"], "text": "Sells out on Sundays" })).await;
    let query = "query($id: ID!, $f: NoteFilter) { notes(nodeId: $id, filter: $f, sort: { field: CREATED_AT, direction: ASC }) {
        nodes { text } totalCount { count } } }";
    for (filter, texts) in [
        (json!({}), json!(["alpha is fragile", "Look at this", "Sells out on Sundays"])),
        (json!({ "search": "SUNDAY" }), json!(["Sells out on Sundays"])),
        (
            json!({ "author": { "eq": company.ids["mem"] }, "audience": ["STAFF"] }),
            json!(["alpha is fragile", "Look at this", "Sells out on Sundays"]),
        ),
        (json!({ "author": { "eq": world.theirs.ids["mem"] } }), json!([])),
        (json!({ "or": [{ "search": "sunday" }, { "search": "fragile" }] }), json!(["alpha is fragile", "Sells out on Sundays"])),
        (json!({ "not": { "search": "sunday" } }), json!(["alpha is fragile", "Look at this"])),
    ] {
        let variables = json!({ "id": company.ids["prd"], "f": filter });
        let listed = world.execute(company, Some(company.owner.clone()), query, &variables).await;
        let nodes = listed["data"]["notes"]["nodes"].as_array().unwrap_or_else(|| panic!("{listed:#}")).clone();
        assert_eq!(nodes.iter().map(|node| node["text"].clone()).collect::<Value>(), texts, "{filter}");
    }
    let foreign = add(world, company, input("foreign", &world.theirs.ids["mem"])).await;
    assert_eq!(foreign["userErrors"], json!([{ "code": "INVALID", "field": ["input", "mentions", "0"] }]));
}

async fn a_note_is_added_once_for_a_key_and_never_by_a_trial(world: &World) {
    let company = &world.ours;
    let input = |text: &str| json!({ "idempotencyKey": "once", "nodeId": company.ids["sto"], "text": text });
    let trial = json!({ "input": input("Door is blue"), "dry": true });
    let tried = world.execute(company, Some(company.owner.clone()), ADD, &trial).await["data"]["noteAdd"].clone();
    assert_eq!((&tried["note"]["text"], &tried["seq"]), (&json!("Door is blue"), &Value::Null));
    assert!(history_of(world, company, &company.ids["sto"], &["NOTE"]).await.is_empty(), "a trial writes nothing");
    let first = add(world, company, input("Door is blue")).await;
    let second = add(world, company, input("Door is blue")).await;
    assert_eq!((&second["note"]["id"], &second["replayed"]), (&first["note"]["id"], &json!(true)));
    let other = add(world, company, input("Door is red")).await;
    assert_eq!(other["userErrors"][0]["code"], json!("IDEMPOTENCY_KEY_REUSED"));
    for (text, code) in [(" ", "REQUIRED"), (&*"x".repeat(4_001), "TOO_LONG")] {
        let refused = add(world, company, json!({ "idempotencyKey": "text", "nodeId": company.ids["sto"], "text": text })).await;
        assert_eq!(refused["userErrors"][0]["code"], json!(code));
    }
}
