//! Backorders of kits: they are filled in whole kits, promised to no other order, and ordered from
//! suppliers.

use entrepot::{ledger::JobCursor, orders::jobs::fill_backorders};
use serde_json::{Value, json};

use super::{
    kits::{level, mutate, order, product, set_kit},
    shop::{LotShop, accepted, gbp, key, refused},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    the_rest_of_a_kit_is_held_when_its_parts_come,
    kits_and_plain_lines_wait_in_one_queue_and_kits_are_whole_or_not,
    a_kit_that_lacks_a_part_lets_others_pass,
    a_kit_whose_part_is_too_near_its_date_lets_others_pass,
    who_is_before_a_kit_at_another_part_has_his_turn_first,
    a_kit_that_is_filled_twice_at_once_is_filled_once,
    what_is_owed_is_promised_to_nobody_and_what_is_late_is_not_promised,
    what_kits_are_owed_is_ordered,
    what_an_ordered_kit_takes_stays_what_it_was,
);

/// Creates a product that may be backordered.
async fn coming(shop: &LotShop<'_>, sku: &str) -> Value {
    let input = json!({ "sku": sku, "name": sku, "stockPolicy": "BACKORDER", "price": gbp("3.00"), "unitCost": gbp("1.00") });
    let payload = shop.office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    json!({ "id": accepted(&payload, "product")["id"] })
}

async fn arrive(shop: &LotShop<'_>, product: &Value, quantity: i64) {
    accepted(&shop.adjust("RECEIPT", (product, &shop.office.store), quantity, Value::Null).await, "levels");
}

/// A kit: a lamp with two shades and a bulb, which may be backordered.
async fn lamp(shop: &LotShop<'_>) -> [Value; 3] {
    let (shade, bulb) = (coming(shop, "SHADE").await, coming(shop, "BULB").await);
    let lamp = product(shop, "LAMP", "5.00", 0).await;
    accepted(&set_kit(shop, &lamp, &[(&shade, 2), (&bulb, 1)]).await, "product");
    [lamp, shade, bulb]
}

/// Orders of one line, from the oldest on.
async fn queue(shop: &LotShop<'_>, lines: &[(&Value, i64)]) -> Vec<Value> {
    let mut placed = Vec::new();
    for line in lines {
        let new_order = order(shop, "CONFIRMED", &[*line]).await;
        placed.push(accepted(&new_order, "order").clone());
        shop.office.world.advance_clock(60);
    }
    placed
}

async fn fill(shop: &LotShop<'_>) -> usize {
    fill_backorders(&shop.office.world.node.ledger, &JobCursor::default()).await.unwrap()
}

/// Open and backordered of each order's line.
async fn waits(shop: &LotShop<'_>, orders: &[Value]) -> Vec<[i64; 2]> {
    let mut found = Vec::new();
    for order in orders {
        let query = "query($id: ID!) { order(by: { id: $id }) { lines { open backordered } } }";
        let answer = shop.office.execute(query, json!({ "id": order["id"] })).await;
        let line = &answer["data"]["order"]["lines"][0];
        found.push(["open", "backordered"].map(|name| line[name].as_i64().unwrap_or_else(|| panic!("{answer:#}"))));
    }
    found
}

async fn the_rest_of_a_kit_is_held_when_its_parts_come(world: &World) {
    let shop = LotShop::open(world).await;
    let [lamp, shade, bulb] = lamp(&shop).await;
    arrive(&shop, &shade, 5).await;
    arrive(&shop, &bulb, 9).await;
    let orders = queue(&shop, &[(&lamp, 4)]).await;
    assert_eq!((waits(&shop, &orders).await, fill(&shop).await), (vec![[2, 2]], 0));
    arrive(&shop, &shade, 2).await;
    assert_eq!((fill(&shop).await, waits(&shop, &orders).await), (1, vec![[3, 1]]), "three shades are one lamp and a half");
    assert_eq!((level(&shop, &shade).await, level(&shop, &bulb).await), ([7, 6], [9, 3]));
    shop.office.is_sound().await;
    arrive(&shop, &shade, 8).await;
    assert_eq!((fill(&shop).await, waits(&shop, &orders).await, fill(&shop).await), (1, vec![[4, 0]], 0));
    shop.office.is_sound().await;
    let part = json!({ "id": orders[0]["id"], "lines": [{ "lineId": orders[0]["lines"][0]["id"], "quantity": 3 }] });
    accepted(&mutate(&shop, "orderFulfil", part).await, "order");
    assert_eq!((level(&shop, &shade).await, level(&shop, &bulb).await), ([9, 2], [6, 1]));
    let rest = mutate(&shop, "orderCancel", json!({ "id": orders[0]["id"] })).await;
    assert_eq!(accepted(&rest, "order")["lines"][0]["cancelled"], 1);
    assert_eq!((level(&shop, &shade).await, level(&shop, &bulb).await), ([9, 0], [6, 0]), "what came for it is free again");
    shop.office.is_sound().await;
}

