//! The published vectors of the formulas, if they are in a folder beside the repository, checked
//! against production code: suggestions, deliveries, charges. The most important figures are here
//! too.

use entity::prelude::{Currency, Money, ProductId, Quantity, StoreId, SupplierId, Timestamp};
use entrepot::purchasing::core::{
    Delivery, Demand, LeadTimeStats, Plan, StoreStock, Suggestion, Supply, allocate_proportionally, inverse_normal,
    order_quantity, performance, reorder_point, safety_stock, suggest,
};
use serde_json::Value;

/// The tolerance that the vectors ask for: absolute up to 1, relative above.
fn close(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("{what}: a number is expected"));
    assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{what}: {found} instead of {expected}");
}

fn demand(input: &Value) -> Demand {
    let number = |name: &str| input[name].as_f64().unwrap_or_default();
    Demand {
        mean: number("mean_demand"),
        deviation: number("sd_demand"),
        lead_time: number("lead_time"),
        lead_time_deviation: number("sd_lead_time"),
    }
}

/// A place that has sold in thirty days what makes this mean and this deviation.
fn selling(demand: Demand) -> StoreStock {
    let (days, sold) = (30.0, demand.mean * 30.0);
    let sold_squares = demand.deviation.powi(2) * (days - 1.0) + sold * demand.mean;
    StoreStock { sold, sold_squares, ..StoreStock::empty(StoreId::NIL) }
}

/// Returns the production code's suggestion for a store, at a service level.
fn suggested(service_level: f64, demand: Demand, store_stock: StoreStock, supply: Option<&Supply>) -> Option<Suggestion> {
    let plan = Plan { days: 30, cover_days: 14, service_level, lead_days: demand.lead_time as u16 };
    suggest(&plan, &[store_stock], supply, LeadTimeStats { deviation: demand.lead_time_deviation, ..LeadTimeStats::default() })
        .pop()
}

fn check(metric: &str, input: &Value, expected: &Value, what: &str) -> bool {
    let number = |name: &str| input[name].as_f64().unwrap_or_else(|| panic!("{what}: {name}"));
    let whole = |name: &str| input[name].as_i64().unwrap_or_else(|| panic!("{what}: {name}"));
    match metric {
        "safety_stock" => {
            close(safety_stock(number("service_level"), demand(input)), &expected["safety_stock"], what);
            close(inverse_normal(number("service_level")), &expected["z"], what);
            let found = suggested(number("service_level"), demand(input), selling(demand(input)), None).unwrap();
            assert_eq!(Some(found.safety_stock), expected["units"].as_i64(), "{what}");
        }
        "reorder_point" => {
            let safety = safety_stock(number("service_level"), demand(input));
            close(reorder_point(demand(input), safety), &expected["reorder_point"], what);
            let at = |on_hand: i64| {
                let (incoming, backordered) = (whole("on_order"), whole("backordered"));
                let store_stock = StoreStock { available: on_hand, incoming, backordered, ..selling(demand(input)) };
                suggested(number("service_level"), demand(input), store_stock, None)
            };
            let found = at(whole("on_hand"));
            assert_eq!(Some(found.is_some()), expected["reorder"].as_bool(), "{what}");
            let found = found.unwrap();
            let [position, units] = ["inventory_position", "units"].map(|name| expected[name].as_i64().unwrap());
            assert_eq!((found.position, found.reorder_point), (position, units), "{what}");
            // An order is suggested at the point, and not above it.
            let to_point = units - position;
            assert!(at(whole("on_hand") + to_point).is_some() && at(whole("on_hand") + to_point + 1).is_none(), "{what}");
        }
        "suggested_order_quantity" => {
            let units = |name: &str| Quantity::new(whole(name)).unwrap();
            let supply = Supply {
                supplier: SupplierId::NIL,
                product: ProductId::NIL,
                supplier_sku: None,
                pack_size: units("pack_size"),
                minimum_order: units("minimum_order"),
                lead_time_days: None,
                unit_cost: Money::zero(Currency::GBP),
                breaks: Vec::new(),
                is_preferred: true,
                archived_at: None,
                version: 1,
                created_at: Timestamp(0),
                updated_at: Timestamp(0),
            };
            let (reorder_point, maximum) = (Some(whole("reorder_point")), Some(whole("target")));
            let store_stock =
                StoreStock { available: whole("inventory_position"), reorder_point, maximum, ..StoreStock::empty(StoreId::NIL) };
            let none = Demand { mean: 0.0, deviation: 0.0, lead_time: 1.0, lead_time_deviation: 0.0 };
            let found = suggested(0.95, none, store_stock, Some(&supply)).map_or(0, |found| found.quantity);
            assert_eq!(Some(found), expected["quantity"].as_i64(), "{what}");
        }
        "fill_rate" => {
            let orders: Vec<Vec<(i64, i64)>> = serde_json::from_value(input["orders"].clone()).unwrap();
            let delivery = |lines: &Vec<(i64, i64)>| Delivery {
                ordered: lines.iter().map(|(ordered, _)| ordered).sum(),
                received: lines.iter().map(|(ordered, received)| received.min(ordered)).sum(),
                lines: lines.len() as i64,
                whole_lines: lines.iter().filter(|(ordered, received)| received >= ordered).count() as i64,
                ..Delivery::default()
            };
            let deliveries: Vec<Delivery> = orders.iter().map(delivery).collect();
            let found = performance(&deliveries);
            close(found.unit_fill.unwrap(), &expected["unit"], what);
            close(found.line_fill.unwrap(), &expected["line"], what);
            close(found.order_fill.unwrap(), &expected["order"], what);
        }
        "landed_cost_allocation" => {
            let weights: Vec<i64> = serde_json::from_value(input["weights"].clone()).unwrap();
            let parts: Vec<i64> = serde_json::from_value(expected["parts"].clone()).unwrap();
            assert_eq!(allocate_proportionally(whole("amount"), &weights), Some(parts), "{what}");
        }
        _ => return false,
    }
    true
}

