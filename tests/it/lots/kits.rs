//! Kits: sold as one product, held and moved as their components.

use serde_json::{Value, json};

use super::shop::{LotShop, accepted, gbp, key, lot, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_kit_is_sold_as_one_and_takes_its_parts,
    the_last_part_goes_into_one_of_two_kits,
    an_open_order_holds_what_its_kit_was_made_of,
    what_cannot_be_a_kit_is_refused,
    a_kit_has_no_stock_of_its_own,
    parts_that_are_kept_by_lots_are_picked,
    a_kit_of_backordered_parts_owes_the_rest,
    a_sale_over_the_counter_takes_all_parts_or_none,
    a_shortened_part_makes_the_order_short,
);

const ORDER: &str = "order { id status holds { reason } lines { id sku quantity open backordered cancelled fulfilled returned unitPrice { amount } unitCost { amount } \
    allocations { quantity } parts { sku quantity } } }";

/// Creates a product with this cost, and receives its stock here.
pub(super) async fn product(shop: &LotShop<'_>, sku: &str, cost: &str, stock: i64) -> Value {
    let product = shop.office.product(sku, cost).await;
    if stock > 0 {
        accepted(&shop.adjust("RECEIPT", (&product, &shop.office.store), stock, Value::Null).await, "levels");
    }
    product
}

pub(super) async fn set_kit(shop: &LotShop<'_>, kit: &Value, parts: &[(&Value, i64)]) -> Value {
    let components: Vec<Value> = parts.iter().map(|(part, n)| json!({ "productId": part["id"], "quantity": n })).collect();
    let input = json!({ "idempotencyKey": key(), "id": kit["id"], "components": components });
    let fields = "product { id stockPolicy version components { product { sku } quantity } unitCost { amount } }";
    shop.office.mutate("kitSet", "KitSetInput", fields, input).await
}

pub(super) async fn order(shop: &LotShop<'_>, status: &str, lines: &[(&Value, i64)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(product, n)| json!({ "product": product, "quantity": n })).collect();
    let input = json!({ "idempotencyKey": key(), "store": shop.office.store, "status": status, "lines": lines });
    shop.office.mutate("orderCreate", "OrderCreateInput", ORDER, input).await
}

pub(super) async fn mutate(shop: &LotShop<'_>, mutation: &str, mut input: Value) -> Value {
    input["idempotencyKey"] = json!(key());
    let kind = if mutation == "orderFulfil" { "OrderFulfilInput" } else { "ActionInput" };
    shop.office.mutate(mutation, kind, ORDER, input).await
}

/// On hand and reserved of a product, here.
pub(super) async fn level(shop: &LotShop<'_>, product: &Value) -> [i64; 2] {
    let query = "query($p: ID!, $s: ID!) { stockLevels(filter: { product: { eq: $p }, store: { eq: $s } }) { nodes { onHand reserved } } }";
    let answer = shop.office.execute(query, json!({ "p": product["id"], "s": shop.office.store["id"] })).await;
    let level = &answer["data"]["stockLevels"]["nodes"][0];
    ["onHand", "reserved"].map(|name| level[name].as_i64().unwrap_or_default())
}

/// Returns how many whole kits are available here.
async fn available(shop: &LotShop<'_>, kit: &Value) -> Option<i64> {
    let query = "query($k: ID!, $s: ID!) { product(by: { id: $k }) { availability(stores: [{ id: $s }]) { available status } } }";
    let answer = shop.office.execute(query, json!({ "k": kit["id"], "s": shop.office.store["id"] })).await;
    answer["data"]["product"]["availability"][0]["available"].as_i64()
}

