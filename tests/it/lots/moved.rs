//! Lots on their way from one store to another.

use entrepot::access::{Caller, PermissionSet, Reach, index_of};
use serde_json::{Value, json};

use super::house::{House, done, lot, refused, sent_lots};
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
    let house = House::open(world).await;
    let (here, there) = (house.office.store.clone(), house.depot.clone());
    house.takes_in("late", 10, "2099-03-01").await;
    house.takes_in("soon", 4, "2098-10-01").await;
    done(&house.adjust("RECEIPT", (&house.mug, &here), 5, Value::Null).await, "levels");
    let held = house.held(&[(&house.cheese, 6), (&house.mug, 2)]).await;
    assert_eq!(sent_lots(&held["lines"][0]), [], "which lot leaves is decided when it leaves");
    let sent = house.moves("transferShip", json!({ "id": held["id"] })).await;
    let sent = done(&sent, "transfer").clone();
    assert_eq!(sent_lots(&sent["lines"][0]), [("late".to_owned(), [2, 0, 0, 2]), ("soon".to_owned(), [4, 0, 0, 4])]);
    assert_eq!(sent_lots(&sent["lines"][1]), []);
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("late", 8, 0)]);
    house.office.is_sound().await;
    // Five of six arrive: of the shipped lots the first to expire is received first.
    let part = json!({ "id": sent["id"], "lines": [{ "lineId": sent["lines"][0]["id"], "quantity": 5 }] });
    let part = house.moves("transferReceive", part).await;
    let part = done(&part, "transfer");
    assert_eq!(sent_lots(&part["lines"][0]), [("late".to_owned(), [2, 1, 0, 1]), ("soon".to_owned(), [4, 4, 0, 0])]);
    assert_eq!(house.lots(&house.cheese, &there).await, [lot("late", 1, 0), lot("soon", 4, 0)]);
    let closed = house.moves("transferClose", json!({ "id": sent["id"], "reasonCode": "LOSS" })).await;
    let closed = done(&closed, "transfer");
    assert_eq!(sent_lots(&closed["lines"][0]), [("late".to_owned(), [2, 1, 1, 0]), ("soon".to_owned(), [4, 4, 0, 0])]);
    assert_eq!((&closed["status"], &closed["lines"][1]["lost"]), (&json!("RECEIVED"), &json!(2)));
    house.office.is_sound().await;
}

async fn named_lots_leave_and_parts_of_them_arrive(world: &World) {
    let house = House::open(world).await;
    let there = house.depot.clone();
    house.takes_in("late", 10, "2099-03-01").await;
    house.takes_in("soon", 4, "2098-10-01").await;
    let held = house.held(&[(&house.cheese, 8)]).await;
    let line = held["lines"][0]["id"].clone();
    let lots = json!([{ "lot": { "code": "LATE" }, "quantity": 5 }, { "lot": { "code": "soon" }, "quantity": 1 }]);
    let input = json!({ "id": held["id"], "idempotencyKey": "gone", "lines": [{ "lineId": line, "quantity": 6, "lots": lots }] });
    let sent = house.moves("transferShip", input.clone()).await;
    let shown = done(&sent, "transfer").clone();
    assert_eq!(sent_lots(&shown["lines"][0]), [("late".to_owned(), [5, 0, 0, 5]), ("soon".to_owned(), [1, 0, 0, 1])]);
    let again = house.moves("transferShip", input).await;
    assert_eq!(
        (&again["replayed"], &again["transfer"]["lines"]),
        (&json!(true), &shown["lines"]),
        "the same key, the same answer"
    );
    assert_eq!(house.office.level(&house.cheese, &house.office.store).await[0], 8, "what was held and stays is free");
    let parcel =
        |code: &str, n: i64| json!({ "lineId": line, "quantity": n, "lots": [{ "lot": { "code": code }, "quantity": n }] });
    let part = house.moves("transferReceive", json!({ "id": held["id"], "lines": [parcel("late", 3)] })).await;
    done(&part, "transfer");
    let more = house.moves("transferReceive", json!({ "id": held["id"], "lines": [parcel("late", 3)] })).await;
    refused(&more, "OUT_OF_RANGE", "input.lines.0.lots.0.quantity");
    house.takes_in("other", 1, "2099-01-01").await;
    let other = house.moves("transferReceive", json!({ "id": held["id"], "lines": [parcel("other", 1)] })).await;
    refused(&other, "OUT_OF_RANGE", "input.lines.0.lots.0.quantity");
    done(&house.moves("transferReceive", json!({ "id": held["id"] })).await, "transfer");
    assert_eq!(house.lots(&house.cheese, &there).await, [lot("late", 5, 0), lot("soon", 1, 0)]);
    house.office.is_sound().await;
}

