//! Goods that a store does not send are sent by the next one, or wait.

use entrepot::{ledger::JobCursor, orders::jobs::fill_backorders};
use serde_json::json;

use super::world::{World, accepted, line, lines, permissions_in, refused, states};

#[tokio::test]
async fn rejected_goods_are_asked_of_the_next_store_and_rejected_everywhere_they_wait() {
    World::on_both(async |world| {
        let order = world.at_depot(20).await;
        let work = world.work(&order).await;
        let no = |reason: &str| json!({"reason": reason, "note": "the shelf is empty"});
        let rejected = world.at("fulfilmentWorkReject", &work, no("NO_STOCK")).await;
        assert_eq!(
            (&accepted(&rejected, "work")["status"], &rejected["work"]["rejectReason"]),
            (&json!("REJECTED"), &json!("NO_STOCK"))
        );
        assert_eq!((line(&rejected["work"]), &rejected["work"]["rejectNote"]), ([0, 0, 0, 0, 20], &json!("the shelf is empty")));
        assert_eq!(world.mugs().await, [[100, 20], [50, 0]]);
        let works = world.works(&order).await;
        assert_eq!(states(&works), [("DEPOT", "REJECTED"), ("LDN", "OPEN")]);
        assert_eq!((&works[1]["number"], line(&works[1])), (&json!("1-2"), [20, 0, 0, 0, 0]));
        refused(&world.at("fulfilmentWorkReject", &work, no("NO_STOCK")).await, "INVALID_STATE", "input.id");
        world.complete_step("fulfilmentWorkReject", &works[1], no("DAMAGED")).await;
        let now = world.order_now(&order).await;
        assert_eq!((&now["lines"][0]["open"], &now["lines"][0]["backordered"]), (&json!(0), &json!(20)), "though it is TRACKED");
        let flags: Vec<_> = now["holds"].as_array().unwrap().iter().map(|flag| flag["reason"].as_str().unwrap()).collect();
        assert!(flags.contains(&"SOURCING"), "{now}");
        assert_eq!((&now["status"], world.mugs().await), (&json!("CONFIRMED"), [[100, 0], [50, 0]]));
        let events = world.events_of("fulfilment_work.").await;
        assert_eq!(events.iter().filter(|kind| kind.ends_with(".rejected")).count(), 2);
        // The books show mugs in the store, but the store has rejected sending these.
        assert_eq!(fill_backorders(&world.ledger, &JobCursor::default()).await.unwrap(), 0);
        assert_eq!(world.works(&order).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_part_is_rejected_and_the_rest_is_sent_from_here() {
    World::on_both(async |world| {
        let order = world.at_depot(20).await;
        let work = world.work(&order).await;
        let part = json!({"reason": "NO_CAPACITY", "lines": lines(&work, &[8])});
        let rest = world.complete_step("fulfilmentWorkReject", &work, part).await;
        assert_eq!((&rest["status"], line(&rest), &rest["rejectReason"]), (&json!("OPEN"), [12, 0, 0, 0, 8], &json!(null)));
        let too_much = json!({"reason": "OTHER", "lines": lines(&work, &[13])});
        refused(&world.at("fulfilmentWorkReject", &work, too_much).await, "OUT_OF_RANGE", "input.lines.0.quantity");
        let works = world.works(&order).await;
        assert_eq!((states(&works), line(&works[1])), (vec![("DEPOT", "OPEN"), ("LDN", "OPEN")], [8, 0, 0, 0, 0]));
        for work in &works {
            world.packed(work).await;
            world.complete_step("fulfilmentWorkShip", work, json!({})).await;
        }
        assert_eq!((&world.order_now(&order).await["status"], world.mugs().await), (&json!("FULFILLED"), [[92, 0], [38, 0]]));
    })
    .await;
}

#[tokio::test]
async fn goods_that_are_not_found_are_looked_for_elsewhere() {
    World::on_both(async |world| {
        let order = world.at_depot(20).await;
        let work = world.work(&order).await;
        let found = json!({"lines": lines(&work, &[15]), "isShort": true});
        let picked = world.complete_step("fulfilmentWorkPick", &work, found).await;
        assert_eq!((&picked["status"], line(&picked)), (&json!("PICKED"), [0, 15, 0, 0, 5]));
        assert_eq!((states(&world.works(&order).await)), [("DEPOT", "PICKED"), ("LDN", "OPEN")]);
        assert_eq!(world.mugs().await, [[100, 5], [50, 15]]);
        let other = world.work(&world.at_depot(10).await).await;
        let none = world.complete_step("fulfilmentWorkPick", &other, json!({"lines": [], "isShort": true})).await;
        assert_eq!((&none["status"], &none["rejectReason"]), (&json!("REJECTED"), &json!("NO_STOCK")));
    })
    .await;
}

#[tokio::test]
async fn whoever_assigns_gives_goods_to_another_store_whole() {
    World::on_both(async |world| {
        let order = world.at_depot(20).await;
        let work = world.work(&order).await;
        let to = |code: &str| json!({"toStore": {"code": code}});
        let here = permissions_in(&["fulfilment.assign", "fulfilment.read"], &[world.depot]);
        let alone = world.mutate_as(here, "fulfilmentWorkMove", world.of(&work, to("LDN"))).await;
        refused(&alone, "NOT_FOUND", "input.toStore.code");
        let both = || permissions_in(&["fulfilment.assign", "fulfilment.read"], &[world.depot, world.store]);
        let same = world.mutate_as(both(), "fulfilmentWorkMove", world.of(&work, to("DEPOT"))).await;
        refused(&same, "INVALID", "input.toStore");
        let payload = world.mutate_as(both(), "fulfilmentWorkMove", world.of(&work, to("LDN"))).await;
        assert_eq!((&accepted(&payload, "work")["status"], &payload["work"]["id"]), (&json!("CANCELLED"), &work["id"]));
        let works = world.works(&order).await;
        assert_eq!(
            (states(&works), &works[1]["movedFrom"]["number"]),
            (vec![("DEPOT", "CANCELLED"), ("LDN", "OPEN")], &json!("1-1"))
        );
        assert_eq!(world.mugs().await, [[100, 20], [50, 0]]);
        // Goods that are not available in full are not moved in part.
        world.sold(json!([{"product": {"id": world.mug}, "quantity": 45}]), json!({"sourcing": {}})).await;
        let back = world.mutate_as(both(), "fulfilmentWorkMove", world.of(&works[1], to("DEPOT"))).await;
        refused(&back, "INSUFFICIENT_STOCK", "input.toStore");
        assert_eq!(world.mugs().await, [[100, 20], [50, 45]]);
    })
    .await;
}

#[tokio::test]
async fn what_a_store_would_not_send_is_not_given_to_it_with_another_line_of_the_same_goods() {
    World::on_both(async |world| {
        // 4 lamps are in the store: 3 for the first line, 1 for the second, which waits for 4.
        let of = json!([{"product": {"id": world.lamp}, "quantity": 3}, {"product": {"id": world.lamp}, "quantity": 5}]);
        let order = world.sold(of, json!({})).await;
        let work = world.work(&order).await;
        let first = json!({"reason": "DAMAGED", "lines": lines(&work, &[3])});
        world.complete_step("fulfilmentWorkReject", &work, first).await;
        assert_eq!(fill_backorders(&world.ledger, &JobCursor::default()).await.unwrap(), 1);
        let now = world.order_now(&order).await;
        let waits: Vec<_> =
            now["lines"].as_array().unwrap().iter().map(|line| (line["open"].as_i64(), line["backordered"].as_i64())).collect();
        assert_eq!(waits, [(Some(0), Some(3)), (Some(4), Some(1))], "{now}");
    })
    .await;
}
