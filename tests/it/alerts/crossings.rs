//! One alert for each crossing of a threshold.

use serde_json::{Value, json};

use super::shop::{Shop, World, pairs, text};
use crate::world::on_both;

on_both!(
    what_runs_low_and_out_is_told_once_and_resolved_by_itself,
    down_up_and_down_between_two_looks_are_two_alerts,
    one_that_stands_ends_and_another_opens_between_two_looks,
    events_that_are_read_again_open_and_close_nothing,
    events_that_are_gone_are_passed,
    several_who_look_at_once_open_one_alert,
    five_hundred_at_once_are_five_hundred_alerts,
    lines_that_move_past_a_level_are_crossed_too,
    too_much_is_told_where_there_is_a_maximum,
    a_price_below_cost_is_for_those_who_see_costs,
);

async fn what_runs_low_and_out_is_told_once_and_resolved_by_itself(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({})).await;
    let began = shop.move_stock(&[(&mug, 50)]).await;
    shop.policy(&mug, 10, Value::Null).await;
    assert_eq!(shop.evaluate_alerts().await, 0, "the first delivery brought back nothing, and 50 is plenty");
    shop.move_stock(&[(&mug, -34)]).await;
    assert_eq!(shop.evaluate_alerts().await, 0, "16 is above one and a half times 10");
    let crossed = shop.move_stock(&[(&mug, -1)]).await;
    assert_eq!(shop.evaluate_alerts().await, 1);
    let low = shop.only_alert("LOW_STOCK").await;
    assert_eq!(
        json!([low["quantity"], low["threshold"], low["openedSeq"], low["product"]["sku"], low["store"]["id"]]),
        json!([15, 15, crossed, "MUG", shop.store["id"]])
    );
    shop.move_stock(&[(&mug, -5)]).await;
    assert_eq!(shop.evaluate_alerts().await, 0, "staying below is no crossing");
    shop.move_stock(&[(&mug, -10)]).await;
    assert_eq!(shop.evaluate_alerts().await, 1);
    assert_eq!(shop.alert_states().await, pairs(&[("LOW_STOCK", "OPEN"), ("OUT_OF_STOCK", "OPEN")]));
    shop.is_sound().await;
    shop.move_stock(&[(&mug, 5)]).await;
    shop.evaluate_alerts().await;
    let back = [("LOW_STOCK", "OPEN"), ("OUT_OF_STOCK", "RESOLVED"), ("BACK_IN_STOCK", "RESOLVED")];
    assert_eq!(shop.alert_states().await, pairs(&back));
    shop.move_stock(&[(&mug, 50)]).await;
    shop.evaluate_alerts().await;
    let all = shop.alerts(json!({ "store": { "eq": shop.store["id"] } })).await;
    assert!(all.iter().all(|alert| alert["state"] == "RESOLVED" && alert["resolvedBy"].is_null()), "{all:#?}");
    let expected = ["alert.opened", "alert.opened", "alert.resolved", "alert.opened", "alert.resolved"];
    assert_eq!(shop.alert_events_after(began).await, expected);
    shop.is_sound().await;
}

async fn down_up_and_down_between_two_looks_are_two_alerts(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({})).await;
    for delta in [5, -5, 3, -3] {
        shop.move_stock(&[(&mug, delta)]).await;
    }
    assert_eq!(shop.evaluate_alerts().await, 3);
    let expected = [("OUT_OF_STOCK", "RESOLVED"), ("BACK_IN_STOCK", "RESOLVED"), ("OUT_OF_STOCK", "OPEN")];
    assert_eq!(shop.alert_states().await, pairs(&expected));
    shop.is_sound().await;
}

async fn one_that_stands_ends_and_another_opens_between_two_looks(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({})).await;
    shop.move_stock(&[(&mug, 5)]).await;
    shop.move_stock(&[(&mug, -5)]).await;
    assert_eq!(shop.evaluate_alerts().await, 1);
    // As after a worker's absence: all changes are in one page of events.
    for delta in [3, -3, 2, -2] {
        shop.move_stock(&[(&mug, delta)]).await;
    }
    assert_eq!(shop.evaluate_alerts().await, 4, "out again twice and back twice");
    let stood: Vec<_> = shop.alert_states().await.into_iter().filter(|(kind, _)| kind == "OUT_OF_STOCK").collect();
    assert_eq!(stood, pairs(&[("OUT_OF_STOCK", "RESOLVED"), ("OUT_OF_STOCK", "RESOLVED"), ("OUT_OF_STOCK", "OPEN")]));
    shop.is_sound().await;
}