async fn a_kit_is_sold_as_one_and_takes_its_parts(world: &World) {
    let shop = LotShop::open(world).await;
    let (pot, bowl) = (product(&shop, "POT", "5.00", 10).await, product(&shop, "BOWL", "1.25", 23).await);
    let tea_set = product(&shop, "TEA-SET", "9.99", 0).await;
    let payload = set_kit(&shop, &tea_set, &[(&pot, 1), (&bowl, 4)]).await;
    let kit = accepted(&payload, "product");
    assert_eq!(
        (&kit["stockPolicy"], &kit["unitCost"]["amount"]),
        (&json!("UNTRACKED"), &json!("10.00")),
        "5.00 and four times 1.25"
    );
    assert_eq!(
        kit["components"],
        json!([{ "product": { "sku": "POT" }, "quantity": 1 }, { "product": { "sku": "BOWL" }, "quantity": 4 }])
    );
    let part_of = shop
        .office
        .execute(
            "query($p: ID!) { product(by: { id: $p }) { components { quantity } kits { sku } } }",
            json!({ "p": bowl["id"] }),
        )
        .await;
    assert_eq!(part_of["data"]["product"], json!({ "components": [], "kits": [{ "sku": "TEA-SET" }] }));
    assert_eq!(available(&shop, &tea_set).await, Some(5), "the bowls are enough for five");
    let placed_order = order(&shop, "CONFIRMED", &[(&tea_set, 3), (&bowl, 2)]).await;
    let placed_order = accepted(&placed_order, "order").clone();
    let line = &placed_order["lines"][0];
    assert_eq!(
        (&line["sku"], &line["open"], &line["unitPrice"]["amount"], &line["unitCost"]["amount"]),
        (&json!("TEA-SET"), &json!(3), &json!("99.00"), &json!("10.00"))
    );
    assert_eq!(
        (&line["parts"], &line["allocations"]),
        (&json!([{ "sku": "POT", "quantity": 1 }, { "sku": "BOWL", "quantity": 4 }]), &json!([{ "quantity": 3 }]))
    );
    assert_eq!((&placed_order["holds"], &placed_order["lines"][1]["parts"]), (&json!([]), &json!([])));
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await, level(&shop, &tea_set).await), ([10, 3], [23, 14], [0, 0]));
    assert_eq!(available(&shop, &tea_set).await, Some(2), "what is promised of a part is promised of the kit");
    shop.office.is_sound().await;
    let one = json!({ "id": placed_order["id"], "lines": [{ "lineId": line["id"], "quantity": 1 }] });
    let shipped = mutate(&shop, "orderFulfil", one).await;
    assert_eq!(
        (&accepted(&shipped, "order")["status"], &shipped["order"]["lines"][0]["fulfilled"]),
        (&json!("PARTIALLY_FULFILLED"), &json!(1))
    );
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([9, 2], [19, 10]));
    let too_many = json!({ "id": placed_order["id"], "lines": [{ "lineId": line["id"], "quantity": 3 }] });
    refused(&mutate(&shop, "orderFulfil", too_many).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    let cancelled = mutate(&shop, "orderCancel", json!({ "id": placed_order["id"] })).await;
    assert_eq!(accepted(&cancelled, "order")["lines"][0]["cancelled"], 2);
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([9, 0], [19, 0]));
    let back =
        json!({ "idempotencyKey": key(), "store": shop.office.store, "lines": [{ "orderLineId": line["id"], "quantity": 1 }] });
    let ret = shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id lines { sku quantity } }", back.clone()).await;
    assert_eq!(accepted(&ret, "return")["lines"], json!([{ "sku": "TEA-SET", "quantity": 1 }]));
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([10, 0], [23, 0]));
    let mut again = back;
    again["idempotencyKey"] = json!(key());
    refused(
        &shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", again).await,
        "OUT_OF_RANGE",
        "input.lines.0.quantity",
    );
    // The report counts one set, and not its five components.
    let report =
        shop.office.execute("{ salesReport(groupBy: PRODUCT) { product { sku } unitsSold unitsReturned } }", json!({})).await;
    let row =
        |sku: &str| report["data"]["salesReport"].as_array().unwrap().iter().find(|row| row["product"]["sku"] == sku).cloned();
    assert_eq!(
        row("TEA-SET"),
        Some(json!({ "product": { "sku": "TEA-SET" }, "unitsSold": 1, "unitsReturned": 1 })),
        "{report:#}"
    );
    assert_eq!((row("POT"), row("BOWL")), (None, None), "two bowls were ordered and cancelled");
    shop.office.is_sound().await;
}

