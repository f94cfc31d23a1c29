//! Rules: which lines hold where.

use serde_json::{Value, json};

use super::shop::{Shop, World, accepted, key, pairs, refused};
use crate::world::{answers::refusals, on_both};

on_both!(
    the_narrowest_rule_says_whether_and_from_where_on,
    a_rule_that_does_not_fit_is_refused_with_its_reason,
    all_that_is_wrong_with_a_rule_is_told_stage_by_stage,
    a_rule_is_there_once_for_its_place,
    a_repeated_call_shows_no_rule_of_a_store_that_the_caller_has_lost,
);

async fn category(shop: &Shop<'_>, name: &str, parent: Value) -> Value {
    let mut input = json!({ "name": name });
    if !parent.is_null() {
        input["parentId"] = parent;
    }
    accepted(&shop.mutate("categoryCreate", "CategoryCreateInput", "category { id }", input).await, "category")["id"].clone()
}

async fn the_narrowest_rule_says_whether_and_from_where_on(world: &World) {
    let shop = Shop::open(world).await;
    let things = category(&shop, "kitchen", Value::Null).await;
    let cups = category(&shop, "cups", things.clone()).await;
    let (mug, pan) =
        (shop.product("MUG", json!({ "categoryId": cups })).await, shop.product("PAN", json!({ "categoryId": things })).await);
    let lid = shop.product("LID", json!({ "categoryId": things })).await;
    shop.move_stock(&[(&mug, 100), (&pan, 100), (&lid, 100)]).await;
    shop.rule(json!({ "kind": "LOW_STOCK", "threshold": 5 })).await;
    shop.rule(json!({ "kind": "LOW_STOCK", "categoryId": things, "threshold": 50 })).await;
    shop.rule(json!({ "kind": "LOW_STOCK", "categoryId": things, "storeId": shop.store["id"], "threshold": 60 })).await;
    shop.rule(json!({ "kind": "LOW_STOCK", "productId": lid["id"], "isEnabled": false })).await;
    shop.move_stock(&[(&mug, -45), (&pan, -39), (&lid, -95)]).await;
    shop.evaluate_alerts().await;
    let low = shop.only_alert("LOW_STOCK").await;
    assert_eq!(json!([low["product"]["sku"], low["threshold"], low["quantity"]]), json!(["MUG", 60, 55]));
    // A category that moves in the tree takes its products with it.
    let version = shop.execute("query($id: ID!) { node(id: $id) { ... on Category { version } } }", json!({ "id": cups })).await;
    let input = json!({ "id": cups, "expectedVersion": version["data"]["node"]["version"], "parentId": null });
    accepted(&shop.mutate("categoryUpdate", "CategoryUpdateInput", "category { id }", input).await, "category");
    shop.move_stock(&[(&mug, -1)]).await;
    shop.evaluate_alerts().await;
    assert_eq!(shop.alert_states().await, pairs(&[("LOW_STOCK", "RESOLVED")]), "54 is plenty where 5 is the line");
    shop.move_stock(&[(&mug, -50)]).await;
    shop.evaluate_alerts().await;
    assert_eq!(shop.only_alert("LOW_STOCK").await["threshold"], json!(5));
    // Without a rule of its own the lid has that of its category.
    shop.move_stock(&[(&lid, 100)]).await;
    shop.evaluate_alerts().await;
    let rules = shop.execute("{ alertRules { id product { sku } } }", json!({})).await["data"]["alertRules"].clone();
    let own = rules.as_array().unwrap().iter().find(|rule| rule["product"]["sku"] == "LID").unwrap().clone();
    let input = json!({ "id": own["id"], "idempotencyKey": key() });
    accepted(&shop.mutate("alertRuleDelete", "AlertRuleDeleteInput", "alertRule { id }", input).await, "alertRule");
    shop.move_stock(&[(&lid, -50)]).await;
    shop.evaluate_alerts().await;
    let lids = shop.alerts(json!({ "product": { "eq": lid["id"] } })).await;
    assert_eq!(lids.iter().map(|alert| alert["threshold"].clone()).collect::<Vec<_>>(), [json!(60)]);
}

