//! Many tenants at once: they share transactions, and none of them anything else.

use std::time::Duration;

use entity::prelude::*;
use entrepot::{
    audit::{AuditWriter, verify},
    ledger::{Command, Grouping, Ledger, Outcome},
    orders::core::{NewStatus, OrderCommand},
    stock::rows::read_levels,
    storage::{HeadBoundRows, journal},
};
use futures_util::future::join_all;
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    by_database::{by_database, on_postgres},
    factory::CommandFactory,
    scenario::code_of,
    world::{MUG, RICE, World, new_tenant},
};
use crate::world::ring;

const TENANTS: usize = 12;

type Tenant = (TenantId, CommandFactory);

/// Tenants with so many mugs and so much rice in the first store.
async fn tenants(world: &World, ledger: &Ledger, count: usize, stock: i64) -> Vec<Tenant> {
    let mut all = Vec::new();
    for _ in 0..count {
        let (tenant, make) = new_tenant(&world.db, &world.clock).await;
        for product in [MUG, RICE] {
            ledger.submit(tenant, receipt(&make, product, stock), None).await.unwrap().unwrap();
        }
        all.push((tenant, make));
    }
    all
}

fn receipt(make: &CommandFactory, product: usize, units: i64) -> Command {
    make.adjust(MovementKind::Receipt, &[(product, 0, units)])
}
fn sale(make: &CommandFactory, units: i64) -> Command {
    make.adjust(MovementKind::Sale, &[(MUG, 0, -units)])
}

async fn mugs(world: &World, (tenant, make): &Tenant) -> [i64; 2] {
    let levels = read_levels(&world.db.tenant(*tenant), &[make.key(MUG, 0)]).await.unwrap();
    levels.first().map_or([0; 2], |level| [level.on_hand, level.reserved].map(Quantity::get))
}

async fn head(world: &World, tenant: TenantId) -> i64 {
    world.db.tenant(tenant).head().await.unwrap().seq
}

/// A ledger that writes the audit log too, as a node's does.
async fn audited(world: &World) -> Ledger {
    let audit_writer = AuditWriter::new(ring(&world.db, &world.clock).await, world.clock.clone());
    Ledger::with_audit_writer(world.db.clone(), world.clock.clone(), Grouping::Together, entrepot::documents(), audit_writer)
        .unwrap()
}

async fn none_oversells_while_all_sell_at_once(world: World) {
    for ledger in [world.ledger.clone(), audited(&world).await] {
        let all = tenants(&world, &ledger, TENANTS, 20).await;
        let sales = all.iter().flat_map(|(tenant, make)| {
            let ledger = &ledger;
            (0..30).map(move |n| async move {
                let command = if n % 3 == 0 { make.order(NewStatus::Confirmed, &[(MUG, 1)]).1 } else { sale(make, 1) };
                ledger.submit(*tenant, command, None).await
            })
        });
        let outcomes: Vec<Outcome> = join_all(sales).await;
        let sold = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Ok(_)))).count();
        assert_eq!(sold, 20 * TENANTS);
        for outcome in &outcomes {
            if let Err(refused) = outcome.as_ref().unwrap() {
                assert_eq!(code_of(refused), "INSUFFICIENT");
            }
        }
        for tenant in &all {
            let [on_hand, reserved] = mugs(&world, tenant).await;
            assert_eq!(on_hand - reserved, 0);
        }
    }
    world.verify().await;
}

