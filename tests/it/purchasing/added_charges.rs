//! Freight and duty that are billed after the receipt: the units that are left gain value, and the
//! rest is a cost of the day.

use entrepot::insight::verify::verify_tenant;
use serde_json::{Value, json};

use super::{
    charge_currencies::{enter_rates, money},
    office::{Office, accepted, gbp, key, refused},
    proofs::{Break, each_is_named},
};
use crate::{
    authorization::world::World,
    costing::world::{Books, run_tenant_sql},
    demand::days::days_ago,
    reversals::undo::{reverse, would},
    world::on_both,
};

on_both!(a_bill_that_comes_late_is_shared_by_what_is_left_and_what_is_gone, a_bill_in_dollars_a_credit_and_rates_that_moved,);

const FIELDS: &str = "revaluation { id number charge { purchaseOrderId kind basis name amount { amount currencyCode } bookValue { amount } rate { numerator denominator } }
    lines { product { id } charge { amount } change { amount } landedCostVariance { amount } } }";

async fn charge(office: &Office<'_>, order: &Value, extra: Value, is_dry: bool) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "id": order["id"], "kind": "FREIGHT", "note": "the haulier's bill" });
    extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    let query = format!(
        "mutation($input: PurchaseOrderChargeAddInput!, $dry: Boolean!) {{ purchaseOrderChargeAdd(input: $input, validateOnly: $dry) {{ {FIELDS}
           userErrors {{ code field message }} replayed seq }} }}"
    );
    let answer = office.execute(&query, json!({ "input": input, "dry": is_dry })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["purchaseOrderChargeAdd"].clone()
}

/// Returns the figures of a product in the cost report: revalued, variance, and change.
async fn reported(office: &Office<'_>, product: &Value) -> Value {
    let query = "query($p: ProductRef!) { costReport(product: $p) { isCurrent rows { revalued { amount } landedCostVariance { amount } change { amount } } } }";
    let row = office.execute(query, json!({ "p": product })).await["data"]["costReport"]["rows"][0].clone();
    json!([row["revalued"]["amount"], row["landedCostVariance"]["amount"], row["change"]["amount"]])
}

fn line(product: &Value, charge: &str, change: &str, variance: &str) -> Value {
    let amount = |amount: &str| json!({ "amount": amount });
    json!({ "product": { "id": product["id"] }, "charge": amount(charge), "change": amount(change), "landedCostVariance": amount(variance) })
}

