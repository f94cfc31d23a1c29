//! Cost of goods that leave, and value of the remaining stock.

use entrepot::{
    costing::{jobs::catch_up_all_tenants, shell::catch_up},
    storage::with_consistent_reads,
};
use serde_json::{Value, json};

use super::world::{Books, run_tenant_sql};
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, gbp, key, refused},
    world::on_both,
};

on_both!(
    what_came_first_leaves_first_or_all_cost_the_same,
    a_delivery_is_worth_what_it_landed_at,
    what_customers_bring_back_is_worth_what_its_sale_took,
    a_transfer_changes_nothing_and_what_is_lost_on_the_way_is_written_off,
    a_reversal_takes_back_what_it_brought,
    what_stock_was_worth_is_told_as_of_a_moment_and_as_it_was_known,
    cost_of_zero_and_no_cost_at_all,
    many_entries_are_booked_in_pages_and_by_many_at_once,
    pages_without_a_movement_are_turned_too,
    a_sale_of_a_moment_before_it_was_booked_has_no_cost,
    the_tenant_chooses_how_costs_are_told,
);

async fn what_came_first_leaves_first_or_all_cost_the_same(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "9.00").await;
    books.receive(&mug, 10, "2.00").await;
    books.receive(&mug, 10, "4.00").await;
    assert_eq!(books.cost(&mug).await, json!([20, "60.00", "60.00", [[10, "20.00"], [10, "40.00"]]]));
    let order = books.sell(&mug, 15).await;
    assert_eq!(order["costOfGoodsSold"]["amount"], "45.00", "by the average, which is the default");
    assert_eq!(books.cost(&mug).await, json!([5, "15.00", "20.00", [[5, "20.00"]]]));
    assert_eq!(books.report(&mug, "MOVING_AVERAGE").await, ["60.00", "45.00", "0.00", "0.00", "0.00", "0.00", "15.00"]);
    assert_eq!(books.report(&mug, "FIFO").await, ["60.00", "40.00", "0.00", "0.00", "0.00", "0.00", "20.00"]);
    let gone = books.adjust("REMOVAL", &mug, -2, json!({})).await;
    assert_eq!(gone["entries"][0]["bookValue"]["amount"], "-6.00");
    assert_eq!(books.report(&mug, "FIFO").await[3], "-8.00");
    // Units that come at the cost of the last layer join it.
    books.receive(&mug, 1, "4.00").await;
    assert_eq!(books.cost(&mug).await, json!([4, "13.00", "16.00", [[4, "16.00"]]]));
    books.office.is_sound().await;
}

async fn a_delivery_is_worth_what_it_landed_at(world: &World) {
    let books = Books::of(world).await;
    let (mug, plate) = (books.office.product("MUG", "2.00").await, books.office.product("PLATE", "3.00").await);
    let lines = json!([{ "product": mug, "quantity": 3, "unitCost": gbp("2.00") }, { "product": plate, "quantity": 2, "unitCost": gbp("3.00") }]);
    let charges = json!([{ "kind": "FREIGHT", "basis": "VALUE", "name": "Van", "amount": gbp("1.00") }]);
    let order = books.office.ordered(json!({ "lines": lines, "charges": charges })).await;
    assert_eq!(books.cost(&mug).await, json!([0, "0.00", "0.00", []]), "what is only ordered is nobody's yet");
    accepted(&books.office.receive(&order, &[3, 2]).await, "purchaseOrder");
    // Half the freight each: 6.50 for three mugs and for two plates.
    assert_eq!(books.cost(&mug).await.as_array().unwrap()[..3], [json!(3), json!("6.50"), json!("6.50")]);
    assert_eq!(books.cost(&plate).await, json!([2, "6.50", "6.50", [[2, "6.50"]]]));
    assert_eq!(books.sell(&mug, 3).await["costOfGoodsSold"]["amount"], "6.50", "not a penny is lost to rounding");
    books.office.is_sound().await;
}

