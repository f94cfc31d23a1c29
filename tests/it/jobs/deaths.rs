//! Jobs that end the process that runs them: twice, and no third time by themselves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use entrepot::jobs::{Lease, Registry};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    World,
    world::{dead_letters, in_state, put_down, wait_until, work},
};
use crate::world::on_both;

on_both!(
    a_job_that_kills_its_worker_twice_is_a_dead_letter_and_can_be_tried_again,
    jobs_that_ran_beside_a_killer_are_done_all_the_same,
);

const RETRY: &str = "mutation($id: ID!) { jobRetry(id: $id) { job { state failures } userErrors { code field message } } }";

/// Counts its runs and never ends; once it is healed it is done at once.
fn killer(registry: Registry, runs: &Arc<AtomicUsize>, healed: &Arc<AtomicUsize>) -> Registry {
    let (runs, healed) = (runs.clone(), healed.clone());
    registry.queued("test.killer", 12, move |_: Lease, _| {
        let is_healed = healed.load(SeqCst) == 1;
        runs.fetch_add(1, SeqCst);
        async move {
            if !is_healed {
                std::future::pending::<()>().await;
            }
            Ok(())
        }
    })
}

async fn a_job_that_kills_its_worker_twice_is_a_dead_letter_and_can_be_tried_again(world: &World) {
    let (runs, healed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    put_down(world, "test.killer").await;
    for nth in 1..=2 {
        let worker = work(world, killer(Registry::default(), &runs, &healed));
        wait_until("it to begin", async || {
            world.advance_clock(600);
            runs.load(SeqCst) == nth
        })
        .await;
        worker.kill();
    }
    let worker = work(world, killer(Registry::default(), &runs, &healed));
    wait_until("it to be dead", async || {
        world.advance_clock(600);
        in_state(world, "FAILED").await == 1
    })
    .await;
    assert_eq!(runs.load(SeqCst), 2, "no third worker was killed");
    let dead: Value = dead_letters(world).await[0].clone();
    assert_eq!(dead["failures"], 2, "{dead:#}");
    assert!(dead["lastError"].as_str().unwrap().contains("died while they ran this"), "{dead:#}");
    healed.store(1, SeqCst);
    let again = world.must_mutate(&world.ours, RETRY, json!({ "id": dead["id"] })).await;
    assert_eq!(again["job"], json!({ "state": "WAITING", "failures": 0 }));
    wait_until("it to be done", async || in_state(world, "DONE").await == 1).await;
    worker.stop().await;
}

async fn jobs_that_ran_beside_a_killer_are_done_all_the_same(world: &World) {
    let (runs, healed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let registry = || {
        killer(Registry::default(), &runs, &healed).queued("test.beside", 12, |_: Lease, _| async {
            sleep(Duration::from_millis(400)).await;
            Ok(())
        })
    };
    for kind in ["test.beside", "test.killer", "test.beside", "test.beside"] {
        put_down(world, kind).await;
    }
    let mut checked_count = 0;
    while in_state(world, "FAILED").await == 0 || in_state(world, "DONE").await < 3 {
        let worker = work(world, registry());
        wait_until("a killing, or the end", async || {
            world.advance_clock(600);
            runs.load(SeqCst) > checked_count || (in_state(world, "FAILED").await == 1 && in_state(world, "DONE").await == 3)
        })
        .await;
        checked_count = runs.load(SeqCst);
        // Jobs that run beside it are killed with it.
        worker.kill();
        assert!(checked_count <= 2, "a third worker was killed");
    }
    let dead = dead_letters(world).await;
    assert_eq!((dead.len(), &dead[0]["kind"]), (1, &json!("test.killer")), "{dead:#?}");
}