async fn the_last_part_goes_into_one_of_two_kits(world: &World) {
    let shop = LotShop::open(world).await;
    let lid = product(&shop, "LID", "1.00", 1).await;
    let (pan, jar) = (product(&shop, "PAN", "1.00", 5).await, product(&shop, "JAR", "1.00", 5).await);
    let (first, second) = (product(&shop, "PAN-SET", "1.00", 0).await, product(&shop, "JAR-SET", "1.00", 0).await);
    accepted(&set_kit(&shop, &first, &[(&pan, 1), (&lid, 1)]).await, "product");
    accepted(&set_kit(&shop, &second, &[(&jar, 1), (&lid, 1)]).await, "product");
    let lines = [(&first, 1)];
    let others = [(&second, 1)];
    let (one, other) = tokio::join!(order(&shop, "CONFIRMED", &lines), order(&shop, "FULFILLED", &others));
    let won = [&one, &other].map(|payload| payload["userErrors"].as_array().unwrap().is_empty());
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{one:#}\n{other:#}");
    let lost = if won[0] { &other } else { &one };
    refused(lost, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    assert_eq!((available(&shop, &first).await, available(&shop, &second).await), (Some(0), Some(0)));
    let held_level = level(&shop, &pan).await[1] + level(&shop, &jar).await[1] + 10
        - level(&shop, &pan).await[0]
        - level(&shop, &jar).await[0];
    assert_eq!(held_level, 1, "the other parts of the kit that lost are free");
    shop.office.is_sound().await;
}

async fn an_open_order_holds_what_its_kit_was_made_of(world: &World) {
    let shop = LotShop::open(world).await;
    let (pot, bowl) = (product(&shop, "POT", "5.00", 10).await, product(&shop, "BOWL", "1.25", 20).await);
    let tea_set = product(&shop, "TEA-SET", "9.99", 0).await;
    accepted(&set_kit(&shop, &tea_set, &[(&pot, 1), (&bowl, 4)]).await, "product");
    let drafted = order(&shop, "DRAFT", &[(&tea_set, 1)]).await;
    let placed = order(&shop, "CONFIRMED", &[(&tea_set, 2)]).await;
    let (drafted, placed) = (accepted(&drafted, "order").clone(), accepted(&placed, "order").clone());
    accepted(&set_kit(&shop, &tea_set, &[(&bowl, 2)]).await, "product");
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([10, 2], [20, 8]));
    accepted(&mutate(&shop, "orderConfirm", json!({ "id": drafted["id"] })).await, "order");
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([10, 3], [20, 12]), "a draft is of what was drafted");
    // The product is no kit any more; the earlier order is delivered and returned all the same.
    accepted(&set_kit(&shop, &tea_set, &[]).await, "product");
    let shipped = mutate(&shop, "orderFulfil", json!({ "id": placed["id"] })).await;
    assert_eq!(accepted(&shipped, "order")["status"], "FULFILLED");
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([8, 1], [12, 4]));
    let back = json!({ "idempotencyKey": key(), "store": shop.depot, "lines": [{ "orderLineId": placed["lines"][0]["id"], "quantity": 1, "disposition": "QUARANTINE" }] });
    accepted(&shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", back).await, "return");
    assert_eq!((shop.office.level(&pot, &shop.depot).await, shop.office.level(&bowl, &shop.depot).await), ([1, 1, 0], [4, 4, 0]));
    shop.office.is_sound().await;
}

