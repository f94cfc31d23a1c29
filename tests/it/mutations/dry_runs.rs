//! A dry run shows what would be there after the call: levels, sources, rights, pictures and documents.

use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    purchasing::office::key,
    world::{answers::done, on_both},
};

on_both!(
    levels_are_shown_under_the_policy_that_they_would_have,
    stores_are_shown_as_the_sources_that_they_would_be,
    a_member_is_shown_with_the_grants_that_they_would_have,
    a_product_is_shown_with_the_pictures_that_it_would_have,
    a_product_is_shown_with_the_documents_that_it_would_have,
);

/// The payload of a dry run, and that of the call.
async fn tried_and_done(world: &World, (mutation, fields): (&str, &str), input: Value) -> (Value, Value) {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($input: {kind}!, $dry: Boolean!) {{ {mutation}(input: $input, validateOnly: $dry) {{ {fields} seq userErrors {{ code message field }} }} }}"
    );
    let ask = async |dry: bool| {
        let variables = json!({ "input": input, "dry": dry });
        let answer = world.ask(&world.ours, Some(world.ours.owner.clone()), &query, &variables).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"][mutation].clone()
    };
    let tried = ask(true).await;
    assert_eq!(tried["seq"], Value::Null, "nothing was written");
    (tried, ask(false).await)
}

async fn levels_are_shown_under_the_policy_that_they_would_have(world: &World) {
    let product = json!({ "id": world.ours.ids["prd"] });
    // One store has the product, the other one has never had it.
    let item = |store: &str, bin: &str| json!({ "product": product, "store": { "id": store }, "reorderPoint": 7, "maximum": 70, "binLocation": bin });
    let input =
        json!({ "idempotencyKey": key(), "items": [item(&world.ours.depot, "B-2"), item(&world.ours.ids["sto"], "A-1")] });
    let policy = ("reorderPolicySet", "levels { reorderPoint maximum binLocation store { id } }");
    let (tried, done_now) = tried_and_done(world, policy, input).await;
    let level =
        |store: &str, bin: &str| json!({ "reorderPoint": 7, "maximum": 70, "binLocation": bin, "store": { "id": store } });
    assert_eq!(done(&tried, "levels"), &json!([level(&world.ours.depot, "B-2"), level(&world.ours.ids["sto"], "A-1")]));
    assert_eq!(tried["levels"], done_now["levels"]);
}

async fn stores_are_shown_as_the_sources_that_they_would_be(world: &World) {
    let store = json!({ "id": world.ours.ids["sto"] });
    let input = json!({ "idempotencyKey": key(), "rule": { "strategy": "PRIORITY", "maxStores": 4 },
        "stores": [{ "store": store, "isSource": false, "priority": 9 }] });
    let sourcing = ("sourcingSet", "sourcing { strategy maxStores stores { store { id } isSource priority } }");
    let (tried, done_now) = tried_and_done(world, sourcing, input).await;
    let shown = done(&tried, "sourcing");
    assert_eq!((&shown["strategy"], &shown["maxStores"]), (&json!("PRIORITY"), &json!(4)));
    let said = json!({ "store": store, "isSource": false, "priority": 9 });
    assert!(shown["stores"].as_array().unwrap().contains(&said), "{shown:#}");
    assert_eq!(tried["sourcing"], done_now["sourcing"]);
}

async fn a_member_is_shown_with_the_grants_that_they_would_have(world: &World) {
    let ada = world.joins("ada").await;
    let grant = json!({ "roleId": world.ours.ids["rol"], "scope": { "all": true } });
    let input = json!({ "idempotencyKey": key(), "memberId": ada.0.to_string(), "expectedVersion": 1, "grants": [grant] });
    let roles = ("memberRolesSet", "member { version roles { role { id } scope { all } } }");
    let (tried, done_now) = tried_and_done(world, roles, input).await;
    let member = json!({ "version": 2, "roles": [{ "role": { "id": world.ours.ids["rol"] }, "scope": { "all": true } }] });
    assert_eq!(done(&tried, "member"), &member);
    assert_eq!(tried["member"], done_now["member"]);
}

async fn a_product_is_shown_with_the_pictures_that_it_would_have(world: &World) {
    let input = json!({ "idempotencyKey": key(), "productId": world.ours.ids["prd"], "fileId": world.ours.picture, "alt": "From the back",
        "position": 1 });
    let fields = "image { alt position mediaType } images { alt position }";
    let (tried, done_now) = tried_and_done(world, ("productImageAdd", fields), input).await;
    assert_eq!(done(&tried, "image"), &json!({ "alt": "From the back", "position": 1, "mediaType": "image/gif" }));
    let pictures = |first: &str, second: &str| json!([{ "alt": first, "position": 1 }, { "alt": second, "position": 2 }]);
    assert_eq!(tried["images"], pictures("From the back", "alpha picture"));
    assert_eq!((&tried["image"], &tried["images"]), (&done_now["image"], &done_now["images"]));
    let first = json!({ "idempotencyKey": key(), "productId": world.ours.ids["prd"], "imageIds": [world.ours.ids["img"]] });
    let (tried, done_now) = tried_and_done(world, ("productImageReorder", "images { alt position }"), first).await;
    assert_eq!(done(&tried, "images"), &pictures("alpha picture", "From the back"));
    assert_eq!(tried["images"], done_now["images"]);
    let gone = json!({ "idempotencyKey": key(), "id": world.ours.ids["img"] });
    let (tried, done_now) = tried_and_done(world, ("productImageRemove", fields), gone).await;
    assert_eq!(done(&tried, "images"), &json!([{ "alt": "From the back", "position": 1 }]));
    assert_eq!((&tried["image"], &tried["images"]), (&Value::Null, &done_now["images"]));
}

async fn a_product_is_shown_with_the_documents_that_it_would_have(world: &World) {
    let input =
        json!({ "idempotencyKey": key(), "productId": world.ours.ids["prd"], "fileId": world.ours.manual, "title": "Manual" });
    let fields = "document { title mediaType } documents { title }";
    let (tried, done_now) = tried_and_done(world, ("productDocumentAdd", fields), input).await;
    assert_eq!(done(&tried, "document"), &json!({ "title": "Manual", "mediaType": "application/pdf" }));
    assert_eq!(tried["documents"], json!([{ "title": "alpha sheet" }, { "title": "Manual" }]));
    assert_eq!((&tried["document"], &tried["documents"]), (&done_now["document"], &done_now["documents"]));
    let gone = json!({ "idempotencyKey": key(), "id": world.ours.ids["doc"] });
    let (tried, done_now) = tried_and_done(world, ("productDocumentRemove", fields), gone).await;
    assert_eq!(done(&tried, "documents"), &json!([{ "title": "Manual" }]));
    assert_eq!((&tried["document"], &tried["documents"]), (&Value::Null, &done_now["documents"]));
}