async fn what_customers_bring_back_is_worth_what_its_sale_took(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "9.00").await;
    books.receive(&mug, 10, "2.00").await;
    let order = books.sell(&mug, 4).await;
    books.receive(&mug, 10, "7.00").await;
    let lines = json!([{ "orderLineId": order["lines"][0]["id"], "product": mug, "quantity": 3 }]);
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "lines": lines });
    accepted(&books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    assert_eq!(books.cost(&mug).await, json!([19, "88.00", "88.00", [[6, "12.00"], [10, "70.00"], [3, "6.00"]]]));
    let report = books.report(&mug, "FIFO").await;
    assert_eq!((report[1].as_str(), report[2].as_str()), ("8.00", "6.00"), "what came back is not deducted from what was sold");
    // The sale is unknown, so the return is valued at the product's listed cost.
    let lines = json!([{ "product": mug, "quantity": 1 }]);
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "lines": lines });
    accepted(&books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    assert_eq!(books.report(&mug, "FIFO").await[2], "15.00");
    books.office.is_sound().await;
}

async fn a_transfer_changes_nothing_and_what_is_lost_on_the_way_is_written_off(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    let shop = books.office.new_store("SHOP").await;
    books.receive(&mug, 10, "2.00").await;
    let lines = json!([{ "product": mug, "quantity": 6 }]);
    let input = json!({ "idempotencyKey": key(), "fromStore": books.office.store, "toStore": shop, "lines": lines });
    let payload = books.office.mutate("transferCreate", "TransferCreateInput", "transfer { id lines { id } }", input).await;
    let (id, line) = (accepted(&payload, "transfer")["id"].clone(), payload["transfer"]["lines"][0]["id"].clone());
    let act = |extra: Value| {
        let mut input = json!({ "idempotencyKey": key(), "id": id });
        extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
        input
    };
    accepted(
        &books.office.mutate("transferMarkReady", "TransferActionInput", "transfer { id }", act(json!({}))).await,
        "transfer",
    );
    accepted(&books.office.mutate("transferShip", "TransferShipmentInput", "transfer { id }", act(json!({}))).await, "transfer");
    assert_eq!(books.cost(&mug).await, json!([10, "20.00", "20.00", [[10, "20.00"]]]), "on its way it is still the company's");
    let some = act(json!({ "lines": [{ "lineId": line, "quantity": 5 }] }));
    accepted(&books.office.mutate("transferReceive", "TransferShipmentInput", "transfer { id }", some).await, "transfer");
    assert_eq!(books.cost(&mug).await[0], 10);
    let lost = act(json!({ "reasonCode": "LOSS" }));
    accepted(&books.office.mutate("transferClose", "TransferCloseInput", "transfer { id }", lost).await, "transfer");
    assert_eq!(books.cost(&mug).await, json!([9, "18.00", "18.00", [[9, "18.00"]]]));
    assert_eq!(books.report(&mug, "FIFO").await[3], "-2.00");
    books.office.is_sound().await;
}

async fn a_reversal_takes_back_what_it_brought(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 10, "1.00").await;
    let wrong = books.receive(&mug, 10, "10.00").await;
    assert_eq!(books.cost(&mug).await[1], "110.00");
    let input = json!({ "idempotencyKey": key(), "movementId": wrong["id"], "note": "ten times too dear" });
    let payload = books.office.mutate("stockReverse", "StockReverseInput", "movement { id }", input).await;
    accepted(&payload, "movement");
    assert_eq!(books.cost(&mug).await, json!([10, "10.00", "10.00", [[10, "10.00"]]]), "as if it had never come");
    assert_eq!(books.report(&mug, "MOVING_AVERAGE").await[0], "10.00");
    let broken = books.adjust("REMOVAL", &mug, -4, json!({})).await;
    books.receive(&mug, 6, "3.00").await;
    let input = json!({ "idempotencyKey": key(), "movementId": broken["id"], "note": "they were not broken" });
    accepted(&books.office.mutate("stockReverse", "StockReverseInput", "movement { id }", input).await, "movement");
    assert_eq!(books.cost(&mug).await[1], "28.00", "ten at one pound and six at three");
    books.office.is_sound().await;
}