async fn what_cannot_be_a_kit_is_refused(world: &World) {
    let shop = LotShop::open(world).await;
    let (pot, bowl) = (product(&shop, "POT", "5.00", 10).await, product(&shop, "BOWL", "1.25", 0).await);
    let (tea_set, gift) = (product(&shop, "TEA-SET", "9.99", 0).await, product(&shop, "GIFT", "9.99", 0).await);
    let service = shop
        .office
        .mutate(
            "productCreate",
            "ProductCreateInput",
            "product { id }",
            json!({ "sku": "WRAP", "name": "WRAP", "stockPolicy": "UNTRACKED" }),
        )
        .await;
    let service = json!({ "id": accepted(&service, "product")["id"] });
    let field = "input.components.0.productId";
    refused(&set_kit(&shop, &tea_set, &[(&tea_set, 1)]).await, "INVALID", field);
    refused(&set_kit(&shop, &tea_set, &[(&service, 1)]).await, "INVALID_STATE", field);
    refused(&set_kit(&shop, &tea_set, &[(&json!({ "id": "prd_00041061050r3gg28a1c60t3gf" }), 1)]).await, "NOT_FOUND", field);
    refused(&set_kit(&shop, &tea_set, &[(&shop.office.store, 1)]).await, "INVALID", field);
    refused(&set_kit(&shop, &tea_set, &[(&bowl, 0)]).await, "OUT_OF_RANGE", "input.components.0.quantity");
    refused(&set_kit(&shop, &tea_set, &[(&bowl, 1), (&bowl, 2)]).await, "DUPLICATE", "input.components.1.productId");
    refused(&set_kit(&shop, &pot, &[(&bowl, 1)]).await, "IN_USE", "input.id");
    refused(&set_kit(&shop, &shop.cheese, &[(&bowl, 1)]).await, "INVALID_STATE", "input.id");
    accepted(&set_kit(&shop, &tea_set, &[(&bowl, 4)]).await, "product");
    // Kits within kits could form a cycle, so they are refused from both sides.
    refused(&set_kit(&shop, &gift, &[(&tea_set, 1)]).await, "INVALID", field);
    refused(&set_kit(&shop, &bowl, &[(&pot, 1)]).await, "IN_USE", "input.id");
    let update = async |product: &Value, version: i64, extra: Value| {
        let mut input = json!({ "id": product["id"], "expectedVersion": version });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        shop.office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await
    };
    refused(
        &shop.office.mutate("productArchive", "ProductArchiveInput", "product { id }", json!({ "id": bowl["id"] })).await,
        "IN_USE",
        "input.id",
    );
    refused(&update(&bowl, 1, json!({ "unit": { "code": "kg", "decimals": 3 } })).await, "IN_USE", "input.unit");
    refused(&update(&bowl, 1, json!({ "stockPolicy": "UNTRACKED" })).await, "IN_USE", "input.stockPolicy");
    refused(&update(&tea_set, 2, json!({ "stockPolicy": "TRACKED" })).await, "IN_USE", "input.stockPolicy");
    let archived = product(&shop, "OLD", "1.00", 0).await;
    accepted(
        &shop.office.mutate("productArchive", "ProductArchiveInput", "product { id }", json!({ "id": archived["id"] })).await,
        "product",
    );
    refused(&set_kit(&shop, &gift, &[(&archived, 1)]).await, "INVALID_STATE", field);
    let mut many = Vec::new();
    for n in 0..51 {
        many.push(product(&shop, &format!("M-{n}"), "1.00", 0).await);
    }
    let parts: Vec<(&Value, i64)> = many.iter().map(|part| (part, 1)).collect();
    refused(&set_kit(&shop, &gift, &parts).await, "LIMIT_EXCEEDED", "input.components");
    accepted(&set_kit(&shop, &gift, &parts[..50]).await, "product");
    // A repeated call with the same key changes nothing; another input is refused.
    let input = |n: i64| json!({ "idempotencyKey": "kit-1", "id": tea_set["id"], "components": [{ "productId": bowl["id"], "quantity": n }] });
    let fields = "product { version components { quantity } }";
    let first = shop.office.mutate("kitSet", "KitSetInput", fields, input(6)).await;
    let again = shop.office.mutate("kitSet", "KitSetInput", fields, input(6)).await;
    assert_eq!((&again["replayed"], &again["product"]), (&json!(true), &first["product"]));
    refused(
        &shop.office.mutate("kitSet", "KitSetInput", fields, input(7)).await,
        "IDEMPOTENCY_KEY_REUSED",
        "input.idempotencyKey",
    );
    let stale = json!({ "idempotencyKey": key(), "id": tea_set["id"], "expectedVersion": 1, "components": [] });
    refused(&shop.office.mutate("kitSet", "KitSetInput", fields, stale).await, "VERSION_CONFLICT", "input.expectedVersion");
    let dry = "mutation($i: KitSetInput!) { kitSet(input: $i, validateOnly: true) { product { version } userErrors { code } } }";
    let only = json!({ "idempotencyKey": key(), "id": tea_set["id"], "components": [] });
    assert_eq!(shop.office.execute(dry, json!({ "i": only })).await["data"]["kitSet"]["userErrors"], json!([]));
    assert_eq!(available(&shop, &tea_set).await, None, "nothing of its part lies anywhere");
    shop.office.is_sound().await;
}

