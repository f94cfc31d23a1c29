//! Reads as of one moment, despite later writes.

use std::collections::HashMap;

use entity::prelude::TenantId;
use entrepot::storage::{Backend, Database, Fault, Reads, TenantScope, replicas::Freshness, with_consistent_reads};

use crate::{catalog::world::World, world::on_both};

async fn name(scope: &TenantScope) -> String {
    scope.rows("SELECT name FROM tenant WHERE id = $1", vec![]).await.unwrap()[0].try_get_by_index(0).unwrap()
}

/// The same value, by a look-up that requests share.
async fn shared_name(scope: &TenantScope) -> String {
    let load = |_: Vec<()>| async { Ok::<_, Fault>(HashMap::from([((), name(scope).await)])) };
    scope.coalesce(vec![()], load).await.unwrap().remove(&()).unwrap()
}

async fn rename(db: &Database, tenant: TenantId, to: &str) {
    let work = db.tenant(tenant).begin().await.unwrap();
    work.execute("UPDATE tenant SET name = $2 WHERE id = $1", vec![to.into()]).await.unwrap();
    work.commit().await.unwrap();
}

on_both!(what_is_read_as_of_one_moment_agrees_whatever_is_written_meanwhile, world: World => {
    let (db, tenant, other) = (&world.db, world.owner.tenant, world.other_tenant().await.tenant);
    let opened_before = db.tenant(tenant);
    rename(db, tenant, "Before").await;
    let kept = with_consistent_reads(async {
        let kept = db.tenant(tenant);
        assert_eq!(name(&kept).await, "Before");
        rename(db, tenant, "After").await;
        rename(db, other, "Theirs").await;
        assert_eq!([name(&kept).await, name(&kept.long()).await, name(&db.tenant(tenant)).await], ["Before"; 3]);
        assert_eq!([shared_name(&kept).await, shared_name(&opened_before.of_this_request()).await], ["Before"; 2]);
        let apart = kept.clone();
        let found = tokio::spawn(async move { name(&apart).await }).await.unwrap();
        assert_eq!(found, "Before", "look-ups run in tasks of their own");
        assert_eq!(name(&kept.with_freshness(Freshness::Primary)).await, "After");
        assert_eq!(name(&opened_before).await, "After", "a handle of no moment");
        assert_eq!(name(&db.tenant(other)).await, "Theirs", "the moment is one tenant's");
        kept
    })
    .await;
    assert_eq!((name(&kept).await, kept.has_consistent_reads()), ("After".to_owned(), false), "the moment is over");
});

on_both!(moments_that_end_give_their_connections_back, world: World => {
    let (db, tenant) = (&world.db, world.owner.tenant);
    for nth in 0..20 {
        rename(db, tenant, &nth.to_string()).await;
        assert_eq!(with_consistent_reads(async { name(&db.tenant(tenant)).await }).await, nth.to_string());
    }
});

on_both!(a_statement_of_a_moment_ends_with_the_minute_that_somebody_waits_for_it, world: World => {
    let (db, tenant) = (&world.db, world.owner.tenant);
    if db.backend() == Backend::Postgres {
        let sql = "SELECT current_setting('statement_timeout') FROM tenant WHERE id = $1";
        let limit = async {
            let limit: String = db.tenant(tenant).rows(sql, vec![]).await.unwrap()[0].try_get_by_index(0).unwrap();
            limit
        };
        assert_eq!(with_consistent_reads(limit).await, "1min");
    }
});

on_both!(statements_run_sooner_than_they_would_be_compiled, world: World => {
    let (db, tenant) = (&world.db, world.owner.tenant);
    if db.backend() == Backend::Postgres {
        assert_eq!(session_settings(&db.global().snapshot_for(tenant).await.unwrap()).await, "off auto");
        assert_eq!(session_settings(&db.tenant(tenant).begin().await.unwrap()).await, "off auto");
        assert_eq!(session_settings(&db.with_own_connections(1, 0).tenant(tenant)).await, "off force_generic_plan");
    }
});

/// JIT and planning of a session.
async fn session_settings(reads: &impl Reads) -> String {
    let sql = "SELECT concat_ws(' ', current_setting('jit'), current_setting('plan_cache_mode')) FROM tenant WHERE id = $1";
    reads.rows(sql, vec![]).await.unwrap()[0].try_get_by_index(0).unwrap()
}
