//! Jobs that workers share: one holder at a time, even if workers die or clocks differ.

mod backups;
mod deaths;
mod outgoing;
mod turns;
mod world;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use entrepot::{
    jobs::{Failure, Lease, Registry},
    storage::Fault,
};
use serde_json::json;
use tokio::time::sleep;

use crate::{authorization::world::World, world::on_both};
use world::{Board, KINDS, LEASE, dead_letters, periodic, put_down, work, work_on_lease};
pub use world::{Works, wait_until};

on_both!(
    standing_jobs_are_shared_and_each_has_one_holder,
    a_silent_workers_jobs_are_taken_after_the_lease_and_not_before,
    clocks_may_jump,
    a_job_that_a_clock_ahead_has_queued_does_not_wait_for_it,
    a_queued_job_runs_once_however_many_workers_race_for_it,
    a_job_that_always_fails_ends_as_a_dead_letter_that_says_why,
    a_job_that_gets_on_between_its_failures_is_no_dead_letter,
    a_holder_that_was_overtaken_can_write_nothing,
);

async fn standing_jobs_are_shared_and_each_has_one_holder(world: &World) {
    let board = Board::default();
    let first = work(world, periodic(&board, 0));
    wait_until("the first worker to hold all", async || board.held_by(0) == KINDS.len()).await;
    let second = work(world, periodic(&board, 1));
    // The size of a share depends on the workers' IDs.
    wait_until("the second to have its share", async || board.held_by(0) >= 1 && board.held_by(1) >= 1 && board.free() == 0)
        .await;
    sleep(LEASE * 2).await;
    assert_eq!(board.most_at_once(), 1, "a job ran twice at once");
    // A worker that is stopped releases its jobs, so that no lease must expire first.
    let started_at = tokio::time::Instant::now();
    second.stop().await;
    wait_until("the first to hold all again", async || board.held_by(0) == KINDS.len()).await;
    assert!(started_at.elapsed() < LEASE, "handed over in {:?}", started_at.elapsed());
    assert_eq!(board.most_at_once(), 1, "a job ran twice at once");
    // As if the database had been unreachable while a worker released its jobs: they are still held
    // in its name, although it no longer runs them.
    let third = work(world, periodic(&board, 2));
    wait_until("the third to have its share", async || board.held_by(2) >= 1 && board.free() == 0).await;
    world::leave_all_with_one(world).await;
    wait_until("each to have its share again", async || world::holders(world).await == 2).await;
    third.stop().await;
    first.stop().await;
}

async fn a_silent_workers_jobs_are_taken_after_the_lease_and_not_before(world: &World) {
    let board = Board::default();
    let first = work(world, periodic(&board, 0));
    wait_until("the first worker to hold all", async || board.held_by(0) == KINDS.len()).await;
    // As by a power cut: nothing is released.
    first.kill();
    board.forget();
    let started_at = tokio::time::Instant::now();
    let second = work(world, periodic(&board, 1));
    sleep(LEASE / 2).await;
    assert_eq!(board.held_by(1), 0, "taken before the lease was over");
    wait_until("the second worker to hold all", async || board.held_by(1) == KINDS.len()).await;
    assert!(started_at.elapsed() >= LEASE && started_at.elapsed() < LEASE * 6, "{:?}", started_at.elapsed());
    assert_eq!(world.node.jobs.counters().now().taken_over as usize, KINDS.len());
    second.stop().await;
}

async fn clocks_may_jump(world: &World) {
    let board = Board::default();
    // On a busy machine, a worker that lives may be silent for one of the usual leases.
    let first = work_on_lease(world, periodic(&board, 0), LEASE * 3);
    wait_until("the first worker to hold all", async || board.held_by(0) == KINDS.len()).await;
    let second = work_on_lease(world, periodic(&board, 1), LEASE * 3);
    for seconds in [366 * 86_400, -2 * 366 * 86_400, 3_600] {
        world.advance_clock(seconds);
        sleep(LEASE).await;
        assert_eq!(board.most_at_once(), 1, "a jump of {seconds} s ran a job twice at once");
    }
    assert_eq!(world.node.jobs.counters().now().taken_over, 0, "a jump of the clock took a job from a worker that lives");
    first.stop().await;
    second.stop().await;
}

