//! External factors of demand: used where they improved the forecast, left out where their values
//! end.

use serde_json::{Value, json};

use super::{Trade, monday};
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key, refused},
    world::on_both,
};
use entrepot::access::{Permission, Reach, kind};

on_both!(
    a_promotion_that_helped_lifts_its_weeks_until_it_ends,
    weather_that_changes_nothing_is_not_used,
    a_factor_series_is_set_replaced_and_removed,
    what_is_wrong_with_a_factor_series_is_refused,
    a_shops_manager_sets_factor_series_of_their_shop,
);

const SERIES: &str =
    "series { code kind name country from until days csv version store { code } product { id } category { slug } }";
const FACTORS: &str = "query($p: ProductRef!, $s: StoreRef) { forecast(product: $p, store: $s) { weeks { mean }
  factors { code kind used wapeWithout wapeWith lift leftOutFrom why } } }";

async fn set_factor(trade: &Trade<'_>, mut input: Value) -> Value {
    if input["idempotencyKey"].is_null() {
        input["idempotencyKey"] = json!(key());
    }
    trade.books.office.mutate("factorSeriesSet", "FactorSeriesSetInput", SERIES, input).await
}

/// Codes of a caller's list, read in pages of one, from its beginning or its end; their number
/// equals its total.
async fn paged(office: &Office<'_>, backward: bool) -> Vec<String> {
    let (number, from, page_flag, end) = if backward {
        ("last", "before", "hasPreviousPage", "startCursor")
    } else {
        ("first", "after", "hasNextPage", "endCursor")
    };
    let query = format!(
        "query($from: Cursor) {{ factorSeries({number}: 1, {from}: $from) {{ nodes {{ code }} totalCount {{ count }} pageInfo {{ {page_flag} {end} }} }} }}"
    );
    let (mut codes, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = office.execute(&query, json!({ "from": cursor })).await["data"]["factorSeries"].clone();
        codes.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["code"].as_str().unwrap().to_owned()));
        if page["pageInfo"][page_flag] != true {
            assert_eq!(page["totalCount"]["count"], codes.len(), "{page:#}");
            return codes;
        }
        cursor = page["pageInfo"][end].clone();
    }
}

/// All days of `weeks`, counted back from the current one, each with the week's value.
fn days(world: &World, weeks: impl Iterator<Item = (i64, f64)>) -> Vec<Value> {
    let of_week = |(weeks_ago, value): (i64, f64)| {
        let first = entrepot::clock::parse_day(&monday(world, weeks_ago)).unwrap();
        (0..7).map(move |day| json!({ "date": entrepot::clock::day_text(first + day), "value": value }))
    };
    weeks.flat_map(of_week).collect()
}

