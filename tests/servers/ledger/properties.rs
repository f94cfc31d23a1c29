//! Random commands against the model, through the real ledger with its batches, on both databases.

use std::env;

use entity::prelude::*;
use entrepot::{
    insight::verify::verify_tenant,
    ledger::{Command, Receipt, StockCommand},
    orders::{
        core::{NewStatus, OrderCommand, OrderDecision},
        rows::orders,
    },
    returns::core::{Receive, ReturnCommand},
    stock::{
        core::{Compare, Movement, Shortage},
        rows::{ReservationSelection, select_reservations},
    },
    storage::Fault,
};
use futures_util::future::join_all;
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};

use super::{
    factory::{CommandFactory, piece},
    model::{Ask, Model},
    scenario::code_of,
    world::{ARCHIVED, STORES, World, new_tenant},
};

/// Whether a command is sent a second time right behind itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Echo {
    Once,
    /// The same key and the same input.
    Same,
    /// The same key and another input.
    Other,
}

type Group = Vec<(Ask, Echo)>;

fn place() -> impl Strategy<Value = (usize, usize)> {
    // Few places, so that commands meet; the last stocked nowhere.
    (prop_oneof![5 => Just(0usize), 3 => Just(1), 3 => Just(2), 1 => Just(3)], 0..STORES)
}
fn changes(low: i64, high: i64) -> impl Strategy<Value = Vec<(usize, usize, i64)>> {
    prop::collection::vec((place(), low..=high).prop_map(|((p, s), n)| (p, s, n)), 1..4)
}
fn policy() -> impl Strategy<Value = Shortage> {
    prop_oneof![2 => Just(Shortage::Refuse), 2 => Just(Shortage::Shorten), 1 => Just(Shortage::PostDiscrepancy)]
}

fn ask_strategy() -> impl Strategy<Value = Ask> {
    let n = 0..1_000usize;
    let kinds = prop_oneof![
        3 => (Just(MovementKind::Receipt), changes(0, 15)),
        2 => (Just(MovementKind::Adjustment), changes(-12, 12)),
        1 => (Just(MovementKind::Sale), changes(-9, 0)),
        2 => (Just(MovementKind::Removal), changes(-9, 1)),
    ];
    let adjust = (kinds, policy()).prop_map(|((kind, changes), policy)| Ask::Adjust { kind, policy, changes });
    let set = (place(), -1..20i64, policy()).prop_map(|((p, s), n, policy)| Ask::Set { policy, item: (p, s, n) });
    let reserve = (any::<bool>(), changes(0, 6)).prop_map(|(due, items)| Ask::Reserve { due, items });
    let status =
        prop::sample::select(vec![OrderStatus::Draft, OrderStatus::Pending, OrderStatus::Confirmed, OrderStatus::Fulfilled]);
    let lines = prop::collection::vec((place().prop_map(|p| p.0), 0..8i64), 1..4);
    let create = (status, any::<bool>(), 0..STORES, lines, any::<bool>(), prop::option::weighted(0.3, n.clone()))
        .prop_map(|(status, due, store, lines, charge, takes)| Ask::Create { status, due, store, lines, charge, takes });
    let part = prop::option::of((n.clone(), 0..6i64));
    let fulfil =
        (n.clone(), prop::option::of(0..STORES), part).prop_map(|(order, store, part)| Ask::Fulfil { order, store, part });
    let disposition = prop::sample::select(Disposition::ALL);
    let back = (n.clone(), n.clone(), 0..5i64, 0..STORES, disposition)
        .prop_map(|(order, line, quantity, store, disposition)| Ask::Return { order, line, quantity, store, disposition });
    prop_oneof![
        6 => adjust, 2 => set, 3 => reserve, 2 => n.clone().prop_map(Ask::Release), 2 => n.clone().prop_map(Ask::Expire),
        6 => create, 3 => n.clone().prop_map(Ask::Confirm), 6 => fulfil, 2 => n.clone().prop_map(Ask::Cancel),
        2 => n.clone().prop_map(Ask::ExpireOrder), 1 => n.clone().prop_map(Ask::Close), 3 => back, 3 => n.prop_map(Ask::Reverse),
    ]
}
fn groups() -> impl Strategy<Value = Vec<Group>> {
    let echo = prop_oneof![6 => Just(Echo::Once), 1 => Just(Echo::Same), 1 => Just(Echo::Other)];
    prop::collection::vec(prop::collection::vec((ask_strategy(), echo), 1..9), 5..30)
}

