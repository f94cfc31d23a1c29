//! `onHandAt` on a level with 100,000 entries.

use std::time::Duration;

use entity::prelude::*;
use entrepot::{
    stock::{
        core::LevelKey,
        shell::{condense_all, on_hand_at},
    },
    storage::Backend,
};
use sea_orm::Value;
use tokio::time::Instant;

use super::world::{START, World};

const ENTRIES: i64 = 100_000;
const A_MOVEMENT: i64 = 4_000;

/// A receipt of one unit each second, inserted without the ledger: all in order; or the last one
/// first and the others shuffled, so that each of them is late.
async fn fill(world: &World, key: LevelKey, order: &str, from_seq: i64) {
    world.adjust(MovementKind::Receipt, &[(key, 1)], Timestamp(START)).await;
    let (id, numbers) = match world.db.backend() {
        Backend::Sqlite => ("randomblob(16)", "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $2 - 1)"),
        Backend::Postgres => ("gen_random_uuid()", "WITH n(i) AS (SELECT generate_series(0, $2 - 1))"),
    };
    let work = world.db.global().maintenance_for(world.tenant).await.unwrap();
    for clear in [
        "DELETE FROM entry WHERE tenant_id = $1 AND product_id = $2",
        "UPDATE stock_level SET version = 0 WHERE tenant_id = $1 AND product_id = $2",
    ] {
        work.execute(clear, vec![key.product.into()]).await.unwrap();
    }
    let movements = format!(
        "INSERT INTO movement (tenant_id, seq, id, kind, actor_kind, actor_id, occurred_at, business_date, recorded_at)
         {numbers} SELECT $1, $3 + i, {id}, 'RECEIPT', 'SYSTEM', {id}, 0, 0, 0 FROM n"
    );
    work.execute(&movements, vec![(ENTRIES / A_MOVEMENT).into(), from_seq.into()]).await.unwrap();
    let at = format!("$6 + ({order}) * 1000000");
    let latest = if order == "i" { at.clone() } else { format!("$6 + CAST({ENTRIES} AS bigint) * 1000000") };
    let entries = format!(
        "INSERT INTO entry (tenant_id, seq, line, movement_id, product_id, store_id, on_hand_delta, reserved_delta, unavailable_delta,
           incoming_delta, in_transit_delta, on_hand_after, reserved_after, unavailable_after, version_after, occurred_at, occurred_max, recorded_at)
         {numbers} SELECT $1, $3 + i / {A_MOVEMENT}, CAST(i % {A_MOVEMENT} + 1 AS integer), $4, $4, $5, 1, 0, 0, 0, 0, i + 1, 0, 0, i + 1,
           CASE WHEN i = 0 THEN {latest} ELSE {at} END, {latest}, $6 + i FROM n"
    );
    let values: Vec<Value> = vec![ENTRIES.into(), from_seq.into(), key.product.into(), key.store.into(), START.into()];
    work.execute(&entries, values).await.unwrap();
    work.execute(
        "UPDATE stock_level SET version = $2 WHERE tenant_id = $1 AND product_id = $3",
        vec![ENTRIES.into(), key.product.into()],
    )
    .await
    .unwrap();
    work.commit().await.unwrap();
}

/// The quickest of seven: others work on this machine, too.
async fn measure(world: &World, key: LevelKey, seconds: i64, known_at: Option<Timestamp>, expected: i64) -> Duration {
    let mut times = Vec::new();
    for _ in 0..7 {
        let started_at = Instant::now();
        let found = on_hand_at(&world.scope(), key, Timestamp(START + seconds * 1_000_000), known_at).await.unwrap();
        times.push(started_at.elapsed());
        assert_eq!(found.get(), expected);
    }
    times.into_iter().min().unwrap()
}

#[tokio::test]
async fn a_level_with_a_hundred_thousand_entries_is_searched_not_summed() {
    World::on_both(async |world| {
        let [in_order, late] = [0, 3].map(|product| LevelKey { product: world.products[product], store: world.stores[0] });
        fill(&world, in_order, "i", 1_000).await;
        fill(&world, late, &format!("(i * 7919) % {ENTRIES}"), 2_000).await;
        let backend = world.db.backend();
        for seconds in [0, 1, 33_333, 99_999] {
            let all = measure(&world, in_order, seconds, None, seconds + 1).await;
            let known = measure(&world, in_order, seconds, Some(Timestamp(START + 500)), (seconds + 1).min(501)).await;
            println!("{backend:?}: {ENTRIES} entries in order, at {seconds} s: {all:?}; as known early: {known:?}");
            assert!(all < Duration::from_millis(50) && known < Duration::from_millis(50), "{all:?} {known:?}");
        }
        // The first entry is the latest by time.
        condense_all(&world.scope(), late).await.unwrap();
        let worst = measure(&world, late, 49_999, None, 49_999).await;
        let early = Some(Timestamp(START + 50_000));
        let known_early = i64::try_from((1..=50_000).filter(|i| (i * 7919) % ENTRIES <= 49_999).count()).unwrap();
        let worst_early = measure(&world, late, 49_999, early, known_early).await;
        let whole = measure(&world, late, ENTRIES, None, ENTRIES).await;
        println!("{backend:?}: {ENTRIES} entries, all late, in the middle: {worst:?}, as known early: {worst_early:?}; at the end: {whole:?}");
        assert!(whole < Duration::from_millis(50), "{whole:?}");
        assert!(worst < Duration::from_millis(50) && worst_early < Duration::from_millis(50), "{worst:?} {worst_early:?}");
    })
    .await;
}