async fn what_stock_was_worth_is_told_as_of_a_moment_and_as_it_was_known(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    let at = |day: u32| json!(format!("2026-01-{day:02}T12:00:00Z"));
    let with = |day: u32, cost: &str| json!({ "unitCost": gbp(cost), "occurredAt": at(day) });
    books.adjust("RECEIPT", &mug, 10, with(2, "2.00")).await;
    books.adjust("SALE", &mug, -4, json!({ "occurredAt": at(4) })).await;
    let input = json!(entrepot::clock::rfc3339(world.node.clock.now()));
    world.advance_clock(1);
    // Recorded last, though it occurred in between.
    books.adjust("RECEIPT", &mug, 10, with(3, "5.00")).await;
    let now = |day: u32| books.worth_at(&mug, at(day), Value::Null);
    assert_eq!(now(1).await, Value::Null);
    assert_eq!(now(2).await, json!([10, "20.00"]));
    assert_eq!(now(3).await, json!([20, "70.00"]));
    assert_eq!(now(5).await, json!([16, "62.00"]), "the sale took what units cost when it was recorded");
    assert_eq!(books.worth_at(&mug, at(5), input).await, json!([6, "12.00"]));
    assert_eq!(books.worth_at(&mug, Value::Null, Value::Null).await, json!([16, "62.00"]));
    books.office.is_sound().await;
}

async fn cost_of_zero_and_no_cost_at_all(world: &World) {
    let books = Books::of(world).await;
    let gift = books.office.product("GIFT", "2.00").await;
    books.receive(&gift, 3, "0.00").await;
    assert_eq!(books.cost(&gift).await, json!([3, "0.00", "0.00", [[3, "0.00"]]]));
    assert_eq!(books.sell(&gift, 3).await["costOfGoodsSold"]["amount"], "0.00");
    let input = json!({ "sku": "STRAY", "name": "A stray" });
    let product_payload = books.office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    let stray = json!({ "id": accepted(&product_payload, "product")["id"] });
    books.adjust("ADJUSTMENT", &stray, 5, json!({})).await;
    assert_eq!(books.cost(&stray).await, json!([5, "0.00", "0.00", [[5, "0.00"]]]), "nothing is known of its cost");
    books.receive(&stray, 5, "2.00").await;
    books.adjust("ADJUSTMENT", &stray, 2, json!({})).await;
    assert_eq!(books.cost(&stray).await[1], "12.00", "what was found is worth what the others are");
    costs_in_euros_need_a_rate(&books, &stray).await;
    // A cost that cannot be represented exactly is refused; a value that grew in steps beyond the
    // maximum is kept at the maximum.
    let vast = books.office.product("VAST", "2.00").await;
    let change = json!({ "product": vast, "store": books.office.store, "delta": 2, "unitCost": gbp("90071992547409.91") });
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": [change] });
    let payload = books.office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await;
    refused(&payload, "OUT_OF_RANGE", "input.changes.0.unitCost");
    for _ in 0..2 {
        books.receive(&vast, 1, "90071992547409.91").await;
    }
    assert_eq!(books.cost(&vast).await[1], "90071992547409.91");
    books.adjust("REMOVAL", &vast, -2, json!({})).await;
    assert_eq!(books.cost(&vast).await, json!([0, "0.00", "0.00", []]));
    books.office.is_sound().await;
}

