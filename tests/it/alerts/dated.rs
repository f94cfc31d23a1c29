//! Alerts that depend on the date: lots near their expiry, late orders, overdue transfers; and
//! counts with differences.

use entity::prelude::*;
use entrepot::clock::{day_text, local_day, rfc3339};
use serde_json::{Value, json};

use super::shop::{Shop, World, accepted, key, pairs, text};
use crate::world::on_both;

on_both!(
    a_lot_near_its_date_is_told_in_each_store_that_has_some,
    the_day_of_a_store_is_that_of_its_clocks,
    an_order_that_is_late_is_told_until_it_is_there,
    a_lead_time_makes_an_order_late_until_the_supplier_confirms_another_day,
    a_transfer_that_is_overdue_is_told_until_all_of_it_has_come,
    a_transfer_is_told_of_no_more_when_it_is_written_off_or_is_given_more_days,
    a_transfer_that_gets_another_day_is_overdue_by_that_day,
    a_transfer_that_has_not_left_or_has_no_day_is_never_overdue,
    the_day_of_a_transfer_is_that_of_the_store_that_receives_it,
    a_count_that_was_off_is_told,
    a_work_that_has_not_left_is_told_and_so_are_goods_that_no_store_has,
);

const DAY: i64 = 24 * 3600;

fn in_days(shop: &Shop<'_>, days: i32) -> String {
    day_text(local_day(shop.now(), "Europe/London") + days)
}

async fn cheese(shop: &Shop<'_>) -> Value {
    shop.product("CHEESE", json!({ "tracking": "LOT" })).await
}

/// Changes the stock of a lot by `delta`.
async fn lot(shop: &Shop<'_>, product: &Value, code: &str, expires_on: Option<&str>, delta: i64) -> Value {
    let named_input = json!({ "named": { "code": code, "expiresOn": expires_on } });
    let change = json!({ "product": product, "store": shop.store, "delta": delta, "lot": named_input });
    let (kind, reason) = if delta < 0 { ("REMOVAL", "SAMPLE") } else { ("RECEIPT", "OPENING") };
    let input = json!({ "kind": kind, "reasonCode": reason, "changes": [change] });
    let payload = shop.mutate("stockAdjust", "StockAdjustInput", "movement { entries { lot { id } } }", input).await;
    accepted(&payload, "movement")["entries"][0]["lot"]["id"].clone()
}

async fn redate(shop: &Shop<'_>, lot: &Value, day: &str) {
    let payload = shop.mutate("lotUpdate", "LotUpdateInput", "lot { id }", json!({ "id": lot, "expiresOn": day })).await;
    accepted(&payload, "lot");
    let query = "query($id: ID!) { history(nodeId: $id, kinds: [CHANGE], first: 1) { nodes { fields { path after } } } }";
    let read = shop.execute(query, json!({ "id": lot })).await;
    assert_eq!(read["data"]["history"]["nodes"][0]["fields"], json!([{ "path": "expiresOn", "after": day }]), "{read:#}");
}

