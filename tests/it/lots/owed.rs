//! Backorders of kits: they are filled in whole kits, promised to no other order, and ordered from
//! suppliers.

use entrepot::{ledger::JobCursor, orders::jobs::fill_backorders};
use serde_json::{Value, json};

use super::{
    house::{House, done, gbp, key, refused},
    kits::{act, level, order, product, set},
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
async fn coming(house: &House<'_>, sku: &str) -> Value {
    let input = json!({ "sku": sku, "name": sku, "stockPolicy": "BACKORDER", "price": gbp("3.00"), "unitCost": gbp("1.00") });
    let made = house.office.act("productCreate", "ProductCreateInput", "product { id }", input).await;
    json!({ "id": done(&made, "product")["id"] })
}

async fn arrive(house: &House<'_>, product: &Value, quantity: i64) {
    done(&house.adjust("RECEIPT", (product, &house.office.store), quantity, Value::Null).await, "levels");
}

/// A kit: a lamp with two shades and a bulb, which may be backordered.
async fn lamp(house: &House<'_>) -> [Value; 3] {
    let (shade, bulb) = (coming(house, "SHADE").await, coming(house, "BULB").await);
    let lamp = product(house, "LAMP", "5.00", 0).await;
    done(&set(house, &lamp, &[(&shade, 2), (&bulb, 1)]).await, "product");
    [lamp, shade, bulb]
}

/// Orders of one line, from the oldest on.
async fn queue(house: &House<'_>, lines: &[(&Value, i64)]) -> Vec<Value> {
    let mut placed = Vec::new();
    for line in lines {
        let made = order(house, "CONFIRMED", &[*line]).await;
        placed.push(done(&made, "order").clone());
        house.office.world.pass(60);
    }
    placed
}

async fn fill(house: &House<'_>) -> usize {
    fill_backorders(&house.office.world.node.ledger, &JobCursor::default()).await.unwrap()
}

/// Open and backordered of each order's line.
async fn waits(house: &House<'_>, orders: &[Value]) -> Vec<[i64; 2]> {
    let mut found = Vec::new();
    for order in orders {
        let query = "query($id: ID!) { order(by: { id: $id }) { lines { open backordered } } }";
        let answer = house.office.ask(query, json!({ "id": order["id"] })).await;
        let line = &answer["data"]["order"]["lines"][0];
        found.push(["open", "backordered"].map(|name| line[name].as_i64().unwrap_or_else(|| panic!("{answer:#}"))));
    }
    found
}

async fn the_rest_of_a_kit_is_held_when_its_parts_come(world: &World) {
    let house = House::open(world).await;
    let [lamp, shade, bulb] = lamp(&house).await;
    arrive(&house, &shade, 5).await;
    arrive(&house, &bulb, 9).await;
    let placed = queue(&house, &[(&lamp, 4)]).await;
    assert_eq!((waits(&house, &placed).await, fill(&house).await), (vec![[2, 2]], 0));
    arrive(&house, &shade, 2).await;
    assert_eq!((fill(&house).await, waits(&house, &placed).await), (1, vec![[3, 1]]), "three shades are one lamp and a half");
    assert_eq!((level(&house, &shade).await, level(&house, &bulb).await), ([7, 6], [9, 3]));
    house.office.is_sound().await;
    arrive(&house, &shade, 8).await;
    assert_eq!((fill(&house).await, waits(&house, &placed).await, fill(&house).await), (1, vec![[4, 0]], 0));
    house.office.is_sound().await;
    let part = json!({ "id": placed[0]["id"], "lines": [{ "lineId": placed[0]["lines"][0]["id"], "quantity": 3 }] });
    done(&act(&house, "orderFulfil", part).await, "order");
    assert_eq!((level(&house, &shade).await, level(&house, &bulb).await), ([9, 2], [6, 1]));
    let rest = act(&house, "orderCancel", json!({ "id": placed[0]["id"] })).await;
    assert_eq!(done(&rest, "order")["lines"][0]["cancelled"], 1);
    assert_eq!((level(&house, &shade).await, level(&house, &bulb).await), ([9, 0], [6, 0]), "what came for it is free again");
    house.office.is_sound().await;
}

async fn kits_and_plain_lines_wait_in_one_queue_and_kits_are_whole_or_not(world: &World) {
    let house = House::open(world).await;
    let [lamp, shade, bulb] = lamp(&house).await;
    let placed = queue(&house, &[(&shade, 3), (&lamp, 2), (&shade, 2), (&lamp, 1)]).await;
    arrive(&house, &bulb, 5).await;
    assert_eq!(fill(&house).await, 0, "bulbs alone are no lamp");
    arrive(&house, &shade, 6).await;
    // Three shades for the first order, two for one lamp of the second; the last one would be half
    // a lamp, and goes to the third order, which sells shades.
    while fill(&house).await > 0 {}
    assert_eq!(waits(&house, &placed).await, [[3, 0], [1, 1], [1, 1], [0, 1]]);
    assert_eq!((level(&house, &shade).await, level(&house, &bulb).await), ([6, 6], [5, 1]));
    arrive(&house, &shade, 4).await;
    while fill(&house).await > 0 {}
    assert_eq!(waits(&house, &placed).await, [[3, 0], [2, 0], [2, 0], [0, 1]]);
    arrive(&house, &shade, 1).await;
    assert_eq!(fill(&house).await, 1);
    assert_eq!((level(&house, &shade).await, level(&house, &bulb).await), ([11, 11], [5, 3]));
    for order in &placed {
        done(&act(&house, "orderFulfil", json!({ "id": order["id"] })).await, "order");
    }
    assert_eq!((level(&house, &shade).await, level(&house, &bulb).await), ([0, 0], [2, 0]));
    house.office.is_sound().await;
}

async fn a_kit_that_lacks_a_part_lets_others_pass(world: &World) {
    let house = House::open(world).await;
    let [lamp, shade, bulb] = lamp(&house).await;
    let placed = queue(&house, &[(&lamp, 2), (&shade, 3)]).await;
    arrive(&house, &shade, 4).await;
    assert_eq!((fill(&house).await, waits(&house, &placed).await), (1, vec![[0, 2], [3, 0]]));
    arrive(&house, &bulb, 1).await;
    let head = world.node.db.tenant(house.office.caller.tenant).head().await.unwrap();
    assert_eq!(fill(&house).await, 0, "one shade is no lamp");
    assert_eq!(world.node.db.tenant(house.office.caller.tenant).head().await.unwrap(), head, "nothing is written for nothing");
    // A later change of the kit in the catalogue does not affect orders that were placed before.
    done(&set(&house, &lamp, &[(&bulb, 1)]).await, "product");
    arrive(&house, &shade, 1).await;
    assert_eq!((fill(&house).await, waits(&house, &placed).await), (1, vec![[1, 1], [3, 0]]));
    house.office.is_sound().await;
}

async fn a_kit_whose_part_is_too_near_its_date_lets_others_pass(world: &World) {
    let house = House::open(world).await;
    let shade = coming(&house, "SHADE").await;
    let input =
        json!({ "sku": "BULB", "name": "BULB", "stockPolicy": "BACKORDER", "tracking": "LOT", "minimumRemainingDays": 7 });
    let made = house.office.act("productCreate", "ProductCreateInput", "product { id }", input).await;
    let bulb = json!({ "id": done(&made, "product")["id"] });
    let lamp = product(&house, "LAMP", "5.00", 0).await;
    done(&set(&house, &lamp, &[(&shade, 2), (&bulb, 1)]).await, "product");
    let placed = queue(&house, &[(&lamp, 1), (&shade, 2)]).await;
    arrive(&house, &shade, 2).await;
    // The clock is at 2026-09-21.
    let near = json!({ "named": { "code": "near", "expiresOn": "2026-09-24" } });
    done(&house.adjust("RECEIPT", (&bulb, &house.office.store), 1, near).await, "levels");
    assert_eq!((fill(&house).await, waits(&house, &placed).await), (1, vec![[0, 1], [2, 0]]));
    house.office.is_sound().await;
}

async fn who_is_before_a_kit_at_another_part_has_his_turn_first(world: &World) {
    let house = House::open(world).await;
    let [lamp, shade, bulb] = lamp(&house).await;
    let placed = queue(&house, &[(&bulb, 1), (&lamp, 1), (&bulb, 1)]).await;
    arrive(&house, &shade, 2).await;
    arrive(&house, &bulb, 1).await;
    assert_eq!((fill(&house).await, waits(&house, &placed).await), (1, vec![[1, 0], [0, 1], [0, 1]]));
    arrive(&house, &bulb, 1).await;
    assert_eq!((fill(&house).await, waits(&house, &placed).await), (1, vec![[1, 0], [1, 0], [0, 1]]));
    house.office.is_sound().await;
}

async fn a_kit_that_is_filled_twice_at_once_is_filled_once(world: &World) {
    let house = House::open(world).await;
    let [lamp, shade, bulb] = lamp(&house).await;
    let placed = queue(&house, &[(&lamp, 6)]).await;
    arrive(&house, &shade, 8).await;
    arrive(&house, &bulb, 3).await;
    let shades = [(&shade, 1)];
    let sell = || order(&house, "FULFILLED", &shades);
    let (sold, ..) =
        futures_util::join!(futures_util::future::join_all((0..4).map(|_| sell())), fill(&house), fill(&house), fill(&house));
    fill(&house).await;
    let sold = sold.iter().filter(|payload| payload["userErrors"] == json!([])).count() as i64;
    let made = ((8 - sold) / 2).min(3);
    assert_eq!(waits(&house, &placed).await, [[made, 6 - made]], "{sold} shades were sold");
    assert_eq!((level(&house, &shade).await, level(&house, &bulb).await), ([8 - sold, 2 * made], [3, made]));
    house.office.is_sound().await;
}

/// Returns the availability forecast of a product here: `[available, arriving, overdue, owed,
/// availableToPromise]`.
async fn promised(house: &House<'_>, product: &Value, date: &str) -> [i64; 5] {
    let query = "query($p: ID!, $s: ID!, $d: Date!) { availabilityForecast(product: { id: $p }, store: { id: $s }, date: $d) {
        available arriving overdue owed availableToPromise } }";
    let answer = house.office.ask(query, json!({ "p": product["id"], "s": house.office.store["id"], "d": date })).await;
    let found = &answer["data"]["availabilityForecast"];
    ["available", "arriving", "overdue", "owed", "availableToPromise"]
        .map(|name| found[name].as_i64().unwrap_or_else(|| panic!("{answer:#}")))
}

