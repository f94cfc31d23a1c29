//! Who may do what, and what is hidden from them.

use serde_json::{Value, json};

use super::{made, product};
use crate::scenario;

scenario!(without_a_permission_nothing_is_done, world => {
    made(product(world, json!({ "sku": "mug", "name": "Mug" })).await);
    let mutation = "mutation { productCreate(input: { sku: \"cup\", name: \"Cup\" }) { product { id } } }";
    let clerk = world.with(&["product.read"]);
    for (caller, query, code) in [
        (None, "{ products { nodes { id } } }", "UNAUTHENTICATED"),
        (Some(world.with(&[])), "{ products { nodes { id } } }", "FORBIDDEN"),
        (Some(clerk.clone()), mutation, "FORBIDDEN"),
        (Some(clerk.clone()), "{ customers { nodes { id } } }", "FORBIDDEN"),
        (Some(clerk.clone()), "{ stores { nodes { id } } }", "FORBIDDEN"),
    ] {
        let answer = world.ask_as(caller, query, json!({})).await;
        assert_eq!(answer["errors"][0]["code"], json!(code), "{query}");
    }
    assert_eq!(world.events().await.len(), 1);
    let nullable = world.ask_as(Some(clerk.clone()), "{ product(by: { sku: \"mug\" }) { sku } store(by: { code: \"x\" }) { id } }", json!({})).await;
    assert_eq!(nullable["data"], json!({ "product": { "sku": "mug" }, "store": null }));
    assert_eq!(nullable["errors"][0]["code"], json!("FORBIDDEN"));
});

scenario!(costs_and_contacts_are_masked, world => {
    let input = json!({ "sku": "mug", "name": "Mug", "unitCost": { "amount": "1.20", "currencyCode": "GBP" } });
    made(product(world, input).await);
    world.ask("mutation { customerCreate(input: { externalRef: \"1\", email: \"ada@example.com\" }) { seq } }", json!({})).await;
    let query = "{ product(by: { sku: \"mug\" }) { sku unitCost { amount } } customer(by: { externalRef: \"1\" }) { externalRef email } }";
    let seen = world.ask(query, json!({})).await;
    assert_eq!(seen, json!({ "product": { "sku": "mug", "unitCost": { "amount": "1.20" } }, "customer": { "externalRef": "1", "email": "ada@example.com" } }));
    let hidden = world.ask_as(Some(world.with(&["product.read", "customer.read"])), query, json!({})).await;
    assert_eq!(hidden["errors"], Value::Null);
    assert_eq!(hidden["data"], json!({ "product": { "sku": "mug", "unitCost": null }, "customer": { "externalRef": "1", "email": null } }));
});

scenario!(a_stale_version_shows_only_what_may_be_seen, world => {
    let id = made(product(world, json!({ "sku": "mug", "name": "Mug" })).await)["product"]["id"].clone();
    let query = "mutation($id: ID!) { productUpdate(input: { id: $id, expectedVersion: 9, name: \"X\" }) {
        userErrors { code ... on VersionConflict { actualVersion current { id } } } } }";
    let answer = world.ask_as(Some(world.with(&["product.write"])), query, json!({ "id": id })).await;
    let error = json!({ "code": "VERSION_CONFLICT", "actualVersion": 1, "current": null });
    assert_eq!(answer["data"]["productUpdate"]["userErrors"], json!([error]));
});

scenario!(the_schema_describes_everything, world => {
    let query = "{ __schema { types { name kind description fields { name description args { name description } }
        inputFields { name description } enumValues { name description } } } }";
    let answer = world.ask(query, json!({})).await;
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
