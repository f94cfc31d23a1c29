//! Orders that are picked, packed and shipped, with the papers of that: packing slips, delivery notes and invoices to look at.

use serde_json::{Value, json};

use super::state::{LEEDS, LONDON, PARIS, STORES, Shop, store_input};
use crate::demo::{error::DemoError, steps::print_step};

/// Query of products that are plentiful in a store and kept without lots.
const PLENTIFUL_PRODUCTS: &str = "query($store: ID!) {
    stockLevels(first: 50, filter: { store: { eq: $store } }, sort: { field: ON_HAND, direction: DESC }) {
        nodes { available product { sku tracking } } } }";
const ORDER_BY_REFERENCE: &str =
    "query($reference: String!) { orders(first: 1, filter: { externalRef: { eq: $reference } }) { nodes { id } } }";
const WORKS: &str = "query($order: ID!) { fulfilmentWorks(first: 1, filter: { order: { eq: $order } }) { nodes { id } } }";
const FULFILMENTS: &str = "query($id: ID!) { order(by: { id: $id }) { fulfilments { id } } }";

/// Whom each order goes to, and the store that sends it; the last one is packed and waits for the van.
const ORDERS: [(usize, &str, &str, &str, &str, &str); 4] = [
    (LONDON, "Ada Quay", "4 Mill Street", "London", "SE1 2BA", "GB"),
    (LEEDS, "Ben Moor", "17 Canal Road", "Leeds", "LS12 2PL", "GB"),
    (PARIS, "Chloé Pont", "8 rue du Canal", "Paris", "75010", "FR"),
    (LONDON, "Dan Wharf", "2 Tower Hill", "London", "EC3N 4AB", "GB"),
];
const SHIPPED_ORDERS: usize = 3;
/// Shipped orders that are invoiced.
const INVOICED_ORDERS: usize = 2;
/// Grams.
const WEIGHT_GRAMS: u32 = 1_400;

impl Shop<'_> {
    /// Keys and references have the order's place, so that a start that broke off takes them up.
    pub(super) async fn dispatch(&self) -> Result<(), DemoError> {
        for index in 0..ORDERS.len() {
            let order = self.find_or_create_order(index).await?;
            let works = self.send_query("fulfilmentWorks", WORKS, json!({ "order": order })).await?;
            let work = works["nodes"][0]["id"].clone();
            self.pack(index, &work).await?;
            self.issue_document(index, "PACKING_SLIP", &work).await?;
            if index < SHIPPED_ORDERS {
                self.step(index, "fulfilmentWorkShip", "FulfilmentWorkShipInput", json!({ "id": work })).await?;
                let shipped_order = self.send_query("order", FULFILMENTS, json!({ "id": order })).await?;
                self.issue_document(index, "DELIVERY_NOTE", &shipped_order["fulfilments"][0]["id"]).await?;
            }
            if index < INVOICED_ORDERS {
                let input = json!({ "idempotencyKey": format!("demo-dispatch-invoice-{index}"), "order": { "id": order } });
                let issued = self.send("invoiceIssue", "InvoiceIssueInput", "invoice { id }", input).await?;
                self.issue_document(index, "INVOICE", &issued["invoice"]["id"]).await?;
            }
        }
        print_step("ships", "3 orders that have left, one that is packed, with packing slips, delivery notes and 2 invoices");
        Ok(())
    }

    /// The order at this place, which an earlier start may have written.
    async fn find_or_create_order(&self, index: usize) -> Result<Value, DemoError> {
        let reference = format!("demo-dispatch-{index}");
        let mut existing = self.send_query("orders", ORDER_BY_REFERENCE, json!({ "reference": reference })).await?;
        if existing["nodes"][0]["id"].is_string() {
            return Ok(existing["nodes"][0]["id"].take());
        }
        let (store, name, street, city, postal_code, country) = ORDERS[index];
        let levels = self.send_query("stockLevels", PLENTIFUL_PRODUCTS, json!({ "store": self.id_of(STORES[store].0) })).await?;
        let is_loose =
            |level: &&Value| level["product"]["tracking"] == "NONE" && level["available"].as_i64().is_some_and(|n| n > 9);
        let levels = levels["nodes"].as_array().into_iter().flatten().filter(is_loose);
        let lines: Vec<Value> =
            levels.take(2).map(|level| json!({ "product": { "sku": level["product"]["sku"] }, "quantity": 2 })).collect();
        let address = json!({ "name": name, "lines": [street], "city": city, "postalCode": postal_code, "country": country });
        let input = json!({
            "idempotencyKey": format!("demo-dispatch-order-{index}"), "store": store_input(store), "externalRef": reference,
            "shippingAddress": address, "billingAddress": address, "lines": lines,
        });
        let mut created = self.send("orderCreate", "OrderCreateInput", "order { id }", input).await?;
        Ok(created["order"]["id"].take())
    }

    /// Takes an order's goods from the shelf into one parcel.
    async fn pack(&self, index: usize, work: &Value) -> Result<(), DemoError> {
        self.step(index, "fulfilmentWorkAccept", "FulfilmentWorkAcceptInput", json!({ "ids": [work] })).await?;
        self.step(index, "fulfilmentWorkPick", "FulfilmentWorkPickInput", json!({ "id": work })).await?;
        let parcels = json!([{ "weight": WEIGHT_GRAMS }]);
        self.step(index, "fulfilmentWorkPack", "FulfilmentWorkPackInput", json!({ "id": work, "parcels": parcels })).await
    }

    async fn step(&self, index: usize, mutation: &'static str, kind: &str, mut input: Value) -> Result<(), DemoError> {
        input["idempotencyKey"] = json!(format!("demo-dispatch-{mutation}-{index}"));
        self.send(mutation, kind, "seq", input).await.map(drop)
    }

    async fn issue_document(&self, index: usize, kind: &str, document: &Value) -> Result<(), DemoError> {
        let key = format!("demo-dispatch-{kind}-{index}");
        let input = json!({ "idempotencyKey": key, "kind": kind, "document": { "id": document } });
        self.send("paperCreate", "PaperCreateInput", "paper { id }", input).await.map(drop)
    }
}
