//! The list of a run's forecasts, and products that are sold beyond their stock.

use entrepot::access::{Permission, Reach, kind};
use serde_json::{Value, json};

use super::{Trade, monday};
use crate::{
    authorization::world::World,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key},
};

const LIST: &str = "query($level: ForecastLevel! = STORE, $filter: ForecastFilter, $sort: ForecastSort, $first: Int, $after: Cursor) {
  forecasts(level: $level, filter: $filter, sort: $sort, first: $first, after: $after) { totalCount { count } pageInfo { hasNextPage endCursor }
    nodes { product { sku } store { code } class abcClass xyzClass status method knownWeeks missingWeeks qualityScore
      weeks(weeks: 2) { week mean } } } }";

/// SKU and store of each node.
fn names(answer: &Value) -> Vec<(String, String)> {
    assert!(answer["errors"].is_null(), "{answer:#}");
    let name = |value: &Value| value.as_str().unwrap_or("all").to_owned();
    let nodes = answer["data"]["forecasts"]["nodes"].as_array().unwrap().iter();
    nodes.map(|node| (name(&node["product"]["sku"]), name(&node["store"]["code"]))).collect()
}

pub async fn a_run_is_listed_by_product_and_store(world: &World) {
    let trade = Trade::of(world).await;
    let office = &trade.books.office;
    let list = async |variables: Value| office.execute(LIST, variables).await;
    assert_eq!(list(json!({})).await["data"]["forecasts"]["totalCount"]["count"], 0, "before the first run");
    let (mug, tea) = (office.product("MUG", "2.00").await, office.product("TEA", "2.00").await);
    let annex = office.new_store("ANNEX").await;
    for product in [&mug, &tea] {
        trade.receive(product, 1_000, 7 * 13).await;
        trade.sell_weekly(product, &[10; 12]).await;
    }
    let change = json!({ "product": mug, "store": annex, "delta": 50, "unitCost": gbp("2.00") });
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "occurredAt": days_ago(world, 40), "changes": [change] });
    accepted(&office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await, "movement");
    trade.sell(&mug, &annex, 4, 7 * 4).await;
    trade.run(0).await.unwrap();

    let answer = list(json!({})).await;
    let pair = |sku: &str, code: &str| (sku.to_owned(), code.to_owned());
    let all = [pair("MUG", "DOCK"), pair("MUG", "ANNEX"), pair("TEA", "DOCK")];
    assert_eq!((names(&answer), &answer["data"]["forecasts"]["totalCount"]["count"]), (all.to_vec(), &json!(3)));
    let node = &answer["data"]["forecasts"]["nodes"][0];
    let weeks = json!([{ "week": monday(world, 0), "mean": 10.0 }, { "week": monday(world, -1), "mean": 10.0 }]);
    assert_eq!((&node["weeks"], &node["knownWeeks"], &node["abcClass"]), (&weeks, &json!(12), &json!("A")), "{node:#}");
    let one = trade.forecast(&mug, office.store.clone()).await;
    for field in ["class", "status", "method", "xyzClass", "missingWeeks", "qualityScore"] {
        assert_eq!(node[field], one[field], "{field}");
    }
    let page = list(json!({ "first": 2 })).await;
    assert_eq!((names(&page), &page["data"]["forecasts"]["pageInfo"]["hasNextPage"]), (all[..2].to_vec(), &json!(true)));
    let rest = list(json!({ "first": 2, "after": page["data"]["forecasts"]["pageInfo"]["endCursor"] })).await;
    assert_eq!(names(&rest), all[2..]);
    let by_store = list(json!({ "sort": { "field": "STORE", "direction": "DESC" } })).await;
    assert_eq!(names(&by_store), [pair("MUG", "ANNEX"), pair("TEA", "DOCK"), pair("MUG", "DOCK")]);
    for (filter, expected) in [
        (json!({ "product": { "key": ["MUG"] }, "store": { "eq": office.store["id"] } }), &all[..1]),
        (json!({ "not": { "store": { "eq": annex["id"] } } }), &[all[0].clone(), all[2].clone()][..]),
        (json!({ "or": [{ "class": ["LUMPY"] }, { "product": { "eq": tea["id"] } }] }), &all[2..]),
        (json!({ "status": [] }), &[][..]),
        (json!({ "status": ["READY", "NEW", "TOO_LITTLE"] }), &all[..]),
        (json!({ "category": { "in": [] } }), &[][..]),
    ] {
        assert_eq!(names(&list(json!({ "filter": filter })).await), expected, "{filter}");
    }
    let together = list(json!({ "level": "ALL_STORES" })).await;
    assert_eq!(names(&together), [pair("MUG", "all"), pair("TEA", "all")]);

    let mut caller = world.ours.owner_with(&["store.read", "product.read"]);
    caller.permissions.grant(kind::ReportRead::INDEX, &Reach::stores([annex["id"].as_str().unwrap().parse().unwrap()]));
    let own = office.as_caller(caller);
    let answer = own.execute(LIST, json!({})).await;
    assert_eq!((names(&answer), &answer["data"]["forecasts"]["totalCount"]["count"]), (vec![pair("MUG", "ANNEX")], &json!(1)));
    let answer = own.execute(LIST, json!({ "level": "ALL_STORES" })).await;
    assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer:#}");
    let theirs = office.as_caller(world.theirs.owner.clone()).execute(LIST, json!({})).await;
    assert_eq!(names(&theirs), [], "another company has its own");
    let wrong = office.execute("{ forecasts(first: 1) { nodes { weeks(weeks: 27) { week } } } }", json!({})).await;
    assert_eq!(wrong["errors"][0]["code"], "BAD_USER_INPUT", "{wrong:#}");
}

pub async fn what_is_sold_beyond_its_stock_is_known_demand(world: &World) {
    let trade = Trade::of(world).await;
    let (mug, cup) = (trade.books.office.product("MUG", "2.00").await, trade.books.office.product("CUP", "2.00").await);
    for product in [&mug, &cup] {
        let input = json!({ "id": product["id"], "expectedVersion": 1, "stockPolicy": "BACKORDER" });
        accepted(&trade.books.office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
        // Ten weeks of twenty units empty the shelf.
        trade.receive(product, 200, 7 * 24).await;
        trade.sell_weekly(product, &[&[20; 10][..], &[0; 13][..]].concat()).await;
    }
    // Since then six mugs are ordered each week, and are owed. Nobody has ordered a cup.
    for week in 1..=12 {
        let lines = json!([{ "product": mug, "quantity": 6, "unitPrice": gbp("9.00") }]);
        let input = json!({ "idempotencyKey": key(), "store": trade.books.office.store, "status": "CONFIRMED",
            "placedAt": days_ago(world, 7 * week), "lines": lines });
        accepted(&trade.books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    }
    trade.run(0).await.unwrap();
    let missing_weeks = async |product: &Value| {
        let found = trade.forecast(product, trade.books.office.store.clone()).await;
        (found["missingWeeks"].as_i64().unwrap(), found["weeks"][0]["mean"].as_f64().unwrap())
    };
    let (missing, mean) = missing_weeks(&mug).await;
    // Nobody ordered in the week after the shelf was empty, and nothing shows for it and the one before.
    assert!(missing <= 2 && mean < 16.0, "six a week are known demand: {missing} {mean}");
    let (missing, mean) = missing_weeks(&cup).await;
    assert!(missing >= 11 && mean >= 19.0, "nobody knows whether a cup could be ordered: {missing} {mean}");
}
