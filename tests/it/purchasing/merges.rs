//! Two suppliers that are one company, and orders of two customers that are one person.

use std::time::Duration;

use entrepot::storage::Reads;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::office::{Office, accepted, gbp, key, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    products_and_terms_go_over_and_orders_stay,
    nothing_is_merged_while_orders_are_open,
    whose_terms_stay_is_chosen,
    an_order_that_is_made_during_a_merge_is_either_before_it_or_refused,
    what_is_put_under_a_supplier_during_a_merge_goes_over_or_is_refused,
    orders_of_a_merged_customer_are_listed_with_the_others,
    an_order_that_is_made_during_a_merge_of_customers_is_listed,
);

const MERGED: &str = "supplier { id version mergedFrom { code } } merged { id archivedAt mergedInto { code } } products supplierProducts documents";

pub(super) async fn supplier(office: &Office<'_>, code: &str) -> Value {
    let input = json!({ "code": code, "name": code });
    let payload = office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await;
    json!({ "id": accepted(&payload, "supplier")["id"] })
}
async fn merge(office: &Office<'_>, from: &Value, into: &Value, extra: Value) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "id": from["id"], "intoId": into["id"] });
    for (name, value) in extra.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    office.mutate("supplierMerge", "SupplierMergeInput", MERGED, input).await
}
pub(super) async fn offers(office: &Office<'_>, supplier: &Value, product: &Value, cost: &str, preferred: bool) {
    let row = json!({ "supplier": supplier, "product": product, "unitCost": gbp(cost), "preferred": preferred });
    let input = json!({ "idempotencyKey": key(), "rows": [row] });
    let fields = "rows { outcome userErrors { code message } }";
    let payload = office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", fields, input).await;
    assert_eq!(payload["rows"][0]["userErrors"], json!([]), "{payload:#}");
}
/// Returns each supplier's terms for a product: supplier, unit cost, and whether it is the
/// preferred one.
async fn terms(office: &Office<'_>, product: &Value) -> Vec<(Value, Value, Value)> {
    let query = "query($filter: SupplierProductFilter) { supplierProducts(filter: $filter) { nodes { supplier { code } unitCost { amount } preferred } } }";
    let read = office.execute(query, json!({ "filter": { "product": { "eq": product["id"] } } })).await;
    let nodes = read["data"]["supplierProducts"]["nodes"].as_array().unwrap_or_else(|| panic!("{read:#}")).clone();
    let shown = |node: &Value| (node["supplier"]["code"].clone(), node["unitCost"]["amount"].clone(), node["preferred"].clone());
    nodes.iter().map(shown).collect()
}

async fn products_and_terms_go_over_and_orders_stay(world: &World) {
    let office = Office::of(world).await;
    let kiln = supplier(&office, "KILN").await;
    let input = json!({ "sku": "MUG", "name": "Mug", "unitCost": gbp("2.00"), "supplierId": office.supplier["id"] });
    let mug = office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    let mug = json!({ "id": accepted(&mug, "product")["id"] });
    offers(&office, &office.supplier, &mug, "1.80", true).await;
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 7 }] })).await;
    accepted(&office.receive(&order, &[7]).await, "purchaseOrder");
    let query = "mutation($input: SupplierMergeInput!) { supplierMerge(input: $input, validateOnly: true) { products supplierProducts documents seq userErrors { code } } }";
    let input = json!({ "idempotencyKey": "pots", "id": office.supplier["id"], "intoId": kiln["id"] });
    let dry = office.execute(query, json!({ "input": input })).await["data"]["supplierMerge"].clone();
    assert_eq!(dry, json!({ "products": 1, "supplierProducts": 1, "documents": 1, "seq": null, "userErrors": [] }));
    let merged = merge(&office, &office.supplier, &kiln, json!({ "idempotencyKey": "pots" })).await;
    assert_eq!(accepted(&merged, "supplier")["mergedFrom"], json!([{ "code": "POT" }]), "{merged:#}");
    assert_eq!((&merged["products"], &merged["supplierProducts"], &merged["documents"]), (&json!(1), &json!(1), &json!(1)));
    assert!(merged["merged"]["archivedAt"].is_string(), "{merged:#}");
    let again = merge(&office, &office.supplier, &kiln, json!({ "idempotencyKey": "pots" })).await;
    assert_eq!((&again["replayed"], &again["products"], &again["seq"]), (&json!(true), &json!(1), &merged["seq"]));
    assert_eq!(terms(&office, &mug).await, [(json!("KILN"), json!("1.80"), json!(true))]);
    // The order still shows its original supplier, and is listed with the survivor's orders.
    let query = "query($id: ID!, $mug: ID!) { supplier(by: { id: $id }) { purchaseOrders { nodes { id supplier { code } } } }
        product(by: { id: $mug }) { supplier { code } } named: supplier(by: { code: \"pot\" }) { code } }";
    let read = office.execute(query, json!({ "id": kiln["id"], "mug": mug["id"] })).await["data"].clone();
    assert_eq!(
        read["supplier"]["purchaseOrders"]["nodes"],
        json!([{ "id": order["id"], "supplier": { "code": "POT" } }]),
        "{read:#}"
    );
    assert_eq!((&read["product"]["supplier"]["code"], &read["named"]["code"]), (&json!("KILN"), &json!("KILN")));
    // An order by the old code goes to the remaining supplier; the merged one cannot be restored.
    let draft = office.draft_with(json!({ "supplier": { "code": "POT" }, "lines": [{ "product": mug, "quantity": 1 }] })).await;
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { supplier { code } } }";
    let read = office.execute(query, json!({ "id": draft["id"] })).await;
    assert_eq!(read["data"]["purchaseOrder"]["supplier"]["code"], "KILN");
    let input = json!({ "id": office.supplier["id"] });
    let back = office.mutate("supplierRestore", "SupplierRestoreInput", "supplier { id }", input).await;
    refused(&back, "INVALID_STATE", "input.id");
    what_was_bought_before_goes_back_to_the_one_that_stays(&office, &order).await;
    office.is_sound().await;
}

