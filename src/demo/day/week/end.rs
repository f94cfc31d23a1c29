//! Thursday to Saturday: returns, purchases, transfers, counts, and the final stock.

use serde_json::{Value, json};

use super::{DENIED_CODES, DEPOT, LEEDS, LONDON, PARIS, Week, Who, expect_equal};
use crate::demo::{
    day::values::{pounds, text},
    error::DemoError,
    steps::print_step,
};

const BACK: &str = "return { id number status refunded { amount } lines { id } }";
const BOUGHT: &str = "purchaseOrder { id number revision receipts { id } lines { id } }";
const MOVED: &str = "transfer { id number status expectedAt }";

impl Week {
    /// Two of seven mugs come back to London: one is sold again, one is broken, and both are credited and paid back.
    pub(super) async fn take_back(&mut self, sold: &Value) -> Result<(), DemoError> {
        let lines = json!([{ "orderLineId": sold["lines"][0]["id"], "quantity": 2 }]);
        let input = json!({ "store": self.stores[LONDON], "receive": false, "lines": lines, "note": "too blue" });
        let asked = self.by(Who::London, ("returnCreate", "ReturnCreateInput"), BACK, input).await?["return"].take();
        let id = json!({ "id": asked["id"] });
        let told = "does not approve the return that it asked for";
        self.expect_refusal((Who::London, told), ("returnApprove", "ReturnActionInput"), id.clone(), &["FORBIDDEN"]).await?;
        self.by(Who::Accounts, ("returnApprove", "ReturnActionInput"), BACK, id.clone()).await?;
        self.by(Who::London, ("returnReceive", "ReturnReceiveInput"), BACK, id.clone()).await?;
        let line = &asked["lines"][0]["id"];
        let found = json!([{ "lineId": line, "quantity": 1, "disposition": "RESTOCK" }, { "lineId": line, "quantity": 1, "disposition": "WRITE_OFF" }]);
        let input = json!({ "id": asked["id"], "lines": found });
        self.by(Who::London, ("returnInspect", "ReturnInspectInput"), BACK, input).await?;
        let closed = self.by(Who::Accounts, ("returnClose", "ReturnCloseInput"), BACK, id).await?["return"].take();
        expect_equal(&closed["refunded"]["amount"], "16.00", "what two mugs bring")?;
        self.check_stock(&self.mug, LONDON, 11, 11).await?;
        let number = text(&asked["number"]);
        print_step(
            "takes back",
            &format!("London: return {number}: 2 mugs inspected, one back on the shelf, one broken; accounts: 16.00 due"),
        );
        let lines = json!([{ "orderLineId": sold["lines"][0]["id"], "quantity": 2 }]);
        let input = json!({ "invoice": { "id": self.invoice }, "lines": lines, "reason": "Two came back" });
        let fields = "invoice { number total { amount } }";
        let credit = self.by(Who::Accounts, ("creditNoteIssue", "CreditNoteIssueInput"), fields, input).await?["invoice"].take();
        let input = json!({ "order": { "id": sold["id"] }, "kind": "REFUND", "method": "CARD", "amount": pounds("16.00"), "return": { "id": asked["id"] } });
        self.by(Who::Accounts, ("paymentRecord", "PaymentRecordInput"), "payment { id }", input).await?;
        let (number, total) = (text(&credit["number"]), text(&credit["total"]["amount"]));
        print_step("credits", &format!("accounts: credit note {number} of {total}, 16.00 refunded by card"));
        Ok(())
    }

