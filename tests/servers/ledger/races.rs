//! Many at once: on one level, on two processes, with commands that cannot succeed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entity::prelude::*;
use entrepot::{
    clock::Clock,
    ledger::{Command, Grouping, Ledger, Outcome, Receipt, StockCommand},
    orders::StoredOrder,
    orders::core::{NewStatus, OrderCommand},
    stock::core::{Reason, Rejection, Shortage},
    storage::{Fault, Reads, group_commit, journal},
};
use futures_util::future::join_all;

use super::{
    by_database::{by_database, on_postgres},
    factory::CommandFactory,
    scenario::code_of,
    world::{MUG, RICE, WRAPPING, World},
};

async fn all(ledger: &Ledger, tenant: TenantId, commands: Vec<Command>) -> Vec<Outcome> {
    let tasks = commands.into_iter().map(|command| {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.submit(tenant, command, None).await })
    });
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}
fn accepted(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, Ok(Ok(_)))).count()
}
/// Every refusal is for want of stock.
fn assert_short(outcomes: &[Outcome]) {
    for outcome in outcomes {
        match outcome {
            Ok(Ok(_)) => {}
            Ok(Err(refused)) => assert_eq!(code_of(refused), "INSUFFICIENT"),
            Err(fault) => panic!("a fault: {fault}"),
        }
    }
}

async fn sixty_four_clients_never_oversell(world: World) {
    world.stock(MUG, 0, 40).await;
    // Sales, holds and orders of one mug each: forty of the sixty-four can be served.
    let commands = (0..64).map(|n| match n % 3 {
        0 => world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)]),
        1 => Command::of(StockCommand::Reserve(world.make.reserving(None, &[(MUG, 0, 1)]))),
        _ => world.make.order(NewStatus::Confirmed, &[(MUG, 1)]).1,
    });
    let outcomes = all(&world.ledger, world.tenant, commands.collect()).await;
    assert_short(&outcomes);
    assert_eq!(accepted(&outcomes), 40);
    let [on_hand, reserved, _] = world.level(world.mugs()).await;
    assert_eq!(on_hand - reserved, 0);
    world.verify().await;
}

async fn two_processes_apply_each_key_once(world: World) {
    world.stock(MUG, 0, 150).await;
    world.stock(RICE, 0, 150).await;
    let other = world.second_process().await;
    // Each key is sent to both processes at once, on crossing sets of levels: what would deadlock, would here.
    let jobs = (0..200).map(|n| {
        let (a, b) = if n % 2 == 0 { ((MUG, 0), (RICE, 0)) } else { ((RICE, 0), (MUG, 0)) };
        let command = match n % 4 {
            0 | 1 => world.make.adjust(MovementKind::Sale, &[(a.0, a.1, -1), (b.0, b.1, -1)]),
            2 => world.make.order(NewStatus::Confirmed, &[(a.0, 1), (b.0, 1)]).1,
            _ => world.make.order(NewStatus::Fulfilled, &[(b.0, 1), (a.0, 1)]).1,
        };
        let mutation = if n % 4 < 2 { "stockAdjust" } else { "orderCreate" };
        let key = world.make.idempotency(mutation, &format!("key {n}"), "input");
        let (first, second, tenant) = (world.ledger.clone(), other.clone(), world.tenant);
        tokio::spawn(async move {
            let both = (first.submit(tenant, command.clone(), Some(key.clone())), second.submit(tenant, command, Some(key)));
            tokio::join!(both.0, both.1)
        })
    });
    let mut applied_keys = BTreeSet::new();
    for pair in join_all(jobs).await {
        let (first, second) = pair.unwrap();
        match (first.unwrap(), second.unwrap()) {
            (Ok(a), Ok(b)) => {
                assert_eq!(a.seq, b.seq, "both answers are the same");
                assert_eq!(usize::from(a.stored.is_some()) + usize::from(b.stored.is_some()), 1, "one of them is the first");
                assert!(applied_keys.insert(a.seq.unwrap()), "a number was given twice");
            }
            (Err(a), Err(b)) => assert_eq!((code_of(&a), code_of(&b)), ("INSUFFICIENT", "INSUFFICIENT")),
            (a, b) => panic!("one was accepted and one refused: {:?} {:?}", a.map(|_| ()), b.map(|_| ())),
        }
    }
    assert_eq!(applied_keys.len(), 150, "as many as there was stock for");
    let [on_hand, reserved, _] = world.level(world.mugs()).await;
    assert_eq!(on_hand, reserved);
    world.verify().await;
}