async fn a_rule_that_does_not_fit_is_refused_with_its_reason(world: &World) {
    let shop = Shop::open(world).await;
    let ids = &world.ours.ids;
    let many: Vec<String> = (0..21).map(|n| format!("a{n}@x.example")).collect();
    let quiet = |from: &str, to: &str| json!({ "from": from, "to": to });
    for (input, code, field) in [
        (json!({ "kind": "EXPIRING", "threshold": 3 }), "INVALID", "input.threshold"),
        (json!({ "kind": "LOW_STOCK", "days": 3 }), "INVALID", "input.days"),
        (json!({ "kind": "NEGATIVE_MARGIN", "storeId": ids["sto"] }), "INVALID", "input.storeId"),
        (json!({ "kind": "COUNT_DIFFERENCE", "productId": ids["prd"] }), "INVALID", "input.productId"),
        (json!({ "kind": "LOW_STOCK", "productId": ids["prd"], "categoryId": ids["cat"] }), "INVALID", "input.productId"),
        (json!({ "kind": "LOW_STOCK", "threshold": -1 }), "OUT_OF_RANGE", "input.threshold"),
        (json!({ "kind": "EXPIRING", "days": 3_651 }), "OUT_OF_RANGE", "input.days"),
        (json!({ "kind": "LOW_STOCK", "digestHour": 24 }), "OUT_OF_RANGE", "input.digestHour"),
        (json!({ "kind": "LOW_STOCK", "timeZone": "Mars/Olympus" }), "INVALID", "input.timeZone"),
        (json!({ "kind": "LOW_STOCK", "quietHours": quiet("24:00", "07:00") }), "INVALID", "input.quietHours.from"),
        (json!({ "kind": "LOW_STOCK", "quietHours": quiet("22:00", "7:00") }), "INVALID", "input.quietHours.to"),
        (json!({ "kind": "LOW_STOCK", "quietHours": quiet("22:00", "22:00") }), "INVALID", "input.quietHours"),
        (json!({ "kind": "LOW_STOCK", "emails": ["ada@x.example", "a@b\nBcc: eve@x.example"] }), "INVALID", "input.emails.1"),
        (json!({ "kind": "LOW_STOCK", "emails": [format!("{}@x", "a".repeat(400))] }), "TOO_LONG", "input.emails.0"),
        (json!({ "kind": "LOW_STOCK", "emails": many }), "LIMIT_EXCEEDED", "input.emails"),
        (json!({ "kind": "LOW_STOCK", "memberIds": [world.theirs.ids["mem"]] }), "NOT_FOUND", "input.memberIds.0"),
        (json!({ "kind": "LOW_STOCK", "storeId": world.theirs.ids["sto"] }), "NOT_FOUND", "input.storeId"),
        (json!({ "kind": "LOW_STOCK", "categoryId": world.theirs.ids["cat"] }), "NOT_FOUND", "input.categoryId"),
        (json!({ "kind": "LOW_STOCK", "productId": world.theirs.ids["prd"] }), "NOT_FOUND", "input.productId"),
        (json!({ "kind": "LOW_STOCK", "idempotencyKey": "" }), "REQUIRED", "input.idempotencyKey"),
        (json!({ "kind": "LOW_STOCK", "emails": ["ada@x.example", " "] }), "REQUIRED", "input.emails.1"),
    ] {
        let message = refused(&shop.try_rule(input.clone()).await, code, field);
        assert!(!message.is_empty(), "{input}");
    }
}

