//! Many at once on the same orders and the same goods, over two processes: edits, holds, works, counter sales, corrections, and what takes them back.
//!
//! `ENTREPOT_TOGETHER_SEED` draws the steps of an earlier run again.

use std::{
    collections::BTreeSet,
    env,
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::world::{Orders, World};
use crate::{databases::random, world::retailer::RetailSchema};

const TASKS: u64 = 8;
/// How long each task goes on, and how long at most until each of these was accepted once.
const LONG: Duration = Duration::from_millis(1_500);
const MOST: Duration = Duration::from_secs(10);
const EACH: [&str; 6] =
    ["orderUpdate", "orderCreate", "fulfilmentWorkPick", "fulfilmentWorkPack", "fulfilmentWorkShip", "documentReverse"];
/// Mugs in the store and at the depot.
const MUGS: i64 = 150;

const SEEN: &str = "query($id: ID!) { order(by: { id: $id }) { version lines { id } holds { id } fulfilments { id status }
    works { id status lines { id open } } } }";

/// Draws from 0 to `most`, the same for the same seed.
fn draw(seed: &mut u64, most: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % (most + 1)
}

/// One of them; null of none.
fn one_of(all: &[Value], seed: &mut u64) -> Value {
    if all.is_empty() { Value::Null } else { all[draw(seed, all.len() as u64 - 1) as usize].clone() }
}

/// What the tasks do something to, and what came of it.
struct Shared<'a> {
    world: &'a World,
    orders: Mutex<Vec<Value>>,
    /// Orders that were sold over the counter.
    sales: Mutex<Vec<Value>>,
    /// By how many mugs corrections changed what is on hand.
    corrected: AtomicI64,
    accepted: Mutex<BTreeSet<&'static str>>,
}