async fn two_processes_never_wait_for_each_other(world: World) {
    world.stock(MUG, 0, 100_000).await;
    let other = world.second_process().await;
    let over = AtomicBool::new(false);
    // Decisions of one process are overtaken by the other again and again, and are then made with locks.
    let sell = async |ledger: &Ledger| {
        let mut sold = 0;
        while !over.load(Ordering::Relaxed) {
            let sale = || world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)]);
            sold += accepted(&join_all((0..4).map(|_| ledger.submit(world.tenant, sale(), None))).await);
        }
        sold as i64
    };
    let watch = async {
        let knots = "SELECT 1 FROM pg_stat_activity a JOIN pg_stat_activity b ON b.pid = ANY(pg_blocking_pids(a.pid))
            WHERE a.datname = current_database() AND a.pid = ANY(pg_blocking_pids(b.pid))";
        for _ in 0..25 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            assert!(world.db.global().rows(knots, vec![]).await.unwrap().is_empty(), "two wait for each other");
        }
        over.store(true, Ordering::Relaxed);
    };
    let (ours, theirs, ()) = tokio::join!(sell(&world.ledger), sell(&other), watch);
    assert!(ours > 0 && theirs > 0, "{ours} {theirs}");
    assert_eq!(world.level(world.mugs()).await, [100_000 - ours - theirs, 0, 0]);
    world.verify().await;
}

async fn two_processes_touch_a_new_level_first(world: World) {
    let other = world.second_process().await;
    for round in 0..10 {
        let product = world.make.clock.id();
        let scope = world.scope();
        let work = scope.begin().await.unwrap();
        let sql = "INSERT INTO product SELECT * FROM (SELECT tenant_id, CAST($2 AS uuid), 'n' || $3, 'n' || $3, name, name_key, description, status,
            stock_policy, category_id, supplier_id, family_id, options, former_skus, unit_code, unit_decimals, price_minor, price_currency,
            cost_minor, cost_currency, low_stock_threshold, metadata, search_text, version, created_at, updated_at
            FROM product WHERE tenant_id = $1 AND sku = 'p0') p";
        work.execute(sql, vec![product.into(), round.to_string().into()]).await.unwrap();
        work.commit().await.unwrap();
        let mut make = world.make.clone();
        make.products[MUG] = product;
        let commands = |n| (0..n).map(|_| make.adjust(MovementKind::Receipt, &[(MUG, 0, 1), (MUG, 1, 1)])).collect();
        let (a, b) = tokio::join!(all(&world.ledger, world.tenant, commands(8)), all(&other, world.tenant, commands(8)));
        assert_eq!((accepted(&a), accepted(&b)), (8, 8), "{a:?} {b:?}");
        assert_eq!(world.level(make.key(MUG, 0)).await, [16, 0, 0]);
    }
    world.verify().await;
}

async fn two_processes_act_on_one_order(world: World) {
    world.stock(MUG, 0, 100).await;
    let other = world.second_process().await;
    for round in 0..30 {
        let status = if round % 2 == 0 { NewStatus::Fulfilled } else { NewStatus::Confirmed };
        let (id, create) = world.make.order(status, &[(MUG, 1), (WRAPPING, 1)]);
        world.submit(create).await.unwrap();
        // A sold order can be closed once; a confirmed one is shipped or cancelled, not both.
        let command = |n: usize| match (status, n % 2) {
            (NewStatus::Fulfilled, _) => Command::of(OrderCommand::Close(world.make.act(id))),
            (_, 0) => Command::of(OrderCommand::Cancel(world.make.act(id), world.make.keys([MUG]))),
            _ => Command::of(OrderCommand::Fulfil(world.make.fulfilling(id, None, None), world.make.keys([MUG]))),
        };
        let (one, two) = (vec![command(round / 2)], vec![command(round / 2 + 1)]);
        let (mut outcomes, more) = tokio::join!(all(&world.ledger, world.tenant, one), all(&other, world.tenant, two));
        outcomes.extend(more);
        assert_eq!(accepted(&outcomes), 1, "{outcomes:?}");
        let refused = outcomes.iter().find_map(|outcome| outcome.as_ref().unwrap().as_ref().err());
        assert_eq!(refused.map(code_of), Some("INVALID_STATE"));
    }
    world.verify().await;
}