/// IDs in the ledger of the objects that the model numbers.
#[derive(Default)]
struct Names {
    holds: Vec<ReservationId>,
    orders: Vec<OrderId>,
    movements: Vec<Movement>,
}

/// Points a random number at something that exists; None when nothing does.
fn settle(ask: &Ask, model: &Model) -> Option<Ask> {
    let pick = |n: &usize, len: usize| (len > 0).then(|| n % len.max(1));
    let (holds, orders) = (model.free.len(), model.orders.len());
    Some(match ask {
        Ask::Release(n) => Ask::Release(pick(n, holds)?),
        Ask::Expire(n) => Ask::Expire(pick(n, holds)?),
        Ask::Confirm(n) => Ask::Confirm(pick(n, orders)?),
        Ask::Cancel(n) => Ask::Cancel(pick(n, orders)?),
        Ask::ExpireOrder(n) => Ask::ExpireOrder(pick(n, orders)?),
        Ask::Close(n) => Ask::Close(pick(n, orders)?),
        Ask::Reverse(n) => Ask::Reverse(pick(n, model.movements())?),
        Ask::Fulfil { order, store, part } => {
            let order = pick(order, orders)?;
            let part = part.map(|(line, quantity)| (line % model.orders[order].lines.len(), quantity));
            Ask::Fulfil { order, store: *store, part }
        }
        Ask::Return { order, line, quantity, store, disposition } => {
            let order = pick(order, orders)?;
            let products = model.orders[order].lines.iter().filter(|line| line.product.is_some()).count();
            Ask::Return { order, line: line % products, quantity: *quantity, store: *store, disposition: *disposition }
        }
        Ask::Create { status, due, store, lines, charge, takes } => {
            let takes = takes.and_then(|n| pick(&n, holds));
            Ask::Create { status: *status, due: *due, store: *store, lines: lines.clone(), charge: *charge, takes }
        }
        other => other.clone(),
    })
}

const FAR: Timestamp = Timestamp(4_000_000_000_000_000);
const LONG_AGO: Timestamp = Timestamp(1);

fn command(ask: &Ask, make: &CommandFactory, names: &Names, model: &Model) -> (&'static str, Command) {
    let all = || make.keys(0..ARCHIVED);
    match ask {
        Ask::Adjust { kind, policy, changes } => {
            ("stockAdjust", Command::of(StockCommand::Adjust(make.adjusting(*kind, *policy, changes))))
        }
        Ask::Set { policy, item: (p, s, n) } => {
            ("stockSet", Command::of(StockCommand::Set(make.setting(*policy, &[(*p, *s, *n, Compare::Unconditional)]))))
        }
        Ask::Reserve { due, items } => {
            ("stockReserve", Command::of(StockCommand::Reserve(make.reserving(Some(if *due { LONG_AGO } else { FAR }), items))))
        }
        Ask::Release(n) => ("stockRelease", Command::of(StockCommand::Release(make.releasing(&[names.holds[*n]]), all()))),
        Ask::Expire(n) => ("expire", Command::of(StockCommand::Expire(make.expiring(&[names.holds[*n]]), all()))),
        Ask::Create { status, due, store, lines, charge, takes } => {
            let status = match status {
                OrderStatus::Draft => NewStatus::Draft,
                OrderStatus::Pending => NewStatus::Pending { until: if *due { LONG_AGO } else { FAR } },
                OrderStatus::Confirmed => NewStatus::Confirmed,
                _ => NewStatus::Fulfilled,
            };
            let mut create = make.creating(status, lines.iter().map(|(p, n)| make.line(*p, *n)).collect());
            create.store = make.stores[*store];
            create.lines.extend(charge.then(|| CommandFactory::charge(499)));
            create.reservations.extend(takes.map(|n| names.holds[n]));
            ("orderCreate", Command::of(OrderCommand::Create(Box::new(create), all())))
        }
        Ask::Confirm(n) => {
            ("orderConfirm", Command::of(OrderCommand::Confirm(Box::new(make.act(names.orders[*n]).into()), all())))
        }
        Ask::Fulfil { order, store, part } => {
            let part = part.map(|(line, quantity)| [(line as u16 + 1, quantity)]);
            let fulfil = make.fulfilling(names.orders[*order], *store, part.as_ref().map(|p| &p[..]));
            ("orderFulfil", Command::of(OrderCommand::Fulfil(fulfil, all())))
        }
        Ask::Cancel(n) => ("orderCancel", Command::of(OrderCommand::Cancel(make.act(names.orders[*n]), all()))),
        Ask::ExpireOrder(n) => ("orderExpire", Command::of(OrderCommand::Expire(make.act(names.orders[*n]), all()))),
        Ask::Close(n) => ("orderClose", Command::of(OrderCommand::Close(make.act(names.orders[*n])))),
        Ask::Return { order, line, quantity, store, disposition } => {
            let product = model.orders[*order].lines[*line].product.unwrap();
            let mut of = make.return_line(product, *quantity, *disposition);
            of.matches = vec![piece(names.orders[*order], *line as u16 + 1, *quantity)];
            let mut ret = make.returning(Receive::Now, vec![of]);
            ret.store = make.stores[*store];
            ("returnCreate", Command::of(ReturnCommand::Create(Box::new(ret))))
        }
        Ask::Reverse(n) => {
            ("stockReverse", Command::of(StockCommand::Reverse(make.reversing(names.movements[*n].clone(), Shortage::Refuse))))
        }
    }
}

