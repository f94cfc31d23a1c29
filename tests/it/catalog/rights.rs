//! Permissions of callers, and fields that are hidden from them.

use serde_json::{Value, json};

use super::{product, succeeded};
use crate::{catalog::world::World, world::on_both};

on_both!(without_a_permission_nothing_is_done, world: World => {
    succeeded(product(world, json!({ "sku": "mug", "name": "Mug" })).await);
    let mutation = "mutation { productCreate(input: { sku: \"cup\", name: \"Cup\" }) { product { id } } }";
    let clerk = world.with(&["product.read"]);
    for (caller, query, code) in [
        (None, "{ products { nodes { id } } }", "UNAUTHENTICATED"),
        (Some(world.with(&[])), "{ products { nodes { id } } }", "FORBIDDEN"),
        (Some(clerk.clone()), mutation, "FORBIDDEN"),
        (Some(clerk.clone()), "{ customers { nodes { id } } }", "FORBIDDEN"),
        (Some(clerk.clone()), "{ stores { nodes { id } } }", "FORBIDDEN"),
    ] {
        let answer = world.execute_as(caller, query, json!({})).await;
        assert_eq!(answer["errors"][0]["code"], json!(code), "{query}");
    }
    assert_eq!(world.events().await.len(), 1);
    let nullable = world.execute_as(Some(clerk.clone()), "{ product(by: { sku: \"mug\" }) { sku } store(by: { code: \"x\" }) { id } }", json!({})).await;
    assert_eq!(nullable["data"], json!({ "product": { "sku": "mug" }, "store": null }));
    assert_eq!(nullable["errors"][0]["code"], json!("FORBIDDEN"));
});

on_both!(costs_and_contacts_are_masked, world: World => {
    let input = json!({ "sku": "mug", "name": "Mug", "unitCost": { "amount": "1.20", "currencyCode": "GBP" } });
    succeeded(product(world, input).await);
    world.execute("mutation { customerCreate(input: { externalRef: \"1\", email: \"ada@example.com\" }) { seq } }", json!({})).await;
    let query = "{ product(by: { sku: \"mug\" }) { sku unitCost { amount } } customer(by: { externalRef: \"1\" }) { externalRef email } }";
    let answer = world.execute(query, json!({})).await;
    assert_eq!(answer, json!({ "product": { "sku": "mug", "unitCost": { "amount": "1.20" } }, "customer": { "externalRef": "1", "email": "ada@example.com" } }));
    let hidden = world.execute_as(Some(world.with(&["product.read", "customer.read"])), query, json!({})).await;
    assert_eq!(hidden["errors"], Value::Null);
    assert_eq!(hidden["data"], json!({ "product": { "sku": "mug", "unitCost": null }, "customer": { "externalRef": "1", "email": null } }));
});

on_both!(whoever_writes_customers_learns_nothing_of_them, world: World => {
    let make = "mutation { customerCreate(input: { externalRef: \"1\", name: \"Ada\", country: \"GB\", email: \"ada@example.com\" }) { customer { id } } }";
    let id = world.execute(make, json!({})).await["customerCreate"]["customer"]["id"].clone();
    let blind = world.with(&["customer.write", "customer.contact.read"]);
    let fields = "customer { id externalRef name country email version }";
    let update_input = |version: i64| json!({ "id": id, "externalRef": null, "name": null, "country": null, "email": null, "version": version });
    let upsert = format!("mutation {{ customerBulkUpsert(input: {{ rows: [{{ externalRef: \"1\" }}] }}) {{ rows {{ outcome {fields} }} }} }}");
    let answer = world.execute_as(Some(blind.clone()), &upsert, json!({})).await;
    let row = json!({ "outcome": "UNCHANGED", "customer": update_input(1) });
    assert_eq!((&answer["errors"], &answer["data"]["customerBulkUpsert"]["rows"]), (&Value::Null, &json!([row])));
    let update = format!("mutation($id: ID!) {{ customerUpdate(input: {{ id: $id, expectedVersion: 1, country: \"FR\" }}) {{ {fields} }} }}");
    let answer = world.execute_as(Some(blind.clone()), &update, json!({ "id": id })).await;
    assert_eq!(answer["data"]["customerUpdate"]["customer"], update_input(2), "{answer}");
    let create = format!("mutation {{ customerCreate(input: {{ name: \"Bob\" }}) {{ {fields} }} }}");
    let answer = world.execute_as(Some(blind), &create, json!({})).await;
    assert_eq!(answer["data"]["customerCreate"]["customer"]["name"], Value::Null);
    assert!(answer["data"]["customerCreate"]["customer"]["id"].is_string(), "{answer}");
    let seen_answer = world.execute_as(Some(world.with(&["customer.write", "customer.read"])), &upsert, json!({})).await;
    let customer = &seen_answer["data"]["customerBulkUpsert"]["rows"][0]["customer"];
    assert_eq!((&customer["name"], &customer["country"], &customer["email"]), (&json!("Ada"), &json!("FR"), &Value::Null), "{seen_answer}");
});

on_both!(a_stale_version_shows_only_what_may_be_seen, world: World => {
    let id = succeeded(product(world, json!({ "sku": "mug", "name": "Mug" })).await)["product"]["id"].clone();
    let query = "mutation($id: ID!) { productUpdate(input: { id: $id, expectedVersion: 9, name: \"X\" }) {
        userErrors { code ... on VersionConflict { actualVersion current { id } } } } }";
    let answer = world.execute_as(Some(world.with(&["product.write"])), query, json!({ "id": id })).await;
    let error = json!({ "code": "VERSION_CONFLICT", "actualVersion": 1, "current": null });
    assert_eq!(answer["data"]["productUpdate"]["userErrors"], json!([error]));
});

on_both!(the_schema_describes_everything, world: World => {
    let query = "{ __schema { types { name kind description fields { name description args { name description } }
        inputFields { name description } enumValues { name description } } } }";
    let answer = world.execute(query, json!({})).await;
    let mut silent = Vec::new();
    let is_silent = |thing: &Value| thing["description"].as_str().is_none_or(str::is_empty);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for kind in list(&answer["__schema"]["types"]) {
        let name = kind["name"].as_str().unwrap_or_default().to_owned();
        if name.starts_with("__") {
            continue;
        }
        if is_silent(&kind) {
            silent.push(name.clone());
        }
        for part in ["fields", "inputFields", "enumValues"].iter().flat_map(|part| list(&kind[*part])) {
            if is_silent(&part) {
                silent.push(format!("{name}.{}", part["name"]));
            }
            for argument in list(&part["args"]).iter().filter(|argument| is_silent(argument)) {
                silent.push(format!("{name}.{}({})", part["name"], argument["name"]));
            }
        }
    }
    silent.retain(|name| !["CatalogQuery", "CatalogMutation", "ID"].contains(&name.as_str()));
    assert_eq!(silent, [""; 0]);
});
