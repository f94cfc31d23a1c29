//! Goods that are kept by lots come back into theirs.

use entity::prelude::*;
use serde_json::{Value, json};

use super::world::{World, accepted, refused};

/// Cheese, which is kept by lots: five of A and five of B, sold out of A first.
async fn cheese(world: &World) -> (ProductId, Value) {
    let product: ProductId = world.ledger.clock().id();
    world.product_of(world.tenant, product, ("CHEESE", StockPolicy::Tracked, 0, 400)).await;
    world.run_tenant_sql("UPDATE product SET tracking = 'LOT' WHERE tenant_id = $1 AND id = $2", vec![product.into()]).await;
    for (code, expires) in [("A", "2027-01-01"), ("B", "2027-06-01")] {
        let lot = json!({"named": {"code": code, "expiresOn": expires}});
        let change = json!({"product": {"id": product}, "store": {"id": world.store}, "delta": 5, "lot": lot});
        let input = json!({"idempotencyKey": world.key(), "kind": "RECEIPT", "reasonCode": "PURCHASE", "changes": [change]});
        assert_eq!(world.mutate("stockAdjust", input).await["userErrors"], json!([]));
    }
    let order = world.ordered("FULFILLED", &[(product, 7)]).await;
    (product, order["lines"][0]["id"].clone())
}

fn of_lot(ret: &Value, quantity: i64, code: &str) -> Value {
    json!({"lineId": ret["lines"][0]["id"], "quantity": quantity, "lot": {"code": code}})
}

async fn recall(world: &World, code: &str, mutation: &str) {
    let lots = entrepot::storage::Reads::rows(
        &world.db.tenant(world.tenant),
        "SELECT id FROM lot WHERE tenant_id = $1 AND code = $2",
        vec![code.into()],
    )
    .await
    .unwrap();
    let id: LotId = entrepot::storage::Row::new(&lots[0]).take().unwrap();
    let document = format!(
        "mutation($id: ID!, $key: String!) {{ {mutation}(input: {{id: $id, idempotencyKey: $key}}) {{ userErrors {{ code message field }} }} }}"
    );
    let answer = world.execute(&document, json!({"id": id, "key": world.key()})).await;
    assert_eq!(answer[mutation]["userErrors"], json!([]), "{answer}");
}

#[tokio::test]
async fn goods_come_back_into_their_lots() {
    World::on_both(async |world| {
        let (product, line) = cheese(&world).await;
        let ret = world.approved(json!([{"orderLineId": line, "quantity": 6}])).await;
        refused(&world.mutate("returnReceive", world.step(&ret, json!({}))).await, "INVALID", "input.lines");
        let lines = json!([of_lot(&ret, 4, "A"), of_lot(&ret, 2, "B")]);
        world.complete_step("returnReceive", &ret, json!({ "lines": lines })).await;
        assert_eq!(world.level_here(product).await, [9, 0, 6]);
        let seen = |quantity: i64, disposition: &str, lot: &str| {
            json!({"lineId": ret["lines"][0]["id"], "quantity": quantity, "disposition": disposition, "lot": {"code": lot}})
        };
        let too_many = world.step(&ret, json!({"lines": [seen(3, "RESTOCK", "B")]}));
        refused(&world.mutate("returnInspect", too_many).await, "OUT_OF_RANGE", "input.lines.0.quantity");
        let unknown = world.step(&ret, json!({"lines": [seen(1, "RESTOCK", "C")]}));
        refused(&world.mutate("returnInspect", unknown).await, "NOT_FOUND", "input.lines.0.lot.code");
        world.complete_step("returnInspect", &ret, json!({"lines": [seen(1, "WRITE_OFF", "B"), seen(3, "RESTOCK", "A")]})).await;
        assert_eq!(world.level_here(product).await, [8, 0, 2]);
        // The rest is one unit of A and one of B.
        let updated = world.complete_step("returnInspect", &ret, json!({})).await;
        assert_eq!((&updated["status"], world.level_here(product).await), (&json!("INSPECTED"), [8, 0, 0]));
        let left = "SELECT CAST(sum(on_hand) AS bigint) FROM lot_level WHERE tenant_id = $1 AND unavailable = 0";
        assert_eq!(world.query_number(left).await, 8);
    })
    .await;
}