async fn events_that_are_read_again_open_and_close_nothing(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({})).await;
    for delta in [5, -5, 3, -3] {
        shop.move_stock(&[(&mug, delta)]).await;
        shop.evaluate_alerts().await;
    }
    let before = shop.alerts(json!({})).await;
    // As after a backup of one table was put back.
    world.as_owner(&["UPDATE alert_follower SET journal_seq = 0"]).await;
    assert_eq!(shop.evaluate_alerts().await, 0);
    assert_eq!(shop.alerts(json!({})).await, before);
    shop.is_sound().await;
}

async fn events_that_are_gone_are_passed(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({})).await;
    shop.move_stock(&[(&mug, 5)]).await;
    shop.evaluate_alerts().await;
    // No evaluation ran for longer than events are kept: more events are missing than a page holds.
    let work = world.node.db.tenant(shop.caller.tenant).begin().await.unwrap();
    let sql = "UPDATE tenant_counter SET head = head + 5000, low_seq = head + 4000 WHERE tenant_id = $1";
    assert_eq!(work.execute(sql, Vec::new()).await.unwrap(), 1);
    work.commit().await.unwrap();
    assert_eq!(shop.evaluate_alerts().await, 0);
    shop.move_stock(&[(&mug, -5)]).await;
    assert_eq!(shop.evaluate_alerts().await, 1);
    assert_eq!(shop.alert_states().await, pairs(&[("OUT_OF_STOCK", "OPEN")]));
}

async fn several_who_look_at_once_open_one_alert(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({})).await;
    shop.move_stock(&[(&mug, 5)]).await;
    shop.move_stock(&[(&mug, -5)]).await;
    let looks: Vec<_> = (0..4)
        .map(|_| {
            let alerts = world.node.alerts.clone();
            tokio::spawn(async move { alerts.follow_all().await })
        })
        .collect();
    for look in looks {
        // A follower that comes second finds that the number has moved.
        look.await.unwrap().unwrap();
    }
    assert_eq!(shop.alert_states().await, pairs(&[("OUT_OF_STOCK", "OPEN")]));
    assert_eq!(shop.evaluate_alerts().await, 0);
}

async fn five_hundred_at_once_are_five_hundred_alerts(world: &World) {
    let shop = Shop::open(world).await;
    let rows: Vec<Value> = (0..500).map(|n| json!({ "sku": format!("THING-{n:03}"), "name": format!("thing {n}") })).collect();
    let input = json!({ "rows": rows });
    let payload = shop.mutate("productBulkUpsert", "ProductBulkUpsertInput", "rows { product { id } }", input).await;
    let products: Vec<Value> = payload["rows"]
        .as_array()
        .unwrap_or_else(|| panic!("{payload:#}"))
        .iter()
        .map(|row| json!({ "id": row["product"]["id"] }))
        .collect();
    assert_eq!(products.len(), 500);
    shop.move_stock(&products.iter().map(|product| (product, 1)).collect::<Vec<_>>()).await;
    shop.rule(json!({ "kind": "OUT_OF_STOCK", "emails": ["all@shop.example"] })).await;
    shop.move_stock(&products.iter().map(|product| (product, -1)).collect::<Vec<_>>()).await;
    assert_eq!(shop.evaluate_alerts().await, 500);
    assert_eq!(shop.alert_states().await.len(), 250, "a page");
    let count = "SELECT CAST(count(*) AS text) FROM alert WHERE tenant_id = $1 AND state = 'OPEN'";
    assert_eq!(shop.texts(count, vec![]).await, ["500"]);
    assert_eq!(world.node.alerts.enqueue_due().await.unwrap(), 1, "one letter of them all");
    // An alert that only ends, among more active alerts than one evaluation reads for it.
    let mug = shop.product("MUG", json!({})).await;
    shop.move_stock(&[(&mug, 50)]).await;
    shop.policy(&mug, 10, Value::Null).await;
    assert_eq!(shop.evaluate_alerts().await, 0, "50 is plenty");
    shop.move_stock(&[(&mug, -35)]).await;
    assert_eq!(shop.evaluate_alerts().await, 1);
    shop.only_alert("LOW_STOCK").await;
    shop.move_stock(&[(&mug, 35)]).await;
    assert_eq!(shop.evaluate_alerts().await, 0);
    assert_eq!(shop.texts(count, vec![]).await, ["500"], "the one of the mug has ended");
    shop.move_stock(&products.iter().map(|product| (product, 1)).collect::<Vec<_>>()).await;
    assert_eq!(shop.evaluate_alerts().await, 500, "all are back");
    assert_eq!(shop.texts(count, vec![]).await, ["0"]);
    shop.is_sound().await;
}

