//! Lots on their way from one store to another.

use entrepot::access::{Caller, PermissionSet, Reach, index_of};
use serde_json::{Value, json};

use super::shop::{LotShop, accepted, lot, refused, sent_lots};
use crate::{authorization::world::World, purchasing::office::Office, world::on_both};

on_both!(
    the_lots_that_were_sent_are_the_lots_that_arrive,
    named_lots_leave_and_parts_of_them_arrive,
    lots_that_do_not_fit_are_refused,
    a_recalled_lot_lands_aside,
    a_serial_number_travels_and_is_never_in_two_places,
    two_that_want_the_last_of_a_lot_do_not_both_get_it,
    a_serial_number_that_is_under_way_arrives_with_its_transfer_only,
    a_keeper_of_one_store_pages_through_what_moved_there,
);

async fn the_lots_that_were_sent_are_the_lots_that_arrive(world: &World) {
    let shop = LotShop::open(world).await;
    let (here, there) = (shop.office.store.clone(), shop.depot.clone());
    shop.receive_lot("late", 10, "2099-03-01").await;
    shop.receive_lot("soon", 4, "2098-10-01").await;
    accepted(&shop.adjust("RECEIPT", (&shop.mug, &here), 5, Value::Null).await, "levels");
    let transfer = shop.create_held_transfer(&[(&shop.cheese, 6), (&shop.mug, 2)]).await;
    assert_eq!(sent_lots(&transfer["lines"][0]), [], "which lot leaves is decided when it leaves");
    let sent = shop.mutate_transfer("transferShip", json!({ "id": transfer["id"] })).await;
    let sent = accepted(&sent, "transfer").clone();
    assert_eq!(sent_lots(&sent["lines"][0]), [("late".to_owned(), [2, 0, 0, 2]), ("soon".to_owned(), [4, 0, 0, 4])]);
    assert_eq!(sent_lots(&sent["lines"][1]), []);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("late", 8, 0)]);
    shop.office.is_sound().await;
    // Five of six arrive: of the shipped lots the first to expire is received first.
    let part = json!({ "id": sent["id"], "lines": [{ "lineId": sent["lines"][0]["id"], "quantity": 5 }] });
    let part = shop.mutate_transfer("transferReceive", part).await;
    let part = accepted(&part, "transfer");
    assert_eq!(sent_lots(&part["lines"][0]), [("late".to_owned(), [2, 1, 0, 1]), ("soon".to_owned(), [4, 4, 0, 0])]);
    assert_eq!(shop.lots(&shop.cheese, &there).await, [lot("late", 1, 0), lot("soon", 4, 0)]);
    let closed = shop.mutate_transfer("transferClose", json!({ "id": sent["id"], "reasonCode": "LOSS" })).await;
    let closed = accepted(&closed, "transfer");
    assert_eq!(sent_lots(&closed["lines"][0]), [("late".to_owned(), [2, 1, 1, 0]), ("soon".to_owned(), [4, 4, 0, 0])]);
    assert_eq!((&closed["status"], &closed["lines"][1]["lost"]), (&json!("RECEIVED"), &json!(2)));
    shop.office.is_sound().await;
}

