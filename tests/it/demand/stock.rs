//! Stock performance: the formulas' vectors, and a level whose days are known.

use entrepot::demand::core::{StockPeriod, round6};
use serde_json::{Value, json};

use super::days::days_ago;
use crate::{
    authorization::world::World,
    costing::world::Books,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(a_level_of_known_days, days_to_come_are_not_counted, arguments_are_checked);

const PERFORMANCE: &str = "query($f: Date!, $t: Date!, $p: ID, $s: Float! = 0.2, $w: ProductFilter) { stockPerformance(from: $f, to: $t, product: { eq: $p }, substitution: $s, products: $w) {
  isCurrent cutDays unknownLevels nodes { product { sku } store { code } periodDays activeDays outDays stockouts stockoutRate lostUnits { low mid high } soldUnits
    openingUnits receivedUnits closingUnits meanUnits turnover annualisedTurnover daysOfSupply sellThrough }
  totals { activeDays outDays stockouts stockoutRate soldUnits lostUnits { low mid high } sellThrough } } }";

const TURNOVER: &str = "query($f: Date!, $t: Date!, $p: ID) { stockPerformance(from: $f, to: $t, product: { eq: $p }) {
  nodes { turnover turnoverTrend { from to activeDays turnover change changeRate } categoryTurnover { products activeDays turnover ratio } }
  totals { turnoverTrend { activeDays turnover } categoryTurnover { products } } } }";

fn day(world: &World, days: i64) -> String {
    days_ago(world, days)[..10].to_owned()
}

