//! Digests of stock: two calls find what differs.

use std::collections::BTreeMap;

use entity::{id::LevelId, prelude::*};
use entrepot::{
    digest::{
        core::{Buckets, StoreDigest},
        rows::{self, ProductRange},
    },
    storage::Backend,
};
use tokio::time::Instant;

use crate::insight::world::World;

const LEVELS: i64 = 100_000;

/// Inserts products, each with a level in the store.
async fn fill(world: &World, store: StoreId) {
    let (id, numbers) = match world.db.backend() {
        Backend::Sqlite => ("randomblob(16)", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)"),
        Backend::Postgres => ("gen_random_uuid()", "WITH n(i) AS (SELECT generate_series(1, $2))"),
    };
    let work = world.db.global().maintenance_for(world.tenant).await.unwrap();
    let products = format!(
        "INSERT INTO product (tenant_id, id, sku, sku_key, name, name_key, status, stock_policy, options, former_skus, unit_code, unit_decimals,
           metadata, search_text, version, created_at, updated_at)
         {numbers} SELECT $1, {id}, 'BULK-' || i, 'bulk-' || i, 'x', 'x', 'ACTIVE', 'TRACKED', '[]', '[]', 'each', 0, '{{}}', 'x', 1, 0, 0 FROM n"
    );
    work.execute(&products, vec![LEVELS.into()]).await.unwrap();
    let levels = format!(
        "INSERT INTO stock_level (tenant_id, product_id, store_id, id, last_occurred_at, version, seq, updated_at)
         SELECT $1, p.id, $2, {id}, 0, 7, 0, 0 FROM product p WHERE p.tenant_id = $1 AND p.sku_key LIKE 'bulk-%'"
    );
    work.execute(&levels, vec![store.into()]).await.unwrap();
    work.commit().await.unwrap();
}

#[tokio::test]
async fn two_calls_find_the_ten_levels_of_a_hundred_thousand_that_differ() {
    World::on_both(async |world| {
        let (store, buckets) = (world.stores[0], Buckets::new(8_192).unwrap());
        fill(&world, store).await;
        // A partner's copy, and the digest that the partner computes of it.
        let one = Buckets::new(1).unwrap();
        let copy = rows::levels_in(&world.scope(), (store, one), &[0], ProductRange::default(), usize::MAX).await.unwrap();
        assert_eq!(copy.len() as i64, LEVELS);
        let mut own = StoreDigest::new(buckets);
        copy.iter().for_each(|level| own.add(&level.level.product_id.to_string(), level.level.version));
        let started_at = Instant::now();
        let before = rows::digest(&world.scope(), store, buckets).await.unwrap();
        println!("{:?}: a digest of {LEVELS} levels in {:?}", world.db.backend(), started_at.elapsed());
        assert_eq!((before.hashes(), before.levels() as i64), (own.hashes(), LEVELS));
        let moved: Vec<LevelId> = copy.iter().step_by(9_973).take(10).map(|level| level.level.id).collect();
        assert_eq!(moved.len(), 10);
        let work = world.db.global().maintenance_for(world.tenant).await.unwrap();
        for id in &moved {
            work.execute("UPDATE stock_level SET version = version + 1 WHERE tenant_id = $1 AND id = $2", vec![(*id).into()])
                .await
                .unwrap();
        }
        work.commit().await.unwrap();
        // The first call: which buckets differ. The second: their levels.
        let after = rows::digest(&world.scope(), store, buckets).await.unwrap().hashes();
        let differing: Vec<u32> =
            (0..).zip(own.hashes().iter().zip(&after)).filter(|(_, (a, b))| a != b).map(|(n, _)| n).collect();
        assert!((1..=10).contains(&differing.len()), "{differing:?}");
        let found = rows::levels_in(&world.scope(), (store, buckets), &differing, ProductRange::default(), 250).await.unwrap();
        let known: BTreeMap<LevelId, i64> = copy.iter().map(|level| (level.level.id, level.level.version)).collect();
        let mut named: Vec<LevelId> =
            found.iter().filter(|level| known[&level.level.id] != level.level.version).map(|level| level.level.id).collect();
        let mut expected = moved.clone();
        named.sort();
        expected.sort();
        assert_eq!(named, expected);
        assert!(found.len() < 250, "{} rows for ten that differ", found.len());
    })
    .await;
}
