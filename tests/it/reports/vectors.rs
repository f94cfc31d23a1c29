//! Published test vectors, run by the code of the reports.

use std::collections::HashMap;

use entity::prelude::ProductId;
use entrepot::{
    demand::core::round6,
    reports::core::{AbcClass, CountedLines, Fill, ProductSold, Productivity, XyzClass, classify_products},
};
use serde_json::{Value, json};
use uuid::Uuid;

fn numbers(filter: &Value) -> Vec<i64> {
    filter.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

fn stock(input: &Value, cost: &str) -> (Productivity, i64) {
    let values = numbers(&input["inventory_value_snapshots"]);
    let number = |name: &str| i128::from(input[name].as_i64().unwrap_or_default());
    let sums = Productivity {
        untaxed_net: number("net_sales"),
        cost: number(cost),
        value_sum: values.iter().map(|value| i128::from(*value)).sum(),
        ..Productivity::default()
    };
    (sums, values.len() as i64)
}

fn product(nth: usize, sku: &str, revenue: i64) -> ProductSold {
    ProductSold {
        product: ProductId::from_uuid(Uuid::from_u128(nth as u128 + 1)),
        sku: sku.to_owned(),
        revenue,
        units: 0,
        other_units: 0,
    }
}

fn abc_of(input: &Value) -> Value {
    let products = input["revenue"].as_object().unwrap().iter().enumerate();
    let sold = products.map(|(nth, (sku, revenue))| product(nth, sku, revenue.as_i64().unwrap())).collect();
    let word = |class| match class {
        AbcClass::A => "A",
        AbcClass::B => "B",
        AbcClass::C => "C",
    };
    let found = classify_products(sold, &HashMap::new(), None);
    json!({ "class": found.iter().map(|one| (one.sold.sku.clone(), json!(word(one.abc)))).collect::<serde_json::Map<_, _>>() })
}

fn xyz_of(input: &Value) -> Value {
    let word = |class| match class {
        XyzClass::X => "X",
        XyzClass::Y => "Y",
        XyzClass::Z => "Z",
    };
    let of = |(sku, weeks): (&String, &Value)| {
        let (weeks, sold) = (numbers(weeks), product(0, sku, 0));
        // Weeks without a sale have no row.
        let rows: Vec<(i32, i64)> =
            weeks.iter().enumerate().filter(|(_, units)| **units != 0).map(|(nth, units)| (4 + 7 * nth as i32, *units)).collect();
        let known = HashMap::from([(sold.product, rows)]);
        let found = classify_products(vec![sold], &known, Some((4, 4 + 7 * (weeks.len() as i32 - 1))));
        (sku.clone(), json!({ "cv": found[0].variation.map(round6), "class": word(found[0].xyz) }))
    };
    Value::Object(input["demand"].as_object().unwrap().iter().map(of).collect())
}

fn fill_of(input: &Value) -> Value {
    let mut sums = Fill::default();
    for order in input["orders"].as_array().unwrap() {
        let lines: Vec<(i64, i64)> = order.as_array().unwrap().iter().map(numbers).map(|pair| (pair[0], pair[1])).collect();
        sums.join(&Fill::of(&lines));
    }
    json!({ "unit": sums.unit_rate().map(round6), "line": sums.line_rate().map(round6), "order": sums.order_rate().map(round6) })
}

fn counts_of(input: &Value) -> Value {
    let mut sums = CountedLines::default();
    for pair in input["counts"].as_array().unwrap().iter().map(numbers) {
        sums.join(&CountedLines::of(pair[0], pair[1], input["tolerance"].as_i64().unwrap()));
    }
    json!({ "shrinkage": sums.shrinkage().map(round6), "accuracy": sums.accuracy().map(round6) })
}

#[test]
fn the_published_vectors_come_out_of_reports() {
    let Some(folder) = crate::world::data_folder() else { return };
    let all: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("inventory-vectors.json")).unwrap()).unwrap();
    let mut checked_count = 0;
    for vector in all["vectors"].as_array().unwrap() {
        let input = &vector["input"];
        let found = match vector["metric"].as_str().unwrap() {
            "inventory_turnover" => {
                let (sums, days) = stock(input, "cogs");
                json!({ "turnover": sums.turnover(days).map(round6) })
            }
            "days_sales_of_inventory" => {
                // The period has another number of days than of snapshots, so the sum is scaled to
                // the days.
                let (mut sums, snapshots) = stock(input, "cogs");
                let days = input["days"].as_i64().unwrap();
                sums.value_sum = sums.value_sum * i128::from(days) / i128::from(snapshots);
                json!({ "days": sums.days_of_inventory(days).map(round6) })
            }
            "gmroi" => {
                let (sums, days) = stock(input, "cogs");
                json!({ "gmroi": sums.gmroi(days).map(round6) })
            }
            "sell_through" => {
                let number = |name: &str| i128::from(input[name].as_i64().unwrap());
                let sums = Productivity {
                    opening: number("opening_on_hand"),
                    received: number("units_received"),
                    sold: number("units_sold"),
                    ..Productivity::default()
                };
                json!({ "rate": sums.sell_through(true).map(round6) })
            }
            "abc" => abc_of(input),
            "xyz" => xyz_of(input),
            "fill_rate" => fill_of(input),
            "shrinkage" => counts_of(input),
            _ => continue,
        };
        checked_count += 1;
        assert_eq!(found, vector["expected"], "{}", vector["id"]);
    }
    assert!(checked_count >= 10, "{checked_count}");
}