async fn a_poisoned_command_fails_alone(world: World) {
    world.stock(MUG, 0, 100).await;
    let first = world.submit(world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)])).await.unwrap();
    let sale = |_| world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)]);
    // One with the id of a movement that exists already: the database refuses it.
    let mut twin = world.make.adjusting(MovementKind::Sale, Shortage::Refuse, &[(MUG, 0, -1)]);
    twin.head.id = first.movements[0].id;
    // One that a rule panics on: no movement ever had such an entry.
    let mut absurd = first.movements[0].clone();
    absurd.id = world.clock.document_id();
    absurd.entries[0].on_hand_delta = i64::MIN;
    let poisons = [
        Command::of(StockCommand::Adjust(twin)),
        Command::of(StockCommand::Reverse(world.make.reversing(absurd, Shortage::Refuse))),
    ];
    for (round, poison) in poisons.into_iter().enumerate() {
        let mut commands: Vec<Command> = (0..20).map(sale).collect();
        commands.insert(10, poison);
        let answers = join_all(commands.into_iter().map(|command| world.outcome(command, None))).await;
        assert_eq!(accepted(&answers), 20, "round {round}");
        assert!(matches!(answers[10], Err(Fault::Database(_) | Fault::Broken(_))), "{:?}", answers[10]);
    }
    assert_eq!(world.level(world.mugs()).await, [59, 0, 0]);
    world.verify().await;
}

async fn a_product_deleted_underneath_fails_alone(world: World) {
    world.stock(MUG, 0, 10).await;
    let mut make = world.make.clone();
    make.products[RICE] = world.clock.id();
    let commands = [
        world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)]),
        make.adjust(MovementKind::Receipt, &[(RICE, 0, 5)]),
        world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)]),
    ];
    let answers = join_all(commands.into_iter().map(|command| world.outcome(command, None))).await;
    assert!(matches!(&answers[1], Ok(Err(Rejection { why: Reason::NotFound(_), .. }))), "{:?}", answers[1]);
    assert_eq!((accepted(&answers), world.level(world.mugs()).await), (2, [8, 0, 0]));
}

async fn one_key_twice_in_a_batch_is_done_once(world: World) {
    world.stock(MUG, 0, 10).await;
    let key = |input| Some(world.make.idempotency("stockAdjust", "k", input));
    let sale = |n: i64| world.make.adjust(MovementKind::Sale, &[(MUG, 0, -n)]);
    let answers = join_all([
        // Refused, so that it claims nothing.
        world.outcome(sale(11), key("eleven")),
        world.outcome(sale(2), key("two")),
        world.outcome(sale(2), key("two")),
        world.outcome(sale(3), key("three")),
    ])
    .await;
    let codes: Vec<_> =
        answers.iter().map(|a| a.as_ref().unwrap().as_ref().map(|r| r.stored.is_some()).map_err(code_of)).collect();
    assert_eq!(codes, [Err("INSUFFICIENT"), Ok(false), Ok(true), Err("KEY_REUSED")]);
    // The same text is another key for another mutation, and for another owner.
    let reserve = Command::of(StockCommand::Reserve(world.make.reserving(None, &[(MUG, 0, 1)])));
    let other = Some(world.make.idempotency("stockReserve", "k", "two"));
    assert!(world.outcome(reserve, other).await.unwrap().unwrap().stored.is_none());
    let mut stranger = key("two").unwrap();
    stranger.owner = world.clock.uuid();
    assert!(world.outcome(sale(2), Some(stranger)).await.unwrap().unwrap().stored.is_none());
    assert_eq!(world.level(world.mugs()).await, [6, 1, 0]);
    world.verify().await;
}

