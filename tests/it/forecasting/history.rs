//! Histories that are unlike others: of years, out of stock for months, and recorded late.

use std::collections::BTreeSet;

use entity::prelude::ProductId;
use entrepot::{
    demand::rows::{StockFilter, stock_periods, stockout_periods},
    forecasting::rows::series_of_products,
};
use serde_json::{Value, json};

use super::{DAY, Trade};
use crate::{authorization::world::World, demand::days::days_ago, world::on_both};

on_both!(
    demand_ends_with_its_season,
    months_without_stock_are_no_lack_of_demand,
    a_company_of_one_week_has_an_answer,
    a_forecast_of_what_is_long_gone_is_not_scored,
    an_empty_shelf_is_no_measure_of_forecasts,
    orders_that_were_recorded_late_cost_points,
    a_run_keeps_on_which_days_a_product_sells,
);

/// A history of two and a half years shows the season, one of a year does not.
async fn demand_ends_with_its_season(world: &World) {
    let trade = Trade::of(world).await;
    let mug = trade.books.office.product("MUG", "2.00").await;
    trade.receive(&mug, 5_000, 7 * 131).await;
    // Twenty a week in half of each year, four in the other half. The last week has twenty, and ten
    // more such weeks follow.
    let season = |week: i64| if (10..36).contains(&(week % 52)) { 20 } else { 4 };
    trade.sell_weekly(&mug, &(0..130).map(season).collect::<Vec<i64>>()).await;
    assert_eq!(trade.run(0).await.unwrap().weeks, 130);
    let found = trade.forecast(&mug, trade.books.office.store.clone()).await;
    assert_eq!((&found["method"], &found["knownWeeks"]), (&json!("seasonal naive"), &json!(130)), "{found:#}");
    let means: Vec<f64> = found["weeks"].as_array().unwrap().iter().map(|week| week["mean"].as_f64().unwrap()).collect();
    assert_eq!((&means[..10], &means[10..]), (&[20.0; 10][..], &[4.0; 16][..]), "as in the year before: {found:#}");
    let all = trade.forecast(&mug, Value::Null).await;
    assert_eq!((&all["weeks"][9]["mean"], &all["weeks"][10]["mean"]), (&json!(20.0), &json!(4.0)), "{all:#}");
    trade.books.office.is_sound().await;
}

const LOST: &str = "query($f: StockReportFilter!) { lostSales(filter: $f) {
    nodes { outDays countedDays stockouts lostUnits { low mid high } } totals { outDays cutDays } } }";

async fn months_without_stock_are_no_lack_of_demand(world: &World) {
    let trade = Trade::of(world).await;
    let (mug, cup) = (trade.books.office.product("MUG", "2.00").await, trade.books.office.product("CUP", "2.00").await);
    // Ten weeks of twenty, then nothing on hand for three months, and nothing is on its way. The cup never runs out.
    trade.receive(&mug, 200, 7 * 24).await;
    trade.receive(&cup, 200, 7 * 24).await;
    trade.sell_weekly(&mug, &[&[20; 10][..], &[0; 13][..]].concat()).await;
    trade.run(0).await.unwrap();
    let found = trade.forecast(&mug, trade.books.office.store.clone()).await;
    assert_eq!((&found["class"], &found["status"]), (&json!("DORMANT"), &json!("DORMANT")), "{found:#}");
    let missing = found["missingWeeks"].as_i64().unwrap();
    assert!(
        (12..=14).contains(&missing) && found["weeks"][0]["mean"].as_f64().unwrap() >= 20.0,
        "as before it ran out: {found:#}"
    );
    assert!(found["why"].as_str().unwrap().contains("out of stock for more than 8 weeks"), "{found:#}");
    // A stockout of three months counts as four weeks' sales at most, and the rest is reported.
    let day = |days: i64| days_ago(world, days)[..10].to_owned();
    let filter = json!({ "from": day(7 * 23), "to": day(1), "store": { "eq": trade.books.office.store["id"] } });
    let answer = trade.books.office.execute(LOST, json!({ "f": filter })).await;
    let lost = &answer["data"]["lostSales"];
    let node = &lost["nodes"][0];
    let (out, counted) = (node["outDays"].as_i64().unwrap(), node["countedDays"].as_i64().unwrap());
    assert_eq!((&node["stockouts"], counted, &lost["totals"]["cutDays"]), (&json!(1), 28, &json!(out - 28)), "{answer:#}");
    let high = node["lostUnits"]["high"].as_f64().unwrap();
    assert!(out > 90 && high > 0.0 && high.is_finite(), "{answer:#}");
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let today = world.node.clock.now().micros().div_euclid(DAY) as i32;
    let filter = StockFilter { from: today - 7 * 23, to: today - 1, products: None, stores: None };
    let stocked = stock_periods(&scope, &filter).await.unwrap();
    let stocked: BTreeSet<ProductId> = stocked.into_iter().map(|(product, ..)| product).collect();
    let ran_out = stockout_periods(&scope, &filter).await.unwrap();
    let ran_out: BTreeSet<ProductId> = ran_out.into_iter().map(|(product, ..)| product).collect();
    let [mug, cup] = [mug, cup].map(|product| product["id"].as_str().unwrap().parse::<ProductId>().unwrap());
    assert!(stocked.contains(&cup) && !ran_out.contains(&cup), "levels that never ran out are not read");
    assert!(ran_out.contains(&mug));
    trade.books.office.is_sound().await;
}

