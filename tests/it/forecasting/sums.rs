//! Forecasts of categories, stores and days: parts and sums agree.

use serde_json::{Value, json};

use super::{DAY, Trade, monday};
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, gbp},
    world::on_both,
};
use entrepot::access::{Permission, Reach, kind};

on_both!(
    a_category_is_forecast_as_the_sum_of_all_below_it,
    days_add_up_to_their_week_and_a_closed_day_has_none,
    sums_are_shown_to_whoever_may_see_their_stores,
);

const SUM: &str = "query($c: CategoryRef, $s: StoreRef, $h: Int! = 8) { forecastSum(category: $c, store: $s, horizon: $h) {
  category { slug } store { code } run { firstWeek } series weeks { week mean lower80 upper80 lower95 upper95 isExtrapolated }
  days { date mean lower80 upper80 lower95 upper95 } } }";
const DAYS: &str = "query($p: ProductRef!, $s: StoreRef) { forecast(product: $p, store: $s) { weeks { mean } days(weeks: 2) { date mean lower80 upper80 lower95 upper95 } } }";

impl Trade<'_> {
    pub async fn category(&self, name: &str, parent: Option<&str>) {
        let parent = parent.map(|slug| json!({ "slug": slug }));
        let input = json!({ "name": name, "slug": name, "parent": parent });
        accepted(&self.books.office.mutate("categoryCreate", "CategoryCreateInput", "category { id }", input).await, "category");
    }
    pub async fn product_in(&self, sku: &str, category: &str) -> Value {
        let input = json!({ "sku": sku, "name": format!("A {sku}"), "unitCost": gbp("2.00"), "price": gbp("9.00"), "category": { "slug": category } });
        let payload = self.books.office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
        json!({ "id": accepted(&payload, "product")["id"] })
    }
    async fn sum(&self, variables: Value) -> Value {
        let answer = self.books.office.execute(SUM, variables).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["forecastSum"].clone()
    }
    /// Ten are sold on one day of each week: its interval of 95 % holds them, and those of the other days hold none at all.
    async fn days_have_intervals(&self, mug: &Value, kitchen: &Value) {
        let days = async |store: Value| {
            let answer = self.books.office.execute(DAYS, json!({ "p": mug, "s": store })).await;
            answer["data"]["forecast"]["days"].clone()
        };
        let (own, all) = (days(self.books.office.store.clone()).await, days(Value::Null).await);
        for days in [&own, &all, &kitchen["days"]] {
            for day in days.as_array().unwrap() {
                let bounds = ["lower95", "lower80", "upper80", "upper95"].map(|name| day[name].as_f64().unwrap());
                assert!(bounds[0] >= 0.0 && bounds.is_sorted(), "{day:#}");
            }
        }
        let (busy, quiet): (Vec<&Value>, Vec<&Value>) = own.as_array().unwrap().iter().partition(|day| mean(day) > 5.0);
        assert_eq!((busy.len(), quiet.len()), (2, 12), "{own:#}");
        assert!(busy.iter().all(|day| day["upper95"].as_f64().unwrap() >= 9.9), "{own:#}");
        assert!(quiet.iter().all(|day| day["lower95"] == 0.0), "{own:#}");
        // The first week of the run of three weeks ago is over.
        for level in ["STORE", "ALL_STORES"] {
            let found = self.accuracy(1, level).await;
            let [inside80, inside95] = ["dayCoverage80", "dayCoverage95"].map(|name| found[0][name].as_f64().unwrap());
            assert!(inside80 > 0.5 && inside80 <= inside95 && inside95 <= 1.0, "{level} {found:#}");
        }
    }
    /// Sells on a weekday, 0 for Monday, of a past week.
    async fn sell_on(&self, product: &Value, units: i64, (weeks_ago, weekday): (i64, i64)) {
        let today = self.world.node.clock.now().micros().div_euclid(DAY);
        let day = today - (today + 3).rem_euclid(7) - 7 * weeks_ago + weekday;
        self.sell(product, &self.books.office.store, units, today - day).await;
    }
}

fn mean(of: &Value) -> f64 {
    of["mean"].as_f64().unwrap()
}

async fn a_category_is_forecast_as_the_sum_of_all_below_it(world: &World) {
    let trade = Trade::of(world).await;
    assert_eq!(trade.sum(json!({})).await, Value::Null, "before the first run");
    trade.category("kitchen", None).await;
    trade.category("cups", Some("kitchen")).await;
    let (mug, pan) = (trade.product_in("MUG", "cups").await, trade.product_in("PAN", "kitchen").await);
    let bag = trade.books.office.product("BAG", "1.00").await;
    let annex = trade.books.office.new_store("ANNEX").await;
    for product in [&mug, &pan, &bag] {
        trade.receive(product, 2_000, 7 * 31).await;
    }
    trade.sell_weekly(&mug, &[10; 30]).await;
    trade.sell_weekly(&pan, &[4; 30]).await;
    // The shop opens on all days: 4 origins of 8 weeks make 224 errors of days of each product.
    for weekday in 0..7 {
        trade.sell_on(&bag, 1, (30, weekday)).await;
    }
    trade.run(3).await.unwrap();
    trade.run(0).await.unwrap();
    let kitchen = trade.sum(json!({ "c": { "slug": "kitchen" } })).await;
    assert_eq!(
        (&kitchen["category"]["slug"], &kitchen["store"], &kitchen["series"]),
        (&json!("kitchen"), &Value::Null, &json!(2))
    );
    let weeks = kitchen["weeks"].as_array().unwrap();
    assert_eq!((weeks.len(), &weeks[0]["week"], mean(&weeks[0])), (8, &json!(monday(world, 0)), 14.0), "{kitchen:#}");
    let bounds = ["lower95", "lower80", "mean", "upper80", "upper95"].map(|name| weeks[0][name].as_f64().unwrap());
    assert!(bounds.is_sorted(), "{kitchen:#}");
    let cups = trade.sum(json!({ "c": { "slug": "cups" }, "s": trade.books.office.store, "h": 26 })).await;
    let weeks = cups["weeks"].as_array().unwrap();
    assert_eq!((weeks.len(), cups["days"].as_array().unwrap().len(), &cups["store"]["code"]), (26, 182, &json!("DOCK")));
    let own = trade.forecast(&mug, trade.books.office.store.clone()).await;
    for (sum, part) in weeks.iter().zip(own["weeks"].as_array().unwrap()) {
        assert_eq!(sum["mean"], part["mean"], "one product is its category's sum");
    }
    trade.days_have_intervals(&mug, &kitchen).await;
    assert_eq!(trade.sum(json!({ "c": { "slug": "cups" }, "s": annex })).await, Value::Null, "nothing was ordered there");
    assert_eq!(trade.sum(json!({ "c": { "slug": "gardens" } })).await, Value::Null, "no such category");
    trade.books.office.is_sound().await;
}