async fn all_that_is_wrong_with_a_rule_is_told_stage_by_stage(world: &World) {
    let shop = Shop::open(world).await;
    let (ours, theirs) = (&world.ours.ids, &world.theirs.ids);
    let refusal_of = async |rule: &Value| {
        let payload = shop.try_rule(rule.clone()).await;
        assert_eq!(payload["alertRule"], Value::Null, "{payload:#}");
        refusals(&payload)
    };
    let want = |pairs: &[(&str, &str)]| pairs.iter().map(|(c, p)| ((*c).to_owned(), (*p).to_owned())).collect::<Vec<_>>();
    let mut rule = json!({ "kind": "EXPIRING", "storeId": theirs["sto"], "categoryId": theirs["cat"], "threshold": 3, "days": 3_651,
        "emails": ["ada", " ", "bob@x.example"], "memberIds": [ours["mem"], theirs["mem"]], "timeZone": "Mars/Olympus", "digestHour": 24 });
    let shape = [("INVALID", "input.emails.0"), ("REQUIRED", "input.emails.1"), ("INVALID", "input.timeZone")];
    assert_eq!(refusal_of(&rule).await, want(&shape));
    (rule["emails"], rule["timeZone"]) = (json!(["bob@x.example"]), Value::Null);
    let references = [("NOT_FOUND", "input.storeId"), ("NOT_FOUND", "input.categoryId"), ("NOT_FOUND", "input.memberIds.1")];
    assert_eq!(refusal_of(&rule).await, want(&references));
    (rule["storeId"], rule["categoryId"], rule["memberIds"]) = (json!(ours["sto"]), json!(ours["cat"]), json!([ours["mem"]]));
    let values = [("INVALID", "input.threshold"), ("OUT_OF_RANGE", "input.days"), ("OUT_OF_RANGE", "input.digestHour")];
    assert_eq!(refusal_of(&rule).await, want(&values));
    (rule["threshold"], rule["days"], rule["digestHour"]) = (Value::Null, json!(7), json!(6));
    assert_eq!(shop.rule(rule).await["days"], json!(7));
}

async fn a_rule_is_there_once_for_its_place(world: &World) {
    let shop = Shop::open(world).await;
    let whole = json!({ "kind": "EXPIRING", "storeId": shop.store["id"], "days": 7, "emails": [" b@x.example ", "a@x.example", "A@x.example"],
        "memberIds": [world.ours.ids["mem"]], "quietHours": { "from": "22:00", "to": "07:30" }, "timeZone": "Europe/Paris", "digest": "DAILY", "digestHour": 6 });
    let first = shop.rule(whole.clone()).await;
    assert_eq!(
        json!([
            first["days"],
            first["emails"],
            first["members"],
            first["quietHours"],
            first["timeZone"],
            first["digest"],
            first["digestHour"],
            first["version"]
        ]),
        json!([7, ["a@x.example", "b@x.example"], [{ "id": world.ours.ids["mem"] }], { "from": "22:00", "to": "07:30" }, "Europe/Paris", "DAILY", 6, 1])
    );
    let mut input = json!({ "kind": "EXPIRING", "storeId": shop.store["id"], "isEnabled": false, "idempotencyKey": key() });
    let second = shop.rule(input.clone()).await;
    assert_eq!(
        json!([second["id"], second["version"], second["days"], second["emails"], second["isEnabled"]]),
        json!([first["id"], 2, null, [], false])
    );
    let again = shop.try_rule(input.clone()).await;
    assert_eq!(json!([again["replayed"], again["alertRule"]["version"]]), json!([true, 2]));
    input["days"] = json!(9);
    refused(&shop.try_rule(input).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    // Several at once: one row, a version each.
    let calls = (0..4).map(|_| shop.rule(json!({ "kind": "EXPIRING" })));
    let mut versions: Vec<i64> =
        futures_util::future::join_all(calls).await.iter().map(|rule| rule["version"].as_i64().unwrap()).collect();
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3, 4]);
    shop.is_sound().await;
}

async fn a_repeated_call_shows_no_rule_of_a_store_that_the_caller_has_lost(world: &World) {
    let shop = Shop::open(world).await;
    let annex = shop.at(&shop.new_store("ANNEX").await);
    let codes = ["alert_rule.write", "product.read", "store.read"];
    let input = json!({ "kind": "OVERSTOCK", "storeId": annex.store["id"], "emails": ["a@x.example"], "idempotencyKey": key() });
    let first = annex.clerk(&codes).try_rule(input.clone()).await;
    assert_eq!(accepted(&first, "alertRule")["store"]["id"], annex.store["id"]);
    // Meanwhile the member has access to the other shop only, and the rule has other addresses.
    shop.rule(json!({ "kind": "OVERSTOCK", "storeId": annex.store["id"], "emails": ["b@x.example"] })).await;
    let again = shop.clerk(&codes).try_rule(input.clone()).await;
    assert_eq!(
        (&again["replayed"], &again["seq"], &again["alertRule"]),
        (&json!(true), &first["seq"], &Value::Null),
        "{again:#}"
    );
    let again = annex.clerk(&codes).try_rule(input).await;
    assert_eq!(json!([again["replayed"], again["alertRule"]["emails"]]), json!([true, ["b@x.example"]]), "{again:#}");
}
