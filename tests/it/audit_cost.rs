//! Cost of the audit log for the ledger: a measurement, run by hand:
//!
//! `cargo nextest run --run-ignored only -E 'test(audit_cost)' --no-capture`

use std::{
    sync::{Arc, atomic::AtomicUsize, atomic::Ordering},
    time::Instant,
};

use entity::prelude::*;
use entrepot::{
    access::{kind, permit},
    audit::{AuditContext, AuditWriter, Origin},
    ledger::{
        Grouping, Ledger, Mode, ProductRef, StoreRef,
        shell::{AdjustInput, ChangeInput, stock_adjust},
    },
    stock::core::Shortage,
};

use crate::authorization::world::{Company, World};

const CLIENTS: usize = 64;
const CALLS: usize = 4_000;
const ROUNDS: usize = 5;

fn input(company: &Company, key: String) -> AdjustInput {
    let change = ChangeInput {
        product: ProductRef::Id(company.ids["prd"].parse().unwrap()),
        store: StoreRef::Id(company.ids["sto"].parse().unwrap()),
        delta: Quantity::new(1).unwrap(),
        expected_version: None,
        unit_cost: None,
        note: None,
        lot: None,
    };
    AdjustInput {
        idempotency_key: key,
        kind: MovementKind::Adjustment,
        reason: ReasonCode::Other,
        note: None,
        external_ref: None,
        occurred_at: None,
        on_shortage: Shortage::Refuse,
        changes: vec![change],
    }
}

/// Calls a second.
async fn load(world: &World, ledger: &Ledger, audit_writer: Option<&AuditWriter>, round: &str) -> f64 {
    let next = Arc::new(AtomicUsize::new(0));
    let started_at = Instant::now();
    let clients = (0..CLIENTS).map(|_| async {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= CALLS {
                return;
            }
            let company = &world.ours;
            let may = permit::<kind::StockAdjust>(&company.owner).unwrap();
            let call = stock_adjust(ledger, may, input(company, format!("{round}-{number}")), Mode::Commit);
            let answer = match audit_writer {
                None => call.await,
                Some(audit_writer) => {
                    let who = Some((company.owner.tenant, company.owner.actor));
                    let origin = Origin { request_id: round.to_owned(), ip: Some("192.0.2.7".to_owned()), session: None };
                    AuditContext::new("stockAdjust".to_owned(), origin, audit_writer.clone(), who, None).run_within(call).await
                }
            };
            assert!(answer.is_ok(), "{answer:?}");
        }
    });
    futures_util::future::join_all(clients).await;
    CALLS as f64 / started_at.elapsed().as_secs_f64()
}

async fn measure(world: &World, database: &str) {
    let node = &world.node;
    let plain = Ledger::start(node.db.clone(), node.clock.clone(), Grouping::Together, entrepot::documents()).unwrap();
    let audit_writer = node.audit.audit_writer().clone();
    let audited = Ledger::with_audit_writer(
        node.db.clone(),
        node.clock.clone(),
        Grouping::Together,
        entrepot::documents(),
        audit_writer.clone(),
    )
    .unwrap();
    let audit = node.audit.clone();
    let sealer = tokio::spawn(async move {
        loop {
            audit.seal_all().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
    });
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        without.push(load(world, &plain, None, &format!("p{round}")).await);
        with.push(load(world, &audited, Some(&audit_writer), &format!("a{round}")).await);
    }
    sealer.abort();
    let median = |figures: &mut Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    let (without, with) = (median(&mut without), median(&mut with));
    println!(
        "{database}: {CLIENTS} clients, {CALLS} calls, median of {ROUNDS}: {without:.0} calls/s without the log, {with:.0} with it, {:+.1} %",
        (with / without - 1.0) * 100.0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn on_sqlite() {
    let world = World::sqlite().await;
    measure(&world, "SQLite").await;
    world.end().await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn on_postgres() {
    let Some(world) = World::postgres().await else { return };
    measure(&world, "Postgres").await;
    world.end().await;
}
