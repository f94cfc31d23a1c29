//! The published vectors of the formulas that this crate has, null cases included.

#![expect(clippy::unwrap_used, reason = "a test, or a tool of developers: it may panic")]

mod shared;

use std::collections::BTreeMap;

use forecast::{
    abc::{AbcClass, rank_by_revenue},
    accuracy::{ScoredForecast, accuracy},
    anomaly::{Z_THRESHOLD, robust_z},
    intervals::{LeadTimeDemand, SumPools},
    models::{croston, ses, tsb},
    ratios::{StockOuts, days_of_supply, days_sales_of_inventory, gmroi, is_dead, lost_units, sell_through, turnover},
    reorder::{
        DemandOutlook, LeadTime, Levels, NormalDemand, Policy, SafetyMethod, Terms, WeeklyUnits, economic_order,
        normal_reorder_point, order_quantity, order_up_to, periodic_safety_stock, safety_stock, whole_units, z,
    },
    xyz::classify_variation,
};
use serde_json::Value;

/// Absolute tolerance up to 1, relative above, as the file defines; null matches null only.
fn close(found: Option<f64>, expected: &Value, what: &str) {
    match (found, expected.as_f64()) {
        (None, None) if expected.is_null() => {}
        (Some(found), Some(expected)) => {
            assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{what}: {found} instead of {expected}");
        }
        other => panic!("{what}: {other:?}"),
    }
}

/// An input and its expected result.
struct Vector<'a> {
    input: &'a Value,
    expected: &'a Value,
    what: String,
}

impl Vector<'_> {
    fn number(&self, name: &str) -> f64 {
        self.input[name].as_f64().unwrap_or_else(|| panic!("{}: {name}", self.what))
    }
    fn whole(&self, name: &str) -> i64 {
        self.input[name].as_i64().unwrap_or_else(|| panic!("{}: {name}", self.what))
    }
    fn numbers(&self, name: &str) -> Vec<f64> {
        serde_json::from_value(self.input[name].clone()).unwrap()
    }
    fn is(&self, found: Option<f64>, name: &str) {
        assert!(self.expected.get(name).is_some(), "{}: {name} is expected", self.what);
        close(found, &self.expected[name], &format!("{} {name}", self.what));
    }
    fn units(&self, found: f64, name: &str) {
        assert_eq!(Some(whole_units(found)), self.expected[name].as_i64(), "{} {name}", self.what);
    }
    fn demand(&self) -> NormalDemand {
        NormalDemand {
            mean: self.number("mean_demand"),
            deviation: self.number("sd_demand"),
            lead_time: self.number("lead_time"),
            lead_time_deviation: self.input["sd_lead_time"].as_f64().unwrap_or_default(),
        }
    }
}

/// The levels of a policy of normal theory, whose weeks are seven of the vector's days. A lead time that varies is one of six deliveries.
fn by_normal_policy(v: &Vector<'_>, policy: Policy) -> Levels {
    let NormalDemand { mean, deviation, lead_time, lead_time_deviation } = v.demand();
    let days = [lead_time - lead_time_deviation, lead_time + lead_time_deviation].repeat(3);
    let (path, none) = ([mean * 7.0], SumPools::default());
    let demand = LeadTimeDemand { path: &path, scale: 1.0, pools: &none, days: None };
    let safety = SafetyMethod::Normal { deviation: deviation * 7.0_f64.sqrt() };
    let lead = LeadTime::Measured { days: &days, stated: lead_time };
    DemandOutlook { demand, lead, safety, known: WeeklyUnits::default() }.levels(policy).unwrap()
}

fn check(metric: &str, vector: &Vector<'_>) -> bool {
    check_stock(metric, vector) || check_orders(metric, vector) || check_forecasts(metric, vector)
}

