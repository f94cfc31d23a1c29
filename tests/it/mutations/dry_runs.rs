//! Dry runs show the state after the call: levels, sources, rights, pictures and documents.

use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    costing::world::Books,
    purchasing::office::{Office, key},
    world::{answers::accepted, on_both},
};

on_both!(
    levels_are_shown_under_the_policy_that_they_would_have,
    stores_are_shown_as_the_sources_that_they_would_be,
    a_member_is_shown_with_the_grants_that_they_would_have,
    a_product_is_shown_with_the_pictures_that_it_would_have,
    a_product_is_shown_with_the_documents_that_it_would_have,
    a_category_is_shown_under_the_one_that_it_would_have,
    a_group_is_shown_with_the_stores_that_it_would_have,
    what_goods_cost_is_not_known,
    a_purchase_order_is_shown_with_the_receipts_that_it_would_have,
);

/// The payload of a dry run, and that of the call.
async fn tried_and_done(world: &World, (mutation, fields): (&str, &str), input: Value) -> (Value, Value) {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($input: {kind}!, $dry: Boolean!) {{ {mutation}(input: $input, validateOnly: $dry) {{ {fields} seq userErrors {{ code message field }} }} }}"
    );
    let run_query = async |dry: bool| {
        let variables = json!({ "input": input, "dry": dry });
        let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), &query, &variables).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"][mutation].clone()
    };
    let tried = run_query(true).await;
    assert_eq!(tried["seq"], Value::Null, "nothing was written");
    (tried, run_query(false).await)
}

async fn levels_are_shown_under_the_policy_that_they_would_have(world: &World) {
    let product = json!({ "id": world.ours.ids["prd"] });
    // One store has the product, the other one has no level of it.
    let item = |store: &str, bin: &str| json!({ "product": product, "store": { "id": store }, "reorderPoint": 7, "maximum": 70, "binLocation": bin });
    let input =
        json!({ "idempotencyKey": key(), "items": [item(&world.ours.depot, "B-2"), item(&world.ours.ids["sto"], "A-1")] });
    let policy = ("reorderPolicySet", "levels { reorderPoint maximum binLocation store { id } }");
    let (tried, done_now) = tried_and_done(world, policy, input).await;
    let level =
        |store: &str, bin: &str| json!({ "reorderPoint": 7, "maximum": 70, "binLocation": bin, "store": { "id": store } });
    assert_eq!(accepted(&tried, "levels"), &json!([level(&world.ours.depot, "B-2"), level(&world.ours.ids["sto"], "A-1")]));
    assert_eq!(tried["levels"], done_now["levels"]);
}

async fn stores_are_shown_as_the_sources_that_they_would_be(world: &World) {
    let store = json!({ "id": world.ours.ids["sto"] });
    let input = json!({ "idempotencyKey": key(), "rule": { "strategy": "PRIORITY", "maxStores": 4 },
        "stores": [{ "store": store, "isSource": false, "priority": 9 }] });
    let sourcing = ("sourcingSet", "sourcing { strategy maxStores stores { store { id } isSource priority } }");
    let (tried, done_now) = tried_and_done(world, sourcing, input).await;
    let shown_sourcing = accepted(&tried, "sourcing");
    assert_eq!((&shown_sourcing["strategy"], &shown_sourcing["maxStores"]), (&json!("PRIORITY"), &json!(4)));
    let reported_input = json!({ "store": store, "isSource": false, "priority": 9 });
    assert!(shown_sourcing["stores"].as_array().unwrap().contains(&reported_input), "{shown_sourcing:#}");
    assert_eq!(tried["sourcing"], done_now["sourcing"]);
}

async fn a_member_is_shown_with_the_grants_that_they_would_have(world: &World) {
    let ada = world.add_member("ada").await;
    let grant = json!({ "roleId": world.ours.ids["rol"], "scope": { "all": true } });
    let input = json!({ "idempotencyKey": key(), "memberId": ada.0.to_string(), "expectedVersion": 1, "grants": [grant] });
    let roles = ("memberRolesSet", "member { version roles { role { id } scope { all } } }");
    let (tried, done_now) = tried_and_done(world, roles, input).await;
    let member = json!({ "version": 2, "roles": [{ "role": { "id": world.ours.ids["rol"] }, "scope": { "all": true } }] });
    assert_eq!(accepted(&tried, "member"), &member);
    assert_eq!(tried["member"], done_now["member"]);
}