async fn lots_that_do_not_fit_are_refused(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 5, "2099-03-01").await;
    done(&house.adjust("RECEIPT", (&house.mug, &here), 5, Value::Null).await, "levels");
    let held = house.held(&[(&house.cheese, 4), (&house.mug, 2)]).await;
    let ship = async |line: usize, quantity: i64, lots: Value| {
        let lines = json!([{ "lineId": held["lines"][line]["id"], "quantity": quantity, "lots": lots }]);
        house.moves("transferShip", json!({ "id": held["id"], "lines": lines })).await
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
    house.office.is_sound().await;
}

async fn a_recalled_lot_lands_aside(world: &World) {
    let house = House::open(world).await;
    house.takes_in("bad", 5, "2099-03-01").await;
    let held = house.held(&[(&house.cheese, 3)]).await;
    done(&house.moves("transferShip", json!({ "id": held["id"] })).await, "transfer");
    let query = "query($p: ID!) { lots(filter: { product: { eq: $p } }) { nodes { id } } }";
    let found = house.office.ask(query, json!({ "p": house.cheese["id"] })).await;
    let input = json!({ "id": found["data"]["lots"]["nodes"][0]["id"], "idempotencyKey": "recall" });
    done(&house.office.act("lotRecall", "LotStatusInput", "lot { status }", input).await, "lot");
    done(&house.moves("transferReceive", json!({ "id": held["id"] })).await, "transfer");
    assert_eq!(house.lots(&house.cheese, &house.depot).await, [lot("bad", 3, 3)], "it may not be sold there either");
    house.office.is_sound().await;
}

async fn a_serial_number_travels_and_is_never_in_two_places(world: &World) {
    let house = House::open(world).await;
    let (here, there) = (house.office.store.clone(), house.depot.clone());
    for code in ["S-1", "S-2"] {
        done(&house.adjust("RECEIPT", (&house.drill, &here), 1, json!({ "code": code })).await, "levels");
    }
    let held = house.held(&[(&house.drill, 1)]).await;
    let lots = json!([{ "lot": { "code": "s-2" }, "quantity": 1 }]);
    let lines = json!([{ "lineId": held["lines"][0]["id"], "quantity": 1, "lots": lots }]);
    done(&house.moves("transferShip", json!({ "id": held["id"], "lines": lines })).await, "transfer");
    assert_eq!((house.lots(&house.drill, &here).await, house.lots(&house.drill, &there).await), (vec![lot("S-1", 1, 0)], vec![]));
    done(&house.moves("transferReceive", json!({ "id": held["id"] })).await, "transfer");
    assert_eq!(house.lots(&house.drill, &there).await, [lot("S-2", 1, 0)]);
    let twice = house.adjust("RECEIPT", (&house.drill, &here), 1, json!({ "code": "S-2" })).await;
    refused(&twice, "DUPLICATE", "input.changes.0.lot");
    house.office.is_sound().await;
}