fn check_stock(metric: &str, v: &Vector<'_>) -> bool {
    match metric {
        "inventory_turnover" => v.is(turnover(v.number("cogs"), &v.numbers("inventory_value_snapshots")), "turnover"),
        "days_of_supply" => v.is(days_of_supply(v.number("on_hand"), v.number("units_sold"), v.number("days")), "days"),
        "days_sales_of_inventory" => {
            v.is(days_sales_of_inventory(v.number("cogs"), &v.numbers("inventory_value_snapshots"), v.number("days")), "days");
        }
        "stockout_rate" => {
            let closing: BTreeMap<String, Vec<i64>> = serde_json::from_value(v.input["closing_on_hand_by_sku"].clone()).unwrap();
            let found = StockOuts::of(closing.values().map(Vec::as_slice));
            v.is(Some(found.out as f64), "stockout_sku_days");
            v.is(Some(found.days as f64), "active_sku_days");
            v.is(found.rate(), "rate");
        }
        "lost_sales_estimate" => {
            let closing: Vec<i64> = serde_json::from_value(v.input["closing_on_hand"].clone()).unwrap();
            let days: Vec<(f64, i64)> = v.numbers("daily_sales").into_iter().zip(closing).collect();
            let found = lost_units(&days, v.number("substitution_share"));
            v.is(found, "lost_units");
            v.is(found.map(|units| units * v.number("unit_price")), "lost_revenue");
        }
        "sell_through" => {
            v.is(sell_through(v.number("opening_on_hand"), v.number("units_received"), v.number("units_sold")), "rate");
        }
        "gmroi" => v.is(gmroi(v.number("net_sales"), v.number("cogs"), &v.numbers("inventory_value_snapshots")), "gmroi"),
        "dead_stock" => {
            let dead = |item: &&Value| {
                let days = |name: &str| item[name].as_u64().map(|days| days as u32);
                let since_receipt = days("days_since_first_receipt").unwrap();
                is_dead(
                    item["on_hand"].as_i64().unwrap(),
                    days("days_since_last_sale"),
                    since_receipt,
                    v.whole("threshold_days") as u32,
                )
            };
            let found: Vec<&Value> = v.input["items"].as_array().unwrap().iter().filter(dead).collect();
            let skus: Vec<&str> = found.iter().map(|item| item["sku"].as_str().unwrap()).collect();
            assert_eq!(serde_json::json!(skus), v.expected["skus"], "{}", v.what);
            let value: i64 =
                found.iter().map(|item| item["on_hand"].as_i64().unwrap() * item["unit_cost"].as_i64().unwrap()).sum();
            v.is(Some(value as f64), "value");
        }
        "abc" => {
            let revenue: BTreeMap<String, i64> = serde_json::from_value(v.input["revenue"].clone()).unwrap();
            let items: Vec<(&str, i64)> = revenue.iter().map(|(sku, revenue)| (sku.as_str(), *revenue)).collect();
            let name = |class: AbcClass| format!("{class:?}");
            let found: BTreeMap<&str, String> =
                rank_by_revenue(&items).iter().map(|one| (items[one.item].0, name(one.class))).collect();
            assert_eq!(serde_json::json!(found), v.expected["class"], "{}", v.what);
        }
        "xyz" => {
            for (sku, expected) in v.expected.as_object().unwrap() {
                let weeks: Vec<f64> = serde_json::from_value(v.input["demand"][sku].clone()).unwrap();
                let (variation, class) = classify_variation(&weeks);
                close(variation, &expected["cv"], &v.what);
                assert_eq!(Some(format!("{class:?}").as_str()), expected["class"].as_str(), "{} {sku}", v.what);
            }
        }
        _ => return false,
    }
    true
}