async fn a_kit_has_no_stock_of_its_own(world: &World) {
    let shop = LotShop::open(world).await;
    let pot = product(&shop, "POT", "5.00", 10).await;
    let kit = product(&shop, "KIT", "5.00", 0).await;
    accepted(&set_kit(&shop, &kit, &[(&pot, 2)]).await, "product");
    let here = shop.office.store.clone();
    let message = refused(&shop.adjust("RECEIPT", (&kit, &here), 1, Value::Null).await, "INVALID", "input.changes.0.product");
    assert!(message.contains("kit") && message.contains("components"), "{message}");
    let reserve = json!({ "idempotencyKey": key(), "items": [{ "product": kit, "store": here, "quantity": 1 }] });
    let reserved = shop.office.mutate("stockReserve", "StockReserveInput", "reservations { id }", reserve).await;
    assert_eq!(reserved["userErrors"][0]["code"], "INVALID", "{reserved:#}");
    let input = json!({ "fromStore": here, "toStore": shop.depot, "lines": [{ "product": kit, "quantity": 1 }] });
    assert_eq!(shop.mutate_transfer("transferCreate", input).await["userErrors"][0]["code"], "INVALID");
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    let skus: Vec<&Value> = count["lines"]["nodes"].as_array().unwrap().iter().map(|line| &line["sku"]).collect();
    assert_eq!(skus, [&json!("POT")]);
    shop.office.is_sound().await;
}

async fn parts_that_are_kept_by_lots_are_picked(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("late", 10, "2099-03-01").await;
    shop.receive_lot("soon", 3, "2098-10-01").await;
    let board = product(&shop, "BOARD", "5.00", 4).await;
    let kit = product(&shop, "PLATTER", "5.00", 0).await;
    accepted(&set_kit(&shop, &kit, &[(&board, 1), (&shop.cheese, 2)]).await, "product");
    let placed_order = order(&shop, "CONFIRMED", &[(&kit, 2)]).await;
    let placed_order = accepted(&placed_order, "order").clone();
    let input = json!({ "id": placed_order["id"], "lines": [{ "lineId": placed_order["lines"][0]["id"], "quantity": 1, "lot": { "code": "late" } }] });
    refused(&mutate(&shop, "orderFulfil", input).await, "INVALID", "input.lines.0.lot");
    accepted(&mutate(&shop, "orderFulfil", json!({ "id": placed_order["id"] })).await, "order");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("late", 9, 0)]);
    // A return must name its lot, and a kit has no single lot: its parts are returned as lines of
    // their own.
    let back = |line: Value| json!({ "idempotencyKey": key(), "store": here, "lines": [line] });
    let whole = back(json!({ "orderLineId": placed_order["lines"][0]["id"], "quantity": 1 }));
    let refusal = shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", whole).await;
    refused(&refusal, "INVALID", "input.lines.0.lot");
    let part = back(json!({ "product": shop.cheese, "quantity": 2, "lot": { "code": "late" } }));
    accepted(&shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", part).await, "return");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("late", 11, 0)]);
    shop.office.is_sound().await;
}

