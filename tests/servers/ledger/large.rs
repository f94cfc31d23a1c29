//! Duration of a verification of half a million movements.

use entity::prelude::*;
use entrepot::insight::verify::verify;

use super::world::{PRODUCTS, World, product_row};

/// By hand: `cargo nextest run --test retail --run-ignored only half_a_million`. Prints what each part took.
async fn half_a_million(world: World) {
    let mut make = world.make.clone();
    let work = world.scope().begin().await.unwrap();
    for _ in 0..1_000 {
        let row = product_row(world.tenant, world.clock.id(), make.products.len() + 100, world.clock.now());
        make.products.push(row.id);
        work.insert::<entity::product::Entity>(row).await.unwrap();
    }
    work.commit().await.unwrap();
    let (first, count) = (PRODUCTS, make.products.len() - PRODUCTS);
    for group in 0..100 {
        let receipt = |n: usize| {
            let changes: Vec<_> = (0..5).map(|i| (first + (n * 7 + i * 131) % count, n % 2, 3)).collect();
            world.outcome(make.adjust(MovementKind::Receipt, &changes), None)
        };
        let answers = futures_util::future::join_all((0..1_000).map(|n| receipt(group * 1_000 + n))).await;
        assert!(answers.iter().all(|answer| matches!(answer, Ok(Ok(_)))));
    }
    let start = world.clock_of_the_wall();
    let report = verify(&world.db, |what| println!("{:>9?} {what}", world.clock_of_the_wall() - start)).await;
    println!("{:>9?} done\n{}", world.clock_of_the_wall() - start, report.unwrap());
}
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; run by hand"]
async fn half_a_million_on_sqlite() {
    half_a_million(World::sqlite().await).await;
}
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; run by hand"]
async fn half_a_million_on_postgres() {
    if let Some(world) = World::postgres().await {
        half_a_million(world).await;
    }
}
