//! Reorder policies against the past, day by day.

use serde_json::{Value, json};

use super::{DAY, Trade, monday};
use crate::{
    authorization::world::World,
    demand::days::days_ago,
    purchasing::office::{Office, accepted, gbp, key},
    world::on_both,
};

on_both!(
    a_delivery_of_some_days_more_is_seen,
    a_day_without_stock_is_unknown_and_not_without_demand,
    orders_take_as_long_as_the_suppliers_deliveries_did,
    orders_wait_for_the_days_of_their_own_supplier,
    goods_that_expire_are_held_for_the_days_on_which_they_sell,
);

const SIMULATE: &str = "query($i: StockSimulateInput!) { stockSimulate(input: $i) { status why
  outcome { weeks leadTimeDaysMean fillRate demand met unmet unmetDays stockoutDays stockoutWeeks meanStock peakStock orders ordered expired }
  actual { days stockoutDays } } }";

/// Simulates a policy with a reorder point, as the office's caller.
async fn played(office: &Office<'_>, product: &Value, policy: Value) -> Value {
    played_from(office, product, (policy, Value::Null)).await
}

async fn played_from(office: &Office<'_>, product: &Value, (policy, from): (Value, Value)) -> Value {
    let input = json!({ "product": product, "store": office.store, "policy": policy, "from": from });
    let answer = office.execute(SIMULATE, json!({ "i": input })).await;
    let found = answer["data"]["stockSimulate"].clone();
    assert_eq!(found["status"], "READY", "{answer:#}");
    found
}

/// A policy that orders up to a maximum when stock is at the reorder point, reviewed daily.
fn at_point(point: i64, maximum: i64) -> Value {
    json!({ "kind": "MIN_MAX", "reorderPoint": point, "maximum": maximum })
}

async fn a_delivery_of_some_days_more_is_seen(world: &World) {
    let trade = Trade::of(world).await;
    let office = &trade.books.office;
    let mug = office.product("MUG", "2.00").await;
    trade.receive(&mug, 10_000, 7 * 17).await;
    // Ten on one day of each week, and ten three days later.
    for week in (1..=16).rev() {
        trade.sell(&mug, &office.store, 10, 7 * week).await;
        trade.sell(&mug, &office.store, 10, 7 * week - 3).await;
    }
    trade.run(0).await.unwrap();
    let of = async |days: i64| {
        let mut policy = at_point(10, 40);
        policy["leadTimeDays"] = json!(days);
        played(office, &mug, policy).await["outcome"].clone()
    };
    // The sale that leaves ten is followed by an order on the next morning, and by sales on the
    // third or fourth day and on the seventh. A lead time of two days is in time; five days leave
    // an empty shelf, but no sale is lost; after seven days ten units are missing.
    let (two, five, seven) = (of(2).await, of(5).await, of(7).await);
    for (found, days) in [(&two, 2.0), (&five, 5.0), (&seven, 7.0)] {
        assert_eq!(found["leadTimeDaysMean"], days, "{found:#}");
        let [demand, met, unmet] = ["demand", "met", "unmet"].map(|name| found[name].as_i64().unwrap());
        assert_eq!((demand, met + unmet), (20 * found["weeks"].as_i64().unwrap(), demand), "{found:#}");
        assert!(found["orders"].as_i64().unwrap() > 0, "{found:#}");
    }
    let none = (&json!(0), &json!(0), &json!(1.0));
    assert_eq!((&two["stockoutDays"], &two["unmet"], &two["fillRate"]), none, "{two:#}");
    assert_eq!((&five["unmetDays"], &five["unmet"], &five["fillRate"]), none, "{five:#}");
    assert!(five["stockoutDays"].as_i64().unwrap() > 0, "{five:#}");
    let missed = seven["unmetDays"].as_i64().unwrap();
    assert!(missed > 0 && seven["fillRate"].as_f64().unwrap() < 1.0, "{seven:#}");
    assert_eq!((&seven["unmet"], &seven["stockoutWeeks"]), (&json!(10 * missed), &json!(missed)), "{seven:#}");
    assert!(seven["stockoutDays"].as_i64().unwrap() >= missed, "{seven:#}");
    // Weeks are the earlier name of as many days.
    let mut weekly = at_point(10, 40);
    (weekly["leadTimeWeeks"], weekly["reviewWeeks"]) = (json!(1), json!(1));
    let mut daily = at_point(10, 40);
    (daily["leadTimeDays"], daily["reviewDays"]) = (json!(7), json!(7));
    let daily = played(office, &mug, daily).await;
    assert_eq!(played(office, &mug, weekly).await, daily);
    // Clients of earlier releases send no review period, which is then a week.
    let mut of_before = at_point(10, 40);
    of_before["leadTimeWeeks"] = json!(1);
    assert_eq!(played(office, &mug, of_before).await, daily);
    assert_ne!(seven, daily["outcome"], "without weeks a point is looked at every day");
}