async fn what_was_bought_before_goes_back_to_the_one_that_stays(office: &Office<'_>, order: &Value) {
    let mill = supplier(office, "MILL").await;
    for (whose, taken) in [(&mill, false), (&json!({ "code": "POT" }), true)] {
        let lines = json!([{ "purchaseOrderLineId": order["lines"][0]["id"], "quantity": 2 }]);
        let input = json!({ "idempotencyKey": key(), "supplier": whose, "store": office.store, "lines": lines });
        let fields = "supplierReturn { supplier { code } purchaseOrder { id } credit { amount } }";
        let back = office.mutate("supplierReturnCreate", "SupplierReturnCreateInput", fields, input).await;
        if taken {
            let expected =
                json!({ "supplier": { "code": "KILN" }, "purchaseOrder": { "id": order["id"] }, "credit": { "amount": "3.60" } });
            assert_eq!(accepted(&back, "supplierReturn"), &expected);
        } else {
            refused(&back, "NOT_FOUND", "input.lines.0.purchaseOrderLineId");
        }
    }
}

async fn nothing_is_merged_while_orders_are_open(world: &World) {
    let office = Office::of(world).await;
    let (mug, kiln) = (office.product("MUG", "2.00").await, supplier(&office, "KILN").await);
    let draft = office.draft(json!([{ "product": mug, "quantity": 7 }])).await;
    let message = refused(&merge(&office, &office.supplier, &kiln, json!({})).await, "IN_USE", "input.id");
    assert!(message.contains("purchase orders are open (1)"), "{message}");
    office.step(&draft, "purchaseOrderCancel").await;
    let itself = merge(&office, &kiln, &kiln, json!({})).await;
    refused(&itself, "INVALID_STATE", "input.intoId");
    let theirs = json!({ "id": world.theirs.ids["sup"] });
    refused(&merge(&office, &office.supplier, &theirs, json!({})).await, "NOT_FOUND", "input.intoId");
    accepted(&merge(&office, &office.supplier, &kiln, json!({})).await, "supplier");
    refused(&merge(&office, &office.supplier, &kiln, json!({})).await, "INVALID_STATE", "input.id");
    let gone = supplier(&office, "GONE").await;
    let archived = office.mutate("supplierArchive", "SupplierArchiveInput", "supplier { id }", json!({ "id": gone["id"] })).await;
    accepted(&archived, "supplier");
    refused(&merge(&office, &kiln, &gone, json!({})).await, "INVALID", "input.intoId");
    office.is_sound().await;
}

