//! Thursday to Saturday: returns, purchases, transfers, counts, and the final stock.

use serde_json::{Value, json};

use super::{DENIED_CODES, DEPOT, LEEDS, LONDON, PARIS, Persona, Week, expect_equal};
use crate::demo::{
    day::values::{pounds, text},
    error::DemoError,
    steps::print_step,
};

const RETURN_FIELDS: &str = "return { id number status refunded { amount } lines { id } }";
const PURCHASE_FIELDS: &str = "purchaseOrder { id number revision receipts { id } lines { id } }";
const TRANSFER_FIELDS: &str = "transfer { id number status expectedAt }";

impl Week {
    /// Two of seven mugs come back to London: one is sold again, one is broken, and both are credited and paid back.
    pub(super) async fn take_back(&mut self, sold_order: &Value) -> Result<(), DemoError> {
        let lines = json!([{ "orderLineId": sold_order["lines"][0]["id"], "quantity": 2 }]);
        let input = json!({ "store": self.stores[LONDON], "receive": false, "lines": lines, "note": "too blue" });
        let goods_return =
            self.call_as(Persona::London, ("returnCreate", "ReturnCreateInput"), RETURN_FIELDS, input).await?["return"].take();
        let id = json!({ "id": goods_return["id"] });
        let description = "does not approve the return that it asked for";
        self.expect_refusal((Persona::London, description), ("returnApprove", "ReturnActionInput"), id.clone(), &["FORBIDDEN"])
            .await?;
        self.call_as(Persona::Accounts, ("returnApprove", "ReturnActionInput"), RETURN_FIELDS, id.clone()).await?;
        self.call_as(Persona::London, ("returnReceive", "ReturnReceiveInput"), RETURN_FIELDS, id.clone()).await?;
        let line = &goods_return["lines"][0]["id"];
        let inspected_lines = json!([{ "lineId": line, "quantity": 1, "disposition": "RESTOCK" }, { "lineId": line, "quantity": 1, "disposition": "WRITE_OFF" }]);
        let input = json!({ "id": goods_return["id"], "lines": inspected_lines });
        self.call_as(Persona::London, ("returnInspect", "ReturnInspectInput"), RETURN_FIELDS, input).await?;
        let closed =
            self.call_as(Persona::Accounts, ("returnClose", "ReturnCloseInput"), RETURN_FIELDS, id).await?["return"].take();
        expect_equal(&closed["refunded"]["amount"], "16.00", "what two mugs bring")?;
        self.check_stock(&self.mug, LONDON, 11, 11).await?;
        let number = text(&goods_return["number"]);
        print_step(
            "takes back",
            &format!("London: return {number}: 2 mugs inspected, one back on the shelf, one broken; accounts: 16.00 due"),
        );
        let lines = json!([{ "orderLineId": sold_order["lines"][0]["id"], "quantity": 2 }]);
        let input = json!({ "invoice": { "id": self.invoice }, "lines": lines, "reason": "Two came back" });
        let fields = "invoice { number total { amount } }";
        let credit =
            self.call_as(Persona::Accounts, ("creditNoteIssue", "CreditNoteIssueInput"), fields, input).await?["invoice"].take();
        let input = json!({ "order": { "id": sold_order["id"] }, "kind": "REFUND", "method": "CARD", "amount": pounds("16.00"), "return": { "id": goods_return["id"] } });
        self.call_as(Persona::Accounts, ("paymentRecord", "PaymentRecordInput"), "payment { id }", input).await?;
        let (number, total) = (text(&credit["number"]), text(&credit["total"]["amount"]));
        print_step("credits", &format!("accounts: credit note {number} of {total}, 16.00 refunded by card"));
        Ok(())
    }

    /// 24 mugs are ordered, 18 are agreed, 6 come; the delivery is mistyped and taken back.
    pub(super) async fn buy(&mut self) -> Result<(), DemoError> {
        let lines = json!([{ "product": self.mug, "quantity": 24, "unitCost": pounds("3.00") }]);
        let input = json!({ "supplier": self.supplier, "store": self.stores[DEPOT], "expectedOn": self.day(5), "lines": lines });
        let create = ("purchaseOrderCreate", "PurchaseOrderCreateInput");
        let order = self.call_as(Persona::Buyer, create, PURCHASE_FIELDS, input).await?["purchaseOrder"].take();
        let id = json!({ "id": order["id"] });
        let approve = ("purchaseOrderApprove", "PurchaseOrderActionInput");
        self.call_as(Persona::Buyer, ("purchaseOrderSubmit", "PurchaseOrderActionInput"), PURCHASE_FIELDS, id.clone()).await?;
        self.expect_refusal((Persona::Buyer, "does not approve a purchase"), approve, id.clone(), &["FORBIDDEN"]).await?;
        self.call_as(Persona::Accounts, approve, PURCHASE_FIELDS, id.clone()).await?;
        self.call_as(Persona::Buyer, ("purchaseOrderPlace", "PurchaseOrderActionInput"), PURCHASE_FIELDS, id).await?;
        let line = &order["lines"][0]["id"];
        let input = json!({ "id": order["id"], "expectedOn": self.day(9), "reason": "The kiln is small",
            "setLines": [{ "lineId": line, "quantity": 18 }] });
        let amend = ("purchaseOrderAmend", "PurchaseOrderAmendInput");
        let amended = self.call_as(Persona::Buyer, amend, PURCHASE_FIELDS, input).await?["purchaseOrder"].take();
        let (number, revision) = (text(&order["number"]), &amended["revision"]);
        print_step(
            "revises",
            &format!("buyer: purchase order {number}, revision {revision}: 18 mugs instead of 24, on {}", self.day(9)),
        );
        let receive = ("purchaseOrderReceive", "PurchaseOrderReceiveInput");
        let receipt_input = |quantity: i64| json!({ "id": order["id"], "lines": [{ "lineId": line, "quantity": quantity }] });
        let typed = self.call_as(Persona::Depot, receive, PURCHASE_FIELDS, receipt_input(16)).await?["purchaseOrder"].take();
        self.check_stock(&self.mug, DEPOT, 49, 49).await?;
        let input = json!({ "document": { "id": typed["receipts"][0]["id"] }, "note": "6 came, not 16" });
        let reverse = ("documentReverse", "DocumentReverseInput");
        let reversal = self.call_as(Persona::Depot, reverse, "documentReversal { number }", input).await?;
        self.check_stock(&self.mug, DEPOT, 33, 33).await?;
        self.call_as(Persona::Depot, receive, PURCHASE_FIELDS, receipt_input(6)).await?;
        self.check_stock(&self.mug, DEPOT, 39, 39).await?;
        let number = text(&reversal["documentReversal"]["number"]);
        print_step(
            "reverses",
            &format!("depot: a receipt of 16 mugs undone by reversal {number}; 6 are received, 12 are outstanding"),
        );
        Ok(())
    }

