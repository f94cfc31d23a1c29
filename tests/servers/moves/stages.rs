//! A transfer or a count gets a refusal for every wrong line, stage by stage.

use serde_json::{Value, json};

use super::world::{World, accepted};
use crate::world::answers::{at_each, refusals};

fn line(sku: &str, name: &str, quantity: i64) -> Value {
    json!({"product": {"sku": sku}, name: quantity})
}

#[tokio::test]
async fn a_transfer_is_told_all_names_then_all_quantities() {
    World::on_both(async |world| {
        let run_query = async |from: Value, lines: Value| {
            let input = json!({"idempotencyKey": world.key(), "fromStore": from, "toStore": {"code": "DEPOT"}, "lines": lines});
            refusals(&world.mutate("transferCreate", input).await)
        };
        let here = json!({"id": world.store});
        let of = |sku: &str, n: i64| line(sku, "quantity", n);
        let foreign = json!({"product": {"id": world.foreign.mug}, "quantity": 0});
        assert_eq!(
            run_query(here.clone(), json!([of("NONE", 0), of("MUG", 0), foreign, of("TEA", 1), of("NOR", 1)])).await,
            at_each("NOT_FOUND", &["input.lines.0.product.sku", "input.lines.2.product.id", "input.lines.4.product.sku"])
        );
        assert_eq!(
            run_query(json!({"code": "NOPE"}), json!([of("NONE", 1), of("MUG", 1)])).await,
            at_each("NOT_FOUND", &["input.fromStore.code", "input.lines.0.product.sku"])
        );
        // A store that is named by its ID hides no product that is not there.
        let by_id = json!({"product": {"id": world.foreign.mug}, "quantity": 1});
        assert_eq!(
            run_query(json!({"id": world.foreign.store}), json!([by_id, of("MUG", 1), of("NONE", 1)])).await,
            at_each("NOT_FOUND", &["input.fromStore.id", "input.lines.0.product.id", "input.lines.2.product.sku"])
        );
        assert_eq!(
            run_query(here, json!([of("MUG", 0), of("TEA", 1), of("LAMP", -1)])).await,
            at_each("OUT_OF_RANGE", &["input.lines.0.quantity", "input.lines.2.quantity"])
        );
    })
    .await;
}

#[tokio::test]
async fn a_transfer_that_cannot_be_held_is_told_each_product_that_is_short() {
    World::on_both(async |world| {
        let much = world.draft(&[(world.mug, 101), (world.lamp, 4), (world.tea, 5_001)]).await;
        let payload = world.mutate("transferMarkReady", world.step(&much)).await;
        assert_eq!(refusals(&payload), at_each("INSUFFICIENT_STOCK", &["input.id", "input.id"]));
        for (place, named) in [(0, "MUG"), (1, "TEA")] {
            assert!(payload["userErrors"][place]["message"].as_str().unwrap().contains(named), "{payload:#}");
        }
        assert_eq!(world.level(world.lamp, world.store).await, [4, 0, 0], "nothing is held of it");
    })
    .await;
}

#[tokio::test]
async fn a_count_is_told_all_names_then_all_figures() {
    World::on_both(async |world| {
        let listed = json!({"idempotencyKey": world.key(), "kind": "LIST", "store": {"id": world.store},
            "products": [{"sku": "NONE"}, {"sku": "MUG"}, {"id": world.foreign.mug}]});
        assert_eq!(
            refusals(&world.mutate("stocktakeCreate", listed).await),
            at_each("NOT_FOUND", &["input.products.0.sku", "input.products.2.id"])
        );
        let full = json!({"idempotencyKey": world.key(), "kind": "FULL", "store": {"id": world.store}});
        let count = accepted(&world.mutate("stocktakeCreate", full).await, "stocktake").clone();
        accepted(&world.mutate("stocktakeStart", json!({"idempotencyKey": world.key(), "id": count["id"]})).await, "stocktake");
        let tell = async |lines: Value| {
            let input = json!({"idempotencyKey": world.key(), "id": count["id"], "lines": lines});
            refusals(&world.mutate("stocktakeRecord", input).await)
        };
        let of = |sku: &str, n: i64| line(sku, "counted", n);
        assert_eq!(
            tell(json!([of("NONE", -1), of("MUG", -1), of("NOR", 1)])).await,
            at_each("NOT_FOUND", &["input.lines.0.product.sku", "input.lines.2.product.sku"])
        );
        assert_eq!(
            tell(json!([of("MUG", -1), of("TEA", 5_000), of("LAMP", -2)])).await,
            at_each("OUT_OF_RANGE", &["input.lines.0.counted", "input.lines.2.counted"])
        );
    })
    .await;
}

#[tokio::test]
async fn a_transfer_to_its_own_store_is_told_its_quantities_with_it() {
    World::on_both(async |world| {
        let here = json!({"id": world.store});
        let lines = json!([line("MUG", "quantity", 0), line("TEA", "quantity", 1), line("LAMP", "quantity", -1)]);
        let input = json!({"idempotencyKey": world.key(), "fromStore": here, "toStore": here, "lines": lines});
        let of = |code: &str, path: &str| (code.to_owned(), path.to_owned());
        assert_eq!(
            refusals(&world.mutate("transferCreate", input).await),
            [
                of("INVALID", "input.toStore"),
                of("OUT_OF_RANGE", "input.lines.0.quantity"),
                of("OUT_OF_RANGE", "input.lines.2.quantity")
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_transfer_is_told_every_product_that_may_not_be_held() {
    World::on_both(async |world| {
        let draft = world.draft(&[(world.mug, 1), (world.lamp, 1), (world.tea, 1)]).await;
        for product in [world.mug, world.tea] {
            let archive = "UPDATE product SET status = 'ARCHIVED' WHERE tenant_id = $1 AND id = $2";
            world.run_tenant_sql(archive, vec![product.into()]).await;
        }
        let payload = world.mutate("transferMarkReady", world.step(&draft)).await;
        assert_eq!(refusals(&payload), at_each("INVALID_STATE", &["input.id", "input.id"]));
        for (place, named) in [(0, "MUG"), (1, "TEA")] {
            assert!(payload["userErrors"][place]["message"].as_str().unwrap().contains(named), "{payload:#}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_recount_is_told_every_product_that_the_count_has_not() {
    World::on_both(async |world| {
        let count = world.start_count(json!({"kind": "LIST", "products": [{"sku": "MUG"}]})).await;
        world.record_counted(&count, &[(world.mug, 99)]).await;
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        let again = async |products: Value| {
            let mut input = world.step(&count);
            input["products"] = products;
            refusals(&world.mutate("stocktakeRecount", input).await)
        };
        assert_eq!(
            again(json!([{"sku": "TEA"}, {"sku": "MUG"}, {"sku": "LAMP"}, {"sku": "MUG"}])).await,
            at_each("NOT_FOUND", &["input.products.0.sku", "input.products.2.sku"])
        );
        assert_eq!(
            again(json!([{"sku": "MUG"}, {"sku": "MUG"}, {"sku": "MUG"}])).await,
            at_each("INVALID", &["input.products.1", "input.products.2"])
        );
    })
    .await;
}