async fn named_lots_leave_and_parts_of_them_arrive(world: &World) {
    let shop = LotShop::open(world).await;
    let there = shop.depot.clone();
    shop.receive_lot("late", 10, "2099-03-01").await;
    shop.receive_lot("soon", 4, "2098-10-01").await;
    let transfer = shop.create_held_transfer(&[(&shop.cheese, 8)]).await;
    let line = transfer["lines"][0]["id"].clone();
    let lots = json!([{ "lot": { "code": "LATE" }, "quantity": 5 }, { "lot": { "code": "soon" }, "quantity": 1 }]);
    let input =
        json!({ "id": transfer["id"], "idempotencyKey": "gone", "lines": [{ "lineId": line, "quantity": 6, "lots": lots }] });
    let sent = shop.mutate_transfer("transferShip", input.clone()).await;
    let shown_transfer = accepted(&sent, "transfer").clone();
    assert_eq!(sent_lots(&shown_transfer["lines"][0]), [("late".to_owned(), [5, 0, 0, 5]), ("soon".to_owned(), [1, 0, 0, 1])]);
    let again = shop.mutate_transfer("transferShip", input).await;
    assert_eq!(
        (&again["replayed"], &again["transfer"]["lines"]),
        (&json!(true), &shown_transfer["lines"]),
        "the same key, the same answer"
    );
    assert_eq!(shop.office.level(&shop.cheese, &shop.office.store).await[0], 8, "what was held and stays is free");
    let parcel =
        |code: &str, n: i64| json!({ "lineId": line, "quantity": n, "lots": [{ "lot": { "code": code }, "quantity": n }] });
    let part = shop.mutate_transfer("transferReceive", json!({ "id": transfer["id"], "lines": [parcel("late", 3)] })).await;
    accepted(&part, "transfer");
    let payload = shop.mutate_transfer("transferReceive", json!({ "id": transfer["id"], "lines": [parcel("late", 3)] })).await;
    refused(&payload, "OUT_OF_RANGE", "input.lines.0.lots.0.quantity");
    shop.receive_lot("other", 1, "2099-01-01").await;
    let other = shop.mutate_transfer("transferReceive", json!({ "id": transfer["id"], "lines": [parcel("other", 1)] })).await;
    refused(&other, "OUT_OF_RANGE", "input.lines.0.lots.0.quantity");
    accepted(&shop.mutate_transfer("transferReceive", json!({ "id": transfer["id"] })).await, "transfer");
    assert_eq!(shop.lots(&shop.cheese, &there).await, [lot("late", 5, 0), lot("soon", 1, 0)]);
    shop.office.is_sound().await;
}

async fn lots_that_do_not_fit_are_refused(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 5, "2099-03-01").await;
    accepted(&shop.adjust("RECEIPT", (&shop.mug, &here), 5, Value::Null).await, "levels");
    let transfer = shop.create_held_transfer(&[(&shop.cheese, 4), (&shop.mug, 2)]).await;
    let ship = async |line: usize, quantity: i64, lots: Value| {
        let lines = json!([{ "lineId": transfer["lines"][line]["id"], "quantity": quantity, "lots": lots }]);
        shop.mutate_transfer("transferShip", json!({ "id": transfer["id"], "lines": lines })).await
    };
    let a = |n: i64| json!({ "lot": { "code": "a" }, "quantity": n });
    let message = refused(&ship(0, 4, json!([a(3)])).await, "INVALID", "input.lines.0.lots");
    assert!(message.contains("4") && message.contains("3"), "{message}");
    refused(&ship(0, 4, json!([a(2), a(2)])).await, "INVALID", "input.lines.0.lots.1.lot");
    refused(&ship(0, 4, json!([a(5), a(-1)])).await, "INVALID", "input.lines.0.lots.1.lot");
    refused(&ship(0, 4, json!([{ "lot": { "code": "b" }, "quantity": 4 }])).await, "NOT_FOUND", "input.lines.0.lots.0.lot.code");
    refused(&ship(1, 2, json!([a(2)])).await, "INVALID", "input.lines.0.lots");
    let most = 9_007_199_254_740_991_i64;
    refused(
        &ship(0, 4, json!([a(most), { "lot": { "code": "b" }, "quantity": most }])).await,
        "NOT_FOUND",
        "input.lines.0.lots.1.lot.code",
    );
    let foreign = "lot_00041061050r3gg28a1c60t3gf";
    refused(&ship(0, 4, json!([{ "lot": { "id": foreign }, "quantity": 4 }])).await, "NOT_FOUND", "input.lines.0.lots.0.lot.id");
    let dated = json!([{ "lot": { "named": { "code": "b", "expiresOn": "2099-03-01" } }, "quantity": 4 }]);
    let message = refused(&ship(0, 4, dated).await, "NOT_FOUND", "input.lines.0.lots.0.lot.named.code");
    assert!(message.contains("\"b\""), "{message}");
    shop.office.is_sound().await;
}

