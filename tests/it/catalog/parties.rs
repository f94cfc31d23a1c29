//! Stores, suppliers, customers, channels.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{change, made, refusals, said};
use crate::{catalog::world::World, world::on_both};

async fn store(world: &World, input: Value) -> Value {
    change(world, "storeCreate", "StoreCreateInput", "store { id code kind timeZone groups { code } archivedAt version }", input)
        .await
}
async fn customer(world: &World, input: Value) -> Value {
    change(world, "customerCreate", "CustomerCreateInput", "customer { id externalRef name country email version }", input).await
}

on_both!(stores, world: World => {
    let shop = made(store(world, json!({ "code": "Leeds", "name": "Leeds" })).await)["store"].clone();
    assert_eq!((&shop["kind"], &shop["timeZone"], &shop["groups"]), (&json!("SHOP"), &json!("Europe/London"), &json!([])));
    assert_eq!(refusals(&store(world, json!({ "code": "LEEDS", "name": "Other" })).await), said("DUPLICATE", "input.code"));
    assert_eq!(refusals(&store(world, json!({ "code": "x", "name": "X", "timeZone": "Mars/Base" })).await), said("INVALID", "input.timeZone"));
    let input = json!({ "id": shop["id"], "expectedVersion": 1, "name": "Leeds 2", "kind": "WAREHOUSE" });
    let fields = "store { name kind code version }";
    let changed = made(change(world, "storeUpdate", "StoreUpdateInput", fields, input.clone()).await);
    assert_eq!(changed["store"], json!({ "name": "Leeds 2", "kind": "WAREHOUSE", "code": "Leeds", "version": 2 }));
    let stale = change(world, "storeUpdate", "StoreUpdateInput", fields, input).await;
    assert_eq!(refusals(&stale), said("VERSION_CONFLICT", "input.expectedVersion"));
    for n in 0..5 {
        made(store(world, json!({ "code": format!("s{n}"), "name": "S", "kind": "VIRTUAL", "timeZone": "Asia/Tokyo" })).await);
    }
    let page = world.ask("{ stores(last: 2) { nodes { code } pageInfo { hasPreviousPage hasNextPage } } store(by: { code: \"S3\" }) { timeZone } }", json!({})).await;
    assert_eq!(page["stores"], json!({ "nodes": [{ "code": "s3" }, { "code": "s4" }], "pageInfo": { "hasPreviousPage": true, "hasNextPage": false } }));
    assert_eq!(page["store"]["timeZone"], json!("Asia/Tokyo"));
});

on_both!(suppliers_and_channels, world: World => {
    let input = json!({ "code": "ACME", "name": "Acme", "leadTimeDays": 7, "email": "orders@acme.example" });
    let acme = made(change(world, "supplierCreate", "SupplierCreateInput", "supplier { id leadTimeDays }", input.clone()).await);
    assert_eq!(refusals(&change(world, "supplierCreate", "SupplierCreateInput", "seq2: seq", input).await), said("DUPLICATE", "input.code"));
    let bad = json!({ "id": acme["supplier"]["id"], "expectedVersion": 1, "leadTimeDays": -1, "email": "nobody" });
    let bad = change(world, "supplierUpdate", "SupplierUpdateInput", "supplier { id }", bad).await;
    assert_eq!(refusals(&bad), [said("OUT_OF_RANGE", "input.leadTimeDays"), said("INVALID", "input.email")].concat());
    let cleared = json!({ "id": acme["supplier"]["id"], "expectedVersion": 1, "leadTimeDays": null });
    let cleared = made(change(world, "supplierUpdate", "SupplierUpdateInput", "supplier { leadTimeDays email version }", cleared).await);
    assert_eq!(cleared["supplier"], json!({ "leadTimeDays": null, "email": "orders@acme.example", "version": 2 }));
    made(change(world, "channelCreate", "ChannelCreateInput", "channel { id }", json!({ "code": "web", "name": "Web shop" })).await);
    let taken = change(world, "channelCreate", "ChannelCreateInput", "channel { id }", json!({ "code": "direct", "name": "Mine" })).await;
    assert_eq!(refusals(&taken), said("DUPLICATE", "input.code"));
    let all = world.ask("{ channels { nodes { code } } channel(by: { code: \"direct\" }) { name } suppliers { nodes { code } } }", json!({})).await;
    assert_eq!(all["channels"]["nodes"], json!([{ "code": "DIRECT" }, { "code": "web" }]));
    assert_eq!((&all["channel"]["name"], &all["suppliers"]["nodes"]), (&json!("Direct"), &json!([{ "code": "ACME" }])));
});

on_both!(customers, world: World => {
    let first = made(customer(world, json!({ "externalRef": "17850", "name": "Ada", "country": "gb", "email": "ada@example.com" })).await)["customer"].clone();
    assert_eq!(first["country"], json!("GB"));
    assert_eq!(refusals(&customer(world, json!({ "externalRef": "17850" })).await), said("DUPLICATE", "input.externalRef"));
    assert_eq!(refusals(&customer(world, json!({ "country": "GB" })).await), said("REQUIRED", "input.name"));
    // Without a reference there may be any number.
    made(customer(world, json!({ "name": "Walk-in" })).await);
    made(customer(world, json!({ "name": "Walk-in" })).await);
    let rows = json!([{ "externalRef": "17850", "country": null }, { "externalRef": "2", "name": "Bo" }, { "externalRef": "2", "name": "Bo again" },
        { "externalRef": "17850x", "email": "no" }]);
    let fields = "rows { outcome customer { externalRef name country } userErrors { code field } }";
    let answer = change(world, "customerBulkUpsert", "CustomerBulkUpsertInput", fields, json!({ "rows": rows })).await;
    assert_json_snapshot!("rows", answer["rows"]);
    // Somebody stays who can be told from others; only forgetting them leaves nobody.
    let update = async |input: Value| change(world, "customerUpdate", "CustomerUpdateInput", "customer { externalRef name email version }", input).await;
    let version = world.ask("query($id: ID!) { customer(by: { id: $id }) { version } }", json!({ "id": first["id"] })).await["customer"]["version"].clone();
    let nobody = json!({ "id": first["id"], "expectedVersion": version, "externalRef": null, "name": null, "email": null });
    assert_eq!(refusals(&update(nobody).await), said("REQUIRED", "input.name"));
    let less = made(update(json!({ "id": first["id"], "expectedVersion": version, "name": null, "email": null })).await);
    assert_eq!((&less["customer"]["externalRef"], &less["customer"]["name"]), (&json!("17850"), &Value::Null));
    let found = world.ask("{ customer(by: { externalRef: \"2\" }) { name } customersCount(limit: 3) { count precision } all: customersCount { count precision } }", json!({})).await;
    assert_eq!(found, json!({ "customer": { "name": "Bo" }, "customersCount": { "count": 3, "precision": "AT_LEAST" }, "all": { "count": 4, "precision": "EXACT" } }));
    let racing = (0..6).map(|_| customer(world, json!({ "idempotencyKey": "same", "externalRef": "race" })));
    let ids: std::collections::HashSet<_> =
        futures_util::future::join_all(racing).await.into_iter().map(made).map(|answer| answer["customer"]["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
});
