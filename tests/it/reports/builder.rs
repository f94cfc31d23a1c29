//! The report builder: rows against an independent sum, and comparison.

use std::collections::BTreeMap;

use entrepot::clock::parse_day;
use serde_json::{Value, json};

use super::{day, execute, filter, order, stocked};
use crate::{
    authorization::world::World,
    costing::world::Books,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    rows_are_what_was_sold_by_every_dimension,
    pages_sum_to_the_total,
    an_order_of_two_products_is_one_order,
    an_order_is_once_in_each_category,
    rows_are_compared_with_the_days_before,
    months_are_compared_with_months,
    days_without_stock_are_counted,
);

pub const REPORT: &str =
    "query($m: [ReportMeasure!]!, $d: [ReportDimension!]!, $f: SalesReportFilter!, $c: ReportComparison, $s: ReportSort, $n: Int, $a: Cursor) {
    report(measures: $m, dimensions: $d, filter: $f, comparison: $c, sort: $s, first: $n, after: $a) {
      rowCount isCurrent currency periodDays comparedFrom comparedTo
      nodes { period date weekday product { sku } category { name } topCategory { name } supplier { id } store { code } channel { code }
        values { measure value before change changeRate isHidden } }
      totals { values { measure value before change } } totalCount { count precision } pageInfo { hasNextPage endCursor } } }";

/// The figures of a row, in the order of the measures.
pub fn figures(row: &Value, name: &str) -> Vec<Value> {
    row["values"].as_array().unwrap().iter().map(|value| value[name].clone()).collect()
}

/// Figures of each row, by the key at `path`.
pub fn by(found: &Value, path: &str) -> BTreeMap<String, Vec<Value>> {
    let rows = found["nodes"].as_array().unwrap();
    rows.iter()
        .map(|row| (row.pointer(path).and_then(Value::as_str).unwrap_or("none").to_owned(), figures(row, "value")))
        .collect()
}

/// A product, a store, units, and how many days ago they were sold.
type Sale = (usize, usize, i64, i64);
const SALES: [Sale; 8] =
    [(0, 0, 3, 6), (0, 0, 1, 6), (0, 1, 2, 5), (1, 0, 4, 5), (1, 1, 1, 4), (2, 0, 7, 2), (2, 1, 2, 1), (0, 0, 5, 40)];
const SKUS: [&str; 3] = ["MUG", "PLATE", "LAMP"];
const STORES: [&str; 2] = ["DOCK", "SHOP"];

