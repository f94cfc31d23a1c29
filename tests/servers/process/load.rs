//! Clients that write at the same time and record their answers. A call without an answer counts as
//! neither done nor refused: it is sent again with the same key until there is an answer.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    client::Client,
    shop::{self, LevelRef, Shop, text},
};

/// Numbers that a seed gives again.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }
    /// Below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

/// Effect of a successful call on a level.
#[derive(Debug, Clone)]
pub struct Effect {
    pub place: LevelRef,
    pub on_hand: i64,
    pub reserved: i64,
}

#[derive(Debug, Clone)]
struct Call {
    query: &'static str,
    input: Value,
    effects: Vec<Effect>,
}

/// An acknowledged change.
#[derive(Debug)]
pub struct Done {
    pub seq: i64,
    pub effects: Vec<Effect>,
    /// Id and number.
    pub order: Option<(String, String)>,
}

/// Outcomes of the clients' calls.
#[derive(Debug, Default)]
pub struct Outcomes {
    pub done: Vec<Done>,
    pub refused: u64,
}

/// Shared state of the clients. It stops them when it is dropped.
pub struct Load {
    seed: u64,
    stop: Arc<AtomicBool>,
    /// Answers so far, for those who wait for some.
    pub answers: Arc<AtomicU64>,
    /// Calls that were sent again because their outcome was unknown.
    pub again: Arc<AtomicU64>,
    clients: JoinSet<Outcomes>,
}

impl Load {
    /// Starts so many clients; each sends its calls to one of `ways`, or races them to two.
    pub fn start(shop: &Shop, ways: &[Client], clients: u64, seed: u64) -> Self {
        println!("load: {clients} clients, seed {seed}");
        let (stop, answers, again) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let mut running = JoinSet::new();
        for number in 0..clients {
            let writer = Writer {
                name: format!("{seed:x}-{number}"),
                ways: ways.to_vec(),
                stores: shop.stores.clone(),
                products: shop.products.clone(),
                dice: Dice::new(seed.wrapping_mul(2_654_435_761).wrapping_add(number * 7_919)),
                held: Vec::new(),
                calls: 0,
                again: again.clone(),
            };
            running.spawn(writer.run(stop.clone(), answers.clone()));
        }
        Self { seed, stop, answers, again, clients: running }
    }

    /// Waits until every client has finished its call, and returns their outcomes.
    pub async fn end(mut self) -> Outcomes {
        self.stop.store(true, Ordering::Relaxed);
        let mut outcomes = Outcomes::default();
        while let Some(one) = self.clients.join_next().await {
            let one = one.unwrap_or_else(|err| panic!("a client of seed {}: {err}", self.seed));
            outcomes.done.extend(one.done);
            outcomes.refused += one.refused;
        }
        outcomes
    }
}

struct Writer {
    name: String,
    ways: Vec<Client>,
    stores: Vec<String>,
    products: Vec<String>,
    dice: Dice,
    /// Reservations that can be released.
    held: Vec<(String, Effect)>,
    calls: u64,
    again: Arc<AtomicU64>,
}

impl Writer {
    async fn run(mut self, stop: Arc<AtomicBool>, answers: Arc<AtomicU64>) -> Outcomes {
        let mut outcomes = Outcomes::default();
        while !stop.load(Ordering::Relaxed) {
            let call = self.next();
            let payload = self.settle(&call).await;
            answers.fetch_add(1, Ordering::Relaxed);
            if payload["userErrors"] != json!([]) {
                assert_eq!(payload["userErrors"][0]["code"], "INSUFFICIENT_STOCK", "{payload} of {}", call.input);
                outcomes.refused += 1;
                continue;
            }
            if self.dice.below(16) == 0 {
                let repeated = self.settle(&call).await;
                let same = repeated["replayed"] == true && repeated["seq"] == payload["seq"];
                assert!(same, "{payload} became {repeated} of {}", call.input);
            }
            if call.query == shop::RESERVE {
                let effect = call.effects[0].clone();
                self.held.push((text(&payload["reservations"][0]["id"]), Effect { reserved: -effect.reserved, ..effect }));
            }
            let order = payload.get("order").map(|order| (text(&order["id"]), text(&order["number"])));
            outcomes.done.push(Done { seq: payload["seq"].as_i64().unwrap(), effects: call.effects, order });
        }
        outcomes
    }