async fn a_refusal_of_one_is_nothing_to_the_others(world: World) {
    let all = tenants(&world, &world.ledger, 4, 10).await;
    let key = |n: usize| Some(all[n].1.idempotency("stockAdjust", "the same text", "x"));
    let ask = |n: usize, units| world.ledger.submit(all[n].0, sale(&all[n].1, units), key(n));
    let first = join_all([ask(0, 1), ask(1, 11), ask(2, 2), ask(3, 3)]).await;
    let is_accepted: Vec<bool> = first.iter().map(|outcome| outcome.as_ref().unwrap().is_ok()).collect();
    assert_eq!(is_accepted, [true, false, true, true]);
    // The same key of another tenant is another key; a repeated one is answered alone.
    let again = join_all([ask(0, 1), ask(1, 1), ask(2, 2), ask(3, 3)]).await;
    let stored: Vec<bool> = again.iter().map(|outcome| outcome.as_ref().unwrap().as_ref().unwrap().stored.is_some()).collect();
    assert_eq!(stored, [true, false, true, true]);
    for (tenant, left) in all.iter().zip([9, 9, 8, 7]) {
        assert_eq!(mugs(&world, tenant).await, [left, 0]);
    }
    world.verify().await;
}

async fn one_that_was_overtaken_is_left_out_alone(world: World) {
    let all = tenants(&world, &world.ledger, 3, 5).await;
    let (mut heads, mut epochs) = (Vec::new(), Vec::new());
    for (tenant, _) in &all {
        let head = world.db.tenant(*tenant).head().await.unwrap();
        heads.push(head.seq);
        epochs.push(head.epoch);
    }
    let event = |seq| entrepot::catalog::events::PRODUCT_UPDATED.with_text("{}".to_owned()).with_seq(seq, world.clock.now());
    let write = |heads: &[i64]| {
        let at = |(((tenant, _), epoch), head): ((&Tenant, &Uuid), &i64)| {
            let (epoch, events) = (*epoch, vec![event(head + 1)]);
            let at_head =
                HeadBoundRows { head: *head, epoch, want: journal::CounterRequest::events(1), rows: vec![], events, link: None };
            (*tenant, at_head)
        };
        world.db.prepare(all.iter().zip(&epochs).zip(heads).map(at).collect()).unwrap()
    };
    // The second's head has moved on since.
    let stale = [heads[0], heads[1] - 1, heads[2]];
    let written = world.db.write_at(write(&stale)).await.unwrap();
    assert_eq!(written.overtaken.into_iter().collect::<Vec<_>>(), [all[1].0]);
    for ((tenant, _), expected) in all.iter().zip([heads[0] + 1, heads[1], heads[2] + 1]) {
        assert_eq!(head(&world, *tenant).await, expected);
        let events = journal::after(&world.db.tenant(*tenant), expected - 1, 10).await.unwrap();
        assert_eq!(events.len(), 1, "an event for each number");
    }
    // One that is left out afterwards is not written either, and leaving all out writes nothing.
    let mut prepared = write(&[heads[0] + 1, heads[1], heads[2] + 1]);
    prepared.leave_out(all[0].0);
    assert_eq!(world.db.write_at(prepared).await.unwrap().overtaken.into_iter().collect::<Vec<_>>(), [all[0].0]);
    assert_eq!(head(&world, all[0].0).await, heads[0] + 1);
    let mut prepared = write(&[heads[0] + 1, heads[1] + 1, heads[2] + 2]);
    all.iter().for_each(|(tenant, _)| prepared.leave_out(*tenant));
    assert_eq!(world.db.write_at(prepared).await.unwrap().overtaken.len(), 3);
    assert_eq!(head(&world, all[2].0).await, heads[2] + 2);
    // The same number in another epoch is another event: commands that were decided on the old
    // journal are not written.
    let work = world.db.global().maintenance_for(all[0].0).await.unwrap();
    work.execute("UPDATE tenant_counter SET epoch = $2 WHERE tenant_id = $1", vec![Uuid::nil().into()]).await.unwrap();
    work.commit().await.unwrap();
    let written = world.db.write_at(write(&[heads[0] + 1, heads[1] + 1, heads[2] + 2])).await.unwrap();
    assert_eq!(written.overtaken.into_iter().collect::<Vec<_>>(), [all[0].0]);
    let (tenant, make) = &all[0];
    world.ledger.submit(*tenant, sale(make, 1), None).await.unwrap().unwrap();
}