/// Mugs and plates are tableware, in categories of their own below it; lamps are in no category.
pub async fn shop(books: &Books<'_>) -> Vec<Value> {
    let office = &books.office;
    let category = async |name: &str, parent: Value| {
        let input = json!({ "name": name, "slug": name.to_lowercase(), "parentId": parent });
        let payload = office.mutate("categoryCreate", "CategoryCreateInput", "category { id }", input).await;
        accepted(&payload, "category")["id"].clone()
    };
    let tableware = category("Tableware", Value::Null).await;
    let below = [category("Mugs", tableware.clone()).await, category("Plates", tableware).await];
    let mut products = Vec::new();
    for (nth, sku) in SKUS.into_iter().enumerate() {
        let product = stocked(books, sku, 100, 60).await;
        if let Some(own) = below.get(nth) {
            let input = json!({ "id": product["id"], "expectedVersion": 1, "categoryId": own });
            accepted(&office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
        }
        products.push(product);
    }
    let stores = [office.store.clone(), office.new_store(STORES[1]).await];
    let changes: Vec<Value> = products
        .iter()
        .map(|product| json!({ "product": product, "store": stores[1], "delta": 50, "unitCost": gbp("2.00") }))
        .collect();
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": changes, "occurredAt": days_ago(office.world, 60) });
    accepted(&office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await, "movement");
    for (product, store, units, days) in SALES {
        order(books, &[(&products[product], units)], days, json!({ "store": stores[store] })).await;
    }
    products
}

/// A filter of the shop's products, in all stores.
pub fn of_products(books: &Books<'_>, products: &[Value], (from, to): (i64, i64)) -> Value {
    let ids: Vec<&Value> = products.iter().map(|product| &product["id"]).collect();
    let world = books.office.world;
    json!({ "from": day(world, from), "to": day(world, to), "product": { "id": { "in": ids } } })
}

/// Units, revenue and margin of the sales of the last week by a key: units at 9.00 that had cost 2.00.
fn expected(key: impl Fn(&Sale) -> String) -> BTreeMap<String, Vec<Value>> {
    let mut units = BTreeMap::<String, i64>::new();
    for sale in SALES.iter().filter(|(.., days)| *days <= 7) {
        *units.entry(key(sale)).or_default() += sale.2;
    }
    let row = |units: i64| [format!("{units}"), format!("{}.00", units * 9), format!("{}.00", units * 7)];
    units.into_iter().map(|(key, units)| (key, row(units).map(Value::String).to_vec())).collect()
}

pub const SOLD: [&str; 3] = ["SOLD_UNITS", "GROSS_REVENUE", "MARGIN"];

async fn rows_are_what_was_sold_by_every_dimension(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    let report_filter = of_products(&books, &products, (7, 1));
    let report =
        async |dimension: &str| execute(&books, REPORT, json!({ "m": SOLD, "d": [dimension], "f": report_filter })).await;
    let days = report("DAY").await;
    let mut by_day = expected(|sale| day(world, sale.3));
    for days_ago in 1..=7 {
        by_day.entry(day(world, days_ago)).or_insert_with(|| ["0", "0.00", "0.00"].map(|zero| json!(zero)).to_vec());
    }
    assert_eq!(by(&days, "/date"), by_day, "{days:#}");
    assert_eq!((&days["rowCount"], &days["periodDays"], &days["isCurrent"]), (&json!(7), &json!(7), &json!(true)));
    assert_eq!(days["nodes"][0]["period"], json!(day(world, 7)), "the first day comes first");
    let category = |sale: &Sale| ["Mugs", "Plates", "none"][sale.0].to_owned();
    let top = |sale: &Sale| ["Tableware", "Tableware", "none"][sale.0].to_owned();
    for (dimension, path, sold) in [
        ("PRODUCT", "/product/sku", expected(|sale| SKUS[sale.0].to_owned())),
        ("STORE", "/store/code", expected(|sale| STORES[sale.1].to_owned())),
        ("CATEGORY", "/category/name", expected(category)),
        ("TOP_CATEGORY", "/topCategory/name", expected(top)),
    ] {
        let found = report(dimension).await;
        assert_eq!(by(&found, path), sold, "{dimension}: {found:#}");
        assert_eq!(found["totals"]["values"], days["totals"]["values"], "{dimension}");
    }
    assert_eq!(json!(figures(&days["totals"], "value")), json!(["20", "180.00", "140.00"]));
    days_of_the_week_are_those_of_two_weeks(&books, &products).await;
    // A category with its subcategories, and one store.
    let mut narrowed = filter(&books, (7, 1));
    let tree = category_id(&books, "tableware").await;
    narrowed["product"] = json!({ "categoryTree": { "eq": tree } });
    let found = execute(&books, REPORT, json!({ "m": ["SOLD_UNITS"], "d": ["PRODUCT"], "f": narrowed })).await;
    assert_eq!(
        by(&found, "/product/sku"),
        BTreeMap::from([("MUG".to_owned(), vec![json!("4")]), ("PLATE".to_owned(), vec![json!("4")])])
    );
}

/// Compares the sales of days of the week with the sums of calendar days; days of the week are in
/// their order.
async fn days_of_the_week_are_those_of_two_weeks(books: &Books<'_>, products: &[Value]) {
    let filter = of_products(books, products, (14, 1));
    let report = async |dimension: &str| {
        execute(books, REPORT, json!({ "m": ["SOLD_UNITS", "ORDERS"], "d": [dimension], "f": filter, "c": "PREVIOUS_PERIOD" }))
            .await
    };
    let (days, weekdays) = (report("DAY").await, report("WEEKDAY").await);
    let number = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    let mut expected = BTreeMap::<i64, Vec<i64>>::new();
    for row in days["nodes"].as_array().unwrap() {
        let date = parse_day(row["date"].as_str().unwrap()).unwrap();
        let sums = expected.entry(i64::from((date + 3).rem_euclid(7) + 1)).or_insert_with(|| vec![0, 0]);
        sums.iter_mut().zip(figures(row, "value")).for_each(|(sum, extra)| *sum += number(&extra));
    }
    expected.retain(|_, sums| sums[0] != 0);
    let rows = weekdays["nodes"].as_array().unwrap();
    let found: Vec<(i64, Vec<i64>)> =
        rows.iter().map(|row| (row["weekday"].as_i64().unwrap(), figures(row, "value").iter().map(number).collect())).collect();
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{weekdays:#}");
    assert_eq!(weekdays["totals"]["values"], days["totals"]["values"], "{weekdays:#}");
    // Its pages are in the order of the week for any measure, and their cursors are refused by a
    // list that is sorted by a measure.
    let ask = |measures: [&str; 2]| json!({ "m": measures, "d": ["WEEKDAY"], "f": filter, "n": 1 });
    let page = execute(books, REPORT, ask(["SOLD_UNITS", "ORDERS"])).await;
    let mut next = ask(["ORDERS", "SOLD_UNITS"]);
    next["a"] = page["pageInfo"]["endCursor"].clone();
    assert_eq!(execute(books, REPORT, next.clone()).await["nodes"][0]["weekday"], rows[1]["weekday"]);
    next["s"] = json!({ "measure": "ORDERS" });
    assert!(!books.office.execute(REPORT, next).await["errors"].is_null());
}

/// The ID of a category.
async fn category_id(books: &Books<'_>, slug: &str) -> Value {
    let answer =
        books.office.execute("query($by: CategoryRef!) { category(by: $by) { id } }", json!({ "by": { "slug": slug } })).await;
    answer["data"]["category"]["id"].clone()
}

async fn pages_sum_to_the_total(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    let filter = of_products(&books, &products, (50, 1));
    let ask = json!({ "m": SOLD, "d": ["PRODUCT", "STORE", "MONTH"], "f": filter, "s": { "measure": "GROSS_REVENUE", "direction": "ASC" }, "n": 2 });
    let (mut sums, mut rows, mut last, mut after) = ([0_i64; 3], 0, i64::MIN, Value::Null);
    let totals = loop {
        let mut ask = ask.clone();
        ask["a"] = after;
        let page = execute(&books, REPORT, ask).await;
        for row in page["nodes"].as_array().unwrap() {
            let minor = |value: &Value| value.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
            let values: Vec<i64> = figures(row, "value").iter().map(minor).collect();
            sums.iter_mut().zip(&values).for_each(|(sum, value)| *sum += value);
            assert!(values[1] >= last, "{page:#}");
            last = values[1];
            rows += 1;
        }
        assert!(rows <= page["rowCount"].as_i64().unwrap(), "{page:#}");
        assert_eq!(page["totalCount"], json!({ "count": page["rowCount"], "precision": "EXACT" }), "on each page");
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] != true {
            assert_eq!(page["rowCount"], rows);
            break page["totals"].clone();
        }
    };
    assert_eq!(sums, [25, 22_500, 17_500]);
    assert_eq!(json!(figures(&totals, "value")), json!(["25", "225.00", "175.00"]));
    // A cursor is bound to its sort order.
    let mut other = ask.clone();
    (other["s"], other["a"]) = (Value::Null, after);
    let answer = books.office.execute(REPORT, other).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
}

async fn an_order_of_two_products_is_one_order(world: &World) {
    let books = Books::of(world).await;
    let (mug, plate) = (stocked(&books, "MUG", 100, 9).await, stocked(&books, "PLATE", 100, 9).await);
    let sold = order(&books, &[(&mug, 2), (&plate, 1)], 3, Value::Null).await;
    order(&books, &[(&mug, 1)], 3, Value::Null).await;
    let line = json!({ "orderLineId": sold["lines"][0]["id"], "product": mug, "quantity": 1 });
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "lines": [line] });
    accepted(&books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    let report_filter = filter(&books, (4, -1));
    let measures =
        ["ORDERS", "AVERAGE_ORDER_VALUE", "NET_REVENUE", "RETURNED_UNITS", "RETURN_RATE", "AVERAGE_PRICE", "MARGIN_RATE"];
    let report = async |measures: &[&str], dimension: &str| {
        execute(&books, REPORT, json!({ "m": measures, "d": [dimension], "f": report_filter })).await
    };
    let stores = report(&measures[..6], "STORE").await;
    let figures_of_store = json!(["2", "18.000000", "27.00", "1", "0.250000", "9.000000"]);
    assert_eq!(json!(figures(&stores["nodes"][0], "value")), figures_of_store, "{stores:#}");
    assert_eq!(json!(figures(&stores["totals"], "value")), figures_of_store);
    let rows = by(&report(&["ORDERS", "ORDER_LINES"], "PRODUCT").await, "/product/sku");
    let two = |orders: &str, lines: &str| vec![json!(orders), json!(lines)];
    assert_eq!(rows, BTreeMap::from([("MUG".to_owned(), two("2", "2")), ("PLATE".to_owned(), two("1", "1"))]));
    let products = report(&["ORDERS", "AVERAGE_ORDER_VALUE", "MARGIN_RATE"], "PRODUCT").await;
    assert_eq!(
        json!(figures(&products["totals"], "value")),
        json!([null, null, "0.777778"]),
        "two orders are in three rows: {products:#}"
    );
}

