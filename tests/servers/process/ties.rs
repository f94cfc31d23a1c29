//! Restrictions by open documents: a product's unit and stock policy, and the archiving of it and
//! of its store.

use serde_json::{Value, json};

use super::{
    client::Client,
    server::{Server, Site},
    shop::{ADJUST, ORDER, Shop, UPDATE, text},
};
use crate::world::on_both;

const SUPPLIER: &str = "mutation($input: SupplierCreateInput!) { result: supplierCreate(input: $input) { supplier { id } userErrors { code message } } }";
const BUY: &str = "mutation($input: PurchaseOrderCreateInput!) { result: purchaseOrderCreate(input: $input) { purchaseOrder { id } userErrors { code message } } }";
const UNBUY: &str =
    "mutation($input: PurchaseOrderActionInput!) { result: purchaseOrderCancel(input: $input) { userErrors { code message } } }";
const RETURN: &str =
    "mutation($input: ReturnCreateInput!) { result: returnCreate(input: $input) { return { id } userErrors { code message } } }";
const REJECT: &str =
    "mutation($input: ReturnRejectInput!) { result: returnReject(input: $input) { userErrors { code message } } }";
const CANCEL: &str = "mutation($input: ActionInput!) { result: orderCancel(input: $input) { userErrors { code message } } }";
const ARCHIVE: &str =
    "mutation($input: ProductArchiveInput!) { result: productArchive(input: $input) { userErrors { code message field } } }";
const CLOSE: &str =
    "mutation($input: StoreArchiveInput!) { result: storeArchive(input: $input) { userErrors { code message field } } }";

/// Codes, words and last part of the path.
fn refusals(payload: &Value) -> Vec<(String, String)> {
    let errors = payload["userErrors"].as_array().unwrap();
    errors.iter().map(|one| (text(&one["message"]), text(one["field"].as_array().unwrap().last().unwrap()))).collect()
}

/// Returns the refusals of changing unit and policy, archiving the product and archiving the store,
/// as dry runs.
async fn tied(client: &Client, product: &str, store: &str) -> Vec<(String, String)> {
    let version =
        client.execute("query($id: ID!) { product(by: { id: $id }) { version stockPolicy } }", json!({ "id": product })).await;
    let (version, policy) = (version["product"]["version"].clone(), text(&version["product"]["stockPolicy"]));
    let other = if policy == "UNTRACKED" { "TRACKED" } else { "UNTRACKED" };
    let mut all = Vec::new();
    for (query, input) in [
        (UPDATE, json!({ "id": product, "expectedVersion": version, "unit": { "code": "kg", "decimals": 3 } })),
        (UPDATE, json!({ "id": product, "expectedVersion": version, "stockPolicy": other })),
        (ARCHIVE, json!({ "id": product })),
        (CLOSE, json!({ "id": store })),
    ] {
        let dry = query.replace("(input: $input)", "(input: $input, validateOnly: true)");
        all.extend(refusals(&client.change(&dry, input).await));
    }
    all
}

fn all_four(reason: &str) -> Vec<(String, String)> {
    ["unit", "stockPolicy", "id", "id"].map(|field| (reason.to_owned(), field.to_owned())).to_vec()
}

on_both!(a_product_s_first_receipt_and_its_tracking_are_one_after_the_other, site: Site => {
    let server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 1, 0, 0).await;
    let create = "mutation($input: ProductCreateInput!) { result: productCreate(input: $input) { product { id version } userErrors { code message } } }";
    let (rounds, mut tracked) = (25, 0);
    for round in 0..rounds {
        let payload = shop.client.must_mutate(create, json!({ "sku": format!("M{round}"), "name": "Mug" })).await;
        let (product, version) = (&payload["product"]["id"], &payload["product"]["version"]);
        let change = json!({ "product": { "id": product }, "store": { "id": shop.stores[0] }, "delta": 1 });
        let receipt = async |n: i32| {
            let key = format!("receipt {n} of {round}");
            let input = json!({ "idempotencyKey": key, "kind": "RECEIPT", "reasonCode": "CORRECTION", "changes": [change] });
            shop.client.change(ADJUST, input).await
        };
        let update = json!({ "id": product, "expectedVersion": version, "tracking": if round % 2 == 0 { "LOT" } else { "SERIAL" } });
        let (update, ..) = tokio::join!(shop.client.change(UPDATE, update), receipt(1), receipt(2), receipt(3));
        tracked += usize::from(update["userErrors"] == json!([]));
    }
    println!("{tracked} of {rounds} were tracked before anything came in");
    drop(server);
    site.verify().await;
});

const TENANT: &str = "mutation($input: TenantUpdateInput!) { result: tenantUpdate(input: $input) {
    tenant { closedThrough settings { version } } userErrors { code message field } } }";