async fn days_add_up_to_their_week_and_a_closed_day_has_none(world: &World) {
    let trade = Trade::of(world).await;
    trade.category("cups", None).await;
    let (mug, rare) = (trade.product_in("MUG", "cups").await, trade.product_in("RARE", "cups").await);
    for product in [&mug, &rare] {
        trade.receive(product, 5_000, 7 * 13).await;
    }
    // The shop opens on Mondays and Saturdays.
    for week in 1..=12 {
        trade.sell_on(&mug, 40, (week, 0)).await;
        trade.sell_on(&mug, 60, (week, 5)).await;
        trade.sell_on(&rare, 5, (week, 0)).await;
    }
    trade.run(0).await.unwrap();
    let days = async |product: &Value, store: Value| {
        let answer = trade.books.office.execute(DAYS, json!({ "p": product, "s": store })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        let forecast = &answer["data"]["forecast"];
        let days: Vec<f64> = forecast["days"].as_array().unwrap().iter().map(mean).collect();
        assert_eq!((days.len(), &forecast["days"][0]["date"]), (14, &json!(monday(world, 0))), "{answer:#}");
        for (week, days) in forecast["weeks"].as_array().unwrap().iter().zip(days.chunks(7)) {
            assert!((days.iter().sum::<f64>() - mean(week)).abs() < 1e-6, "{answer:#}");
        }
        days
    };
    let dock = trade.books.office.store.clone();
    // Eight weeks of 40 and 60, and four of 50 and 50.
    let of_mug = days(&mug, dock.clone()).await;
    let milli: Vec<i64> = of_mug[..7].iter().map(|units| (units * 1_000.0).round() as i64).collect();
    assert_eq!(milli, [43_333, 0, 0, 0, 0, 56_667, 0]);
    // 40 units in eight weeks tell little: its week goes by the category's days.
    let of_rare = days(&rare, dock.clone()).await;
    assert!(of_rare[5] > of_rare[0] && of_rare[6].abs() < 1e-9, "{of_rare:?}");
    assert_eq!(days(&mug, Value::Null).await, of_mug, "it sells in one store");
    let cups = trade.sum(json!({ "c": { "slug": "cups" }, "s": dock, "h": 2 })).await;
    for (sum, (mug, rare)) in cups["days"].as_array().unwrap().iter().zip(of_mug.iter().zip(&of_rare)) {
        assert!((mean(sum) - mug - rare).abs() < 1e-6, "{cups:#}");
    }
}

async fn sums_are_shown_to_whoever_may_see_their_stores(world: &World) {
    let trade = Trade::of(world).await;
    trade.category("cups", None).await;
    let (mug, annex) = (trade.product_in("MUG", "cups").await, trade.books.office.new_store("ANNEX").await);
    trade.receive(&mug, 1_000, 7 * 13).await;
    trade.sell_weekly(&mug, &[10; 12]).await;
    trade.run(0).await.unwrap();
    let id = |store: &Value| store["id"].as_str().unwrap().parse().unwrap();
    let mut caller = world.ours.owner_with(&["product.read", "store.read"]);
    caller.permissions.grant(kind::ReportRead::INDEX, &Reach::stores([id(&trade.books.office.store)]));
    let own = trade.books.office.as_caller(caller);
    let dock = json!({ "c": { "slug": "cups" }, "s": trade.books.office.store });
    let shown_answer = own.execute(SUM, dock.clone()).await;
    assert_eq!(shown_answer["data"]["forecastSum"]["weeks"][0]["mean"], 10.0, "{shown_answer:#}");
    let all = own.execute(SUM, json!({ "c": { "slug": "cups" } })).await;
    assert_eq!(all["errors"][0]["code"], "FORBIDDEN", "{all:#}");
    let other = own.execute(SUM, json!({ "s": annex })).await;
    assert_eq!(other["errors"][0]["code"], "BAD_USER_INPUT", "{other:#}");
    for horizon in [0, 27] {
        let answer = trade.books.office.execute(SUM, json!({ "h": horizon })).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    }
    // Another company has no such category, and is shown nothing of ours by its ID.
    let query = "{ category(by: { slug: \"cups\" }) { id } }";
    let cups = trade.books.office.execute(query, json!({})).await["data"]["category"]["id"].clone();
    let theirs = world.execute(&world.theirs, Some(world.theirs.owner.clone()), SUM, &json!({ "c": { "id": cups } })).await;
    assert_eq!(theirs["data"]["forecastSum"], Value::Null, "{theirs:#}");
}
