//! A transfer or a count is told every line that is wrong, stage by stage.

use serde_json::{Value, json};

use super::world::{World, done};
use crate::world::answers::refusals;

/// The same code at each of these places.
fn all(code: &str, paths: &[&str]) -> Vec<(String, String)> {
    paths.iter().map(|path| (code.to_owned(), (*path).to_owned())).collect()
}

fn line(sku: &str, name: &str, quantity: i64) -> Value {
    json!({"product": {"sku": sku}, name: quantity})
}

#[tokio::test]
async fn a_transfer_is_told_all_names_then_all_quantities() {
    World::on_both(async |world| {
        let ask = async |from: Value, lines: Value| {
            let input = json!({"idempotencyKey": world.key(), "fromStore": from, "toStore": {"code": "DEPOT"}, "lines": lines});
            refusals(&world.act("transferCreate", input).await)
        };
        let here = json!({"id": world.store});
        let of = |sku: &str, n: i64| line(sku, "quantity", n);
        let foreign = json!({"product": {"id": world.foreign.mug}, "quantity": 0});
        assert_eq!(
            ask(here.clone(), json!([of("NONE", 0), of("MUG", 0), foreign, of("TEA", 1), of("NOR", 1)])).await,
            all("NOT_FOUND", &["input.lines.0.product", "input.lines.2.product", "input.lines.4.product"])
        );
        assert_eq!(
            ask(json!({"code": "NOPE"}), json!([of("NONE", 1), of("MUG", 1)])).await,
            all("NOT_FOUND", &["input.fromStore", "input.lines.0.product"])
        );
        // A store that is named by its ID hides no product that is not there.
        let by_id = json!({"product": {"id": world.foreign.mug}, "quantity": 1});
        assert_eq!(
            ask(json!({"id": world.foreign.store}), json!([by_id, of("MUG", 1), of("NONE", 1)])).await,
            all("NOT_FOUND", &["input.fromStore", "input.lines.0.product", "input.lines.2.product"])
        );
        assert_eq!(
            ask(here, json!([of("MUG", 0), of("TEA", 1), of("LAMP", -1)])).await,
            all("OUT_OF_RANGE", &["input.lines.0.quantity", "input.lines.2.quantity"])
        );
    })
    .await;
}

#[tokio::test]
async fn a_transfer_that_cannot_be_held_is_told_each_product_that_is_short() {
    World::on_both(async |world| {
        let much = world.draft(&[(world.mug, 101), (world.lamp, 4), (world.tea, 5_001)]).await;
        let payload = world.act("transferMarkReady", world.step(&much)).await;
        assert_eq!(refusals(&payload), all("INSUFFICIENT_STOCK", &["input.id", "input.id"]));
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
            refusals(&world.act("stocktakeCreate", listed).await),
            all("NOT_FOUND", &["input.products.0", "input.products.2"])
        );
        let full = json!({"idempotencyKey": world.key(), "kind": "FULL", "store": {"id": world.store}});
        let count = done(&world.act("stocktakeCreate", full).await, "stocktake").clone();
        done(&world.act("stocktakeStart", json!({"idempotencyKey": world.key(), "id": count["id"]})).await, "stocktake");
        let tell = async |lines: Value| {
            let input = json!({"idempotencyKey": world.key(), "id": count["id"], "lines": lines});
            refusals(&world.act("stocktakeRecord", input).await)
        };
        let of = |sku: &str, n: i64| line(sku, "counted", n);
        assert_eq!(
            tell(json!([of("NONE", -1), of("MUG", -1), of("NOR", 1)])).await,
            all("NOT_FOUND", &["input.lines.0.product", "input.lines.2.product"])
        );
        assert_eq!(
            tell(json!([of("MUG", -1), of("TEA", 5_000), of("LAMP", -2)])).await,
            all("OUT_OF_RANGE", &["input.lines.0.counted", "input.lines.2.counted"])
        );
    })
    .await;
}
