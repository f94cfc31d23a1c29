//! Classes, fill rates, margins, customers and products that are bought together.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use entrepot::access::{Permission, Reach, kind};
use serde_json::{Value, json};

use super::{execute, filter, order, stocked};
use crate::{
    authorization::world::World,
    costing::world::Books,
    purchasing::office::{accepted, key},
    world::on_both,
};

on_both!(
    products_are_classed_by_revenue,
    an_order_is_filled_by_what_left_in_time,
    a_channel_has_its_margin,
    a_customer_is_an_id_and_scores,
    mugs_are_bought_with_saucers,
    periods_are_checked,
);

const CLASSES: &str = "query($f: SalesReportFilter!, $n: Int, $a: Cursor) { abcXyz(filter: $f, first: $n, after: $a) {
    isCurrent currency periodDays nodes { product { sku } abc xyz assignedAbc assignedXyz revenue { amount } revenueShare shareBefore units variation }
    totals { products weeks revenue { amount } classes { abc xyz products revenue { amount } } } pageInfo { hasNextPage endCursor } } }";

async fn products_are_classed_by_revenue(world: &World) {
    let books = Books::of(world).await;
    let mut ids = Vec::new();
    for (sku, units) in [("BOWL", 3), ("MUG", 80), ("PLATE", 17), ("SPOON", 0)] {
        let product = stocked(&books, sku, 100, 9).await;
        if units > 0 {
            order(&books, &[(&product, units)], 4, Value::Null).await;
        }
        ids.push(product["id"].clone());
    }
    let mut report_filter = filter(&books, (5, 2));
    report_filter["product"] = json!({ "id": { "in": ids } });
    let all = execute(&books, CLASSES, json!({ "f": report_filter })).await;
    let rows: Vec<Value> = all["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["product"]["sku"], row["abc"], row["shareBefore"], row["units"]]))
        .collect();
    assert_eq!(
        json!(rows),
        json!([["MUG", "A", 0.0, 80], ["PLATE", "B", 0.8, 17], ["BOWL", "C", 0.97, 3], ["SPOON", "C", 1.0, 0]]),
        "{all:#}"
    );
    assert_eq!(
        (&all["totals"]["revenue"]["amount"], &all["totals"]["products"], &all["totals"]["weeks"]),
        (&json!("900.00"), &json!(4), &json!(0))
    );
    assert_eq!(
        (&all["nodes"][0]["variation"], &all["nodes"][0]["revenueShare"], &all["periodDays"]),
        (&Value::Null, &json!(0.8), &json!(4))
    );
    let classes = all["totals"]["classes"].as_array().unwrap();
    assert_eq!((classes.len(), classes.iter().map(|one| one["products"].as_i64().unwrap()).sum::<i64>()), (9, 4));
    let page = execute(&books, CLASSES, json!({ "f": report_filter, "n": 3 })).await;
    let rest = execute(&books, CLASSES, json!({ "f": report_filter, "n": 3, "a": page["pageInfo"]["endCursor"] })).await;
    assert_eq!(
        (&rest["nodes"][0], &rest["totals"], &rest["pageInfo"]["hasNextPage"]),
        (&all["nodes"][3], &all["totals"], &json!(false))
    );
    // In the four days before, 77 % of revenue came before plates: A, and 80 % is not two points beyond the border.
    for (nth, units) in [(1, 10), (2, 3)] {
        order(&books, &[(&json!({ "id": ids[nth] }), units)], 7, Value::Null).await;
    }
    let kept = execute(&books, CLASSES, json!({ "f": report_filter })).await;
    let classes = |row: &Value| json!([row["product"]["sku"], row["abc"], row["assignedAbc"], row["assignedXyz"]]);
    let rows: Vec<Value> = kept["nodes"].as_array().unwrap().iter().map(classes).collect();
    assert_eq!(
        json!(rows),
        json!([["MUG", "A", "A", "Z"], ["PLATE", "B", "A", "Z"], ["BOWL", "C", "C", "Z"], ["SPOON", "C", "C", "Z"]])
    );
    // Four whole weeks with a sale in one of them: 80, 0, 0, 0 vary by the root of 3.
    report_filter["from"] = json!(super::day(world, 40));
    let weeks = execute(&books, CLASSES, json!({ "f": report_filter })).await;
    assert!(weeks["totals"]["weeks"].as_i64().unwrap() >= 4, "{weeks:#}");
    assert_eq!(weeks["nodes"][3]["xyz"], "Z", "nothing was sold of it");
    weeks_without_stock_are_unknown(&books).await;
}

const KNOWN: &str = "query($f: SalesReportFilter!) { abcXyz(filter: $f) {
    nodes { xyz variation units knownWeeks xyzByKnownWeeks variationByKnownWeeks } totals { weeks } } }";