on_both!(what_happened_in_closed_books_cannot_be_booked, site: Site => {
    let server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 5).await;
    let book = async |key: &str, day: &str| {
        let change = json!({ "product": { "id": shop.products[0] }, "store": { "id": shop.stores[0] }, "delta": 1 });
        let input = json!({ "idempotencyKey": key, "kind": "RECEIPT", "reasonCode": "PURCHASE", "occurredAt": format!("{day}T12:00:00Z"), "changes": [change] });
        let payload = shop.client.change(ADJUST, input).await;
        payload["userErrors"].as_array().unwrap().iter().map(|one| text(&one["code"])).collect::<Vec<_>>()
    };
    let mut version = shop.client.execute("{ viewer { tenant { settings { version } } } }", json!({})).await["viewer"]["tenant"]["settings"]["version"].clone();
    let mut close = async |day: Value| {
        let payload = shop.client.change(TENANT, json!({ "expectedVersion": version, "closedThrough": day })).await;
        if payload["userErrors"] == json!([]) {
            assert_eq!(payload["tenant"]["closedThrough"], day);
            version = payload["tenant"]["settings"]["version"].clone();
        }
        payload["userErrors"][0]["code"].clone()
    };
    assert_eq!(book("a", "2026-03-31").await, [""; 0]);
    assert_eq!(close(json!("2026-03-31")).await, Value::Null);
    // The very next call sees the closed period; a repeated key still gets its earlier answer.
    assert_eq!(book("b", "2026-03-31").await, ["PERIOD_CLOSED"]);
    assert_eq!(book("a", "2026-03-31").await, [""; 0]);
    assert_eq!(book("c", "2026-04-01").await, [""; 0]);
    assert_eq!(close(json!("2099-01-01")).await, "OUT_OF_RANGE");
    assert_eq!(close(Value::Null).await, Value::Null);
    assert_eq!(book("b", "2026-03-31").await, [""; 0]);
});

on_both!(what_is_open_ties_its_products_and_stores, site: Site => {
    let server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 1, 0, 0).await;
    let client = &shop.client;
    let store = json!({ "id": shop.stores[0] });
    let price = json!({ "amount": "10.00", "currencyCode": "GBP" });
    let product = async |sku: &str, policy: &str| {
        let payload = client.must_mutate(
            "mutation($input: ProductCreateInput!) { result: productCreate(input: $input) { product { id } userErrors { code message } } }",
            json!({ "sku": sku, "name": sku, "price": price, "stockPolicy": policy }),
        );
        text(&payload.await["product"]["id"])
    };
    for policy in ["TRACKED", "UNTRACKED"] {
        let id = product(policy, policy).await;
        assert_eq!(tied(client, &id, &shop.stores[0]).await, []);

        let line = json!({ "product": { "id": id }, "quantity": 5 });
        let order = json!({ "idempotencyKey": format!("order {policy}"), "store": store, "status": "DRAFT", "lines": [line] });
        let order = client.must_mutate(ORDER, order).await["order"]["id"].clone();
        assert_eq!(tied(client, &id, &shop.stores[0]).await, all_four("orders are open"));
        client.must_mutate(CANCEL, json!({ "idempotencyKey": format!("cancel {policy}"), "id": order })).await;

        let supplier = client.must_mutate(SUPPLIER, json!({ "code": policy, "name": "Acme" })).await["supplier"]["id"].clone();
        let line = json!({ "product": { "id": id }, "quantity": 1000, "unitCost": price });
        let bought = json!({ "idempotencyKey": format!("buy {policy}"), "supplier": { "id": supplier }, "store": store, "lines": [line] });
        let bought = client.change(BUY, bought).await;
        // An untracked product is not bought.
        if policy == "TRACKED" {
            assert_eq!(tied(client, &id, &shop.stores[0]).await, all_four("purchase orders are open"));
            let cancelled = json!({ "idempotencyKey": format!("unbuy {policy}"), "id": bought["purchaseOrder"]["id"] });
            client.must_mutate(UNBUY, cancelled).await;
        }

        let line = json!({ "product": { "id": id }, "quantity": 1, "unitPrice": price });
        let back = json!({ "idempotencyKey": format!("return {policy}"), "store": store, "receive": false, "lines": [line] });
        let back = client.must_mutate(RETURN, back).await["return"]["id"].clone();
        assert_eq!(tied(client, &id, &shop.stores[0]).await, all_four("returns are open"));
        client.must_mutate(REJECT, json!({ "idempotencyKey": format!("reject {policy}"), "id": back, "reason": "no" })).await;
        assert_eq!(tied(client, &id, &shop.stores[0]).await, []);
    }
});
