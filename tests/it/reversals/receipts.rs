//! Reversals of goods receipts: whole, in part, by lots, and refused while a later document depends
//! on them.

use entrepot::access::{Caller, REGISTRY, Reach};
use serde_json::{Value, json};

use super::undo::{Office, accepted, effect, gbp, key, order, refused, reverse, reverse_document, undone, would};
use crate::{authorization::world::World, costing::world::Books, lots::shop::LotShop, world::on_both};

on_both!(
    a_receipt_is_taken_back_and_all_is_as_it_was,
    a_reversal_is_not_reversed_nor_made_twice,
    a_receipt_is_taken_back_in_part_sound_goods_first,
    what_was_given_up_within_the_tolerance_is_expected_again,
    a_receipt_that_something_was_sold_of_names_the_sale,
    a_receipt_that_something_went_back_of_names_the_return,
    a_closed_order_keeps_its_receipts,
    a_receipt_of_closed_books_is_taken_back_in_open_ones,
    charges_come_to_the_penny_after_a_receipt_was_taken_back,
    costs_are_as_if_it_had_never_come,
    a_lot_that_is_named_goes_back,
    whoever_may_not_receive_takes_nothing_back,
    the_same_key_gives_the_same_reversal_and_an_old_version_none,
);

/// Receives quantities of each line, and returns the order and the ID of the newest receipt.
async fn received(office: &Office<'_>, from: &Value, quantities: &[i64]) -> (Value, Value) {
    let payload = office.receive(from, quantities).await;
    let order = accepted(&payload, "purchaseOrder").clone();
    let receipt = order["receipts"].as_array().unwrap().last().unwrap()["id"].clone();
    (order, receipt)
}

async fn a_receipt_is_taken_back_and_all_is_as_it_was(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let (full, receipt) = received(&office, &ordered, &[10]).await;
    assert_eq!((&full["status"], office.level(&mug, &office.store).await), (&json!("RECEIVED"), [10, 0, 0]));
    let reversal = undone(&office, &receipt, json!({})).await;
    assert_eq!(
        (&reversal["kind"], &reversal["documentId"], &reversal["document"]["id"]),
        (&json!("GOODS_RECEIPT"), &receipt, &ordered["id"])
    );
    let status = &reversal["effects"][0];
    assert_eq!(
        (&status["what"], &status["statusBefore"], &status["statusAfter"], &status["node"]["id"]),
        (&json!("STATUS"), &json!("RECEIVED"), &json!("ORDERED"), &ordered["id"])
    );
    assert_eq!(["RECEIVED", "OPEN", "ON_HAND", "INCOMING"].map(|field| effect(&reversal, field)), [[-10], [10], [-10], [10]]);
    let value = reversal["effects"].as_array().unwrap().iter().find(|one| one["what"] == "VALUE").unwrap();
    assert_eq!(value["moneyDelta"]["amount"], "-20.00");
    assert_eq!(reversal["movements"][0]["kind"], "REVERSAL");
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 10]);
    let after = order(&office, &ordered["id"]).await;
    for part in ["status", "receivedAt", "lines"] {
        assert_eq!(after[part], ordered[part], "{part}");
    }
    let (again, _) = received(&office, &ordered, &[10]).await;
    assert_eq!((&again["status"], office.level(&mug, &office.store).await), (&json!("RECEIVED"), [10, 0, 0]));
    office.is_sound().await;
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { receipts { id reversedBy { id kind } } } }";
    let found = office.execute(query, json!({ "id": ordered["id"] })).await["data"]["purchaseOrder"]["receipts"].clone();
    assert_eq!(found[0], json!({ "id": receipt, "reversedBy": [{ "id": reversal["id"], "kind": "GOODS_RECEIPT" }] }));
    assert_eq!(found[1]["reversedBy"], json!([]), "the second delivery stands");
}

async fn a_reversal_is_not_reversed_nor_made_twice(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let (_, receipt) = received(&office, &ordered, &[4]).await;
    let reversal = undone(&office, &receipt, json!({})).await;
    refused(&reverse(&office, &reversal["id"], json!({})).await, "INVALID_STATE", "input.documentId");
    refused(&reverse(&office, &receipt, json!({})).await, "INVALID_STATE", "input.documentId");
    refused(&reverse(&office, &mug["id"], json!({})).await, "INVALID", "input.documentId");
    let query = "query($id: ID!) { documentReversals(filter: { document: { eq: $id } }) { nodes { id number } } }";
    let list = office.execute(query, json!({ "id": receipt })).await;
    assert_eq!(list["data"]["documentReversals"]["nodes"], json!([{ "id": reversal["id"], "number": reversal["number"] }]));
    office.is_sound().await;
}