async fn a_job_that_a_clock_ahead_has_queued_does_not_wait_for_it(world: &World) {
    world.advance_clock(3_600);
    put_down(world, "test.count").await;
    world.advance_clock(-3_600);
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    let worker = work(
        world,
        Registry::default().queued("test.count", 3, move |_: Lease, _| {
            let nth = counted.fetch_add(1, Ordering::SeqCst);
            async move { if nth == 0 { Err(Fault::Broken("it fails once".to_owned()).into()) } else { Ok(()) } }
        }),
    );
    wait_until("its first try", async || tries.load(Ordering::SeqCst) == 1).await;
    // A pause after a failure is not later than a right clock can say, and is kept.
    sleep(Duration::from_millis(300)).await;
    assert_eq!(tries.load(Ordering::SeqCst), 1);
    world.advance_clock(10);
    wait_until("its second try", async || world::in_state(world, "DONE").await == 1).await;
    assert_eq!(tries.load(Ordering::SeqCst), 2);
    worker.stop().await;
}

async fn a_queued_job_runs_once_however_many_workers_race_for_it(world: &World) {
    const JOBS: usize = 60;
    let runs = Arc::new(AtomicUsize::new(0));
    let run = || {
        let runs = runs.clone();
        Registry::default().queued("test.count", 3, move |_: Lease, _| {
            let runs = runs.clone();
            async move {
                runs.fetch_add(1, Ordering::SeqCst);
                sleep(Duration::from_millis(5)).await;
                Ok(())
            }
        })
    };
    for _ in 0..JOBS {
        put_down(world, "test.count").await;
    }
    let workers = [work(world, run()), work(world, run()), work(world, run())];
    wait_until("all to be done", async || world::in_state(world, "DONE").await == JOBS).await;
    sleep(LEASE * 2).await;
    assert_eq!(runs.load(Ordering::SeqCst), JOBS);
    for worker in workers {
        worker.stop().await;
    }
}

