//! Papers of a working day: some done, some under way, some late, with their rules and alerts.

use inventory::{ledger::shell::TTL_SECONDS, orders::events::ORDER_CREATED};
use serde_json::{Value, json};

use super::{
    goods::SUPPLIERS,
    state::{DEPOT, LEEDS, LONDON, PARIS, Shop, pounds, store_input},
};
use crate::demo::{error::DemoError, steps::print_step};

/// Steps that a purchase order has taken, and the days until its goods are expected.
const PURCHASES: [(&[&str], i64); 9] = [
    (&ORDERED, -6),
    (&ORDERED, -2),
    (&ORDERED, 1),
    (&ORDERED, 3),
    (&ORDERED, 6),
    (&["Submit"], 9),
    (&["Submit", "Approve"], 12),
    (&[], 20),
    (&ORDERED, 0),
];
const ORDERED: [&str; 3] = ["Submit", "Approve", "Order"];
/// Index of the order that has been received.
const RECEIVED_INDEX: usize = 8;
/// Lifetime of the demo's reservations: the longest that is allowed.
const HOLD_SECONDS: i64 = *TTL_SECONDS.end();

/// Slug, name and document of each saved view. Each has one list with `pageInfo` and `$after`, so that
/// it can be read as a table, too.
const VIEWS: [(&str, &str, &str); 3] = [
    (
        "low-stock-today",
        "Low stock today",
        "query LowStock($after: Cursor) { stockLevels(first: 250, after: $after, filter: { status: [OUT_OF_STOCK, CRITICAL, LOW] }) {
  pageInfo { hasNextPage endCursor }
  nodes { product { sku name } store { code } available reorderPoint status } } }",
    ),
    (
        "orders-to-ship",
        "Orders to ship",
        "query OrdersToShip($after: Cursor) { fulfilmentWorks(first: 100, after: $after, filter: { status: [OPEN, ACCEPTED] }) {
  pageInfo { hasNextPage endCursor }
  nodes { number orderNumber store { code } dueAt status } } }",
    ),
    (
        "sales-by-day",
        "Sales by day",
        "query SalesByDay($after: Cursor) { salesSummary { total { orders unitsSold }
  rows(groupBy: DAY, first: 250, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { key orders unitsSold netRevenue { amount currencyCode } } } } }",
    ),
];