/// Five cups in each of two weeks, and the last five on the Monday after: the shelf is empty since.
async fn weeks_without_stock_are_unknown(books: &Books<'_>) {
    let today = books.office.world.node.clock.now().micros().div_euclid(86_400_000_000);
    let monday = |weeks: i64| (today + 3).rem_euclid(7) + 7 * weeks;
    let cup = stocked(books, "CUP", 15, monday(6)).await;
    for days in [monday(6) - 1, monday(5) - 1, monday(4)] {
        order(books, &[(&cup, 5)], days, Value::Null).await;
    }
    let mut report_filter = filter(books, (monday(6), monday(1) + 1));
    report_filter["product"] = json!({ "id": { "eq": cup["id"] } });
    let found = execute(books, KNOWN, json!({ "f": report_filter })).await;
    let row = json!({ "xyz": "Y", "variation": 0.816497, "units": 15, "knownWeeks": 2, "xyzByKnownWeeks": "X", "variationByKnownWeeks": 0.0 });
    assert_eq!((&found["nodes"], &found["totals"]["weeks"]), (&json!([row]), &json!(5)), "{found:#}");
}

pub(super) const FILLED: &str = "query($f: SalesReportFilter!, $h: Int) { fulfilmentReport(filter: $f, withinHours: $h) {
    nodes { store { code } orders wholeOrders lines wholeLines orderedUnits shippedUnits unitFillRate lineFillRate orderFillRate fulfilments medianHours p90Hours }
    totals { orders unitFillRate } } }";

async fn an_order_is_filled_by_what_left_in_time(world: &World) {
    let books = Books::of(world).await;
    let (mug, plate) = (stocked(&books, "MUG", 100, 9).await, stocked(&books, "PLATE", 100, 9).await);
    order(&books, &[(&mug, 5)], 3, Value::Null).await;
    let open = order(&books, &[(&mug, 8), (&plate, 2)], 3, json!({ "status": "CONFIRMED" })).await;
    let fulfil = async |line: usize, quantity: i64, days: i64| {
        let lines = json!([{ "lineId": open["lines"][line]["id"], "quantity": quantity }]);
        let input = json!({ "idempotencyKey": key(), "id": open["id"], "lines": lines, "occurredAt": crate::demand::days::days_ago(world, days) });
        accepted(&books.office.mutate("orderFulfil", "OrderFulfilInput", "order { id }", input).await, "order");
    };
    fulfil(0, 6, 3).await;
    fulfil(0, 2, 1).await;
    let report_filter = filter(&books, (4, 2));
    let found = execute(&books, FILLED, json!({ "f": report_filter, "h": 24 })).await;
    let row = json!({ "store": { "code": "DOCK" }, "orders": 2, "wholeOrders": 1, "lines": 3, "wholeLines": 1, "orderedUnits": 15, "shippedUnits": 11,
        "unitFillRate": 0.733333, "lineFillRate": 0.333333, "orderFillRate": 0.5, "fulfilments": 2, "medianHours": 24.0, "p90Hours": null });
    assert_eq!((&found["nodes"], &found["totals"]["orders"]), (&json!([row]), &json!(2)), "{found:#}");
    let later = execute(&books, FILLED, json!({ "f": report_filter, "h": 72 })).await;
    assert_eq!(
        (&later["nodes"][0]["shippedUnits"], &later["nodes"][0]["wholeLines"]),
        (&json!(13), &json!(2)),
        "two days later eight mugs had left"
    );
    // The requested date overrides the hours: an order that left 48 hours after it was placed is in
    // time, unless it was requested for an earlier day.
    for wanted in [1, 2] {
        let extra_input = json!({ "status": "CONFIRMED", "requestedFor": crate::demand::days::days_ago(world, wanted) });
        let new_order = order(&books, &[(&plate, 4)], 3, extra_input).await;
        let lines = json!([{ "lineId": new_order["lines"][0]["id"], "quantity": 4 }]);
        let input = json!({ "idempotencyKey": key(), "id": new_order["id"], "lines": lines, "occurredAt": crate::demand::days::days_ago(world, 1) });
        accepted(&books.office.mutate("orderFulfil", "OrderFulfilInput", "order { id }", input).await, "order");
    }
    for (hours, shipped) in [(24, 15), (72, 17)] {
        let found = execute(&books, FILLED, json!({ "f": report_filter, "h": hours })).await;
        let units = ["orderedUnits", "shippedUnits"].map(|name| found["nodes"][0][name].clone());
        assert_eq!(json!(units), json!([23, shipped]), "{found:#}");
    }
}