async fn a_company_of_one_week_has_an_answer(world: &World) {
    let trade = Trade::of(world).await;
    let (mug, cup) = (trade.books.office.product("MUG", "2.00").await, trade.books.office.product("CUP", "2.00").await);
    trade.receive(&mug, 100, 20).await;
    trade.receive(&cup, 100, 20).await;
    // A single sale on one day; none of the other product.
    trade.sell_weekly(&mug, &[3]).await;
    assert_eq!(trade.run(0).await.unwrap().weeks, 1);
    for store in [trade.books.office.store.clone(), Value::Null] {
        let found = trade.forecast(&mug, store.clone()).await;
        assert_eq!(
            (&found["class"], &found["status"], &found["knownWeeks"]),
            (&json!("NEW"), &json!("NEW"), &json!(1)),
            "{found:#}"
        );
        let weeks = found["weeks"].as_array().unwrap();
        assert_eq!((weeks.len(), &weeks[0]["mean"], &weeks[25]["mean"]), (26, &json!(3.0), &json!(3.0)), "{found:#}");
        assert!(weeks.iter().all(|week| week["lower80"].is_null() && week["upper95"].is_null()), "no error is known: {found:#}");
        assert_eq!(trade.forecast(&cup, store).await, Value::Null, "nobody ever asked for it");
    }
    trade.books.office.is_sound().await;
}

/// Days since Monday.
fn since_monday(world: &World) -> i64 {
    (world.node.clock.now().micros().div_euclid(DAY) + 3).rem_euclid(7)
}

async fn a_forecast_of_what_is_long_gone_is_not_scored(world: &World) {
    let trade = Trade::of(world).await;
    let mug = trade.books.office.product("MUG", "2.00").await;
    // Ten weeks of twenty, three months without stock, and five a week since the next receipt.
    trade.receive(&mug, 200, 7 * 27).await;
    trade.receive(&mug, 100, 7 * 3 + since_monday(world)).await;
    trade.sell_weekly(&mug, &[&[20; 10][..], &[0; 13][..], &[5; 3][..]].concat()).await;
    trade.run(3).await.unwrap();
    let found = trade.forecast(&mug, trade.books.office.store.clone()).await;
    assert_eq!(found["status"], "DORMANT", "{found:#}");
    trade.run(0).await.unwrap();
    let found = trade.forecast(&mug, trade.books.office.store.clone()).await;
    assert_eq!(found["past"].as_array().map(Vec::len), Some(1), "it is shown beside what came: {found:#}");
    for level in ["STORE", "ALL_STORES"] {
        assert_eq!(trade.accuracy(1, level).await, json!([]), "{level}");
    }
    let query = "query($p: ProductRef!) { forecast(product: $p) { accuracy { weeks wape } } }";
    let answer = trade.books.office.execute(query, json!({ "p": mug })).await;
    assert_eq!(answer["data"]["forecast"]["accuracy"], json!({ "weeks": 0, "wape": null }), "{answer:#}");
    trade.books.office.is_sound().await;
}

