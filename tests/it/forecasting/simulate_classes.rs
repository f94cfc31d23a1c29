//! Reorder policies against the past of whole classes.

use serde_json::{Value, json};

use super::{
    Trade,
    simulate::{shop, uneven},
};
use crate::{authorization::world::World, replenishment::desk::Desk, world::on_both};

on_both!(
    a_whole_class_is_simulated_at_once_with_its_totals,
    each_class_is_served_as_it_is_promised,
    more_products_than_are_simulated_at_once_are_refused,
);

const SIMULATE: &str = "query($i: StockSimulateInput!, $p: ProductFilter) { stockSimulate(input: $i, products: $p) {
  status why promisedServiceLevel leftOutProducts outcome { weeks } actual { days } totals { ...Totals } classes { ...Totals } } }
  fragment Totals on StockSimulationTotals { abcClass xyzClass from to weeks products promisedServiceLevel cycles serviceLevel fillRate demand met unmet
  unmetDays stockoutDays meanStock meanStockValues { amount } holdingCosts { amount } productsWithoutCost orders ordered }";

impl Trade<'_> {
    /// A policy with a lead time of two weeks, for what the input and a filter name.
    async fn simulate_together(&self, mut input: Value, products: Value) -> Value {
        input["store"] = self.books.office.store.clone();
        if input["policy"].is_null() {
            input["policy"] = json!({ "serviceLevel": 0.95, "leadTimeDays": 14 });
        }
        self.books.office.execute(SIMULATE, json!({ "i": input, "p": products })).await
    }
}

fn number(totals: &Value, name: &str) -> f64 {
    totals[name].as_f64().unwrap_or_else(|| panic!("{name}: {totals:#}"))
}
fn amount(totals: &Value, name: &str) -> f64 {
    totals[name][0]["amount"].as_str().unwrap_or_else(|| panic!("{name}: {totals:#}")).parse().unwrap()
}

async fn a_whole_class_is_simulated_at_once_with_its_totals(world: &World) {
    let (trade, products) = shop(world, uneven).await;
    let answer = trade.simulate_together(json!({}), Value::Null).await;
    let found = &answer["data"]["stockSimulate"];
    let totals = &found["totals"];
    assert_eq!(
        (&found["status"], &found["outcome"], &found["actual"]),
        (&json!("READY"), &Value::Null, &Value::Null),
        "{answer:#}"
    );
    assert_eq!((&found["leftOutProducts"], &totals["products"], &totals["abcClass"]), (&json!(0), &json!(12), &Value::Null));
    assert_eq!((&totals["promisedServiceLevel"], &found["promisedServiceLevel"]), (&json!(0.95), &json!(0.95)));
    let cycles = totals["weeks"].as_i64().map(|weeks| 12 * weeks);
    assert_eq!(totals["cycles"].as_i64(), cycles, "a review each week: {totals:#}");
    // All of them together are what each is alone.
    let mut alone = [0.0; 6];
    for product in &products {
        let outcome = trade.simulate(product, json!({ "serviceLevel": 0.95, "leadTimeDays": 14 })).await["outcome"].clone();
        assert_eq!((&outcome["from"], &outcome["to"]), (&totals["from"], &totals["to"]), "{outcome:#}");
        for (sum, name) in alone.iter_mut().zip(["demand", "met", "orders", "meanStock", "unmetDays", "stockoutDays"]) {
            *sum += number(&outcome, name);
        }
    }
    for (sum, name) in alone.into_iter().zip(["demand", "met", "orders", "meanStock", "unmetDays", "stockoutDays"]) {
        assert!((sum - number(totals, name)).abs() < 0.001, "{name}: {sum} {totals:#}");
    }
    // Stock costs 2.00 a unit, and holding it a quarter of that a year.
    let value = 2.0 * number(totals, "meanStock");
    assert!((amount(totals, "meanStockValues") - value).abs() < 0.01, "{totals:#}");
    assert!((amount(totals, "holdingCosts") - value * 0.25 * number(totals, "weeks") / 52.0).abs() < 0.01, "{totals:#}");
    assert_eq!(totals["productsWithoutCost"], 0);
    // The classes cover all products, and each can be simulated alone.
    let classes = found["classes"].as_array().unwrap();
    let sum = |name: &str| classes.iter().filter_map(|class| class[name].as_i64()).sum::<i64>();
    assert!(classes.len() > 1 && sum("products") == 12, "{found:#}");
    assert_eq!(Some(sum("orders")), totals["orders"].as_i64(), "{found:#}");
    for class in classes {
        assert_eq!(class["xyzClass"], "X", "products of 6 to 14 a week are even: {class:#}");
        let answer = trade.simulate_together(json!({ "abcClass": class["abcClass"], "xyzClass": "X" }), Value::Null).await;
        let own = &answer["data"]["stockSimulate"];
        assert_eq!((&own["classes"], &own["totals"]["meanStock"]), (&json!([class]), &class["meanStock"]), "{answer:#}");
    }
    // A filter of products, and a class that contains none of them.
    let answer = trade.simulate_together(json!({}), json!({ "sku": { "in": ["TEA0", "TEA1"] } })).await;
    assert_eq!(answer["data"]["stockSimulate"]["totals"]["products"], 2, "{answer:#}");
    let answer = trade.simulate_together(json!({ "xyzClass": "Z" }), Value::Null).await;
    let none = &answer["data"]["stockSimulate"];
    assert_eq!(
        (&none["status"], &none["totals"], &none["classes"]),
        (&json!("NO_DEMAND"), &Value::Null, &json!([])),
        "{answer:#}"
    );
    // Costs are shown only to callers with the right to see them.
    let clerk = trade.books.office.as_caller(world.ours.owner_with(&["report.read", "store.read"]));
    let input = json!({ "store": trade.books.office.store, "policy": { "leadTimeDays": 14 } });
    let answer = clerk.execute(SIMULATE, json!({ "i": input })).await;
    let masked = ["meanStockValues", "holdingCosts", "productsWithoutCost"];
    let totals = &answer["data"]["stockSimulate"]["totals"];
    assert_eq!((totals["products"].as_i64(), masked.map(|name| &totals[name])), (Some(12), [&Value::Null; 3]), "{answer:#}");
    one_product_is_simulated_alone(&trade, &products[0]).await;
}