async fn a_receipt_is_taken_back_in_part_sound_goods_first(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let ordered =
        office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 5 }] })).await;
    let line = |nth: usize| ordered["lines"][nth]["id"].clone();
    let lines = json!([
        { "purchaseOrderLineId": line(0), "quantity": 7, "damaged": 3, "note": "wet box" },
        { "purchaseOrderLineId": line(1), "quantity": 5 },
    ]);
    let payload = office.buy("purchaseOrderReceive", json!({ "id": ordered["id"], "lines": lines })).await;
    let receipt = accepted(&payload, "purchaseOrder")["receipts"][0]["id"].clone();
    let some = |quantity: i64| json!({ "lines": [{ "lineId": line(0), "quantity": quantity }] });
    refused(&reverse(&office, &receipt, some(11)).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    refused(&reverse(&office, &receipt, json!({ "lines": [] })).await, "INVALID", "input.lines");
    let reversal = undone(&office, &receipt, some(6)).await;
    assert_eq!((effect(&reversal, "ON_HAND"), effect(&reversal, "UNAVAILABLE")), (vec![-6], vec![]));
    assert_eq!(office.level(&mug, &office.store).await, [4, 3, 6]);
    let reversal = undone(&office, &receipt, some(2)).await;
    assert_eq!((effect(&reversal, "DAMAGED"), effect(&reversal, "UNAVAILABLE")), (vec![-1], vec![-1]));
    assert_eq!((office.level(&mug, &office.store).await, office.level(&plate, &office.store).await), ([2, 2, 8], [5, 0, 0]));
    refused(&reverse(&office, &receipt, some(3)).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    assert_eq!(order(&office, &ordered["id"]).await["status"], "PARTIALLY_RECEIVED");
    undone(&office, &receipt, json!({})).await;
    assert_eq!((office.level(&mug, &office.store).await, office.level(&plate, &office.store).await), ([0, 0, 10], [0, 0, 5]));
    assert_eq!(order(&office, &ordered["id"]).await["status"], "ORDERED");
    office.is_sound().await;
}

async fn what_was_given_up_within_the_tolerance_is_expected_again(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let lines = json!([{ "product": mug, "quantity": 20 }, { "product": plate, "quantity": 20 }]);
    let ordered = office.ordered(json!({ "underDeliveryPercent": 10, "lines": lines })).await;
    received(&office, &ordered, &[18, 0]).await;
    let (complete, receipt) = received(&office, &ordered, &[0, 19]).await;
    assert_eq!((&complete["status"], office.level(&mug, &office.store).await), (&json!("RECEIVED"), [18, 0, 0]));
    undone(&office, &receipt, json!({})).await;
    let after = order(&office, &ordered["id"]).await;
    assert_eq!(
        (&after["status"], &after["lines"][0]["open"], &after["lines"][0]["short"]),
        (&json!("PARTIALLY_RECEIVED"), &json!(2), &json!(0))
    );
    assert_eq!((office.level(&mug, &office.store).await, office.level(&plate, &office.store).await), ([18, 0, 2], [0, 0, 20]));
    office.is_sound().await;
}

async fn a_receipt_that_something_was_sold_of_names_the_sale(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 12 }] })).await;
    let (_, receipt) = received(&office, &ordered, &[12]).await;
    let input = json!({ "idempotencyKey": key(), "store": office.store, "status": "FULFILLED",
        "lines": [{ "product": mug, "quantity": 7 }] });
    let sold = office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await;
    let sold = accepted(&sold, "order")["id"].clone();
    for payload in [would(&office, &receipt, json!({})).await, reverse(&office, &receipt, json!({})).await] {
        refused(&payload, "IN_USE", "input.documentId");
        let error = &payload["userErrors"][0];
        assert_eq!(error["documents"], json!([{ "__typename": "Order", "id": sold }]), "{payload:#}");
        assert_eq!(error["documentCount"], 1);
    }
    assert_eq!(office.level(&mug, &office.store).await, [5, 0, 0], "nothing was written");
    undone(&office, &receipt, json!({ "lines": [{ "lineId": ordered["lines"][0]["id"], "quantity": 5 }] })).await;
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 5]);
    office.is_sound().await;
}