async fn a_product_is_shown_with_the_pictures_that_it_would_have(world: &World) {
    let input = json!({ "idempotencyKey": key(), "productId": world.ours.ids["prd"], "fileId": world.ours.picture, "alt": "From the back",
        "position": 1 });
    let fields = "image { alt position mediaType } images { alt position }";
    let (tried, done_now) = tried_and_done(world, ("productImageAdd", fields), input).await;
    assert_eq!(accepted(&tried, "image"), &json!({ "alt": "From the back", "position": 1, "mediaType": "image/gif" }));
    let pictures = |first: &str, second: &str| json!([{ "alt": first, "position": 1 }, { "alt": second, "position": 2 }]);
    assert_eq!(tried["images"], pictures("From the back", "alpha picture"));
    assert_eq!((&tried["image"], &tried["images"]), (&done_now["image"], &done_now["images"]));
    let first = json!({ "idempotencyKey": key(), "productId": world.ours.ids["prd"], "imageIds": [world.ours.ids["img"]] });
    let (tried, done_now) = tried_and_done(world, ("productImageReorder", "images { alt position }"), first).await;
    assert_eq!(accepted(&tried, "images"), &pictures("alpha picture", "From the back"));
    assert_eq!(tried["images"], done_now["images"]);
    let deleted_input = json!({ "idempotencyKey": key(), "id": world.ours.ids["img"] });
    let (tried, done_now) = tried_and_done(world, ("productImageRemove", fields), deleted_input).await;
    assert_eq!(accepted(&tried, "images"), &json!([{ "alt": "From the back", "position": 1 }]));
    assert_eq!((&tried["image"], &tried["images"]), (&Value::Null, &done_now["images"]));
}

async fn a_product_is_shown_with_the_documents_that_it_would_have(world: &World) {
    let input =
        json!({ "idempotencyKey": key(), "productId": world.ours.ids["prd"], "fileId": world.ours.manual, "title": "Manual" });
    let fields = "document { title mediaType } documents { title }";
    let (tried, done_now) = tried_and_done(world, ("productDocumentAdd", fields), input).await;
    assert_eq!(accepted(&tried, "document"), &json!({ "title": "Manual", "mediaType": "application/pdf" }));
    assert_eq!(tried["documents"], json!([{ "title": "alpha sheet" }, { "title": "Manual" }]));
    assert_eq!((&tried["document"], &tried["documents"]), (&done_now["document"], &done_now["documents"]));
    let deleted_input = json!({ "idempotencyKey": key(), "id": world.ours.ids["doc"] });
    let (tried, done_now) = tried_and_done(world, ("productDocumentRemove", fields), deleted_input).await;
    assert_eq!(accepted(&tried, "documents"), &json!([{ "title": "Manual" }]));
    assert_eq!((&tried["document"], &tried["documents"]), (&Value::Null, &done_now["documents"]));
}

async fn a_category_is_shown_under_the_one_that_it_would_have(world: &World) {
    let parent = json!({ "id": world.ours.ids["cat"] });
    let path = "category { name parent { id } path { name } }";
    let input = json!({ "idempotencyKey": key(), "name": "Saucers", "parent": parent });
    let (tried, done_now) = tried_and_done(world, ("categoryCreate", path), input).await;
    let names = accepted(&tried, "category")["path"].as_array().unwrap().clone();
    assert_eq!((names.len(), names.last()), (2, Some(&json!({ "name": "Saucers" }))));
    assert_eq!(tried["category"], done_now["category"]);
}

async fn a_group_is_shown_with_the_stores_that_it_would_have(world: &World) {
    let stores = json!([{ "id": world.ours.ids["sto"] }, { "id": world.ours.depot }]);
    let input = json!({ "idempotencyKey": key(), "code": "TRIED", "name": "Tried", "stores": stores });
    let fields = "storeGroup { code stores { id } }";
    let (tried, done_now) = tried_and_done(world, ("storeGroupCreate", fields), input).await;
    assert_eq!(accepted(&tried, "storeGroup")["stores"].as_array().unwrap().len(), 2);
    assert_eq!(tried["storeGroup"], done_now["storeGroup"]);
}

async fn what_goods_cost_is_not_known(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("CUP", "4.10").await;
    books.receive(&mug, 10, "4.10").await;
    let sale = json!({ "idempotencyKey": key(), "store": books.office.store, "status": "FULFILLED",
        "lines": [{ "product": mug, "quantity": 2 }] });
    let fields = "order { status costOfGoodsSold { amount } }";
    let (tried, done_now) = tried_and_done(world, ("orderCreate", fields), sale).await;
    assert_eq!(accepted(&tried, "order"), &json!({ "status": "FULFILLED", "costOfGoodsSold": null }));
    assert_eq!(accepted(&done_now, "order")["costOfGoodsSold"], json!({ "amount": "8.20" }));
}

async fn a_purchase_order_is_shown_with_the_receipts_that_it_would_have(world: &World) {
    let office = Office::of(world).await;
    let pot = office.product("POT", "4.10").await;
    let order = office.ordered(json!({ "lines": [{ "product": pot, "quantity": 10 }] })).await;
    let fields = "purchaseOrder { status receipts { number lines { quantity damaged line { received } } } discrepancies { kind quantity } }";
    for (number, units) in [(1, 6), (2, 2)] {
        let line = json!({ "lineId": order["lines"][0]["id"], "quantity": units, "damaged": 1 });
        let input = json!({ "idempotencyKey": key(), "id": order["id"], "lines": [line] });
        let (tried, done_now) = tried_and_done(world, ("purchaseOrderReceive", fields), input).await;
        let receipts = accepted(&tried, "purchaseOrder")["receipts"].as_array().unwrap().clone();
        assert_eq!((receipts.len(), &receipts[number - 1]["number"]), (number, &json!(number)), "{tried:#}");
        assert_eq!(tried["purchaseOrder"], done_now["purchaseOrder"]);
    }
}