async fn an_empty_shelf_is_no_measure_of_forecasts(world: &World) {
    let trade = Trade::of(world).await;
    let mug = trade.books.office.product("MUG", "2.00").await;
    let since_monday = since_monday(world);
    // Ten a week, except for one week without stock, at the end of which forecasts are made.
    trade.receive(&mug, 310, 7 * 36).await;
    trade.receive(&mug, 100, 7 * 3 + since_monday).await;
    trade.sell_weekly(&mug, &[&[10; 30][..], &[0][..], &[10; 3][..]].concat()).await;
    trade.books.adjust("REMOVAL", &mug, -10, json!({ "occurredAt": days_ago(world, 7 * 4 + since_monday) })).await;
    assert_eq!(trade.run(3).await.unwrap().weeks, 31);
    let found = trade.forecast(&mug, trade.books.office.store.clone()).await;
    assert_eq!((&found["missingWeeks"], &found["weeks"][0]["mean"]), (&json!(1), &json!(10.0)), "{found:#}");
    trade.run(0).await.unwrap();
    // The last week with stock had ten as well: the forecast is exact, and so is the naive one.
    for level in ["STORE", "ALL_STORES"] {
        let found = &trade.accuracy(1, level).await[0];
        let measured = [&found["scored"], &found["wape"], &found["naiveWape"], &found["valueAdded"]];
        assert_eq!(measured, [&json!(1), &json!(0.0), &json!(0.0), &Value::Null], "{level}: {found:#}");
    }
    let query = "query($p: ProductRef!, $s: StoreRef) { forecast(product: $p, store: $s, historyWeeks: 4) { history { units inStockDays } } }";
    for store in [trade.books.office.store.clone(), Value::Null] {
        let answer = trade.books.office.execute(query, json!({ "p": mug, "s": store })).await;
        let week = |units: i64, days: i64| json!({ "units": units, "inStockDays": days });
        let weeks = json!([week(0, 0), week(10, 7), week(10, 7), week(10, 7)]);
        assert_eq!(answer["data"]["forecast"]["history"], weeks, "{answer:#}");
    }
    trade.books.office.is_sound().await;
}

async fn orders_that_were_recorded_late_cost_points(world: &World) {
    let trade = Trade::of(world).await;
    let office = &trade.books.office;
    let (mug, cup, dock) = (office.product("MUG", "2.00").await, office.product("CUP", "2.00").await, office.store.clone());
    trade.receive(&mug, 100, 101).await;
    trade.receive(&cup, 100, 101).await;
    // Orders from before the company was created do not count as late, nor do those recorded on the
    // day that they were placed.
    trade.sell(&cup, &dock, 10, 100).await;
    trade.sell(&cup, &dock, 10, 0).await;
    world.advance_clock(60 * 86_400);
    trade.sell(&mug, &dock, 10, 30).await;
    trade.sell(&mug, &dock, 10, 20).await;
    trade.run(0).await.unwrap();
    let late = |found: &Value| {
        let all = found["quality"].as_array().unwrap_or_else(|| panic!("{found:#}"));
        all.iter().find(|one| one["reason"] == "LATE_RECORDS").map(|one| one["points"].clone())
    };
    let (of_mug, of_cup) = (trade.forecast(&mug, dock.clone()).await, trade.forecast(&cup, dock).await);
    assert_eq!((late(&of_mug), late(&of_cup)), (Some(json!(10.0)), None), "{of_mug:#} {of_cup:#}");
    assert!(of_mug["qualityScore"].as_f64() < of_cup["qualityScore"].as_f64(), "{of_mug:#} {of_cup:#}");
    let everywhere = trade.forecast(&mug, Value::Null).await;
    assert_eq!(late(&everywhere), Some(json!(10.0)), "{everywhere:#}");
    trade.books.office.is_sound().await;
}

async fn a_run_keeps_on_which_days_a_product_sells(world: &World) {
    let trade = Trade::of(world).await;
    let mug = trade.books.office.product("MUG", "2.00").await;
    trade.receive(&mug, 1_000, 7 * 18).await;
    trade.sell_weekly(&mug, &[10; 16]).await;
    trade.run(0).await.unwrap();
    let today = world.node.clock.now().micros().div_euclid(DAY);
    let weekday = (today + 3).rem_euclid(7);
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let product = mug["id"].as_str().unwrap().parse().unwrap();
    let found = series_of_products(&scope, (today - weekday) as i32, &[product]).await.unwrap();
    let shape = serde_json::to_value(&found[0].body.shape).unwrap();
    assert_eq!((&shape["weekly"], &shape["sales"]), (&json!(10.0), &json!(16)), "{shape:#}");
    let days = shape["days"].as_array().unwrap();
    let expected = |day: usize| if day as i64 == weekday { json!([1.0, 1.0, 1.0]) } else { json!([0.0, 0.0, 0.0]) };
    assert!(days.iter().enumerate().all(|(day, shares)| *shares == expected(day)), "{shape:#}");
}
