//! `demandFacts` through GraphQL: pages, totals, rights and arguments.

use entrepot::access::{Permission, Reach, kind};
use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    costing::world::Books,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    pages_and_totals,
    stock_is_of_all_currencies_and_money_of_one,
    a_row_of_a_day_says_whether_it_closed_with_stock,
    a_shop_sees_its_own,
    arguments_are_checked,
);

const FACTS: &str = "query($f: DemandFilter, $p: ProductFilter, $g: [DemandDimension!]! = [DAY], $n: Int, $a: Cursor) {
  demandFacts(filter: $f, product: $p, groupBy: $g, first: $n, after: $a) { isCurrent currency
    nodes { day week product { sku } store { code } channel { code } soldUnits orders netUnits grossRevenue { amount } costOfGoodsSold { amount } }
    totals { soldUnits orders grossRevenue { amount } } pageInfo { hasNextPage endCursor } } }";

async fn query_demand(books: &Books<'_>, variables: Value) -> Value {
    let answer = books.office.execute(FACTS, variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    let facts = answer["data"]["demandFacts"].clone();
    assert_eq!((&facts["isCurrent"], &facts["currency"]), (&json!(true), &json!("GBP")), "{facts:#}");
    facts
}

async fn sell(books: &Books<'_>, product: &Value, quantity: i64, price: &str) {
    let lines = json!([{ "product": product, "quantity": quantity, "unitPrice": gbp(price) }]);
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "status": "FULFILLED", "lines": lines });
    accepted(&books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
}