/// Metrics whose vectors another test proves of production.
const ELSEWHERE: [(&str, &str); 5] = [
    ("moving_average_cost", "crates/inventory/src/costing/core/pool.rs"),
    ("fifo_cost", "crates/inventory/src/costing/core/pool.rs"),
    ("fefo_allocation", "tests/servers/ledger/lots.rs"),
    ("abc", "tests/servers/moves/count_figures.rs"),
    ("shrinkage", "tests/servers/moves/count_figures.rs"),
];
/// Metrics that nothing in production computes yet: who builds one takes it from here, and proves it of what runs.
const NOT_BUILT: [&str; 16] = [
    "inventory_turnover",
    "days_of_supply",
    "days_sales_of_inventory",
    "stockout_rate",
    "lost_sales_estimate",
    "sell_through",
    "gmroi",
    "dead_stock",
    "xyz",
    "safety_stock_periodic_review",
    "eoq",
    "forecast_accuracy",
    "ses_forecast",
    "croston_sba",
    "tsb_forecast",
    "robust_z",
];

#[test]
fn the_published_vectors_hold_of_what_production_runs() {
    let Some(text) = crate::world::shared("data/inventory-vectors.json") else { return };
    let all: Value = serde_json::from_str(&text).unwrap();
    let mut ours = 0;
    for one in all["vectors"].as_array().unwrap() {
        let metric = one["metric"].as_str().unwrap();
        if check(metric, &one["input"], &one["expected"], &format!("{} {metric}", one["id"])) {
            ours += 1;
        } else {
            let is_known = NOT_BUILT.contains(&metric) || ELSEWHERE.iter().any(|(known, _)| *known == metric);
            assert!(is_known, "{metric}: nobody proves it");
        }
    }
    assert_eq!(ours, 8, "the vectors of purchasing");
    for (metric, file) in ELSEWHERE {
        let source = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        assert!(source.contains(metric), "{file} proves {metric} no more");
    }
}

#[test]
fn the_figures_of_the_books_hold_without_the_file() {
    assert!(
        (inverse_normal(0.95) - 1.644_853_627).abs() < 1e-8
            && (inverse_normal(0.5)).abs() < 1e-12
            && (inverse_normal(0.01) + 2.326_347_874).abs() < 1e-8
    );
    let demand = Demand { mean: 20.0, deviation: 6.0, lead_time: 7.0, lead_time_deviation: 1.5 };
    assert!((reorder_point(demand, safety_stock(0.95, demand)) - 195.828_183).abs() < 1e-6);
    assert_eq!(safety_stock(0.4, demand), 0.0, "below one half nothing is kept");
    assert_eq!((order_quantity(83, 90, 200, 48, 12), order_quantity(91, 90, 200, 48, 12)), (Some(120), Some(0)));
    // 71.167 and 26.111 are 97.28: 98 in whole units. Rounded up by themselves they would be 99.
    let uneven = Demand { mean: 305.0 / 30.0, deviation: 6.0, lead_time: 7.0, lead_time_deviation: 0.0 };
    let found = suggested(0.95, uneven, selling(uneven), None).unwrap();
    assert_eq!((found.reorder_point, found.safety_stock), (98, 27));
}