async fn a_lot_near_its_date_is_told_in_each_store_that_has_some(world: &World) {
    let shop = Shop::open(world).await;
    let annex = shop.at(&shop.new_store("ANNEX").await);
    let cheese = cheese(&shop).await;
    let (near, far) = (in_days(&shop, 30), in_days(&shop, 31));
    let brie = lot(&shop, &cheese, "BRIE", Some(&near), 5).await;
    lot(&annex, &cheese, "BRIE", Some(&near), 3).await;
    lot(&shop, &cheese, "GOUDA", Some(&far), 5).await;
    // Something is left there when the brie is eaten.
    lot(&annex, &cheese, "PARMESAN", None, 5).await;
    assert_eq!(shop.evaluate_alerts().await, 2);
    assert_eq!(shop.evaluate_alerts().await, 0, "looking again opens nothing");
    let own = shop.alerts(json!({ "store": { "eq": shop.store["id"] } })).await.remove(0);
    assert_eq!(json!([own["lot"]["code"], own["quantity"], own["day"], own["openedSeq"]]), json!(["BRIE", 5, near, null]));
    // A lot that is used up has no open alert any more; a resolved alert is not opened again.
    lot(&annex, &cheese, "BRIE", None, -3).await;
    shop.must_mutate("alertResolve", json!({ "id": own["id"], "note": "on sale" })).await;
    assert_eq!(shop.evaluate_alerts().await, 0);
    assert_eq!(annex.alert_states().await, pairs(&[("EXPIRING", "RESOLVED")]));
    // A new date opens another alert, and a day later the other lot has one as well.
    redate(&shop, &brie, &in_days(&shop, 10)).await;
    assert_eq!(shop.evaluate_alerts().await, 1);
    world.advance_clock(DAY);
    assert_eq!(shop.evaluate_alerts().await, 1);
    redate(&shop, &brie, &in_days(&shop, 100)).await;
    shop.evaluate_alerts().await;
    assert_eq!(shop.alert_states().await, pairs(&[("EXPIRING", "RESOLVED"), ("EXPIRING", "RESOLVED"), ("EXPIRING", "OPEN")]));
    // A rule with fewer days of notice.
    let category = shop.mutate("categoryCreate", "CategoryCreateInput", "category { id }", json!({ "name": "dairy" })).await;
    let category = accepted(&category, "category")["id"].clone();
    shop.update_product(&cheese, json!({ "categoryId": category })).await;
    shop.rule(json!({ "kind": "EXPIRING", "categoryId": category, "days": 3 })).await;
    shop.evaluate_alerts().await;
    assert!(shop.alert_states().await.iter().all(|(_, state)| state == "RESOLVED"), "gouda has a month");
    shop.is_sound().await;
}

async fn the_day_of_a_store_is_that_of_its_clocks(world: &World) {
    let shop = Shop::open(world).await;
    let payload = shop
        .mutate(
            "storeCreate",
            "StoreCreateInput",
            "store { id }",
            json!({ "code": "APIA", "name": "Apia", "timeZone": "Pacific/Apia" }),
        )
        .await;
    let apia = shop.at(&json!({ "id": accepted(&payload, "store")["id"] }));
    let cheese = cheese(&shop).await;
    shop.rule(json!({ "kind": "EXPIRING", "days": 0 })).await;
    // Evening in London is already tomorrow in Apia.
    let (london, samoa) = (local_day(shop.now(), "Europe/London"), local_day(shop.now(), "Pacific/Apia"));
    assert_eq!(samoa, london + 1, "this world's clock stands in the afternoon");
    let tomorrow = in_days(&shop, 1);
    lot(&shop, &cheese, "BRIE", Some(&tomorrow), 5).await;
    lot(&apia, &cheese, "BRIE", Some(&tomorrow), 5).await;
    shop.evaluate_alerts().await;
    assert_eq!((shop.alert_states().await.len(), apia.alert_states().await.len()), (0, 1));
}

async fn an_order_that_is_late_is_told_until_it_is_there(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({ "unitCost": { "amount": "1.00", "currencyCode": "GBP" } })).await;
    let supplier = shop
        .mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "POT", "name": "Potters" }))
        .await;
    let lines = json!([{ "product": mug, "quantity": 10 }]);
    let supplier = json!({ "id": accepted(&supplier, "supplier")["id"] });
    let input = json!({ "supplier": supplier, "store": shop.store, "expectedOn": in_days(&shop, 0), "lines": lines });
    let fields = "purchaseOrder { id number lines { id } }";
    let purchase_order_payload = shop.mutate("purchaseOrderCreate", "PurchaseOrderCreateInput", fields, input).await;
    let order = accepted(&purchase_order_payload, "purchaseOrder").clone();
    for step in ["Submit", "Approve", "Order"] {
        let mutation = format!("purchaseOrder{step}");
        let payload = shop.mutate(&mutation, "PurchaseOrderActionInput", fields, json!({ "id": order["id"] })).await;
        accepted(&payload, "purchaseOrder");
    }
    assert_eq!(shop.evaluate_alerts().await, 0, "it may come today");
    shop.rule(json!({ "kind": "PURCHASE_ORDER_LATE", "storeId": shop.store["id"], "days": 1 })).await;
    world.advance_clock(DAY);
    assert_eq!(shop.evaluate_alerts().await, 0, "a day of grace");
    world.advance_clock(DAY);
    assert_eq!(shop.evaluate_alerts().await, 1);
    let alert = shop.only_alert("PURCHASE_ORDER_LATE").await;
    assert_eq!(json!([alert["purchaseOrder"]["number"], alert["quantity"], alert["product"]]), json!([order["number"], 1, null]));
    let line = &order["lines"][0]["id"];
    for (quantity, state) in [(4, "OPEN"), (6, "RESOLVED")] {
        let input = json!({ "id": order["id"], "lines": [{ "purchaseOrderLineId": line, "quantity": quantity }] });
        accepted(&shop.mutate("purchaseOrderReceive", "PurchaseOrderReceiveInput", fields, input).await, "purchaseOrder");
        shop.evaluate_alerts().await;
        assert_eq!(shop.alert_states().await.iter().filter(|(kind, _)| kind == "PURCHASE_ORDER_LATE").count(), 1);
        let found = shop.alerts(json!({ "kind": ["PURCHASE_ORDER_LATE"], "store": { "eq": shop.store["id"] } })).await;
        assert_eq!(text(&found[0]["state"]), state);
    }
    shop.is_sound().await;
}