async fn a_connection_that_was_bound_ahead_serves_whoever_comes(world: World) {
    let all = tenants(&world, &world.ledger, 3, 5).await;
    let mut heads = Vec::new();
    for (tenant, _) in &all {
        heads.push(head(&world, *tenant).await);
    }
    let db = world.db.with_own_connections(1, 0);
    // For those who write then, for some of them, and for others.
    let rounds: [(&[usize], &[usize]); 5] =
        [(&[0], &[0]), (&[0, 1], &[0, 1]), (&[0, 1], &[1, 2]), (&[0, 1, 2], &[2]), (&[1], &[0, 1, 2])];
    for (ahead, writing) in rounds {
        let ahead: Vec<TenantId> = ahead.iter().map(|place| all[*place].0).collect();
        db.prebind_connection(&ahead).await;
        let mut rows = Vec::new();
        for (tenant, _) in writing.iter().map(|place| &all[*place]) {
            let head = world.db.tenant(*tenant).head().await.unwrap();
            let event = entrepot::catalog::events::PRODUCT_UPDATED.with_text("{}".to_owned());
            let events = vec![event.with_seq(head.seq + 1, world.clock.now())];
            let want = journal::CounterRequest::events(1);
            rows.push((*tenant, HeadBoundRows { head: head.seq, epoch: head.epoch, want, rows: vec![], events, link: None }));
        }
        let written = db.write_at(db.prepare(rows).unwrap()).await.unwrap();
        assert!(written.overtaken.is_empty(), "bound for {ahead:?}: {written:?}");
    }
    for ((tenant, _), before) in all.iter().zip(heads) {
        assert_eq!(head(&world, *tenant).await, before + 3, "each was in three of them");
    }
}

async fn a_poisoned_one_fails_alone(world: World) {
    let all = tenants(&world, &world.ledger, 4, 10).await;
    let (tenant, make) = &all[2];
    let first = world.ledger.submit(*tenant, sale(make, 1), None).await.unwrap().unwrap();
    // A command with the id of a movement that exists already: the database refuses it, and the whole transaction with it.
    let mut twin = make.adjusting(MovementKind::Sale, entrepot::stock::core::Shortage::Refuse, &[(MUG, 0, -1)]);
    twin.head.id = first.movements[0].id;
    let twin = Command::of(entrepot::ledger::StockCommand::Adjust(twin));
    let good = all.iter().map(|(tenant, make)| world.ledger.submit(*tenant, sale(make, 1), None));
    let (good, bad) = tokio::join!(join_all(good), world.ledger.submit(*tenant, twin, None));
    assert!(bad.is_err(), "{bad:?}");
    assert!(good.iter().all(|outcome| matches!(outcome, Ok(Ok(_)))), "{good:?}");
    for (tenant, left) in all.iter().zip([9, 9, 8, 9]) {
        assert_eq!(mugs(&world, tenant).await, [left, 0]);
    }
    // A tenant that is gone has no counter to hold: its commands are refused, and nothing is broken.
    let payload = world.ledger.submit(world.clock.id(), sale(make, 1), None).await;
    assert!(matches!(payload, Ok(Err(_))), "{payload:?}");
    world.verify().await;
}

async fn tenants_share_statements(world: World) {
    let all = tenants(&world, &world.ledger, TENANTS, 1_000).await;
    let wave = || join_all(all.iter().map(|(tenant, make)| world.ledger.submit(*tenant, sale(make, 1), None)));
    wave().await;
    let before = world.db.statements();
    let waves = 10;
    for _ in 0..waves {
        assert!(wave().await.iter().all(|outcome| matches!(outcome, Ok(Ok(_)))));
    }
    let statements = (world.db.statements() - before) as usize;
    // Each tenant alone would be a statement at least.
    assert!(statements < waves * TENANTS / 2, "{statements} statements for {waves} waves of {TENANTS} tenants");
    world.verify().await;
}

