//! Work of a shop beside selling: a kit, a return that is requested first, a shelf that runs empty,
//! and an order that waits for more.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Day, DayFixtures,
    values::{pounds, text},
};
use crate::demo::{error::DemoError, steps::print_step};

/// Interval and number of the looks for something that a worker does.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
const MAX_POLLS: usize = 150;

/// Tableware for breakfast, in the shop.
struct Breakfast {
    bowl: Value,
    /// May be ordered beyond what there is.
    spoon: Value,
    /// A bowl and two spoons.
    set: Value,
}

impl Day<'_> {
    /// Kits, a return by steps, an alert and a backorder: each with goods of their own.
    pub(super) async fn breakfast(&mut self, fixtures: &DayFixtures) -> Result<(), DemoError> {
        let goods = self.create_kit(fixtures).await?;
        self.sell_kits(fixtures, &goods).await?;
        self.return_by_steps(fixtures, &goods).await?;
        let alert = self.run_out(fixtures, &goods).await?;
        self.wait_for_more(fixtures, &goods, &alert).await
    }

    async fn create_kit(&mut self, fixtures: &DayFixtures) -> Result<Breakfast, DemoError> {
        let bowl = self.product("BOWL", "Bowl, white", ("5.00", "2.00"), "TRACKED").await?;
        let spoon = self.product("SPOON", "Spoon", ("1.50", "0.50"), "BACKORDER").await?;
        let set = self.product("BREAKFAST", "Breakfast for one", ("7.00", "3.00"), "TRACKED").await?;
        let receipt_change = |product: &Value, delta: i64| json!({ "product": product, "store": fixtures.shop, "delta": delta });
        let changes = json!([receipt_change(&bowl, 10), receipt_change(&spoon, 12)]);
        let input = json!({ "kind": "RECEIPT", "reasonCode": "PURCHASE", "changes": changes });
        self.call("stockAdjust", "StockAdjustInput", "movement { id }", input).await?;
        let parts =
            json!([{ "product": { "id": bowl["id"] }, "quantity": 1 }, { "product": { "id": spoon["id"] }, "quantity": 2 }]);
        let input = json!({ "id": set["id"], "components": parts });
        self.call("kitSet", "KitSetInput", "product { id }", input).await?;
        let goods = Breakfast { bowl, spoon, set };
        self.check_kits(fixtures, &goods, 6).await?;
        print_step("makes", "a kit of a bowl and two spoons: 10 bowls and 12 spoons are enough for 6");
        Ok(goods)
    }

    async fn product(&mut self, code: &str, name: &str, money: (&str, &str), policy: &str) -> Result<Value, DemoError> {
        let (price, cost) = (pounds(money.0), pounds(money.1));
        let sku = format!("{}-{code}", self.word);
        let input = json!({ "sku": sku, "name": name, "price": price, "unitCost": cost, "stockPolicy": policy });
        let created = self.call("productCreate", "ProductCreateInput", "product { id }", input).await?;
        Ok(json!({ "id": created["product"]["id"] }))
    }

    /// Checks that the shop has the parts of `expected` kits.
    async fn check_kits(&self, fixtures: &DayFixtures, goods: &Breakfast, expected: i64) -> Result<(), DemoError> {
        let query =
            "query($p: ID!, $s: [StoreRef!]) { node(id: $p) { ... on Product { availability(stores: $s) { available } } } }";
        let response = self.send_query("availability", query, json!({ "p": goods.set["id"], "s": [fixtures.shop] })).await?;
        expect_equal(&response["node"]["availability"][0]["available"], &json!(expected), "kits that can be sold")
    }

    async fn sell_kits(&mut self, fixtures: &DayFixtures, goods: &Breakfast) -> Result<(), DemoError> {
        let lines = json!([{ "product": goods.set, "quantity": 2 }]);
        let input = json!({ "store": fixtures.shop, "status": "FULFILLED", "lines": lines });
        let fields = "order { number total { amount } lines { sku parts { product { sku } } } }";
        let order = self.call("orderCreate", "OrderCreateInput", fields, input).await?["order"].clone();
        expect_equal(&order["total"]["amount"], &json!("14.00"), "what two kits cost")?;
        self.check_stock(&goods.bowl, &fixtures.shop, 8, 8).await?;
        self.check_stock(&goods.spoon, &fixtures.shop, 8, 8).await?;
        self.check_kits(fixtures, goods, 4).await?;
        print_step("sells", &format!("order {}: two kits, and their parts leave together", text(&order["number"])));
        Ok(())
    }

    async fn return_by_steps(&mut self, fixtures: &DayFixtures, goods: &Breakfast) -> Result<(), DemoError> {
        let input = json!({ "store": fixtures.shop, "status": "FULFILLED", "lines": [{ "product": goods.bowl, "quantity": 3 }] });
        let sold_order = self.call("orderCreate", "OrderCreateInput", "order { lines { id } }", input).await?["order"].clone();
        let lines = json!([{ "orderLineId": sold_order["lines"][0]["id"], "quantity": 2 }]);
        let input = json!({ "store": fixtures.shop, "receive": false, "lines": lines, "note": "they do not stack" });
        let fields = "return { id number status refunded { amount } lines { id } }";
        let goods_return = self.call("returnCreate", "ReturnCreateInput", fields, input).await?["return"].clone();
        expect_equal(&goods_return["status"], &json!("REQUESTED"), "a return that is asked for")?;
        self.check_stock(&goods.bowl, &fixtures.shop, 5, 5).await?;
        let line = &goods_return["lines"][0]["id"];
        let inspected_lines = json!([{ "lineId": line, "quantity": 1, "disposition": "RESTOCK" }, { "lineId": line, "quantity": 1, "disposition": "WRITE_OFF" }]);
        // Each step, the status after it, and how many bowls are on hand and available then.
        let steps = [
            ("Approve", "ReturnActionInput", json!({}), ("APPROVED", 5, 5)),
            ("Receive", "ReturnReceiveInput", json!({}), ("RECEIVED", 7, 5)),
            ("Inspect", "ReturnInspectInput", json!({ "lines": inspected_lines }), ("INSPECTED", 6, 6)),
            ("Close", "ReturnCloseInput", json!({}), ("CLOSED", 6, 6)),
        ];
        let mut last_state = Value::Null;
        for (step, kind, mut input, (status, on_hand, available)) in steps {
            input["id"] = goods_return["id"].clone();
            last_state = self.call(&format!("return{step}"), kind, fields, input).await?["return"].clone();
            expect_equal(&last_state["status"], &json!(status), "the return")?;
            self.check_stock(&goods.bowl, &fixtures.shop, on_hand, available).await?;
        }
        expect_equal(&last_state["refunded"]["amount"], &json!("10.00"), "what was given back")?;
        let message = format!(
            "return {}: requested, approved, received, one bowl back on the shelf and one broken, {} refunded",
            text(&goods_return["number"]),
            text(&last_state["refunded"]["amount"])
        );
        print_step("takes back", &message);
        Ok(())
    }

    /// The last spoons are sold: an alert, which a member acknowledges.
    async fn run_out(&mut self, fixtures: &DayFixtures, goods: &Breakfast) -> Result<Value, DemoError> {
        let input =
            json!({ "store": fixtures.shop, "status": "FULFILLED", "lines": [{ "product": goods.spoon, "quantity": 8 }] });
        self.call("orderCreate", "OrderCreateInput", "order { id }", input).await?;
        self.check_stock(&goods.spoon, &fixtures.shop, 0, 0).await?;
        let query = "query($p: ID!) { alerts(filter: { product: { eq: $p }, kind: [OUT_OF_STOCK] }) { nodes { id status } } }";
        let response = self
            .poll_until("an alert", query, &json!({ "p": goods.spoon["id"] }), |response| {
                response["alerts"]["nodes"][0]["status"] == "OPEN"
            })
            .await?;
        let id = response["alerts"]["nodes"][0]["id"].clone();
        let input = json!({ "id": id, "note": "12 are on their way" });
        let acknowledged = self.call("alertAcknowledge", "AlertActionInput", "alert { status }", input).await?;
        expect_equal(&acknowledged["alert"]["status"], &json!("ACKNOWLEDGED"), "the alert")?;
        print_step("alerts", "the spoons ran out: an alert is raised, and acknowledged");
        Ok(id)
    }

    /// Five spoons are ordered that are not there; a delivery fills the order, and the alert is over.
    async fn wait_for_more(&mut self, fixtures: &DayFixtures, goods: &Breakfast, alert: &Value) -> Result<(), DemoError> {
        let input = json!({ "store": fixtures.shop, "lines": [{ "product": goods.spoon, "quantity": 5 }] });
        let fields = "order { id number lines { open backordered } }";
        let order = self.call("orderCreate", "OrderCreateInput", fields, input).await?["order"].clone();
        expect_equal(&order["lines"], &json!([{ "open": 0, "backordered": 5 }]), "an order that waits")?;
        let lines = json!([{ "product": goods.spoon, "quantity": 12, "unitCost": pounds("0.50") }]);
        let input = json!({ "supplier": fixtures.supplier, "store": fixtures.shop, "lines": lines });
        let purchase_order = self.order_from(input).await?;
        let lines = json!([{ "lineId": purchase_order["lines"][0]["id"], "quantity": 12 }]);
        let input = json!({ "id": purchase_order["id"], "lines": lines });
        self.call("purchaseOrderReceive", "PurchaseOrderReceiveInput", "purchaseOrder { status }", input).await?;
        let query = "query($o: ID!, $a: ID!) { order: node(id: $o) { ... on Order { lines { open backordered } } }
            alert: node(id: $a) { ... on Alert { status } } }";
        let filled_lines = json!([{ "open": 5, "backordered": 0 }]);
        self.poll_until("a backorder to be filled", query, &json!({ "o": order["id"], "a": alert }), |response| {
            response["order"]["lines"] == filled_lines && response["alert"]["status"] == "RESOLVED"
        })
        .await?;
        self.check_stock(&goods.spoon, &fixtures.shop, 12, 7).await?;
        print_step(
            "fills",
            &format!(
                "order {} waited for 5 spoons; 12 come, 5 of them are its own, and the alert is over",
                text(&order["number"])
            ),
        );
        Ok(())
    }

    /// Polls until the answer is as expected: workers finish a moment later.
    async fn poll_until(
        &self,
        label: &str,
        query: &str,
        variables: &Value,
        is_done: impl Fn(&Value) -> bool,
    ) -> Result<Value, DemoError> {
        let mut response = Value::Null;
        for _ in 0..MAX_POLLS {
            response = self.send_query(label, query, variables.clone()).await?;
            if is_done(&response) {
                return Ok(response);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Err(DemoError::Day(format!("timeout while waiting for {label}; found {response}")))
    }
}

fn expect_equal(actual: &Value, expected: &Value, subject: &str) -> Result<(), DemoError> {
    if actual == expected {
        return Ok(());
    }
    Err(DemoError::Day(format!("{subject}: {expected} was expected, and there is {actual}")))
}
