//! Reorder policies against the past.

use entrepot::access::{Permission, Reach, kind};
use serde_json::{Value, json};

use super::{DAY, Trade};
use crate::{
    authorization::world::World,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    a_policy_keeps_what_it_promises_and_a_higher_promise_holds_more_stock,
    a_lead_time_of_twelve_weeks_orders_before_the_demand_ends,
    a_history_that_is_too_short_is_refused_with_the_reason,
    a_manager_of_another_shop_simulates_nothing,
    arguments_of_simulations_are_checked,
);

const SIMULATE: &str = "query($i: StockSimulateInput!) { stockSimulate(input: $i) { status why promisedServiceLevel outcome {
  from to weeks serviceLevel fillRate demand met unmet unmetDays stockoutDays stockoutWeeks meanStock meanStockValue { amount } peakStock orders ordered }
  actual { days stockoutDays serviceLevel stockoutWeeks meanStock meanStockValue { amount } receipts received }
  naiveOutcome { from to demand met fillRate meanStock } } }";

/// Number of products of one shop, each with demand in every week.
const PRODUCTS: usize = 12;
const WEEKS: i64 = 52;

/// A shop whose twelve products were in stock for a year; `sold` has the units of each by its number and the week.
pub(super) async fn shop(world: &World, sold: impl Fn(usize, i64) -> i64) -> (Trade<'_>, Vec<Value>) {
    let trade = Trade::of(world).await;
    let mut products = Vec::new();
    for nth in 0..PRODUCTS {
        let product = trade.books.office.product(&format!("TEA{nth}"), "2.00").await;
        trade.receive(&product, 10_000, 7 * (WEEKS + 1)).await;
        products.push(product);
    }
    for week in 0..WEEKS {
        let line = |nth: usize| json!({ "product": products[nth], "quantity": sold(nth, week), "unitPrice": gbp("9.00") });
        let lines: Vec<Value> = (0..PRODUCTS).filter(|nth| sold(*nth, week) > 0).map(line).collect();
        if lines.is_empty() {
            continue;
        }
        let input = json!({ "idempotencyKey": key(), "store": trade.books.office.store, "status": "FULFILLED",
            "placedAt": days_ago(world, 7 * (WEEKS - week)), "lines": lines });
        accepted(&trade.books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    }
    trade.run(0).await.unwrap();
    (trade, products)
}

/// 6 to 14 units a week, without a pattern.
pub(super) fn uneven(nth: usize, week: i64) -> i64 {
    let mixed = (nth as u64 * 1_000 + week as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    6 + (mixed >> 40) as i64 % 9
}

impl Trade<'_> {
    pub(super) async fn simulate(&self, product: &Value, policy: Value) -> Value {
        let input = json!({ "product": product, "store": self.books.office.store, "policy": policy });
        let answer = self.books.office.execute(SIMULATE, json!({ "i": input })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["stockSimulate"].clone()
    }
}

async fn a_policy_keeps_what_it_promises_and_a_higher_promise_holds_more_stock(world: &World) {
    let (trade, products) = shop(world, uneven).await;
    let policy = |level: f64| json!({ "serviceLevel": level, "leadTimeDays": 14 });
    let (mut served, mut cycles, mut missed, mut naively_missed) = (0.0, 0.0, 0, 0);
    for product in &products {
        let found = trade.simulate(product, policy(0.95)).await;
        assert_eq!((&found["status"], &found["promisedServiceLevel"]), (&json!("READY"), &json!(0.95)), "{found:#}");
        let outcome = &found["outcome"];
        let weeks = outcome["weeks"].as_f64().unwrap();
        served += outcome["serviceLevel"].as_f64().unwrap() * weeks;
        cycles += weeks;
        assert!(outcome["fillRate"].as_f64().unwrap() >= 0.95, "{found:#}");
        let unmet = outcome["demand"].as_i64().unwrap() - outcome["met"].as_i64().unwrap();
        assert_eq!(outcome["unmet"], unmet, "{found:#}");
        for figure in ["stockoutWeeks", "unmetDays"] {
            assert_eq!(unmet > 0, outcome[figure].as_i64().unwrap() > 0, "{figure}: {found:#}");
        }
        // The shop bought a year's demand at once: it was never out of stock, and held far more
        // than under the policy.
        let actual = &found["actual"];
        let short = ["stockoutDays", "stockoutWeeks", "receipts", "received"].map(|name| &actual[name]);
        assert_eq!((&actual["days"], short), (&json!(7 * weeks as i64), [&json!(0); 4]), "{found:#}");
        assert_eq!(actual["serviceLevel"], 1.0, "{found:#}");
        for held in [outcome, actual] {
            let value: f64 = held["meanStockValue"]["amount"].as_str().unwrap().parse().unwrap();
            assert!((value - 2.0 * held["meanStock"].as_f64().unwrap()).abs() < 0.01, "at 2.00 a unit: {found:#}");
        }
        assert!(actual["meanStock"].as_f64().unwrap() > 10.0 * outcome["meanStock"].as_f64().unwrap(), "{found:#}");
        // The naive policy is simulated over the same weeks and the same demand.
        let naive = &found["naiveOutcome"];
        for figure in ["from", "to", "demand"] {
            assert_eq!(naive[figure], outcome[figure], "{figure}: {found:#}");
        }
        assert!(naive["meanStock"].as_f64().unwrap() < outcome["meanStock"].as_f64().unwrap(), "{found:#}");
        missed += unmet;
        naively_missed += naive["demand"].as_i64().unwrap() - naive["met"].as_i64().unwrap();
    }
    assert!(served / cycles >= 0.90, "{served} of {cycles} weeks were served");
    assert!(naively_missed > missed, "the mean of four weeks is no promise: {naively_missed} {missed}");
    let (low, high) = (trade.simulate(&products[0], policy(0.6)).await, trade.simulate(&products[0], policy(0.99)).await);
    for figure in ["meanStock", "peakStock"] {
        let of = |found: &Value| found["outcome"][figure].as_f64().unwrap();
        assert!(of(&high) > of(&low), "{figure}: {low:#} {high:#}");
    }
    // Orders come in packs, and only at a review.
    let packed = trade.simulate(&products[0], json!({ "leadTimeDays": 14, "reviewDays": 28, "packSize": 12 })).await;
    let (orders, ordered) = (&packed["outcome"]["orders"], packed["outcome"]["ordered"].as_i64().unwrap());
    assert!(ordered > 0 && ordered % 12 == 0, "{packed:#}");
    assert!(orders.as_i64().unwrap() <= packed["outcome"]["weeks"].as_i64().unwrap() / 4 + 1, "{packed:#}");
    each_kind_of_policy_is_judged_before_it_is_set(&trade, &products[0]).await;
    // Costs are shown only to callers with the right to see them.
    let input = json!({ "product": products[0], "store": trade.books.office.store, "policy": policy(0.95) });
    let clerk = trade.books.office.as_caller(world.ours.owner_with(&["report.read", "store.read"]));
    let answer = clerk.execute(SIMULATE, json!({ "i": input })).await;
    let found = &answer["data"]["stockSimulate"];
    for held in [&found["outcome"], &found["actual"]] {
        assert_eq!((held["meanStock"].is_number(), &held["meanStockValue"]), (true, &Value::Null), "{answer:#}");
    }
    // A range of days limits the counted weeks to those within it.
    let now = world.node.clock.now().micros().div_euclid(DAY);
    let day = |days: i64| entrepot::clock::day_text((now - days) as i32);
    let input = json!({ "product": products[0], "store": trade.books.office.store, "policy": policy(0.95), "from": day(42), "to": day(14) });
    let answer = trade.books.office.execute(SIMULATE, json!({ "i": input })).await;
    let outcome = &answer["data"]["stockSimulate"]["outcome"];
    assert!((3..=4).contains(&outcome["weeks"].as_i64().unwrap()), "{answer:#}");
    assert!(outcome["from"].as_str().unwrap() >= day(42).as_str() && outcome["to"].as_str().unwrap() <= day(14).as_str());
}

async fn each_kind_of_policy_is_judged_before_it_is_set(trade: &Trade<'_>, tea: &Value) {
    let played = async |mut policy: Value| {
        policy["leadTimeDays"] = json!(14);
        let found = trade.simulate(tea, policy).await;
        assert_eq!(found["status"], "READY", "{found:#}");
        found
    };
    let figure = |found: &Value, name: &str| found["outcome"][name].as_f64().unwrap_or_else(|| panic!("{name}: {found:#}"));
    let named = played(json!({ "kind": "PERIODIC", "safetyStockMethod": "QUANTILE" })).await;
    assert_eq!(named, played(json!({})).await, "the kind that is played where none is named");
    // At 5 a delivery of two weeks comes too late; few large orders hold more stock.
    let point =
        async |point: i64, maximum: i64| played(json!({ "kind": "MIN_MAX", "reorderPoint": point, "maximum": maximum })).await;
    let (low, fair, high) = (point(5, 65).await, point(40, 100).await, point(100, 400).await);
    assert!(figure(&low, "fillRate") < 0.95 && figure(&fair, "fillRate") > figure(&low, "fillRate"), "{low:#} {fair:#}");
    assert!(
        figure(&high, "orders") < figure(&fair, "orders") && figure(&high, "meanStock") > figure(&fair, "meanStock"),
        "{high:#}"
    );
    assert_eq!((&fair["promisedServiceLevel"], &high["outcome"]["serviceLevel"]), (&json!(0.0), &json!(1.0)), "{high:#}");
    // Four weeks of mean demand above the lead time's are never sold while a delivery is under way.
    let days = async |safety: i32| played(json!({ "kind": "TARGET_DAYS", "safetyDays": safety, "targetDays": 28 })).await;
    let (bare, safe) = (days(0).await, days(28).await);
    assert!(figure(&bare, "meanStock") < figure(&safe, "meanStock"), "{bare:#} {safe:#}");
    assert_eq!(safe["outcome"]["fillRate"], 1.0, "{safe:#}");
    // The service level of the product's class, and the stock that each method keeps for it: a fill
    // rate needs less where orders are large.
    let query = "query($p: ProductRef!, $s: StoreRef) { forecast(product: $p, store: $s) { abcClass xyzClass } }";
    let variables = json!({ "p": tea, "s": trade.books.office.store });
    let of = trade.books.office.execute(query, variables).await["data"]["forecast"].clone();
    let level = match (of["abcClass"].as_str().unwrap(), of["xyzClass"].as_str().unwrap()) {
        ("A", "X") => 0.98,
        ("B", "X") => 0.95,
        ("C", "X") => 0.9,
        other => panic!("a product of 6 to 14 a week is even: {other:?}"),
    };
    let service = played(json!({ "kind": "SERVICE", "coverDays": 56 })).await;
    assert_eq!(service["promisedServiceLevel"], level, "{service:#}");
    let by = async |method: &str, level: f64| {
        let policy = json!({ "kind": "REORDER_POINT", "serviceLevel": level, "coverDays": 56, "safetyStockMethod": method });
        played(policy).await
    };
    assert_eq!(by("QUANTILE", level).await["outcome"], service["outcome"]);
    let (cycles, units) = (by("QUANTILE", 0.95).await, by("FILL_RATE", 0.95).await);
    // These products sell on one day of the week, so that an order goes out half a week's demand below its point: a little less is met than is promised.
    assert!(
        figure(&units, "meanStock") < figure(&cycles, "meanStock") && figure(&units, "fillRate") >= 0.85,
        "{units:#} {cycles:#}"
    );
    let (low, high) = (by("NORMAL", 0.6).await, by("NORMAL", 0.99).await);
    assert!(figure(&low, "meanStock") < figure(&high, "meanStock"), "{low:#} {high:#}");
}

async fn a_lead_time_of_twelve_weeks_orders_before_the_demand_ends(world: &World) {
    // Ten a week of each; the first one has no demand in the last eight weeks.
    let sold = |nth: usize, week: i64| if nth == 0 && week >= WEEKS - 8 { 0 } else { 10 };
    let (trade, products) = shop(world, sold).await;
    let peak = async |weeks: i64| {
        let found = trade.simulate(&products[0], json!({ "serviceLevel": 0.9, "leadTimeDays": 7 * weeks })).await;
        assert_eq!(found["status"], "READY", "{found:#}");
        found["outcome"]["peakStock"].as_i64().unwrap()
    };
    let (short, long) = (peak(1).await, peak(12).await);
    // Orders of the last twelve weeks go on arriving: ten units a week, where a lead time of one
    // week has two such weeks.
    assert!(long >= 70 && long >= short + 40, "{short} {long}");
}

async fn a_history_that_is_too_short_is_refused_with_the_reason(world: &World) {
    let trade = Trade::of(world).await;
    let (mug, lone) = (trade.books.office.product("MUG", "2.00").await, trade.books.office.product("LONE", "2.00").await);
    let nothing = trade.simulate(&mug, json!({ "leadTimeDays": 14 })).await;
    assert_eq!(
        (&nothing["status"], &nothing["outcome"], &nothing["naiveOutcome"]),
        (&json!("NO_DEMAND"), &Value::Null, &Value::Null),
        "{nothing:#}"
    );
    trade.receive(&mug, 100, 15).await;
    trade.receive(&lone, 1_000, 7 * 21).await;
    trade.sell_weekly(&mug, &[10]).await;
    trade.sell_weekly(&lone, &[10; 20]).await;
    trade.run(0).await.unwrap();
    let found = trade.simulate(&mug, json!({ "leadTimeDays": 14 })).await;
    assert_eq!((&found["status"], &found["outcome"]), (&json!("HISTORY_TOO_SHORT"), &Value::Null), "{found:#}");
    let reason = found["why"].as_str().unwrap();
    assert!(reason.contains("known of the product: 1.") && reason.contains("need 12:"), "{reason}");
    // Twenty weeks of history, and too few forecasts of the shop to learn errors from.
    let found = trade.simulate(&lone, json!({ "leadTimeDays": 14 })).await;
    assert_eq!(found["status"], "HISTORY_TOO_SHORT", "{found:#}");
    assert!(found["why"].as_str().unwrap().contains("too few errors of earlier forecasts"), "{found:#}");
}

async fn a_manager_of_another_shop_simulates_nothing(world: &World) {
    let trade = Trade::of(world).await;
    let (mug, annex) = (trade.books.office.product("MUG", "2.00").await, trade.books.office.new_store("ANNEX").await);
    let of = |store: &Value| {
        let mut caller = world.ours.owner_with(&["store.read"]);
        caller.permissions.grant(kind::ReportRead::INDEX, &Reach::stores([store["id"].as_str().unwrap().parse().unwrap()]));
        caller
    };
    let dock = trade.books.office.store.clone();
    let input = json!({ "i": { "product": mug, "store": dock, "policy": { "leadTimeDays": 14 } } });
    let own = trade.books.office.as_caller(of(&dock)).execute(SIMULATE, input.clone()).await;
    assert_eq!(own["data"]["stockSimulate"]["status"], "NO_DEMAND", "{own:#}");
    let theirs = trade.books.office.as_caller(of(&annex)).execute(SIMULATE, input.clone()).await;
    assert_eq!(theirs["errors"][0]["code"], "BAD_USER_INPUT", "{theirs:#}");
    let none = trade.books.office.as_caller(world.ours.owner_with(&["store.read"])).execute(SIMULATE, input).await;
    assert_eq!(none["errors"][0]["code"], "FORBIDDEN", "{none:#}");
}

async fn arguments_of_simulations_are_checked(world: &World) {
    let trade = Trade::of(world).await;
    let mug = trade.books.office.product("MUG", "2.00").await;
    let store = trade.books.office.store.clone();
    let refused = async |product: &Value, store: &Value, policy: Value, days: [&str; 2]| {
        let input = json!({ "product": product, "store": store, "policy": policy, "from": days[0], "to": days[1] });
        let answer = trade.books.office.execute(SIMULATE, json!({ "i": input })).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    };
    let (days, fair) = (["2026-01-05", "2026-06-28"], json!({ "leadTimeDays": 14 }));
    for policy in [
        json!({ "leadTimeWeeks": -1 }),
        json!({ "leadTimeWeeks": 26 }),
        json!({ "leadTimeWeeks": 2, "reviewWeeks": 0 }),
        json!({ "leadTimeWeeks": 20, "reviewWeeks": 7 }),
        json!({ "leadTimeDays": -1 }),
        json!({ "leadTimeDays": 182 }),
        json!({ "leadTimeDays": 176 }),
        json!({ "leadTimeDays": 14, "reviewDays": 0 }),
        json!({ "leadTimeDays": 140, "reviewDays": 43 }),
        json!({ "leadTimeDays": 14, "leadTimeWeeks": 2 }),
        json!({ "leadTimeDays": 14, "reviewDays": 7, "reviewWeeks": 1 }),
        json!({ "leadTimeDays": 14, "serviceLevel": 0.49 }),
        json!({ "leadTimeDays": 14, "serviceLevel": 1.0 }),
        json!({ "leadTimeDays": 14, "packSize": 0 }),
        json!({ "leadTimeDays": 14, "minimumQuantity": -1 }),
        json!({ "leadTimeDays": 14, "kind": "MIN_MAX" }),
        json!({ "leadTimeDays": 14, "kind": "MIN_MAX", "reorderPoint": 9, "maximum": 8 }),
        json!({ "leadTimeDays": 14, "kind": "TARGET_DAYS", "safetyDays": 8, "targetDays": 7 }),
        json!({ "leadTimeDays": 14, "kind": "REORDER_POINT", "coverDays": 366 }),
        json!({ "leadTimeDays": 14, "kind": "TARGET_DAYS", "targetDays": 7, "safetyStockMethod": "NORMAL" }),
        json!({ "leadTimeDays": 14, "coverDays": 7 }),
    ] {
        refused(&mug, &store, policy, days).await;
    }
    refused(&mug, &store, fair.clone(), ["2026-06-28", "2026-01-05"]).await;
    refused(&mug, &store, fair.clone(), ["2024-01-01", "2026-06-28"]).await;
    refused(&json!({ "sku": "NOBODY" }), &store, fair.clone(), days).await;
    // A store's ID is refused as a product, and so is an unknown store.
    refused(&json!({ "id": store["id"] }), &store, fair.clone(), days).await;
    refused(&mug, &json!({ "code": "NOWHERE" }), fair, days).await;
}