async fn a_receipt_that_something_went_back_of_names_the_return(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let (_, receipt) = received(&office, &ordered, &[10]).await;
    let adjusted = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "PURCHASE",
        "changes": [{ "product": mug, "store": office.store, "delta": 50 }] });
    accepted(&office.mutate("stockAdjust", "StockAdjustInput", "levels { id }", adjusted).await, "levels");
    let lines = json!([{ "purchaseOrderLineId": ordered["lines"][0]["id"], "quantity": 3 }]);
    let input = json!({ "idempotencyKey": key(), "supplier": office.supplier, "store": office.store, "lines": lines });
    let back = office.mutate("supplierReturnCreate", "SupplierReturnCreateInput", "supplierReturn { id }", input).await;
    let back = accepted(&back, "supplierReturn")["id"].clone();
    let payload = reverse(&office, &receipt, json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    assert_eq!(payload["userErrors"][0]["documents"], json!([{ "__typename": "SupplierReturn", "id": back }]));
    let line = &ordered["lines"][0]["id"];
    undone(&office, &receipt, json!({ "lines": [{ "lineId": line, "quantity": 7 }] })).await;
    assert_eq!(order(&office, &ordered["id"]).await["lines"][0]["received"], 3);
    office.is_sound().await;
}

async fn a_closed_order_keeps_its_receipts(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let (_, receipt) = received(&office, &ordered, &[4]).await;
    office.step(&ordered, "purchaseOrderClose").await;
    refused(&reverse(&office, &receipt, json!({})).await, "INVALID_STATE", "input.documentId");
    assert_eq!(office.level(&mug, &office.store).await, [4, 0, 0]);
    office.is_sound().await;
}

async fn a_receipt_of_closed_books_is_taken_back_in_open_ones(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let now = world.node.clock.now();
    let day = |days: i64| entrepot::clock::rfc3339(now.plus_seconds(-days * 86_400));
    let lines = json!([{ "purchaseOrderLineId": ordered["lines"][0]["id"], "quantity": 10 }]);
    let input = json!({ "id": ordered["id"], "lines": lines, "occurredAt": day(40) });
    let payload = office.buy("purchaseOrderReceive", input).await;
    let receipt = accepted(&payload, "purchaseOrder")["receipts"][0]["id"].clone();
    let through = entrepot::clock::local_day(now, "UTC") - 30;
    let close = async |through: Option<i32>| {
        let work = world.node.db.global().maintenance_for(office.caller.tenant).await.unwrap();
        work.execute("UPDATE tenant SET closed_through = $2 WHERE id = $1", vec![through.into()]).await.unwrap();
        work.commit().await.unwrap();
    };
    close(Some(through)).await;
    refused(&reverse(&office, &receipt, json!({ "occurredAt": day(35) })).await, "PERIOD_CLOSED", "input.occurredAt");
    refused(&reverse(&office, &receipt, json!({ "occurredAt": day(41) })).await, "OUT_OF_RANGE", "input.occurredAt");
    undone(&office, &receipt, json!({})).await;
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 10]);
    close(None).await;
    office.is_sound().await;
}

async fn charges_come_to_the_penny_after_a_receipt_was_taken_back(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "1.00").await;
    let ordered = office
        .ordered(json!({ "lines": [{ "product": mug, "quantity": 3 }],
            "charges": [{ "kind": "FREIGHT", "amount": gbp("1.00") }] }))
        .await;
    let (_, first) = received(&office, &ordered, &[1]).await;
    received(&office, &ordered, &[1]).await;
    // The first carries 0.33, the second 0.34.
    undone(&office, &first, json!({})).await;
    received(&office, &ordered, &[1]).await;
    let (full, _) = received(&office, &ordered, &[1]).await;
    let landed = |receipt: &Value| receipt["lines"][0]["landedTotal"]["amount"].as_str().unwrap().to_owned();
    let landed: Vec<String> = full["receipts"].as_array().unwrap().iter().map(landed).collect();
    assert_eq!(landed, ["1.33", "1.34", "1.33", "1.33"], "what is there carries 3.00 and the freight of 1.00");
    office.is_sound().await;
}

async fn costs_are_as_if_it_had_never_come(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 10, "1.00").await;
    let lines = json!([{ "product": mug, "quantity": 10, "unitCost": gbp("10.00") }]);
    let ordered = office.ordered(json!({ "lines": lines })).await;
    let before = books.cost(&mug).await;
    let (_, receipt) = received(office, &ordered, &[10]).await;
    assert_eq!(books.cost(&mug).await[1], "110.00");
    let line = &ordered["lines"][0]["id"];
    for quantity in [3, 5] {
        undone(office, &receipt, json!({ "lines": [{ "lineId": line, "quantity": quantity }] })).await;
        books.cost(&mug).await;
    }
    assert_eq!(books.cost(&mug).await[1], "30.00", "two of them are left");
    undone(office, &receipt, json!({})).await;
    assert_eq!(books.cost(&mug).await, before);
    office.is_sound().await;
}

