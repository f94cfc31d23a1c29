//! Transactions on Postgres that fail, are dropped, or stall.

use std::time::Duration;

use entrepot::{
    clock::Clock,
    storage::{Month, Reads, TenantScope, Unwritable},
};
use serde_json::json;
use tokio::time::Instant;

use crate::catalog::world::World;

async fn name(scope: &TenantScope) -> String {
    scope.rows("SELECT name FROM tenant WHERE id = $1", vec![]).await.unwrap()[0].try_get_by_index(0).unwrap()
}

const RENAME: &str = "UPDATE tenant SET name = $2 WHERE id = $1";

#[tokio::test]
async fn a_transaction_that_failed_is_not_taken_for_committed() {
    let Some(world) = World::postgres().await else { return };
    let scope = world.db.tenant(world.owner.tenant);
    let before = name(&scope).await;
    let work = scope.begin().await.unwrap();
    work.execute(RENAME, vec!["Half".into()]).await.unwrap();
    work.execute("UPDATE tenant_counter SET head = NULL WHERE tenant_id = $1", vec![]).await.unwrap_err();
    let fault = work.commit().await.expect_err("Postgres would say COMMIT and undo it");
    assert!(fault.to_string().contains("nothing of it was committed"), "{fault}");
    assert_eq!(name(&scope).await, before);
    world.end().await;
}

#[tokio::test]
async fn a_transaction_that_is_left_leaves_its_connection_to_others_and_nothing_of_what_it_did() {
    let Some(world) = World::postgres().await else { return };
    let scope = world.db.tenant(world.owner.tenant);
    let before = name(&scope).await;
    for _ in 0..20 {
        let work = scope.begin().await.unwrap();
        work.execute(RENAME, vec!["Left".into()]).await.unwrap();
    }
    assert_eq!(name(&scope).await, before);
    let work = scope.begin().await.unwrap();
    work.execute(RENAME, vec!["Kept".into()]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(name(&scope).await, "Kept");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_stands_still_loses_its_locks_and_fails_as_one_that_may_be_repeated() {
    let Some(world) = World::postgres().await else { return };
    let scope = world.db.tenant(world.owner.tenant);
    let touch = "UPDATE tenant_counter SET head = head WHERE tenant_id = $1";
    let still = scope.begin().await.unwrap();
    still.execute(touch, vec![]).await.unwrap();
    let (started_at, mut refused) = (Instant::now(), 0);
    // A second writer is refused after four seconds, and is served after six.
    loop {
        let work = scope.begin().await.unwrap();
        match work.execute(touch, vec![]).await {
            Ok(_) => break work.commit().await.unwrap(),
            Err(fault) => {
                assert!(fault.is_transient(), "{fault}");
                refused += 1;
            }
        }
        assert!(started_at.elapsed().as_secs() < 20, "the lock is kept");
    }
    assert!(refused > 0 && started_at.elapsed().as_secs() >= 5, "{refused} refusals, {:?}", started_at.elapsed());
    let fault = still.execute(touch, vec![]).await.unwrap_err();
    assert!(fault.is_transient(), "{fault}");
    world.end().await;
}

/// As at the turn of a month for which nobody has created partitions.
#[tokio::test]
async fn a_change_without_a_partition_is_refused_for_a_moment_and_moves_nothing() {
    let Some(world) = World::postgres().await else { return };
    let now = Clock::system().now().micros();
    world.hands().set(now - world.clock.now().micros());
    let part = format!("event_{}", Month::of(world.clock.now()).to_string().replace('-', "_"));
    world.as_owner(&[&format!("DROP TABLE {part}")]).await;
    let create =
        "mutation($input: CategoryCreateInput!) { categoryCreate(input: $input) { category { name } userErrors { code } } }";
    let input = json!({ "input": { "idempotencyKey": "cups-1", "name": "Cups" } });
    let refused = world.fails(create, input.clone()).await;
    assert_eq!(refused["code"], "UNAVAILABLE", "{refused:#}");
    let categories = "SELECT count(*) FROM category WHERE tenant_id = $1";
    assert_eq!(world.query_number(categories).await, 0);

    // The node has the partition created meanwhile.
    let started_at = Instant::now();
    let answer = loop {
        let answer = world.execute_as(Some(world.owner.clone()), create, input.clone()).await;
        if answer["errors"].is_null() {
            break answer;
        }
        assert_eq!(answer["errors"][0]["code"], "UNAVAILABLE", "{answer:#}");
        assert!(started_at.elapsed().as_secs() < 20, "{answer:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(answer["data"]["categoryCreate"]["category"]["name"], "Cups", "{answer:#}");
    assert_eq!(world.query_number(categories).await, 1);
    world.end().await;
}

#[tokio::test]
async fn a_rule_of_a_table_is_no_missing_partition() {
    let Some(world) = World::postgres().await else { return };
    let work = world.scope().begin().await.unwrap();
    let fault = work.execute("UPDATE tenant SET reservation_seconds = 0 WHERE id = $1", vec![]).await.unwrap_err();
    assert!(fault.to_string().contains("check constraint"), "{fault}");
    assert_eq!((fault.unwritable(), fault.is_transient()), (None::<Unwritable>, false));
    drop(work);
    world.end().await;
}