/// Reports on three orders of mugs, two of plates and two of lamps, and on one of all three with
/// two lines of mugs; the week before has one such order.
async fn an_order_is_once_in_each_category(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    let lines = [(&products[0], 1), (&products[1], 1), (&products[2], 1), (&products[0], 2)];
    for days in [3, 10] {
        order(&books, &lines, days, Value::Null).await;
    }
    let filter = of_products(&books, &products, (7, 1));
    let report = async |dimensions: &[&str]| {
        let ask = json!({ "m": ["ORDERS", "SOLD_UNITS"], "d": dimensions, "f": filter, "c": "PREVIOUS_PERIOD", "s": { "measure": "ORDERS" } });
        execute(&books, REPORT, ask).await
    };
    let rows = |expected: &[(&str, &str, &str)]| -> BTreeMap<String, Vec<Value>> {
        expected.iter().map(|(name, orders, units)| ((*name).to_owned(), vec![json!(orders), json!(units)])).collect()
    };
    let categories = report(&["CATEGORY"]).await;
    let expected = rows(&[("Mugs", "4", "9"), ("Plates", "3", "6"), ("none", "3", "10")]);
    assert_eq!(by(&categories, "/category/name"), expected, "{categories:#}");
    assert_eq!(json!(figures(&categories["totals"], "value")), json!([null, "25"]), "orders of several have no total");
    let tops = report(&["TOP_CATEGORY"]).await;
    assert_eq!(by(&tops, "/topCategory/name"), rows(&[("Tableware", "6", "15"), ("none", "3", "10")]), "{tops:#}");
    let suppliers = report(&["SUPPLIER"]).await;
    assert_eq!(by(&suppliers, "/supplier/id"), rows(&[("none", "8", "25")]), "{suppliers:#}");
    let found = report(&["DAY", "STORE", "CATEGORY"]).await;
    let is_of = |row: &&Value| row["date"] == json!(day(world, 3)) && row["category"]["name"] == "Mugs";
    let mugs = found["nodes"].as_array().unwrap().iter().find(is_of).unwrap();
    let both = ["value", "before"].map(|side| figures(mugs, side));
    assert_eq!((&mugs["store"]["code"], json!(both)), (&json!("DOCK"), json!([["1", "3"], ["1", "3"]])), "{found:#}");
}