const MARGINS: &str = "query($f: SalesReportFilter!, $g: MarginGroup! = CHANNEL, $t: MarginTop! = GROSS_REVENUE) { marginReport(filter: $f, groupBy: $g, topBy: $t) {
    nodes { channel { code } store { code } product { sku } soldUnits grossRevenue { amount } netRevenue { amount } costOfGoodsSold { amount } margin { amount } marginRate }
    totals { soldUnits grossRevenue { amount } margin { amount } } } }";

async fn a_channel_has_its_margin(world: &World) {
    let books = Books::of(world).await;
    let (mug, plate) = (stocked(&books, "MUG", 100, 9).await, stocked(&books, "PLATE", 100, 9).await);
    order(&books, &[(&mug, 4), (&plate, 1)], 3, Value::Null).await;
    let report_filter = filter(&books, (4, 2));
    let found = execute(&books, MARGINS, json!({ "f": report_filter })).await;
    let totals = json!({ "soldUnits": 5, "grossRevenue": { "amount": "45.00" }, "margin": { "amount": "35.00" } });
    assert_eq!((&found["totals"], found["nodes"].as_array().map(Vec::len)), (&totals, Some(1)), "{found:#}");
    assert!(found["nodes"][0]["channel"]["code"].is_string() && found["nodes"][0]["product"].is_null(), "{found:#}");
    assert_eq!(found["nodes"][0]["marginRate"], json!(0.777778));
    let products = execute(&books, MARGINS, json!({ "f": report_filter, "g": "PRODUCT", "t": "MARGIN" })).await;
    assert_eq!(
        (&products["nodes"][0]["product"]["sku"], &products["nodes"][0]["margin"]["amount"]),
        (&json!("MUG"), &json!("28.00"))
    );
    // A caller that may not see costs may not sort by them either.
    let reader = books.office.as_caller(world.ours.owner_with(&["report.read", "store.read"]));
    let answer = reader.execute(MARGINS, json!({ "f": report_filter })).await;
    let node = &answer["data"]["marginReport"]["nodes"][0];
    assert_eq!(
        (&node["grossRevenue"]["amount"], &node["margin"], &node["marginRate"]),
        (&json!("45.00"), &Value::Null, &Value::Null),
        "{answer:#}"
    );
    let sorted = reader.execute(MARGINS, json!({ "f": report_filter, "t": "MARGIN" })).await;
    assert_eq!(sorted["errors"][0]["code"], "FORBIDDEN", "{sorted:#}");
    // Another store's reader sees nothing of this one.
    let other = books.office.new_store("ELSEWHERE").await;
    let mut caller = world.ours.owner_with(&["store.read"]);
    caller.permissions.grant(kind::ReportRead::INDEX, &Reach::stores([other["id"].as_str().unwrap().parse().unwrap()]));
    let theirs = books.office.as_caller(caller).execute(MARGINS, json!({ "f": report_filter })).await;
    assert_eq!(theirs["data"]["marginReport"]["nodes"], json!([]), "{theirs:#}");
}

const SCORES: &str = "query($s: IdFilter, $to: Date, $w: ProductFilter) { customerScores(store: $s, to: $to, product: $w) {
    nodes { customerId customer { id } recency frequency monetary daysSinceOrder orders netRevenue { amount } }
    totals { customers orders guestOrders netRevenue { amount } bestScore } } }";
const COHORTS: &str =
    "query($s: IdFilter, $p: PeriodInput!, $w: ProductFilter) { customerCohorts(store: $s, period: $p, product: $w) {
    nodes { month customers repeatedWithin30Days repeatedWithin90Days } totals { customers repeated } } }";

