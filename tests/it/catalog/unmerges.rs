//! Merges of two different customers by mistake, and their reversal.

use serde_json::{Value, json};

use super::{change, refusal, refusals, succeeded};
use crate::{catalog::world::World, world::on_both};

const FIELDS: &str = "customer { id name version externalRef mergedInto { id } mergedFrom { id } } mergedInto { id version mergedFrom { id } } orders returns";

async fn customer(world: &World, reference: &str) -> Value {
    let input = json!({ "externalRef": reference, "name": reference, "email": format!("{reference}@shop.example") });
    succeeded(change(world, "customerCreate", "CustomerCreateInput", "customer { id }", input).await)["customer"]["id"].clone()
}
async fn merge(world: &World, key: &str, id: &Value, into: &Value) -> Value {
    let input = json!({ "idempotencyKey": key, "id": id, "intoId": into });
    change(world, "customerMerge", "CustomerMergeInput", "customer { id }", input).await
}
async fn unmerge(world: &World, key: &str, id: &Value) -> Value {
    unmerge_with(world, json!({ "idempotencyKey": key, "id": id })).await
}
async fn unmerge_with(world: &World, input: Value) -> Value {
    change(world, "customerUnmerge", "CustomerUnmergeInput", FIELDS, input).await
}
async fn by_ref(world: &World, text: &str) -> Value {
    world.execute("query($ref: String!) { customer(by: { externalRef: $ref }) { id } }", json!({ "ref": text })).await["customer"]
        ["id"]
        .clone()
}
async fn into_of(world: &World, id: &Value) -> Value {
    let read = world.execute("query($id: ID!) { customer(by: { id: $id }) { mergedInto { id } } }", json!({ "id": id })).await;
    read["customer"]["mergedInto"]["id"].clone()
}

on_both!(a_merge_of_customers_is_taken_back, world: World => {
    let (shop, web) = (customer(world, "shop").await, customer(world, "web").await);
    succeeded(merge(world, "one", &web, &shop).await);
    assert_eq!(by_ref(world, "web").await, shop);
    // A change of the remaining customer after the merge stays there.
    let input = json!({ "id": shop, "expectedVersion": 2, "country": "GB" });
    succeeded(change(world, "customerUpdate", "CustomerUpdateInput", "customer { id }", input).await);
    let unmerge_payload = succeeded(unmerge(world, "back", &web).await);
    assert_eq!(unmerge_payload["customer"], json!({ "id": web, "name": "web", "version": 3, "externalRef": "web", "mergedInto": null, "mergedFrom": [] }));
    assert_eq!(unmerge_payload["mergedInto"], json!({ "id": shop, "version": 4, "mergedFrom": [] }));
    assert_eq!((&unmerge_payload["orders"], &unmerge_payload["returns"]), (&json!(0), &json!(0)));
    assert_eq!((by_ref(world, "web").await, by_ref(world, "shop").await), (web.clone(), shop.clone()));
    let query = "query($email: String) { customers(email: $email) { nodes { id country } } customersCount { count } }";
    let found = world.execute(query, json!({ "email": "web@shop.example" })).await;
    assert_eq!((&found["customers"]["nodes"], &found["customersCount"]["count"]), (&json!([{ "id": web, "country": null }]), &json!(2)));
    let reported_events: Vec<(String, Value)> = world.events().await.into_iter().skip(5).map(|(kind, payload)| (kind, payload["id"].clone())).collect();
    assert_eq!(reported_events, [("customer.unmerged".to_owned(), web.clone()), ("customer.updated".to_owned(), shop.clone())]);
    // The customer can be changed and merged again.
    let input = json!({ "id": web, "expectedVersion": 3, "name": "Ada" });
    succeeded(change(world, "customerUpdate", "CustomerUpdateInput", "customer { id }", input).await);
    succeeded(merge(world, "two", &web, &shop).await);
    succeeded(unmerge(world, "back again", &web).await);
});

on_both!(an_unmerge_is_done_once_for_its_key_and_a_dry_run_does_nothing, world: World => {
    let (shop, web) = (customer(world, "shop").await, customer(world, "web").await);
    succeeded(merge(world, "one", &web, &shop).await);
    let events = world.events().await.len();
    let dry = format!("mutation($input: CustomerUnmergeInput!) {{ customerUnmerge(input: $input, validateOnly: true) {{ {FIELDS} seq userErrors {{ code }} }} }}");
    let input = json!({ "idempotencyKey": "back", "id": web });
    let tried = world.execute(&dry, json!({ "input": input })).await["customerUnmerge"].clone();
    assert_eq!((&tried["customer"]["version"], &tried["customer"]["mergedInto"], &tried["seq"]), (&json!(3), &Value::Null, &Value::Null), "{tried:#}");
    assert_eq!((by_ref(world, "web").await, world.events().await.len()), (shop.clone(), events));
    let first = succeeded(unmerge(world, "back", &web).await);
    let again = succeeded(unmerge(world, "back", &web).await);
    assert_eq!((&again["replayed"], &again["seq"], &again["customer"]), (&json!(true), &first["seq"], &first["customer"]));
    assert_eq!(refusals(&unmerge(world, "back", &shop).await), refusal("IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey"));
    assert_eq!(world.events().await.len(), events + 2);
});

