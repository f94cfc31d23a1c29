//! Monday to Wednesday: orders, the fulfilment and refusals of stores, and payments.

use serde_json::{Value, json};

use super::{DENIED_CODES, DEPOT, LEEDS, LONDON, ORDER, Persona, Week, expect_equal, step};
use crate::demo::{
    day::values::{pounds, text},
    error::DemoError,
    steps::print_step,
};

const WORKS: &str = "{ fulfilmentWorks(first: 50) { nodes { id status orderNumber } } }";

impl Week {
    /// The desk sells five mugs that the depot sends, and the customer asks for seven.
    pub(super) async fn order(&mut self) -> Result<Value, DemoError> {
        let lines = json!([{ "product": self.mug, "quantity": 5 }]);
        let input =
            json!({ "store": self.stores[LONDON], "lines": lines, "sourcing": { "strategy": "MOST_STOCK", "split": "REFUSE" } });
        let order = self.call_as(Persona::Desk, ("orderCreate", "OrderCreateInput"), ORDER, input).await?["order"].take();
        let address =
            json!({ "name": "Ada Quay", "lines": ["4 Mill Street"], "city": "London", "postalCode": "SE1 2BA", "country": "GB" });
        let input = json!({ "id": order["id"], "expectedVersion": order["version"], "reason": "Asked by telephone",
            "setLines": [{ "lineId": order["lines"][0]["id"], "quantity": 7 }], "shippingAddress": address });
        let edited_order = self.call_as(Persona::Desk, ("orderUpdate", "OrderUpdateInput"), ORDER, input).await?["order"].take();
        expect_equal(&edited_order["total"]["amount"], "56.00", "what seven mugs cost")?;
        self.check_stock(&self.mug, DEPOT, 40, 33).await?;
        let (number, previous_total) = (text(&edited_order["number"]), text(&order["total"]["amount"]));
        print_step(
            "orders",
            &format!("order desk: order {number}: 5 mugs for {previous_total}, then 7 for 56.00; the depot holds them"),
        );
        Ok(edited_order)
    }

    /// Four lamps are requested from the depot, which rejects the work: it is sent to Leeds.
    /// Returns the order and the ID of the work in Leeds.
    pub(super) async fn reject(&mut self) -> Result<(Value, Value), DemoError> {
        let lines = json!([{ "product": self.lamp, "quantity": 4 }]);
        let input =
            json!({ "store": self.stores[LONDON], "lines": lines, "sourcing": { "strategy": "MOST_STOCK", "split": "REFUSE" } });
        let order = self.call_as(Persona::Desk, ("orderCreate", "OrderCreateInput"), ORDER, input).await?["order"].take();
        let work = self.find_open_work(Persona::Depot, &order).await?;
        let input = json!({ "id": work, "reason": "DAMAGED", "note": "the boxes are wet" });
        self.work_step(Persona::Depot, "fulfilmentWorkReject", input).await?;
        let leeds_work = self.find_open_work(Persona::Leeds, &order).await?;
        self.check_stock(&self.lamp, DEPOT, 10, 10).await?;
        self.check_stock(&self.lamp, LEEDS, 6, 2).await?;
        let (number, total) = (text(&order["number"]), text(&order["total"]["amount"]));
        print_step(
            "rejects",
            &format!("depot: order {number}: 4 lamps for {total} in wet boxes; Leeds takes over and reserves 4 of its 6"),
        );
        Ok((order, leeds_work))
    }

    /// Staff try actions without the permission.
    pub(super) async fn try_others(&mut self, sold_order: &Value) -> Result<(), DemoError> {
        let work = self.find_open_work(Persona::Depot, sold_order).await?;
        let (pick, kind) = step("fulfilmentWorkPick");
        let description = "does not pick what the depot sends";
        self.expect_refusal((Persona::Leeds, description), (pick, kind.as_str()), json!({ "id": work }), &DENIED_CODES).await?;
        let changes = json!([{ "product": self.mug, "store": self.stores[LONDON], "delta": -1 }]);
        let input = json!({ "kind": "ADJUSTMENT", "reasonCode": "DAMAGE", "changes": changes });
        let description = "does not change the stock of London";
        self.expect_refusal((Persona::Paris, description), ("stockAdjust", "StockAdjustInput"), input, &DENIED_CODES).await?;
        let input = json!({ "store": self.stores[LONDON], "lines": [{ "product": self.mug, "quantity": 1 }] });
        let description = "sells nothing";
        self.expect_refusal((Persona::Depot, description), ("orderCreate", "OrderCreateInput"), input, &DENIED_CODES).await?;
        let input =
            json!({ "order": { "id": sold_order["id"] }, "kind": "CAPTURE", "method": "CARD", "amount": pounds("56.00") });
        let description = "takes no payments of the order desk's orders";
        self.expect_refusal((Persona::London, description), ("paymentRecord", "PaymentRecordInput"), input, &DENIED_CODES).await
    }