/// Adds to 12 strays that are worth 12.00 GBP: 7 more at 0.90 EUR are 6.30 EUR, by 0.8425 5.31 GBP.
async fn costs_in_euros_need_a_rate(books: &Books<'_>, stray: &Value) {
    let euros = |amount: &str| json!({ "amount": amount, "currencyCode": "EUR" });
    let adjust = async |key: &str, change: Value| {
        let mut change = change;
        change["store"] = books.office.store.clone();
        let input = json!({ "idempotencyKey": key, "kind": "ADJUSTMENT", "reasonCode": "OTHER", "occurredAt": "2020-11-01T12:00:00Z", "changes": [change] });
        let fields = "movement { entries { onHandDelta unitCost { amount currencyCode } } }";
        books.office.mutate("stockAdjust", "StockAdjustInput", fields, input).await
    };
    let (key, change) = (key(), json!({ "product": stray, "delta": 7, "unitCost": euros("0.90") }));
    let message = refused(&adjust(&key, change.clone()).await, "RATE_MISSING", "input.changes.0.unitCost");
    assert!(message.contains("EUR → GBP") && message.contains("2020-11-01") && message.contains("unitCost in GBP"), "{message}");
    assert_eq!(books.cost(stray).await[1], "12.00", "nothing was taken in");
    accepted(&books.office.rate("GBP", "0.8425", "2020-10-30").await, "exchangeRate");
    let done_with = adjust(&key, change).await;
    let entries = &accepted(&done_with, "movement")["entries"];
    let entry = |units: i64, cost: &str| json!({ "onHandDelta": units, "unitCost": gbp(cost) });
    assert_eq!(*entries, json!([entry(6, "0.76"), entry(1, "0.75")]), "no penny is lost where it does not divide");
    assert_eq!(books.cost(stray).await[1], "17.31");
    // A listed cost counts for what comes in, and for that alone.
    let abroad = json!({ "sku": "ABROAD", "name": "From abroad", "unitCost": euros("2.00") });
    let payload = books.office.mutate("productCreate", "ProductCreateInput", "product { id }", abroad).await;
    let abroad = json!({ "id": accepted(&payload, "product")["id"] });
    for delta in [3, -1] {
        accepted(&adjust(&crate::purchasing::office::key(), json!({ "product": abroad, "delta": delta })).await, "movement");
    }
    assert_eq!(books.cost(&abroad).await[1], "3.37", "6.00 EUR are 5.06 GBP");
    // A listed cost that no rate converts refuses nothing: incoming units are valued at the cost of
    // the present stock.
    let far = json!({ "sku": "FAR", "name": "From far away", "unitCost": { "amount": "2.00", "currencyCode": "USD" } });
    let payload = books.office.mutate("productCreate", "ProductCreateInput", "product { id }", far).await;
    let far = json!({ "id": accepted(&payload, "product")["id"] });
    for change in [json!({ "product": far, "delta": 2, "unitCost": gbp("3.00") }), json!({ "product": far, "delta": 2 })] {
        accepted(&adjust(&crate::purchasing::office::key(), change).await, "movement");
    }
    assert_eq!(books.cost(&far).await[1], "12.00");
    books.office.is_sound().await;
}

/// More entries than a page holds, and a movement across the end of one.
async fn many_entries_are_booked_in_pages_and_by_many_at_once(world: &World) {
    let books = Books::of(world).await;
    let (mug, plate) = (books.office.product("MUG", "2.00").await, books.office.product("PLATE", "3.00").await);
    for round in 0..14 {
        let change = |index: i64| {
            let product = if index % 2 == 0 { &mug } else { &plate };
            json!({ "product": product, "store": books.office.store, "delta": 1 + index % 3, "unitCost": gbp(&format!("{}.0{}", 1 + index % 5, round % 10)) })
        };
        let changes: Vec<Value> = (0..500).map(change).collect();
        let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": changes });
        accepted(&books.office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await, "movement");
    }
    books.sell(&mug, 4_321).await;
    let (db, tenant) = (world.node.db.clone(), books.office.caller.tenant);
    let first = books.cost(&mug).await;
    let postings = postings(world, tenant).await;
    assert!(postings.len() > 7_000);
    // Rebuilt from nothing by eight concurrent runs, on one node and on another.
    throw_away(world).await;
    let all = (0..8).map(|_| catch_up(&db, tenant, usize::MAX));
    for standing in futures_util::future::join_all(all).await {
        assert!(standing.unwrap().is_current());
    }
    catch_up_all_tenants(db.clone()).await.unwrap();
    assert_eq!(books.cost(&mug).await, first);
    assert_eq!(self::postings(world, tenant).await, postings);
    books.office.is_sound().await;
}