#[tokio::test]
async fn what_comes_back_into_a_recalled_lot_is_not_sold() {
    World::on_both(async |world| {
        let (product, line) = cheese(&world).await;
        let ret = world.approved(json!([{"orderLineId": line, "quantity": 4}])).await;
        world.complete_step("returnReceive", &ret, json!({"lines": [of_lot(&ret, 2, "A")]})).await;
        // Two came before the recall and lie in quarantine, two come after it.
        recall(&world, "A", "lotRecall").await;
        world.complete_step("returnReceive", &ret, json!({"lines": [of_lot(&ret, 2, "A")]})).await;
        assert_eq!(world.level_here(product).await, [7, 0, 4]);
        for _ in 0..2 {
            let one = json!([{"lineId": ret["lines"][0]["id"], "quantity": 1, "disposition": "RESTOCK"}]);
            world.complete_step("returnInspect", &ret, json!({ "lines": one })).await;
        }
        let rest = json!([{"lineId": ret["lines"][0]["id"], "quantity": 2, "disposition": "WRITE_OFF"}]);
        let updated = world.complete_step("returnInspect", &ret, json!({ "lines": rest })).await;
        assert_eq!((&updated["status"], world.level_here(product).await), (&json!("INSPECTED"), [5, 0, 2]));
        recall(&world, "A", "lotRelease").await;
        assert_eq!(world.level_here(product).await, [5, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_serial_number_comes_back_once() {
    World::on_both(async |world| {
        let drill: ProductId = world.ledger.clock().id();
        world.product_of(world.tenant, drill, ("DRILL", StockPolicy::Tracked, 0, 9_900)).await;
        world.run_tenant_sql("UPDATE product SET tracking = 'SERIAL' WHERE tenant_id = $1 AND id = $2", vec![drill.into()]).await;
        let change = |serial: &str| json!({"product": {"id": drill}, "store": {"id": world.store}, "delta": 1, "lot": {"code": serial}});
        let input = json!({"idempotencyKey": world.key(), "kind": "RECEIPT", "reasonCode": "PURCHASE", "changes": [change("S1"), change("S2")]});
        assert_eq!(world.mutate("stockAdjust", input).await["userErrors"], json!([]));
        let order = world.ordered("FULFILLED", &[(drill, 2)]).await;
        let ret = world.approved(json!([{"orderLineId": order["lines"][0]["id"], "quantity": 2}])).await;
        // A unit that was sold to another customer cannot be returned for this order, nor can an
        // unknown one.
        let input = json!({"idempotencyKey": world.key(), "kind": "RECEIPT", "reasonCode": "PURCHASE", "changes": [change("S3")]});
        assert_eq!(world.mutate("stockAdjust", input).await["userErrors"], json!([]));
        world.ordered("FULFILLED", &[(drill, 1)]).await;
        for other in ["S3", "S4"] {
            let lines = json!([of_lot(&ret, 1, other)]);
            refused(&world.mutate("returnReceive", world.step(&ret, json!({ "lines": lines }))).await, "INVALID", "input.lines.0.lot");
        }
        let twice = json!([of_lot(&ret, 1, "S1"), of_lot(&ret, 1, "S1")]);
        refused(&world.mutate("returnReceive", world.step(&ret, json!({ "lines": twice }))).await, "DUPLICATE", "input.lines.1.lot");
        let both = json!([of_lot(&ret, 1, "S1"), of_lot(&ret, 1, "S2")]);
        let payload = world.mutate("returnReceive", world.step(&ret, json!({ "lines": both }))).await;
        assert_eq!(accepted(&payload, "return")["status"], "RECEIVED");
        world.complete_step("returnInspect", &ret, json!({})).await;
        assert_eq!(world.level_here(drill).await, [2, 0, 0]);
    })
    .await;
}