async fn a_recalled_lot_lands_aside(world: &World) {
    let shop = LotShop::open(world).await;
    shop.receive_lot("bad", 5, "2099-03-01").await;
    let transfer = shop.create_held_transfer(&[(&shop.cheese, 3)]).await;
    accepted(&shop.mutate_transfer("transferShip", json!({ "id": transfer["id"] })).await, "transfer");
    let query = "query($p: ID!) { lots(filter: { product: { eq: $p } }) { nodes { id } } }";
    let found = shop.office.execute(query, json!({ "p": shop.cheese["id"] })).await;
    let input = json!({ "id": found["data"]["lots"]["nodes"][0]["id"], "idempotencyKey": "recall" });
    accepted(&shop.office.mutate("lotRecall", "LotStatusInput", "lot { status }", input).await, "lot");
    accepted(&shop.mutate_transfer("transferReceive", json!({ "id": transfer["id"] })).await, "transfer");
    assert_eq!(shop.lots(&shop.cheese, &shop.depot).await, [lot("bad", 3, 3)], "it may not be sold there either");
    shop.office.is_sound().await;
}

async fn a_serial_number_travels_and_is_never_in_two_places(world: &World) {
    let shop = LotShop::open(world).await;
    let (here, there) = (shop.office.store.clone(), shop.depot.clone());
    for code in ["S-1", "S-2"] {
        accepted(&shop.adjust("RECEIPT", (&shop.drill, &here), 1, json!({ "code": code })).await, "levels");
    }
    let transfer = shop.create_held_transfer(&[(&shop.drill, 1)]).await;
    let lots = json!([{ "lot": { "code": "s-2" }, "quantity": 1 }]);
    let lines = json!([{ "lineId": transfer["lines"][0]["id"], "quantity": 1, "lots": lots }]);
    accepted(&shop.mutate_transfer("transferShip", json!({ "id": transfer["id"], "lines": lines })).await, "transfer");
    assert_eq!((shop.lots(&shop.drill, &here).await, shop.lots(&shop.drill, &there).await), (vec![lot("S-1", 1, 0)], vec![]));
    accepted(&shop.mutate_transfer("transferReceive", json!({ "id": transfer["id"] })).await, "transfer");
    assert_eq!(shop.lots(&shop.drill, &there).await, [lot("S-2", 1, 0)]);
    let twice = shop.adjust("RECEIPT", (&shop.drill, &here), 1, json!({ "code": "S-2" })).await;
    refused(&twice, "DUPLICATE", "input.changes.0.lot");
    shop.office.is_sound().await;
}

