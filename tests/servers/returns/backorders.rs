//! Orders that were promised more than there was are filled as stock comes, the oldest first.

use entrepot::orders::jobs::{ExpiryCursors, expire_due};
use serde_json::{Value, json};

use super::world::{World, accepted, of_store, refused};
use crate::world::answers::digits;

/// Open and backordered of an order's only line.
fn waits(order: &Value) -> [i64; 2] {
    ["open", "backordered"].map(|name| order["lines"][0][name].as_i64().unwrap())
}

async fn lamps(world: &World, quantity: i64) -> Value {
    world.ordered("CONFIRMED", &[(world.lamp, quantity)]).await
}

async fn arrive(world: &World, quantity: i64) {
    world.stock(&[(world.lamp, world.store, quantity)]).await;
}

#[tokio::test]
async fn what_comes_is_given_to_the_oldest_order_first() {
    World::on_both(async |world| {
        let first = lamps(&world, 10).await;
        assert_eq!(waits(&first), [4, 6]);
        world.advance_clock(60);
        let second = lamps(&world, 3).await;
        // Placed before both, though it was recorded after them.
        let line = json!({"product": {"id": world.lamp}, "quantity": 2});
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "placedAt": "2026-11-19T09:00:00Z", "lines": [line]});
        let oldest = accepted(&world.mutate("orderCreate", input).await, "order").clone();
        assert_eq!((waits(&second), waits(&oldest), world.fill().await), ([0, 3], [0, 2], 0));
        arrive(&world, 7).await;
        assert_eq!(world.fill().await, 2);
        let all = [world.read(&oldest).await, world.read(&first).await, world.read(&second).await];
        assert_eq!(all.each_ref().map(waits), [[2, 0], [9, 1], [0, 3]]);
        assert_eq!((&all[1]["version"], &all[0]["holds"]), (&json!(2), &json!([])));
        assert_eq!(all[1]["holds"], json!([{"reason": "SHORT"}]));
        assert_eq!(world.level_here(world.lamp).await, [11, 11, 0]);
        arrive(&world, 7).await;
        assert_eq!(world.fill().await, 2);
        assert_eq!(world.level_here(world.lamp).await, [18, 15, 0]);
        assert_eq!(world.events_of("order.updated").await.len(), 4);
        // An order that has all of its stock is shipped like any other.
        for order in [first, second, oldest] {
            let shipped = world.complete_step("orderFulfil", &order, json!({})).await;
            assert_eq!(shipped["status"], "FULFILLED");
        }
        assert_eq!(world.level_here(world.lamp).await, [3, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn filling_twice_does_nothing_more() {
    World::on_both(async |world| {
        let order = lamps(&world, 9).await;
        arrive(&world, 2).await;
        let both = futures_util::join!(world.fill(), world.fill());
        assert_eq!(both.0 + both.1, 1);
        let head = world.db.tenant(world.tenant).head().await.unwrap();
        assert_eq!(world.fill().await, 0);
        assert_eq!(world.db.tenant(world.tenant).head().await.unwrap(), head, "nothing is written for nothing");
        assert_eq!(waits(&world.read(&order).await), [6, 3]);
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_order_waits_no_longer() {
    World::on_both(async |world| {
        let (first, second) = (lamps(&world, 6).await, lamps(&world, 3).await);
        world.complete_step("orderCancel", &first, json!({})).await;
        // Its four lamps are free again, and go to the one that waits.
        assert_eq!(world.fill().await, 1);
        assert_eq!(waits(&world.read(&second).await), [3, 0]);
        let cancelled = world.read(&first).await;
        assert_eq!((waits(&cancelled), &cancelled["lines"][0]["cancelled"]), ([0, 0], &json!(6)));
        arrive(&world, 5).await;
        assert_eq!(world.fill().await, 0);
        let draft = world.ordered("DRAFT", &[(world.lamp, 100)]).await;
        assert_eq!((world.fill().await, waits(&draft)), (0, [100, 0]));
    })
    .await;
}

#[tokio::test]
async fn a_pending_order_holds_what_came_until_its_time_is_over() {
    World::on_both(async |world| {
        let pending = world.ordered("PENDING", &[(world.lamp, 6)]).await;
        let next = lamps(&world, 1).await;
        arrive(&world, 2).await;
        assert_eq!((world.fill().await, waits(&world.read(&pending).await)), (1, [6, 0]));
        world.advance_clock(901);
        let now = world.ledger.clock().now();
        assert_eq!(expire_due(&world.ledger, now, &ExpiryCursors::default()).await.unwrap(), 1);
        assert_eq!(world.level_here(world.lamp).await, [6, 0, 0]);
        assert_eq!((world.fill().await, waits(&world.read(&next).await)), (1, [1, 0]));
    })
    .await;
}

#[tokio::test]
async fn what_came_back_and_can_be_sold_again_fills_orders() {
    World::on_both(async |world| {
        let sold = world.ordered("FULFILLED", &[(world.lamp, 4)]).await;
        let waiting = lamps(&world, 3).await;
        let ret = world.approved(json!([{"orderLineId": sold["lines"][0]["id"], "quantity": 2}])).await;
        world.complete_step("returnReceive", &ret, json!({})).await;
        assert_eq!(world.fill().await, 0, "what nobody has looked at is promised to nobody");
        world.complete_step("returnInspect", &ret, json!({})).await;
        assert_eq!((world.fill().await, waits(&world.read(&waiting).await)), (1, [2, 1]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_that_takes_the_same_stock_is_never_oversold() {
    World::on_both(async |world| {
        let order = lamps(&world, 24).await;
        arrive(&world, 10).await;
        let sell = || async {
            let line = json!({"product": {"id": world.lamp}, "quantity": 1});
            let input =
                json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "FULFILLED", "lines": [line]});
            world.mutate("orderCreate", input).await
        };
        let sales = futures_util::future::join_all((0..15).map(|_| sell()));
        let (answers, ..) = futures_util::join!(sales, world.fill(), world.fill());
        let sold = answers.iter().filter(|answer| answer["userErrors"] == json!([])).count() as i64;
        let short = answers.iter().filter(|answer| answer["userErrors"][0]["code"] == "INSUFFICIENT_STOCK").count() as i64;
        assert_eq!(sold + short, 15, "{answers:?}");
        world.fill().await;
        let [on_hand, reserved, _] = world.level_here(world.lamp).await;
        let [open, backordered] = waits(&world.read(&order).await);
        assert_eq!((on_hand, reserved), (14 - sold, 14 - sold), "what was not sold is held");
        assert_eq!((open, backordered), (14 - sold, 10 + sold));
    })
    .await;
}

#[tokio::test]
async fn who_waits_is_listed_oldest_first() {
    World::on_both(async |world| {
        lamps(&world, 5).await;
        let line = json!({"product": {"id": world.lamp}, "quantity": 2});
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.depot}, "placedAt": "2026-11-19T09:00:00Z", "lines": [line]});
        accepted(&world.mutate("orderCreate", input).await, "order");
        lamps(&world, 7).await;
        let list = "query($p: ProductRef, $s: StoreRef, $n: Int, $a: Cursor) { backorders(product: $p, store: $s, first: $n, after: $a) {
            nodes { backordered order { number store { code } } product { sku } } totalCount { count } pageInfo { hasNextPage endCursor } } }";
        let numbers = |answer: &Value| {
            let nodes = answer["backorders"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
            nodes.iter().map(|node| digits(&node["order"]["number"])).collect::<Vec<_>>()
        };
        let all = world.execute(list, json!({})).await;
        assert_eq!(numbers(&all), ["2", "1", "3"]);
        assert_eq!(all["backorders"]["nodes"][1], json!({"backordered": 1, "order": {"number": "SO-000001", "store": {"code": "LDN"}}, "product": {"sku": "LAMP"}}));
        let page = world.execute(list, json!({"n": 2})).await;
        assert_eq!((numbers(&page), &page["backorders"]["pageInfo"]["hasNextPage"]), (vec!["2".to_owned(), "1".to_owned()], &json!(true)));
        let rest = world.execute(list, json!({"n": 2, "a": page["backorders"]["pageInfo"]["endCursor"]})).await;
        assert_eq!(numbers(&rest), ["3"]);
        assert_eq!(rest["backorders"]["totalCount"]["count"], 3);
        assert_eq!(numbers(&world.execute(list, json!({"s": {"code": "ldn"}})).await), ["1", "3"]);
        assert_eq!(numbers(&world.execute(list, json!({"p": {"sku": "lamp"}, "s": {"id": world.depot}})).await), ["2"]);
        for none in [json!({"p": {"sku": "MUG"}}), json!({"p": {"sku": "NONE"}}), json!({"s": {"code": "NONE"}}), json!({"p": {"id": world.foreign.mug}})] {
            assert!(numbers(&world.execute(list, none).await).is_empty());
        }
        assert_eq!(numbers(&world.execute_as(of_store(world.depot), list, json!({})).await), ["2"]);
        let narrowed = "query($f: BackorderFilter, $o: BackorderSort, $n: Int, $a: Cursor) { backorders(filter: $f, sort: $o, first: $n, after: $a) {
            nodes { order { number } } totalCount { count } pageInfo { endCursor } } }";
        for (filter, found) in [
            (json!({"store": {"key": ["ldn"]}, "backordered": {"gte": 2}}), ["3"].as_slice()),
            (json!({"sku": {"startsWith": "la"}, "placedAt": {"lt": "2026-11-20T00:00:00Z"}}), ["2"].as_slice()),
            (json!({"product": {"in": [world.lamp, world.mug]}, "backordered": {"lte": 2}}), ["2", "1"].as_slice()),
            (json!({"channel": {"in": []}}), [].as_slice()),
        ] {
            assert_eq!(numbers(&world.execute(narrowed, json!({ "f": filter })).await), found, "{filter}");
        }
        let most = json!({"field": "BACKORDERED", "direction": "DESC"});
        let page = world.execute(narrowed, json!({"o": most, "n": 2})).await;
        assert_eq!(numbers(&page), ["3", "2"]);
        let rest = world.execute(narrowed, json!({"o": most, "a": page["backorders"]["pageInfo"]["endCursor"]})).await;
        assert_eq!((numbers(&rest), &rest["backorders"]["totalCount"]["count"]), (vec!["1".to_owned()], &json!(3)));
    })
    .await;
}

#[tokio::test]
async fn what_is_held_is_shipped_while_the_rest_waits() {
    World::on_both(async |world| {
        let order = lamps(&world, 9).await;
        assert_eq!(
            (waits(&order), &order["allowedActions"]),
            ([4, 5], &json!(["orderFulfil", "orderCancel", "orderUpdate", "orderHoldSet"]))
        );
        let shipped = world.complete_step("orderFulfil", &order, json!({})).await;
        assert_eq!((&shipped["status"], waits(&shipped)), (&json!("PARTIALLY_FULFILLED"), [0, 5]));
        assert_eq!(shipped["allowedActions"], json!(["orderCancel", "orderUpdate", "orderHoldSet"]), "all that is left waits");
        refused(&world.mutate("orderFulfil", world.step(&order, json!({}))).await, "INVALID_STATE", "input.lines");
        assert_eq!(world.level_here(world.lamp).await, [0, 0, 0]);
        // Units that have just been received leave at once if their line is named, and otherwise
        // once they are held.
        arrive(&world, 5).await;
        let one = json!([{"lineId": order["lines"][0]["id"], "quantity": 1}]);
        world.complete_step("orderFulfil", &order, json!({ "lines": one })).await;
        assert_eq!(world.fill().await, 1);
        assert_eq!(
            world.read(&order).await["allowedActions"],
            json!(["orderFulfil", "orderCancel", "orderUpdate", "orderHoldSet"])
        );
        assert_eq!(world.complete_step("orderFulfil", &order, json!({})).await["status"], "FULFILLED");
        assert_eq!(world.level_here(world.lamp).await, [0, 0, 0]);
    })
    .await;
}
