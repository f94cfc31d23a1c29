//! Rows that are broken by hand, to check that a proof fails.

use entrepot::insight::verify::{verify_by_prefix, verify_tenant};

use crate::authorization::world::World;

/// A column whose values are increased by one in some rows, and the invariant that detects it.
pub struct Break {
    pub table: &'static str,
    pub column: &'static str,
    pub rows: &'static str,
    pub named: &'static str,
}

/// Breaks each column in turn in our company, checks that the named invariant fails, and repairs
/// it.
pub async fn each_is_named(world: &World, breaks: &[Break]) {
    let tenant = world.ours.owner.tenant;
    let write = async |sql: String| {
        let work = world.node.db.global().maintenance_for(tenant).await.unwrap();
        let changed = work.execute(&sql, vec![]).await.unwrap();
        work.commit().await.unwrap();
        changed
    };
    let all = async || -> Vec<&'static str> {
        world.node.audit.seal_all().await.unwrap();
        verify_tenant(&world.node.db, tenant, |_| {}).await.unwrap().broken_lines().map(|line| line.invariant).collect()
    };
    assert_eq!(all().await, Vec::<&str>::new());
    for Break { table, column, rows, named: expected } in breaks {
        let changed = write(format!("UPDATE {table} SET {column} = {column} + 1 WHERE tenant_id = $1 AND {rows}")).await;
        assert!(changed > 0, "{table}: there is no row to break");
        let found = verify_by_prefix(&world.node.db, tenant, expected).await.unwrap();
        assert!(!found.is_sound(), "{table}.{column}: {found}");
        write(format!("UPDATE {table} SET {column} = {column} - 1 WHERE tenant_id = $1 AND {column} > 0")).await;
    }
    assert_eq!(all().await, Vec::<&str>::new(), "all is mended");
}
