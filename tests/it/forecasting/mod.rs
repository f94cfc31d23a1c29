//! Forecasts of weekly demand: made once a week is over, stored unchanged, and scored when the
//! actual sales are known.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod csv;
mod factors;
mod history;
mod list;
mod simulate;
mod simulate_classes;
mod simulate_days;
mod sums;
mod watched;
mod zone;

use entity::prelude::Timestamp;
use entrepot::{
    access::{Permission, Reach, kind},
    clock::Clock,
    demand::shell::check,
    forecasting::shell::{ForecastRunResult, make_run},
};
use serde_json::{Value, json};

use list::{a_run_is_listed_by_product_and_store, what_is_sold_beyond_its_stock_is_known_demand};
use zone::a_company_that_moves_its_time_zone_keeps_its_forecasts;

use crate::{
    authorization::world::World,
    costing::world::Books,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    a_product_that_sells_ten_a_week_is_forecast_to_sell_ten,
    a_week_without_stock_is_unknown,
    a_sale_by_a_clock_that_was_weeks_ahead_waits_for_its_week,
    forecasts_are_scored_as_they_were_made,
    forecasts_that_are_too_low_again_and_again_have_drifted,
    a_shops_manager_sees_their_shops_forecasts,
    arguments_of_forecasts_are_checked,
    a_run_is_listed_by_product_and_store,
    what_is_sold_beyond_its_stock_is_known_demand,
    a_company_that_moves_its_time_zone_keeps_its_forecasts,
);

const DAY: i64 = 86_400_000_000;
const FORECAST: &str = "query($p: ProductRef!, $s: StoreRef, $l: Int! = 1) { forecast(product: $p, store: $s, lead: $l) {
  product { sku } store { code } run { firstWeek historyWeeks series methods { class mean } } class abcClass xyzClass status method why knownWeeks missingWeeks qualityScore
  quality { reason points } weeks { week mean median lower80 upper80 lower95 upper95 isExtrapolated } history { week units }
  exclusions { week recorded used reason } past { week mean lower80 upper80 units } } }";
const ACCURACY: &str =
    "query($w: Int!, $l: Int!, $level: ForecastLevel!) { forecastAccuracy(weeks: $w, lead: $l, level: $level) {
  class scored units wape mase bias naiveWape valueAdded coverage80 coverage95
  dayCoverage80 dayCoverage95 } }";

/// A desk whose products sell on known days.
struct Trade<'w> {
    world: &'w World,
    books: Books<'w>,
}