async fn rows_are_compared_with_the_days_before(world: &World) {
    let books = Books::of(world).await;
    let (mug, plate) = (stocked(&books, "MUG", 100, 30).await, stocked(&books, "PLATE", 100, 30).await);
    for (product, units, days) in [(&mug, 4, 9), (&mug, 6, 2), (&plate, 2, 8)] {
        order(&books, &[(product, units)], days, Value::Null).await;
    }
    let report_filter = filter(&books, (7, 1));
    let ask = |dimension: &str| json!({ "m": ["SOLD_UNITS", "GROSS_REVENUE", "ORDERS"], "d": [dimension], "f": report_filter, "c": "PREVIOUS_PERIOD" });
    let found = execute(&books, REPORT, ask("PRODUCT")).await;
    assert_eq!((&found["comparedFrom"], &found["comparedTo"]), (&json!(day(world, 14)), &json!(day(world, 8))));
    let (mugs, plates) = (&found["nodes"][0], &found["nodes"][1]);
    assert_eq!((&mugs["product"]["sku"], &plates["product"]["sku"]), (&json!("MUG"), &json!("PLATE")), "{found:#}");
    let units =
        json!({ "measure": "SOLD_UNITS", "value": "6", "before": "4", "change": "2", "changeRate": 0.5, "isHidden": false });
    assert_eq!(mugs["values"][0], units);
    assert_eq!(json!(figures(plates, "value")), json!(["0", "0.00", "0"]), "it was sold before alone");
    assert_eq!(json!(figures(plates, "change")), json!(["-2", "-18.00", "-1"]));
    assert_eq!(
        json!(figures(&found["totals"], "before")),
        json!(["6", "54.00", null]),
        "an order of two products is in two rows"
    );
    // A day is compared with the same day of the week before.
    let days = execute(&books, REPORT, ask("DAY")).await;
    let of_day = |date: String| days["nodes"].as_array().unwrap().iter().find(|row| row["date"] == json!(date)).unwrap().clone();
    assert_eq!(json!(figures(&of_day(day(world, 2)), "before")), json!(["4", "36.00", "1"]), "{days:#}");
    assert_eq!(json!(figures(&of_day(day(world, 1)), "change")), json!(["-2", "-18.00", "-1"]));
    assert_eq!(days["rowCount"], 7);
}