    pub(super) async fn send(&mut self, sold_order: &Value) -> Result<(), DemoError> {
        let work = self.find_open_work(Persona::Depot, sold_order).await?;
        self.pack(Persona::Depot, &work).await?;
        self.work_step(Persona::Depot, "fulfilmentWorkShip", json!({ "id": work })).await?;
        self.check_stock(&self.mug, DEPOT, 33, 33).await?;
        print_step(
            "ships",
            &format!(
                "depot: order {}: 7 mugs accepted, picked, packed in a parcel and shipped; 33 are left",
                text(&sold_order["number"])
            ),
        );
        Ok(())
    }

    pub(super) async fn send_from_leeds(&mut self, order: &Value, work: &Value) -> Result<(), DemoError> {
        self.pack(Persona::Leeds, work).await?;
        self.work_step(Persona::Leeds, "fulfilmentWorkShip", json!({ "id": work })).await?;
        self.check_stock(&self.lamp, LEEDS, 2, 2).await?;
        print_step("ships", &format!("Leeds: order {}: the 4 lamps that the depot refused; 2 are left", text(&order["number"])));
        Ok(())
    }

    /// Two mugs wait in London for a customer with a code.
    pub(super) async fn collect(&mut self) -> Result<(), DemoError> {
        let lines = json!([{ "product": self.mug, "quantity": 2 }]);
        let input = json!({ "store": self.stores[LONDON], "lines": lines, "deliveryMethod": "COLLECT" });
        let order = self.call_as(Persona::London, ("orderCreate", "OrderCreateInput"), ORDER, input).await?["order"].take();
        let work = self.find_open_work(Persona::London, &order).await?;
        self.pack(Persona::London, &work).await?;
        let ready = ("fulfilmentWorkReady", "FulfilmentWorkActionInput");
        let code = self.call_as(Persona::London, ready, "collectCode", json!({ "id": work })).await?["collectCode"].take();
        self.work_step(Persona::London, "fulfilmentWorkCollect", json!({ "id": work, "code": code })).await?;
        self.check_stock(&self.mug, LONDON, 10, 10).await?;
        let payment = json!({ "order": { "id": order["id"] }, "kind": "CAPTURE", "method": "CASH", "amount": pounds("16.00") });
        self.call_as(Persona::Accounts, ("paymentRecord", "PaymentRecordInput"), "payment { id }", payment).await?;
        print_step(
            "collects",
            &format!("London: order {}: 2 mugs handed over for their code, 16.00 paid", text(&order["number"])),
        );
        Ok(())
    }

    /// Takes the payment for shipped goods, and invoices them.
    pub(super) async fn bill(&mut self, sold_order: &Value) -> Result<(), DemoError> {
        let order = json!({ "id": sold_order["id"] });
        let record = ("paymentRecord", "PaymentRecordInput");
        let input = json!({ "order": order, "kind": "AUTHORISATION", "method": "CARD", "amount": pounds("56.00") });
        let authorised = self.call_as(Persona::Accounts, record, "payment { id }", input).await?;
        let input = json!({ "order": order, "kind": "CAPTURE", "method": "CARD", "amount": pounds("56.00"), "parentId": authorised["payment"]["id"] });
        self.call_as(Persona::Accounts, record, "payment { order { paymentStatus } }", input).await?;
        let input = json!({ "order": order });
        let fields = "invoice { id number total { amount } }";
        let invoice =
            self.call_as(Persona::Accounts, ("invoiceIssue", "InvoiceIssueInput"), fields, input).await?["invoice"].take();
        expect_equal(&invoice["total"]["amount"], "56.00", "the invoice")?;
        self.invoice = invoice["id"].clone();
        print_step(
            "bills",
            &format!("accounts: 56.00 authorised and captured by card, invoice {} of 56.00", text(&invoice["number"])),
        );
        Ok(())
    }

    /// The ID of an order's open fulfilment work, as `who` sees it.
    pub(super) async fn find_open_work(&self, who: Persona, order: &Value) -> Result<Value, DemoError> {
        let response = self.send_query(who, "fulfilmentWorks", WORKS, json!({})).await?;
        let works = response["fulfilmentWorks"]["nodes"].as_array().into_iter().flatten();
        let work = works.filter(|work| work["status"] == "OPEN").find(|work| work["orderNumber"] == order["number"]);
        let missing_work = || DemoError::Day(format!("{} has no work of order {}: {response}", who.name(), order["number"]));
        work.map(|work| work["id"].clone()).ok_or_else(missing_work)
    }

    async fn pack(&mut self, who: Persona, work: &Value) -> Result<(), DemoError> {
        let accept = ("fulfilmentWorkAccept", "FulfilmentWorkAcceptInput");
        self.call_as(who, accept, "seq", json!({ "ids": [work] })).await?;
        self.work_step(who, "fulfilmentWorkPick", json!({ "id": work })).await?;
        self.work_step(who, "fulfilmentWorkPack", json!({ "id": work, "parcels": [{ "weight": 1_400 }] })).await
    }

    async fn work_step(&mut self, who: Persona, mutation: &str, input: Value) -> Result<(), DemoError> {
        let (mutation, kind) = step(mutation);
        self.call_as(who, (mutation, kind.as_str()), "seq", input).await.map(drop)
    }
}
