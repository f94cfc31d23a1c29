//! Best sellers of the replayed retailer: their suppliers and their forecasts.

use serde_json::{Value, json};
use tools::replay::{catalogue::STORE_CODE, flat_values::sha256_of};

use super::{
    goods::SUPPLIERS,
    state::{Shop, pounds},
};
use crate::demo::{error::DemoError, steps::print_step};

/// Products that get a supplier, the best sellers first.
const MAX_BEST_SELLERS: usize = 40;
/// Best sellers whose forecasts are shown.
const FORECAST_COUNT: usize = 3;
const SALES_CLASSES: &str = "query($filter: SalesReportFilter!, $first: Int!) { abcXyz(first: $first, filter: $filter) {
    nodes { abc product { sku name price { amount } } } } }";
const FORECAST: &str = "query($sku: String!) { forecast(product: { sku: $sku }, historyWeeks: 4) { status weeks { mean } } }";

impl Shop<'_> {
    /// Goods of the retailer that sell best can be bought again, so that a plan can propose them; its key and its days are the shop's own.
    pub(super) async fn supply_best_sellers(&self) -> Result<(), DemoError> {
        let filter = json!({ "from": self.day(-365), "to": self.day(-1), "store": { "eq": self.id_of(STORE_CODE) } });
        let best_sellers =
            self.send_query("abcXyz", SALES_CLASSES, json!({ "filter": filter, "first": MAX_BEST_SELLERS })).await?;
        let best_sellers: Vec<&Value> =
            best_sellers["nodes"].as_array().into_iter().flatten().map(|node| &node["product"]).collect();
        let suppliers = SUPPLIERS.iter().cycle();
        let rows: Vec<Value> = best_sellers
            .iter()
            .zip(suppliers)
            .map(|(product, (code, _, days))| {
                json!({ "product": { "sku": product["sku"] }, "supplier": { "code": code }, "unitCost": half_of(&product["price"]["amount"]),
                        "packSize": 12, "minimumOrder": 24, "leadTimeDays": days, "isPreferred": true })
            })
            .collect();
        if !rows.is_empty() {
            // A start that broke off may have found others to sell best.
            let digest = sha256_of(rows.iter().map(Value::to_string));
            let key = format!("demo-best-sellers-{}", digest.get(..16).unwrap_or(&digest));
            let input = json!({ "idempotencyKey": key, "rows": rows });
            let fields = "rows { userErrors { code message } }";
            self.send("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", fields, input).await?;
        }
        for product in best_sellers.into_iter().take(FORECAST_COUNT) {
            let forecast = self.send_query("forecast", FORECAST, json!({ "sku": product["sku"] })).await?;
            let weeks = forecast["weeks"].as_array().map(Vec::as_slice).unwrap_or_default();
            let four: f64 = weeks.iter().take(4).filter_map(|week| week["mean"].as_f64()).sum();
            let name = product["name"].as_str().unwrap_or_default();
            print_step(
                "expects",
                &format!("{four:.0} of {name} in the next four weeks ({})", forecast["status"].as_str().unwrap_or("no forecast")),
            );
        }
        Ok(())
    }
}

/// Half of a price, and at least a penny.
fn half_of(price: &Value) -> Value {
    let pence: u64 = price.as_str().unwrap_or_default().replace('.', "").parse().unwrap_or_default();
    pounds((pence / 2).max(1))
}