/// Keeps the names of what an accepted command made.
fn name(ask: &Ask, receipt: &Receipt, names: &mut Names) {
    match ask {
        Ask::Adjust { .. } | Ask::Set { .. } => names.movements.extend(receipt.movements.last().cloned()),
        Ask::Reserve { .. } => names.holds.extend(receipt.reservations.iter().map(|r| r.id)),
        Ask::Create { .. } => names.orders.extend(receipt.documents.get::<OrderDecision>().unwrap().orders.iter().map(|o| o.id)),
        _ => {}
    }
}

/// A tenant of its own for a case, with its model.
struct Case<'a> {
    world: &'a World,
    tenant: TenantId,
    make: CommandFactory,
    model: Model,
    names: Names,
    keys: usize,
    /// Accepted commands with their keys, to be sent again at the end.
    sent: Vec<(Command, entrepot::storage::idempotency::Key, Option<i64>)>,
}

impl Case<'_> {
    /// Submits a group at once, so that it shares batches, and compares each answer with the model's.
    async fn group(&mut self, group: &[(Ask, Echo)]) {
        let settled: Vec<_> = group.iter().filter_map(|(ask, echo)| Some((settle(ask, &self.model)?, *echo))).collect();
        let mut submitted = Vec::new();
        for (ask, echo) in &settled {
            let (mutation, command) = command(ask, &self.make, &self.names, &self.model);
            self.keys += 1;
            let key = |input| self.make.idempotency(mutation, &format!("k{}", self.keys), input);
            submitted.push((command.clone(), key("input")));
            match echo {
                Echo::Once => {}
                Echo::Same => submitted.push((command, key("input"))),
                Echo::Other => submitted.push((command, key("another"))),
            }
        }
        let ledger = &self.world.ledger;
        let answers =
            join_all(submitted.iter().map(|(command, key)| ledger.submit(self.tenant, command.clone(), Some(key.clone()))));
        let answers: Vec<_> = answers.await.into_iter().collect::<Result<_, Fault>>().unwrap();
        let mut at = 0;
        for (ask, echo) in &settled {
            let expected = self.model.apply(ask);
            let answer = &answers[at];
            assert_eq!(answer.as_ref().map(|_| ()).map_err(code_of), expected, "{ask:?}");
            if let Ok(receipt) = answer {
                name(ask, receipt, &mut self.names);
                let (command, key) = submitted[at].clone();
                self.sent.push((command, key, receipt.seq));
            }
            at += 1;
            if *echo == Echo::Once {
                continue;
            }
            match (answer, &answers[at]) {
                (Ok(first), Ok(again)) => {
                    assert_eq!(*echo, Echo::Same, "another input was accepted under the key of {ask:?}");
                    assert!(again.stored.is_some() && again.seq == first.seq, "{ask:?} was done twice");
                }
                (Ok(_), Err(refused)) => assert_eq!((*echo, code_of(refused)), (Echo::Other, "KEY_REUSED"), "{ask:?}"),
                // A refusal claims no key: the second is decided like the first.
                (Err(first), again) => assert_eq!(again.as_ref().map(|_| ()).map_err(code_of), Err(code_of(first)), "{ask:?}"),
            }
            at += 1;
        }
        self.compare().await;
    }

    async fn compare(&self) {
        let scope = self.world.db.tenant(self.tenant);
        let keys: Vec<_> = self.make.keys(0..ARCHIVED);
        let rows = entrepot::stock::rows::read_levels(&scope, &keys).await.unwrap();
        for (index, key) in keys.iter().enumerate() {
            let row = rows.iter().find(|level| level.key == *key);
            let row = row.map_or([0; 3], |l| [l.on_hand, l.reserved, l.unavailable].map(Quantity::get));
            let place = (index / STORES, index % STORES);
            assert_eq!(row, self.model.levels.get(&place).copied().unwrap_or_default(), "level of {place:?}");
        }
        let (ids, expected) = self.held();
        let rows = select_reservations(&scope, ReservationSelection::Ids(&ids)).await.unwrap();
        for (id, expected) in ids.iter().zip(expected) {
            let remaining = rows.iter().find(|row| row.id == *id).map_or(-1, |row| row.remaining.get());
            assert_eq!(remaining, expected, "what remains of {id}");
        }
        let rows = orders(&scope, &self.names.orders).await.unwrap();
        for (id, order) in self.names.orders.iter().zip(&self.model.orders) {
            let row = rows.iter().find(|row| row.id == *id).unwrap();
            assert_eq!(row.status, order.status);
            for (line, expected) in row.lines.iter().zip(&order.lines) {
                let counters = [line.open, line.backordered, line.cancelled, line.fulfilled, line.returned].map(Quantity::get);
                let e = expected;
                assert_eq!(counters, [e.open, e.backordered, e.cancelled, e.fulfilled, e.returned]);
            }
        }
    }

    /// Every hold, and what should remain of it.
    fn held(&self) -> (Vec<ReservationId>, Vec<i64>) {
        let free = self.model.free.iter().zip(&self.names.holds).map(|(n, id)| (*id, self.model.holds[*n].remaining));
        let of_orders = self.model.holds.iter().filter_map(|hold| {
            let (order, position) = hold.line?;
            Some((self.names.orders[order].line(position as u16 + 1), hold.remaining))
        });
        free.chain(of_orders).unzip()
    }

    /// Everything that was accepted, sent again: nothing moves.
    async fn resend(&self) {
        for (command, key, seq) in self.sent.iter().step_by(5) {
            let again = self.world.ledger.submit(self.tenant, command.clone(), Some(key.clone())).await.unwrap().unwrap();
            assert!(again.stored.is_some() && again.seq == *seq, "{key:?} was done twice");
        }
        self.compare().await;
    }
}

