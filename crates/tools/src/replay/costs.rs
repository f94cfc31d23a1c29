//! Cost of goods and value of stock in the books, by both costing methods, which agree if a
//! product's cost never changes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answers::Pence,
    error::ReplayError,
    wire::{Client, RequestLabel, request},
};

const COSTS: &str = "query ReplayCosts { \
     averageCost: costReport(method: MOVING_AVERAGE) { ...cost } averageWorth: stockValue(method: MOVING_AVERAGE) { ...worth } \
     fifoCost: costReport(method: FIFO) { ...cost } fifoWorth: stockValue(method: FIFO) { ...worth } } \
     fragment cost on CostReport { isCurrent rows { received { amount } costOfGoodsSold { amount } } } \
     fragment worth on StockValuation { isCurrent total { value { amount } } }";

/// The books take some tens of thousands of entries a question: enough for a hundred million.
const MAX_QUERY_ATTEMPTS: usize = 2_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    average_cost: Cost,
    average_worth: StockValue,
    fifo_cost: Cost,
    fifo_worth: StockValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    is_current: bool,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    received: Pence,
    cost_of_goods_sold: Pence,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StockValue {
    is_current: bool,
    total: Total,
}

#[derive(Deserialize)]
struct Total {
    value: Pence,
}

/// Figures by moving average and first-in-first-out; none where the token may not see costs.
pub async fn query_costs(client: &Client) -> Result<Option<[Value; 2]>, ReplayError> {
    let label = RequestLabel::new("figures", "costReport, stockValue");
    for _ in 0..MAX_QUERY_ATTEMPTS {
        let answer: Answer = match client.send_query(&label, request(COSTS, json!({}))?).await {
            Err(ReplayError::Refused(refusal)) if refusal.code == "FORBIDDEN" => return Ok(None),
            answer => answer?,
        };
        let all = [
            answer.average_cost.is_current,
            answer.average_worth.is_current,
            answer.fifo_cost.is_current,
            answer.fifo_worth.is_current,
        ];
        if all.into_iter().all(|is_current| is_current) {
            return Ok(Some([
                cost_section(&answer.average_cost, &answer.average_worth),
                cost_section(&answer.fifo_cost, &answer.fifo_worth),
            ]));
        }
    }
    Err(label.invalid_response("the cost book did not reach the head of the journal"))
}

fn cost_section(cost: &Cost, worth: &StockValue) -> Value {
    let sum = |column: fn(&Row) -> Pence| cost.rows.iter().map(|row| column(row).0).sum::<i64>();
    json!({
        "cogs_pence": sum(|row| row.cost_of_goods_sold),
        "opening_value_pence": sum(|row| row.received),
        "final_value_pence": worth.total.value.0,
    })
}