async fn what_is_owed_is_promised_to_nobody_and_what_is_late_is_not_promised(world: &World) {
    let house = House::open(world).await;
    let [lamp, shade, _] = lamp(&house).await;
    queue(&house, &[(&shade, 4), (&lamp, 3)]).await;
    // The clock is at 2026-09-21.
    let lines = json!([{ "product": shade, "quantity": 10 }, { "product": shade, "quantity": 5, "expectedOn": "2026-10-01" }]);
    house.office.ordered(json!({ "expectedOn": "2026-09-22", "lines": lines })).await;
    assert_eq!(promised(&house, &shade, "2026-09-21").await, [0, 0, 0, 10, 0]);
    assert_eq!(promised(&house, &shade, "2026-09-22").await, [0, 10, 0, 10, 0], "all that comes tomorrow is promised already");
    assert_eq!(promised(&house, &shade, "2026-10-01").await, [0, 15, 0, 10, 5]);
    world.pass(4 * 86_400);
    assert_eq!(promised(&house, &shade, "2026-09-25").await, [0, 0, 10, 10, 0], "it has not come, and nobody says when it will");
    assert_eq!(promised(&house, &shade, "2026-10-01").await, [0, 5, 10, 10, 0]);
    arrive(&house, &shade, 12).await;
    while fill(&house).await > 0 {}
    assert_eq!(promised(&house, &shade, "2026-10-01").await, [8, 5, 10, 6, 7], "no bulb, no lamp: six shades are owed");
    house.office.is_sound().await;
}