async fn a_lot_that_is_named_goes_back(world: &World) {
    let shop = LotShop::open(world).await;
    let office = &shop.office;
    let ordered = office.ordered(json!({ "lines": [{ "product": shop.cheese, "quantity": 10 }] })).await;
    let line = ordered["lines"][0]["id"].clone();
    let lots = json!([{ "lot": { "code": "a" }, "quantity": 6 }, { "lot": { "code": "b" }, "quantity": 4 }]);
    let lines = json!([{ "purchaseOrderLineId": line, "quantity": 10, "lots": lots }]);
    let payload = office.buy("purchaseOrderReceive", json!({ "id": ordered["id"], "lines": lines })).await;
    let receipt = accepted(&payload, "purchaseOrder")["receipts"][0]["id"].clone();
    let query = "query($p: ID!) { lots(filter: { product: { eq: $p } }) { nodes { id code onHand } } }";
    let lots = async || office.execute(query, json!({ "p": shop.cheese["id"] })).await["data"]["lots"]["nodes"].clone();
    let known_lots = lots().await;
    let row_of = |code: &str, all: &Value| all.as_array().unwrap().iter().find(|lot| lot["code"] == code).unwrap().clone();
    let some = json!({ "lines": [{ "lineId": line, "quantity": 2, "lotId": row_of("a", &known_lots)["id"] }] });
    undone(office, &receipt, some).await;
    let left = lots().await;
    assert_eq!((&row_of("a", &left)["onHand"], &row_of("b", &left)["onHand"]), (&json!(4), &json!(4)));
    undone(office, &receipt, json!({})).await;
    assert_eq!(office.level(&shop.cheese, &office.store).await, [0, 0, 10]);
    office.is_sound().await;
}

/// The caller with only these permissions, in one store or everywhere.
pub fn with(caller: &Caller, store: Option<&Value>, codes: &[&str]) -> Caller {
    let mut narrowed = Caller { permissions: Default::default(), ..caller.clone() };
    for code in codes {
        let index = REGISTRY.iter().position(|known| known.code == *code).unwrap();
        match store {
            Some(store) => narrowed.permissions.grant(index, &Reach::stores([store["id"].as_str().unwrap().parse().unwrap()])),
            None => narrowed.permissions.insert(index),
        }
    }
    narrowed
}

async fn whoever_may_not_receive_takes_nothing_back(world: &World) {
    let office = Office::of(world).await;
    let (mug, annex) = (office.product("MUG", "2.00").await, office.new_store("ANNEX").await);
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let (_, receipt) = received(&office, &ordered, &[10]).await;
    for (codes, missing) in [(vec!["purchase.receive"], "document.reverse"), (vec!["document.reverse"], "purchase.receive")] {
        let clerk = office.as_caller(with(&office.caller, None, &codes));
        let answer = reverse_document(&clerk, &receipt, json!({}), false).await;
        assert!(answer["errors"].to_string().contains(missing), "{answer:#}");
    }
    let elsewhere = office.as_caller(with(&office.caller, Some(&annex), &["document.reverse", "purchase.receive"]));
    refused(&reverse(&elsewhere, &receipt, json!({})).await, "NOT_FOUND", "input.documentId");
    let clerk = office.as_caller(with(
        &office.caller,
        Some(&office.store),
        &["document.reverse", "purchase.receive", "stock.movement.read"],
    ));
    let payload = reverse(&clerk, &receipt, json!({})).await;
    let document_reversal = accepted(&payload, "documentReversal");
    let value = document_reversal["effects"].as_array().unwrap().iter().find(|one| one["what"] == "VALUE").unwrap();
    assert_eq!(value["moneyDelta"], Value::Null, "costs are not for everybody");
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 10]);
}

async fn the_same_key_gives_the_same_reversal_and_an_old_version_none(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let (full, receipt) = received(&office, &ordered, &[10]).await;
    let stale = reverse(&office, &receipt, json!({ "expectedVersion": ordered["version"] })).await;
    refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
    let input = json!({ "idempotencyKey": key(), "expectedVersion": full["version"] });
    let first = reverse(&office, &receipt, input.clone()).await;
    let again = reverse(&office, &receipt, input.clone()).await;
    assert_eq!((&again["replayed"], &again["documentReversal"]["id"]), (&json!(true), &first["documentReversal"]["id"]));
    assert_eq!(again["documentReversal"]["effects"], first["documentReversal"]["effects"]);
    let mut other = input;
    other["note"] = json!("something else");
    refused(&reverse(&office, &receipt, other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 10]);
}
