//! Changes of alerts by people, and the permissions that they need.

use entrepot::clock::rfc3339;
use serde_json::{Value, json};

use super::shop::{ALERT, Shop, World, accepted, key, pairs, refused, text};
use crate::world::on_both;

on_both!(
    an_alert_is_taken_note_of_put_off_and_resolved,
    what_is_put_off_wakes_by_itself,
    an_alert_is_handed_to_who_may_see_it,
    the_same_key_does_it_once,
    other_shops_alerts_look_as_if_they_were_not_there,
    lists_turn_their_pages,
    followers_are_told_how_things_stand,
);

/// A shop that has run out of mugs, and its alert.
async fn out_of_mugs(world: &World) -> (Shop<'_>, Value, Value) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({})).await;
    shop.move_stock(&[(&mug, 5)]).await;
    shop.move_stock(&[(&mug, -5)]).await;
    shop.evaluate_alerts().await;
    let alert = shop.only_alert("OUT_OF_STOCK").await;
    (shop, mug, alert)
}

fn later(shop: &Shop<'_>, seconds: i64) -> String {
    rfc3339(shop.now().plus_seconds(seconds))
}

async fn an_alert_is_taken_note_of_put_off_and_resolved(world: &World) {
    let (shop, mug, alert) = out_of_mugs(world).await;
    let id = &alert["id"];
    assert_eq!(alert["allowedActions"], json!(["alertAcknowledge", "alertSnooze", "alertAssign", "alertResolve"]));
    let payload = shop.must_mutate("alertAcknowledge", json!({ "id": id, "note": "ordered more" })).await;
    assert_eq!(json!([payload["state"], payload["note"], payload["version"]]), json!(["ACKNOWLEDGED", "ordered more", 2]));
    let message = refused(&shop.step("alertAcknowledge", json!({ "id": id })).await, "INVALID_STATE", "input.id");
    assert!(message.contains("ACKNOWLEDGED") && message.contains("alertSnooze"), "{message}");
    for until in [later(&shop, -60), later(&shop, 0), later(&shop, 400 * 24 * 3600)] {
        refused(&shop.step("alertSnooze", json!({ "id": id, "until": until })).await, "OUT_OF_RANGE", "input.until");
    }
    refused(
        &shop.step("alertResolve", json!({ "id": id, "expectedVersion": 1 })).await,
        "VERSION_CONFLICT",
        "input.expectedVersion",
    );
    refused(&shop.step("alertResolve", json!({ "id": id, "note": "x".repeat(1_001) })).await, "TOO_LONG", "input.note");
    let until = later(&shop, 3_600);
    assert_eq!(shop.must_mutate("alertSnooze", json!({ "id": id, "until": until })).await["snoozedUntil"], json!(until));
    let over = shop.must_mutate("alertResolve", json!({ "id": id, "expectedVersion": 3 })).await;
    assert_eq!(
        json!([over["state"], over["snoozedUntil"], over["note"], over["resolvedBy"], over["allowedActions"]]),
        json!(["RESOLVED", null, "ordered more", { "__typename": "Member" }, []])
    );
    let message = refused(&shop.step("alertAssign", json!({ "id": id })).await, "INVALID_STATE", "input.id");
    assert!(message.contains("no step is open"), "{message}");
    // An alert that was resolved by hand stays resolved while the stock does not change; the next
    // crossing opens another.
    shop.evaluate_alerts().await;
    assert_eq!(shop.alert_states().await, pairs(&[("OUT_OF_STOCK", "RESOLVED")]));
    shop.move_stock(&[(&mug, 1)]).await;
    shop.move_stock(&[(&mug, -1)]).await;
    shop.evaluate_alerts().await;
    assert_ne!(shop.only_alert("OUT_OF_STOCK").await["id"], *id);
    shop.is_sound().await;
}

