//! Jobs take turns by tenant.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use entity::prelude::TenantId;
use entrepot::jobs::{Failure, Lease, Registry, should_yield};
use tokio::time::sleep;

use super::{
    World,
    world::{put_down, put_down_for, running, wait_until, work},
};
use crate::world::on_both;

on_both!(a_small_tenants_job_does_not_wait_behind_anothers_many, whoever_can_go_on_later_makes_room,);

/// Whether the small tenant's job has begun.
type Began = Arc<AtomicBool>;

/// The small tenant's job, and those of another, which do not end.
fn registry(began: &Began) -> Registry {
    let began = began.clone();
    let registry = Registry::default().queued("test.many", 3, |_: Lease, _| std::future::pending::<Result<(), Failure>>());
    registry.queued("test.small", 3, move |_: Lease, _| {
        began.store(true, Ordering::Relaxed);
        async { Ok(()) }
    })
}

async fn a_small_tenants_job_does_not_wait_behind_anothers_many(world: &World) {
    const MANY: usize = 240;
    for _ in 0..MANY {
        put_down(world, "test.many").await;
    }
    let began = Began::default();
    let workers = [work(world, registry(&began)), work(world, registry(&began))];
    // A worker takes four of one tenant.
    wait_until("both to have their share", async || running(world, "test.many").await == 8).await;
    put_down_for(world, world.theirs.owner.tenant, "test.small").await;
    // None of the others ends, so behind them it would wait for ever.
    wait_until("the small tenant's job to begin", async || began.load(Ordering::Relaxed)).await;
    for worker in workers {
        worker.kill();
    }
}

async fn whoever_can_go_on_later_makes_room(world: &World) {
    let (began, yielded, taken) = (Began::default(), Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let (count, places) = (yielded.clone(), taken.clone());
    let registry = registry(&began).queued("test.greedy", 3, move |_: Lease, _| {
        let (count, places) = (count.clone(), places.clone());
        async move {
            *places.lock().unwrap() += 1;
            while !should_yield() {
                sleep(Duration::from_millis(10)).await;
            }
            *count.lock().unwrap() += 1;
            Err(Failure::Yielded)
        }
    });
    // As many tenants as there are slots, each with one job that does not end on its own.
    for n in 1..=8 {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(n));
        put_down_for(world, tenant, "test.greedy").await;
    }
    let worker = work(world, registry);
    wait_until("all places to be taken", async || *taken.lock().unwrap() == 8).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(*yielded.lock().unwrap(), 0, "nobody waited");
    put_down_for(world, world.theirs.owner.tenant, "test.small").await;
    wait_until("the small tenant's job to begin", async || began.load(Ordering::Relaxed)).await;
    assert!(*yielded.lock().unwrap() >= 1);
    // The job that yielded has not failed: it waits for its turn.
    let rows = world.node.db.global().rows("SELECT failures FROM job WHERE kind = 'test.greedy' AND failures > 0", vec![]).await;
    assert!(rows.unwrap().is_empty());
    worker.stop().await;
}
