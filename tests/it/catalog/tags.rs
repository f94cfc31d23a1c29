//! Tags of customers.

use serde_json::{Value, json};

use super::{change, refusal, refusals, succeeded};
use crate::{catalog::world::World, world::on_both};

async fn customer(world: &World, name: &str, tags: Value) -> Value {
    let input = json!({ "name": name, "email": format!("{name}@shop.example"), "tags": tags });
    succeeded(change(world, "customerCreate", "CustomerCreateInput", "customer { id tags version }", input).await)["customer"]
        .clone()
}
async fn tagged(world: &World, extra: Value) -> Vec<String> {
    let query =
        "query($tag: String, $email: String) { customers(tag: $tag, email: $email) { nodes { name } totalCount { count } } }";
    let found = world.execute(query, extra).await["customers"].clone();
    let names: Vec<String> =
        found["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found["totalCount"]["count"], names.len(), "{found:#}");
    names
}

on_both!(customers_are_found_by_their_tags, world: World => {
    let ada = customer(world, "ada", json!(["VIP", " vip ", "Late payer"])).await;
    assert_eq!(ada["tags"], json!(["VIP", "Late payer"]), "a tag is one however it is written");
    customer(world, "byron", json!(["late payer"])).await;
    customer(world, "carl", Value::Null).await;
    assert_eq!(tagged(world, json!({ "tag": "vip" })).await, ["ada"]);
    assert_eq!(tagged(world, json!({ "tag": "LATE PAYER" })).await, ["ada", "byron"]);
    assert_eq!(tagged(world, json!({ "tag": "late" })).await, Vec::<String>::new(), "a tag is a whole one");
    assert_eq!(tagged(world, json!({ "tag": "late payer", "email": "byron@shop.example" })).await, ["byron"]);
    let update = json!({ "id": ada["id"], "expectedVersion": 1, "tags": ["new"] });
    let changed = succeeded(change(world, "customerUpdate", "CustomerUpdateInput", "customer { tags version }", update).await);
    assert_eq!(changed["customer"], json!({ "tags": ["new"], "version": 2 }));
    assert_eq!(tagged(world, json!({ "tag": "vip" })).await, Vec::<String>::new());
    let cleared = json!({ "id": ada["id"], "expectedVersion": 2, "tags": null });
    let cleared = succeeded(change(world, "customerUpdate", "CustomerUpdateInput", "customer { tags version }", cleared).await);
    assert_eq!(cleared["customer"], json!({ "tags": [], "version": 3 }));
});

on_both!(tags_go_with_who_is_erased, world: World => {
    let ada = customer(world, "ada", json!(["VIP"])).await;
    let erased = change(world, "customerErase", "CustomerEraseInput", "customer { tags }", json!({ "id": ada["id"] })).await;
    assert_eq!(succeeded(erased)["customer"]["tags"], json!([]));
    assert_eq!(tagged(world, json!({ "tag": "vip" })).await, Vec::<String>::new());
});

on_both!(odd_tags_are_refused, world: World => {
    for (tags, code, path) in [
        (json!(["a|b"]), "INVALID", "input.tags.0"),
        (json!(["t".repeat(65)]), "TOO_LONG", "input.tags.0"),
        (json!((0..51).map(|n| format!("t{n}")).collect::<Vec<_>>()), "LIMIT_EXCEEDED", "input.tags"),
    ] {
        let input = json!({ "name": "Ada", "tags": tags });
        let refused = change(world, "customerCreate", "CustomerCreateInput", "customer { id }", input).await;
        assert_eq!(refusals(&refused), refusal(code, path));
    }
});