async fn whose_terms_stay_is_chosen(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let (kiln, mill) = (supplier(&office, "KILN").await, supplier(&office, "MILL").await);
    offers(&office, &office.supplier, &mug, "1.80", true).await;
    offers(&office, &kiln, &mug, "1.70", false).await;
    offers(&office, &office.supplier, &plate, "2.50", false).await;
    let message = refused(&merge(&office, &office.supplier, &kiln, json!({})).await, "IN_USE", "input.supplierProducts");
    assert!(message.contains("(1): MUG"), "{message}");
    assert_eq!(terms(&office, &plate).await, [(json!("POT"), json!("2.50"), json!(false))], "a refusal moves nothing");
    let payload = merge(&office, &office.supplier, &kiln, json!({ "supplierProducts": "SURVIVOR" })).await;
    accepted(&payload, "supplier");
    // The survivor's terms are kept; the preferred supplier of the product stays the same.
    assert_eq!(terms(&office, &mug).await, [(json!("KILN"), json!("1.70"), json!(true))]);
    assert_eq!(terms(&office, &plate).await, [(json!("KILN"), json!("2.50"), json!(false))]);
    offers(&office, &mill, &mug, "1.60", false).await;
    accepted(&merge(&office, &kiln, &mill, json!({ "supplierProducts": "MERGED" })).await, "supplier");
    assert_eq!(terms(&office, &mug).await, [(json!("MILL"), json!("1.70"), json!(true))]);
    let query = "query($id: ID!) { supplier(by: { id: $id }) { mergedFrom { code mergedInto { code } } } }";
    let read = office.execute(query, json!({ "id": mill["id"] })).await["data"]["supplier"]["mergedFrom"].clone();
    assert_eq!(read.as_array().map(Vec::len), Some(2), "one step deep: {read:#}");
    office.is_sound().await;
}

async fn an_order_that_is_made_during_a_merge_is_either_before_it_or_refused(world: &World) {
    let office = Office::of(world).await;
    let (mug, kiln) = (office.product("MUG", "2.00").await, supplier(&office, "KILN").await);
    let input = json!({ "supplier": office.supplier, "store": office.store, "lines": [{ "product": mug, "quantity": 7 }] });
    let (merged, ordered) =
        tokio::join!(merge(&office, &office.supplier, &kiln, json!({})), office.buy("purchaseOrderCreate", input));
    let (is_merged, is_ordered) = (merged["userErrors"] == json!([]), ordered["userErrors"] == json!([]));
    assert!(is_merged != is_ordered, "{merged:#} {ordered:#}");
    office.is_sound().await;
}

async fn what_is_put_under_a_supplier_during_a_merge_goes_over_or_is_refused(world: &World) {
    let office = Office::of(world).await;
    let (mug, kiln) = (office.product("MUG", "2.00").await, supplier(&office, "KILN").await);
    // Writers wait for the lock of the tenant's counter, or on SQLite for its single writer, and
    // the merge begins while they wait.
    let work = world.node.db.tenant(world.ours.owner.tenant).begin().await.unwrap();
    let lock = Reads::backend(&work).for_update("c");
    work.rows(&format!("SELECT c.epoch FROM tenant_counter c WHERE c.tenant_id = $1{lock}"), vec![]).await.unwrap();
    let row = json!({ "supplier": office.supplier, "product": mug, "unitCost": gbp("1.80"), "preferred": false });
    let input = json!({ "idempotencyKey": key(), "rows": [row] });
    let offered = office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", "rows { outcome }", input);
    let input = json!({ "sku": "PLATE", "name": "Plate", "unitCost": gbp("2.00"), "supplierId": office.supplier["id"] });
    let payload = office.mutate("productCreate", "ProductCreateInput", "product { id }", input);
    let merged = async {
        sleep(Duration::from_millis(300)).await;
        merge(&office, &office.supplier, &kiln, json!({})).await
    };
    let let_go = async {
        sleep(Duration::from_millis(600)).await;
        work.rollback().await.unwrap();
    };
    let (_, _, merged, ()) = tokio::join!(offered, payload, merged, let_go);
    accepted(&merged, "supplier");
    let there = terms(&office, &mug).await;
    assert!(there.iter().all(|(supplier, ..)| supplier == "KILN"), "{there:?}");
    let read = office.execute("{ product(by: { sku: \"PLATE\" }) { supplier { code } } }", json!({})).await;
    let plate = &read["data"]["product"];
    assert!(plate.is_null() || plate["supplier"]["code"] == "KILN", "{read:#}");
    office.is_sound().await;
}

