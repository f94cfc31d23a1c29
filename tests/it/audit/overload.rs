//! Commands that are refused because the ledger's queue is full: they were never begun, so the
//! audit log has no entries of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use entrepot::{
    ledger::{Books, Command, Decide, Decision, Needs},
    stock::core::{Draft, Rejection},
    storage::group_commit::QUEUE,
};
use futures_util::future::join_all;
use serde_json::json;

use super::{ADJUST, World, adjust, entries, execute};
use crate::world::on_both;

on_both!(a_command_without_room_leaves_no_entry);

/// A command whose decision takes until it is released, and which is refused then.
#[derive(Debug, Clone, Default)]
struct Slow {
    has_begun: Arc<AtomicBool>,
    is_released: Arc<AtomicBool>,
}

impl Decide for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }
    fn weight(&self) -> usize {
        1
    }
    fn needs(&self, _needs: &mut Needs) {}
    fn decide(&self, _draft: &mut Draft<'_>, _books: &Books) -> Result<Decision, Rejection> {
        self.has_begun.store(true, Ordering::Relaxed);
        while !self.is_released.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(Rejection::key_reused())
    }
}

async fn a_command_without_room_leaves_no_entry(world: &World) {
    let (company, tenant) = (&world.ours, world.ours.owner.tenant);
    let before = entries(world, tenant).await.len();
    // The lane decides a first command until the scenario releases it, and the queue after it is
    // full.
    let (slow, ledger) = (Slow::default(), world.node.ledger.clone());
    let submit = |count: usize| {
        let (ledger, commands) = (ledger.clone(), vec![Command::of(slow.clone()); count]);
        tokio::spawn(async move {
            join_all(commands.into_iter().map(|command| ledger.submit(tenant, command, None))).await;
        })
    };
    let first = submit(1);
    while !slow.has_begun.load(Ordering::Relaxed) {
        assert!(!first.is_finished(), "it was not decided");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let queued = submit(QUEUE);
    while world.node.ledger.lane_status().iter().map(|lane| lane.waiting).sum::<usize>() < QUEUE {
        assert!(!queued.is_finished(), "the lane did not fill");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..3 {
        let answer = execute(world, Some(company.owner.clone()), ADJUST, adjust(company, "late", 1)).await;
        assert_eq!(answer["errors"], json!(1), "there is no room: {answer}");
    }
    slow.is_released.store(true, Ordering::Relaxed);
    first.await.unwrap();
    queued.await.unwrap();
    let answer = execute(world, Some(company.owner.clone()), ADJUST, adjust(company, "late", 1)).await;
    assert!(answer["data"]["stockAdjust"]["movement"]["id"].is_string(), "its key is free: {answer}");
    let log = entries(world, tenant).await;
    let added: Vec<_> = log[before..].iter().map(|s| (s.entry.action.as_str(), s.entry.outcome.as_str())).collect();
    assert_eq!(added, [("stockAdjust", "DONE")]);
}