impl<'w> Trade<'w> {
    async fn of(world: &'w World) -> Self {
        Self { world, books: Books::of(world).await }
    }
    async fn receive(&self, product: &Value, units: i64, days: i64) {
        let input = json!({ "unitCost": gbp("2.00"), "occurredAt": days_ago(self.world, days) });
        self.books.adjust("RECEIPT", product, units, input).await;
    }
    async fn sell(&self, product: &Value, store: &Value, units: i64, days: i64) {
        let lines = json!([{ "product": product, "quantity": units, "unitPrice": gbp("9.00") }]);
        let input = json!({ "idempotencyKey": key(), "store": store, "status": "FULFILLED", "placedAt": days_ago(self.world, days), "lines": lines });
        accepted(&self.books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    }
    /// Sells on one day of each of the last weeks, the oldest first; nothing in the current week.
    async fn sell_weekly(&self, product: &Value, weeks: &[i64]) {
        let back = weeks.len() as i64;
        for (nth, units) in weeks.iter().enumerate().filter(|(_, units)| **units > 0) {
            self.sell(product, &self.books.office.store, *units, 7 * (back - nth as i64)).await;
        }
    }
    /// The run as it would have been made `weeks_ago`.
    async fn run(&self, weeks_ago: i64) -> Option<ForecastRunResult> {
        let now = self.world.node.clock.now().micros() - 7 * DAY * weeks_ago;
        let clock = Clock::manual(move || Timestamp(now), 1);
        make_run(&self.world.node.db, &clock, self.world.ours.owner.tenant).await.unwrap()
    }
    async fn forecast(&self, product: &Value, store: Value) -> Value {
        let answer = self.books.office.execute(FORECAST, json!({ "p": product, "s": store })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["forecast"].clone()
    }
    async fn accuracy(&self, lead: i64, level: &str) -> Value {
        let answer = self.books.office.execute(ACCURACY, json!({ "w": 26, "l": lead, "level": level })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["forecastAccuracy"].clone()
    }
}

/// The Monday of a week, counted back from the current one.
fn monday(world: &World, weeks_ago: i64) -> String {
    let today = world.node.clock.now().micros().div_euclid(DAY);
    let monday = today - (today + 3).rem_euclid(7) - 7 * weeks_ago;
    entrepot::clock::day_text(monday as i32)
}

async fn a_product_that_sells_ten_a_week_is_forecast_to_sell_ten(world: &World) {
    let trade = Trade::of(world).await;
    let (mug, other) = (trade.books.office.product("MUG", "2.00").await, trade.books.office.new_store("ANNEX").await);
    assert_eq!(trade.forecast(&mug, Value::Null).await, Value::Null, "before the first run");
    trade.receive(&mug, 1_000, 7 * 31).await;
    trade.sell_weekly(&mug, &[10; 30]).await;
    // The current week is not over, so it is in no history.
    trade.sell(&mug, &trade.books.office.store, 500, 0).await;
    let new_run = trade.run(0).await.unwrap();
    assert_eq!((new_run.weeks, new_run.series >= 2), (30, true));
    assert_eq!(trade.run(0).await, None, "one run a week");
    let query = "{ events(types: [\"forecast.completed\", \"forecast.drifted\"], first: 10) { nodes { type data } } }";
    let reported_answer = trade.books.office.execute(query, json!({})).await;
    let data = json!({ "firstWeek": monday(world, 0), "series": new_run.series });
    let nodes = json!([{ "type": "forecast.completed", "data": data }]);
    assert_eq!(
        reported_answer["data"]["events"]["nodes"], nodes,
        "two series are too few to say that they drift: {reported_answer:#}"
    );
    let found = trade.forecast(&mug, trade.books.office.store.clone()).await;
    assert_eq!((&found["product"]["sku"], &found["store"]["code"]), (&json!("MUG"), &json!("DOCK")));
    assert_eq!(found["run"]["firstWeek"], monday(world, 0), "{found:#}");
    assert_eq!(
        (&found["class"], &found["knownWeeks"], &found["exclusions"]),
        (&json!("SMOOTH"), &json!(30), &json!([])),
        "{found:#}"
    );
    // Ten in 30 of 52 weeks: the deviation is 0.86 of the mean. The only product of a store is in
    // class A.
    assert_eq!((&found["abcClass"], &found["xyzClass"]), (&json!("A"), &json!("Y")), "{found:#}");
    let weeks = found["weeks"].as_array().unwrap();
    assert_eq!((weeks.len(), &weeks[0]["week"], &weeks[25]["week"]), (26, &json!(monday(world, 0)), &json!(monday(world, -25))));
    assert!(weeks.iter().all(|week| week["mean"] == 10.0 && week["median"] == 10.0), "{found:#}");
    let history = found["history"].as_array().unwrap();
    assert_eq!((history.len(), &history[25]), (26, &json!({ "week": monday(world, 1), "units": 10 })));
    it_is_drawn(&trade, &mug).await;
    // 200 are left: today's rate sells them in less than a day, the forecast in twenty weeks.
    let query = "query($d: Date!, $p: ID) { stockPerformance(from: $d, to: $d, product: { eq: $p }) {
        nodes { closingUnits daysOfSupplyInStock daysOfSupplyByForecast } totals { daysOfSupplyInStock daysOfSupplyByForecast } } }";
    let supply = async |day: &str| {
        let answer = trade.books.office.execute(query, json!({ "d": day, "p": mug["id"] })).await;
        answer["data"]["stockPerformance"].clone()
    };
    let left = json!({ "closingUnits": 200, "daysOfSupplyInStock": 0.4, "daysOfSupplyByForecast": 140 });
    let none = json!({ "daysOfSupplyInStock": null, "daysOfSupplyByForecast": null });
    assert_eq!(supply(&days_ago(world, 0)[..10]).await, json!({ "nodes": [left], "totals": none }));
    let before = supply(&monday(world, 1)).await;
    assert_eq!(before["nodes"][0]["daysOfSupplyByForecast"], Value::Null, "a forecast of now says nothing of then: {before:#}");
    // All stores together: of two shops that sell, the sum.
    let all = trade.forecast(&mug, Value::Null).await;
    assert_eq!((&all["store"], &all["abcClass"], &all["weeks"][3]["mean"]), (&Value::Null, &Value::Null, &json!(10.0)));
    assert_eq!(trade.forecast(&mug, other).await, Value::Null, "it never sold there");
    trade.books.office.is_sound().await;
}

/// A week of the history and two coming ones, each with both bands, if it has an interval at all.
async fn it_is_drawn(trade: &Trade<'_>, mug: &Value) {
    let query =
        "query($p: ProductRef!, $s: StoreRef, $n: Int! = 2, $w: Int! = 640) { forecast(product: $p, store: $s, historyWeeks: 1) {
        weeks { mean lower80 upper80 lower95 upper95 } svg(weeks: $n, width: $w) } }";
    let input = json!({ "p": mug, "s": trade.books.office.store });
    let answer = trade.books.office.execute(query, input.clone()).await;
    let found = &answer["data"]["forecast"];
    let drawing = found["svg"].as_str().unwrap();
    assert!(drawing.starts_with("<svg ") && drawing.contains("<title>Weekly demand: MUG</title>"), "{answer:#}");
    assert!(drawing.contains(&format!("{}: 10 recorded", monday(trade.world, 1))), "{drawing}");
    assert!(drawing.contains(&format!("{}: 10 expected", monday(trade.world, -1))), "{drawing}");
    assert!(!drawing.contains(&monday(trade.world, -2)), "two coming weeks: {drawing}");
    let bands = if found["weeks"][0]["upper95"].is_null() { 0 } else { 2 };
    assert_eq!(drawing.matches("#dbeafe").count(), 1 + bands, "{drawing}");
    for (name, value) in [("n", 27), ("w", 100)] {
        let mut wrong = input.clone();
        wrong[name] = json!(value);
        let answer = trade.books.office.execute(query, wrong).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    }
}