impl Shared<'_> {
    /// Something to try, on one of the orders as it has just been seen.
    async fn drawn(&self, seed: &mut u64) -> (&'static str, Value) {
        let order = one_of(&self.orders.lock().unwrap(), seed);
        let seen = self.world.ask(SEEN, json!({"id": order["id"]})).await["order"].clone();
        let of = |name: &str| seen[name].as_array().unwrap_or_else(|| panic!("{seen:#}")).clone();
        let work = one_of(&of("works"), seed);
        let on = |more: Value| self.world.of(&work, more);
        match draw(seed, 17) {
            0 | 1 => {
                let lines = json!([{"id": seen["lines"][0]["id"], "quantity": 2 + draw(seed, 8)}]);
                ("orderUpdate", self.world.of(&order, json!({"expectedVersion": seen["version"], "setLines": lines})))
            }
            2 | 3 => {
                let open = work["lines"][0]["open"].as_u64().unwrap_or_default();
                let some = json!([{"lineId": work["lines"][0]["id"], "quantity": 1 + draw(seed, open.saturating_sub(1))}]);
                ("fulfilmentWorkPick", on(json!({"lines": some})))
            }
            4 => ("fulfilmentWorkPick", on(json!({}))),
            5 => ("fulfilmentWorkUnpick", on(json!({}))),
            6 | 7 => ("fulfilmentWorkPack", on(json!({"parcels": [{}]}))),
            8 | 9 => ("fulfilmentWorkShip", on(json!({}))),
            10 => ("fulfilmentWorkReject", on(json!({"reason": "NO_STOCK"}))),
            11 => ("fulfilmentWorkAccept", json!({"idempotencyKey": self.world.key(), "ids": [work["id"]]})),
            12 => match one_of(&of("holds"), seed) {
                hold if hold["id"].is_string() => ("orderHoldLift", self.world.of(&hold, json!({}))),
                _ => ("orderHoldSet", self.world.of(&order, json!({"kind": "FRAUD", "reason": "checked by hand"}))),
            },
            13 => match one_of(&of("holds"), seed) {
                hold if hold["id"].is_string() => ("orderHoldLift", self.world.of(&hold, json!({}))),
                _ => ("orderFulfil", self.world.of(&order, json!({}))),
            },
            14 => match one_of(&of("fulfilments"), seed) {
                Value::Null => ("fulfilmentWorkPick", on(json!({}))),
                left => self.reversal(&left),
            },
            // Seldom: it ends an order.
            15 if draw(seed, 7) == 0 => ("orderCancel", self.world.of(&order, json!({}))),
            _ => self.beside(seed),
        }
    }

    /// Something that takes the same goods, and no order that is there.
    fn beside(&self, seed: &mut u64) -> (&'static str, Value) {
        let world = self.world;
        let place = [world.store, world.depot][draw(seed, 1) as usize];
        let sale = |quantity: u64, more: Value| {
            let mut input = json!({"idempotencyKey": world.key(), "store": {"id": world.store},
                "lines": [{"product": {"id": world.mug}, "quantity": quantity}]});
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            ("orderCreate", input)
        };
        match draw(seed, 5) {
            0 => sale(1 + draw(seed, 5), json!({"sourcing": {}})),
            1 | 2 => sale(1 + draw(seed, 1), json!({"status": "FULFILLED"})),
            3 => {
                let change = json!({"product": {"id": world.mug}, "store": {"id": place}, "delta": draw(seed, 8) as i64 - 4});
                ("stockAdjust", json!({"idempotencyKey": world.key(), "reasonCode": "CORRECTION", "changes": [change]}))
            }
            _ => match one_of(&self.sales.lock().unwrap(), seed) {
                Value::Null => sale(1, json!({"status": "FULFILLED"})),
                sold => self.reversal(&sold),
            },
        }
    }

    fn reversal(&self, document: &Value) -> (&'static str, Value) {
        let input = json!({"idempotencyKey": self.world.key(), "documentId": document["id"], "note": "never happened"});
        ("documentReverse", input)
    }

    /// Tries something at a process.
    async fn step(&self, served: &RetailSchema, seed: &mut u64) {
        let (mutation, input) = self.drawn(seed).await;
        let answer = match mutation {
            "orderUpdate" | "orderCancel" | "orderCreate" | "orderFulfil" => {
                self.world.act_in_at::<Orders>(served, mutation, input.clone()).await
            }
            _ => self.world.act_elsewhere(served, mutation, input.clone()).await,
        };
        assert!(answer["errors"].is_null() && answer["userErrors"].is_array(), "a fault of {mutation} {input}: {answer:#}");
        if answer["userErrors"] != json!([]) {
            return;
        }
        self.accepted.lock().unwrap().insert(mutation);
        match mutation {
            "orderCreate" if input["status"] == "FULFILLED" => self.sales.lock().unwrap().push(answer["order"].clone()),
            "orderCreate" => self.orders.lock().unwrap().push(answer["order"].clone()),
            "stockAdjust" => {
                self.corrected.fetch_add(input["changes"][0]["delta"].as_i64().unwrap(), Ordering::Relaxed);
            }
            _ => {}
        }
    }

    /// Whether there is nothing left to wait for.
    fn is_over(&self, began: Instant) -> bool {
        let is_met = || EACH.iter().all(|mutation| self.accepted.lock().unwrap().contains(mutation));
        began.elapsed() > MOST || (began.elapsed() > LONG && is_met())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_works_sales_and_reversals_at_once_leave_the_books_sound() {
    World::on_both(async |world| {
        let seed = env::var("ENTREPOT_TOGETHER_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(random);
        println!("ENTREPOT_TOGETHER_SEED={seed}");
        let mut orders = Vec::new();
        for quantity in [6, 8, 10, 12] {
            orders.push(world.at_depot(quantity).await);
        }
        let served = [world.served_elsewhere().await, world.served_elsewhere().await];
        let shared = Shared {
            world: &world,
            orders: Mutex::new(orders),
            sales: Mutex::default(),
            corrected: AtomicI64::new(0),
            accepted: Mutex::default(),
        };
        let began = Instant::now();
        let tasks = (0..TASKS).map(async |nth| {
            let mut seed = seed.wrapping_add(nth.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            while !shared.is_over(began) {
                shared.step(&served[nth as usize % 2], &mut seed).await;
            }
        });
        futures_util::future::join_all(tasks).await;
        let accepted = shared.accepted.lock().unwrap().clone();
        assert!(EACH.iter().all(|mutation| accepted.contains(mutation)), "not each got through: {accepted:?}");
        // That works, parcels, holds and shipments agree is what the books say when the scenario is over; here, that nothing was lost or made up.
        let on_hand: i64 = world.mugs().await.iter().map(|level| level[0]).sum();
        let sold = world.number("SELECT CAST(coalesce(sum(l.fulfilled), 0) AS bigint) FROM order_line l WHERE l.tenant_id = $1").await;
        assert_eq!(on_hand + sold, MUGS + shared.corrected.load(Ordering::Relaxed));
    })
    .await;
}