async fn lines_that_move_past_a_level_are_crossed_too(world: &World) {
    let shop = Shop::open(world).await;
    let (mug, cup) = (shop.product("MUG", json!({})).await, shop.product("CUP", json!({ "lowStockThreshold": 2 })).await);
    shop.move_stock(&[(&mug, 20), (&cup, 20)]).await;
    shop.evaluate_alerts().await;
    shop.policy(&mug, 30, Value::Null).await;
    shop.update_product(&cup, json!({ "lowStockThreshold": 20 })).await;
    assert_eq!(shop.evaluate_alerts().await, 2);
    assert_eq!(shop.alert_states().await, pairs(&[("LOW_STOCK", "OPEN"), ("LOW_STOCK", "OPEN")]));
    shop.policy(&mug, 40, Value::Null).await;
    shop.update_product(&cup, json!({ "name": "another name" })).await;
    assert_eq!(shop.evaluate_alerts().await, 0, "they were below before");
    shop.policy(&mug, 1, Value::Null).await;
    shop.update_product(&cup, json!({ "lowStockThreshold": null })).await;
    shop.evaluate_alerts().await;
    assert_eq!(shop.alert_states().await, pairs(&[("LOW_STOCK", "RESOLVED"), ("LOW_STOCK", "RESOLVED")]));
}

async fn too_much_is_told_where_there_is_a_maximum(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({})).await;
    shop.policy(&mug, 0, json!(9_007_199_254_740_991_i64)).await;
    shop.move_stock(&[(&mug, 9_007_199_254_740_990)]).await;
    assert_eq!(shop.evaluate_alerts().await, 0);
    shop.move_stock(&[(&mug, 1)]).await;
    shop.evaluate_alerts().await;
    assert_eq!(shop.only_alert("OVERSTOCK").await["quantity"], json!(9_007_199_254_740_991_i64));
    shop.move_stock(&[(&mug, -1)]).await;
    shop.evaluate_alerts().await;
    assert_eq!(shop.alert_states().await, pairs(&[("OVERSTOCK", "RESOLVED")]));
}

async fn a_price_below_cost_is_for_those_who_see_costs(world: &World) {
    let shop = Shop::open(world).await;
    let money = |amount: &str, currency: &str| json!({ "amount": amount, "currencyCode": currency });
    let cheap = json!({ "status": "ACTIVE", "price": money("1.00", "GBP"), "unitCost": money("2.50", "GBP") });
    let mug = shop.product("CHEAP", cheap).await;
    shop.product("ABROAD", json!({ "status": "ACTIVE", "price": money("1.00", "GBP"), "unitCost": money("2.50", "EUR") })).await;
    shop.product("DRAFT", json!({ "status": "DRAFT", "price": money("1.00", "GBP"), "unitCost": money("2.50", "GBP") })).await;
    assert_eq!(shop.evaluate_alerts().await, 1);
    let alert = shop.only_alert("NEGATIVE_MARGIN").await;
    assert_eq!(
        json!([alert["product"]["sku"], alert["price"]["amount"], alert["unitCost"]["amount"], alert["store"]]),
        json!(["CHEAP", "1.00", "2.50", null])
    );
    let blind = shop.as_caller(world.ours.owner_with(&["alert.read", "alert.write"]));
    assert_eq!(blind.alerts(json!({})).await.iter().filter(|seen| seen["kind"] == "NEGATIVE_MARGIN").count(), 0);
    let node = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(blind.execute(node, json!({ "id": alert["id"] })).await["data"]["node"], Value::Null);
    // A dismissed alert stays dismissed while the prices are the same.
    shop.must_mutate("alertResolve", json!({ "id": alert["id"], "note": "it draws them in" })).await;
    shop.update_product(&mug, json!({ "name": "still cheap" })).await;
    assert_eq!(shop.evaluate_alerts().await, 0);
    shop.update_product(&mug, json!({ "price": money("0.50", "GBP") })).await;
    assert_eq!(shop.evaluate_alerts().await, 1);
    shop.update_product(&mug, json!({ "price": money("2.50", "GBP") })).await;
    shop.evaluate_alerts().await;
    let all = shop.alerts(json!({ "kind": ["NEGATIVE_MARGIN"] })).await;
    assert_eq!(all.iter().map(|alert| text(&alert["state"])).collect::<Vec<_>>(), ["RESOLVED", "RESOLVED"]);
    // No event contains the prices.
    let payloads = shop.texts("SELECT payload FROM event WHERE tenant_id = $1 AND kind LIKE 'alert.%'", vec![]).await;
    assert!(payloads.iter().all(|payload| !payload.contains("price") && !payload.contains("Cost")), "{payloads:?}");
}