async fn what_is_put_off_wakes_by_itself(world: &World) {
    let (shop, mug, alert) = out_of_mugs(world).await;
    let started_product = shop.move_stock(&[(&shop.product("CUP", json!({})).await, 1)]).await;
    shop.must_mutate("alertSnooze", json!({ "id": alert["id"], "until": later(&shop, 60) })).await;
    shop.evaluate_alerts().await;
    assert_eq!(shop.only_alert("OUT_OF_STOCK").await["state"], "SNOOZED");
    world.advance_clock(61);
    shop.evaluate_alerts().await;
    let awake = shop.only_alert("OUT_OF_STOCK").await;
    assert_eq!(json!([awake["state"], awake["snoozedUntil"]]), json!(["OPEN", null]));
    // A snoozed alert whose cause ends meanwhile is resolved, and does not open again.
    shop.must_mutate("alertSnooze", json!({ "id": alert["id"], "until": later(&shop, 60) })).await;
    shop.move_stock(&[(&mug, 5)]).await;
    shop.evaluate_alerts().await;
    world.advance_clock(61);
    shop.evaluate_alerts().await;
    assert_eq!(shop.alert_states().await, pairs(&[("OUT_OF_STOCK", "RESOLVED"), ("BACK_IN_STOCK", "RESOLVED")]));
    let expected = ["alert.snoozed", "alert.woken", "alert.snoozed", "alert.resolved", "alert.opened"];
    assert_eq!(shop.alert_events_after(started_product).await, expected);
}

async fn an_alert_is_handed_to_who_may_see_it(world: &World) {
    let (shop, _, alert) = out_of_mugs(world).await;
    let id = &alert["id"];
    let own = &world.ours.ids["mem"];
    let payload = shop.must_mutate("alertAssign", json!({ "id": id, "memberId": own })).await;
    assert_eq!(json!([payload["assignee"]["id"], payload["state"]]), json!([own, "OPEN"]));
    assert_eq!(shop.alerts(json!({ "assignee": { "eq": own } })).await.len(), 1);
    let by_assignee = async |is_null: bool| {
        let test = json!({ "assignee": { "isNull": is_null } });
        let found = shop.alerts(test.clone()).await;
        assert_eq!(shop.alerts(json!({ "not": { "assignee": { "isNull": !is_null } } })).await, found);
        assert_eq!(shop.alerts(json!({ "or": [{ "kind": [] }, test] })).await, found);
        found.len()
    };
    let (others, assigned) = (by_assignee(true).await, by_assignee(false).await);
    assert_eq!(assigned, 1);
    let contradiction = json!({ "assignee": { "isNull": true, "eq": own } });
    assert_eq!(shop.alerts(contradiction).await.len(), 0);
    let nobody = world.node.clock.id::<entity::id::kind::MemberId>().to_string();
    for stranger in [nobody, world.theirs.ids["mem"].clone()] {
        refused(&shop.step("alertAssign", json!({ "id": id, "memberId": stranger })).await, "NOT_FOUND", "input.memberId");
    }
    refused(&shop.step("alertAssign", json!({ "id": id, "memberId": world.ours.ids["prd"] })).await, "INVALID", "input.memberId");
    // A member without any role.
    let query = "mutation($email: String!) { memberInvite(email: $email, roleIds: [], scope: { all: true }) { member { id } userErrors { code } } }";
    let invited = world.ask_late(&world.ours, Some(0), query, &json!({ "email": "new@alpha.example" })).await;
    if let Some(member) = invited["data"]["memberInvite"]["member"]["id"].as_str() {
        // Not yet in: no active member.
        refused(&shop.step("alertAssign", json!({ "id": id, "memberId": member })).await, "NOT_FOUND", "input.memberId");
        world.as_owner(&["UPDATE member SET status = 'ACTIVE' WHERE status = 'INVITED'"]).await;
        world.advance_clock(10);
        refused(&shop.step("alertAssign", json!({ "id": id, "memberId": member })).await, "INVALID", "input.memberId");
    }
    assert_eq!(shop.must_mutate("alertAssign", json!({ "id": id })).await["assignee"], Value::Null);
    assert_eq!((by_assignee(true).await, by_assignee(false).await), (others + 1, 0));
}