impl Shop<'_> {
    pub(super) async fn buy(&mut self) -> Result<(), DemoError> {
        for (index, (steps, days)) in PURCHASES.into_iter().enumerate() {
            let lines: Vec<Value> = (0..3)
                .map(|_| json!({ "product": self.next_plentiful_product(DEPOT), "quantity": 24, "unitCost": pounds(310) }))
                .collect();
            let supplier = json!({ "code": SUPPLIERS[index % SUPPLIERS.len()].0 });
            let input =
                json!({ "supplier": supplier, "store": store_input(DEPOT), "expectedOn": self.day(days), "lines": lines });
            let fields = "purchaseOrder { id lines { id } }";
            let created = self.call("purchaseOrderCreate", "PurchaseOrderCreateInput", fields, input).await?;
            let order = &created["purchaseOrder"];
            for step in steps {
                let mutation = match *step {
                    "Submit" => "purchaseOrderSubmit",
                    "Approve" => "purchaseOrderApprove",
                    _ => "purchaseOrderPlace",
                };
                let input = json!({ "id": order["id"] });
                self.call(mutation, "PurchaseOrderActionInput", "purchaseOrder { id }", input).await?;
            }
            if index == RECEIVED_INDEX {
                let order_lines = order["lines"].as_array().into_iter().flatten();
                let lines: Vec<Value> = order_lines.map(|line| json!({ "lineId": line["id"], "quantity": 24 })).collect();
                let input = json!({ "id": order["id"], "lines": lines });
                self.call("purchaseOrderReceive", "PurchaseOrderReceiveInput", "purchaseOrder { id }", input).await?;
            }
        }
        print_step("buys", "9 purchase orders: two late, three due this week, one waits for approval, one received");
        Ok(())
    }

    /// From the depot: one arrived, one on its way, one packed, one only written down.
    pub(super) async fn transfer(&mut self) -> Result<(), DemoError> {
        for (steps, store) in [(3, LONDON), (2, LEEDS), (1, PARIS), (0, LONDON)] {
            let lines: Vec<Value> =
                (0..2).map(|_| json!({ "product": self.next_plentiful_product(DEPOT), "quantity": 4 })).collect();
            let expected = format!("{}T12:00:00Z", self.day(2));
            let input =
                json!({ "fromStore": store_input(DEPOT), "toStore": store_input(store), "expectedAt": expected, "lines": lines });
            let created = self.call("transferCreate", "TransferCreateInput", "transfer { id }", input).await?;
            let mutations = [
                ("transferMarkReady", "TransferActionInput"),
                ("transferShip", "TransferShipmentInput"),
                ("transferReceive", "TransferShipmentInput"),
            ];
            for (mutation, kind) in mutations.into_iter().take(steps) {
                self.call(mutation, kind, "transfer { id }", json!({ "id": created["transfer"]["id"] })).await?;
            }
        }
        print_step("transfers", "4 transfers from the depot, one of them on its way");
        Ok(())
    }

    /// Sales over the counter, some of which are returned; orders that wait to be sent; and holds.
    pub(super) async fn sell(&mut self) -> Result<(), DemoError> {
        let mut sold_lines = Vec::new();
        for (number, store) in (0..24).zip([LONDON, LEEDS, PARIS].into_iter().cycle()) {
            let status = if number < 12 { "FULFILLED" } else { "CONFIRMED" };
            let lines: Vec<Value> =
                (0..2).map(|_| json!({ "product": self.next_plentiful_product(store), "quantity": 1 })).collect();
            let customer = self.dice.below(self.customers.len() as u64) as usize;
            let customer = self.customers.get(customer).map(|id| json!({ "id": id }));
            let input = json!({ "store": store_input(store), "status": status, "customer": customer, "lines": lines });
            let created = self.call("orderCreate", "OrderCreateInput", "order { id lines { id } }", input).await?;
            sold_lines.push((store, created["order"]["lines"][0]["id"].clone()));
        }
        for (number, (store, line)) in sold_lines.into_iter().take(6).enumerate() {
            let input =
                json!({ "store": store_input(store), "receive": number < 4, "lines": [{ "orderLineId": line, "quantity": 1 }] });
            self.call("returnCreate", "ReturnCreateInput", "return { id }", input).await?;
        }
        for store in [LONDON, LEEDS, PARIS] {
            let items: Vec<Value> = (0..5)
                .map(|_| json!({ "product": self.next_plentiful_product(store), "store": store_input(store), "quantity": 2 }))
                .collect();
            let input = json!({ "items": items, "ttlSeconds": HOLD_SECONDS });
            self.call("stockReserve", "StockReserveInput", "reservations { id }", input).await?;
        }
        print_step("sells", "12 sales, 12 orders that wait to be sent, 6 returns, 15 reservations");
        Ok(())
    }

    /// One count that found an extra piece, and one that has begun.
    pub(super) async fn count(&mut self) -> Result<(), DemoError> {
        // Sold out, so that what there should be is known: none.
        let product = json!({ "sku": self.goods.first().map(|good| good.sku.as_str()) });
        for (store, is_done) in [(LONDON, true), (LEEDS, false)] {
            let input = json!({ "kind": "LIST", "store": store_input(store), "products": [product] });
            let created = self.call("stocktakeCreate", "StocktakeCreateInput", "stocktake { id }", input).await?;
            let id = json!({ "id": created["stocktake"]["id"] });
            self.call("stocktakeStart", "StocktakeActionInput", "stocktake { id }", id.clone()).await?;
            if is_done {
                let lines = json!([{ "product": product, "counted": 1 }]);
                let input = json!({ "id": created["stocktake"]["id"], "lines": lines });
                self.call("stocktakeRecord", "StocktakeRecordInput", "stocktake { id }", input).await?;
                self.call("stocktakeSubmit", "StocktakeSubmitInput", "stocktake { id }", id.clone()).await?;
                self.call("stocktakeApprove", "StocktakeActionInput", "stocktake { id }", id).await?;
            }
        }
        print_step("counts", "2 counts: one found an unrecorded mug, one is in progress");
        Ok(())
    }

    /// Rules of alerts, views and a webhook that is switched off.
    pub(super) async fn set_up_monitoring(&mut self) -> Result<(), DemoError> {
        for rule in [
            json!({ "kind": "LOW_STOCK" }),
            json!({ "kind": "OVERSTOCK" }),
            json!({ "kind": "EXPIRING", "days": 14 }),
            json!({ "kind": "PURCHASE_ORDER_LATE", "days": 1 }),
        ] {
            self.call("alertRuleUpsert", "AlertRuleUpsertInput", "alertRule { id }", rule).await?;
        }
        let mut costs = Vec::new();
        for (slug, name, document) in VIEWS {
            let input = json!({ "slug": slug, "name": name, "document": document });
            let created = self.call("savedViewCreate", "SavedViewCreateInput", "savedView { id cost }", input).await?;
            costs.push(created["savedView"]["cost"].to_string());
        }
        let input = json!({ "url": "https://hooks.example.com/entrepot", "description": "A partner's, switched off", "eventTypes": [ORDER_CREATED.name()] });
        let fields = "webhookEndpoint { id }";
        let created = self.call("webhookEndpointCreate", "WebhookEndpointCreateInput", fields, input).await?;
        let input = json!({ "id": created["webhookEndpoint"]["id"], "expectedVersion": 1, "isEnabled": false });
        self.call("webhookEndpointUpdate", "WebhookEndpointUpdateInput", fields, input).await?;
        let costs = costs.join(", ");
        print_step(
            "watches",
            &format!("4 rules of alerts, 3 saved views ({costs} points each time), a webhook that is switched off"),
        );
        Ok(())
    }
}
