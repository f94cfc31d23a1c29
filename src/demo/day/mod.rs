//! `entrepot demo --day`: a day of a shop and its depot through the public API, step by step, each
//! checked before the next.
//!
//! Products, stores and papers carry a word of the run, so that the day can be repeated in the same
//! database.

mod back_office;
mod values;
mod week;

use serde_json::{Value, json};
use tools::replay::{
    Client,
    wire::{RequestLabel, request},
};

use super::error::DemoError;
use crate::demo::steps::print_step;
use values::{pounds, text};

pub use week::Week;

/// Day of the demo: its client, and the word in the codes of its documents.
pub struct Day<'c> {
    client: &'c Client,
    /// In the codes of everything that the day makes.
    word: String,
    calls: u32,
}

/// Stores, supplier and products that the day creates and moves.
#[derive(Default)]
struct DayFixtures {
    depot: Value,
    shop: Value,
    supplier: Value,
    mug: Value,
    tea: Value,
}

impl<'c> Day<'c> {
    pub fn new(client: &'c Client, word: String) -> Self {
        Self { client, word, calls: 0 }
    }

    /// From opening to closing.
    pub async fn run_scenario(mut self) -> Result<(), DemoError> {
        println!("\nA day, as {}", self.word);
        let fixtures = self.open().await?;
        self.buy(&fixtures).await?;
        self.send_to_the_shop(&fixtures).await?;
        let sold_order = self.sell(&fixtures).await?;
        self.take_back(&fixtures, &sold_order).await?;
        self.breakfast(&fixtures).await?;
        self.recall(&fixtures).await?;
        self.count(&fixtures).await?;
        self.close(&fixtures).await
    }

    /// The payload of a mutation that takes one input; a refusal ends the day.
    async fn call(&mut self, mutation: &str, kind: &str, fields: &str, input: Value) -> Result<Value, DemoError> {
        let payload = self.try_call(mutation, kind, fields, input).await?;
        if payload["userErrors"].as_array().is_none_or(Vec::is_empty) {
            return Ok(payload);
        }
        Err(DemoError::Day(format!("{mutation} was refused: {}", payload["userErrors"])))
    }