async fn a_customer_is_an_id_and_scores(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 100, 190).await;
    let mut customers = Vec::new();
    for name in ["Ada", "Bea"] {
        let payload =
            books.office.mutate("customerCreate", "CustomerCreateInput", "customer { id }", json!({ "name": name })).await;
        customers.push(accepted(&payload, "customer")["id"].clone());
    }
    let buys = async |customer: &Value, units: i64, days: i64| {
        order(&books, &[(&mug, units)], days, json!({ "customerId": customer })).await
    };
    buys(&customers[0], 1, 180).await;
    buys(&customers[0], 1, 160).await;
    buys(&customers[1], 5, 179).await;
    order(&books, &[(&mug, 1)], 10, Value::Null).await;
    let store = json!({ "eq": books.office.store["id"] });
    let found = execute(&books, SCORES, json!({ "s": store })).await;
    let totals = json!({ "customers": 2, "orders": 3, "guestOrders": 1, "netRevenue": { "amount": "63.00" }, "bestScore": 3 });
    assert_eq!(found["totals"], totals, "{found:#}");
    let (bea, ada) = (&found["nodes"][0], &found["nodes"][1]);
    assert_eq!(
        (&bea["customerId"], &bea["monetary"], &bea["frequency"], &ada["recency"]),
        (&customers[1], &json!(2), &json!(1), &json!(2)),
        "{found:#}"
    );
    assert_eq!(
        (&ada["orders"], &ada["netRevenue"]["amount"], &ada["customer"]["id"]),
        (&json!(2), &json!("18.00"), &customers[0])
    );
    let reader = books.office.as_caller(world.ours.owner_with(&["report.read"]));
    let masked = reader.execute(SCORES, json!({ "s": store })).await;
    let node = &masked["data"]["customerScores"]["nodes"][0];
    assert_eq!(
        (&node["customerId"], &node["customer"], &node["monetary"]),
        (&Value::Null, &Value::Null, &json!(2)),
        "{masked:#}"
    );
    // A cursor does not contain the ID of its customer.
    let pages = "query($s: IdFilter, $after: Cursor) { customerScores(store: $s, first: 1, after: $after) { edges { cursor node { monetary } } } }";
    let page = reader.execute(pages, json!({ "s": store })).await["data"]["customerScores"]["edges"].clone();
    let cursor = URL_SAFE_NO_PAD.decode(page[0]["cursor"].as_str().unwrap()).unwrap();
    assert!(!String::from_utf8_lossy(&cursor).contains("\"i\""), "{page:#}");
    let next = reader.execute(pages, json!({ "s": store, "after": page[0]["cursor"] })).await;
    assert_eq!(next["data"]["customerScores"]["edges"].as_array().map(Vec::len), Some(1), "{next:#}");
    let period = json!({ "from": super::day(world, 200), "to": super::day(world, 1) });
    let cohorts = execute(&books, COHORTS, json!({ "s": store, "p": period })).await;
    assert_eq!(cohorts["totals"], json!({ "customers": 2, "repeated": 1 }), "{cohorts:#}");
    let again: i64 = cohorts["nodes"].as_array().unwrap().iter().map(|row| row["repeatedWithin30Days"].as_i64().unwrap()).sum();
    assert_eq!(again, 1, "{cohorts:#}");
    // Filter on plates only: one of two was returned by a customer, who bought them with a mug.
    let plate = stocked(&books, "PLATE", 100, 190).await;
    let sold = order(&books, &[(&mug, 1), (&plate, 2)], 100, json!({ "customerId": customers[1] })).await;
    let back = json!([{ "orderLineId": sold["lines"][1]["id"], "product": plate, "quantity": 1 }]);
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "customerId": customers[1], "lines": back });
    accepted(&books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    let plates = json!({ "sku": { "eq": "PLATE" } });
    for (only, customers, orders, net) in
        [(&plates, 1, 1, "9.00"), (&json!({ "sku": { "eq": "MUG" } }), 2, 4, "72.00"), (&json!({}), 2, 4, "81.00")]
    {
        let found = execute(&books, SCORES, json!({ "s": store, "w": only })).await;
        let totals = &found["totals"];
        assert_eq!((&totals["customers"], &totals["orders"]), (&json!(customers), &json!(orders)), "{only} {found:#}");
        assert_eq!(totals["netRevenue"]["amount"], net, "{only} {found:#}");
        assert_eq!(totals["guestOrders"], i64::from(*only != plates), "{only}");
    }
    let cohorts = execute(&books, COHORTS, json!({ "s": store, "p": period, "w": plates })).await;
    assert_eq!(cohorts["totals"], json!({ "customers": 1, "repeated": 0 }), "{cohorts:#}");
    what_came_back_was_revenue_first(&books, &mug, &customers[0]).await;
}