async fn months_are_compared_with_months(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 100, 800).await;
    order(&books, &[(&mug, 3)], 370, Value::Null).await;
    order(&books, &[(&mug, 5)], 370, Value::Null).await;
    order(&books, &[(&mug, 2)], 5, Value::Null).await;
    let sold = day(world, 370);
    let month = &sold[..7];
    let filter =
        json!({ "from": format!("{month}-01"), "to": format!("{month}-28"), "store": { "eq": books.office.store["id"] } });
    let ask = |comparison: &str, filter: &Value| json!({ "m": ["SOLD_UNITS"], "d": ["MONTH"], "f": filter, "c": comparison });
    let found = execute(&books, REPORT, ask("PREVIOUS_YEAR", &filter)).await;
    let year: i32 = month[..4].parse().unwrap();
    assert_eq!(found["comparedFrom"], json!(format!("{}{}-01", year - 1, &month[4..])), "{found:#}");
    assert_eq!((&found["nodes"][0]["period"], &found["rowCount"]), (&json!(month), &json!(1)));
    // The months of a year and a quarter, each compared with those before: all sales are in one of
    // them.
    let filter = json!({ "from": day(world, 380), "to": day(world, 1), "store": { "eq": books.office.store["id"] } });
    let found = execute(&books, REPORT, ask("PREVIOUS_PERIOD", &filter)).await;
    assert_eq!(json!(figures(&found["totals"], "value")), json!(["10"]), "{found:#}");
    for dimension in ["WEEK", "QUARTER", "YEAR"] {
        let ask = json!({ "m": ["SOLD_UNITS", "ORDERS"], "d": [dimension], "f": filter, "n": 250 });
        let found = execute(&books, REPORT, ask).await;
        let sums = found["nodes"].as_array().unwrap().iter().map(|row| figures(row, "value"));
        let units: i64 = sums.map(|values| values[0].as_str().unwrap().parse::<i64>().unwrap()).sum();
        assert_eq!((units, figures(&found["totals"], "value")), (10, vec![json!("10"), json!("3")]), "{dimension}: {found:#}");
    }
}

async fn days_without_stock_are_counted(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 9).await;
    let plate = stocked(&books, "PLATE", 6, 9).await;
    order(&books, &[(&mug, 10), (&plate, 2)], 4, Value::Null).await;
    let report_filter = filter(&books, (9, 1));
    let measures = ["CLOSING_UNITS", "IN_STOCK_DAYS", "OUT_OF_STOCK_DAYS", "STOCKOUT_RATE", "RECEIVED_UNITS", "SOLD_UNITS"];
    let found = execute(&books, REPORT, json!({ "m": measures, "d": ["PRODUCT"], "f": report_filter })).await;
    let row = |figures: [&str; 6]| figures.map(|figure| json!(figure)).to_vec();
    let rows = BTreeMap::from([
        ("MUG".to_owned(), row(["0", "5", "4", "0.444444", "10", "10"])),
        ("PLATE".to_owned(), row(["4", "9", "0", "0.000000", "6", "2"])),
    ]);
    assert_eq!(by(&found, "/product/sku"), rows, "{found:#}");
    assert_eq!(figures(&found["totals"], "value"), row(["4", "14", "4", "0.222222", "16", "12"]));
    let ask = json!({ "m": ["CLOSING_UNITS", "OUT_OF_STOCK_DAYS"], "d": ["STORE", "SUPPLIER"], "f": filter(&books, (5, 1)), "c": "PREVIOUS_PERIOD" });
    let found = execute(&books, REPORT, ask).await;
    assert_eq!((&found["nodes"][0]["store"]["code"], &found["nodes"][0]["supplier"]), (&json!("DOCK"), &Value::Null));
    assert_eq!(json!(figures(&found["nodes"][0], "value")), json!(["4", "4"]), "{found:#}");
    let before =
        execute(&books, REPORT, json!({ "m": ["OUT_OF_STOCK_DAYS", "IN_STOCK_DAYS"], "d": ["YEAR"], "f": report_filter })).await;
    assert_eq!(json!(figures(&before["totals"], "value")), json!(["4", "14"]), "a year at its days: {before:#}");
}
