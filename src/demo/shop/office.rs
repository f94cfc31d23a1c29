//! Office work of the shop: a company that issues invoices, policies and a plan of replenishment,
//! and a plan of liquidation.

use serde_json::{Value, json};
use tools::replay::catalogue::STORE_CODE;

use super::{
    goods::SUPPLIERS,
    state::{LEEDS, STORES, Shop, pounds, store_input},
};
use crate::demo::{error::DemoError, steps::print_step};

const FULFILLED_ORDERS: &str =
    "query($stores: [ID!]!) { orders(first: 30, filter: { status: [FULFILLED], store: { in: $stores } }) {
    nodes { id customer { id } lines { returned } } } }";
/// Number of issued invoices, the last of which is credited.
const INVOICE_COUNT: usize = 4;
/// Foods that Leeds has too many of, and in how many days they expire.
const OVERSTOCKED_FOODS: [(usize, i64); 4] = [(2, 10), (3, 12), (4, 15), (5, 18)];
/// Percent of the cost that suppliers credit for goods that are sent back.
const CREDIT_PERCENT: u32 = 70;

impl Shop<'_> {
    /// A company that the stores sell for, and its invoices of goods that were sold to known customers.
    pub(super) async fn invoice(&mut self) -> Result<(), DemoError> {
        let stores: Vec<Value> = (0..STORES.len()).map(store_input).collect();
        let address = json!(["1 Wharf Lane", "London E1 6AN", "United Kingdom"]);
        let input = json!({
            "code": "demo-retail", "name": "Demo Retail Ltd", "address": address, "taxId": "GB123456789", "stores": stores,
        });
        self.call("legalEntityUpsert", "LegalEntityUpsertInput", "legalEntity { id }", input).await?;
        let ids: Vec<Value> = STORES.iter().map(|(code, ..)| self.id_of(code)).collect();
        let order_data = self.send_query("orders", FULFILLED_ORDERS, json!({ "stores": ids })).await?;
        let is_unreturned = |order: &&Value| {
            let lines = order["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
            order["customer"].is_object() && lines.iter().all(|line| line["returned"] == 0)
        };
        let orders: Vec<&Value> =
            order_data["nodes"].as_array().into_iter().flatten().filter(is_unreturned).take(INVOICE_COUNT).collect();
        let mut last_invoice = Value::Null;
        for order in &orders {
            // An order's invoice, whichever orders an earlier start found.
            let key = format!("demo-invoice-{}", order["id"].as_str().unwrap_or_default());
            let input = json!({ "idempotencyKey": key, "order": { "id": order["id"] } });
            let mut issued = self.send("invoiceIssue", "InvoiceIssueInput", "invoice { id }", input).await?;
            last_invoice = issued["invoice"]["id"].take();
        }
        if last_invoice.is_string() {
            let key = format!("demo-credit-{}", last_invoice.as_str().unwrap_or_default());
            let input = json!({ "idempotencyKey": key, "invoice": { "id": last_invoice }, "reason": "Goodwill" });
            self.send("creditNoteIssue", "CreditNoteIssueInput", "invoice { id }", input).await?;
        }
        print_step("invoices", &format!("{} invoices of Demo Retail Ltd, one of them credited", orders.len()));
        Ok(())
    }

    /// Levels are filled up by their own lines; what sells best, by how it sells.
    pub(super) async fn replenish(&mut self) -> Result<(), DemoError> {
        for policy in [json!({ "kind": "MIN_MAX" }), json!({ "kind": "SERVICE", "abcClass": "A" })] {
            self.call("replenishmentPolicySet", "ReplenishmentPolicySetInput", "policy { id }", policy).await?;
        }
        let codes = STORES.iter().map(|(code, ..)| *code).chain([STORE_CODE]);
        let stores: Vec<Value> = codes.map(|code| json!({ "code": code })).collect();
        let input = json!({ "stores": stores });
        let created = self.call("replenishmentPlanCreate", "ReplenishmentPlanCreateInput", "plan { lineCount }", input).await?;
        print_step("plans", &format!("2 policies, and a plan of {} lines that waits for approval", created["plan"]["lineCount"]));
        Ok(())
    }

    /// Food that expires before it can be sold, and a plan of its liquidation.
    pub(super) async fn plan_liquidation(&mut self) -> Result<(), DemoError> {
        let changes: Vec<Value> = OVERSTOCKED_FOODS
            .iter()
            .map(|(food, days)| {
                let lot = json!({ "code": format!("L{food}-S"), "expiresOn": self.day(*days) });
                json!({ "product": { "sku": format!("DS-FOOD-{food}") }, "store": store_input(LEEDS), "delta": 60, "unitCost": pounds(220), "lot": { "create": lot } })
            })
            .collect();
        self.receive(changes).await?;
        let terms: Vec<Value> =
            SUPPLIERS.iter().map(|(code, ..)| json!({ "supplier": { "code": code }, "creditPercent": CREDIT_PERCENT })).collect();
        let input = json!({ "slowDaysOfSupply": 180, "slowMonthlyUnits": 1, "supplierTerms": terms });
        self.call("liquidationSettingsSet", "LiquidationSettingsSetInput", "settings { version }", input).await?;
        let stores: Vec<Value> = (0..STORES.len()).map(store_input).collect();
        let input = json!({ "stores": stores });
        let created = self.call("liquidationPlanCreate", "LiquidationPlanCreateInput", "plan { lineCount }", input).await?;
        let dead = self.send_query("deadStock", "{ deadStock(first: 1) { totals { levels } } }", json!({})).await?;
        let message = format!(
            "a plan of liquidation of {} lines, for food that expires unsold; {} products in stores are dead stock by now",
            created["plan"]["lineCount"], dead["totals"]["levels"]
        );
        print_step("clears", &message);
        Ok(())
    }
}