fn check_orders(metric: &str, v: &Vector<'_>) -> bool {
    match metric {
        "safety_stock" => {
            let found = safety_stock(v.number("service_level"), v.demand());
            v.is(z(v.number("service_level")), "z");
            v.is(found, "safety_stock");
            v.units(found.unwrap(), "units");
            let policy = Policy::ReorderPoint { service: v.number("service_level"), cover_days: 0.0, economic: None };
            let NormalDemand { mean, lead_time, .. } = v.demand();
            v.is(Some(by_normal_policy(v, policy).point - mean * lead_time), "safety_stock");
        }
        "safety_stock_periodic_review" => {
            let review = v.number("review_period");
            let found = periodic_safety_stock(v.number("service_level"), v.demand(), review);
            let up_to = order_up_to(v.demand(), review, found.unwrap());
            v.is(found, "safety_stock");
            v.is(Some(up_to), "order_up_to");
            v.units(up_to, "order_up_to_units");
            let policy = Policy::Periodic { service: v.number("service_level"), review_days: review };
            let by_policy = by_normal_policy(v, policy).up_to;
            v.is(Some(by_policy), "order_up_to");
            v.units(by_policy, "order_up_to_units");
        }
        "reorder_point" => {
            let found = normal_reorder_point(v.demand(), safety_stock(v.number("service_level"), v.demand()).unwrap());
            v.is(Some(found), "reorder_point");
            v.units(found, "units");
            let policy = Policy::ReorderPoint { service: v.number("service_level"), cover_days: 0.0, economic: None };
            v.is(Some(by_normal_policy(v, policy).point), "reorder_point");
            let position = v.whole("on_hand") + v.whole("on_order") - v.whole("backordered");
            v.is(Some(position as f64), "inventory_position");
            assert_eq!(Some(position <= whole_units(found)), v.expected["reorder"].as_bool(), "{}", v.what);
        }
        "eoq" => {
            let found = economic_order(
                v.number("annual_demand"),
                v.number("order_cost"),
                v.number("unit_cost"),
                v.number("holding_rate"),
            );
            v.is(found.map(|one| one.units), "eoq");
            v.is(found.map(|one| one.orders_per_year), "orders_per_year");
            v.is(found.map(|one| one.yearly_cost), "relevant_cost");
        }
        "suggested_order_quantity" => {
            let terms = Terms { minimum: v.whole("minimum_order"), pack: v.whole("pack_size"), breaks: None, shelf: None };
            let found = order_quantity(v.whole("inventory_position"), v.whole("reorder_point"), v.whole("target"), &terms);
            assert_eq!(found, v.expected["quantity"].as_i64(), "{}", v.what);
        }
        _ => return false,
    }
    true
}

fn check_forecasts(metric: &str, v: &Vector<'_>) -> bool {
    match metric {
        "forecast_accuracy" => {
            let weeks = v.numbers("actual").into_iter().zip(v.numbers("forecast"));
            let scored: Vec<ScoredForecast> = weeks.map(|(actual, forecast)| ScoredForecast { actual, forecast }).collect();
            let found = accuracy(&v.numbers("train"), &scored);
            v.is(found.wape, "wape");
            v.is(found.smape, "smape");
            v.is(found.mase, "mase");
            v.is(found.bias, "bias");
        }
        "ses_forecast" => v.is(Some(ses(&v.numbers("y"), v.number("alpha"))), "forecast"),
        "croston_sba" => {
            let found = croston(&v.numbers("y"), v.number("alpha"));
            v.is(Some(found.croston()), "croston");
            v.is(Some(found.sba()), "sba");
        }
        "tsb_forecast" => v.is(Some(tsb(&v.numbers("y"), v.number("alpha_d"), v.number("alpha_p")).0), "forecast"),
        "robust_z" => {
            let found = robust_z(&v.numbers("history"), v.number("x"));
            v.is(found, "z");
            assert_eq!(Some(found.unwrap().abs() >= Z_THRESHOLD), v.expected["flag"].as_bool(), "{}", v.what);
        }
        _ => return false,
    }
    true
}

/// Metrics of documents and of money, which are tested in the rooms that compute them.
const ELSEWHERE: [&str; 6] =
    ["fill_rate", "moving_average_cost", "fifo_cost", "fefo_allocation", "landed_cost_allocation", "shrinkage"];

#[test]
fn the_published_vectors_hold() {
    let Some(bytes) = shared::bytes("inventory-vectors.json") else { return };
    let all: Value = serde_json::from_slice(&bytes).unwrap();
    let (mut ours, mut others) = (0, 0);
    for one in all["vectors"].as_array().unwrap() {
        let metric = one["metric"].as_str().unwrap();
        let vector = Vector { input: &one["input"], expected: &one["expected"], what: format!("{} {metric}", one["id"]) };
        if check(metric, &vector) {
            ours += 1;
        } else {
            assert!(ELSEWHERE.contains(&metric), "{metric}: nobody proves it");
            others += 1;
        }
    }
    assert_eq!((ours, others), (26, 9), "35 vectors");
}