async fn a_day_without_stock_is_unknown_and_not_without_demand(world: &World) {
    let trade = Trade::of(world).await;
    let office = &trade.books.office;
    let mug = office.product("MUG", "2.00").await;
    // Ten a week until nothing is left, three weeks of nothing, then ten a week again.
    trade.receive(&mug, 120, 7 * 22).await;
    trade.sell_weekly(&mug, &[&[10; 12][..], &[0; 3][..], &[0; 6][..]].concat()).await;
    trade.receive(&mug, 1_000, 7 * 7 - 3).await;
    trade.sell_weekly(&mug, &[10; 6]).await;
    trade.run(0).await.unwrap();
    let mut policy = at_point(1_000, 2_000);
    policy["leadTimeDays"] = json!(7);
    let found = played(office, &mug, policy).await;
    let outcome = &found["outcome"];
    // The three weeks without stock are counted, each with the demand of the weeks before.
    assert!(found["actual"]["stockoutDays"].as_i64().unwrap() >= 20, "{found:#}");
    assert_eq!(outcome["demand"], 10 * outcome["weeks"].as_i64().unwrap(), "{found:#}");
    assert_eq!((&outcome["unmet"], &outcome["stockoutDays"]), (&json!(0), &json!(0)), "{found:#}");
}

async fn orders_take_as_long_as_the_suppliers_deliveries_did(world: &World) {
    let trade = Trade::of(world).await;
    let office = &trade.books.office;
    let (mug, cup, jug) =
        (office.product("MUG", "2.00").await, office.product("CUP", "2.00").await, office.product("JUG", "2.00").await);
    let input = json!({ "code": "SLOW", "name": "Slow", "leadTimeDays": 12 });
    let payload = office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await;
    let slow = json!({ "id": accepted(&payload, "supplier")["id"] });
    let row = |supplier: &Value, product: &Value| json!({ "supplier": supplier, "product": product, "packSize": 1, "minimumOrder": 1, "preferred": true, "unitCost": gbp("1.80") });
    let input = json!({ "idempotencyKey": key(), "rows": [row(&office.supplier, &mug), row(&slow, &jug)] });
    office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", "rows { outcome }", input).await;
    for days in [2, 2, 2, 2, 9] {
        let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 1 }] })).await;
        world.advance_clock(days * 86_400);
        accepted(&office.receive(&order, &[1]).await, "purchaseOrder");
    }
    for product in [&mug, &cup, &jug] {
        trade.receive(product, 1_000, 7 * 15).await;
        trade.sell_weekly(product, &[10; 14]).await;
    }
    trade.run(0).await.unwrap();
    // Five deliveries of the first supplier are measured; the second has not delivered yet and has
    // a lead time of twelve days; the cup has no supplier.
    for (product, days) in [(&mug, 3.4), (&jug, 12.0), (&cup, 7.0)] {
        let found = played(office, product, at_point(12, 40)).await;
        assert_eq!(found["outcome"]["leadTimeDaysMean"], days, "{found:#}");
        assert_eq!(found, played(office, product, at_point(12, 40)).await, "two answers are equal");
    }
    let mut stated = at_point(12, 40);
    stated["leadTimeDays"] = json!(7);
    assert_eq!(played(office, &cup, stated).await, played(office, &cup, at_point(12, 40)).await);
    // Deliveries are shown only to callers with the right to see purchases.
    let clerk = office.as_caller(world.ours.owner_with(&["report.read", "store.read"]));
    let found = played(&clerk, &mug, at_point(12, 40)).await;
    assert_eq!(
        (&found["outcome"]["leadTimeDaysMean"], found["outcome"]["orders"].is_number()),
        (&Value::Null, true),
        "{found:#}"
    );
}