    /// Sends a call until it is answered, whatever happens to the server meanwhile.
    async fn settle(&mut self, call: &Call) -> Value {
        let started_at = Instant::now();
        let variables = json!({ "input": call.input });
        loop {
            let (first, second) = (self.dice.below(self.ways.len() as u64), self.dice.below(self.ways.len() as u64));
            let sending = self.ways[first as usize].send(call.query, &variables);
            let answer = if first == second {
                sending.await
            } else {
                let (one, other) = tokio::join!(sending, self.ways[second as usize].send(call.query, &variables));
                agreed(one, other)
            };
            match answer {
                Ok(mut answer) => {
                    assert!(answer["errors"].is_null(), "{answer} of {}", call.input);
                    let payload = answer["data"]["result"].take();
                    if payload["userErrors"][0]["retryable"] != true {
                        return payload;
                    }
                }
                Err(_) => {
                    self.again.fetch_add(1, Ordering::Relaxed);
                }
            }
            assert!(started_at.elapsed() < Duration::from_secs(60), "no answer in a minute: {}", call.input);
            sleep(Duration::from_millis(10 + self.dice.below(20))).await;
        }
    }

    fn next(&mut self) -> Call {
        self.calls += 1;
        let key = format!("{}-{}", self.name, self.calls);
        let quantity = 1 + self.dice.below(4) as i64;
        match self.dice.below(10) {
            0..4 => self.adjustment(&key),
            4 => self.order(&key, "CONFIRMED", quantity),
            5 | 6 => self.order(&key, "FULFILLED", quantity),
            7 => match self.held.pop() {
                Some((reservation, effect)) => {
                    let input = json!({ "idempotencyKey": key, "reservationIds": [reservation] });
                    Call { query: shop::RELEASE, input, effects: vec![effect] }
                }
                None => self.adjustment(&key),
            },
            _ => {
                let place = self.place();
                let item = json!({ "product": { "id": place.0 }, "store": { "id": place.1 }, "quantity": quantity });
                let input = json!({ "idempotencyKey": key, "ttlSeconds": 3_600, "items": [item] });
                Call { query: shop::RESERVE, input, effects: vec![Effect { place, on_hand: 0, reserved: quantity }] }
            }
        }
    }

    fn place(&mut self) -> LevelRef {
        let (product, store) = (self.dice.below(self.products.len() as u64), self.dice.below(self.stores.len() as u64));
        (self.products[product as usize].clone(), self.stores[store as usize].clone())
    }

    /// An adjustment of one or two levels, up or down.
    fn adjustment(&mut self, key: &str) -> Call {
        let mut deltas = BTreeMap::new();
        for _ in 0..=self.dice.below(2) {
            deltas.insert(self.place(), if self.dice.below(2) == 0 { 1 } else { -1 } * (1 + self.dice.below(9) as i64));
        }
        let changes: Vec<Value> = deltas.iter().map(|(place, delta)| shop::change(&place.0, &place.1, *delta)).collect();
        let effects = deltas.into_iter().map(|(place, on_hand)| Effect { place, on_hand, reserved: 0 }).collect();
        Call { query: shop::ADJUST, input: shop::adjust(key, "ADJUSTMENT", "CORRECTION", &changes), effects }
    }

    fn order(&mut self, key: &str, status: &str, quantity: i64) -> Call {
        let place = self.place();
        let line = json!({ "product": { "id": place.0 }, "quantity": quantity });
        let input = json!({ "idempotencyKey": key, "store": { "id": place.1 }, "status": status, "lines": [line] });
        let (on_hand, reserved) = if status == "FULFILLED" { (-quantity, 0) } else { (0, quantity) };
        Call { query: shop::ORDER, input, effects: vec![Effect { place, on_hand, reserved }] }
    }
}

/// Compares two answers to the same call: if both are successes, they must show the same change. A
/// refusal beside a lost answer shows nothing: the lost call may have succeeded.
fn agreed(one: Result<Value, String>, other: Result<Value, String>) -> Result<Value, String> {
    let is_accepted = |answer: &Value| answer["data"]["result"]["userErrors"] == json!([]);
    match (one, other) {
        (Ok(one), Ok(other)) if is_accepted(&one) && is_accepted(&other) => {
            let seqs = [&one, &other].map(|answer| &answer["data"]["result"]["seq"]);
            assert_eq!(seqs[0], seqs[1], "{one} and {other}");
            let replayed = [&one, &other].iter().any(|answer| answer["data"]["result"]["replayed"] == true);
            assert!(replayed, "both were first: {one} and {other}");
            Ok(one)
        }
        (Ok(one), Ok(other)) => Ok(if is_accepted(&one) { one } else { other }),
        (Ok(answer), Err(lost)) | (Err(lost), Ok(answer)) => {
            if is_accepted(&answer) {
                Ok(answer)
            } else {
                Err(lost)
            }
        }
        (Err(lost), Err(_)) => Err(lost),
    }
}