/// A customer who returns a whole order has neither bought nor lost anything; only the received
/// units of a return count; and returns belong to the channel of their orders.
async fn what_came_back_was_revenue_first(books: &Books<'_>, mug: &Value, customer: &Value) {
    let office = &books.office;
    let buys = async |units: i64, days: i64| order(books, &[(mug, units)], days, json!({ "customerId": customer })).await;
    let back = async |of: &Value, units: i64, extra: Value| {
        let lines = json!([{ "orderLineId": of["lines"][0]["id"], "quantity": units }]);
        let mut input = json!({ "idempotencyKey": key(), "store": office.store, "customerId": customer, "lines": lines });
        extra.as_object().into_iter().flatten().for_each(|(name, value)| input[name] = value.clone());
        accepted(&office.mutate("returnCreate", "ReturnCreateInput", "return { id lines { id } }", input).await, "return").clone()
    };
    let whole = buys(3, 50).await;
    back(&whole, 3, Value::Null).await;
    // Two mugs of these 36.00 are to be returned; one has been.
    let some = buys(4, 40).await;
    let coming = back(&some, 2, json!({ "receive": false })).await;
    let step = json!({ "idempotencyKey": key(), "id": coming["id"] });
    accepted(&office.mutate("returnApprove", "ReturnActionInput", "return { id }", step).await, "return");
    let one =
        json!({ "idempotencyKey": key(), "id": coming["id"], "lines": [{ "lineId": coming["lines"][0]["id"], "quantity": 1 }] });
    accepted(&office.mutate("returnReceive", "ReturnReceiveInput", "return { id }", one).await, "return");
    let store = json!({ "eq": office.store["id"] });
    let query = "query($s: IdFilter) { salesReport(groupBy: CHANNEL, filter: { store: $s }) { key } }";
    let channel = execute(books, query, json!({ "s": store })).await[0]["key"].clone();
    let query = "query($s: IdFilter, $c: IdFilter) { customerScores(store: $s, channel: $c) { nodes { customerId orders netRevenue { amount } } } }";
    for of in [json!({ "s": store }), json!({ "s": store, "c": { "eq": channel } })] {
        let found = execute(books, query, of).await;
        let row = found["nodes"].as_array().unwrap().iter().find(|row| row["customerId"] == *customer).unwrap();
        // 18.00 of two orders before, and 27.00 of the third: the customer's figures in
        // `salesReport`.
        assert_eq!((&row["orders"], &row["netRevenue"]["amount"]), (&json!(3), &json!("45.00")), "{found:#}");
    }
    let query = "query($s: IdFilter) { salesReport(groupBy: CUSTOMER, filter: { store: $s }) { key netRevenue { amount } } }";
    let found = execute(books, query, json!({ "s": store })).await;
    let row = found.as_array().unwrap().iter().find(|row| row["key"] == *customer).unwrap();
    assert_eq!(row["netRevenue"]["amount"], "45.00", "{found:#}");
}

const PAIRS: &str = "query($f: SalesReportFilter!) { boughtTogether(filter: $f) {
    nodes { product { sku } otherProduct { sku } ordersTogether productOrders lift support confidence } totals { orders leftOutOrders pairs } } }";

async fn mugs_are_bought_with_saucers(world: &World) {
    let books = Books::of(world).await;
    let mut created = Vec::new();
    for sku in ["MUG", "SAUCER", "LAMP"] {
        created.push(stocked(&books, sku, 200, 9).await);
    }
    for _ in 0..10 {
        order(&books, &[(&created[0], 1), (&created[1], 1)], 3, Value::Null).await;
        order(&books, &[(&created[2], 1)], 3, Value::Null).await;
    }
    // An order with many lines, as of a wholesaler, is left out.
    let lines: Vec<(&Value, i64)> = (0..101).map(|nth| (&created[nth % 3], 1)).collect();
    order(&books, &lines, 3, Value::Null).await;
    let found = execute(&books, PAIRS, json!({ "f": filter(&books, (4, 2)) })).await;
    let pair = &found["nodes"][0];
    let mut both = [&pair["product"]["sku"], &pair["otherProduct"]["sku"]].map(|sku| sku.as_str().unwrap());
    both.sort_unstable();
    assert_eq!((both, found["nodes"].as_array().map(Vec::len)), (["MUG", "SAUCER"], Some(1)), "{found:#}");
    let figures = [&pair["ordersTogether"], &pair["productOrders"], &pair["lift"], &pair["support"], &pair["confidence"]];
    assert_eq!(json!(figures), json!([10, 10, 2.0, 0.5, 1.0]));
    assert_eq!(found["totals"], json!({ "orders": 20, "leftOutOrders": 1, "pairs": 1 }));
}

async fn periods_are_checked(world: &World) {
    let books = Books::of(world).await;
    for (from, to) in [("2026-03-02", "2026-03-01"), ("2020-01-01", "2022-01-02")] {
        let answer = books.office.execute(CLASSES, json!({ "f": { "from": from, "to": to } })).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    }
    let answer = books.office.execute(FILLED, json!({ "f": { "from": "2026-03-01", "to": "2026-03-01" }, "h": 0 })).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
}