async fn orders_wait_for_the_days_of_their_own_supplier(world: &World) {
    let trade = Trade::of(world).await;
    let office = &trade.books.office;
    let today = world.node.clock.now().micros().div_euclid(DAY);
    // 1, a Monday, to 7: that of the sales.
    let weekday = (today.rem_euclid(7) + 3) % 7 + 1;
    let (mug, cup, jug) =
        (office.product("MUG", "2.00").await, office.product("CUP", "2.00").await, office.product("JUG", "2.00").await);
    let row = |supplier: &Value, product: &Value| {
        let (one, cost) = (1, gbp("1.80"));
        json!({ "supplier": supplier, "product": product, "packSize": one, "minimumOrder": one, "preferred": true, "unitCost": cost })
    };
    let mut rows = vec![row(&office.supplier, &jug)];
    for (code, days, product) in [("WEEKLY", vec![weekday], &mug), ("DAILY", (1..=7).collect(), &cup)] {
        let input = json!({ "code": code, "name": code, "calendar": { "orderDays": days } });
        let payload = office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await;
        let supplier = json!({ "id": accepted(&payload, "supplier")["id"] });
        rows.push(row(&supplier, product));
    }
    let input = json!({ "idempotencyKey": key(), "rows": rows });
    let listed = office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", "rows { outcome }", input).await;
    accepted(&listed, "rows");
    for product in [&mug, &cup, &jug] {
        trade.receive(product, 1_000, 7 * 17).await;
        trade.sell_weekly(product, &[10; 16]).await;
    }
    trade.run(0).await.unwrap();
    let (mut policy, from) = (at_point(0, 10), json!(monday(world, 4)));
    policy["leadTimeDays"] = json!(2);
    let of = async |product: &Value| played_from(office, product, (policy.clone(), from.clone())).await;
    let (weekly, daily, none) = (of(&mug).await, of(&cup).await, of(&jug).await);
    // Ten are sold, ordered on the next morning, and there two days later, before the ten of the next week.
    let of_four_weeks = |found: &Value| {
        ["weeks", "met", "orders", "unmetDays", "stockoutDays"].map(|name| found["outcome"][name].as_i64().unwrap())
    };
    assert_eq!(of_four_weeks(&none), [4, 40, 4, 0, 12], "{none:#}");
    assert_eq!(daily, none, "a supplier that takes orders on every day");
    // An order waits for the day of the next sale, which finds nothing: every second week is served, and nine of fourteen days close with nothing.
    assert_eq!(of_four_weeks(&weekly), [4, 20, 2, 2, 18], "{weekly:#}");
    assert_eq!(weekly["outcome"]["leadTimeDaysMean"], 2.0, "without the wait: {weekly:#}");
    // Customers who wait are owed the ten of each week until two days after the next sale, so that ten are ordered each week and none is left.
    let mut waiting = policy.clone();
    waiting["isBackordered"] = json!(true);
    let waiting = played_from(office, &mug, (waiting, from.clone())).await;
    assert_eq!(of_four_weeks(&waiting), [4, 0, 4, 4, 28], "{waiting:#}");
    assert_eq!((&waiting["outcome"]["unmet"], &waiting["outcome"]["ordered"]), (&json!(40), &json!(40)), "{waiting:#}");
    // Simulated together, each product has the lead time of its own supplier.
    let query = "query($i: StockSimulateInput!) { stockSimulate(input: $i) { status
        totals { products demand met unmetDays stockoutDays orders } } }";
    let answer = office.execute(query, json!({ "i": { "store": office.store, "policy": policy, "from": from } })).await;
    let found = &answer["data"]["stockSimulate"];
    assert_eq!(found["status"], "READY", "{answer:#}");
    let names = ["products", "demand", "met", "unmetDays", "stockoutDays", "orders"];
    assert_eq!(names.map(|name| found["totals"][name].as_f64().unwrap()), [3.0, 120.0, 100.0, 2.0, 42.0, 10.0], "{answer:#}");
}