async fn a_bill_that_comes_late_is_shared_by_what_is_left_and_what_is_gone(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let (mug, plate) = (office.product("MUG", "1.00").await, office.product("PLATE", "3.00").await);
    let order =
        office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 10 }] })).await;
    refused(&charge(office, &order, json!({ "amount": gbp("40.00") }), false).await, "INVALID_STATE", "input.id");
    let purchase_order = accepted(&office.receive(&order, &[10, 10]).await, "purchaseOrder").clone();
    books.sell(&mug, 6).await;
    books.cost(&mug).await;
    let before = world.dump(office.caller.tenant).await;
    let bill = json!({ "amount": gbp("40.00"), "idempotencyKey": key(), "expectedVersion": purchase_order["version"], "externalRef": "HB-17" });
    let foreseen = charge(office, &order, bill.clone(), true).await;
    assert_eq!((&foreseen["seq"], world.dump(office.caller.tenant).await), (&Value::Null, before));
    let foreseen = accepted(&foreseen, "revaluation").clone();
    let revaluation = charge(office, &order, bill.clone(), false).await;
    let revaluation = accepted(&revaluation, "revaluation").clone();
    assert_eq!((&foreseen["number"], revaluation["number"] != "·"), (&json!("·"), true));
    assert_eq!(
        (&foreseen["lines"], &foreseen["charge"]),
        (&revaluation["lines"], &revaluation["charge"]),
        "a dry run says what is done"
    );
    // By value 10.00 of 40.00 belong to the mugs, and 4 of 10 mugs are left.
    let lines = [line(&mug, "10.00", "4.00", "6.00"), line(&plate, "30.00", "30.00", "0.00")];
    let found = revaluation["lines"].as_array().unwrap();
    assert!(found.len() == 2 && lines.iter().all(|line| found.contains(line)), "{revaluation:#}");
    assert_eq!(revaluation["charge"]["name"], "Freight");
    assert_eq!(books.cost(&mug).await, json!([4, "8.00", "8.00", [[4, "8.00"]]]));
    assert_eq!(books.cost(&plate).await, json!([10, "60.00", "60.00", [[10, "60.00"]]]));
    assert_eq!(reported(office, &mug).await, json!(["4.00", "6.00", "8.00"]), "what is gone is a cost beside the stock");
    assert_eq!(charge(office, &order, bill.clone(), false).await["replayed"], true);
    let again = json!({ "amount": gbp("1.00"), "expectedVersion": purchase_order["version"] });
    refused(&charge(office, &order, again, false).await, "VERSION_CONFLICT", "input.expectedVersion");
    let query =
        "query($id: ID!) { purchaseOrder(by: { id: $id }) { receipts { id } addedCharges { id charge { amount { amount } } } } }";
    let seen_purchase_order = office.execute(query, json!({ "id": order["id"] })).await["data"]["purchaseOrder"].clone();
    assert_eq!(
        seen_purchase_order["addedCharges"],
        json!([{ "id": revaluation["id"], "charge": { "amount": { "amount": "40.00" } } }])
    );
    let receipt = &seen_purchase_order["receipts"][0]["id"];
    for payload in [would(office, receipt, json!({})).await, reverse(office, receipt, json!({})).await] {
        refused(&payload, "IN_USE", "input.documentId");
        assert_eq!(
            payload["userErrors"][0]["documents"][0]["id"], revaluation["id"],
            "the charge rests on what has come: {payload}"
        );
    }
    office.is_sound().await;
    let shares =
        Break { table: "revaluation_line", column: "charge_minor", rows: "charge_minor > 0", named: "revaluation: the shares" };
    let value = Break {
        table: "revaluation",
        column: "charge_books_minor",
        rows: "charge_books_minor > 0",
        named: "purchase charge: its amount in the books",
    };
    each_is_named(world, &[shares, value]).await;
    let off = |by: i64| {
        format!(
            "UPDATE cost_posting SET average_minor = average_minor + {by} WHERE tenant_id = $1 AND kind = 'REVALUATION' AND average_minor = 400"
        )
    };
    run_tenant_sql(world, &off(5)).await;
    let report = verify_tenant(&world.node.db, world.ours.owner.tenant, |_| {}).await.unwrap();
    assert!(report.broken_lines().any(|line| line.invariant.starts_with("revaluation: goods in stock")), "{report}");
    run_tenant_sql(world, &off(5).replace("+ 5", "- 5").replace("= 400", "= 405")).await;
    let input = json!({ "idempotencyKey": key(), "id": revaluation["id"], "note": "it was another order's" });
    let fields = "revaluation { lines { product { id } charge { amount } change { amount } landedCostVariance { amount } } }";
    let undone = office.mutate("revaluationReverse", "RevaluationReverseInput", fields, input).await;
    let found = accepted(&undone, "revaluation")["lines"].as_array().unwrap().clone();
    assert!(found.contains(&line(&mug, "-10.00", "-4.00", "-6.00")), "{undone:#}");
    assert_eq!(books.cost(&mug).await, json!([4, "4.00", "4.00", [[4, "4.00"]]]));
    assert_eq!(reported(office, &mug).await, json!(["0.00", "0.00", "4.00"]));
    a_charge_more_and_one_less_are_changes_of_the_order(office, &purchase_order).await;
    office.is_sound().await;
}

