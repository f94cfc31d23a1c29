//! Files that name customers and suppliers by keys of merged rows.

use serde_json::{Value, json};

use super::world::{Works, World, counts, download, execute, export, import, product, result, wait_for_end};
use crate::world::on_both;

on_both!(
    an_order_is_placed_for_the_customer_that_the_named_one_is_merged_into,
    a_product_comes_from_the_supplier_that_the_named_one_is_merged_into,
);

const CUSTOMER: (&str, &str) = ("Customer", "customer");
const SUPPLIER: (&str, &str) = ("Supplier", "supplier");

async fn create(world: &World, (kind, what): (&str, &str), input: Value) -> Value {
    let query = format!(
        "mutation($input: {kind}CreateInput!) {{ {what}Create(input: $input) {{ {what} {{ id }} userErrors {{ code }} }} }}"
    );
    world.must_mutate(&world.ours, &query, json!({ "input": input })).await[what]["id"].clone()
}

async fn merge(world: &World, (kind, what): (&str, &str), (one, into): (&Value, &Value)) {
    let query = format!("mutation($input: {kind}MergeInput!) {{ {what}Merge(input: $input) {{ seq userErrors {{ code }} }} }}");
    let input = json!({ "idempotencyKey": format!("{what} merge"), "id": one, "intoId": into });
    world.must_mutate(&world.ours, &query, json!({ "input": input })).await;
}

fn row(reference: &str, customer: &str) -> String {
    format!(
        "externalRef,store,customer,kind,sku,name,quantity,currency,unitPrice\n{reference},alpha-shop,{customer},CHARGE,,Wrapping,1,GBP,4.95\n"
    )
}

/// The customer of the order with this reference.
async fn customer_of(world: &World, reference: &str) -> Value {
    let query = "query($filter: OrderFilter) { orders(filter: $filter) { nodes { customer { externalRef } } } }";
    let found = execute(world, query, json!({ "filter": { "externalRef": { "eq": reference } } })).await;
    found["orders"]["nodes"][0]["customer"]["externalRef"].clone()
}

async fn an_order_is_placed_for_the_customer_that_the_named_one_is_merged_into(world: &World) {
    let works = Works::begin(world);
    let shop = create(world, CUSTOMER, json!({ "externalRef": "SHOP-1", "name": "Ada" })).await;
    let web = create(world, CUSTOMER, json!({ "externalRef": "WEB-1", "name": "A. Lovelace" })).await;
    let exchange = wait_for_end(world, &import(world, "ORDERS", row("before", "WEB-1"), json!({})).await).await;
    assert_eq!(counts(&exchange), [1, 1, 0, 0, 0], "{}", result(world, &exchange).await);
    merge(world, CUSTOMER, (&web, &shop)).await;
    let exchange = wait_for_end(world, &import(world, "ORDERS", row("after", "WEB-1"), json!({})).await).await;
    assert_eq!(counts(&exchange), [1, 1, 0, 0, 0], "{}", result(world, &exchange).await);
    assert_eq!(customer_of(world, "after").await, "SHOP-1");
    // An order made for the merged customer stays its own, and is found by either reference.
    assert_eq!(customer_of(world, "before").await, "WEB-1");
    for customer in ["WEB-1", "SHOP-1"] {
        let again = wait_for_end(world, &import(world, "ORDERS", row("before", customer), json!({})).await).await;
        assert_eq!(counts(&again), [1, 0, 0, 1, 0], "{customer}: {}", result(world, &again).await);
    }
    let other = wait_for_end(world, &import(world, "ORDERS", row("before", "alpha-1"), json!({})).await).await;
    assert!(result(world, &other).await.contains("DUPLICATE,customer"), "{}", result(world, &other).await);
    let exchange = wait_for_end(world, &export(world, json!({ "entity": "ORDERS", "format": "CSV" })).await).await;
    let bytes = download(world, &exchange["result"]["downloadUrl"]).await;
    let again = wait_for_end(world, &import(world, "ORDERS", bytes, json!({})).await).await;
    let all = counts(&exchange)[0];
    assert_eq!(counts(&again), [all, 0, 0, all, 0], "{}", result(world, &again).await);
    works.kill().await;
}

async fn a_product_comes_from_the_supplier_that_the_named_one_is_merged_into(world: &World) {
    let works = Works::begin(world);
    let kiln = create(world, SUPPLIER, json!({ "code": "KILN", "name": "Kiln" })).await;
    let oven = create(world, SUPPLIER, json!({ "code": "OVEN", "name": "Oven" })).await;
    merge(world, SUPPLIER, (&kiln, &oven)).await;
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", "sku,name,supplier\nbowl,Bowl,kiln\n", json!({})).await).await;
    assert_eq!(counts(&exchange), [1, 1, 0, 0, 0], "{}", result(world, &exchange).await);
    assert_eq!(product(world, "bowl").await["supplier"]["code"], "OVEN");
    works.kill().await;
}