/// A transfer of ten of each product between two shops, due at a given time and not sent yet.
async fn planned(from: &Shop<'_>, to: &Shop<'_>, products: &[&Value], expected_at: Option<Timestamp>) -> Value {
    let lines: Vec<Value> = products.iter().map(|product| json!({ "product": product, "quantity": 10 })).collect();
    let input = json!({ "fromStore": from.store, "toStore": to.store, "expectedAt": expected_at.map(rfc3339), "lines": lines });
    let payload = from.mutate("transferCreate", "TransferCreateInput", "transfer { id number lines { id } }", input).await;
    accepted(&payload, "transfer").clone()
}

async fn step(shop: &Shop<'_>, mutation: &str, kind: &str, mut input: Value, transfer: &Value) {
    input["id"] = transfer["id"].clone();
    accepted(&shop.mutate(mutation, kind, "transfer { status }", input).await, "transfer");
}

/// A planned transfer that is sent.
async fn sent(from: &Shop<'_>, to: &Shop<'_>, products: &[&Value], expected_at: Option<Timestamp>) -> Value {
    let transfer = planned(from, to, products, expected_at).await;
    step(from, "transferMarkReady", "TransferActionInput", json!({}), &transfer).await;
    step(from, "transferShip", "TransferShipmentInput", json!({}), &transfer).await;
    transfer
}

/// Evaluates the alerts, and returns those of overdue transfers to a shop, the oldest first.
async fn overdue(shop: &Shop<'_>) -> Vec<Value> {
    shop.evaluate_alerts().await;
    shop.alerts(json!({ "kind": ["TRANSFER_OVERDUE"], "store": { "eq": shop.store["id"] } })).await
}

async fn a_lead_time_makes_an_order_late_until_the_supplier_confirms_another_day(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({ "unitCost": { "amount": "1.00", "currencyCode": "GBP" } })).await;
    let supplier = json!({ "code": "POT", "name": "Potters", "leadTimeDays": 2 });
    let supplier = shop.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", supplier).await;
    let supplier = json!({ "id": accepted(&supplier, "supplier")["id"] });
    let input = json!({ "supplier": supplier, "store": shop.store, "lines": [{ "product": mug, "quantity": 10 }] });
    let purchase_order_payload =
        shop.mutate("purchaseOrderCreate", "PurchaseOrderCreateInput", "purchaseOrder { id }", input).await;
    let order = accepted(&purchase_order_payload, "purchaseOrder").clone();
    for step in ["Submit", "Approve", "Order"] {
        let mutation = format!("purchaseOrder{step}");
        let payload =
            shop.mutate(&mutation, "PurchaseOrderActionInput", "purchaseOrder { id }", json!({ "id": order["id"] })).await;
        accepted(&payload, "purchaseOrder");
    }
    let is_told = async || shop.alert_states().await.iter().filter(|(kind, _)| kind == "PURCHASE_ORDER_LATE").count();
    world.advance_clock(2 * DAY);
    shop.evaluate_alerts().await;
    assert_eq!(is_told().await, 0, "it may come today");
    world.advance_clock(DAY);
    shop.evaluate_alerts().await;
    assert_eq!(is_told().await, 1);
    let confirmed = json!({ "id": order["id"], "confirmedOn": in_days(&shop, 3) });
    let payload = shop.mutate("purchaseOrderConfirm", "PurchaseOrderConfirmInput", "purchaseOrder { id }", confirmed).await;
    accepted(&payload, "purchaseOrder");
    shop.evaluate_alerts().await;
    let found = shop.alerts(json!({ "kind": ["PURCHASE_ORDER_LATE"], "store": { "eq": shop.store["id"] } })).await;
    assert_eq!(text(&found[0]["state"]), "RESOLVED");
    world.advance_clock(4 * DAY);
    shop.evaluate_alerts().await;
    let states: Vec<String> = shop
        .alerts(json!({ "kind": ["PURCHASE_ORDER_LATE"], "store": { "eq": shop.store["id"] } }))
        .await
        .iter()
        .map(|alert| text(&alert["state"]))
        .collect();
    assert!(states.contains(&"OPEN".to_owned()), "the confirmed day has gone by, too: {states:?}");
    shop.is_sound().await;
}

