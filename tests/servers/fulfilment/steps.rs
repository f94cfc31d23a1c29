//! Concurrent steps of many clients on the same orders and the same goods, drawn from a seed:
//! edits, holds, works, counter sales, corrections, and their reversals.
#![allow(dead_code, reason = "several targets have it, and each calls a part")]

use std::{
    collections::BTreeSet,
    env,
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{databases::random, retailer::input_of};

/// Duration of a run, and its maximum until each of these mutations was accepted once.
const LONG: Duration = Duration::from_millis(1_500);
const MAX: Duration = Duration::from_secs(40);
const EACH: [&str; 6] =
    ["orderUpdate", "orderCreate", "fulfilmentWorkPick", "fulfilmentWorkPack", "fulfilmentWorkShip", "documentReverse"];

/// Codes of faults after which a client sends the same again.
const UNKNOWN: [&str; 3] = ["UNAVAILABLE", "TIMEOUT", "OVERLOADED"];
/// Steps that are drawn after this duration: they get the rest of `EACH` accepted, in few steps
/// however slow the machine is.
const LATE: [u64; 9] = [0, 4, 4, 6, 8, 8, 13, 14, 16];

/// An order as a step looks at it.
pub const SEEN: &str = "query($id: ID!) { order(by: { id: $id }) { version lines { id } holds { id } fulfilments { id status }
    works { id status lines { id sku open picked } } } }";

/// SKU of the product that is kept by lots, and its lots, if it is sold beside the product.
pub const LOTTED: (&str, [&str; 2]) = ("CHEESE", ["L-1", "L-2"]);
/// A parcel that names lots: one has to get through where there are some.
const NAMED: &str = "fulfilmentWorkPack with lots";