async fn a_week_without_stock_is_unknown(world: &World) {
    let trade = Trade::of(world).await;
    let mug = trade.books.office.product("MUG", "2.00").await;
    // Ten weeks of twenty units, then nothing on hand for three weeks, then ten weeks again.
    trade.receive(&mug, 200, 7 * 24).await;
    trade.sell_weekly(&mug, &[&[20; 10][..], &[0; 13][..]].concat()).await;
    trade.receive(&mug, 1_000, 7 * 10 + 1).await;
    trade.sell_weekly(&mug, &[20; 10]).await;
    trade.run(0).await.unwrap();
    let found = trade.forecast(&mug, trade.books.office.store.clone()).await;
    assert_eq!(found["weeks"][0]["mean"], 20.0, "an empty shelf is no lack of wishes: {found:#}");
    assert!(found["missingWeeks"].as_i64().unwrap() >= 2, "{found:#}");
    let reasons: Vec<&Value> = found["exclusions"].as_array().unwrap().iter().map(|one| &one["reason"]).collect();
    assert!(reasons.contains(&&json!("OUT_OF_STOCK")), "{found:#}");
    assert!(found["quality"].as_array().unwrap().iter().any(|one| one["reason"] == "MISSING_WEEKS"), "{found:#}");
}

async fn a_sale_by_a_clock_that_was_weeks_ahead_waits_for_its_week(world: &World) {
    const AHEAD: i64 = 21 * 86_400;
    let trade = Trade::of(world).await;
    let (mug, dock) = (trade.books.office.product("MUG", "2.00").await, trade.books.office.store.clone());
    trade.receive(&mug, 1_000, 7 * 13).await;
    trade.sell_weekly(&mug, &[10; 12]).await;
    // A node's clock is three weeks ahead when it records a sale, and is then corrected.
    world.set_clock(AHEAD);
    trade.sell(&mug, &dock, 700, 0).await;
    world.set_clock(-AHEAD);
    trade.sell(&mug, &dock, 5, 0).await;
    // That node has also made forecasts: this week's run is made nevertheless, and is the newest.
    // The future run is made again in its week.
    assert_eq!(trade.run(-2).await.unwrap().weeks, 14);
    assert_eq!(trade.run(0).await.unwrap().weeks, 12);
    assert_eq!(trade.run(0).await, None);
    let found = trade.forecast(&mug, dock.clone()).await;
    assert!(found["weeks"].as_array().unwrap().iter().all(|week| week["mean"] == 10.0), "{found:#}");
    let checked = check(&world.node.db, world.ours.owner.tenant, 5).await.unwrap();
    assert!(checked.is_equal(), "{checked:?}");
    let query = "query($f: DemandFilter) { demandFacts(filter: $f, groupBy: [WEEK], first: 50) { nodes { week soldUnits } } }";
    let input = json!({ "f": { "product": { "eq": mug["id"] }, "from": monday(world, 0), "to": monday(world, -4) } });
    let facts = trade.books.office.execute(query, input).await;
    let weeks = json!([{ "week": monday(world, 0), "soldUnits": 5 }, { "week": monday(world, -3), "soldUnits": 700 }]);
    assert_eq!(facts["data"]["demandFacts"]["nodes"], weeks, "{facts:#}");
    assert_eq!(trade.run(-2).await.unwrap().weeks, 14);
    assert_eq!(trade.run(-2).await, None);
    // Once that week is over, the sale is in the history.
    assert_eq!(trade.run(-4).await.unwrap().weeks, 16);
    let found = trade.forecast(&mug, dock).await;
    let last = found["history"].as_array().and_then(|weeks| weeks.last().cloned());
    assert_eq!(last, Some(json!({ "week": monday(world, -3), "units": 700 })), "{found:#}");
    trade.books.office.is_sound().await;
}

