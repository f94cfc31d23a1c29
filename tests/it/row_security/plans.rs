//! Settings with which Postgres plans statements.

use entrepot::storage::{Reads, RowSecurity, SideBySide};
use sea_orm::ConnectOptions;

use super::{Two, all, stores};

/// Returns the planner settings of statements, in a database with row security.
async fn settings(reads: &impl Reads) -> String {
    assert_eq!(stores(reads).await, ["Ours"], "and the wall stands");
    let sql = "SELECT concat_ws(' ', current_setting('plan_cache_mode'), current_setting('jit'),
        current_setting('max_parallel_workers_per_gather')) WHERE $1 IS NOT NULL";
    reads.rows(sql, vec![]).await.unwrap()[0].try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn postgres_plans_for_a_tenant_with_all_the_rows_there_are_and_long_reads_by_their_own_values() {
    let Some(two) = Two::new().await else { return };
    let db = two.open(RowSecurity::All).await;
    let owner = sea_orm::Database::connect(ConnectOptions::new(two.url())).await.unwrap();
    let unsaid = "SELECT a.attrelid::regclass::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE a.attname = 'tenant_id'
        AND c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND a.attoptions IS DISTINCT FROM '{n_distinct=1}'";
    assert_eq!(all(&owner, unsaid).await, [""; 0]);
    owner.close().await.unwrap();
    let (ours, long) = (db.tenant(two.one.tenant), db.tenant(two.one.tenant).long());
    let (one, beside) = (settings(&ours).await, settings(&SideBySide(&long)).await);
    assert_eq!([beside, settings(&long).await], ["force_custom_plan off 0", "force_custom_plan off 2"]);
    assert!(one.starts_with("auto off "), "no statement of a request is compiled: {one}");
    db.analyze(&["store", "product"]).await.unwrap();
}
