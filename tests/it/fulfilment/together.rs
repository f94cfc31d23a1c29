//! Many at once on the same few orders, over two processes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::world::{Orders, World};
use crate::world::retailer::RetailSchema;

const TASKS: u64 = 8;
/// What each task tries at most, and how long.
const STEPS: usize = 40;
const LONG: Duration = Duration::from_millis(1_500);

/// Draws from 0 to `most`, the same for the same seed.
fn draw(seed: &mut u64, most: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % (most + 1)
}

const SEEN: &str = "query($id: ID!) { order(by: { id: $id }) { version lines { id } fulfilments { id status }
    works { id status lines { id open } } } }";

/// Tries something on one of the orders, as it has just been seen, and says what, and whether it was accepted.
async fn step(world: &World, served: &RetailSchema, orders: &[Value], seed: &mut u64) -> (&'static str, bool) {
    let order = &orders[draw(seed, orders.len() as u64 - 1) as usize];
    let seen = world.ask(SEEN, json!({"id": order["id"]})).await["order"].clone();
    let (works, fulfilments) = (seen["works"].as_array().unwrap(), seen["fulfilments"].as_array().unwrap());
    let work = &works[draw(seed, works.len() as u64 - 1) as usize];
    let on = |more: Value| world.of(work, more);
    let (mutation, input) = match draw(seed, 11) {
        0 | 1 => {
            let lines = json!([{"id": seen["lines"][0]["id"], "quantity": 2 + draw(seed, 8)}]);
            ("orderUpdate", world.of(order, json!({"expectedVersion": seen["version"], "setLines": lines})))
        }
        2..=4 => {
            let open = work["lines"][0]["open"].as_u64().unwrap();
            let some = json!([{"lineId": work["lines"][0]["id"], "quantity": 1 + draw(seed, open.saturating_sub(1))}]);
            ("fulfilmentWorkPick", on(json!({"lines": some})))
        }
        5 => ("fulfilmentWorkUnpick", on(json!({}))),
        6 | 7 => ("fulfilmentWorkPack", on(json!({"parcels": [{}]}))),
        8 => ("fulfilmentWorkShip", on(json!({}))),
        9 => ("fulfilmentWorkReject", on(json!({"reason": "NO_STOCK"}))),
        10 if !fulfilments.is_empty() => {
            let left = &fulfilments[draw(seed, fulfilments.len() as u64 - 1) as usize];
            ("documentReverse", json!({"idempotencyKey": world.key(), "documentId": left["id"], "note": "never left"}))
        }
        // Seldom: it ends an order.
        _ if draw(seed, 7) == 0 => ("orderCancel", world.of(order, json!({}))),
        _ => ("fulfilmentWorkPick", on(json!({}))),
    };
    let answer = match mutation {
        "orderUpdate" | "orderCancel" => world.act_in_at::<Orders>(served, mutation, input.clone()).await,
        _ => world.act_elsewhere(served, mutation, input.clone()).await,
    };
    assert!(answer["errors"].is_null() && answer["userErrors"].is_array(), "a fault of {mutation} {input}: {answer:#}");
    (mutation, answer["userErrors"] == json!([]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_and_steps_of_works_at_once_leave_the_books_sound() {
    World::on_both(async |world| {
        let mut orders = Vec::new();
        for quantity in [6, 8, 10, 12] {
            orders.push(world.at_depot(quantity).await);
        }
        let served = [world.served_elsewhere().await, world.served_elsewhere().await];
        let began = Instant::now();
        let tasks = (0..TASKS).map(async |nth| {
            let (mut seed, mut accepted) = (nth + 1, Vec::new());
            for _ in 0..STEPS {
                if began.elapsed() > LONG {
                    break;
                }
                let (mutation, is_accepted) = step(&world, &served[nth as usize % 2], &orders, &mut seed).await;
                accepted.extend(is_accepted.then_some(mutation));
            }
            accepted
        });
        let accepted = futures_util::future::join_all(tasks).await.concat();
        for mutation in ["orderUpdate", "fulfilmentWorkPick"] {
            assert!(accepted.contains(&mutation), "nobody got through with {mutation}: {accepted:?}");
        }
        // That works, parcels, holds and shipments agree is what the books say when the scenario is over; here, that nothing was lost or made up.
        let on_hand: i64 = world.mugs().await.iter().map(|level| level[0]).sum();
        let shipped: i64 = world
            .number("SELECT CAST(coalesce(sum(w.shipped), 0) AS bigint) FROM fulfilment_work_line w WHERE w.tenant_id = $1")
            .await;
        assert_eq!(on_hand + shipped, 150);
    })
    .await;
}