async fn kits_and_plain_lines_wait_in_one_queue_and_kits_are_whole_or_not(world: &World) {
    let shop = LotShop::open(world).await;
    let [lamp, shade, bulb] = lamp(&shop).await;
    let orders = queue(&shop, &[(&shade, 3), (&lamp, 2), (&shade, 2), (&lamp, 1)]).await;
    arrive(&shop, &bulb, 5).await;
    assert_eq!(fill(&shop).await, 0, "bulbs alone are no lamp");
    arrive(&shop, &shade, 6).await;
    // Three shades for the first order, two for one lamp of the second; the last one would be half
    // a lamp, and goes to the third order, which sells shades.
    while fill(&shop).await > 0 {}
    assert_eq!(waits(&shop, &orders).await, [[3, 0], [1, 1], [1, 1], [0, 1]]);
    assert_eq!((level(&shop, &shade).await, level(&shop, &bulb).await), ([6, 6], [5, 1]));
    arrive(&shop, &shade, 4).await;
    while fill(&shop).await > 0 {}
    assert_eq!(waits(&shop, &orders).await, [[3, 0], [2, 0], [2, 0], [0, 1]]);
    arrive(&shop, &shade, 1).await;
    assert_eq!(fill(&shop).await, 1);
    assert_eq!((level(&shop, &shade).await, level(&shop, &bulb).await), ([11, 11], [5, 3]));
    for order in &orders {
        accepted(&mutate(&shop, "orderFulfil", json!({ "id": order["id"] })).await, "order");
    }
    assert_eq!((level(&shop, &shade).await, level(&shop, &bulb).await), ([0, 0], [2, 0]));
    shop.office.is_sound().await;
}

async fn a_kit_that_lacks_a_part_lets_others_pass(world: &World) {
    let shop = LotShop::open(world).await;
    let [lamp, shade, bulb] = lamp(&shop).await;
    let orders = queue(&shop, &[(&lamp, 2), (&shade, 3)]).await;
    arrive(&shop, &shade, 4).await;
    assert_eq!((fill(&shop).await, waits(&shop, &orders).await), (1, vec![[0, 2], [3, 0]]));
    arrive(&shop, &bulb, 1).await;
    let head = world.node.db.tenant(shop.office.caller.tenant).head().await.unwrap();
    assert_eq!(fill(&shop).await, 0, "one shade is no lamp");
    assert_eq!(world.node.db.tenant(shop.office.caller.tenant).head().await.unwrap(), head, "nothing is written for nothing");
    // A later change of the kit in the catalogue does not affect orders that were placed before.
    accepted(&set_kit(&shop, &lamp, &[(&bulb, 1)]).await, "product");
    arrive(&shop, &shade, 1).await;
    assert_eq!((fill(&shop).await, waits(&shop, &orders).await), (1, vec![[1, 1], [3, 0]]));
    shop.office.is_sound().await;
}