async fn what_kits_are_owed_is_ordered(world: &World) {
    let house = House::open(world).await;
    let [lamp, shade, bulb] = lamp(&house).await;
    queue(&house, &[(&lamp, 3), (&shade, 1)]).await;
    let query = "{ reorderSuggestions { product { sku } quantity position backordered } }";
    let answer = house.office.ask(query, json!({})).await;
    let found = answer["data"]["reorderSuggestions"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let row = |sku: &str| found.iter().find(|one| one["product"]["sku"] == sku).map(|one| &one["backordered"]);
    assert_eq!((row("SHADE"), row("BULB"), row("LAMP")), (Some(&json!(7)), Some(&json!(3)), None), "{answer:#}");
    let set = json!({ "idempotencyKey": key(), "items": [{ "product": bulb, "store": house.office.store, "reorderPoint": 2, "maximum": 10 }] });
    done(&house.office.act("reorderPolicySet", "ReorderPolicySetInput", "levels { maximum }", set).await, "levels");
    let answer = house.office.ask(query, json!({})).await;
    let found = answer["data"]["reorderSuggestions"].as_array().unwrap();
    let bulbs = found.iter().find(|one| one["product"]["sku"] == "BULB").unwrap();
    assert_eq!((&bulbs["position"], &bulbs["quantity"]), (&json!(-3), &json!(13)), "ten on the shelf, and three that are owed");
}

async fn what_an_ordered_kit_takes_stays_what_it_was(world: &World) {
    let house = House::open(world).await;
    let [lamp, shade, bulb] = lamp(&house).await;
    let placed = queue(&house, &[(&lamp, 2)]).await;
    // New lamps are sold without shades; those ordered before have them.
    done(&set(&house, &lamp, &[(&bulb, 1)]).await, "product");
    let archive = async || {
        let input = json!({ "id": shade["id"] });
        house.office.act("productArchive", "ProductArchiveInput", "product { id }", input).await
    };
    let update = async |name: &str, value: Value| {
        let mut input = json!({ "id": shade["id"], "expectedVersion": 1 });
        input[name] = value;
        house.office.act("productUpdate", "ProductUpdateInput", "product { id }", input).await
    };
    let said = refused(&archive().await, "IN_USE", "input.id");
    assert!(said.contains("kits"), "{said}");
    refused(&update("unit", json!({ "code": "kg", "decimals": 3 })).await, "IN_USE", "input.unit");
    refused(&update("stockPolicy", json!("UNTRACKED")).await, "IN_USE", "input.stockPolicy");
    refused(&set(&house, &shade, &[(&bulb, 1)]).await, "IN_USE", "input.id");
    arrive(&house, &shade, 2).await;
    arrive(&house, &bulb, 1).await;
    assert_eq!((fill(&house).await, waits(&house, &placed).await), (1, vec![[1, 1]]));
    done(&act(&house, "orderFulfil", json!({ "id": placed[0]["id"] })).await, "order");
    refused(&archive().await, "IN_USE", "input.id");
    done(&act(&house, "orderCancel", json!({ "id": placed[0]["id"] })).await, "order");
    done(&archive().await, "product");
    house.office.is_sound().await;
}
