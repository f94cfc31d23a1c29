//! A payment of a company's order, and a hold that was lifted again.

use std::collections::BTreeMap;

use serde_json::json;

use super::world::{Company, World, text};

impl World {
    pub async fn money(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let word = company.word;
        let input = json!({ "idempotencyKey": format!("{word}-paid"), "order": { "id": ids["ord"] }, "kind": "CAPTURE", "method": "CARD",
            "reference": format!("{word}-charge"), "note": format!("{word} note"), "amount": { "amount": "0.50", "currencyCode": "GBP" } });
        let query = "mutation($input: PaymentRecordInput!) { paymentRecord(input: $input) { payment { id } userErrors { code field message } } }";
        ids.insert("pay", text(&self.must_mutate(company, query, json!({ "input": input })).await["payment"]["id"]));
        let input = json!({ "idempotencyKey": format!("{word}-held"), "id": ids["ord"], "kind": "CREDIT", "reason": format!("{word} reason") });
        let query = "mutation($input: OrderHoldSetInput!) { orderHoldSet(input: $input) { hold { id } userErrors { code field message } } }";
        ids.insert("hld", text(&self.must_mutate(company, query, json!({ "input": input })).await["hold"]["id"]));
        // Lifts the hold, which would keep the order from being shipped.
        let input = json!({ "idempotencyKey": format!("{word}-lifted"), "id": ids["hld"] });
        let query = "mutation($input: OrderHoldLiftInput!) { orderHoldLift(input: $input) { hold { id } userErrors { code field message } } }";
        self.must_mutate(company, query, json!({ "input": input })).await;
    }
}