async fn pages_and_totals(world: &World) {
    let books = Books::of(world).await;
    let mut products = Vec::new();
    for sku in ["BOWL", "MUG", "PLATE"] {
        let product = books.office.product(sku, "2.00").await;
        books.receive(&product, 100, "2.00").await;
        products.push(product);
    }
    for (product, quantity) in products.iter().zip([3, 4, 5]) {
        sell(&books, product, quantity, "10.00").await;
        sell(&books, product, quantity, "10.00").await;
    }
    let filter = json!({ "product": { "in": products.iter().map(|p| p["id"].clone()).collect::<Vec<_>>() } });
    let all = query_demand(&books, json!({ "f": filter, "g": ["PRODUCT"], "n": 250 })).await;
    let totals = json!({ "soldUnits": 24, "orders": null, "grossRevenue": { "amount": "240.00" } });
    assert_eq!((&all["totals"], all["nodes"].as_array().map(Vec::len)), (&totals, Some(3)), "{all:#}");
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = query_demand(&books, json!({ "f": filter, "g": ["PRODUCT"], "n": 2, "a": after })).await;
        assert_eq!(page["totals"], totals, "the totals are of all pages");
        seen.extend(page["nodes"].as_array().unwrap().clone());
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(json!(seen), all["nodes"]);
    let mug = seen.iter().find(|row| row["product"]["sku"] == "MUG").unwrap();
    assert_eq!(
        (&mug["soldUnits"], &mug["orders"], &mug["netUnits"], &mug["grossRevenue"]["amount"], &mug["costOfGoodsSold"]["amount"]),
        (&json!(8), &json!(2), &json!(92), &json!("80.00"), &json!("16.00")),
        "{mug:#}"
    );
    for (filter, product, units) in [
        (json!({ "product": { "key": ["bowl", "MUG"] }, "store": { "key": ["dock"] } }), Value::Null, 14),
        (json!({ "product": { "key": ["BOWL", "MUG"] } }), json!({ "sku": { "in": ["MUG", "PLATE"] } }), 8),
        (filter.clone(), json!({ "categoryTree": { "in": [] } }), 0),
        (json!({ "channel": { "key": ["none"] } }), Value::Null, 0),
    ] {
        let some = query_demand(&books, json!({ "f": filter, "p": product })).await;
        assert_eq!(some["totals"]["soldUnits"], units, "{filter} {product}");
    }
    let of_mug = json!({ "product": { "eq": products[1]["id"] } });
    let by = query_demand(&books, json!({ "f": of_mug, "g": ["WEEK", "STORE", "CHANNEL"] })).await;
    // Received stock has no channel, and is the first row.
    let rows = by["nodes"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{by:#}");
    assert_eq!(
        (&rows[0]["channel"], &rows[0]["netUnits"], &rows[0]["store"]["code"]),
        (&Value::Null, &json!(100), &json!("DOCK"))
    );
    assert_eq!((&rows[1]["netUnits"], rows[1]["channel"]["code"].is_string(), &rows[1]["day"]), (&json!(-8), true, &Value::Null));
    assert_eq!(by["totals"]["orders"], 2, "of one product orders can be counted");
    // If days are summed first, pages end at their groups, and totals do not.
    let mut one = json!({ "f": of_mug, "g": ["WEEK", "STORE", "CHANNEL"], "n": 1 });
    let first = query_demand(&books, one.clone()).await;
    one["a"] = first["pageInfo"]["endCursor"].clone();
    let second = query_demand(&books, one).await;
    assert_eq!(json!([first["nodes"][0], second["nodes"][0]]), by["nodes"], "{first:#} {second:#}");
    assert_eq!([&first["totals"], &second["totals"]], [&by["totals"], &by["totals"]]);
    let weeks = query_demand(&books, json!({ "f": of_mug, "g": ["WEEK"] })).await;
    assert_eq!((&weeks["totals"], weeks["nodes"].as_array().map(Vec::len)), (&by["totals"], Some(1)), "{weeks:#}");
    let earlier = json!({ "product": { "eq": products[1]["id"] }, "to": "2020-01-01" });
    let none = query_demand(&books, json!({ "f": earlier })).await;
    assert_eq!((&none["nodes"], &none["totals"]["soldUnits"]), (&json!([]), &json!(0)));
}

async fn stock_is_of_all_currencies_and_money_of_one(world: &World) {
    const MIXED: &str = "query($f: DemandFilter, $g: [DemandDimension!]!, $c: CurrencyCode) {
      demandFacts(filter: $f, groupBy: $g, currency: $c, first: 50) { currency totalCount { count } nodes { ...Of } totals { ...Of } } }
      fragment Of on DemandFact { soldUnits orderLines largestLineUnits shippedUnits receivedUnits netUnits activeDays grossRevenue { amount } }";
    let books = Books::of(world).await;
    let (mug, bowl) = (books.office.product("MUG", "2.00").await, books.office.product("BOWL", "2.00").await);
    for product in [&mug, &bowl] {
        books.receive(product, 100, "2.00").await;
    }
    sell(&books, &mug, 3, "10.00").await;
    let euros = json!([{ "product": mug, "quantity": 2, "unitPrice": { "amount": "30.00", "currencyCode": "EUR" } }]);
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "status": "FULFILLED", "lines": euros });
    accepted(&books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    let facts = async |product: &Value, group: &Value, currency: Value| {
        let filter = json!({ "product": { "eq": product["id"] } });
        let answer = books.office.execute(MIXED, json!({ "f": filter, "g": group, "c": currency })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["demandFacts"].clone()
    };
    let sums = |sold: i64, shipped: i64, gross: &str| {
        json!({ "soldUnits": sold, "orderLines": i64::from(sold > 0), "largestLineUnits": sold, "shippedUnits": shipped, "receivedUnits": 100,
            "netUnits": 100 - shipped, "activeDays": 1, "grossRevenue": { "amount": gross } })
    };
    // Receipts belong to no channel.
    for (group, rows) in [
        (json!(["DAY"]), 1),
        (json!(["PRODUCT"]), 1),
        (json!(["STORE"]), 1),
        (json!(["WEEK"]), 1),
        (json!(["WEEK", "CHANNEL"]), 2),
        (json!(["DAY", "PRODUCT", "STORE", "CHANNEL"]), 2),
    ] {
        for (currency, sold, gross) in [(Value::Null, 3, "30.00"), (json!("EUR"), 2, "60.00")] {
            let found = facts(&mug, &group, currency).await;
            assert_eq!(
                (&found["totals"], &found["totalCount"]["count"]),
                (&sums(sold, 5, gross), &json!(rows)),
                "{group} {found:#}"
            );
            let nodes = found["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), rows, "{group} {found:#}");
            for name in ["soldUnits", "shippedUnits", "receivedUnits", "netUnits"] {
                let sum: i64 = nodes.iter().map(|node| node[name].as_i64().unwrap()).sum();
                assert_eq!(json!(sum), found["totals"][name], "{group} {name} {found:#}");
            }
        }
        // A product that was sold in no currency has stock figures only.
        let found = facts(&bowl, &group, json!("EUR")).await;
        assert_eq!((&found["totals"], &found["totalCount"]["count"]), (&sums(0, 0, "0.00"), &json!(1)), "{group} {found:#}");
    }
}

async fn a_row_of_a_day_says_whether_it_closed_with_stock(world: &World) {
    const STOCK: &str = "query($f: DemandFilter, $g: [DemandDimension!]!) { demandFacts(filter: $f, groupBy: $g, first: 50) {
      nodes { day soldUnits isInStock } edges { node { isInStock } } totals { isInStock } } }";
    let books = Books::of(world).await;
    let (mug, bowl) = (books.office.product("MUG", "2.00").await, books.office.product("BOWL", "2.00").await);
    let receive = async |product: &Value, units: i64, days: i64| {
        books.adjust("RECEIPT", product, units, json!({ "occurredAt": days_ago(world, days) })).await;
    };
    let sell = async |units: i64, days: i64| {
        let lines = json!([{ "product": mug, "quantity": units, "unitPrice": gbp("9.00") }]);
        let placed_at = days_ago(world, days);
        let input = json!({ "idempotencyKey": key(), "store": books.office.store, "status": "FULFILLED", "placedAt": placed_at, "lines": lines });
        accepted(&books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    };
    let query_group = async |group: Value| {
        let filter = json!({ "product": { "in": [mug["id"], bowl["id"]] } });
        let answer = books.office.execute(STOCK, json!({ "f": filter, "g": group })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["demandFacts"].clone()
    };
    let states = |facts: &Value| -> Vec<(i64, Option<bool>)> {
        let nodes = facts["nodes"].as_array().unwrap();
        nodes.iter().map(|node| (node["soldUnits"].as_i64().unwrap(), node["isInStock"].as_bool())).collect()
    };
    receive(&mug, 5, 10).await;
    receive(&bowl, 7, 9).await;
    sell(5, 6).await;
    receive(&mug, 3, 2).await;
    sell(1, 2).await;
    let group = json!(["DAY", "STORE", "PRODUCT"]);
    let facts = query_group(group.clone()).await;
    let (stocked, sold_out) = (Some(true), Some(false));
    assert_eq!(states(&facts), [(0, stocked), (0, stocked), (5, sold_out), (1, stocked)], "{facts:#}");
    assert_eq!((&facts["edges"][2]["node"]["isInStock"], &facts["totals"]["isInStock"]), (&json!(false), &Value::Null));
    // A delivery that was booked late: that day did not sell out.
    receive(&mug, 4, 8).await;
    let facts = query_group(group).await;
    assert_eq!(states(&facts), [(0, stocked), (0, stocked), (0, stocked), (5, stocked), (1, stocked)], "{facts:#}");
    let by_product = query_group(json!(["DAY", "PRODUCT"])).await;
    assert!(states(&by_product).iter().all(|(_, state)| state.is_none()), "of several stores, perhaps: {by_product:#}");
    books.office.is_sound().await;
}

async fn a_shop_sees_its_own(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 10, "2.00").await;
    sell(&books, &mug, 3, "10.00").await;
    let filter = json!({ "product": { "eq": mug["id"] } });
    let whole = query_demand(&books, json!({ "f": filter, "g": ["STORE"] })).await;
    assert_eq!(whole["totals"]["soldUnits"], 3);
    let other = books.office.new_store("ELSEWHERE").await;
    let reader = |store: &Value| {
        let mut caller = world.ours.owner_with(&["store.read"]);
        caller.permissions.grant(kind::ReportRead::INDEX, &Reach::stores([store["id"].as_str().unwrap().parse().unwrap()]));
        caller
    };
    let theirs = books.office.as_caller(reader(&other)).execute(FACTS, json!({ "f": filter, "g": ["STORE"] })).await;
    let facts = &theirs["data"]["demandFacts"];
    assert_eq!((&facts["nodes"], &facts["totals"]["soldUnits"]), (&json!([]), &json!(0)), "{theirs:#}");
    let theirs = books.office.as_caller(reader(&books.office.store)).execute(FACTS, json!({ "f": filter, "g": ["STORE"] })).await;
    let node = &theirs["data"]["demandFacts"]["nodes"][0];
    assert_eq!((&node["soldUnits"], &node["costOfGoodsSold"]), (&json!(3), &Value::Null), "costs are another right: {theirs:#}");
}

async fn arguments_are_checked(world: &World) {
    let books = Books::of(world).await;
    for bad in [
        json!({ "g": [] }),
        json!({ "g": ["DAY", "DAY"] }),
        json!({ "n": 0 }),
        json!({ "n": 251 }),
        json!({ "f": { "from": "2026-03-02", "to": "2026-03-01" } }),
        json!({ "f": { "product": { "eq": "mug" } } }),
        json!({ "a": "nonsense" }),
    ] {
        let answer = books.office.execute(FACTS, bad.clone()).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{bad}: {answer:#}");
    }
}