/// A confirmed draft makes its hold newer than its ID suggests; alone in its batch, the moment of
/// the confirmation decides, as in production.
fn apart(groups: Vec<Group>) -> Vec<Group> {
    let mut out = Vec::new();
    for group in groups {
        let mut current = Vec::new();
        for one in group {
            if matches!(one.0, Ask::Confirm(_)) {
                out.extend([std::mem::take(&mut current), vec![one]]);
            } else {
                current.push(one);
            }
        }
        out.push(current);
    }
    out.retain(|group| !group.is_empty());
    out
}

async fn run(world: &World, groups: Vec<Group>) {
    let (tenant, make) = new_tenant(&world.db, &world.clock).await;
    let (model, names) = (Model::default(), Names::default());
    let mut case = Case { world, tenant, make, model, names, keys: 0, sent: Vec::new() };
    for group in apart(groups) {
        case.group(&group).await;
    }
    case.resend().await;
    let report = verify_tenant(&world.db, tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report}");
}

/// `ENTREPOT_SEED` (64 hex digits) repeats a run, `ENTREPOT_CASES` makes it longer.
fn explore(cases: u32, world: impl AsyncFnOnce() -> Option<World>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let Some(world) = runtime.block_on(world()) else { return };
    let drawn = || format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    let seed: String = env::var("ENTREPOT_SEED").unwrap_or_else(|_| drawn());
    let cases = env::var("ENTREPOT_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    println!("ENTREPOT_SEED={seed} ENTREPOT_CASES={cases}");
    let bytes: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&seed[2 * i..2 * i + 2], 16).unwrap()).collect();
    let config = ProptestConfig { cases, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let outcome = runner.run(&groups(), |groups| {
        runtime.block_on(run(&world, groups));
        Ok(())
    });
    if outcome.is_ok() {
        runtime.block_on(world.verify());
    }
    if let Err(failure) = outcome {
        panic!("ENTREPOT_SEED={seed}\n{failure}");
    }
}

#[test]
fn random_commands_agree_with_the_model_on_sqlite() {
    explore(24, async || Some(World::sqlite().await));
}

#[test]
fn random_commands_agree_with_the_model_on_postgres() {
    explore(16, World::postgres);
}
