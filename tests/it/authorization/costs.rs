//! What a company's stock is worth.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    Needs::{self, May},
    world::{House, World, text},
};

/// The root fields of costs, and what they need.
pub const CASES: &[(&str, Needs)] = &[
    ("stockValue", May("product.cost.read")),
    ("costReport", May("product.cost.read")),
    ("costSummary", May("product.cost.read")),
    ("stockValueSummary", May("product.cost.read")),
    ("demandFacts", May("report.read")),
    ("stockAgeing", May("product.cost.read")),
    ("stockPerformance", May("report.read")),
    ("forecast", May("report.read")),
    ("forecastAccuracy", May("report.read")),
    ("forecastRun", May("report.read")),
    ("productCost", May("product.cost.read")),
    ("revaluations", May("product.cost.read")),
    ("stockRevalue", May("cost.write")),
    ("exchangeRate", May("rate.read")),
    ("exchangeRates", May("rate.read")),
    ("exchangeRateSet", May("rate.write")),
    ("exchangeRatesImport", May("rate.write")),
];

impl World {
    /// A document that says what the product's units are worth.
    pub async fn revalued(&self, house: &House, ids: &mut BTreeMap<&'static str, String>) {
        let word = house.word;
        let lines = json!([{ "product": { "id": ids["prd"] }, "unitCost": { "amount": "1.50", "currencyCode": "GBP" } }]);
        let input = json!({ "idempotencyKey": format!("{word}-worth"), "note": format!("{word} worth"), "lines": lines });
        let query = "mutation($input: StockRevalueInput!) { stockRevalue(input: $input) { revaluation { id } userErrors { code field message } } }";
        let rate = json!({ "idempotencyKey": format!("{word}-rate"), "baseCode": "EUR", "quoteCode": "SEK", "rate": "11.05", "day": "2020-01-02", "source": word });
        let set = "mutation($input: ExchangeRateSetInput!) { exchangeRateSet(input: $input) { exchangeRate { id } userErrors { code field message } } }";
        ids.insert("fxr", text(&self.must(house, set, json!({ "input": rate })).await["exchangeRate"]["id"]));
        ids.insert("rvl", text(&self.must(house, query, json!({ "input": input })).await["revaluation"]["id"]));
    }
}