async fn a_kit_whose_part_is_too_near_its_date_lets_others_pass(world: &World) {
    let shop = LotShop::open(world).await;
    let shade = coming(&shop, "SHADE").await;
    let input =
        json!({ "sku": "BULB", "name": "BULB", "stockPolicy": "BACKORDER", "tracking": "LOT", "minimumRemainingDays": 7 });
    let payload = shop.office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    let bulb = json!({ "id": accepted(&payload, "product")["id"] });
    let lamp = product(&shop, "LAMP", "5.00", 0).await;
    accepted(&set_kit(&shop, &lamp, &[(&shade, 2), (&bulb, 1)]).await, "product");
    let orders = queue(&shop, &[(&lamp, 1), (&shade, 2)]).await;
    arrive(&shop, &shade, 2).await;
    // The clock is at 2026-09-21.
    let near = json!({ "named": { "code": "near", "expiresOn": "2026-09-24" } });
    accepted(&shop.adjust("RECEIPT", (&bulb, &shop.office.store), 1, near).await, "levels");
    assert_eq!((fill(&shop).await, waits(&shop, &orders).await), (1, vec![[0, 1], [2, 0]]));
    shop.office.is_sound().await;
}

async fn who_is_before_a_kit_at_another_part_has_his_turn_first(world: &World) {
    let shop = LotShop::open(world).await;
    let [lamp, shade, bulb] = lamp(&shop).await;
    let orders = queue(&shop, &[(&bulb, 1), (&lamp, 1), (&bulb, 1)]).await;
    arrive(&shop, &shade, 2).await;
    arrive(&shop, &bulb, 1).await;
    assert_eq!((fill(&shop).await, waits(&shop, &orders).await), (1, vec![[1, 0], [0, 1], [0, 1]]));
    arrive(&shop, &bulb, 1).await;
    assert_eq!((fill(&shop).await, waits(&shop, &orders).await), (1, vec![[1, 0], [1, 0], [0, 1]]));
    shop.office.is_sound().await;
}

async fn a_kit_that_is_filled_twice_at_once_is_filled_once(world: &World) {
    let shop = LotShop::open(world).await;
    let [lamp, shade, bulb] = lamp(&shop).await;
    let orders = queue(&shop, &[(&lamp, 6)]).await;
    arrive(&shop, &shade, 8).await;
    arrive(&shop, &bulb, 3).await;
    let shades = [(&shade, 1)];
    let sell = || order(&shop, "FULFILLED", &shades);
    let (sold, ..) =
        futures_util::join!(futures_util::future::join_all((0..4).map(|_| sell())), fill(&shop), fill(&shop), fill(&shop));
    fill(&shop).await;
    let sold = sold.iter().filter(|payload| payload["userErrors"] == json!([])).count() as i64;
    let kit_count = ((8 - sold) / 2).min(3);
    assert_eq!(waits(&shop, &orders).await, [[kit_count, 6 - kit_count]], "{sold} shades were sold");
    assert_eq!((level(&shop, &shade).await, level(&shop, &bulb).await), ([8 - sold, 2 * kit_count], [3, kit_count]));
    shop.office.is_sound().await;
}

/// Returns the availability forecast of a product here: `[available, arriving, overdue, owed,
/// availableToPromise]`.
async fn promised(shop: &LotShop<'_>, product: &Value, date: &str) -> [i64; 5] {
    let query = "query($p: ID!, $s: ID!, $d: Date!) { availabilityForecast(product: { id: $p }, store: { id: $s }, date: $d) {
        available arriving overdue owed availableToPromise } }";
    let answer = shop.office.execute(query, json!({ "p": product["id"], "s": shop.office.store["id"], "d": date })).await;
    let found = &answer["data"]["availabilityForecast"];
    ["available", "arriving", "overdue", "owed", "availableToPromise"]
        .map(|name| found[name].as_i64().unwrap_or_else(|| panic!("{answer:#}")))
}