/// `came` is the order before the charge.
async fn a_charge_more_and_one_less_are_changes_of_the_order(office: &Office<'_>, came: &Value) {
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { version } }";
    let version = office.execute(query, json!({ "id": came["id"] })).await["data"]["purchaseOrder"]["version"].clone();
    assert_eq!(version, json!(came["version"].as_i64().unwrap() + 2));
}

async fn a_bill_in_dollars_a_credit_and_rates_that_moved(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    enter_rates(office).await;
    let mug = office.product("MUG", "2.00").await;
    let lines = json!([{ "product": mug, "quantity": 10, "unitCost": money("3.00", "EUR") }]);
    let order = office.ordered(json!({ "currencyCode": "EUR", "lines": lines })).await;
    accepted(&office.receive(&order, &[3]).await, "purchaseOrder");
    let today = entrepot::clock::day_text(entrepot::clock::local_day(world.node.clock.now(), "UTC"));
    accepted(&office.rate("GBP", "0.8513", &today).await, "exchangeRate");
    accepted(&office.receive(&order, &[7]).await, "purchaseOrder");
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { rateDifference { amount currencyCode } } }";
    let seen = office.execute(query, json!({ "id": order["id"] })).await;
    assert_eq!(
        seen["data"]["purchaseOrder"]["rateDifference"],
        gbp("0.18"),
        "7.58 + 17.88, and 25.28 as it was ordered: {seen:#}"
    );
    for (extra, code, field) in [
        (json!({ "amount": gbp("5.00"), "kind": "DEPOSIT" }), "INVALID", "input.kind"),
        (json!({ "amount": gbp("0.00") }), "OUT_OF_RANGE", "input.amount"),
        (json!({ "amount": gbp("5.00"), "basis": "WEIGHT" }), "INVALID", "input.basis"),
        (json!({ "amount": money("5.00", "SEK") }), "RATE_MISSING", "input.amount"),
    ] {
        refused(&charge(office, &order, extra, false).await, code, field);
    }
    let new_payload = charge(office, &order, json!({ "amount": money("100.00", "USD"), "basis": "QUANTITY" }), false).await;
    assert_eq!(
        accepted(&new_payload, "revaluation")["charge"]["rate"],
        json!({ "numerator": "0.8425", "denominator": "1.0842" })
    );
    assert_eq!(books.cost(&mug).await.as_array().unwrap()[..3], [json!(10), json!("103.17"), json!("103.17")]);
    let credit = charge(office, &order, json!({ "amount": gbp("-10.00"), "name": "Freight credited" }), false).await;
    assert_eq!(accepted(&credit, "revaluation")["lines"], json!([line(&mug, "-10.00", "-10.00", "0.00")]));
    assert_eq!(books.cost(&mug).await.as_array().unwrap()[..3], [json!(10), json!("93.17"), json!("93.17")]);
    // A customer's order in euros has the rate of its day as it was known at that time.
    let sold = json!([{ "product": mug, "quantity": 1, "unitPrice": money("10.00", "EUR") }]);
    let place = async |status: &str| {
        let input = json!({ "idempotencyKey": key(), "store": office.store, "status": status, "lines": sold });
        let payload = office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await;
        accepted(&payload, "order")["id"].clone()
    };
    let (draft, placed) = (place("DRAFT").await, place("CONFIRMED").await);
    accepted(&office.rate("GBP", "0.9125", &today).await, "exchangeRate");
    let seen = async |id: &Value| {
        let query = "query($id: ID!) { order(by: { id: $id }) { exchangeRate { numerator day } netTotalInBooks { amount currencyCode } } }";
        office.execute(query, json!({ "id": id })).await["data"]["order"].clone()
    };
    let own = json!({ "exchangeRate": { "numerator": "0.8513", "day": today }, "netTotalInBooks": gbp("8.51") });
    assert_eq!(seen(&placed).await, own, "a correction changes no order");
    assert_eq!(seen(&draft).await, json!({ "exchangeRate": null, "netTotalInBooks": null }));
    let confirm = json!({ "idempotencyKey": key(), "id": draft });
    accepted(&office.mutate("orderConfirm", "ActionInput", "order { id }", confirm).await, "order");
    assert_eq!(seen(&draft).await["netTotalInBooks"], gbp("9.13"), "it is known when it is confirmed");
    sales_of_all_currencies_are_summed_in_the_books(office, &mug, &today).await;
    office.is_sound().await;
}