async fn a_key_that_took_the_last_is_not_refused_for_want_of_it(world: World) {
    world.stock(MUG, 0, 10).await;
    let sale = |n: i64| world.make.adjust(MovementKind::Sale, &[(MUG, 0, -n)]);
    let key = |key, input| Some(world.make.idempotency("stockAdjust", key, input));
    let first = world.outcome(sale(10), key("all", "ten")).await.unwrap().unwrap();
    let is_first = |outcome: &Outcome| matches!(outcome, Ok(Ok(again)) if again.stored.is_some() && again.seq == first.seq);
    // Each time a process that has not met a repeated key yet. Alone: it would be refused.
    let fresh = world.second_process().await;
    assert!(is_first(&fresh.submit(world.tenant, sale(10), key("all", "ten")).await));
    // Beside others, new ones and refused ones, with little there and with much.
    for (stock, left) in [(5, 4), (20, 23)] {
        world.stock(MUG, 0, stock).await;
        let fresh = world.second_process().await;
        let ask = |n, with| fresh.submit(world.tenant, sale(n), with);
        let name = if stock == 5 { "one" } else { "another" };
        let answers = join_all([ask(1, key(name, "one")), ask(10, key("all", "ten")), ask(99, key("many", "many"))]).await;
        assert!(matches!(&answers[0], Ok(Ok(new)) if new.stored.is_none()), "{:?}", answers[0]);
        assert!(is_first(&answers[1]), "{stock}: {:?}", answers[1]);
        assert!(matches!(&answers[2], Ok(Err(Rejection { why: Reason::Insufficient { .. }, .. }))), "{:?}", answers[2]);
        assert_eq!(world.level(world.mugs()).await, [left, 0, 0]);
    }
    let fresh = world.second_process().await;
    let reused = fresh.submit(world.tenant, sale(1), key("all", "one")).await;
    assert!(matches!(reused, Ok(Err(Rejection { why: Reason::KeyReused, .. }))), "{reused:?}");
    world.verify().await;
}

async fn keys_of_every_mutation_survive_a_restart(world: World) {
    world.stock(MUG, 0, 10).await;
    let (id, create) = world.make.order(NewStatus::Fulfilled, &[(MUG, 1)]);
    world.submit(create).await.unwrap();
    let close = || Command::of(OrderCommand::Close(world.make.act(id)));
    let key = || Some(world.make.idempotency("orderClose", "k", "close"));
    let first: Receipt = world.outcome(close(), key()).await.unwrap().unwrap();
    let later = world.second_process().await;
    let again = later.submit(world.tenant, close(), key()).await.unwrap().unwrap();
    assert_eq!((again.seq, again.stored.unwrap().part::<StoredOrder>().order), (first.seq, Some(id)));
}

async fn a_full_queue_says_so_at_once(world: World) {
    world.stock(MUG, 0, 1_000_000).await;
    let most = 3 * group_commit::QUEUE;
    let sale = || world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)]);
    let outcomes = join_all((0..most).map(|_| world.outcome(sale(), None))).await;
    let overloaded = outcomes.iter().filter(|o| matches!(o, Err(Fault::Overloaded))).count();
    assert!(overloaded > 0, "nothing was turned away of {most}");
    assert_eq!(accepted(&outcomes) + overloaded, most, "every command was done or turned away");
    let accepted_count = (most - overloaded) as i64;
    assert_eq!(world.level(world.mugs()).await, [1_000_000 - accepted_count, 0, 0]);
    world.verify().await;
}