async fn a_transfer_that_is_overdue_is_told_until_all_of_it_has_come(world: &World) {
    let shop = Shop::open(world).await;
    let yard = shop.at(&shop.new_store("YARD").await);
    let (mug, jug) = (shop.product("MUG", json!({})).await, shop.product("JUG", json!({})).await);
    yard.move_stock(&[(&mug, 50), (&jug, 50)]).await;
    let today = in_days(&shop, 0);
    let transfer = sent(&yard, &shop, &[&mug, &jug], Some(shop.now())).await;
    assert_eq!(overdue(&shop).await.len(), 0, "it may come today");
    shop.rule(json!({ "kind": "TRANSFER_OVERDUE", "storeId": shop.store["id"], "days": 1 })).await;
    world.advance_clock(DAY);
    assert_eq!(overdue(&shop).await.len(), 0, "a day of grace");
    world.advance_clock(DAY);
    assert_eq!(overdue(&shop).await.len(), 1);
    assert_eq!((overdue(&shop).await.len(), overdue(&yard).await.len()), (1, 0), "once, and where it should have come");
    let alert = shop.only_alert("TRANSFER_OVERDUE").await;
    assert_eq!(
        json!([alert["transfer"]["number"], alert["quantity"], alert["day"], alert["product"], alert["openedSeq"]]),
        json!([transfer["number"], 2, today, null, null])
    );
    let part = json!({ "lines": [{ "lineId": transfer["lines"][0]["id"], "quantity": 10 }] });
    for (parcel, state) in [(part, "OPEN"), (json!({}), "RESOLVED")] {
        step(&shop, "transferReceive", "TransferShipmentInput", parcel, &transfer).await;
        let alerts = overdue(&shop).await;
        assert_eq!((alerts.len(), text(&alerts[0]["state"])), (1, state.to_owned()));
    }
    shop.is_sound().await;
}

async fn a_transfer_is_told_of_no_more_when_it_is_written_off_or_is_given_more_days(world: &World) {
    let shop = Shop::open(world).await;
    let yard = shop.at(&shop.new_store("YARD").await);
    let mug = shop.product("MUG", json!({})).await;
    yard.move_stock(&[(&mug, 50)]).await;
    let lost = sent(&yard, &shop, &[&mug], Some(shop.now())).await;
    sent(&yard, &shop, &[&mug], Some(shop.now())).await;
    world.advance_clock(DAY);
    let states = |alerts: Vec<Value>| alerts.iter().map(|alert| text(&alert["state"])).collect::<Vec<_>>();
    assert_eq!(states(overdue(&shop).await), ["OPEN", "OPEN"]);
    step(&shop, "transferClose", "TransferCloseInput", json!({ "reasonCode": "LOSS" }), &lost).await;
    let mut alerts = states(overdue(&shop).await);
    alerts.sort();
    assert_eq!(alerts, ["OPEN", "RESOLVED"]);
    assert_ne!(shop.only_alert("TRANSFER_OVERDUE").await["transfer"]["number"], lost["number"]);
    shop.rule(json!({ "kind": "TRANSFER_OVERDUE", "days": 3 })).await;
    assert_eq!(states(overdue(&shop).await), ["RESOLVED", "RESOLVED"]);
    shop.is_sound().await;
}