async fn forecasts_are_scored_as_they_were_made(world: &World) {
    let trade = Trade::of(world).await;
    let mug = trade.books.office.product("MUG", "2.00").await;
    trade.receive(&mug, 5_000, 7 * 41).await;
    // Ten a week for thirty weeks, then fifteen.
    trade.sell_weekly(&mug, &[&[10; 30][..], &[15; 10][..]].concat()).await;
    assert_eq!(trade.run(10).await.unwrap().weeks, 30);
    assert_eq!(trade.accuracy(1, "STORE").await, json!([]), "nothing has come true");
    // Today's run scores the forecasts of the run of ten weeks ago.
    trade.run(0).await.unwrap();
    for (lead, level) in [(1, "STORE"), (4, "STORE"), (8, "STORE"), (1, "ALL_STORES")] {
        let found = trade.accuracy(lead, level).await;
        // Ten in each week before: there is no step to scale the error by.
        let total = json!({ "class": null, "scored": 1, "units": 15, "wape": 0.333333, "mase": null, "bias": -0.333333, "naiveWape": 0.333333, "valueAdded": 0.0,
            "coverage80": found[0]["coverage80"], "coverage95": found[0]["coverage95"], "dayCoverage80": null, "dayCoverage95": null });
        assert_eq!((&found[0], &found[1]["class"], &found[1]["scored"]), (&total, &json!("SMOOTH"), &json!(1)), "{lead} {level}");
    }
    let answer = trade.books.office.execute(FORECAST, json!({ "p": mug, "s": trade.books.office.store, "l": 4 })).await;
    let past = &answer["data"]["forecast"]["past"];
    assert_eq!(past.as_array().unwrap().len(), 1, "{answer:#}");
    assert_eq!((&past[0]["week"], &past[0]["mean"], &past[0]["units"]), (&json!(monday(world, 7)), &json!(10.0), &json!(15)));
    // Nothing is scored twice.
    let before = trade.accuracy(1, "STORE").await;
    assert_eq!(trade.run(0).await, None);
    assert_eq!(trade.accuracy(1, "STORE").await, before);
    trade.books.office.is_sound().await;
}