async fn pages_without_a_movement_are_turned_too(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "9.00").await;
    books.receive(&mug, 10, "2.00").await;
    // More events than a page has, about products.
    for call in 0..13 {
        let rows: Vec<Value> = (0..500).map(|row| json!({ "sku": format!("S-{call}-{row}"), "name": "A thing" })).collect();
        let input = json!({ "idempotencyKey": key(), "rows": rows });
        books.office.mutate("productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", input).await;
    }
    books.receive(&mug, 10, "4.00").await;
    throw_away(world).await;
    let (db, tenant) = (&world.node.db, books.office.caller.tenant);
    let first = catch_up(db, tenant, 1).await.unwrap();
    assert!(first.head > 6_500 && !first.is_current(), "{first:?}");
    assert!(catch_up(db, tenant, 1).await.unwrap().is_current());
    assert_eq!(books.cost(&mug).await, json!([20, "60.00", "60.00", [[10, "20.00"], [10, "40.00"]]]));
    books.office.is_sound().await;
}

async fn a_sale_of_a_moment_before_it_was_booked_has_no_cost(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "9.00").await;
    books.receive(&mug, 10, "2.00").await;
    let sold = books.sell(&mug, 3).await;
    throw_away(world).await;
    let query = "query($id: ID!) { order(by: { id: $id }) { number costOfGoodsSold { amount } } }";
    let cost = async || {
        let answer = books.office.execute(query, json!({ "id": sold["id"] })).await;
        assert!(answer["data"]["order"]["number"].is_string(), "{answer:#}");
        answer["data"]["order"]["costOfGoodsSold"].clone()
    };
    assert_eq!(with_consistent_reads(cost()).await, Value::Null, "not that it cost nothing");
    assert_eq!(cost().await, json!({ "amount": "6.00" }));
}

/// The whole book: it is made again from the journal.
pub async fn throw_away(world: &World) {
    for table in ["cost_posting", "cost_layer", "cost_pool", "cost_book"] {
        run_tenant_sql(world, &format!("DELETE FROM {table} WHERE tenant_id = $1")).await;
    }
}

pub async fn postings(world: &World, tenant: entity::prelude::TenantId) -> Vec<(i64, i32, i64, i64, i64)> {
    use entrepot::storage::{Reads, Row};
    let sql = "SELECT seq, line, quantity, average_minor, fifo_minor FROM cost_posting WHERE tenant_id = $1 ORDER BY seq, line";
    let rows = world.node.db.tenant(tenant).rows(sql, vec![]).await.unwrap();
    let mut all = Vec::new();
    for row in &rows {
        let mut row = Row::new(row);
        all.push((row.take().unwrap(), row.take().unwrap(), row.take().unwrap(), row.take().unwrap(), row.take().unwrap()));
    }
    all
}

async fn the_tenant_chooses_how_costs_are_told(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 1, "2.00").await;
    books.receive(&mug, 1, "4.00").await;
    let order = books.sell(&mug, 1).await;
    assert_eq!(order["costOfGoodsSold"]["amount"], "3.00");
    let settings = "tenant { settings { version costingMethod } }";
    let answer = books.office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await;
    let version = answer["data"]["viewer"]["tenant"]["settings"]["version"].clone();
    let change = json!({ "expectedVersion": version, "costingMethod": "FIFO" });
    let payload = books.office.mutate("tenantUpdate", "TenantUpdateInput", settings, change).await;
    assert_eq!(accepted(&payload, "tenant")["settings"]["costingMethod"], "FIFO");
    let query = "query($id: ID!) { order(by: { id: $id }) { costOfGoodsSold { amount } } }";
    let answer = books.office.execute(query, json!({ "id": order["id"] })).await;
    assert_eq!(answer["data"]["order"]["costOfGoodsSold"]["amount"], "2.00", "of the past too");
}