async fn two_that_want_the_last_of_a_lot_do_not_both_get_it(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("last", 5, "2099-03-01").await;
    house.takes_in("other", 5, "2099-04-01").await;
    let held = house.held(&[(&house.cheese, 5)]).await;
    let lots = json!([{ "lot": { "code": "last" }, "quantity": 5 }]);
    let lines = json!([{ "lineId": held["lines"][0]["id"], "quantity": 5, "lots": lots }]);
    let (sent, sold) = tokio::join!(
        house.moves("transferShip", json!({ "id": held["id"], "lines": lines })),
        house.adjust("SALE", (&house.cheese, &here), -5, json!({ "code": "last" })),
    );
    let won = [&sent, &sold].map(|payload| payload["userErrors"].as_array().unwrap().is_empty());
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{sent:#}\n{sold:#}");
    let left = house.lots(&house.cheese, &here).await;
    assert_eq!(left, [lot("other", 5, 0)]);
    house.office.is_sound().await;
}

async fn a_serial_number_that_is_under_way_arrives_with_its_transfer_only(world: &World) {
    let house = House::open(world).await;
    let (here, there) = (house.office.store.clone(), house.depot.clone());
    for (code, is_lost) in [("S-1", false), ("S-2", true)] {
        done(&house.adjust("RECEIPT", (&house.drill, &here), 1, json!({ "code": code })).await, "levels");
        let held = house.held(&[(&house.drill, 1)]).await;
        done(&house.moves("transferShip", json!({ "id": held["id"] })).await, "transfer");
        for store in [&here, &there] {
            let twice = house.adjust("RECEIPT", (&house.drill, store), 1, json!({ "code": code })).await;
            let message = refused(&twice, "DUPLICATE", "input.changes.0.lot");
            assert!(message.contains("under way"), "{message}");
        }
        if is_lost {
            done(&house.moves("transferClose", json!({ "id": held["id"], "reasonCode": "LOSS" })).await, "transfer");
            // A unit that was written off as lost may be found again.
            done(&house.adjust("RECEIPT", (&house.drill, &here), 1, json!({ "code": code })).await, "levels");
        } else {
            done(&house.moves("transferReceive", json!({ "id": held["id"] })).await, "transfer");
        }
    }
    assert_eq!(house.lots(&house.drill, &here).await, [lot("S-2", 1, 0)]);
    assert_eq!(house.lots(&house.drill, &there).await, [lot("S-1", 1, 0)]);
    house.office.is_sound().await;
}

async fn a_keeper_of_one_store_pages_through_what_moved_there(world: &World) {
    let house = House::open(world).await;
    let (here, there) = (house.office.store.clone(), house.depot.clone());
    house.takes_in("a", 5, "2099-03-01").await;
    for (store, delta) in [(&there, 1), (&here, 2), (&there, 3)] {
        done(&house.adjust("RECEIPT", (&house.cheese, store), delta, json!({ "code": "a" })).await, "levels");
    }
    let mut caller = Caller { permissions: PermissionSet::default(), ..house.office.caller.clone() };
    for code in ["stock.read", "stock.movement.read"] {
        caller.permissions.grant(index_of(code).unwrap(), &Reach::stores([here["id"].as_str().unwrap().parse().unwrap()]));
    }
    let keeper = house.office.as_caller(caller);
    let query = "query($p: ID!, $n: Int, $a: Cursor, $l: Int, $b: Cursor) { lots(filter: { product: { eq: $p } }) { nodes {
        trace(first: $n, after: $a, last: $l, before: $b) { nodes { quantity } pageInfo { hasPreviousPage hasNextPage endCursor } } } } }";
    let page = async |office: &Office<'_>, mut asked: Value| {
        asked["p"] = house.cheese["id"].clone();
        let answer = office.ask(query, asked).await;
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
    let (whole, _, theirs) = page(&house.office, json!({ "n": 9 })).await;
    assert_eq!(whole, json!([5, 1, 2, 3]));
    let (own, around, _) = page(&keeper, json!({ "l": 9, "b": theirs })).await;
    assert_eq!((own, around), (json!([5, 2]), [false, true]));
}