async fn a_shops_manager_sees_their_shops_forecasts(world: &World) {
    let trade = Trade::of(world).await;
    let (mug, annex) = (trade.books.office.product("MUG", "2.00").await, trade.books.office.new_store("ANNEX").await);
    trade.receive(&mug, 1_000, 7 * 13).await;
    trade.sell_weekly(&mug, &[10; 12]).await;
    trade.run(0).await.unwrap();
    let of = |store: &Value| {
        let mut caller = world.ours.owner_with(&["store.read"]);
        caller.permissions.grant(kind::ReportRead::INDEX, &Reach::stores([store["id"].as_str().unwrap().parse().unwrap()]));
        caller
    };
    let dock = trade.books.office.store.clone();
    let own = trade.books.office.as_caller(of(&dock));
    let answer = own.execute(FORECAST, json!({ "p": mug, "s": dock })).await;
    assert_eq!(answer["data"]["forecast"]["weeks"].as_array().unwrap().len(), 26, "{answer:#}");
    let all = own.execute(FORECAST, json!({ "p": mug })).await;
    assert_eq!(all["errors"][0]["code"], "FORBIDDEN", "{all:#}");
    let accuracy = own.execute(ACCURACY, json!({ "w": 8, "l": 1, "level": "STORE" })).await;
    assert_eq!(accuracy["errors"][0]["code"], "FORBIDDEN", "{accuracy:#}");
    let theirs = trade.books.office.as_caller(of(&annex)).execute(FORECAST, json!({ "p": mug, "s": dock })).await;
    assert_eq!(theirs["errors"][0]["code"], "BAD_USER_INPUT", "{theirs:#}");
}

async fn arguments_of_forecasts_are_checked(world: &World) {
    let trade = Trade::of(world).await;
    let mug = trade.books.office.product("MUG", "2.00").await;
    let refused = async |query: &str, variables: Value| {
        let answer = trade.books.office.execute(query, variables).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    };
    for lead in [0, 27, -1] {
        refused(FORECAST, json!({ "p": mug, "l": lead })).await;
    }
    for (weeks, lead) in [(0, 1), (105, 1), (8, 2)] {
        refused(ACCURACY, json!({ "w": weeks, "l": lead, "level": "STORE" })).await;
    }
    // A tenant without a week of demand has no run.
    assert_eq!(trade.run(0).await, None);
    let answer = trade.books.office.execute("{ forecastRun { firstWeek serviceLevels { level isUsed } } }", json!({})).await;
    assert_eq!(answer["data"]["forecastRun"], Value::Null, "{answer:#}");
    // A single week has an answer: a state, a forecast that borrows or has none, and no accuracy.
    trade.receive(&mug, 100, 15).await;
    trade.sell_weekly(&mug, &[10]).await;
    assert_eq!(trade.run(0).await.map(|made| made.weeks), Some(1));
    let answer = trade.books.office.execute("{ forecastRun { createdAt madeAt } }", json!({})).await;
    let run = &answer["data"]["forecastRun"];
    assert!(run["createdAt"].is_string() && run["createdAt"] == run["madeAt"], "{answer:#}");
    let found = trade.forecast(&mug, trade.books.office.store.clone()).await;
    assert!(["NEW", "TOO_LITTLE"].contains(&found["status"].as_str().unwrap()), "{found:#}");
    let weeks = found["weeks"].as_array().unwrap();
    assert!(weeks.iter().all(|week| week["mean"].as_f64().unwrap() >= 0.0 && week["lower80"].is_null()), "{found:#}");
    assert_eq!((&found["knownWeeks"], &found["past"]), (&json!(1), &json!([])), "{found:#}");
    let query =
        "query($p: ProductRef!) { forecast(product: $p) { accuracy { weeks wape mase bias coverage80 coverage95 valueAdded } } }";
    let answer = trade.books.office.execute(query, json!({ "p": mug })).await;
    let none = json!({ "weeks": 0, "wape": null, "mase": null, "bias": null, "coverage80": null, "coverage95": null, "valueAdded": null });
    assert_eq!(answer["data"]["forecast"]["accuracy"], none, "{answer:#}");
    assert_eq!(trade.accuracy(1, "STORE").await, json!([]));
}