async fn a_transfer_that_gets_another_day_is_overdue_by_that_day(world: &World) {
    let shop = Shop::open(world).await;
    let yard = shop.at(&shop.new_store("YARD").await);
    let mug = shop.product("MUG", json!({})).await;
    yard.move_stock(&[(&mug, 50)]).await;
    let transfer = sent(&yard, &shop, &[&mug], Some(shop.now())).await;
    world.advance_clock(DAY);
    let states = |alerts: Vec<Value>| alerts.iter().map(|alert| text(&alert["state"])).collect::<Vec<_>>();
    assert_eq!(states(overdue(&shop).await), ["OPEN"]);
    // The driver announces the arrival for tomorrow.
    let later = json!({ "expectedAt": rfc3339(Timestamp(shop.now().micros() + DAY * 1_000_000)) });
    step(&shop, "transferUpdate", "TransferUpdateInput", later, &transfer).await;
    assert_eq!(states(overdue(&shop).await), ["RESOLVED"]);
    world.advance_clock(2 * DAY);
    let mut alerts = states(overdue(&shop).await);
    alerts.sort();
    assert_eq!(alerts, ["OPEN", "RESOLVED"]);
    shop.is_sound().await;
}

async fn a_transfer_that_has_not_left_or_has_no_day_is_never_overdue(world: &World) {
    let shop = Shop::open(world).await;
    let yard = shop.at(&shop.new_store("YARD").await);
    let mug = shop.product("MUG", json!({})).await;
    yard.move_stock(&[(&mug, 50)]).await;
    let waiting = planned(&yard, &shop, &[&mug], Some(shop.now())).await;
    step(&yard, "transferMarkReady", "TransferActionInput", json!({}), &waiting).await;
    planned(&yard, &shop, &[&mug], Some(shop.now())).await;
    sent(&yard, &shop, &[&mug], None).await;
    world.advance_clock(2 * DAY);
    assert_eq!(overdue(&shop).await.len(), 0);
    step(&yard, "transferCancel", "TransferActionInput", json!({}), &waiting).await;
    assert_eq!(overdue(&shop).await.len(), 0);
}

async fn the_day_of_a_transfer_is_that_of_the_store_that_receives_it(world: &World) {
    let shop = Shop::open(world).await;
    let input = json!({ "code": "APIA", "name": "Apia", "timeZone": "Pacific/Apia" });
    let payload = shop.mutate("storeCreate", "StoreCreateInput", "store { id }", input).await;
    let apia = shop.at(&json!({ "id": accepted(&payload, "store")["id"] }));
    let mug = shop.product("MUG", json!({})).await;
    for each in [&shop, &apia] {
        each.move_stock(&[(&mug, 50)]).await;
    }
    let (london, samoa) = (local_day(shop.now(), "Europe/London"), local_day(shop.now(), "Pacific/Apia"));
    assert_eq!(samoa, london + 1, "this world's clock stands in the afternoon");
    sent(&apia, &shop, &[&mug], Some(shop.now())).await;
    sent(&shop, &apia, &[&mug], Some(shop.now())).await;
    while local_day(shop.now(), "Europe/London") == london {
        world.advance_clock(3_600);
    }
    assert_eq!((overdue(&shop).await.len(), overdue(&apia).await.len()), (1, 0), "in Apia it is still the same day");
    while local_day(shop.now(), "Pacific/Apia") == samoa {
        world.advance_clock(3_600);
    }
    assert_eq!((overdue(&shop).await.len(), overdue(&apia).await.len()), (1, 1));
    assert_eq!(overdue(&apia).await[0]["day"], json!(day_text(samoa)));
}