async fn one_product_is_simulated_alone(trade: &Trade<'_>, product: &Value) {
    let refused = async |input: Value, products: Value, field: Value| {
        let answer = trade.simulate_together(input, products).await;
        let error = &answer["errors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!("BAD_USER_INPUT"), &field), "{answer:#}");
    };
    refused(json!({ "product": product, "abcClass": "A" }), Value::Null, json!(["input", "abcClass"])).await;
    refused(json!({ "product": product, "xyzClass": "X" }), Value::Null, json!(["input", "xyzClass"])).await;
    refused(json!({ "product": product }), json!({ "sku": { "eq": "TEA0" } }), json!(["products"])).await;
}

async fn each_class_is_served_as_it_is_promised(world: &World) {
    let (trade, _) = shop(world, uneven).await;
    let service = json!({ "policy": { "kind": "SERVICE", "leadTimeDays": 14 } });
    let answer = trade.simulate_together(service, Value::Null).await;
    let found = &answer["data"]["stockSimulate"];
    assert_eq!(
        (&found["totals"]["promisedServiceLevel"], &found["promisedServiceLevel"]),
        (&Value::Null, &json!(0.0)),
        "{answer:#}"
    );
    for class in found["classes"].as_array().unwrap() {
        let level = match class["abcClass"].as_str().unwrap() {
            "A" => 0.98,
            "B" => 0.95,
            _ => 0.9,
        };
        assert_eq!(class["promisedServiceLevel"], level, "{class:#}");
    }
    // A higher service level for the same products meets more demand and holds more stock.
    let by = async |level: f64| {
        let policy = json!({ "policy": { "serviceLevel": level, "leadTimeDays": 14 } });
        trade.simulate_together(policy, Value::Null).await["data"]["stockSimulate"]["totals"].clone()
    };
    let (low, high) = (by(0.6).await, by(0.99).await);
    for name in ["fillRate", "serviceLevel", "meanStock"] {
        assert!(number(&low, name) < number(&high, name), "{name}: {low:#} {high:#}");
    }
    assert!(amount(&low, "holdingCosts") < amount(&high, "holdingCosts"), "{low:#} {high:#}");
}

async fn more_products_than_are_simulated_at_once_are_refused(world: &World) {
    let desk = Desk::of(world).await;
    let mut products = Vec::new();
    for nth in 0..101 {
        products.push(desk.books.office.product(&format!("CUP{nth}"), "2.00").await);
    }
    desk.forecast(&products.iter().collect::<Vec<_>>()).await;
    let run_query = async |method: &str, products: Value| {
        let policy = json!({ "leadTimeDays": 14, "safetyStockMethod": method });
        let variables = json!({ "i": { "store": desk.books.office.store, "policy": policy }, "p": products });
        desk.books.office.execute(SIMULATE, variables).await["data"]["stockSimulate"].clone()
    };
    let found = run_query("FILL_RATE", Value::Null).await;
    assert_eq!((&found["status"], &found["totals"]), (&json!("TOO_MANY_PRODUCTS"), &Value::Null), "{found:#}");
    let reason = found["why"].as_str().unwrap();
    assert!(reason.contains("101") && reason.contains("At most 100"), "{reason}");
    // One product fewer, or a cheaper method, is accepted: the products have no demand yet.
    let others = run_query("FILL_RATE", json!({ "not": { "sku": { "eq": "CUP0" } } })).await;
    assert_eq!(others["status"], "NO_DEMAND", "{others:#}");
    assert_eq!(run_query("QUANTILE", Value::Null).await["status"], "NO_DEMAND");
    // Deliveries that were measured take longer to work out, where a level is promised.
    let measured = async |policy: Value| {
        let input = json!({ "store": desk.books.office.store, "policy": policy });
        desk.books.office.execute(SIMULATE, json!({ "i": input })).await["data"]["stockSimulate"].clone()
    };
    let found = measured(json!({})).await;
    let reason = found["why"].as_str().unwrap();
    assert_eq!(found["status"], "TOO_MANY_PRODUCTS", "{found:#}");
    assert!(reason.contains("At most 20") && reason.contains("Give leadTimeDays"), "{reason}");
    assert_eq!(measured(json!({ "kind": "MIN_MAX", "reorderPoint": 9 })).await["status"], "NO_DEMAND");
}
