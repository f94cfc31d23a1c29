//! Jobs with effects outside the deployment wait while they are held.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use entrepot::{
    jobs::{Lease, Registry, hold_outgoing, outgoing_hold, release_outgoing},
    serve::job_registry::OUTGOING_JOBS,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    World,
    world::{put_down, wait_until, work},
};
use crate::world::on_both;

on_both!(what_leaves_the_deployment_waits_while_it_is_held);

/// Kinds without an effect outside the deployment. A new kind is named here or in `OUTGOING_JOBS`.
const INSIDE: &[&str] = &[
    "alert.follow",
    "alert.forget",
    "alert.scan",
    "alert.wake",
    "anomaly.detect",
    "audit.seal",
    "costing.keep",
    "customer.seal",
    "demand.keep",
    "exchange.forget",
    "exchange.run",
    "file.draw",
    "file.forget",
    "forecast.make",
    "fulfilment.follow",
    "identity.forget",
    "job.forget",
    "journal.trim",
    "liquidation.advance",
    "liquidation.score",
    "liquidation.watch",
    "order.fill_backorders",
    "partitions.make",
    "purchase.expire_blankets",
    "replenishment.plan",
    "stock.expire",
    "stock.expire_lots",
    "webhook.forget",
    "webhook.replay",
];

/// Number of runs of three jobs: one without effects outside, one with such effects, and a standing
/// one with such effects.
#[derive(Clone, Default)]
struct Runs(Arc<[AtomicUsize; 3]>);

impl Runs {
    fn count(&self, index: usize) -> usize {
        self.0[index].load(Ordering::SeqCst)
    }
    fn ran(&self, index: usize) {
        self.0[index].fetch_add(1, Ordering::SeqCst);
    }
    fn registry(&self) -> Registry {
        let (inside, mail, hook) = (self.clone(), self.clone(), self.clone());
        Registry::default()
            .outgoing(&["test.mail", "test.hook"])
            .queued("test.inside", 3, move |_: Lease, _| {
                inside.ran(0);
                async { Ok(()) }
            })
            .queued("test.mail", 3, move |_: Lease, _| {
                mail.ran(1);
                async { Ok(()) }
            })
            .periodic("test.hook", Duration::from_millis(10), move |_| {
                hook.ran(2);
                async { Ok(()) }
            })
    }
}

async fn held_since(world: &World) -> Value {
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), "{ outgoingHeldSince }", &json!({})).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["outgoingHeldSince"].clone()
}

async fn what_leaves_the_deployment_waits_while_it_is_held(world: &World) {
    let known: BTreeSet<&str> = world.node.job_registry().kinds().collect();
    let decided: BTreeSet<&str> = OUTGOING_JOBS.iter().chain(INSIDE).copied().collect();
    assert_eq!(known, decided, "each kind either leaves the deployment or does not");

    let (global, clock) = (world.node.db.global(), &world.node.clock);
    hold_outgoing(&global, "once", clock.now()).await.unwrap();
    let first = outgoing_hold(&global).await.unwrap().unwrap();
    hold_outgoing(&global, "again", clock.now().plus_seconds(60)).await.unwrap();
    let again = outgoing_hold(&global).await.unwrap().unwrap();
    assert_eq!((&*again.reason, again.held_at), ("again", first.held_at), "it is held since it was");
    assert!(held_since(world).await.is_string(), "members see it too");
    for kind in ["test.mail", "test.mail", "test.inside"] {
        put_down(world, kind).await;
    }
    let runs = Runs::default();
    let worker = work(world, runs.registry());
    wait_until("what stays inside to be done", async || runs.count(0) == 1).await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!((runs.count(1), runs.count(2)), (0, 0), "nothing leaves");

    assert!(release_outgoing(&global).await.unwrap());
    assert!(!release_outgoing(&global).await.unwrap(), "there is no hold any more");
    assert_eq!(held_since(world).await, Value::Null);
    wait_until("what was held to leave", async || runs.count(1) == 2 && runs.count(2) > 0).await;

    hold_outgoing(&global, "while it runs", clock.now()).await.unwrap();
    wait_until("the standing job to be let go", async || {
        let before = runs.count(2);
        sleep(Duration::from_millis(200)).await;
        runs.count(2) == before
    })
    .await;
    worker.stop().await;
    release_outgoing(&global).await.unwrap();
}
