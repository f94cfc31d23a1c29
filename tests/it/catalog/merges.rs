//! Two customers that are one person.

use serde_json::{Value, json};

use super::{change, refusal, refusals, succeeded};
use crate::{catalog::world::World, world::on_both};

const FIELDS: &str =
    "customer { id name version externalRef mergedFrom { id } } merged { id name version mergedInto { id } } orders returns";

async fn customer(world: &World, input: Value) -> Value {
    succeeded(change(world, "customerCreate", "CustomerCreateInput", "customer { id }", input).await)["customer"]["id"].clone()
}
async fn merge(world: &World, key: &str, id: &Value, into: &Value) -> Value {
    merge_with(world, json!({ "idempotencyKey": key, "id": id, "intoId": into })).await
}
async fn merge_with(world: &World, input: Value) -> Value {
    change(world, "customerMerge", "CustomerMergeInput", FIELDS, input).await
}
/// Two customers for one person: Ada of the shop and Ada of the web shop.
async fn ada_twice(world: &World) -> (Value, Value) {
    let shop = customer(world, json!({ "externalRef": "SHOP-1", "name": "Ada", "email": "ada@shop.example" })).await;
    let web = customer(world, json!({ "externalRef": "WEB-1", "name": "A. Lovelace", "email": "ada@web.example" })).await;
    (shop, web)
}
async fn by_ref(world: &World, text: &str) -> Value {
    world.execute("query($ref: String!) { customer(by: { externalRef: $ref }) { id } }", json!({ "ref": text })).await["customer"]
        ["id"]
        .clone()
}

on_both!(a_merged_customer_points_to_the_other_and_its_names_find_it, world: World => {
    let (shop, web) = ada_twice(world).await;
    let merge_payload = succeeded(merge(world, "one", &web, &shop).await);
    assert_eq!(merge_payload["merged"], json!({ "id": web, "name": "A. Lovelace", "version": 2, "mergedInto": { "id": shop } }));
    assert_eq!((&merge_payload["customer"]["mergedFrom"], &merge_payload["customer"]["version"]), (&json!([{ "id": web }]), &json!(2)));
    for text in ["SHOP-1", "WEB-1"] {
        assert_eq!(by_ref(world, text).await, shop, "{text}");
    }
    let query = "query($email: String) { customers(email: $email) { nodes { id } } customersCount { count } }";
    for email in [json!("ada@web.example"), json!("ada@shop.example"), Value::Null] {
        let found = world.execute(query, json!({ "email": email })).await;
        assert_eq!(found["customers"]["nodes"], json!([{ "id": shop }]), "{email}");
        assert_eq!(found["customersCount"]["count"], 1);
    }
    // The merged customer can still be read by its own ID.
    let query = "query($id: ID!) { customer(by: { id: $id }) { externalRef mergedInto { id } } }";
    let old = world.execute(query, json!({ "id": web })).await;
    assert_eq!(old["customer"], json!({ "externalRef": "WEB-1", "mergedInto": { "id": shop } }));
    let reported_events: Vec<(String, Value)> = world.events().await.into_iter().skip(2).map(|(kind, payload)| (kind, payload["id"].clone())).collect();
    assert_eq!(reported_events, [("customer.merged".to_owned(), web), ("customer.updated".to_owned(), shop)]);
});

on_both!(a_merge_is_done_once_for_its_key_and_a_dry_run_does_nothing, world: World => {
    let (shop, web) = ada_twice(world).await;
    let dry = format!("mutation($input: CustomerMergeInput!) {{ customerMerge(input: $input, validateOnly: true) {{ {FIELDS} seq userErrors {{ code }} }} }}");
    let input = json!({ "idempotencyKey": "one", "id": web, "intoId": shop });
    let tried = world.execute(&dry, json!({ "input": input })).await["customerMerge"].clone();
    assert_eq!((&tried["merged"]["version"], &tried["seq"], &tried["orders"]), (&json!(2), &Value::Null, &json!(0)), "{tried:#}");
    assert_eq!((by_ref(world, "WEB-1").await, world.events().await.len()), (web.clone(), 2));
    let first = succeeded(merge(world, "one", &web, &shop).await);
    let again = succeeded(merge(world, "one", &web, &shop).await);
    assert_eq!((&again["replayed"], &again["seq"], &again["merged"]), (&json!(true), &first["seq"], &first["merged"]));
    assert_eq!(refusals(&merge(world, "one", &shop, &web).await), refusal("IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey"));
    assert_eq!(world.events().await.len(), 4);
});