async fn what_is_decided_under_locks_is_written_by_one_statement(world: World) {
    world.stock(MUG, 0, 10).await;
    world.stock(RICE, 0, 10).await;
    for (ledger, name) in [(world.ledger.clone(), "one"), (audited(&world).await, "two")] {
        let (order, command) = world.make.order(NewStatus::Confirmed, &[(MUG, 1), (RICE, 1)]);
        ledger.submit(world.tenant, command, None).await.unwrap().unwrap();
        let fulfil = || Command::of(OrderCommand::Fulfil(world.make.fulfilling(order, None, None), Vec::new()));
        let key = world.make.idempotency("orderFulfil", name, "input");
        let before = world.db.statements();
        let first = ledger.submit(world.tenant, fulfil(), Some(key.clone())).await.unwrap().unwrap();
        let statements = world.db.statements() - before;
        // Writes rows of a dozen tables; the other statements read and lock. The key is not looked
        // up.
        assert!(statements <= 8, "{statements} statements");
        // The key is looked up if the command would be refused by now.
        let again = ledger.submit(world.tenant, fulfil(), Some(key)).await.unwrap().unwrap();
        assert!(again.stored.is_some() && again.seq == first.seq);
        let other = world.make.idempotency("orderFulfil", name, "other input");
        let reused = ledger.submit(world.tenant, fulfil(), Some(other)).await.unwrap();
        assert_eq!(reused.as_ref().map_err(code_of).err(), Some("KEY_REUSED"));
    }
    assert_eq!(world.level(world.mugs()).await, [8, 0, 0]);
    world.verify().await;
}

async fn a_key_that_comes_again_under_locks_is_met_by_its_own_row(world: World) {
    world.stock(MUG, 0, 10).await;
    let (order, command) = world.make.order(NewStatus::Confirmed, &[(MUG, 4)]);
    world.submit(command).await.unwrap();
    // A part is shipped, and the same shipment would be accepted again.
    let fulfil = || Command::of(OrderCommand::Fulfil(world.make.fulfilling(order, None, Some(&[(1, 1)])), Vec::new()));
    let key = world.make.idempotency("orderFulfil", "a part", "input");
    let first = world.outcome(fulfil(), Some(key.clone())).await.unwrap().unwrap();
    let again = world.outcome(fulfil(), Some(key)).await.unwrap().unwrap();
    assert!(again.stored.is_some() && again.seq == first.seq);
    assert_eq!(world.level(world.mugs()).await, [9, 3, 0]);
    world.verify().await;
}

async fn a_tenant_that_is_held_elsewhere_holds_up_no_other(world: World) {
    let all = tenants(&world, &world.ledger, TENANTS, 1_000).await;
    let wave = |all: &[Tenant]| {
        let sales = all.iter().map(|(tenant, make)| (*tenant, sale(make, 1))).collect::<Vec<_>>();
        let ledger = world.ledger.clone();
        async move { join_all(sales.into_iter().map(|(tenant, command)| ledger.submit(tenant, command, None))).await }
    };
    wave(&all).await;
    // Another node has the first tenant's counter, as one has that stopped while it wrote.
    let work = world.db.tenant(all[0].0).begin().await.unwrap();
    journal::hold(&work).await.unwrap();
    let task = tokio::spawn(wave(&all[..1]));
    // One that waited for the counter would wait for three seconds.
    for _ in 0..5 {
        let answers = timeout(Duration::from_secs(2), wave(&all[1..])).await.expect("the others wait for nobody");
        assert!(answers.iter().all(|outcome| matches!(outcome, Ok(Ok(_)))));
    }
    assert!(!task.is_finished(), "its counter is still held");
    work.rollback().await.unwrap();
    assert!(matches!(&task.await.unwrap()[..], [Ok(Ok(_))]));
    assert_eq!(mugs(&world, &all[0]).await, [998, 0]);
    world.verify().await;
}

