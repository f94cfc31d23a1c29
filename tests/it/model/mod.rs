//! Clients change one company's stock by all commands of the public API, and a plain model, written
//! from the documentation alone, applies the same commands in the order of `seq`: during the run
//! and at its end, levels, lots, holds, documents, costs and the past must be equal.
//!
//! `ENTREPOT_MODEL_COMMANDS` sets the length of a run, `ENTREPOT_MODEL_SEED` repeats one,
//! `ENTREPOT_MODEL_CLIENTS` sets the number of concurrent clients; with one, commands are sent in
//! sequence, and the same seed repeats the run to the last command. `ENTREPOT_MODEL_EVERY` compares
//! everything every so many rounds and prints the commands. A failure prints its seed, its round
//! and the commands of that round.

mod apply;
mod asks;
mod compare;
mod costs;
mod documents;
mod plain;
mod send;

use std::{collections::BTreeMap, env};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{authorization::world::World, databases::random};
use asks::{Ask, Dice, draw};
use plain::{Model, State};
use send::Names;

const COMMANDS: usize = 2_000;
const CLIENTS: usize = 8;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().and_then(|number| number.parse().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_agrees_with_the_model_on_sqlite() {
    run(World::sqlite().await, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_agrees_with_the_model_on_postgres() {
    let Some(world) = World::postgres().await else { return };
    run(world, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_clients_agree_with_the_model_on_sqlite() {
    run(World::sqlite().await, CLIENTS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_clients_agree_with_the_model_on_postgres() {
    let Some(world) = World::postgres().await else { return };
    run(world, CLIENTS).await;
}

/// Whether so many clients change this transfer that a call that makes it ready could lose each of
/// its retries.
fn is_amended_often(asks: &[Ask], ask: &Ask) -> bool {
    let Ask::Amend { transfer, .. } = ask else { return false };
    asks.iter().filter(|other| matches!(other, Ask::Amend { transfer: same, .. } if same == transfer)).count() >= 2
}

/// A company, its expected state, and the IDs of both.
pub struct Run {
    world: World,
    model: Model,
    names: Names,
    dice: Dice,
    clients: usize,
    began: i64,
    sent: usize,
    done: usize,
    seed: u64,
    round: usize,
    /// Expected state of each document when it was last compared.
    compared: BTreeMap<String, Value>,
}

async fn run(world: World, clients: usize) {
    let seed = number("ENTREPOT_MODEL_SEED").unwrap_or_else(random);
    let commands = number("ENTREPOT_MODEL_COMMANDS").map_or(COMMANDS, |n| n as usize);
    let clients = number("ENTREPOT_MODEL_CLIENTS").map_or(clients, |n| n as usize);
    // Objects that a client changed are compared after `some` rounds; all others, for unwanted
    // changes, after `all` rounds.
    let (some, all) = number("ENTREPOT_MODEL_EVERY").map_or((25, 25 * (CLIENTS / clients).max(1)), |n| (n as usize, n as usize));
    println!("ENTREPOT_MODEL_SEED={seed} ENTREPOT_MODEL_COMMANDS={commands} ENTREPOT_MODEL_CLIENTS={clients}");
    let mut run = Run::begin(world, seed, clients).await;
    while run.sent < commands {
        run.round().await;
        if run.round % some == 0 {
            run.compare(run.round % all == 0).await;
        }
    }
    run.compare(true).await;
    run.past(50).await;
    println!("{} of {} commands were done", run.done, run.sent);
    assert!(run.done * 2 > run.sent, "most of what was asked was refused: {} of {} were done", run.done, run.sent);
    let report = entrepot::insight::verify::verify_tenant(&run.world.node.db, run.world.ours.owner.tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "ENTREPOT_MODEL_SEED={seed}: {report}");
    run.world.end().await;
}

impl Run {
    async fn begin(world: World, seed: u64, clients: usize) -> Self {
        let mut run = Self {
            world,
            model: Model::default(),
            names: Names::default(),
            dice: Dice(seed),
            clients,
            began: 0,
            sent: 0,
            done: 0,
            seed,
            round: 0,
            compared: BTreeMap::new(),
        };
        run.found().await;
        run.pause();
        run.began = run.model.now;
        for (product, store) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            run.first(product, store, None, 400).await;
        }
        for (lot, store) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)] {
            run.first(2, store, Some(lot), 200).await;
        }
        run
    }

    async fn first(&mut self, product: usize, store: usize, lot: Option<usize>, delta: i64) {
        self.send(vec![Ask::Adjust { kind: "RECEIPT", product, store, lot, delta, cost: None, at: None }]).await;
    }

    /// The products, their lots and the stores.
    async fn found(&mut self) {
        for (sku, tracking, cost) in
            [("M-MUG", "NONE", "2.00"), ("M-CUP", "NONE", "3.00"), ("M-TEA", "LOT", "1.50"), ("M-KIT", "NONE", "1.00")]
        {
            let pounds = |amount: &str| json!({ "amount": amount, "currencyCode": "GBP" });
            let input =
                json!({ "sku": sku, "name": sku, "tracking": tracking, "price": pounds("9.00"), "unitCost": pounds(cost) });
            let query = "mutation($input: ProductCreateInput!) { productCreate(input: $input) { product { id } userErrors { code field message } } }";
            let payload = self.world.must_mutate(&self.world.ours, query, json!({ "input": input })).await;
            self.names.products.push(payload["product"]["id"].as_str().unwrap().to_owned());
        }
        let components: Vec<_> =
            plain::PARTS.iter().map(|(part, n)| json!({ "productId": self.names.products[*part], "quantity": n })).collect();
        let input = json!({ "idempotencyKey": "kit", "id": self.names.products[plain::KIT], "components": components });
        let query =
            "mutation($input: KitSetInput!) { kitSet(input: $input) { product { id } userErrors { code field message } } }";
        self.world.must_mutate(&self.world.ours, query, json!({ "input": input })).await;
        for (n, expires) in ["2090-01-31", "2091-01-31", "2092-01-31"].into_iter().enumerate() {
            let product = json!({ "id": self.names.products[plain::LOTTED] });
            let input = json!({ "idempotencyKey": format!("lot {n}"), "code": format!("L-{n}"), "product": product, "expiresOn": expires });
            let query =
                "mutation($input: LotCreateInput!) { lotCreate(input: $input) { lot { id } userErrors { code field message } } }";
            let payload = self.world.must_mutate(&self.world.ours, query, json!({ "input": input })).await;
            self.names.lots.push(payload["lot"]["id"].as_str().unwrap().to_owned());
            self.model.lots.push(State::Available);
        }
        self.names.stores = vec![self.world.ours.ids["sto"].clone(), self.world.ours.depot.clone()];
        self.names.supplier = self.world.ours.ids["sup"].clone();
    }

    /// Passes a minute without commands; its middle is a moment at which the past is compared.
    fn pause(&mut self) {
        self.world.advance_clock(30);
        let now = self.world.node.clock.now().micros();
        self.model.now = now;
        self.model.moments.push(now);
        self.world.advance_clock(30);
    }

    async fn round(&mut self) {
        self.round += 1;
        self.pause();
        let mut asks: Vec<Ask> = Vec::new();
        for _ in 0..self.clients {
            let ask = draw(&mut self.dice, &self.model, self.began, self.model.now);
            // Another test covers two clients that send the same command for one document at once.
            if !asks.contains(&ask) && !is_amended_often(&asks, &ask) {
                asks.push(ask);
            }
        }
        // Another test covers which holds give way to a count, so nothing is approved beside
        // commands that may leave too little.
        for n in (0..asks.len()).rev().filter(|n| matches!(asks[*n], Ask::Approve(_))).collect::<Vec<_>>() {
            let others = asks.iter().enumerate().filter(|(other, _)| *other != n);
            if others.map(|(_, ask)| self.model.takes(ask)).sum::<i64>() > documents::ROOM {
                asks.remove(n);
            }
        }
        self.send(asks).await;
    }

    /// Sends commands concurrently, and applies the accepted ones to the model, in the order of
    /// `seq`.
    async fn send(&mut self, asks: Vec<Ask>) {
        let owner = || Some(self.world.ours.owner.clone());
        let calls: Vec<_> = asks.iter().enumerate().map(|(n, ask)| self.names.call(ask, &format!("{} {n}", self.sent))).collect();
        let answers = join_all(calls.iter().map(|call| async {
            let variables = json!({ "input": call.input });
            self.world.execute(&self.world.ours, owner(), &call.query, &variables).await
        }))
        .await;
        self.sent += asks.len();
        let (mut done, mut refused) = (Vec::new(), Vec::new());
        for ((ask, call), answer) in asks.iter().zip(&calls).zip(&answers) {
            assert!(answer["errors"].is_null(), "{}: {ask:?} {}: {answer}", self.place(&asks), call.input);
            let payload = &answer["data"][call.name];
            match payload["seq"].as_i64() {
                Some(seq) => done.push((seq, ask, payload)),
                None => refused.push((ask, payload)),
            }
        }
        done.sort_by_key(|one| one.0);
        // A refused command may have been refused before or after any command that was done.
        let is_kept = !refused.is_empty();
        let mut states = Vec::from_iter(is_kept.then(|| self.model.clone()));
        for (seq, ask, payload) in done {
            if let Err(reason) = self.model.apply(ask) {
                panic!("{}: {seq} {ask:?} was done, and should have been refused: {reason}: {payload}", self.place(&asks));
            }
            if env::var_os("ENTREPOT_MODEL_EVERY").is_some() {
                println!("round {}: {seq} {ask:?}", self.round);
            }
            self.names.keep(ask, payload);
            compare::levels(&self.model, &self.names, &payload["levels"], &format!("{}: after {seq} {ask:?}", self.place(&asks)));
            self.done += 1;
            states.extend(is_kept.then(|| self.model.clone()));
        }
        for (ask, payload) in refused {
            let changes_nothing = payload["userErrors"] == json!([]);
            let is_right = |state: &Model| state.may_refuse(ask) || changes_nothing || state.clone().apply(ask).is_err();
            assert!(
                states.iter().any(is_right),
                "{}: {ask:?} was refused and should have been done: {payload}",
                self.place(&asks)
            );
        }
    }

    fn place(&self, asks: &[Ask]) -> String {
        format!("ENTREPOT_MODEL_SEED={} round {}, after {} commands, of {asks:#?}\n", self.seed, self.round, self.sent)
    }

    /// Returns the data of the response to the owner.
    async fn execute(&self, query: &str, variables: Value) -> Value {
        let answer = self.world.execute(&self.world.ours, Some(self.world.ours.owner.clone()), query, &variables).await;
        assert!(answer["errors"].is_null(), "{query} {variables}: {answer}");
        answer["data"].clone()
    }
}
