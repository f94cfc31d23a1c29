//! The published vectors of the formulas, where they lie beside the repository; the figures that matter most stand here too.

use entrepot::purchasing::core::{
    Demand, allot, eoq, fill_rates, order_quantity, periodic_review, reorder_point, safety_stock, z,
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

fn check(metric: &str, input: &Value, expected: &Value, what: &str) -> bool {
    let number = |name: &str| input[name].as_f64().unwrap_or_else(|| panic!("{what}: {name}"));
    let whole = |name: &str| input[name].as_i64().unwrap_or_else(|| panic!("{what}: {name}"));
    let up = |units: f64| (units - 1e-9).ceil();
    match metric {
        "safety_stock" => {
            let stock = safety_stock(number("service_level"), demand(input));
            close(stock, &expected["safety_stock"], what);
            close(z(number("service_level")), &expected["z"], what);
            close(up(stock), &expected["units"], what);
        }
        "safety_stock_periodic_review" => {
            let (safety, target) = periodic_review(number("service_level"), demand(input), number("review_period"));
            close(safety, &expected["safety_stock"], what);
            close(target, &expected["order_up_to"], what);
            close(up(target), &expected["order_up_to_units"], what);
        }
        "reorder_point" => {
            let point = reorder_point(number("service_level"), demand(input));
            close(point, &expected["reorder_point"], what);
            close(up(point), &expected["units"], what);
            let position = whole("on_hand") + whole("on_order") - whole("backordered");
            assert_eq!(position, expected["inventory_position"].as_i64().unwrap(), "{what}");
            assert_eq!(position as f64 <= up(point), expected["reorder"].as_bool().unwrap(), "{what}");
        }
        "eoq" => {
            let found = eoq(number("annual_demand"), number("order_cost"), number("unit_cost"), number("holding_rate")).unwrap();
            close(found.0, &expected["eoq"], what);
            close(found.1, &expected["orders_per_year"], what);
            close(found.2, &expected["relevant_cost"], what);
        }
        "suggested_order_quantity" => {
            let at = |name: &str| whole(name);
            let found =
                order_quantity(at("inventory_position"), at("reorder_point"), at("target"), at("minimum_order"), at("pack_size"));
            assert_eq!(found, expected["quantity"].as_i64(), "{what}");
        }
        "fill_rate" => {
            let orders: Vec<Vec<(i64, i64)>> = serde_json::from_value(input["orders"].clone()).unwrap();
            let [unit, line, order] = fill_rates(&orders).map(Option::unwrap);
            close(unit, &expected["unit"], what);
            close(line, &expected["line"], what);
            close(order, &expected["order"], what);
        }
        "landed_cost_allocation" => {
            let weights: Vec<i64> = serde_json::from_value(input["weights"].clone()).unwrap();
            let parts: Vec<i64> = serde_json::from_value(expected["parts"].clone()).unwrap();
            assert_eq!(allot(whole("amount"), &weights), Some(parts), "{what}");
        }
        _ => return false,
    }
    true
}

#[test]
fn the_published_vectors_hold() {
    let Some(text) = crate::world::shared("data/inventory-vectors.json") else { return };
    let all: Value = serde_json::from_str(&text).unwrap();
    let vectors = all["vectors"].as_array().unwrap();
    let ours = vectors.iter().filter(|one| {
        let metric = one["metric"].as_str().unwrap();
        check(metric, &one["input"], &one["expected"], &format!("{} {metric}", one["id"]))
    });
    assert_eq!(ours.count(), 10, "the vectors of purchasing");
}

#[test]
fn the_figures_of_the_books_hold_without_the_file() {
    assert!((z(0.95) - 1.644_853_627).abs() < 1e-8 && (z(0.5)).abs() < 1e-12 && (z(0.01) + 2.326_347_874).abs() < 1e-8);
    let demand = Demand { mean: 20.0, deviation: 6.0, lead_time: 7.0, lead_time_deviation: 1.5 };
    assert!((reorder_point(0.95, demand) - 195.828_183).abs() < 1e-6);
    assert_eq!(safety_stock(0.4, demand), 0.0, "below one half nothing is kept");
    assert_eq!((order_quantity(83, 90, 200, 48, 12), order_quantity(91, 90, 200, 48, 12)), (Some(120), Some(0)));
    assert_eq!(eoq(12_000.0, 50.0, 0.0, 0.25), None, "what costs nothing to hold has no best size");
}