async fn forecasts_that_are_too_low_again_and_again_have_drifted(world: &World) {
    let trade = Trade::of(world).await;
    let mug = trade.books.office.product("MUG", "2.00").await;
    trade.receive(&mug, 5_000, 7 * 45).await;
    // Any method that is chosen lags behind sales that rise each week.
    let rising = (1..=14).map(|week| 10 + 4 * week);
    let weeks: Vec<i64> = [10; 30].into_iter().chain(rising).collect();
    trade.sell_weekly(&mug, &weeks).await;
    let query = "query($p: ProductRef!, $s: StoreRef) { forecast(product: $p, store: $s) { trackingSignal smoothedTrackingSignal hasDrifted } }";
    let signal = async || {
        let answer = trade.books.office.execute(query, json!({ "p": mug, "s": trade.books.office.store })).await;
        let found = &answer["data"]["forecast"];
        (found["trackingSignal"].as_f64(), found["smoothedTrackingSignal"].as_f64(), found["hasDrifted"].as_bool())
    };
    trade.run(14).await.unwrap();
    assert_eq!(signal().await, (None, None, Some(false)), "no week has come true");
    for weeks_ago in (0..14).rev() {
        trade.run(weeks_ago).await.unwrap();
    }
    // Eight errors of one sign: their sum is eight times their mean.
    let (value, smoothed, has_drifted) = signal().await;
    assert!(value.is_some_and(|value| (value - 8.0).abs() < 1e-6), "{value:?}");
    assert!(smoothed.is_some_and(|smoothed| (smoothed - 1.0).abs() < 1e-6), "thirteen errors of one sign: {smoothed:?}");
    assert_eq!(has_drifted, Some(true), "beyond 4 now and a week before");
    // The accuracy of the product's own forecasts and that of all forecasts are the same here:
    // fourteen weeks, the last of which is not settled.
    let query = "query($p: ProductRef!, $s: StoreRef) { forecast(product: $p, store: $s) { accuracy {
        weeks wape mase bias coverage80 coverage95 valueAdded } } }";
    let answer = trade.books.office.execute(query, json!({ "p": mug, "s": trade.books.office.store })).await;
    let (own, all) = (&answer["data"]["forecast"]["accuracy"], &trade.accuracy(1, "STORE").await[0]);
    assert_eq!((&own["weeks"], &all["scored"]), (&json!(13), &json!(13)), "{answer:#}");
    assert!(own["mase"].as_f64().unwrap() > 1.0 && own["bias"].as_f64().unwrap() < 0.0, "{answer:#}");
    for ratio in ["wape", "mase", "bias", "coverage80", "coverage95", "valueAdded"] {
        assert_eq!(own[ratio], all[ratio], "{ratio}: {answer:#} {all:#}");
    }
}