async fn the_same_key_does_it_once(world: &World) {
    let (shop, _, alert) = out_of_mugs(world).await;
    let input = json!({ "id": alert["id"], "idempotencyKey": key(), "note": "first" });
    let first = shop.step("alertAcknowledge", input.clone()).await;
    let again = shop.step("alertAcknowledge", input.clone()).await;
    assert_eq!((&first["seq"], &again["replayed"]), (&again["seq"], &json!(true)));
    assert_eq!(accepted(&again, "alert")["version"], json!(2));
    let mut other = input;
    other["note"] = json!("second");
    refused(&shop.step("alertAcknowledge", other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    refused(
        &shop.step("alertResolve", json!({ "id": alert["id"], "idempotencyKey": "" })).await,
        "REQUIRED",
        "input.idempotencyKey",
    );
    // Several at once: one of them is first.
    let calls = (0..4).map(|_| shop.step("alertResolve", json!({ "id": alert["id"], "idempotencyKey": "at once" })));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| accepted(answer, "alert")["version"] == json!(3)), "{answers:#?}");
    assert_eq!(answers.iter().filter(|answer| answer["replayed"] == json!(false)).count(), 1);
}

async fn other_shops_alerts_look_as_if_they_were_not_there(world: &World) {
    let (shop, mug, alert) = out_of_mugs(world).await;
    let annex = shop.at(&shop.new_store("ANNEX").await);
    annex.move_stock(&[(&mug, 1)]).await;
    annex.move_stock(&[(&mug, -1)]).await;
    shop.evaluate_alerts().await;
    let manager = annex.clerk(&["alert.read", "alert.write", "alert_rule.write", "product.read", "store.read"]);
    let seen_alerts = manager.alerts(json!({})).await;
    assert_eq!(seen_alerts.len(), 1);
    assert_eq!(seen_alerts[0]["store"]["id"], annex.store["id"]);
    assert_eq!(manager.alerts(json!({ "store": { "eq": shop.store["id"] } })).await, Vec::<Value>::new());
    let node = manager.execute("query($id: ID!) { node(id: $id) { id } }", json!({ "id": alert["id"] })).await;
    assert_eq!(node["data"]["node"], Value::Null);
    for step in ["alertAcknowledge", "alertAssign", "alertResolve"] {
        refused(&manager.step(step, json!({ "id": alert["id"] })).await, "NOT_FOUND", "input.id");
    }
    refused(&manager.step("alertResolve", json!({ "id": world.theirs.ids["alr"] })).await, "NOT_FOUND", "input.id");
    manager.must_mutate("alertAcknowledge", json!({ "id": seen_alerts[0]["id"] })).await;
    // The same holds for rules.
    let all = shop.rule(json!({ "kind": "OVERSTOCK" })).await;
    refused(&manager.try_rule(json!({ "kind": "OVERSTOCK" })).await, "INVALID", "input.storeId");
    refused(&manager.try_rule(json!({ "kind": "OVERSTOCK", "storeId": shop.store["id"] })).await, "NOT_FOUND", "input.storeId");
    let own = manager.rule(json!({ "kind": "OVERSTOCK", "storeId": annex.store["id"] })).await;
    let rules = manager.execute("{ alertRules { id } }", json!({})).await;
    assert_eq!(rules["data"]["alertRules"], json!([{ "id": own["id"] }]));
    let delete = |id: &Value| {
        let input = json!({ "id": id, "idempotencyKey": key() });
        manager.mutate("alertRuleDelete", "AlertRuleDeleteInput", "alertRule { id }", input)
    };
    refused(&delete(&all["id"]).await, "NOT_FOUND", "input.id");
    accepted(&delete(&own["id"]).await, "alertRule");
    // Webhooks and pollers see only data that their caller may also read by queries.
    let events = manager.execute("{ events(types: [\"alert.opened\"], first: 250) { nodes { data } } }", json!({})).await;
    let stores: Vec<String> =
        events["data"]["events"]["nodes"].as_array().unwrap().iter().map(|event| text(&event["data"]["storeId"])).collect();
    assert_eq!(stores, [text(&annex.store["id"])]);
}