async fn a_kit_of_backordered_parts_owes_the_rest(world: &World) {
    let shop = LotShop::open(world).await;
    let lamp = shop
        .office
        .mutate(
            "productCreate",
            "ProductCreateInput",
            "product { id }",
            json!({ "sku": "LAMP", "name": "LAMP", "stockPolicy": "BACKORDER", "price": gbp("3.00") }),
        )
        .await;
    let lamp = json!({ "id": accepted(&lamp, "product")["id"] });
    accepted(&shop.adjust("RECEIPT", (&lamp, &shop.office.store), 5, Value::Null).await, "levels");
    let bulb = product(&shop, "BULB", "1.00", 4).await;
    let kit = product(&shop, "LIGHT", "5.00", 0).await;
    accepted(&set_kit(&shop, &kit, &[(&lamp, 2), (&bulb, 1)]).await, "product");
    let placed_order = order(&shop, "CONFIRMED", &[(&kit, 4)]).await;
    let placed_order = accepted(&placed_order, "order").clone();
    assert_eq!((&placed_order["lines"][0]["open"], &placed_order["lines"][0]["backordered"]), (&json!(2), &json!(2)));
    assert_eq!((level(&shop, &lamp).await, level(&shop, &bulb).await), ([5, 4], [4, 2]), "whole kits are held, and no half ones");
    refused(&order(&shop, "CONFIRMED", &[(&kit, 5)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    // All held units are shipped; the rest stays backordered.
    let shipped = mutate(&shop, "orderFulfil", json!({ "id": placed_order["id"] })).await;
    assert_eq!(accepted(&shipped, "order")["status"], "PARTIALLY_FULFILLED");
    refused(&mutate(&shop, "orderFulfil", json!({ "id": placed_order["id"] })).await, "INVALID_STATE", "input.lines");
    assert_eq!((level(&shop, &lamp).await, level(&shop, &bulb).await), ([1, 0], [2, 0]));
    shop.office.is_sound().await;
}

async fn a_sale_over_the_counter_takes_all_parts_or_none(world: &World) {
    let shop = LotShop::open(world).await;
    let (pot, bowl) = (product(&shop, "POT", "5.00", 10).await, product(&shop, "BOWL", "1.25", 7).await);
    let kit = product(&shop, "TEA-SET", "9.99", 0).await;
    accepted(&set_kit(&shop, &kit, &[(&pot, 1), (&bowl, 4)]).await, "product");
    refused(&order(&shop, "FULFILLED", &[(&kit, 2)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([10, 0], [7, 0]));
    accepted(&order(&shop, "FULFILLED", &[(&kit, 1), (&bowl, 3)]).await, "order");
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([9, 0], [0, 0]));
    refused(&order(&shop, "CONFIRMED", &[(&kit, 9_007_199_254_740_991)]).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    // Back without a receipt: what the kit is made of now.
    let back = json!({ "idempotencyKey": key(), "store": shop.office.store, "lines": [{ "product": kit, "quantity": 1, "disposition": "WRITE_OFF" }] });
    accepted(&shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", back).await, "return");
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([9, 0], [0, 0]), "in, and written off");
    shop.office.is_sound().await;
}

async fn a_shortened_part_makes_the_order_short(world: &World) {
    let shop = LotShop::open(world).await;
    let (pot, bowl) = (product(&shop, "POT", "5.00", 10).await, product(&shop, "BOWL", "1.25", 8).await);
    let kit = product(&shop, "TEA-SET", "9.99", 0).await;
    accepted(&set_kit(&shop, &kit, &[(&pot, 1), (&bowl, 4)]).await, "product");
    let placed_order = order(&shop, "CONFIRMED", &[(&kit, 2)]).await;
    let placed_order = accepted(&placed_order, "order").clone();
    let broken = json!({ "idempotencyKey": key(), "kind": "REMOVAL", "reasonCode": "DAMAGE", "onShortage": "SHORTEN",
        "changes": [{ "product": bowl, "store": shop.office.store, "delta": -3 }] });
    accepted(&shop.office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", broken).await, "levels");
    let read = shop
        .office
        .execute(
            "query($id: ID!) { order(by: { id: $id }) { holds { reason } lines { allocations { quantity } } } }",
            json!({ "id": placed_order["id"] }),
        )
        .await;
    assert_eq!(
        read["data"]["order"],
        json!({ "holds": [{ "reason": "SHORT" }], "lines": [{ "allocations": [{ "quantity": 1 }] }] })
    );
    let all = mutate(&shop, "orderFulfil", json!({ "id": placed_order["id"] })).await;
    refused(&all, "INSUFFICIENT_STOCK", "input.lines");
    accepted(
        &mutate(
            &shop,
            "orderFulfil",
            json!({ "id": placed_order["id"], "lines": [{ "lineId": placed_order["lines"][0]["id"], "quantity": 1 }] }),
        )
        .await,
        "order",
    );
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([9, 1], [1, 1]));
    shop.office.is_sound().await;
}