    /// Ten mugs are transferred to Paris, a day later than planned.
    pub(super) async fn transfer(&mut self) -> Result<(), DemoError> {
        let lines = json!([{ "product": self.mug, "quantity": 10 }]);
        let timestamp = |day: String| format!("{day}T09:00:00Z");
        let input = json!({ "fromStore": self.stores[DEPOT], "toStore": self.stores[PARIS], "lines": lines, "expectedAt": timestamp(self.day(2)), "status": "READY" });
        let create = ("transferCreate", "TransferCreateInput");
        let transfer = self.call_as(Persona::Depot, create, TRANSFER_FIELDS, input).await?["transfer"].take();
        self.check_stock(&self.mug, DEPOT, 39, 29).await?;
        let input = json!({ "id": transfer["id"], "expectedAt": timestamp(self.day(3)), "note": "the ferry is late" });
        self.call_as(Persona::Depot, ("transferUpdate", "TransferUpdateInput"), TRANSFER_FIELDS, input).await?;
        let id = json!({ "id": transfer["id"] });
        let description = "does not receive what goes to Paris";
        self.call_as(Persona::Depot, ("transferShip", "TransferShipmentInput"), TRANSFER_FIELDS, id.clone()).await?;
        self.expect_refusal(
            (Persona::Leeds, description),
            ("transferReceive", "TransferShipmentInput"),
            id.clone(),
            &DENIED_CODES,
        )
        .await?;
        self.call_as(Persona::Paris, ("transferReceive", "TransferShipmentInput"), TRANSFER_FIELDS, id).await?;
        self.check_stock(&self.mug, DEPOT, 29, 29).await?;
        self.check_stock(&self.mug, PARIS, 20, 20).await?;
        let number = text(&transfer["number"]);
        print_step(
            "transfers",
            &format!("depot: transfer {number}: 10 mugs, expected on {}, later on {}; Paris has all", self.day(2), self.day(3)),
        );
        Ok(())
    }

    /// Paris counts its mugs, and one is missing.
    pub(super) async fn count(&mut self) -> Result<(), DemoError> {
        let input =
            json!({ "kind": "LIST", "store": self.stores[PARIS], "products": [self.mug], "isBlind": true, "start": true });
        let fields = "stocktake { id number status }";
        let create = ("stocktakeCreate", "StocktakeCreateInput");
        let count = self.call_as(Persona::Accounts, create, fields, input).await?["stocktake"].take();
        let id = json!({ "id": count["id"] });
        let input = json!({ "id": count["id"], "lines": [{ "product": self.mug, "counted": 19 }] });
        self.call_as(Persona::Paris, ("stocktakeRecord", "StocktakeRecordInput"), fields, input).await?;
        self.call_as(Persona::Paris, ("stocktakeSubmit", "StocktakeSubmitInput"), fields, id.clone()).await?;
        let approve = ("stocktakeApprove", "StocktakeActionInput");
        let description = "does not approve its own count";
        self.expect_refusal((Persona::Paris, description), approve, id.clone(), &["FORBIDDEN"]).await?;
        self.call_as(Persona::Accounts, approve, fields, id).await?;
        self.check_stock(&self.mug, PARIS, 19, 19).await?;
        print_step("counts", &format!("Paris: stocktake {}: 19 mugs of 20; accounts approve it", text(&count["number"])));
        Ok(())
    }

    pub(super) async fn close(&self) -> Result<(), DemoError> {
        for (product, store, quantity) in [
            (&self.mug, DEPOT, 29),
            (&self.mug, LONDON, 11),
            (&self.mug, PARIS, 19),
            (&self.lamp, DEPOT, 10),
            (&self.lamp, LEEDS, 2),
        ] {
            self.check_stock(product, store, quantity, quantity).await?;
        }
        print_step("closes", "mugs: 29 in the depot, 11 in London, 19 in Paris; lamps: 10 in the depot, 2 in Leeds");
        Ok(())
    }
}