async fn what_is_owed_is_promised_to_nobody_and_what_is_late_is_not_promised(world: &World) {
    let shop = LotShop::open(world).await;
    let [lamp, shade, _] = lamp(&shop).await;
    queue(&shop, &[(&shade, 4), (&lamp, 3)]).await;
    // The clock is at 2026-09-21.
    let lines = json!([{ "product": shade, "quantity": 10 }, { "product": shade, "quantity": 5, "expectedOn": "2026-10-01" }]);
    shop.office.ordered(json!({ "expectedOn": "2026-09-22", "lines": lines })).await;
    assert_eq!(promised(&shop, &shade, "2026-09-21").await, [0, 0, 0, 10, 0]);
    assert_eq!(promised(&shop, &shade, "2026-09-22").await, [0, 10, 0, 10, 0], "all that comes tomorrow is promised already");
    assert_eq!(promised(&shop, &shade, "2026-10-01").await, [0, 15, 0, 10, 5]);
    world.advance_clock(4 * 86_400);
    assert_eq!(promised(&shop, &shade, "2026-09-25").await, [0, 0, 10, 10, 0], "it has not come, and nobody says when it will");
    assert_eq!(promised(&shop, &shade, "2026-10-01").await, [0, 5, 10, 10, 0]);
    arrive(&shop, &shade, 12).await;
    while fill(&shop).await > 0 {}
    assert_eq!(promised(&shop, &shade, "2026-10-01").await, [8, 5, 10, 6, 7], "no bulb, no lamp: six shades are owed");
    shop.office.is_sound().await;
}

async fn what_kits_are_owed_is_ordered(world: &World) {
    let shop = LotShop::open(world).await;
    let [lamp, shade, bulb] = lamp(&shop).await;
    queue(&shop, &[(&lamp, 3), (&shade, 1)]).await;
    let query = "{ reorderSuggestions { product { sku } quantity position backordered } }";
    let answer = shop.office.execute(query, json!({})).await;
    let found = answer["data"]["reorderSuggestions"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let row = |sku: &str| found.iter().find(|one| one["product"]["sku"] == sku).map(|one| &one["backordered"]);
    assert_eq!((row("SHADE"), row("BULB"), row("LAMP")), (Some(&json!(7)), Some(&json!(3)), None), "{answer:#}");
    let set = json!({ "idempotencyKey": key(), "items": [{ "product": bulb, "store": shop.office.store, "reorderPoint": 2, "maximum": 10 }] });
    accepted(&shop.office.mutate("reorderPolicySet", "ReorderPolicySetInput", "levels { maximum }", set).await, "levels");
    let answer = shop.office.execute(query, json!({})).await;
    let found = answer["data"]["reorderSuggestions"].as_array().unwrap();
    let bulbs = found.iter().find(|one| one["product"]["sku"] == "BULB").unwrap();
    assert_eq!((&bulbs["position"], &bulbs["quantity"]), (&json!(-3), &json!(13)), "ten on the shelf, and three that are owed");
}

async fn what_an_ordered_kit_takes_stays_what_it_was(world: &World) {
    let shop = LotShop::open(world).await;
    let [lamp, shade, bulb] = lamp(&shop).await;
    let orders = queue(&shop, &[(&lamp, 2)]).await;
    // New lamps are sold without shades; those ordered before have them.
    accepted(&set_kit(&shop, &lamp, &[(&bulb, 1)]).await, "product");
    let archive = async || {
        let input = json!({ "id": shade["id"] });
        shop.office.mutate("productArchive", "ProductArchiveInput", "product { id }", input).await
    };
    let update = async |name: &str, value: Value| {
        let mut input = json!({ "id": shade["id"], "expectedVersion": 1 });
        input[name] = value;
        shop.office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await
    };
    let message = refused(&archive().await, "IN_USE", "input.id");
    assert!(message.contains("kits"), "{message}");
    refused(&update("unit", json!({ "code": "kg", "decimals": 3 })).await, "IN_USE", "input.unit");
    refused(&update("stockPolicy", json!("UNTRACKED")).await, "IN_USE", "input.stockPolicy");
    refused(&set_kit(&shop, &shade, &[(&bulb, 1)]).await, "IN_USE", "input.id");
    arrive(&shop, &shade, 2).await;
    arrive(&shop, &bulb, 1).await;
    assert_eq!((fill(&shop).await, waits(&shop, &orders).await), (1, vec![[1, 1]]));
    accepted(&mutate(&shop, "orderFulfil", json!({ "id": orders[0]["id"] })).await, "order");
    refused(&archive().await, "IN_USE", "input.id");
    accepted(&mutate(&shop, "orderCancel", json!({ "id": orders[0]["id"] })).await, "order");
    accepted(&archive().await, "product");
    shop.office.is_sound().await;
}
