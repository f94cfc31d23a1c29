//! A large count. By hand: `cargo nextest run --release --test retail --run-ignored only five_thousand_lines`.

use std::time::{Duration, Instant};

use entity::prelude::*;
use entrepot::storage::Backend;
use serde_json::{Value, json};

use super::{
    count_plans::{UNMEASURED, books_without_entries},
    world::{World, accepted},
};

/// Gives the store so many more products, a hundred of each.
async fn stocked(world: &World, count: usize) -> Vec<ProductId> {
    let (shop, mut products) = (&world, Vec::with_capacity(count));
    let work = shop.db.tenant(shop.tenant).begin().await.unwrap();
    for nth in 0..count {
        let id: ProductId = shop.ledger.clock().id();
        let sql = "INSERT INTO product (tenant_id, id, sku, sku_key, name, name_key, status, stock_policy, options, former_skus, unit_code,
                     unit_decimals, cost_minor, cost_currency, metadata, search_text, version, created_at, updated_at)
                   VALUES ($1, $2, $3, $4, $3, $4, 'ACTIVE', 'TRACKED', '[]', '[]', 'each', 0, 100, 'GBP', '{}', '', 1, 0, 0)";
        let (sku, key) = (format!("P{nth:05}"), format!("p{nth:05}"));
        work.execute(sql, vec![id.into(), sku.into(), key.into()]).await.unwrap();
        products.push(id);
    }
    work.commit().await.unwrap();
    for some in products.chunks(500) {
        let what: Vec<_> = some.iter().map(|product| (*product, shop.store, 100)).collect();
        shop.stock(&what).await;
    }
    products
}

/// A count in REVIEW that found each of so many more products one short; and the last of them.
async fn submitted(world: &World, count: usize) -> (Value, ProductId) {
    let products = stocked(world, count).await;
    let counting = world.start_count(json!({})).await;
    for some in products.chunks(500) {
        let found: Vec<_> = some.iter().map(|product| (*product, 99)).collect();
        world.record_counted(&counting, &found).await;
    }
    let rest = [(world.mug, 100), (world.tea, 5_000), (world.lamp, 4)];
    world.record_counted(&counting, &rest).await;
    world.complete_count_step("stocktakeSubmit", &counting).await;
    (counting, products[count - 1])
}

/// Approves it, and returns how long that took.
async fn approved(world: &World, (counting, last): &(Value, ProductId)) -> Duration {
    let document = "mutation($input: StocktakeActionInput!) { stocktakeApprove(input: $input) { stocktake { status } userErrors { code message } } }";
    let start = Instant::now();
    let answer = world.execute(document, json!({"input": world.step(counting)})).await;
    let took = start.elapsed();
    accepted(&answer["stocktakeApprove"], "stocktake");
    assert_eq!(world.level_in_transit(*last, world.store).await[0], 99);
    took
}

#[tokio::test]
async fn a_count_of_more_lines_than_a_movement_has_is_posted_in_several() {
    World::on_both(async |world| {
        let is_postgres = world.db.backend() == Backend::Postgres;
        if is_postgres {
            world.as_owner(UNMEASURED).await;
        }
        let review = submitted(&world, 4_200).await;
        if is_postgres {
            books_without_entries(&world).await;
        }
        let took = approved(&world, &review).await;
        eprintln!("approving 4,200 lines took {took:?}");
        let sql = "SELECT count(*) FROM movement WHERE tenant_id = $1 AND kind = 'COUNT'";
        assert_eq!(world.query_number(sql).await, 9);
    })
    .await;
}

#[tokio::test]
#[ignore = "by hand, with --release"]
async fn five_thousand_lines() {
    World::on_both(async |world| {
        let review = submitted(&world, 5_000).await;
        let took = approved(&world, &review).await;
        println!("approving 5,000 lines took {took:?}");
        assert!(took.as_millis() < 1_000, "{took:?}");
    })
    .await;
}