async fn a_count_that_was_off_is_told(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({})).await;
    shop.move_stock(&[(&mug, 50)]).await;
    shop.rule(json!({ "kind": "COUNT_DIFFERENCE", "threshold": 3 })).await;
    for (found, expected) in [(48, 0), (43, 1), (43, 1)] {
        let input = json!({ "kind": "LIST", "store": shop.store, "products": [mug] });
        let payload = shop.mutate("stocktakeCreate", "StocktakeCreateInput", "stocktake { id number }", input).await;
        let count = accepted(&payload, "stocktake").clone();
        for step in ["Start", "Record", "Submit", "Approve"] {
            let (mutation, mut input) = (format!("stocktake{step}"), json!({ "id": count["id"] }));
            if step == "Record" {
                input["lines"] = json!([{ "product": mug, "counted": found }]);
            }
            let kind = match step {
                "Record" => "StocktakeRecordInput",
                "Submit" => "StocktakeSubmitInput",
                _ => "StocktakeActionInput",
            };
            accepted(&shop.mutate(&mutation, kind, "stocktake { id }", input).await, "stocktake");
        }
        shop.evaluate_alerts().await;
        let alerts = shop.alerts(json!({ "kind": ["COUNT_DIFFERENCE"] })).await;
        assert_eq!(alerts.len(), expected, "{found} were found");
        if found == 43 {
            assert_eq!(json!([alerts[0]["quantity"], alerts[0]["threshold"]]), json!([5, 3]));
            assert_eq!((&alerts[0]["stocktake"], alerts[0]["stocktake"]["number"].is_string()), (&alerts[0]["count"], true));
        }
    }
}

async fn a_work_that_has_not_left_is_told_and_so_are_goods_that_no_store_has(world: &World) {
    let shop = Shop::open(world).await;
    shop.rule(json!({ "kind": "FULFILMENT_OVERDUE", "storeId": shop.store["id"], "days": 0 })).await;
    let price = json!({ "amount": "1.00", "currencyCode": "GBP" });
    let mug = shop.product("MUG", json!({ "status": "ACTIVE", "price": price })).await;
    shop.move_stock(&[(&mug, 50)]).await;
    let line = json!({ "product": mug, "quantity": 2 });
    let input = json!({ "idempotencyKey": key(), "store": shop.store, "lines": [line] });
    let order = shop.mutate("orderCreate", "OrderCreateInput", "order { id works { id } }", input).await;
    let order = accepted(&order, "order").clone();
    let filter = json!({ "kind": ["FULFILMENT_OVERDUE", "FULFILMENT_REJECTED"], "store": { "eq": shop.store["id"] } });
    let found_alerts = async || {
        shop.evaluate_alerts().await;
        let found = shop.alerts(filter.clone()).await;
        found.iter().map(|alert| (text(&alert["kind"]), text(&alert["state"]))).collect::<Vec<_>>()
    };
    let today = in_days(&shop, 0);
    assert_eq!(found_alerts().await, pairs(&[]), "it may leave today");
    world.advance_clock(DAY);
    assert_eq!(found_alerts().await, pairs(&[("FULFILMENT_OVERDUE", "OPEN")]));
    let alert = shop.only_alert("FULFILMENT_OVERDUE").await;
    assert_eq!(json!([alert["quantity"], alert["day"], alert["product"]]), json!([1, today, null]));
    let query = "query($filter: AlertListFilter) { alerts(filter: $filter, first: 5) { nodes { order { id } works { id } } } }";
    let answer = shop.execute(query, json!({ "filter": filter })).await;
    assert_eq!(
        answer["data"]["alerts"]["nodes"],
        json!([{ "order": { "id": order["id"] }, "works": order["works"] }]),
        "{answer:#}"
    );
    // The store rejects the work for lack of stock, and no other store has any.
    let input = json!({ "id": order["works"][0]["id"], "reason": "NO_STOCK" });
    accepted(&shop.mutate("fulfilmentWorkReject", "FulfilmentWorkRejectInput", "work { status }", input).await, "work");
    assert_eq!(found_alerts().await, pairs(&[("FULFILMENT_OVERDUE", "RESOLVED"), ("FULFILMENT_REJECTED", "OPEN")]));
    accepted(&shop.mutate("orderCancel", "ActionInput", "order { status }", json!({ "id": order["id"] })).await, "order");
    assert_eq!(found_alerts().await, pairs(&[("FULFILMENT_OVERDUE", "RESOLVED"), ("FULFILMENT_REJECTED", "RESOLVED")]));
    shop.is_sound().await;
}
