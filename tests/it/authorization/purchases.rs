//! Purchases of a company: an order that is half received, and a return of some of its goods.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::{Company, World};

impl World {
    pub async fn purchases(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let word = company.word;
        let (product, store, supplier) = (json!({ "id": ids["prd"] }), json!({ "id": ids["sto"] }), json!({ "id": ids["sup"] }));
        let query = |mutation: &str, kind: &str, fields: &str| {
            format!(
                "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} userErrors {{ code field message }} }} }}"
            )
        };
        let lines = json!([{ "product": product, "quantity": 100, "unitCost": { "amount": "1.00", "currencyCode": "GBP" } }]);
        let input = json!({ "idempotencyKey": format!("{word}-frame"), "supplier": supplier, "currencyCode": "GBP", "validFrom": "2020-01-01", "validTo": "2099-12-31",
            "externalRef": format!("{word}-frame"), "note": format!("{word} frame"), "lines": lines });
        let text = query("blanketOrderCreate", "BlanketOrderCreateInput", "blanketOrder { id }");
        ids.insert("bor", told(&self.must_mutate(company, &text, json!({ "input": input })).await["blanketOrder"]["id"]));
        let lines = json!([{ "product": product, "quantity": 10 }]);
        let input = json!({ "idempotencyKey": format!("{word}-buy"), "supplier": supplier, "store": store, "externalRef": format!("{word}-purchase"),
            "note": format!("{word} purchase"), "expectedOn": "2026-01-31", "lines": lines, "charges": [{ "kind": "FREIGHT", "name": format!("{word} freight"), "amount": { "amount": "1.00", "currencyCode": "GBP" } }] });
        let text = query("purchaseOrderCreate", "PurchaseOrderCreateInput", "purchaseOrder { id lines { id } }");
        let payload = self.must_mutate(company, &text, json!({ "input": input })).await;
        ids.insert("por", told(&payload["purchaseOrder"]["id"]));
        ids.insert("pol", told(&payload["purchaseOrder"]["lines"][0]["id"]));
        for step in ["Submit", "Approve", "Order"] {
            let text = query(&format!("purchaseOrder{step}"), "PurchaseOrderActionInput", "");
            let input = json!({ "idempotencyKey": format!("{word}-buy-{step}"), "id": ids["por"] });
            self.must_mutate(company, &text, json!({ "input": input })).await;
        }
        let text = query("purchaseOrderReceive", "PurchaseOrderReceiveInput", "purchaseOrder { receipts { id } }");
        let lines = json!([{ "purchaseOrderLineId": ids["pol"], "quantity": 3, "damaged": 1, "note": format!("{word} damage") }]);
        let input = json!({ "idempotencyKey": format!("{word}-dock"), "id": ids["por"], "deliveryNote": format!("{word}-delivery"), "lines": lines });
        self.must_mutate(company, &text, json!({ "input": input })).await;
        let text = query("supplierReturnCreate", "SupplierReturnCreateInput", "supplierReturn { id }");
        let lines = json!([{ "purchaseOrderLineId": ids["pol"], "quantity": 1 }]);
        let input = json!({ "idempotencyKey": format!("{word}-back"), "supplier": supplier, "store": store, "note": format!("{word} returned"), "lines": lines });
        ids.insert("srt", told(&self.must_mutate(company, &text, json!({ "input": input })).await["supplierReturn"]["id"]));
        let receipts = format!("{{ node(id: \"{}\") {{ ... on PurchaseOrder {{ receipts {{ id }} }} }} }}", ids["por"]);
        let found = self.execute(company, Some(company.owner.clone()), &receipts, &json!({})).await;
        let receipt = found["data"]["node"]["receipts"][0]["id"].clone();
        ids.insert("grn", told(&receipt));
        let text = query("documentReverse", "DocumentReverseInput", "documentReversal { id }");
        let lines = json!([{ "lineId": ids["pol"], "quantity": 1 }]);
        let input = json!({ "idempotencyKey": format!("{word}-undo"), "documentId": receipt, "note": format!("{word} miscounted"), "lines": lines });
        ids.insert("rev", told(&self.must_mutate(company, &text, json!({ "input": input })).await["documentReversal"]["id"]));
        let text = query("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", "rows { outcome }");
        let rows = json!([{ "supplier": supplier, "product": product, "supplierSku": format!("{word}-sku"), "unitCost": { "amount": "1.00", "currencyCode": "GBP" } }]);
        self.must_mutate(company, &text, json!({ "input": { "idempotencyKey": format!("{word}-offer"), "rows": rows } })).await;
    }
}

fn told(id: &Value) -> String {
    id.as_str().unwrap().to_owned()
}