async fn lists_turn_their_pages(world: &World) {
    let shop = Shop::open(world).await;
    let mugs =
        [shop.product("MUG-1", json!({})).await, shop.product("MUG-2", json!({})).await, shop.product("MUG-3", json!({})).await];
    for delta in [1, -1] {
        shop.move_stock(&mugs.iter().map(|mug| (mug, delta)).collect::<Vec<_>>()).await;
    }
    shop.evaluate_alerts().await;
    let query = "query($filter: AlertListFilter, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
        alerts(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
            nodes { product { sku } } pageInfo { hasNextPage endCursor startCursor } } }";
    let filter = json!({ "state": ["OPEN"], "kind": ["OUT_OF_STOCK"], "product": { "in": mugs.iter().map(|mug| &mug["id"]).collect::<Vec<_>>() },
        "openedAt": { "gte": "2026-01-01T00:00:00Z" } });
    let (mut after, mut collected) = (Value::Null, Vec::new());
    loop {
        let page = shop.execute(query, json!({ "filter": filter, "first": 1, "after": after })).await["data"]["alerts"].clone();
        collected.extend(page["nodes"].as_array().unwrap().iter().map(|node| text(&node["product"]["sku"])));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    collected.sort();
    assert_eq!(collected, ["MUG-1", "MUG-2", "MUG-3"]);
    let back = shop.execute(query, json!({ "filter": filter, "last": 2 })).await;
    assert_eq!(back["data"]["alerts"]["nodes"].as_array().unwrap().len(), 2);
    let sorted = "query($filter: AlertListFilter, $sort: AlertSort) { alerts(filter: $filter, sort: $sort) { nodes { id } } }";
    for field in ["OPENED_AT", "UPDATED_AT"] {
        let sorted_by = async |direction: &str| {
            let sort = json!({ "field": field, "direction": direction });
            let found = shop.execute(sorted, json!({ "filter": filter, "sort": sort })).await;
            found["data"]["alerts"]["nodes"].as_array().unwrap_or_else(|| panic!("{found:#}")).clone()
        };
        let (newest, mut oldest) = (sorted_by("DESC").await, sorted_by("ASC").await);
        oldest.reverse();
        assert_eq!((newest.len(), newest), (3, oldest), "{field}");
    }
    assert_eq!(shop.alerts(json!({ "state": [] })).await.len(), 0, "an empty list matches nothing");
    let wrong = shop.execute(query, json!({ "filter": { "product": { "eq": shop.store["id"] } } })).await;
    assert_eq!(wrong["errors"][0]["code"], "BAD_USER_INPUT");
}

async fn followers_are_told_how_things_stand(world: &World) {
    let (shop, _, alert) = out_of_mugs(world).await;
    let query = format!(
        "subscription($filter: AlertListFilter) {{ alertChanged(filter: $filter) {{ phase reset changes {{ seq eventType inFilter alert {{ {ALERT} }} }} }} }}"
    );
    let filter = json!({ "store": { "eq": shop.store["id"] } });
    let first = shop.execute(&query, json!({ "filter": filter })).await["data"]["alertChanged"].clone();
    assert_eq!(
        json!([first["phase"], first["changes"][0]["eventType"], first["changes"][0]["alert"]]),
        json!(["READY", "snapshot", alert])
    );
    let nobody = shop.at(&shop.new_store("EMPTY").await).clerk(&["alert.read"]);
    let first = nobody.execute("subscription { alertChanged { phase changes { seq } } }", json!({})).await;
    assert_eq!(first["data"]["alertChanged"], json!({ "phase": "READY", "changes": [] }));
}