/// Seven days as in the published vector pub-07: closing on hand 11, 5, 5 (the store's books: 11, 5, 0 …), sold 4, 6, 5, 2, 0, 0, 7.
async fn a_level_of_known_days(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    let receive = async |units: i64, days: i64| {
        books.adjust("RECEIPT", &mug, units, json!({ "unitCost": gbp("2.00"), "occurredAt": days_ago(world, days) })).await;
    };
    let sell = async |units: i64, days: i64| {
        let lines = json!([{ "product": mug, "quantity": units, "unitPrice": gbp("9.00") }]);
        let input = json!({ "idempotencyKey": key(), "store": books.office.store, "status": "FULFILLED", "placedAt": days_ago(world, days), "lines": lines });
        accepted(&books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    };
    receive(17, 16).await;
    for (units, days) in [(4, 16), (6, 15), (5, 14), (2, 13)] {
        sell(units, days).await;
    }
    receive(20, 10).await;
    sell(7, 10).await;
    let variables = json!({ "f": day(world, 16), "t": day(world, 10), "p": mug["id"] });
    let answer = books.office.execute(PERFORMANCE, variables).await;
    let found = &answer["data"]["stockPerformance"];
    let row = json!({ "product": { "sku": "MUG" }, "store": { "code": "DOCK" }, "periodDays": 7, "activeDays": 7, "outDays": 3, "stockouts": 1,
        "stockoutRate": 0.428571, "lostUnits": { "low": 6.25, "mid": 11.2, "high": 14.5 }, "soldUnits": 24, "openingUnits": 0, "receivedUnits": 37,
        "closingUnits": 13, "meanUnits": round6(f64::from(13 + 7 + 2 + 13) / 7.0), "turnover": round6(24.0 * 7.0 / 35.0), "annualisedTurnover": null,
        "daysOfSupply": round6(13.0 * 7.0 / 24.0), "sellThrough": round6(24.0 / 37.0) });
    assert_eq!(
        (&found["nodes"], &found["cutDays"], &found["unknownLevels"]),
        (&json!([row]), &json!(0), &json!(0)),
        "{answer:#}"
    );
    // Days before the first movement are active in no store.
    let variables = json!({ "f": day(world, 30), "t": day(world, 1), "p": mug["id"] });
    let answer = books.office.execute(PERFORMANCE, variables).await;
    let node = &answer["data"]["stockPerformance"]["nodes"][0];
    assert_eq!((&node["periodDays"], &node["activeDays"], &node["outDays"]), (&json!(30), &json!(16), &json!(3)), "{answer:#}");
    assert!(node["annualisedTurnover"].is_number());
    let plate = books.office.product("PLATE", "2.00").await;
    books.adjust("RECEIPT", &plate, 5, json!({ "unitCost": gbp("2.00"), "occurredAt": days_ago(world, 12) })).await;
    for (only, product, levels, received) in [
        (json!({ "sku": { "in": ["MUG", "PLATE"] } }), Value::Null, 2, 42),
        (json!({ "sku": { "in": ["MUG", "PLATE"] } }), plate["id"].clone(), 1, 5),
        (json!({ "sku": { "eq": "PLATE" } }), mug["id"].clone(), 0, 0),
    ] {
        let variables = json!({ "f": day(world, 30), "t": day(world, 1), "p": product, "w": only });
        let found = books.office.execute(PERFORMANCE, variables).await["data"]["stockPerformance"].clone();
        let rows = found["nodes"].as_array().unwrap();
        let of = |name: &str| rows.iter().map(|row| row[name].as_i64().unwrap()).sum::<i64>();
        assert_eq!((rows.len(), of("receivedUnits")), (levels, received), "{only} {found:#}");
        for name in ["activeDays", "outDays", "soldUnits"] {
            assert_eq!(found["totals"][name], of(name), "{only} {name}");
        }
    }
    let input = json!({ "name": "Tableware", "slug": "tableware", "parentId": null });
    let payload = books.office.mutate("categoryCreate", "CategoryCreateInput", "category { id }", input).await;
    let category = accepted(&payload, "category")["id"].clone();
    for product in [&mug, &plate] {
        let input = json!({ "id": product["id"], "expectedVersion": 1, "categoryId": category });
        accepted(&books.office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
    }
    sell(3, 6).await;
    // The mugs' closings are 13 on three days and 10 on four, the plates' 5 on each; the week before is the vector's.
    let (now, before) = (21.0 / 79.0, 168.0 / 35.0);
    let answer = books.office.execute(TURNOVER, json!({ "f": day(world, 9), "t": day(world, 3), "p": mug["id"] })).await;
    let trend = json!({ "from": day(world, 16), "to": day(world, 10), "activeDays": 7, "turnover": round6(before),
        "change": round6(now - before), "changeRate": round6((now - before) / before) });
    let node = json!({ "turnover": round6(now), "turnoverTrend": trend,
        "categoryTurnover": { "products": 2, "activeDays": 14, "turnover": round6(21.0 / 114.0), "ratio": round6(now / (21.0 / 114.0)) } });
    let totals = json!({ "turnoverTrend": { "activeDays": 7, "turnover": round6(before) }, "categoryTurnover": null });
    let found = &answer["data"]["stockPerformance"];
    assert_eq!((&found["nodes"], &found["totals"]), (&json!([node]), &totals), "{answer:#}");
    books.office.is_sound().await;
}

async fn days_to_come_are_not_counted(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.adjust("RECEIPT", &mug, 5, json!({ "unitCost": gbp("2.00"), "occurredAt": days_ago(world, 4) })).await;
    books.adjust("REMOVAL", &mug, -5, json!({ "occurredAt": days_ago(world, 2) })).await;
    let query_days = async |from: i64, to: i64| {
        let variables = json!({ "f": day(world, from), "t": day(world, to), "p": mug["id"] });
        let answer = books.office.execute(PERFORMANCE, variables).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["stockPerformance"].clone()
    };
    let known = query_days(4, 0).await;
    let node = &known["nodes"][0];
    assert_eq!((&node["periodDays"], &node["activeDays"], &node["outDays"]), (&json!(5), &json!(5), &json!(3)), "{known:#}");
    assert_eq!(query_days(4, -30).await, known, "a day to come has not closed");
    let none = query_days(-2, -30).await;
    assert_eq!((&none["nodes"], &none["totals"]["activeDays"], &none["totals"]["stockouts"]), (&json!([]), &json!(0), &json!(0)));
}

async fn arguments_are_checked(world: &World) {
    let books = Books::of(world).await;
    for (from, to, substitution) in
        [("2026-03-02", "2026-03-01", 0.2), ("2020-01-01", "2022-01-02", 0.2), ("2026-03-01", "2026-03-02", 1.5)]
    {
        let answer = books.office.execute(PERFORMANCE, json!({ "f": from, "t": to, "s": substitution })).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    }
}

/// A level whose days closed and sold so, as the statements sum it.
fn period(sold: &[i64], closing: &[i64]) -> StockPeriod {
    let mut period = StockPeriod::default();
    for (sold, closing) in sold.iter().zip(closing) {
        if *closing > 0 {
            period.in_stock_days += 1;
            period.sold_in_stock += sold;
        } else {
            period.out_days += 1;
            period.sold_out += sold;
        }
        period.sold += i128::from(*sold);
        period.closing_sum += i128::from(*closing);
        period.closing = i128::from(*closing);
    }
    period
}

fn numbers(document: &Value) -> Vec<i64> {
    document.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

#[test]
fn the_published_vectors_come_out() {
    let Some(folder) = crate::world::data_folder() else { return };
    let text = std::fs::read_to_string(folder.join("inventory-vectors.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let mut checked_count = 0;
    for vector in all["vectors"].as_array().unwrap() {
        let (input, expected) = (&vector["input"], &vector["expected"]);
        let found = match vector["metric"].as_str().unwrap() {
            "stockout_rate" => {
                let mut period_of_all = StockPeriod::default();
                for closing in input["closing_on_hand_by_sku"].as_object().unwrap().values() {
                    let closing = numbers(closing);
                    period_of_all.join(&period(&vec![0; closing.len()], &closing));
                }
                (period_of_all.stockout_rate(), &expected["rate"])
            }
            "lost_sales_estimate" => {
                let period = period(&numbers(&input["daily_sales"]), &numbers(&input["closing_on_hand"]));
                (period.lost_units(period.out_days, input["substitution_share"].as_f64().unwrap()), &expected["lost_units"])
            }
            "days_of_supply" => {
                let number = |name: &str| i128::from(input[name].as_i64().unwrap());
                let period = StockPeriod { closing: number("on_hand"), sold: number("units_sold"), ..StockPeriod::default() };
                (period.days_of_supply(input["days"].as_i64().unwrap()), &expected["days"])
            }
            "sell_through" => {
                let number = |name: &str| i128::from(input[name].as_i64().unwrap());
                let period = StockPeriod {
                    opening: number("opening_on_hand"),
                    received: number("units_received"),
                    sold: number("units_sold"),
                    ..StockPeriod::default()
                };
                (period.sell_through(), &expected["rate"])
            }
            "inventory_turnover" => {
                // By value in the paper, by units here: one formula.
                let closing = numbers(&input["inventory_value_snapshots"]);
                let period =
                    StockPeriod { sold: input["cogs"].as_i64().unwrap().into(), ..period(&vec![0; closing.len()], &closing) };
                (period.turnover(closing.len() as i64), &expected["turnover"])
            }
            _ => continue,
        };
        checked_count += 1;
        assert_eq!(found.0.map(round6), found.1.as_f64(), "{}", vector["id"]);
    }
    assert!(checked_count >= 7, "{checked_count}");
}