    /// 24 mugs are ordered, 18 are agreed, 6 come; the delivery is mistyped and taken back.
    pub(super) async fn buy(&mut self) -> Result<(), DemoError> {
        let lines = json!([{ "product": self.mug, "quantity": 24, "unitCost": pounds("3.00") }]);
        let input = json!({ "supplier": self.supplier, "store": self.stores[DEPOT], "expectedOn": self.day(5), "lines": lines });
        let create = ("purchaseOrderCreate", "PurchaseOrderCreateInput");
        let order = self.by(Who::Buyer, create, BOUGHT, input).await?["purchaseOrder"].take();
        let id = json!({ "id": order["id"] });
        let approve = ("purchaseOrderApprove", "PurchaseOrderActionInput");
        self.by(Who::Buyer, ("purchaseOrderSubmit", "PurchaseOrderActionInput"), BOUGHT, id.clone()).await?;
        self.expect_refusal((Who::Buyer, "does not approve a purchase"), approve, id.clone(), &["FORBIDDEN"]).await?;
        self.by(Who::Accounts, approve, BOUGHT, id.clone()).await?;
        self.by(Who::Buyer, ("purchaseOrderPlace", "PurchaseOrderActionInput"), BOUGHT, id).await?;
        let line = &order["lines"][0]["id"];
        let input = json!({ "id": order["id"], "expectedOn": self.day(9), "reason": "The kiln is small",
            "setLines": [{ "lineId": line, "quantity": 18 }] });
        let amend = ("purchaseOrderAmend", "PurchaseOrderAmendInput");
        let amended = self.by(Who::Buyer, amend, BOUGHT, input).await?["purchaseOrder"].take();
        let (number, revision) = (text(&order["number"]), &amended["revision"]);
        print_step(
            "revises",
            &format!("buyer: purchase order {number}, revision {revision}: 18 mugs instead of 24, on {}", self.day(9)),
        );
        let receive = ("purchaseOrderReceive", "PurchaseOrderReceiveInput");
        let came = |quantity: i64| json!({ "id": order["id"], "lines": [{ "lineId": line, "quantity": quantity }] });
        let typed = self.by(Who::Depot, receive, BOUGHT, came(16)).await?["purchaseOrder"].take();
        self.check_stock(&self.mug, DEPOT, 49, 49).await?;
        let input = json!({ "document": { "id": typed["receipts"][0]["id"] }, "note": "6 came, not 16" });
        let reverse = ("documentReverse", "DocumentReverseInput");
        let undone = self.by(Who::Depot, reverse, "documentReversal { number }", input).await?;
        self.check_stock(&self.mug, DEPOT, 33, 33).await?;
        self.by(Who::Depot, receive, BOUGHT, came(6)).await?;
        self.check_stock(&self.mug, DEPOT, 39, 39).await?;
        let number = text(&undone["documentReversal"]["number"]);
        print_step(
            "reverses",
            &format!("depot: a receipt of 16 mugs undone by reversal {number}; 6 are received, 12 are outstanding"),
        );
        Ok(())
    }

    /// Ten mugs are transferred to Paris, a day later than planned.
    pub(super) async fn transfer(&mut self) -> Result<(), DemoError> {
        let lines = json!([{ "product": self.mug, "quantity": 10 }]);
        let at = |day: String| format!("{day}T09:00:00Z");
        let input = json!({ "fromStore": self.stores[DEPOT], "toStore": self.stores[PARIS], "lines": lines, "expectedAt": at(self.day(2)), "status": "READY" });
        let create = ("transferCreate", "TransferCreateInput");
        let transfer = self.by(Who::Depot, create, MOVED, input).await?["transfer"].take();
        self.check_stock(&self.mug, DEPOT, 39, 29).await?;
        let input = json!({ "id": transfer["id"], "expectedAt": at(self.day(3)), "note": "the ferry is late" });
        self.by(Who::Depot, ("transferUpdate", "TransferUpdateInput"), MOVED, input).await?;
        let id = json!({ "id": transfer["id"] });
        let told = "does not receive what goes to Paris";
        self.by(Who::Depot, ("transferShip", "TransferShipmentInput"), MOVED, id.clone()).await?;
        self.expect_refusal((Who::Leeds, told), ("transferReceive", "TransferShipmentInput"), id.clone(), &DENIED_CODES).await?;
        self.by(Who::Paris, ("transferReceive", "TransferShipmentInput"), MOVED, id).await?;
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
        let count = self.by(Who::Accounts, create, fields, input).await?["stocktake"].take();
        let id = json!({ "id": count["id"] });
        let input = json!({ "id": count["id"], "lines": [{ "product": self.mug, "counted": 19 }] });
        self.by(Who::Paris, ("stocktakeRecord", "StocktakeRecordInput"), fields, input).await?;
        self.by(Who::Paris, ("stocktakeSubmit", "StocktakeSubmitInput"), fields, id.clone()).await?;
        let approve = ("stocktakeApprove", "StocktakeActionInput");
        let told = "does not approve its own count";
        self.expect_refusal((Who::Paris, told), approve, id.clone(), &["FORBIDDEN"]).await?;
        self.by(Who::Accounts, approve, fields, id).await?;
        self.check_stock(&self.mug, PARIS, 19, 19).await?;
        print_step("counts", &format!("Paris: stocktake {}: 19 mugs of 20; accounts approve it", text(&count["number"])));
        Ok(())
    }

    pub(super) async fn close(&self) -> Result<(), DemoError> {
        for (product, store, left) in [
            (&self.mug, DEPOT, 29),
            (&self.mug, LONDON, 11),
            (&self.mug, PARIS, 19),
            (&self.lamp, DEPOT, 10),
            (&self.lamp, LEEDS, 2),
        ] {
            self.check_stock(product, store, left, left).await?;
        }
        print_step("closes", "mugs: 29 in the depot, 11 in London, 19 in Paris; lamps: 10 in the depot, 2 in Leeds");
        Ok(())
    }
}