async fn a_job_that_always_fails_ends_as_a_dead_letter_that_says_why(world: &World) {
    let healed = Arc::new(AtomicUsize::new(0));
    let is_healed = healed.clone();
    let registry = Registry::default()
        .queued("test.hopeless", 5, |_: Lease, _| async { Err(Failure::Hopeless("the supplier is closed".to_owned())) })
        .queued("test.faulty", 3, move |_: Lease, _| {
            let is_healed = is_healed.load(Ordering::SeqCst) == 1;
            async move { if is_healed { Ok(()) } else { Err(Fault::Broken("a secret detail".to_owned()).into()) } }
        })
        .queued("test.breaks", 2, |_: Lease, _| async { panic!("a job breaks in this test") });
    // A kind with a final step runs it once its job has panicked or failed for the last time.
    let ends = Arc::new(AtomicUsize::new(0));
    let registry = ["test.ends.broken", "test.ends.failed"].into_iter().fold(registry, |registry, kind| {
        let ends = ends.clone();
        let registry = registry.queued(kind, 2, move |_: Lease, _| async move {
            assert!(kind != "test.ends.broken", "a job breaks in this test");
            Err(Fault::Broken("it fails".to_owned()).into())
        });
        registry.with_dead_letter_handler(kind, move |_: Lease, job| {
            let ends = ends.clone();
            async move {
                assert_eq!((job.failures, job.deaths), (2, 0));
                ends.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
        })
    });
    for kind in ["test.hopeless", "test.faulty", "test.breaks", "test.ends.broken", "test.ends.failed"] {
        put_down(world, kind).await;
    }
    let worker = work(world, registry);
    wait_until("all to be dead", async || {
        world.advance_clock(600);
        world::in_state(world, "FAILED").await == 5
    })
    .await;
    assert_eq!(ends.load(Ordering::SeqCst), 2, "each was left in order once");
    let mut dead = dead_letters(world).await;
    dead.sort_by_key(|job| job["kind"].as_str().unwrap().to_owned());
    let told: Vec<_> = dead
        .iter()
        .map(|job| (job["kind"].as_str().unwrap(), job["failures"].as_i64().unwrap(), job["lastError"].as_str().unwrap()))
        .collect();
    let ours = "an internal error; the operator's log has the details";
    let closed = ("test.hopeless", 1, "the supplier is closed");
    let expected = [("test.ends.broken", 2, ours), ("test.ends.failed", 2, ours)];
    assert_eq!(told, [("test.breaks", 2, ours), expected[0], expected[1], ("test.faulty", 3, ours), closed]);
    assert!(!json!(dead).to_string().contains("secret detail"));
    assert_eq!(
        world::faults(world).await.iter().filter(|fault| fault.contains("a secret detail")).count(),
        1,
        "the operator is told"
    );
    // A failed job is kept until a member retries it.
    world.node.jobs.forget_old().await.unwrap();
    healed.store(1, Ordering::SeqCst);
    let retry = "mutation($id: ID!, $key: String) { jobRetry(id: $id, idempotencyKey: $key) { job { state failures } replayed userErrors { code field message } } }";
    let faulty = dead.iter().find(|job| job["kind"] == "test.faulty").unwrap();
    let answer = world.must_mutate(&world.ours, retry, json!({ "id": faulty["id"], "key": "retry" })).await;
    assert_eq!((&answer["job"], &answer["replayed"]), (&json!({ "state": "WAITING", "failures": 0 }), &json!(false)));
    wait_until("it to be done", async || world::in_state(world, "DONE").await == 1).await;
    let replayed = world.must_mutate(&world.ours, retry, json!({ "id": faulty["id"], "key": "retry" })).await;
    assert_eq!((&replayed["job"]["state"], &replayed["replayed"]), (&json!("DONE"), &json!(true)));
    let again = world.execute(&world.ours, Some(world.ours.owner.clone()), retry, &json!({ "id": faulty["id"] })).await;
    assert_eq!(again["data"]["jobRetry"]["userErrors"][0]["code"], "INVALID_STATE", "{again:#}");
    let foreign = world.execute(&world.theirs, Some(world.theirs.owner.clone()), retry, &json!({ "id": dead[0]["id"] })).await;
    assert_eq!(foreign["data"]["jobRetry"]["userErrors"][0]["code"], "NOT_FOUND", "{foreign:#}");
    worker.stop().await;
}

async fn a_job_that_gets_on_between_its_failures_is_no_dead_letter(world: &World) {
    let (db, runs) = (world.node.db.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = runs.clone();
    let registry = Registry::default().queued("test.long", 2, move |lease: Lease, job| {
        let (db, before) = (db.clone(), counted.fetch_add(1, Ordering::SeqCst));
        async move {
            if before == 3 {
                return Ok(());
            }
            let work = db.global().maintenance_for(job.tenant).await?;
            lease.record_progress(&work).await?;
            work.commit().await?;
            Err(Failure::Fault(Fault::Broken("the network was cut".to_owned())))
        }
    });
    put_down(world, "test.long").await;
    let worker = work(world, registry);
    wait_until("it to be over", async || {
        world.advance_clock(600);
        world::in_state(world, "DONE").await + world::in_state(world, "FAILED").await == 1
    })
    .await;
    assert!(dead_letters(world).await.is_empty(), "each failure came behind another part of its work");
    assert_eq!(runs.load(Ordering::SeqCst), 4);
    worker.stop().await;
}

async fn a_holder_that_was_overtaken_can_write_nothing(world: &World) {
    let board = Board::default();
    let first = work(world, periodic(&board, 0));
    wait_until("the first worker to hold all", async || board.held_by(0) == KINDS.len()).await;
    let (tenant, lease) = (world.ours.owner.tenant, board.lease(0));
    let write = async |lease: Lease| {
        let work = world.node.db.global().maintenance_for(tenant).await.unwrap();
        let lease_guard = lease.guard(&work).await;
        work.rollback().await.unwrap();
        lease_guard
    };
    assert!(write(lease).await.is_ok());
    first.kill();
    board.forget();
    let second = work(world, periodic(&board, 1));
    wait_until("the second worker to hold all", async || board.held_by(1) == KINDS.len()).await;
    // The first worker was only suspended: it resumes where it was.
    assert!(write(lease).await.is_err(), "somebody else's job was written under");
    assert!(write(board.lease(0)).await.is_ok());
    second.stop().await;
}