async fn two_processes_write_many_tenants_and_apply_each_key_once(world: World) {
    let all = tenants(&world, &world.ledger, 6, 30).await;
    let other = world.second_process().await;
    let jobs = (0..240).map(|n| {
        let (tenant, make) = &all[n % all.len()];
        let command = if n % 4 == 0 { make.order(NewStatus::Confirmed, &[(MUG, 1), (RICE, 1)]).1 } else { sale(make, 1) };
        let mutation = if n % 4 == 0 { "orderCreate" } else { "stockAdjust" };
        let key = make.idempotency(mutation, &format!("key {n}"), "input");
        let (first, second, tenant) = (world.ledger.clone(), other.clone(), *tenant);
        tokio::spawn(async move {
            let both = (first.submit(tenant, command.clone(), Some(key.clone())), second.submit(tenant, command, Some(key)));
            tokio::join!(both.0, both.1)
        })
    });
    let mut done_count = 0;
    for pair in join_all(jobs).await {
        match pair.unwrap() {
            (Ok(Ok(a)), Ok(Ok(b))) => {
                assert_eq!(a.seq, b.seq, "both answers are the same");
                assert_eq!(usize::from(a.stored.is_some()) + usize::from(b.stored.is_some()), 1, "one of them is the first");
                done_count += 1;
            }
            (Ok(Err(a)), Ok(Err(b))) => assert_eq!((code_of(&a), code_of(&b)), ("INSUFFICIENT", "INSUFFICIENT")),
            (a, b) => panic!("{a:?} {b:?}"),
        }
    }
    assert_eq!(done_count, 6 * 30, "as many as there was stock for");
    world.verify().await;
}

async fn two_processes_under_locks_keep_one_log_and_apply_each_key_once(world: World) {
    world.stock(MUG, 0, 24).await;
    let ledgers = [audited(&world).await, audited(&world).await];
    // The log begins in the first round; in the others who waits for the counter finds an end that has moved.
    for round in 0..3 {
        let mut calls = Vec::new();
        for n in 0..4 {
            let (order, command) = world.make.order(NewStatus::Confirmed, &[(MUG, 2)]);
            world.submit(command).await.unwrap();
            // The first order is shipped whole, and a second shipment would be refused; the next is shipped in part, which could be repeated.
            let lines: Option<&[(u16, i64)]> = if n % 2 == 0 { None } else { Some(&[(1, 1)]) };
            let key = world.make.idempotency("orderFulfil", &format!("{round}, {n}"), "input");
            for ledger in &ledgers {
                let fulfil = Command::of(OrderCommand::Fulfil(world.make.fulfilling(order, None, lines), Vec::new()));
                calls.push(ledger.submit(world.tenant, fulfil, Some(key.clone())));
            }
        }
        let answers: Vec<_> = join_all(calls).await.into_iter().map(|outcome| outcome.unwrap().unwrap()).collect();
        for pair in answers.chunks(2) {
            assert_eq!(pair[0].seq, pair[1].seq, "both answers are the same");
            assert_eq!(pair.iter().filter(|receipt| receipt.stored.is_some()).count(), 1, "one of them is the first");
        }
    }
    assert_eq!(world.level(world.mugs()).await, [6, 6, 0]);
    let log = verify::verify_chain(&world.scope(), None, None).await.unwrap();
    assert!(log.is_ok() && log.entries == 12, "{log:?}");
    world.verify().await;
}

by_database!(
    none_oversells_while_all_sell_at_once,
    a_refusal_of_one_is_nothing_to_the_others,
    one_that_was_overtaken_is_left_out_alone,
    a_connection_that_was_bound_ahead_serves_whoever_comes,
    a_poisoned_one_fails_alone,
    a_key_that_comes_again_under_locks_is_met_by_its_own_row,
);
mod postgres_alone {
    use super::{
        World, a_tenant_that_is_held_elsewhere_holds_up_no_other, on_postgres, tenants_share_statements,
        two_processes_under_locks_keep_one_log_and_apply_each_key_once, two_processes_write_many_tenants_and_apply_each_key_once,
        what_is_decided_under_locks_is_written_by_one_statement,
    };
    on_postgres!(
        tenants_share_statements,
        a_tenant_that_is_held_elsewhere_holds_up_no_other,
        two_processes_write_many_tenants_and_apply_each_key_once,
        two_processes_under_locks_keep_one_log_and_apply_each_key_once,
        what_is_decided_under_locks_is_written_by_one_statement,
    );
}