on_both!(what_cannot_be_merged_says_why, world: World => {
    let (shop, web) = ada_twice(world).await;
    let third = customer(world, json!({ "externalRef": "OLD-1", "name": "Ada" })).await;
    assert_eq!(refusals(&merge(world, "itself", &shop, &shop).await), refusal("INVALID_STATE", "input.intoId"));
    let stale = json!({ "idempotencyKey": "stale", "id": web, "expectedVersion": 7, "intoId": shop });
    assert_eq!(refusals(&merge_with(world, stale).await), refusal("VERSION_CONFLICT", "input.expectedVersion"));
    let stale = json!({ "idempotencyKey": "stale", "id": web, "intoId": shop, "intoExpectedVersion": 7 });
    assert_eq!(refusals(&merge_with(world, stale).await), refusal("VERSION_CONFLICT", "input.intoExpectedVersion"));
    succeeded(merge(world, "first", &web, &shop).await);
    assert_eq!(refusals(&merge(world, "gone", &web, &third).await), refusal("INVALID_STATE", "input.id"));
    assert_eq!(refusals(&merge(world, "into gone", &third, &web).await), refusal("INVALID_STATE", "input.intoId"));
    let update = json!({ "id": web, "expectedVersion": 2, "name": "Somebody" });
    let update = change(world, "customerUpdate", "CustomerUpdateInput", "customer { id }", update).await;
    assert_eq!(refusals(&update), refusal("INVALID_STATE", "input.id"));
    // Another tenant's customers are none.
    let other = world.other_tenant().await;
    let query = "mutation($input: CustomerMergeInput!) { customerMerge(input: $input) { userErrors { code } } }";
    let input = json!({ "input": { "idempotencyKey": "k", "id": third, "intoId": shop } });
    let answer = world.execute_as(Some(other), query, input.clone()).await;
    assert_eq!(answer["data"]["customerMerge"]["userErrors"], json!([{ "code": "NOT_FOUND" }, { "code": "NOT_FOUND" }]), "{answer:#}");
    let clerk = world.with(&["customer.read", "customer.write", "customer.erase"]);
    let answer = world.execute_as(Some(clerk), query, input).await;
    assert_eq!(answer["errors"][0]["code"], "FORBIDDEN");
});

on_both!(other_tax_numbers_are_accepted_by_their_name_alone, world: World => {
    let tax = |number: &str| json!([{ "country": "GB", "kind": "VAT", "number": number }]);
    let one = customer(world, json!({ "name": "Mill Ltd", "taxIds": tax("GB123456789") })).await;
    let other = customer(world, json!({ "name": "Mill", "taxIds": tax("GB987654321") })).await;
    assert_eq!(refusals(&merge(world, "k", &one, &other).await), refusal("INVALID_STATE", "input.accept"));
    succeeded(merge_with(world, json!({ "idempotencyKey": "k", "id": one, "intoId": other, "accept": ["TAX_IDS"] })).await);
});

on_both!(those_merged_before_come_along_and_erasing_takes_all, world: World => {
    let (shop, web) = ada_twice(world).await;
    let old = customer(world, json!({ "externalRef": "OLD-1", "name": "Ada Byron" })).await;
    succeeded(merge(world, "one", &old, &web).await);
    let payload = succeeded(merge(world, "two", &web, &shop).await);
    let mut from: Vec<Value> = payload["customer"]["mergedFrom"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    from.sort_by_key(Value::to_string);
    assert_eq!(from, [web.clone(), old.clone()], "one step deep");
    assert_eq!(by_ref(world, "OLD-1").await, shop);
    let rows = json!([{ "externalRef": "OLD-1", "country": "GB" }, { "externalRef": "SHOP-1", "country": "FR" }]);
    let upsert = "mutation($rows: [CustomerUpsertInput!]!) { customerBulkUpsert(input: { rows: $rows }) { rows { outcome customer { id externalRef country } userErrors { code } } } }";
    let rows = world.execute(upsert, json!({ "rows": rows })).await["customerBulkUpsert"]["rows"].clone();
    assert_eq!(rows[0]["customer"], json!({ "id": shop, "externalRef": "SHOP-1", "country": "GB" }), "{rows:#}");
    assert_eq!(rows[1]["userErrors"], json!([{ "code": "DUPLICATE" }]), "the same customer by another name");
    let erased = succeeded(change(world, "customerErase", "CustomerEraseInput", "customer { id name }", json!({ "id": shop })).await);
    assert_eq!(erased["customer"], json!({ "id": shop, "name": null }));
    let query = "query($id: ID!) { customer(by: { id: $id }) { name externalRef email } }";
    for id in [&shop, &web, &old] {
        let read = world.execute(query, json!({ "id": id })).await;
        assert_eq!(read["customer"], json!({ "name": null, "externalRef": null, "email": null }), "{id}");
    }
    let total = world.events().await.into_iter().filter(|(kind, _)| kind == "customer.erased").count();
    assert_eq!(total, 3);
});

on_both!(of_two_merges_that_cross_one_is_refused, world: World => {
    let (shop, web) = ada_twice(world).await;
    let (there, back) = tokio::join!(merge(world, "there", &web, &shop), merge(world, "back", &shop, &web));
    let refused: Vec<_> = [refusals(&there), refusals(&back)].into_iter().filter(|refused| !refused.is_empty()).collect();
    assert_eq!(refused.len(), 1, "{there:#} {back:#}");
    assert!(refused[0].iter().all(|(code, _)| code == "INVALID_STATE"), "{refused:?}");
});
