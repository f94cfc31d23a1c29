//! Many concurrent tasks on the same orders and the same goods, over two ledgers without shared
//! memory, as in two processes.

use serde_json::json;

use super::{
    steps::{LOTTED, SEEN, Scene, seed, seed_of},
    world::{Orders, World},
};

const TASKS: u64 = 8;
/// Mugs in the store and at the depot.
const MUGS: i64 = 150;
/// Units of each lot of cheese in each of them. Parcels name lots of it.
const OF_LOT: i64 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_works_sales_and_reversals_at_once_leave_the_books_sound() {
    let seed = seed();
    World::on_both(async |world| {
        let cheese = world.tracked(LOTTED.0, "LOT").await;
        for store in [world.store, world.depot] {
            for code in LOTTED.1 {
                world.takes_in(cheese, store, (code, OF_LOT)).await;
            }
        }
        let served = [world.served_elsewhere().await, world.served_elsewhere().await];
        let scene = Scene::new([json!(world.store), json!(world.depot)], json!(world.mug)).with_lots(json!(cheese));
        for step in [scene.first(6), scene.first_of_lots(8), scene.first(10), scene.first_of_lots(12)] {
            scene.told(&step, &world.mutate_selecting::<Orders>(step.0, step.1.clone()).await);
        }
        let tasks = (0..TASKS).map(async |nth| {
            let (mut seed, served) = (seed_of(seed, nth), &served[nth as usize % 2]);
            while !scene.is_over() {
                let order = scene.order(&mut seed);
                let answer = world.execute(SEEN, json!({"id": order["id"]})).await;
                let step = scene.drawn(&order, &answer["order"], &mut seed);
                let payload = loop {
                    let (mutation, input) = step.clone();
                    let payload = match mutation {
                        "orderUpdate" | "orderCancel" | "orderCreate" | "orderFulfil" => {
                            world.mutate_elsewhere_selecting::<Orders>(served, mutation, input).await
                        }
                        _ => world.mutate_elsewhere(served, mutation, input).await,
                    };
                    if !scene.is_unknown(&payload) {
                        break payload;
                    }
                };
                scene.told(&step, &payload);
            }
        });
        futures_util::future::join_all(tasks).await;
        // The check of the books at the end of the scenario covers works, parcels, holds and
        // shipments; here, that no units were lost or invented.
        let mugs: i64 = world.mugs().await.iter().map(|level| level[0]).sum();
        let on_hand = mugs + world.query_number("SELECT CAST(sum(l.on_hand) AS bigint) FROM lot l WHERE l.tenant_id = $1").await;
        let sold = world
            .query_number("SELECT CAST(coalesce(sum(l.fulfilled), 0) AS bigint) FROM order_line l WHERE l.tenant_id = $1")
            .await;
        assert_eq!(on_hand + sold, MUGS + 4 * OF_LOT + scene.corrected());
    })
    .await;
}