async fn forecast(trade: &Trade<'_>, product: &Value) -> Value {
    let answer = trade.books.office.execute(FACTORS, json!({ "p": product, "s": trade.books.office.store })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["forecast"].clone()
}

async fn a_promotion_that_helped_lifts_its_weeks_until_it_ends(world: &World) {
    let trade = Trade::of(world).await;
    trade.category("kitchen", None).await;
    trade.category("cups", Some("kitchen")).await;
    let mut mugs = Vec::new();
    for nth in 0..6 {
        let sku = format!("MUG-{nth}");
        // The last product sells in the same way, but has no category, so no factor explains it.
        let mug = if nth == 5 { trade.books.office.product(&sku, "2.00").await } else { trade.product_in(&sku, "cups").await };
        trade.receive(&mug, 5_000, 7 * 41).await;
        // Every fourth week is a promotion, the current one too; each product has a small variation
        // of its own.
        let units: Vec<i64> = (0..40).map(|week| (week + nth) % 3 - 1 + if week % 4 == 0 { 20 } else { 10 }).collect();
        trade.sell_weekly(&mug, &units).await;
        mugs.push(mug);
    }
    let (mug, outside) = (mugs.remove(0), mugs.remove(4));
    let promoted = (-1..=40).filter(|ago| ago % 4 == 0).map(|ago| (ago, 1.0));
    // Values after the next week are not known.
    let until = days(world, std::iter::once((-1, 0.0)))[6]["date"].clone();
    let input = json!({ "code": "SALE", "kind": "PROMOTION", "name": "Every fourth week", "until": until, "values": days(world, promoted),
        "category": { "slug": "kitchen" } });
    let series = set_factor(&trade, input).await;
    let series = accepted(&series, "series");
    assert_eq!((&series["days"], &series["category"]["slug"]), (&json!(77), &json!("kitchen")));
    trade.run(0).await.unwrap();
    let found = forecast(&trade, &mug).await;
    let factor = &found["factors"][0];
    assert_eq!(
        (&factor["code"], &factor["used"], &factor["leftOutFrom"]),
        (&json!("SALE"), &json!(true), &json!(monday(world, -2))),
        "{found:#}"
    );
    let (without, with) = (factor["wapeWithout"].as_f64().unwrap(), factor["wapeWith"].as_f64().unwrap());
    assert!(with < without - 0.005 && factor["lift"].as_f64().unwrap() > 1.0, "{found:#}");
    assert!(factor["why"].as_str().unwrap().contains("is left out"), "{found:#}");
    let mean = |week: usize| found["weeks"][week]["mean"].as_f64().unwrap();
    assert!(mean(0) > mean(2) && mean(2) > mean(1), "promoted, unknown, not promoted: {found:#}");
    assert!((mean(4) - mean(3)).abs() < 1.0, "another fourth week, of which nothing is known: {found:#}");
    let other = forecast(&trade, &outside).await;
    let mean = |week: usize| other["weeks"][week]["mean"].as_f64().unwrap();
    assert!(other["factors"] == json!([]) && (mean(0) - mean(1)).abs() < 1.0, "nothing is promoted: {other:#}");
    trade.books.office.is_sound().await;
}

async fn weather_that_changes_nothing_is_not_used(world: &World) {
    let trade = Trade::of(world).await;
    let mug = trade.books.office.product("MUG", "2.00").await;
    trade.receive(&mug, 5_000, 7 * 31).await;
    trade.sell_weekly(&mug, &[10; 30]).await;
    let degrees = days(world, (-3..=30).map(|ago| (ago, (ago * 7 % 5) as f64)));
    let weather = json!({ "code": "RAIN", "kind": "WEATHER", "name": "Rain", "values": degrees });
    accepted(&set_factor(&trade, weather).await, "series");
    let holiday = days(world, std::iter::once((10, 1.0)));
    for (code, country) in [("MIDSUMMER", Value::Null), ("ELSEWHERE", json!("se"))] {
        let input = json!({ "code": code, "kind": "HOLIDAY", "name": code, "country": country, "values": holiday });
        accepted(&set_factor(&trade, input).await, "series");
    }
    trade.run(0).await.unwrap();
    let found = forecast(&trade, &mug).await;
    let factors = found["factors"].as_array().unwrap();
    let row_of = |code: &str| factors.iter().find(|factor| factor["code"] == code);
    let rain = row_of("RAIN").unwrap();
    assert_eq!((&rain["used"], &rain["wapeWithout"]), (&json!(false), &rain["wapeWith"]), "{found:#}");
    let seldom = row_of("MIDSUMMER").unwrap();
    assert_eq!((&seldom["used"], &seldom["wapeWithout"]), (&json!(false), &Value::Null), "one week tells nothing: {found:#}");
    assert!(row_of("ELSEWHERE").is_none(), "the store has no address in that country: {found:#}");
    assert!(found["weeks"].as_array().unwrap().iter().all(|week| week["mean"] == 10.0), "{found:#}");
}

async fn a_factor_series_is_set_replaced_and_removed(world: &World) {
    let trade = Trade::of(world).await;
    let office = &trade.books.office;
    let csv = "date;value\n2026-01-02;4.5\n2026-01-01;-2\n";
    let mut input = json!({ "idempotencyKey": key(), "code": "FROST", "kind": "WEATHER", "name": "Degrees", "csv": csv });
    let query = "mutation($input: FactorSeriesSetInput!) { factorSeriesSet(input: $input, validateOnly: true) { series { code } userErrors { code } } }";
    let dry = office.execute(query, json!({ "input": input })).await;
    assert_eq!(dry["data"]["factorSeriesSet"]["series"]["code"], "FROST", "{dry:#}");
    let list =
        async || office.execute("{ factorSeries { nodes { code } } }", json!({})).await["data"]["factorSeries"]["nodes"].clone();
    assert!(!list().await.as_array().unwrap().contains(&json!({ "code": "FROST" })), "a dry run writes nothing");
    let shown_input = json!({ "code": "FROST", "kind": "WEATHER", "name": "Degrees", "country": null, "from": "2026-01-01", "until": "2026-01-02",
        "days": 2, "csv": "date,value\n2026-01-01,-2\n2026-01-02,4.5\n", "version": 1, "store": null,
        "product": null, "category": null });
    let first = set_factor(&trade, input.clone()).await;
    assert_eq!((accepted(&first, "series"), &first["replayed"]), (&shown_input, &json!(false)));
    let again = set_factor(&trade, input.clone()).await;
    assert_eq!((&again["series"], &again["replayed"], &again["seq"]), (&shown_input, &json!(true), &first["seq"]));
    input["name"] = json!("Celsius");
    refused(&set_factor(&trade, input.clone()).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    (input["idempotencyKey"], input["expectedVersion"]) = (Value::Null, json!(0));
    refused(&set_factor(&trade, input.clone()).await, "VERSION_CONFLICT", "input.expectedVersion");
    input["expectedVersion"] = json!(1);
    let second = set_factor(&trade, input).await;
    assert_eq!((&accepted(&second, "series")["version"], &second["series"]["name"]), (&json!(2), &json!("Celsius")));
    assert!(list().await.as_array().unwrap().contains(&json!({ "code": "FROST" })));
    let theirs =
        world.execute(&world.theirs, Some(world.theirs.owner.clone()), "{ factorSeries { nodes { code } } }", &json!({})).await;
    assert!(!theirs["data"]["factorSeries"]["nodes"].as_array().unwrap().contains(&json!({ "code": "FROST" })), "{theirs:#}");
    let deleted_input = json!({ "idempotencyKey": key(), "code": "FROST" });
    let remove =
        async |input: Value| office.mutate("factorSeriesRemove", "FactorSeriesRemoveInput", "series { code }", input).await;
    assert_eq!(accepted(&remove(deleted_input.clone()).await, "series")["code"], "FROST");
    let again = remove(deleted_input).await;
    assert_eq!((&again["series"], &again["replayed"]), (&Value::Null, &json!(true)), "it is not there any more");
    refused(&remove(json!({ "idempotencyKey": key(), "code": "FROST" })).await, "NOT_FOUND", "input.code");
    assert!(!list().await.as_array().unwrap().contains(&json!({ "code": "FROST" })));
    // A price of one product, and of that alone.
    let mug = office.product("MUG", "2.00").await;
    let price = json!({ "code": "MUG-PRICE", "kind": "PRICE", "name": "Price", "csv": csv, "product": mug });
    assert_eq!(accepted(&set_factor(&trade, price).await, "series")["product"], mug);
    office.is_sound().await;
}

async fn what_is_wrong_with_a_factor_series_is_refused(world: &World) {
    let trade = Trade::of(world).await;
    let day = |date: &str, value: f64| json!({ "date": date, "value": value });
    let with = |name: &str, value: Value| {
        let mut input = json!({ "code": "SALE", "kind": "PROMOTION", "name": "Sale", "values": [day("2026-01-01", 1.0)] });
        input[name] = value;
        input
    };
    let twice = json!([day("2026-01-01", 1.0), day("2026-01-01", 2.0)]);
    for (input, code, field) in [
        (with("code", json!(" ")), "REQUIRED", "input.code"),
        (with("code", json!("a\nb")), "INVALID", "input.code"),
        (with("name", json!("")), "REQUIRED", "input.name"),
        (with("idempotencyKey", json!(" ")), "REQUIRED", "input.idempotencyKey"),
        (with("country", json!("Sweden")), "INVALID", "input.country"),
        (with("values", json!([])), "REQUIRED", "input.values"),
        (with("values", twice), "DUPLICATE", "input.values.1.date"),
        (with("values", json!([day("2026-01-01", 1e10)])), "OUT_OF_RANGE", "input.values.0.value"),
        (with("until", json!("2025-12-31")), "OUT_OF_RANGE", "input.until"),
        (with("csv", json!("2026-01-01,1")), "INVALID", "input.csv"),
        (with("productId", json!("prd_00000000000000000000000000")), "NOT_FOUND", "input.productId"),
        (with("categoryId", json!("cat_00000000000000000000000000")), "NOT_FOUND", "input.categoryId"),
        (
            json!({ "code": "SALE", "kind": "PROMOTION", "name": "Sale", "csv": "2026-01-01,1\n2026-02-30,1" }),
            "INVALID",
            "input.csv",
        ),
        (
            json!({ "code": "SALE", "kind": "PROMOTION", "name": "Sale", "csv": "2026-01-01,1", "productId": "prd_00000000000000000000000000",
                "categoryId": "cat_00000000000000000000000000" }),
            "INVALID",
            "input.categoryId",
        ),
    ] {
        refused(&set_factor(&trade, input).await, code, field);
    }
}

async fn a_shops_manager_sets_factor_series_of_their_shop(world: &World) {
    let trade = Trade::of(world).await;
    let annex = trade.books.office.new_store("ANNEX").await;
    let mut caller = world.ours.owner_with(&["store.read"]);
    let own_store = trade.books.office.store["id"].as_str().unwrap().parse().unwrap();
    caller.permissions.grant(kind::StockPolicy::INDEX, &Reach::stores([own_store]));
    let manager = trade.books.office.as_caller(caller);
    let set_by = async |store: Value, code: &str| {
        let values = json!([{ "date": "2026-01-01", "value": 1.0 }]);
        let input = json!({ "idempotencyKey": key(), "code": code, "kind": "PROMOTION", "name": "Sale", "store": store, "values": values });
        manager.mutate("factorSeriesSet", "FactorSeriesSetInput", SERIES, input).await
    };
    let own = set_by(trade.books.office.store.clone(), "OURS").await;
    assert_eq!(accepted(&own, "series")["store"]["code"], "DOCK");
    refused(&set_by(Value::Null, "ALL").await, "INVALID", "input.storeId");
    refused(&set_by(annex.clone(), "OTHER").await, "NOT_FOUND", "input.store.id");
    // They cannot replace a series of all stores.
    let values = json!([{ "date": "2026-01-01", "value": 1.0 }]);
    accepted(
        &set_factor(&trade, json!({ "code": "SALE", "kind": "PROMOTION", "name": "Sale", "values": values })).await,
        "series",
    );
    refused(&set_by(trade.books.office.store.clone(), "SALE").await, "INVALID", "input.code");
    let others = json!({ "code": "ANNEX", "kind": "PROMOTION", "name": "Sale", "store": annex, "values": values });
    accepted(&set_factor(&trade, others).await, "series");
    assert_eq!(paged(&trade.books.office, false).await[..2], ["ANNEX", "OURS"]);
    // The manager's list has the series of their own store and of all stores; another shop's is
    // absent in both directions and in the total.
    let (forward, backward) = (paged(&manager, false).await, paged(&manager, true).await);
    assert_eq!(forward.iter().rev().cloned().collect::<Vec<_>>(), backward);
    assert!(["OURS", "SALE"].iter().all(|code| forward.iter().any(|one| one == code)), "{forward:?}");
    assert!(!forward.contains(&"ANNEX".to_owned()), "{forward:?}");
    let three = json!({ "in": ["ANNEX", "OURS", "SALE"] });
    for (filter, expected) in [
        (json!({ "code": three }), vec!["OURS", "SALE"]),
        (json!({ "store": { "key": ["dock"] } }), vec!["OURS"]),
        (json!({ "store": { "eq": annex["id"] } }), vec![]),
        (json!({ "code": three, "not": { "store": { "key": ["DOCK"] } } }), vec!["SALE"]),
        (json!({ "or": [{ "search": "our" }, { "code": { "eq": "SALE" } }] }), vec!["OURS", "SALE"]),
        (json!({ "code": three, "kind": ["WEATHER"] }), vec![]),
        (json!({ "code": three, "from": { "lt": "2026-01-01" } }), vec![]),
        (json!({ "code": three, "from": { "gte": "2026-01-01" }, "country": { "isNull": true } }), vec!["OURS", "SALE"]),
    ] {
        let query = "query($f: FactorSeriesFilter) { factorSeries(filter: $f, first: 250) { nodes { code } } }";
        let answer = manager.execute(query, json!({ "f": filter })).await;
        let nodes = answer["data"]["factorSeries"]["nodes"].as_array().unwrap_or_else(|| panic!("{filter}: {answer:#}"));
        assert_eq!(nodes.iter().filter_map(|node| node["code"].as_str()).collect::<Vec<_>>(), expected, "{filter}");
    }
}