/// Continues after two orders of 10.00 EUR, one of which has the rate of the morning.
async fn sales_of_all_currencies_are_summed_in_the_books(office: &Office<'_>, mug: &Value, today: &str) {
    let sell = async |status: &str, price: Value, days: i64| {
        let lines = json!([{ "product": mug, "quantity": 1, "unitPrice": price }]);
        let mut input = json!({ "idempotencyKey": key(), "store": office.store, "status": status, "lines": lines });
        if days > 0 {
            input["placedAt"] = json!(days_ago(office.world, days));
        }
        let payload = office.mutate("orderCreate", "OrderCreateInput", "order { id lines { id } }", input).await;
        accepted(&payload, "order")["lines"][0]["id"].clone()
    };
    let line = sell("FULFILLED", money("10.00", "EUR"), 0).await;
    sell("CONFIRMED", gbp("5.00"), 0).await;
    sell("CONFIRMED", money("10.00", "SEK"), 3).await;
    accepted(&office.rate("GBP", "0.9500", today).await, "exchangeRate");
    let unmatched = json!({ "product": mug, "quantity": 1, "unitPrice": money("10.00", "EUR") });
    for back in [json!({ "orderLineId": line, "quantity": 1 }), unmatched] {
        let input = json!({ "idempotencyKey": key(), "store": office.store, "receive": true, "lines": [back] });
        accepted(&office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    }
    let fields = "orders returns unitsSold documentsWithoutRate grossRevenue { amount } refunds { amount } netRevenue { amount currencyCode }";
    let summed = async |basis: &str| {
        let query = format!(
            "query($store: ID!) {{ salesSummary(filter: {{ store: {{ eq: $store }} }}, {basis}) {{
               total {{ {fields} }} rows(groupBy: PRODUCT, first: 1) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage }} }}
               days: rows(groupBy: DAY, first: 1) {{ totalCount {{ count }} }} }} }}"
        );
        office.execute(&query, json!({ "store": office.store["id"] })).await
    };
    let amounts = |row: &Value| ["grossRevenue", "refunds", "netRevenue"].map(|name| row[name]["amount"].clone());
    let answer = summed("currencyBasis: BOOKS").await;
    let (total, rows) = (&answer["data"]["salesSummary"]["total"], &answer["data"]["salesSummary"]["rows"]);
    // 8.51 and twice 9.13 for the euros, and 5.00; a return has the rate of its order, else that of
    // its own day.
    assert_eq!(amounts(total), ["31.77", "18.63", "13.14"], "{answer:#}");
    assert_eq!(total["netRevenue"]["currencyCode"], "GBP");
    let counted = ["orders", "returns", "documentsWithoutRate"].map(|name| total[name].clone());
    assert_eq!(counted, [json!(4), json!(2), json!(1)], "the order in crowns is in no other sum");
    assert_eq!(rows["nodes"], json!([total]), "all is of one product");
    assert_eq!(rows["pageInfo"]["hasNextPage"], false);
    let days = |answer: &Value| answer["data"]["salesSummary"]["days"]["totalCount"]["count"].clone();
    assert_eq!(days(&answer), 2, "the day of the crowns is counted, too");
    let euros = summed("currency: \"EUR\"").await;
    assert_eq!(amounts(&euros["data"]["salesSummary"]["total"]), ["30.00", "20.00", "10.00"], "{euros:#}");
    assert_eq!(days(&euros), 1);
    let both = summed("currencyBasis: BOOKS, currency: \"EUR\"").await;
    assert!(both["errors"][0]["message"].as_str().is_some_and(|message| message.contains("leave it out")), "{both:#}");
}
