//! What the day brings: lots near their date, orders that are late; and counts that were off.

use entrepot::clock::{day_text, local_day};
use serde_json::{Value, json};

use super::shop::{Shop, World, done, pairs, text};
use crate::world::on_both;

on_both!(
    a_lot_near_its_date_is_told_in_each_store_that_has_some,
    the_day_of_a_store_is_that_of_its_clocks,
    an_order_that_is_late_is_told_until_it_is_there,
    a_count_that_was_off_is_told,
);

const DAY: i64 = 24 * 3600;

fn in_days(shop: &Shop<'_>, days: i32) -> String {
    day_text(local_day(shop.now(), "Europe/London") + days)
}

async fn cheese(shop: &Shop<'_>) -> Value {
    shop.product("CHEESE", json!({ "tracking": "LOT" })).await
}

/// So much of a lot comes in, or goes out of it.
async fn lot(shop: &Shop<'_>, product: &Value, code: &str, expires_on: Option<&str>, delta: i64) -> Value {
    let named = json!({ "named": { "code": code, "expiresOn": expires_on } });
    let change = json!({ "product": product, "store": shop.store, "delta": delta, "lot": named });
    let (kind, reason) = if delta < 0 { ("REMOVAL", "SAMPLE") } else { ("RECEIPT", "OPENING") };
    let input = json!({ "kind": kind, "reasonCode": reason, "changes": [change] });
    let made = shop.act("stockAdjust", "StockAdjustInput", "movement { entries { lot { id } } }", input).await;
    done(&made, "movement")["entries"][0]["lot"]["id"].clone()
}

async fn redate(shop: &Shop<'_>, lot: &Value, day: &str) {
    let payload = shop.act("lotUpdate", "LotUpdateInput", "lot { id }", json!({ "id": lot, "expiresOn": day })).await;
    done(&payload, "lot");
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
    assert_eq!(shop.look().await, 2);
    assert_eq!(shop.look().await, 0, "looking again opens nothing");
    let own = shop.alerts(json!({ "store": { "eq": shop.store["id"] } })).await.remove(0);
    assert_eq!(json!([own["lot"]["code"], own["quantity"], own["day"], own["openedSeq"]]), json!(["BRIE", 5, near, null]));
    // What is eaten is no longer told of; what somebody has seen to is not told again.
    lot(&annex, &cheese, "BRIE", None, -3).await;
    shop.must("alertResolve", json!({ "id": own["id"], "note": "on sale" })).await;
    assert_eq!(shop.look().await, 0);
    assert_eq!(annex.stand().await, pairs(&[("EXPIRING", "RESOLVED")]));
    // Another date is another matter, and so is a day later for the other lot.
    redate(&shop, &brie, &in_days(&shop, 10)).await;
    assert_eq!(shop.look().await, 1);
    world.pass(DAY);
    assert_eq!(shop.look().await, 1);
    redate(&shop, &brie, &in_days(&shop, 100)).await;
    shop.look().await;
    assert_eq!(shop.stand().await, pairs(&[("EXPIRING", "RESOLVED"), ("EXPIRING", "RESOLVED"), ("EXPIRING", "OPEN")]));
    // A rule that looks less far ahead.
    let category = shop.act("categoryCreate", "CategoryCreateInput", "category { id }", json!({ "name": "dairy" })).await;
    let category = done(&category, "category")["id"].clone();
    shop.update_product(&cheese, json!({ "categoryId": category })).await;
    shop.rule(json!({ "kind": "EXPIRING", "categoryId": category, "days": 3 })).await;
    shop.look().await;
    assert!(shop.stand().await.iter().all(|(_, state)| state == "RESOLVED"), "gouda has a month");
    shop.is_sound().await;
}

async fn the_day_of_a_store_is_that_of_its_clocks(world: &World) {
    let shop = Shop::open(world).await;
    let made = shop
        .act(
            "storeCreate",
            "StoreCreateInput",
            "store { id }",
            json!({ "code": "APIA", "name": "Apia", "timeZone": "Pacific/Apia" }),
        )
        .await;
    let apia = shop.at(&json!({ "id": done(&made, "store")["id"] }));
    let cheese = cheese(&shop).await;
    shop.rule(json!({ "kind": "EXPIRING", "days": 0 })).await;
    // Where it is evening in London, it is tomorrow in Apia.
    let (london, samoa) = (local_day(shop.now(), "Europe/London"), local_day(shop.now(), "Pacific/Apia"));
    assert_eq!(samoa, london + 1, "this world's clock stands in the afternoon");
    let tomorrow = in_days(&shop, 1);
    lot(&shop, &cheese, "BRIE", Some(&tomorrow), 5).await;
    lot(&apia, &cheese, "BRIE", Some(&tomorrow), 5).await;
    shop.look().await;
    assert_eq!((shop.stand().await.len(), apia.stand().await.len()), (0, 1));
}

