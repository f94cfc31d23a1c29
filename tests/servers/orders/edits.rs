//! Orders that change after they were placed: the difference of each line, to the penny and to the unit.

use entity::prelude::{ProductId, StoreId};
use entrepot::{
    insight::verify::verify_tenant,
    stock::{core::LevelKey, rows::read_levels},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::world::{World, accepted, refused};
use crate::world::answers::{codes, text};

fn gbp(amount: &str) -> Value {
    json!({"amount": amount, "currencyCode": "GBP"})
}

fn mugs(world: &World, quantity: i64) -> Value {
    json!({"product": {"id": world.mug}, "quantity": quantity})
}

/// Ten mugs of 3.33 less 1.00 with 6.46 of tax, and their postage: 44.70 in all.
async fn parcel(world: &World) -> Value {
    let mugs = json!({"product": {"id": world.mug}, "quantity": 10, "unitPrice": gbp("3.33"), "discount": gbp("1.00"), "tax": gbp("6.46")});
    let postage = json!({"kind": "CHARGE", "name": "Postage", "quantity": 1, "unitPrice": gbp("4.95"), "tax": gbp("0.99")});
    accepted(&world.order("CONFIRMED", json!([mugs, postage])).await, "order").clone()
}

async fn place_order(world: &World, status: &str, lines: Value) -> Value {
    accepted(&world.order(status, lines).await, "order").clone()
}

/// The input of an edit of the order as it was seen.
fn edit(world: &World, order: &Value, mut fields: Value) -> Value {
    fields["id"] = order["id"].clone();
    fields["idempotencyKey"] = json!(world.key());
    fields["expectedVersion"] = order["version"].clone();
    fields
}

async fn edits(world: &World, order: &Value, fields: Value) -> Value {
    let payload = world.mutate("orderUpdate", edit(world, order, fields)).await;
    accepted(&payload, "order").clone()
}

/// Sets the quantity of a line.
async fn sets(world: &World, order: &Value, line: usize, quantity: i64) -> Value {
    let set = json!([{"id": order["lines"][line]["id"], "quantity": quantity}]);
    edits(world, order, json!({ "setLines": set })).await
}

async fn ships(world: &World, order: &Value, line: usize, quantity: i64) -> Value {
    let lines = json!([{"lineId": order["lines"][line]["id"], "quantity": quantity}]);
    let input = json!({"id": order["id"], "idempotencyKey": world.key(), "lines": lines});
    accepted(&world.mutate("orderFulfil", input).await, "order").clone()
}

async fn step(world: &World, mutation: &str, order: &Value) -> Value {
    world.mutate(mutation, json!({"id": order["id"], "idempotencyKey": world.key()})).await
}

async fn verified(world: &World) {
    let report = verify_tenant(&world.db, world.tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report}");
}

/// Each of a line's counters.
fn counters(line: &Value) -> [i64; 5] {
    ["quantity", "open", "backordered", "cancelled", "fulfilled"].map(|name| line[name].as_i64().unwrap())
}

/// subtotal, discountTotal, chargeTotal, taxTotal, total and currentTotal; and the currentTotal of the first line.
async fn sums(world: &World, order: &Value) -> Vec<String> {
    let document = "query($id: ID!) { order(by: {id: $id}) { subtotal { amount } discountTotal { amount } chargeTotal { amount } \
        taxTotal { amount } total { amount } currentTotal { amount } lines { currentTotal { amount } } } }";
    let answer = world.execute(document, json!({"id": order["id"]})).await["order"].clone();
    let names = ["subtotal", "discountTotal", "chargeTotal", "taxTotal", "total", "currentTotal"];
    let all = names.iter().map(|name| &answer[name]).chain([&answer["lines"][0]["currentTotal"]]);
    all.map(|money| text(&money["amount"])).collect()
}

/// Returns the units of a product that are held in all stores, and the versions of its levels.
async fn held(world: &World, product: ProductId) -> (i64, Vec<i64>) {
    let key = |store: StoreId| LevelKey { product, store };
    let levels = read_levels(&world.scope(), &[key(world.store), key(world.depot)]).await.unwrap();
    let reserved_total = levels.iter().map(|level| level.reserved.get()).sum();
    let mut versions: Vec<i64> = levels.iter().map(|level| level.version).collect();
    versions.sort_unstable();
    (reserved_total, versions)
}

#[tokio::test]
async fn the_table_of_edits_is_met_to_the_penny() {
    World::on_both(async |world| {
        let order = parcel(&world).await;
        assert_eq!(sums(&world, &order).await, ["33.30", "1.00", "4.95", "7.45", "44.70", "44.70", "38.76"]);
        let seven = sets(&world, &order, 0, 7).await;
        assert_eq!(counters(&seven["lines"][0]), [10, 7, 0, 3, 0]);
        assert_eq!(sums(&world, &order).await, ["33.30", "1.00", "4.95", "7.45", "44.70", "33.07", "27.13"]);
        assert_eq!(world.level(world.mug, world.store).await, [100, 7, 0]);
        let shipped = ships(&world, &seven, 0, 4).await;
        let nine = sets(&world, &shipped, 0, 9).await;
        assert_eq!((&nine["status"], counters(&nine["lines"][0])), (&json!("PARTIALLY_FULFILLED"), [12, 5, 0, 3, 4]));
        assert_eq!(sums(&world, &order).await, ["39.96", "1.20", "4.95", "8.74", "52.45", "40.82", "34.88"]);
        assert_eq!(world.level(world.mug, world.store).await, [96, 5, 0]);
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn there_and_back_is_the_same_penny() {
    World::on_both(async |world| {
        let order = parcel(&world).await;
        let one = sets(&world, &order, 0, 1).await;
        let ten = sets(&world, &one, 0, 10).await;
        assert_eq!(counters(&ten["lines"][0]), [19, 10, 0, 9, 0]);
        assert_eq!(sums(&world, &order).await[6], "38.76", "0.65 of tax scaled up again would be 38.80");
        let kilo = json!([{"product": {"id": world.tea}, "quantity": 1_000}]);
        let tea = place_order(&world, "CONFIRMED", kilo).await;
        sets(&world, &tea, 0, 500).await;
        assert_eq!(sums(&world, &tea).await[6], "1.67");
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn one_of_ten_editors_wins() {
    World::on_both(async |world| {
        let order = place_order(&world, "CONFIRMED", json!([mugs(&world, 10)])).await;
        let input = |n: i64| {
            let set = json!([{"id": order["lines"][0]["id"], "quantity": 20 + n}]);
            edit(&world, &order, json!({ "setLines": set }))
        };
        let answers = join_all((0..10).map(|n| world.mutate("orderUpdate", input(n)))).await;
        let won: Vec<&Value> = answers.iter().filter(|answer| codes(answer).is_empty()).collect();
        let lost = answers.iter().filter(|answer| codes(answer) == ["VERSION_CONFLICT"]).count();
        assert_eq!((won.len(), lost), (1, 9), "{answers:#?}");
        let open = won[0]["order"]["lines"][0]["open"].as_i64().unwrap();
        assert_eq!(held(&world, world.mug).await.0, open);
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn an_order_that_was_edited_is_seen_so_by_what_comes_behind_it() {
    World::on_both(async |world| {
        let order = place_order(&world, "CONFIRMED", json!([mugs(&world, 3)])).await;
        // The cancel has read the levels of mugs only: it was made before the lamps were added.
        let lamps = json!({"addLines": [{"product": {"id": world.lamp}, "quantity": 2}]});
        let edited = world.mutate("orderUpdate", edit(&world, &order, lamps));
        let (edited, cancelled) = tokio::join!(edited, step(&world, "orderCancel", &order));
        assert_eq!(accepted(&cancelled, "order")["status"], "CANCELLED");
        assert!(codes(&edited).is_empty() || codes(&edited) == ["VERSION_CONFLICT"], "{edited:#}");
        for product in [world.mug, world.lamp] {
            assert_eq!(held(&world, product).await.0, 0);
        }
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn what_has_left_keeps_its_price_and_notes_move_nothing() {
    World::on_both(async |world| {
        let order = place_order(&world, "CONFIRMED", json!([mugs(&world, 10)])).await;
        let line = order["lines"][0]["id"].clone();
        let shipped = ships(&world, &order, 0, 4).await;
        let price = json!({"setLines": [{"lineId": line, "unitPrice": gbp("9.99")}]});
        let payload = world.mutate("orderUpdate", edit(&world, &shipped, price)).await;
        refused(&payload, "INVALID_STATE", "input.setLines.0.unitPrice");
        let below = json!({"setLines": [{"id": line, "quantity": 3}]});
        let payload = world.mutate("orderUpdate", edit(&world, &shipped, below)).await;
        refused(&payload, "OUT_OF_RANGE", "input.setLines.0.quantity");
        assert!(payload["userErrors"][0]["message"].as_str().unwrap().contains("at least 4"), "{payload:#}");
        let before = held(&world, world.mug).await;
        let noted = edits(&world, &shipped, json!({"noteForStaff": "Ring twice"})).await;
        assert_eq!(noted["version"], json!(3));
        assert_eq!(held(&world, world.mug).await, before, "no level and no hold");
        let nothing = world.mutate("orderUpdate", edit(&world, &noted, json!({}))).await;
        refused(&nothing, "INVALID", "input");
        let twice = json!({"setLines": [{"id": line, "quantity": 5}, {"id": line, "quantity": 6}]});
        refused(&world.mutate("orderUpdate", edit(&world, &noted, twice)).await, "INVALID", "input.setLines.1.lineId");
        let (both, none) = (json!({"lineId": line, "id": order["id"], "quantity": 5}), json!({"quantity": 5}));
        for (set, code) in [(both, "INVALID"), (none, "REQUIRED")] {
            let payload = world.mutate("orderUpdate", edit(&world, &noted, json!({"setLines": [set]}))).await;
            refused(&payload, code, "input.setLines.0.lineId");
        }
    })
    .await;
}

#[tokio::test]
async fn random_edits_and_shipments_hold_what_is_open() {
    World::on_both(async |world| {
        let lines = json!([mugs(&world, 5), {"product": {"id": world.tea}, "quantity": 700}]);
        let mut order = place_order(&world, "CONFIRMED", lines).await;
        let mut seed = 7_u64;
        for round in 0..40 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let dice = (seed >> 33) as i64;
            let (line, is_mug) = ((dice % 2) as usize, dice % 2 == 0);
            let row = &order["lines"][line];
            let (open, fulfilled) = (row["open"].as_i64().unwrap(), row["fulfilled"].as_i64().unwrap());
            if dice / 2 % 5 == 0 && open > 1 {
                order = ships(&world, &order, line, 1).await;
            } else {
                let most = if is_mug { 30 } else { 2_000 };
                order = sets(&world, &order, line, fulfilled + 1 + dice / 10 % most).await;
            }
            for (line, product) in [(0, world.mug), (1, world.tea)] {
                assert_eq!(held(&world, product).await.0, order["lines"][line]["open"], "round {round}: {order:#}");
            }
        }
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn more_is_held_where_the_line_is_held_and_the_newest_hold_goes_first() {
    World::on_both(async |world| {
        let input =
            json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "lines": [mugs(&world, 120)], "sourcing": {}});
        let order = accepted(&world.mutate("orderCreate", input).await, "order").clone();
        let place = |order: &Value| -> Vec<(String, i64)> {
            let all = order["lines"][0]["allocations"].as_array().unwrap().iter();
            let mut allocations: Vec<_> =
                all.map(|one| (text(&one["store"]["code"]), one["quantity"].as_i64().unwrap())).collect();
            allocations.sort();
            allocations
        };
        let both = |depot: i64, shop: i64| vec![("DEPOT".to_owned(), depot), ("LDN".to_owned(), shop)];
        let total = |allocations: &[(String, i64)]| allocations.iter().map(|(_, quantity)| quantity).sum::<i64>();
        assert_eq!(total(&place(&order)), 120);
        let fewer = sets(&world, &order, 0, 110).await;
        assert_eq!(total(&place(&fewer)), 110);
        let most = sets(&world, &fewer, 0, 150).await;
        let mut allocations = std::collections::BTreeMap::<String, i64>::new();
        for (store, quantity) in place(&most) {
            *allocations.entry(store).or_default() += quantity;
        }
        assert_eq!(allocations.into_iter().collect::<Vec<_>>(), both(50, 100));
        let set = json!({"setLines": [{"id": order["lines"][0]["id"], "quantity": 151}]});
        refused(&world.mutate("orderUpdate", edit(&world, &most, set)).await, "INSUFFICIENT_STOCK", "input.setLines.0.quantity");
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn what_may_wait_waits_and_goes_first() {
    World::on_both(async |world| {
        let order = place_order(&world, "PENDING", json!([{"product": {"id": world.lamp}, "quantity": 3}])).await;
        let nine = sets(&world, &order, 0, 9).await;
        assert_eq!(counters(&nine["lines"][0]), [9, 4, 5, 0, 0], "of four lamps");
        let five = sets(&world, &nine, 0, 5).await;
        assert_eq!(counters(&five["lines"][0]), [9, 4, 1, 4, 0]);
        let two = sets(&world, &five, 0, 2).await;
        assert_eq!((counters(&two["lines"][0]), world.level(world.lamp, world.store).await), ([9, 2, 0, 7, 0], [4, 2, 0]));
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn lines_are_added_whole_or_not_at_all() {
    World::on_both(async |world| {
        let order = place_order(&world, "CONFIRMED", json!([mugs(&world, 90)])).await;
        let two = json!([{"product": {"id": world.lamp}, "quantity": 1}, mugs(&world, 11)]);
        let payload = world.mutate("orderUpdate", edit(&world, &order, json!({ "addLines": two }))).await;
        refused(&payload, "INSUFFICIENT_STOCK", "input.addLines.1.quantity");
        assert_eq!((held(&world, world.lamp).await.0, held(&world, world.mug).await.0), (0, 90));
        // Units that one line gives up are available to another.
        let set = json!([{"id": order["lines"][0]["id"], "quantity": 80}]);
        let gift = json!({"kind": "CHARGE", "name": "Gift wrap", "quantity": 1, "unitPrice": gbp("1.50")});
        let fields =
            json!({"setLines": set, "addLines": [mugs(&world, 20), gift, {"product": {"id": world.wrap}, "quantity": 2}]});
        let input = edit(&world, &order, fields);
        let payload = world.mutate("orderUpdate", input.clone()).await;
        let after = accepted(&payload, "order");
        let lines: Vec<_> = after["lines"].as_array().unwrap().iter().map(counters).collect();
        assert_eq!(lines, [[90, 80, 0, 10, 0], [20, 20, 0, 0, 0], [1, 1, 0, 0, 0], [2, 2, 0, 0, 0]]);
        assert_eq!(after["total"]["amount"], "285.00", "110 mugs of 2.55, 1.50 and two of 1.50");
        assert_eq!(world.level(world.mug, world.store).await, [100, 100, 0]);
        let again = world.mutate("orderUpdate", input).await;
        assert_eq!((&again["replayed"], &again["order"]["version"]), (&json!(true), &json!(2)));
        let sent = step(&world, "orderFulfil", &order).await;
        assert_eq!(accepted(&sent, "order")["status"], "FULFILLED");
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn a_preview_writes_nothing() {
    World::on_both(async |world| {
        let order = place_order(&world, "CONFIRMED", json!([mugs(&world, 10)])).await;
        let document = "mutation($input: OrderUpdateInput!) { orderUpdate(input: $input, validateOnly: true) { seq userErrors { code } \
            order { noteForStaff currentTotal { amount } lines { open allocations { quantity } } } } }";
        let set = json!([{"id": order["lines"][0]["id"], "quantity": 4}]);
        let input = edit(&world, &order, json!({"setLines": set, "noteForStaff": "Fewer"}));
        let answer = world.execute(document, json!({ "input": input })).await;
        let payload = &answer["orderUpdate"];
        assert_eq!((&payload["seq"], &payload["userErrors"]), (&Value::Null, &json!([])), "{answer:#}");
        assert_eq!(payload["order"]["lines"][0]["open"], 4);
        assert_eq!((&payload["order"]["noteForStaff"], &payload["order"]["currentTotal"]["amount"]), (&json!("Fewer"), &json!("10.20")));
        assert_eq!(held(&world, world.mug).await.0, 10);
        let now = world.execute("{ orders { nodes { version noteForStaff } } }", json!({})).await;
        assert_eq!(now["orders"]["nodes"], json!([{"version": 1, "noteForStaff": null}]));
    })
    .await;
}

#[tokio::test]
async fn a_draft_changes_freely_and_holds_nothing() {
    World::on_both(async |world| {
        let order = place_order(&world, "DRAFT", json!([mugs(&world, 10), mugs(&world, 3)])).await;
        let line = |at: usize| order["lines"][at]["id"].clone();
        let priced = json!([{"id": line(0), "quantity": 4, "unitPrice": gbp("1.00"), "discount": gbp("0.40")}, {"id": line(1), "quantity": 0}]);
        let draft = edits(&world, &order, json!({ "setLines": priced })).await;
        assert_eq!((counters(&draft["lines"][0]), counters(&draft["lines"][1])), ([4, 4, 0, 0, 0], [3, 0, 0, 3, 0]));
        assert_eq!((sums(&world, &order).await[5].as_str(), held(&world, world.mug).await.0), ("3.60", 0));
        let looks = json!({"addLines": [mugs(&world, 1)], "resourcing": {}});
        refused(&world.mutate("orderUpdate", edit(&world, &draft, looks)).await, "INVALID", "input.resourcing");
        assert_eq!(accepted(&step(&world, "orderConfirm", &order).await, "order")["status"], "CONFIRMED");
        assert_eq!(world.level(world.mug, world.store).await, [100, 4, 0]);
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn postage_goes_with_the_last_of_the_goods_that_an_edit_leaves() {
    World::on_both(async |world| {
        let order = parcel(&world).await;
        let shipped = ships(&world, &order, 0, 4).await;
        let four = sets(&world, &shipped, 0, 4).await;
        assert_eq!((&four["status"], counters(&four["lines"][1])), (&json!("FULFILLED"), [1, 0, 0, 0, 1]));
        assert_eq!(four["allowedActions"], json!(["orderClose", "orderUpdate"]));
        let set = json!({"setLines": [{"id": order["lines"][0]["id"], "quantity": 9}]});
        refused(&world.mutate("orderUpdate", edit(&world, &four, set)).await, "INVALID_STATE", "input.setLines");
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn prices_need_their_permission() {
    World::on_both(async |world| {
        let order = place_order(&world, "CONFIRMED", json!([mugs(&world, 2)])).await;
        let document =
            "mutation($input: OrderUpdateInput!) { orderUpdate(input: $input) { userErrors { code } hints { code } } }";
        let line = &order["lines"][0]["id"];
        let priced = edit(&world, &order, json!({"setLines": [{"id": line, "tax": gbp("0.10")}]}));
        let denied = world.execute_without(&["order.price"], document, json!({ "input": priced })).await;
        assert_eq!(denied["errors"][0]["code"], "FORBIDDEN", "{denied:#}");
        let taxed = edits(&world, &order, json!({"setLines": [{"id": line, "tax": gbp("0.10")}]})).await;
        let cheaper = edit(&world, &taxed, json!({"setLines": [{"id": line, "unitPrice": gbp("2.00")}]}));
        let hinted = world.execute(document, json!({ "input": cheaper.clone() })).await;
        assert_eq!(hinted["orderUpdate"], json!({"userErrors": [], "hints": [{"code": "TAX_UNCHANGED"}]}));
        assert_eq!(world.execute(document, json!({ "input": cheaper })).await, hinted, "the first answer again");
        let fewer = world.execute("{ orders { nodes { version } } }", json!({})).await["orders"]["nodes"][0].clone();
        let fewer = json!({"id": order["id"], "version": fewer["version"]});
        let input = edit(&world, &fewer, json!({"setLines": [{"id": line, "quantity": 1}]}));
        let answer = world.execute_without(&["order.price"], document, json!({ "input": input })).await;
        assert_eq!(answer["orderUpdate"]["userErrors"], json!([]), "quantities are everybody's who writes orders");
        assert_eq!(held(&world, world.mug).await.0, 1);
    })
    .await;
}