/// A customer of this name.
async fn buyer(office: &Office<'_>, name: &str) -> Value {
    let payload = office.mutate("customerCreate", "CustomerCreateInput", "customer { id }", json!({ "name": name })).await;
    accepted(&payload, "customer")["id"].clone()
}
async fn sold(office: &Office<'_>, product: &Value, customer: &Value) -> Value {
    let input = json!({ "idempotencyKey": key(), "store": office.store, "customerId": customer, "status": "DRAFT",
        "lines": [{ "product": product, "quantity": 1 }] });
    let payload = office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await;
    accepted(&payload, "order")["id"].clone()
}
async fn merge_buyers(office: &Office<'_>, from: &Value, into: &Value) -> Value {
    let input = json!({ "idempotencyKey": key(), "id": from, "intoId": into });
    office.mutate("customerMerge", "CustomerMergeInput", "customer { id } merged { id } orders returns", input).await
}
async fn orders_of(office: &Office<'_>, customer: &Value) -> Vec<Value> {
    let query = "query($id: ID!, $filter: OrderFilter) { customer(by: { id: $id }) { orders { nodes { id } } } orders(filter: $filter) { nodes { id } }
        ordersCount(filter: $filter) { count } }";
    let read =
        office.execute(query, json!({ "id": customer, "filter": { "customer": { "eq": customer } } })).await["data"].clone();
    let listed = |nodes: &Value| nodes.as_array().unwrap().iter().map(|node| node["id"].clone()).collect::<Vec<_>>();
    let mut own = listed(&read["customer"]["orders"]["nodes"]);
    let mut all = listed(&read["orders"]["nodes"]);
    own.sort_by_key(Value::to_string);
    all.sort_by_key(Value::to_string);
    assert_eq!((own.len(), &own), (read["ordersCount"]["count"].as_u64().unwrap() as usize, &all), "{read:#}");
    own
}

async fn orders_of_a_merged_customer_are_listed_with_the_others(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let (shop, web) = (buyer(&office, "Ada").await, buyer(&office, "A. Lovelace").await);
    let mut orders = vec![sold(&office, &mug, &shop).await, sold(&office, &mug, &web).await];
    let merged = merge_buyers(&office, &web, &shop).await;
    assert_eq!((accepted(&merged, "customer")["id"].clone(), &merged["orders"]), (shop.clone(), &json!(1)), "{merged:#}");
    // A new order of the merged customer belongs to the survivor, too.
    orders.push(sold(&office, &mug, &web).await);
    orders.sort_by_key(Value::to_string);
    assert_eq!(orders_of(&office, &shop).await, orders);
    assert_eq!(orders_of(&office, &web).await.len(), 2, "what was made for it");
    let query = "query($id: ID!) { order(by: { id: $id }) { customer { name mergedInto { name } } } }";
    let customer =
        office.execute(query, json!({ "id": orders_of(&office, &web).await[0] })).await["data"]["order"]["customer"].clone();
    assert_eq!(
        customer,
        json!({ "name": "A. Lovelace", "mergedInto": { "name": "Ada" } }),
        "the order keeps whom it was made for"
    );
    office.is_sound().await;
}

async fn an_order_that_is_made_during_a_merge_of_customers_is_listed(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let (shop, web) = (buyer(&office, "Ada").await, buyer(&office, "A. Lovelace").await);
    let (merged, order) = tokio::join!(merge_buyers(&office, &web, &shop), sold(&office, &mug, &web));
    accepted(&merged, "customer");
    assert_eq!(orders_of(&office, &shop).await, [order]);
    // The merged customer counts as having orders, too: those of the survivor.
    let idle = buyer(&office, "Cy").await;
    let query = "query($ids: [ID!]!) { some: customers(filter: { hasOrders: true, id: { in: $ids } }) { nodes { id } }
        none: customers(filter: { hasOrders: false, id: { in: $ids } }) { nodes { id } } }";
    let found = office.execute(query, json!({ "ids": [shop, web, idle] })).await["data"].clone();
    let listed = [&found["some"]["nodes"], &found["none"]["nodes"]];
    assert_eq!(listed, [&json!([{ "id": shop }]), &json!([{ "id": idle }])], "{found:#}");
    office.is_sound().await;
}
