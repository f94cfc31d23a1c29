//! Many at once on the same orders and the same goods, over two ledgers that know nothing of each other, as two processes have them.

use serde_json::json;

use super::{
    steps::{SEEN, Scene, seed, seed_of},
    world::{Orders, World},
};

const TASKS: u64 = 8;
/// Mugs in the store and at the depot.
const MUGS: i64 = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_works_sales_and_reversals_at_once_leave_the_books_sound() {
    let seed = seed();
    World::on_both(async |world| {
        let served = [world.served_elsewhere().await, world.served_elsewhere().await];
        let scene = Scene::new([json!(world.store), json!(world.depot)], json!(world.mug));
        for quantity in [6, 8, 10, 12] {
            let step = scene.first(quantity);
            scene.told(&step, &world.act_in::<Orders>(step.0, step.1.clone()).await);
        }
        let tasks = (0..TASKS).map(async |nth| {
            let (mut seed, served) = (seed_of(seed, nth), &served[nth as usize % 2]);
            while !scene.is_over() {
                let order = scene.order(&mut seed);
                let seen = world.ask(SEEN, json!({"id": order["id"]})).await;
                let step = scene.drawn(&order, &seen["order"], &mut seed);
                let payload = loop {
                    let (mutation, input) = step.clone();
                    let payload = match mutation {
                        "orderUpdate" | "orderCancel" | "orderCreate" | "orderFulfil" => {
                            world.act_in_at::<Orders>(served, mutation, input).await
                        }
                        _ => world.act_elsewhere(served, mutation, input).await,
                    };
                    if !scene.is_unknown(&payload) {
                        break payload;
                    }
                };
                scene.told(&step, &payload);
            }
        });
        futures_util::future::join_all(tasks).await;
        // That works, parcels, holds and shipments agree is what the books say when the scenario is over; here, that nothing was lost or made up.
        let on_hand: i64 = world.mugs().await.iter().map(|level| level[0]).sum();
        let sold =
            world.number("SELECT CAST(coalesce(sum(l.fulfilled), 0) AS bigint) FROM order_line l WHERE l.tenant_id = $1").await;
        assert_eq!(on_hand + sold, MUGS + scene.corrected());
    })
    .await;
}