async fn an_order_that_is_late_is_told_until_it_is_there(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({ "unitCost": { "amount": "1.00", "currencyCode": "GBP" } })).await;
    let supplier =
        shop.act("supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "POT", "name": "Potters" })).await;
    let lines = json!([{ "product": mug, "quantity": 10 }]);
    let supplier = json!({ "id": done(&supplier, "supplier")["id"] });
    let input = json!({ "supplier": supplier, "store": shop.store, "expectedOn": in_days(&shop, 0), "lines": lines });
    let fields = "purchaseOrder { id number lines { id } }";
    let made = shop.act("purchaseOrderCreate", "PurchaseOrderCreateInput", fields, input).await;
    let order = done(&made, "purchaseOrder").clone();
    for step in ["Submit", "Approve", "Order"] {
        let mutation = format!("purchaseOrder{step}");
        let payload = shop.act(&mutation, "PurchaseOrderActionInput", fields, json!({ "id": order["id"] })).await;
        done(&payload, "purchaseOrder");
    }
    assert_eq!(shop.look().await, 0, "it may come today");
    shop.rule(json!({ "kind": "PURCHASE_ORDER_LATE", "storeId": shop.store["id"], "days": 1 })).await;
    world.pass(DAY);
    assert_eq!(shop.look().await, 0, "a day of grace");
    world.pass(DAY);
    assert_eq!(shop.look().await, 1);
    let late = shop.only("PURCHASE_ORDER_LATE").await;
    assert_eq!(json!([late["purchaseOrder"]["number"], late["quantity"], late["product"]]), json!([order["number"], 1, null]));
    let line = &order["lines"][0]["id"];
    for (quantity, state) in [(4, "OPEN"), (6, "RESOLVED")] {
        let input = json!({ "id": order["id"], "lines": [{ "purchaseOrderLineId": line, "quantity": quantity }] });
        done(&shop.act("purchaseOrderReceive", "PurchaseOrderReceiveInput", fields, input).await, "purchaseOrder");
        shop.look().await;
        assert_eq!(shop.stand().await.iter().filter(|(kind, _)| kind == "PURCHASE_ORDER_LATE").count(), 1);
        let found = shop.alerts(json!({ "kind": ["PURCHASE_ORDER_LATE"], "store": { "eq": shop.store["id"] } })).await;
        assert_eq!(text(&found[0]["state"]), state);
    }
    shop.is_sound().await;
}

async fn a_count_that_was_off_is_told(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({})).await;
    shop.moves(&[(&mug, 50)]).await;
    shop.rule(json!({ "kind": "COUNT_DIFFERENCE", "threshold": 3 })).await;
    for (found, expected) in [(48, 0), (43, 1), (43, 1)] {
        let input = json!({ "kind": "LIST", "store": shop.store, "products": [mug] });
        let made = shop.act("countCreate", "CountCreateInput", "count { id number }", input).await;
        let count = done(&made, "count").clone();
        for step in ["Start", "Record", "Submit", "Approve"] {
            let (mutation, mut input) = (format!("count{step}"), json!({ "id": count["id"] }));
            if step == "Record" {
                input["lines"] = json!([{ "product": mug, "counted": found }]);
            }
            let kind = match step {
                "Record" => "CountRecordInput",
                "Submit" => "CountSubmitInput",
                _ => "CountActionInput",
            };
            done(&shop.act(&mutation, kind, "count { id }", input).await, "count");
        }
        shop.look().await;
        let alerts = shop.alerts(json!({ "kind": ["COUNT_DIFFERENCE"] })).await;
        assert_eq!(alerts.len(), expected, "{found} were found");
        if found == 43 {
            assert_eq!(json!([alerts[0]["quantity"], alerts[0]["threshold"]]), json!([5, 3]));
        }
    }
}