async fn what_is_not_committed_never_was(world: World) {
    world.stock(MUG, 0, 10).await;
    let head = world.scope().head().await.unwrap().seq;
    for ending in 0..2 {
        let mut work = world.scope().begin().await.unwrap();
        work.execute("UPDATE stock_level SET on_hand = 7 WHERE tenant_id = $1", vec![]).await.unwrap();
        let event = entrepot::catalog::events::PRODUCT_UPDATED.with_text("{}".to_owned());
        journal::append(&mut work, vec![event], world.clock.now()).await.unwrap();
        assert_eq!(journal::head(&work).await.unwrap().seq, head + 1);
        // Dropped as a process that is killed drops it, or rolled back in order.
        if ending == 0 { drop(work) } else { work.rollback().await.unwrap() }
    }
    assert_eq!(world.scope().head().await.unwrap().seq, head);
    assert_eq!(world.level(world.mugs()).await, [10, 0, 0]);
    // A client that was cut off may come back with the same key and finds nothing done.
    let key = Some(world.make.idempotency("stockAdjust", "k", "x"));
    let first = world.outcome(world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)]), key).await.unwrap().unwrap();
    assert_eq!((first.seq, first.stored), (Some(head + 1), None));
    world.verify().await;
}

async fn whoever_stops_waiting_loses_nothing(world: World) {
    world.stock(MUG, 0, 50).await;
    let key = |n: i32| Some(world.make.idempotency("stockAdjust", &format!("k{n}"), "x"));
    let sale = || world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)]);
    for n in 0..20 {
        // The caller's patience ends while its command is on the way: not known to be done.
        let _ = tokio::time::timeout(Duration::from_micros(200), world.outcome(sale(), key(n))).await;
    }
    for n in 0..20 {
        world.outcome(sale(), key(n)).await.unwrap().unwrap();
    }
    assert_eq!(world.level(world.mugs()).await, [30, 0, 0]);
    world.verify().await;
}

async fn a_dry_run_writes_nothing(world: World) {
    world.stock(MUG, 0, 10).await;
    let head = world.scope().head().await.unwrap();
    for taken in [4, 11] {
        let sale = world.make.adjust(MovementKind::Sale, &[(MUG, 0, -taken)]);
        assert_eq!(world.ledger.validate(world.tenant, &sale, None).await.unwrap().is_ok(), taken == 4);
    }
    assert_eq!((world.scope().head().await.unwrap(), world.level(world.mugs()).await), (head, [10, 0, 0]));
    let keys = world.scope().rows("SELECT count(*) FROM idempotency WHERE tenant_id = $1", vec![]).await.unwrap();
    assert_eq!(keys[0].try_get_by_index::<i64>(0).unwrap(), 0);
}

async fn the_busiest_clock_never_turns_time_back(world: World) {
    // A second process whose clock is years ahead writes first; ours continues from there.
    let ahead = Ledger::start(world.db.clone(), Clock::system(), Grouping::Together, entrepot::documents()).unwrap();
    let receipt = |make: &CommandFactory| make.adjust(MovementKind::Receipt, &[(MUG, 0, 1)]);
    ahead.submit(world.tenant, receipt(&world.make), None).await.unwrap().unwrap();
    world.submit(receipt(&world.make)).await.unwrap();
    ahead.submit(world.tenant, receipt(&world.make), None).await.unwrap().unwrap();
    // Nor within the tenant: another level, which the busy one has not written.
    world.stock(MUG, 1, 1).await;
    ahead.submit(world.tenant, receipt(&world.make), None).await.unwrap().unwrap();
    world.verify().await;
}

by_database!(
    sixty_four_clients_never_oversell,
    a_poisoned_command_fails_alone,
    a_product_deleted_underneath_fails_alone,
    one_key_twice_in_a_batch_is_done_once,
    a_key_that_took_the_last_is_not_refused_for_want_of_it,
    keys_of_every_mutation_survive_a_restart,
    a_full_queue_says_so_at_once,
    what_is_not_committed_never_was,
    whoever_stops_waiting_loses_nothing,
    a_dry_run_writes_nothing,
    the_busiest_clock_never_turns_time_back,
);
mod two {
    use super::{
        World, on_postgres, two_processes_act_on_one_order, two_processes_apply_each_key_once,
        two_processes_never_wait_for_each_other, two_processes_touch_a_new_level_first,
    };
    on_postgres!(
        two_processes_act_on_one_order,
        two_processes_apply_each_key_once,
        two_processes_never_wait_for_each_other,
        two_processes_touch_a_new_level_first,
    );
}
