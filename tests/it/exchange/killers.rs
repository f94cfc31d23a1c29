//! Files that kill the process that reads them: after two dead workers the import fails and is not
//! read again.

use serde_json::{Value, json};

use super::world::{Works, World, execute, import, wait_for_end, wait_until};
use crate::world::on_both;

on_both!(an_import_at_whose_start_two_workers_died_has_failed);

/// The only job that runs exchanges.
async fn job(world: &World) -> Value {
    let jobs = execute(world, "{ jobs(first: 50) { nodes { kind state failures lastError } } }", json!({})).await;
    let nodes = jobs["jobs"]["nodes"].as_array().unwrap().clone();
    nodes.into_iter().find(|job| job["kind"] == "exchange.run").unwrap()
}

async fn an_import_at_whose_start_two_workers_died_has_failed(world: &World) {
    // Read once from beginning to end before anything is carried out: that is when they die.
    let rows: String = (0..150_000).map(|n| format!("o-{n},alpha-shop,nobody,1\n")).collect();
    let id = import(world, "ORDERS", format!("externalRef,store,sku,quantity\n{rows}"), json!({})).await;
    for deaths in 0..2 {
        let works = Works::begin(world);
        wait_until("its worker to begin", async || {
            let job = job(world).await;
            job["state"] == "RUNNING" && job["failures"] == deaths
        })
        .await;
        works.kill().await;
    }
    let works = Works::begin(world);
    let exchange = wait_for_end(world, &id).await;
    assert_eq!(exchange["state"], "FAILED", "{exchange:#}");
    assert!(exchange["error"].as_str().unwrap().contains("the worker stopped"), "{exchange:#}");
    wait_until("its job to be a dead letter", async || job(world).await["state"] == "FAILED").await;
    let dead = job(world).await;
    assert_eq!(dead["failures"], 2, "{dead:#}");
    works.kill().await;
}