async fn goods_that_expire_are_held_for_the_days_on_which_they_sell(world: &World) {
    let trade = Trade::of(world).await;
    let office = &trade.books.office;
    let input = json!({ "sku": "CHEESE", "name": "A cheese", "tracking": "LOT", "unitCost": gbp("2.00"), "price": gbp("9.00") });
    let payload = office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    let cheese = json!({ "id": accepted(&payload, "product")["id"] });
    // Each lot has two weeks left on the day on which it becomes known.
    let receive = async |code: &str, units: i64, days: i64| {
        let lot = json!({ "named": { "code": code, "expiresOn": days_ago(world, -14)[..10] } });
        let change = json!({ "product": cheese, "store": office.store, "delta": units, "unitCost": gbp("2.00"), "lot": lot });
        let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "occurredAt": days_ago(world, days), "changes": [change] });
        accepted(&office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await, "movement");
    };
    receive("A", 1_000, 7 * 17).await;
    for week in (1..=16).rev() {
        trade.sell(&cheese, &office.store, 10, 7 * week).await;
        trade.sell(&cheese, &office.store, 10, 7 * week - 3).await;
    }
    trade.run(0).await.unwrap();
    // 400 are a stock of twenty weeks.
    let of = async |minimum: i64| {
        let mut policy = at_point(10, 400);
        (policy["leadTimeDays"], policy["minimumQuantity"]) = (json!(2), json!(minimum));
        played(office, &cheese, policy).await["outcome"].clone()
    };
    let number = |found: &Value, name: &str| found[name].as_i64().unwrap_or_else(|| panic!("{name}: {found:#}"));
    receive("B", 1, 0).await;
    let long = of(0).await;
    assert!(number(&long, "peakStock") > 200 && number(&long, "expired") == 0, "two lots may be chance: {long:#}");
    receive("C", 1, 0).await;
    let short = of(0).await;
    // Two days until they come and fourteen to sell them, at twenty a week.
    assert!((20..=50).contains(&number(&short, "peakStock")), "{short:#}");
    assert!(2 * number(&short, "expired") < number(&short, "ordered"), "most of it is sold: {short:#}");
    assert!(number(&short, "orders") > number(&long, "orders"), "{short:#}");
    // A supplier with a minimum of 200 delivers ten weeks of demand at once.
    let most = of(200).await;
    assert!(number(&most, "expired") > number(&most, "met"), "more is thrown away than sold: {most:#}");
    let mut policy = at_point(10, 400);
    (policy["leadTimeDays"], policy["minimumQuantity"]) = (json!(2), json!(200));
    let query = "query($i: StockSimulateInput!) { stockSimulate(input: $i) { status totals { products expired } } }";
    let answer = office.execute(query, json!({ "i": { "store": office.store, "policy": policy } })).await;
    let totals = &answer["data"]["stockSimulate"]["totals"];
    assert_eq!((&totals["products"], totals["expired"].as_f64()), (&json!(1), most["expired"].as_f64()), "{answer:#}");
}