    async fn try_call(&mut self, mutation: &str, kind: &str, fields: &str, mut input: Value) -> Result<Value, DemoError> {
        self.calls += 1;
        input["idempotencyKey"] = json!(format!("{}-{}", self.word, self.calls));
        let query =
            format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} userErrors {{ code message }} }} }}");
        let data: Value =
            self.client.send_query(&RequestLabel::new("day", mutation), request(&query, json!({ "input": input }))?).await?;
        Ok(data[mutation].clone())
    }

    async fn send_query(&self, label: &str, query: &str, variables: Value) -> Result<Value, DemoError> {
        Ok(self.client.send_query(&RequestLabel::new("day", label), request(query, variables)?).await?)
    }

    /// Checks the quantities on hand and available of a product in a store.
    async fn check_stock(&self, product: &Value, store: &Value, on_hand: i64, available: i64) -> Result<(), DemoError> {
        let query =
            "query($p: ProductRef!, $s: StoreRef!) { availabilityExplanation(product: $p, store: $s) { onHand available } }";
        let response = self.send_query("availabilityExplanation", query, json!({ "p": product, "s": store })).await?;
        let response = &response["availabilityExplanation"];
        let actual = (response["onHand"].as_i64(), response["available"].as_i64());
        if actual == (Some(on_hand), Some(available)) {
            return Ok(());
        }
        Err(DemoError::Day(format!("{on_hand} on hand and {available} available were expected, found {response}")))
    }

    async fn open(&mut self) -> Result<DayFixtures, DemoError> {
        let word = self.word.clone();
        let mut fixtures = DayFixtures::default();
        for (code, kind) in [("DEPOT", "WAREHOUSE"), ("SHOP", "SHOP")] {
            let input = json!({ "code": format!("{word}-{code}"), "name": format!("{code} {word}"), "kind": kind });
            let created = self.call("storeCreate", "StoreCreateInput", "store { id }", input).await?;
            let store = json!({ "id": created["store"]["id"] });
            if kind == "SHOP" { fixtures.shop = store } else { fixtures.depot = store }
        }
        let input = json!({ "code": format!("{word}-POTTERY"), "name": "Potters & Sons", "leadTimeDays": 5 });
        let created = self.call("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await?;
        fixtures.supplier = json!({ "id": created["supplier"]["id"] });
        for (code, name, tracking, price, cost) in
            [("MUG", "Mug, blue", "NONE", "8.00", "3.00"), ("TEA", "Green tea", "LOT", "6.50", "2.00")]
        {
            let input = json!({ "sku": format!("{word}-{code}"), "name": name, "tracking": tracking, "price": pounds(price), "unitCost": pounds(cost) });
            let created = self.call("productCreate", "ProductCreateInput", "product { id }", input).await?;
            let product = json!({ "id": created["product"]["id"] });
            if code == "MUG" { fixtures.mug = product } else { fixtures.tea = product }
        }
        print_step("opens", "a depot, a shop, a supplier, a mug and a tea that is kept by lots");
        Ok(fixtures)
    }

    async fn buy(&mut self, fixtures: &DayFixtures) -> Result<(), DemoError> {
        let lines = json!([{ "product": fixtures.mug, "quantity": 100, "unitCost": pounds("3.00") }]);
        let charges = json!([{ "kind": "FREIGHT", "name": "Van", "amount": pounds("25.00") }]);
        let input = json!({ "supplier": fixtures.supplier, "store": fixtures.depot, "lines": lines, "charges": charges });
        let order = self.order_from(input).await?;
        let line = &order["lines"][0]["id"];
        for (good, damaged) in [(60, 0), (38, 2)] {
            let lines = json!([{ "lineId": line, "quantity": good, "damaged": damaged }]);
            let input = json!({ "id": order["id"], "lines": lines });
            self.call("purchaseOrderReceive", "PurchaseOrderReceiveInput", "purchaseOrder { status }", input).await?;
        }
        self.check_stock(&fixtures.mug, &fixtures.depot, 100, 98).await?;
        print_step(
            "buys",
            &format!(
                "purchase order {}: 100 mugs in two deliveries, two of them broken, freight in their cost",
                text(&order["number"])
            ),
        );
        let lot = |code: &str, expires: &str, delta: i64| json!({ "product": fixtures.tea, "store": fixtures.shop, "delta": delta, "lot": { "create": { "code": code, "expiresOn": expires } } });
        let changes = json!([lot("T-2", "2099-06-30", 20), lot("T-1", "2098-06-30", 10)]);
        let input = json!({ "kind": "RECEIPT", "reasonCode": "PURCHASE", "changes": changes });
        self.call("stockAdjust", "StockAdjustInput", "movement { id }", input).await?;
        self.check_stock(&fixtures.tea, &fixtures.shop, 30, 30).await?;
        print_step("receives", "30 packets of tea in two lots");
        Ok(())
    }

    /// A purchase order, all the way to the supplier.
    async fn order_from(&mut self, input: Value) -> Result<Value, DemoError> {
        let created = self
            .call("purchaseOrderCreate", "PurchaseOrderCreateInput", "purchaseOrder { id number lines { id } }", input)
            .await?;
        let order = created["purchaseOrder"].clone();
        for step in ["Submit", "Approve", "Order"] {
            let input = json!({ "id": order["id"] });
            self.call(&format!("purchaseOrder{step}"), "PurchaseOrderActionInput", "purchaseOrder { status }", input).await?;
        }
        Ok(order)
    }

    async fn send_to_the_shop(&mut self, fixtures: &DayFixtures) -> Result<(), DemoError> {
        let lines = json!([{ "product": fixtures.mug, "quantity": 40 }]);
        let input = json!({ "fromStore": fixtures.depot, "toStore": fixtures.shop, "lines": lines });
        let created = self.call("transferCreate", "TransferCreateInput", "transfer { id number lines { id } }", input).await?;
        let transfer = created["transfer"].clone();
        let ready = json!({ "id": transfer["id"] });
        self.call("transferMarkReady", "TransferActionInput", "transfer { status }", ready).await?;
        self.call("transferShip", "TransferShipmentInput", "transfer { status }", json!({ "id": transfer["id"] })).await?;
        let lines = json!([{ "lineId": transfer["lines"][0]["id"], "quantity": 39 }]);
        let input = json!({ "id": transfer["id"], "lines": lines });
        self.call("transferReceive", "TransferShipmentInput", "transfer { status }", input).await?;
        let input = json!({ "id": transfer["id"], "reasonCode": "LOSS", "note": "one was not in the box" });
        self.call("transferClose", "TransferCloseInput", "transfer { status }", input).await?;
        self.check_stock(&fixtures.mug, &fixtures.depot, 60, 58).await?;
        self.check_stock(&fixtures.mug, &fixtures.shop, 39, 39).await?;
        print_step(
            "transfers",
            &format!("transfer {}: 40 mugs leave the depot, 39 arrive, one is written off", text(&transfer["number"])),
        );
        Ok(())
    }

    /// Sales over the counter and an order; returns the first sale.
    async fn sell(&mut self, fixtures: &DayFixtures) -> Result<Value, DemoError> {
        let lines = json!([{ "product": fixtures.mug, "quantity": 4 }, { "product": fixtures.tea, "quantity": 12 }]);
        let input = json!({ "store": fixtures.shop, "status": "FULFILLED", "lines": lines });
        let fields = "order { id number total { amount } costOfGoodsSold { amount } lines { id } }";
        let sold_order = self.call("orderCreate", "OrderCreateInput", fields, input).await?["order"].clone();
        self.check_stock(&fixtures.tea, &fixtures.shop, 18, 18).await?;
        let money = |field: &str| text(&sold_order[field]["amount"]);
        let message = format!(
            "order {} over the counter: {} for goods that cost {}",
            text(&sold_order["number"]),
            money("total"),
            money("costOfGoodsSold")
        );
        print_step("sells", &message);
        let lines = json!([{ "product": fixtures.mug, "quantity": 10 }]);
        let input = json!({ "store": fixtures.shop, "lines": lines });
        let order =
            self.call("orderCreate", "OrderCreateInput", "order { id number lines { id } }", input).await?["order"].clone();
        self.check_stock(&fixtures.mug, &fixtures.shop, 35, 25).await?;
        let excess_input = json!({ "store": fixtures.shop, "lines": [{ "product": fixtures.mug, "quantity": 26 }] });
        let refused = self.try_call("orderCreate", "OrderCreateInput", "order { id }", excess_input).await?;
        if refused["userErrors"][0]["code"] != "INSUFFICIENT_STOCK" {
            return Err(DemoError::Day(format!("26 mugs were sold of 25 that can be: {refused}")));
        }
        let lines = json!([{ "lineId": order["lines"][0]["id"], "quantity": 6 }]);
        let input = json!({ "id": order["id"], "lines": lines });
        self.call("orderFulfil", "OrderFulfilInput", "order { status }", input).await?;
        self.call("orderFulfil", "OrderFulfilInput", "order { status }", json!({ "id": order["id"] })).await?;
        self.check_stock(&fixtures.mug, &fixtures.shop, 25, 25).await?;
        print_step("ships", &format!("order {} in two parts; 26 mugs more than there are were refused", text(&order["number"])));
        Ok(sold_order)
    }

    async fn take_back(&mut self, fixtures: &DayFixtures, sold_order: &Value) -> Result<(), DemoError> {
        let lines = json!([{ "orderLineId": sold_order["lines"][0]["id"], "product": fixtures.mug, "quantity": 2, "disposition": "RESTOCK" }]);
        let created = self
            .call("returnCreate", "ReturnCreateInput", "return { number }", json!({ "store": fixtures.shop, "lines": lines }))
            .await?;
        self.check_stock(&fixtures.mug, &fixtures.shop, 27, 27).await?;
        print_step("takes back", &format!("return {}: two mugs, back on the shelf", text(&created["return"]["number"])));
        Ok(())
    }

    async fn recall(&mut self, fixtures: &DayFixtures) -> Result<(), DemoError> {
        let query = "query($p: ID!) { lots(filter: { product: { eq: $p } }) { nodes { id code onHand } } }";
        let lots = self.send_query("lots", query, json!({ "p": fixtures.tea["id"] })).await?;
        let lot_nodes = lots["lots"]["nodes"].as_array().cloned().unwrap_or_default();
        let remaining_lot = lot_nodes.iter().find(|lot| lot["code"] == "T-2").cloned().unwrap_or_default();
        if remaining_lot["onHand"] != 18 {
            return Err(DemoError::Day(format!("the first to expire leaves first: 18 packets of T-2 were expected in {lots}")));
        }
        self.call(
            "lotRecall",
            "LotStatusInput",
            "lot { status }",
            json!({ "id": remaining_lot["id"], "note": "the maker called" }),
        )
        .await?;
        self.check_stock(&fixtures.tea, &fixtures.shop, 18, 0).await?;
        print_step("recalls", "lot T-2: the rest of it cannot be sold");
        Ok(())
    }

    async fn count(&mut self, fixtures: &DayFixtures) -> Result<(), DemoError> {
        let input = json!({ "kind": "LIST", "store": fixtures.shop, "products": [fixtures.mug], "isBlind": true });
        let count =
            self.call("stocktakeCreate", "StocktakeCreateInput", "stocktake { id number }", input).await?["stocktake"].clone();
        let id = json!({ "id": count["id"] });
        self.call("stocktakeStart", "StocktakeActionInput", "stocktake { status }", id.clone()).await?;
        // The shop does not close: a mug is sold after it was counted.
        let lines = json!([{ "product": fixtures.mug, "counted": 26 }]);
        self.call(
            "stocktakeRecord",
            "StocktakeRecordInput",
            "stocktake { status }",
            json!({ "id": count["id"], "lines": lines }),
        )
        .await?;
        let input =
            json!({ "store": fixtures.shop, "status": "FULFILLED", "lines": [{ "product": fixtures.mug, "quantity": 1 }] });
        self.call("orderCreate", "OrderCreateInput", "order { id }", input).await?;
        self.call("stocktakeSubmit", "StocktakeSubmitInput", "stocktake { status }", id.clone()).await?;
        self.call("stocktakeApprove", "StocktakeActionInput", "stocktake { status }", id).await?;
        self.check_stock(&fixtures.mug, &fixtures.shop, 25, 25).await?;
        print_step("counts", &format!("stocktake {}: one mug was missing, and one was sold meanwhile", text(&count["number"])));
        Ok(())
    }

    async fn close(&mut self, fixtures: &DayFixtures) -> Result<(), DemoError> {
        let query = "query($p: ProductRef!) { costReport(product: $p) { isCurrent rows { received { amount } costOfGoodsSold { amount } returned { amount } \
                     removed { amount } corrected { amount } change { amount } } } productCost(product: $p) { quantity value { amount } } }";
        let report = self.send_query("costReport", query, json!({ "p": fixtures.mug })).await?;
        let (row, product_cost) = (&report["costReport"]["rows"][0], &report["productCost"]);
        // 100 mugs at 3.00 and 25.00 of freight; 15 sold, 2 came back, one lost on the way, one not found.
        if product_cost["quantity"] != 85 || product_cost["value"]["amount"] != row["change"]["amount"] {
            return Err(DemoError::Day(format!("85 mugs with the worth of the day's movements were expected: {report}")));
        }
        let amount = |field: &str| text(&row[field]["amount"]);
        let report = format!(
            "mugs: {} received, {} sold, {} returned, {} lost, {} missing; {} left in 85 mugs",
            amount("received"),
            amount("costOfGoodsSold"),
            amount("returned"),
            amount("removed"),
            amount("corrected"),
            amount("change"),
        );
        print_step("closes", &report);
        Ok(())
    }
}