async fn two_that_want_the_last_of_a_lot_do_not_both_get_it(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("last", 5, "2099-03-01").await;
    shop.receive_lot("other", 5, "2099-04-01").await;
    let transfer = shop.create_held_transfer(&[(&shop.cheese, 5)]).await;
    let lots = json!([{ "lot": { "code": "last" }, "quantity": 5 }]);
    let lines = json!([{ "lineId": transfer["lines"][0]["id"], "quantity": 5, "lots": lots }]);
    let (sent, sold) = tokio::join!(
        shop.mutate_transfer("transferShip", json!({ "id": transfer["id"], "lines": lines })),
        shop.adjust("SALE", (&shop.cheese, &here), -5, json!({ "code": "last" })),
    );
    let won = [&sent, &sold].map(|payload| payload["userErrors"].as_array().unwrap().is_empty());
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{sent:#}\n{sold:#}");
    let left = shop.lots(&shop.cheese, &here).await;
    assert_eq!(left, [lot("other", 5, 0)]);
    shop.office.is_sound().await;
}

async fn a_serial_number_that_is_under_way_arrives_with_its_transfer_only(world: &World) {
    let shop = LotShop::open(world).await;
    let (here, there) = (shop.office.store.clone(), shop.depot.clone());
    for (code, is_lost) in [("S-1", false), ("S-2", true)] {
        accepted(&shop.adjust("RECEIPT", (&shop.drill, &here), 1, json!({ "code": code })).await, "levels");
        let transfer = shop.create_held_transfer(&[(&shop.drill, 1)]).await;
        accepted(&shop.mutate_transfer("transferShip", json!({ "id": transfer["id"] })).await, "transfer");
        for store in [&here, &there] {
            let twice = shop.adjust("RECEIPT", (&shop.drill, store), 1, json!({ "code": code })).await;
            let message = refused(&twice, "DUPLICATE", "input.changes.0.lot");
            assert!(message.contains("under way"), "{message}");
        }
        if is_lost {
            accepted(
                &shop.mutate_transfer("transferClose", json!({ "id": transfer["id"], "reasonCode": "LOSS" })).await,
                "transfer",
            );
            // A unit that was written off as lost may be found again.
            accepted(&shop.adjust("RECEIPT", (&shop.drill, &here), 1, json!({ "code": code })).await, "levels");
        } else {
            accepted(&shop.mutate_transfer("transferReceive", json!({ "id": transfer["id"] })).await, "transfer");
        }
    }
    assert_eq!(shop.lots(&shop.drill, &here).await, [lot("S-2", 1, 0)]);
    assert_eq!(shop.lots(&shop.drill, &there).await, [lot("S-1", 1, 0)]);
    shop.office.is_sound().await;
}

async fn a_keeper_of_one_store_pages_through_what_moved_there(world: &World) {
    let shop = LotShop::open(world).await;
    let (here, there) = (shop.office.store.clone(), shop.depot.clone());
    shop.receive_lot("a", 5, "2099-03-01").await;
    for (store, delta) in [(&there, 1), (&here, 2), (&there, 3)] {
        accepted(&shop.adjust("RECEIPT", (&shop.cheese, store), delta, json!({ "code": "a" })).await, "levels");
    }
    let mut caller = Caller { permissions: PermissionSet::default(), ..shop.office.caller.clone() };
    for code in ["stock.read", "stock.movement.read"] {
        caller.permissions.grant(index_of(code).unwrap(), &Reach::stores([here["id"].as_str().unwrap().parse().unwrap()]));
    }
    let keeper = shop.office.as_caller(caller);
    let query = "query($p: ID!, $n: Int, $a: Cursor, $l: Int, $b: Cursor) { lots(filter: { product: { eq: $p } }) { nodes {
        trace(first: $n, after: $a, last: $l, before: $b) { nodes { quantity } pageInfo { hasPreviousPage hasNextPage endCursor } } } } }";
    let page = async |office: &Office<'_>, mut asked: Value| {
        asked["p"] = shop.cheese["id"].clone();
        let answer = office.execute(query, asked).await;
        let page = answer["data"]["lots"]["nodes"][0]["trace"].clone();
        let quantities: Vec<Value> = page["nodes"]
            .as_array()
            .unwrap_or_else(|| panic!("{answer:#}"))
            .iter()
            .map(|line| line["quantity"].clone())
            .collect();
        let around = [&page["pageInfo"]["hasPreviousPage"], &page["pageInfo"]["hasNextPage"]].map(|there| *there == true);
        (json!(quantities), around, page["pageInfo"]["endCursor"].clone())
    };
    let (first, around, end) = page(&keeper, json!({ "n": 1 })).await;
    assert_eq!((first, around), (json!([5]), [false, true]));
    let (second, around, end) = page(&keeper, json!({ "n": 1, "a": end })).await;
    assert_eq!((second, around), (json!([2]), [true, false]), "what came to the other store afterwards is no next page");
    let (none, around, _) = page(&keeper, json!({ "n": 1, "a": end })).await;
    assert_eq!((none, around), (json!([]), [true, false]));
    // The cursor is at a line of the other store, from another caller's page; it reveals nothing of
    // that line, and no page follows it.
    let (whole, _, theirs) = page(&shop.office, json!({ "n": 9 })).await;
    assert_eq!(whole, json!([5, 1, 2, 3]));
    let (own, around, _) = page(&keeper, json!({ "l": 9, "b": theirs })).await;
    assert_eq!((own, around), (json!([5, 2]), [false, true]));
}