on_both!(what_cannot_be_taken_back_says_why, world: World => {
    let (shop, web) = (customer(world, "shop").await, customer(world, "web").await);
    assert_eq!(refusals(&unmerge(world, "none", &web).await), refusal("INVALID_STATE", "input.id"));
    succeeded(merge(world, "one", &web, &shop).await);
    let stale = json!({ "idempotencyKey": "stale", "id": web, "expectedVersion": 1 });
    assert_eq!(refusals(&unmerge_with(world, stale).await), refusal("VERSION_CONFLICT", "input.expectedVersion"));
    let stale = json!({ "idempotencyKey": "stale", "id": web, "intoExpectedVersion": 1 });
    assert_eq!(refusals(&unmerge_with(world, stale).await), refusal("VERSION_CONFLICT", "input.intoExpectedVersion"));
    let query = "mutation($input: CustomerUnmergeInput!) { customerUnmerge(input: $input) { userErrors { code } } }";
    let input = json!({ "input": { "idempotencyKey": "k", "id": web } });
    let answer = world.execute_as(Some(world.other_tenant().await), query, input.clone()).await;
    assert_eq!(answer["data"]["customerUnmerge"]["userErrors"], json!([{ "code": "NOT_FOUND" }]), "{answer:#}");
    let clerk = world.with(&["customer.read", "customer.write", "customer.erase"]);
    let answer = world.execute_as(Some(clerk), query, input).await;
    assert_eq!(answer["errors"][0]["code"], "FORBIDDEN");
    succeeded(change(world, "customerErase", "CustomerEraseInput", "customer { id }", json!({ "id": web })).await);
    let erased = unmerge(world, "erased", &web).await;
    assert_eq!(refusals(&erased), refusal("INVALID_STATE", "input.id"));
    assert!(erased["userErrors"][0]["message"].as_str().is_some_and(|text| text.contains("erased")), "{erased:#}");
});

on_both!(a_merge_is_taken_back_for_thirty_days, world: World => {
    let (shop, web, old) = (customer(world, "shop").await, customer(world, "web").await, customer(world, "old").await);
    succeeded(merge(world, "one", &web, &shop).await);
    world.advance_clock(86_400);
    succeeded(merge(world, "two", &old, &shop).await);
    world.advance_clock(29 * 86_400 + 3_600);
    assert_eq!(refusals(&unmerge(world, "late", &web).await), refusal("INVALID_STATE", "input.id"));
    succeeded(unmerge(world, "in time", &old).await);
});

on_both!(merges_on_merges_are_taken_back_from_the_last_one, world: World => {
    let (shop, web, old) = (customer(world, "shop").await, customer(world, "web").await, customer(world, "old").await);
    succeeded(merge(world, "one", &old, &web).await);
    succeeded(merge(world, "two", &web, &shop).await);
    assert_eq!(into_of(world, &old).await, shop, "one step deep");
    let first = unmerge(world, "too early", &old).await;
    assert_eq!(refusals(&first), refusal("INVALID_STATE", "input.id"));
    assert!(first["userErrors"][0]["message"].as_str().is_some_and(|text| text.contains("first")), "{first:#}");
    let back = succeeded(unmerge(world, "web", &web).await);
    assert_eq!(back["customer"]["mergedFrom"], json!([{ "id": old }]), "who came along goes back with it");
    assert_eq!((into_of(world, &old).await, by_ref(world, "old").await), (web.clone(), web.clone()));
    succeeded(unmerge(world, "old", &old).await);
    assert_eq!(by_ref(world, "old").await, old);
});

on_both!(who_was_erased_alone_still_goes_back_with_the_other, world: World => {
    let (shop, web, old) = (customer(world, "shop").await, customer(world, "web").await, customer(world, "old").await);
    succeeded(merge(world, "one", &old, &web).await);
    succeeded(merge(world, "two", &web, &shop).await);
    succeeded(change(world, "customerErase", "CustomerEraseInput", "customer { id }", json!({ "id": old })).await);
    succeeded(unmerge(world, "web", &web).await);
    assert_eq!(into_of(world, &old).await, web, "whoever erases the one erases what is left of the other");
});

on_both!(of_two_that_take_a_merge_back_one_does, world: World => {
    let (shop, web) = (customer(world, "shop").await, customer(world, "web").await);
    succeeded(merge(world, "one", &web, &shop).await);
    let (one, other) = tokio::join!(unmerge(world, "here", &web), unmerge(world, "there", &web));
    let refused: Vec<_> = [refusals(&one), refusals(&other)].into_iter().filter(|refused| !refused.is_empty()).collect();
    assert_eq!(refused.len(), 1, "{one:#} {other:#}");
    assert!(refused[0].iter().all(|(code, _)| code == "INVALID_STATE"), "{refused:?}");
    assert_eq!((into_of(world, &web).await, world.events().await.len()), (Value::Null, 6));
});

on_both!(a_merge_on_top_and_an_unmerge_that_cross_leave_one_step, world: World => {
    let (shop, web, old) = (customer(world, "shop").await, customer(world, "web").await, customer(world, "old").await);
    succeeded(merge(world, "one", &web, &shop).await);
    let (back, on) = tokio::join!(unmerge(world, "back", &web), merge(world, "on", &shop, &old));
    succeeded(on);
    // Either the reversal was first, or the merged customer was moved on to the third.
    let expected = if refusals(&back).is_empty() { Value::Null } else { old.clone() };
    assert_eq!(into_of(world, &web).await, expected, "{back:#}");
    assert_eq!(into_of(world, &shop).await, old);
});