/// The seed of a run; `ENTREPOT_TOGETHER_SEED` repeats one.
pub fn seed() -> u64 {
    let seed = env::var("ENTREPOT_TOGETHER_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(random);
    println!("ENTREPOT_TOGETHER_SEED={seed}");
    seed
}

/// The seed of one of those who draw.
pub fn seed_of(seed: u64, nth: u64) -> u64 {
    seed.wrapping_add(nth.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// Draws from 0 to `most`, the same for the same seed.
fn draw(seed: &mut u64, limit: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % (limit + 1)
}

/// Returns a random element; null for an empty list.
fn one_of(all: &[Value], seed: &mut u64) -> Value {
    if all.is_empty() { Value::Null } else { all[draw(seed, all.len() as u64 - 1) as usize].clone() }
}

/// A mutation, as a client sends it to a server.
pub fn document(mutation: &str) -> String {
    let kind = if mutation == "orderCancel" { "ActionInput".to_owned() } else { input_of(mutation) };
    let fields = if mutation == "orderCreate" { "order { id }" } else { "" };
    format!(
        "mutation($input: {kind}!) {{ result: {mutation}(input: $input) {{ {fields} userErrors {{ code message field }} }} }}"
    )
}

/// A mutation and its input.
pub type Step = (&'static str, Value);

/// Objects that steps change, and the results so far.
pub struct Scene {
    began: Instant,
    /// IDs of the store that sells, of another one, and of the product.
    stores: [Value; 2],
    product: Value,
    /// The ID of the product that is kept by lots.
    lotted: Option<Value>,
    keys: AtomicU64,
    orders: Mutex<Vec<Value>>,
    /// Orders that were sold over the counter.
    sales: Mutex<Vec<Value>>,
    /// Sum of the changes that corrections made to the quantity on hand.
    corrected: AtomicI64,
    accepted: Mutex<BTreeSet<&'static str>>,
}

impl Scene {
    pub fn new(stores: [Value; 2], product: Value) -> Self {
        let (keys, corrected) = (AtomicU64::new(0), AtomicI64::new(0));
        let (orders, sales, accepted) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { began: Instant::now(), stores, product, lotted: None, keys, orders, sales, corrected, accepted }
    }

    /// Adds a product that is kept by `LOTTED`'s lots in both stores.
    pub fn with_lots(self, lotted: Value) -> Self {
        Self { lotted: Some(lotted), ..self }
    }

    /// One of the products, and whether it is kept by lots.
    fn goods(&self, seed: &mut u64) -> (&Value, bool) {
        match &self.lotted {
            Some(lotted) if draw(seed, 1) == 0 => (lotted, true),
            _ => (&self.product, false),
        }
    }

    fn key(&self) -> String {
        format!("together-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns a random order; null while there are none.
    pub fn order(&self, seed: &mut u64) -> Value {
        one_of(&self.orders.lock().unwrap(), seed)
    }

    /// An order to begin with.
    pub fn first(&self, quantity: u64) -> Step {
        self.sale(&self.product, quantity, json!({"sourcing": {}}))
    }

    /// Like `first`, for the product that is kept by lots.
    pub fn first_of_lots(&self, quantity: u64) -> Step {
        self.sale(self.lotted.as_ref().unwrap_or(&self.product), quantity, json!({"sourcing": {}}))
    }

    /// Something to try on an order as it has just been seen.
    pub fn drawn(&self, order: &Value, seen: &Value, seed: &mut u64) -> Step {
        let of = |name: &str| seen[name].as_array().unwrap_or_else(|| panic!("{seen:#}")).clone();
        let work = one_of(&of("works"), seed);
        let what = if self.began.elapsed() > LONG { LATE[draw(seed, LATE.len() as u64 - 1) as usize] } else { draw(seed, 17) };
        match what {
            0 | 1 => {
                let lines = json!([{"lineId": seen["lines"][0]["id"], "quantity": 2 + draw(seed, 8)}]);
                ("orderUpdate", self.on(order, json!({"expectedVersion": seen["version"], "setLines": lines})))
            }
            // The order has no work in any store.
            2..=11 if !work["lines"][0]["id"].is_string() => self.beside(seed),
            2 | 3 => {
                let open = work["lines"][0]["open"].as_u64().unwrap_or_default();
                let some = json!([{"lineId": work["lines"][0]["id"], "quantity": 1 + draw(seed, open.saturating_sub(1))}]);
                ("fulfilmentWorkPick", self.on(&work, json!({"lines": some})))
            }
            5 => ("fulfilmentWorkUnpick", self.on(&work, json!({}))),
            6 | 7 => ("fulfilmentWorkPack", self.on(&work, json!({"parcels": [self.parcel(&work["lines"][0], seed)]}))),
            8 | 9 => ("fulfilmentWorkShip", self.on(&work, json!({}))),
            10 => ("fulfilmentWorkReject", self.on(&work, json!({"reason": "NO_STOCK"}))),
            11 => ("fulfilmentWorkAccept", json!({"idempotencyKey": self.key(), "ids": [work["id"]]})),
            12 => self.lifted_or(&of("holds"), seed, || {
                ("orderHoldSet", self.on(order, json!({"kind": "FRAUD", "reason": "checked by hand"})))
            }),
            13 => self.lifted_or(&of("holds"), seed, || ("orderFulfil", self.on(order, json!({})))),
            14 if !of("fulfilments").is_empty() => self.reversed(&one_of(&of("fulfilments"), seed)),
            // Seldom: it ends an order.
            15 if draw(seed, 7) == 0 => ("orderCancel", self.on(order, json!({}))),
            14..=17 => self.beside(seed),
            _ => ("fulfilmentWorkPick", self.on(&work, json!({}))),
        }
    }

    /// Lifts an active hold, or does another step.
    fn lifted_or(&self, holds: &[Value], seed: &mut u64, other: impl FnOnce() -> Step) -> Step {
        let hold = one_of(holds, seed);
        if hold["id"].is_string() { ("orderHoldLift", self.on(&hold, json!({}))) } else { other() }
    }

    /// A step that takes the same goods, without an existing order.
    fn beside(&self, seed: &mut u64) -> Step {
        let (product, is_lotted) = self.goods(seed);
        match draw(seed, 5) {
            0 => self.sale(product, 1 + draw(seed, 5), json!({"sourcing": {}})),
            1 | 2 => self.sale(product, 1 + draw(seed, 1), json!({"status": "FULFILLED"})),
            3 => {
                let store = &self.stores[draw(seed, 1) as usize];
                let delta = draw(seed, 8) as i64 - 4;
                let mut change = json!({"product": {"id": product}, "store": {"id": store}, "delta": delta});
                if is_lotted {
                    change["lot"] = json!({"code": LOTTED.1[draw(seed, 1) as usize]});
                }
                ("stockAdjust", json!({"idempotencyKey": self.key(), "reasonCode": "CORRECTION", "changes": [change]}))
            }
            _ => {
                let sold = one_of(&self.sales.lock().unwrap(), seed);
                if sold.is_null() { self.sale(product, 1, json!({"status": "FULFILLED"})) } else { self.reversed(&sold) }
            }
        }
    }

    fn on(&self, what: &Value, extra: Value) -> Value {
        let mut input = json!({"id": what["id"], "idempotencyKey": self.key()});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    }

    /// Returns a parcel of all picked units, with or without the names of their lots if the product
    /// is kept by lots.
    fn parcel(&self, line: &Value, seed: &mut u64) -> Value {
        let picked = line["picked"].as_u64().unwrap_or_default();
        if self.lotted.is_none() || line["sku"] != LOTTED.0 || picked == 0 || draw(seed, 3) == 0 {
            return json!({});
        }
        let one = if draw(seed, 1) == 0 { picked } else { draw(seed, picked) };
        let lots = LOTTED.1.into_iter().zip([one, picked - one]).filter(|(_, units)| *units > 0);
        let lots: Vec<Value> = lots.map(|(code, units)| json!({"lot": {"code": code}, "quantity": units})).collect();
        json!({"lines": [{"lineId": line["id"], "quantity": picked, "lots": lots}]})
    }

    fn sale(&self, product: &Value, quantity: u64, extra: Value) -> Step {
        let lines = json!([{"product": {"id": product}, "quantity": quantity}]);
        let mut input = json!({"idempotencyKey": self.key(), "store": {"id": self.stores[0]}, "lines": lines});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        ("orderCreate", input)
    }

    fn reversed(&self, document: &Value) -> Step {
        let input = json!({"idempotencyKey": self.key(), "documentId": document["id"], "note": "never happened"});
        ("documentReverse", input)
    }

    /// Takes the answer to a step: a payload, with or without refusals.
    pub fn told(&self, (mutation, input): &Step, payload: &Value) {
        assert!(payload["userErrors"].is_array(), "a fault of {mutation} {input}: {payload:#}");
        if payload["userErrors"] != json!([]) {
            return;
        }
        self.accepted.lock().unwrap().insert(*mutation);
        match *mutation {
            "orderCreate" if input["status"] == "FULFILLED" => self.sales.lock().unwrap().push(payload["order"].clone()),
            "orderCreate" => self.orders.lock().unwrap().push(payload["order"].clone()),
            "fulfilmentWorkPack" if input["parcels"][0]["lines"][0]["lots"].is_array() => {
                self.accepted.lock().unwrap().insert(NAMED);
            }
            "stockAdjust" => {
                self.corrected.fetch_add(input["changes"][0]["delta"].as_i64().unwrap(), Ordering::Relaxed);
            }
            _ => {}
        }
    }

    /// Whether an answer leaves the outcome of a step unknown, so that the same call must be sent again.
    pub fn is_unknown(&self, answer: &Value) -> bool {
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        let is_unknown = code.is_some_and(|code| UNKNOWN.contains(&code));
        assert!(!is_unknown || self.began.elapsed() < 2 * MAX, "no answer in time: {answer:#}");
        is_unknown
    }

    /// Whether there is nothing left to wait for.
    pub fn is_over(&self) -> bool {
        self.began.elapsed() > MAX || (self.began.elapsed() > LONG && self.missed().is_empty())
    }

    fn missed(&self) -> Vec<&'static str> {
        let accepted = self.accepted.lock().unwrap();
        let named = self.lotted.as_ref().map(|_| NAMED);
        EACH.into_iter().chain(named).filter(|mutation| !accepted.contains(mutation)).collect()
    }

    /// Returns the sum of the changes that corrections made to the quantity on hand, in a run in
    /// which each kind of step succeeded at least once.
    pub fn corrected(&self) -> i64 {
        assert_eq!(self.missed(), Vec::<&str>::new(), "these never got through");
        self.corrected.load(Ordering::Relaxed)
    }
}
