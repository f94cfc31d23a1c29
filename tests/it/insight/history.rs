//! `onHandAt` against its plain definition.

use entity::prelude::*;
use entrepot::{
    stock::{
        core::{Entry, LevelKey},
        rows::{condense_blocks, load_on_hand_at},
    },
    storage::{Fault, TenantScope},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::world::{HOUR, START, World};

/// The fields of an entry that the definition uses.
struct JournalEntry {
    key: LevelKey,
    delta: i64,
    occurred_at: i64,
    recorded_at: i64,
}

/// Levels of a test are short, and so are the blocks they are condensed in.
const SIZE: i64 = 4;

async fn on_hand_at_many(
    scope: &TenantScope,
    keys: &[LevelKey],
    time: Timestamp,
    known_at: Option<Timestamp>,
) -> Result<Vec<Quantity>, Fault> {
    Ok(load_on_hand_at(scope, keys, time, known_at, SIZE).await?.into_iter().map(|past| past.on_hand).collect())
}

async fn on_hand_at(scope: &TenantScope, key: LevelKey, time: Timestamp, known_at: Option<Timestamp>) -> Result<Quantity, Fault> {
    Ok(on_hand_at_many(scope, &[key], time, known_at).await?[0])
}

fn plain(known: &[JournalEntry], key: LevelKey, time: i64, known_at: i64) -> i64 {
    let counts = |e: &&JournalEntry| e.key == key && e.occurred_at <= time && e.recorded_at <= known_at;
    known.iter().filter(counts).map(|e| e.delta).sum()
}

/// Writes receipts and removals, most of them backdated by up to two days, several entries on a
/// level in one movement, on a clock that stops, advances and is set back.
async fn scribble(world: &World, keys: &[LevelKey], random: &mut StdRng) -> Vec<JournalEntry> {
    let mut known = Vec::new();
    let mut on_hand = vec![0; keys.len()];
    for _ in 0..150 {
        world.hands().advance_clock([0, 1, HOUR, -HOUR / 2][random.random_range(0..4)]);
        let late = [0, 0, 1, HOUR, 48 * HOUR][random.random_range(0..5)];
        let occurred_at = world.clock.now().micros() - if late > 1 { random.random_range(0..late) } else { late };
        let receipt = random.random_bool(0.6);
        let mut changes = Vec::new();
        for _ in 0..random.random_range(1..5) {
            let index = random.random_range(0..keys.len());
            let delta = if receipt { random.random_range(1..50) } else { -random.random_range(1..=20).min(on_hand[index]) };
            if delta != 0 {
                on_hand[index] += delta;
                changes.push((keys[index], delta));
            }
        }
        if changes.is_empty() {
            continue;
        }
        let kind = if receipt { MovementKind::Receipt } else { MovementKind::Removal };
        let moment = world.adjust(kind, &changes, Timestamp(occurred_at)).await;
        for movement in &moment.movements {
            let (occurred_at, recorded_at) = (movement.occurred_at.micros(), movement.recorded_at.micros());
            let entry = |e: &Entry| JournalEntry { key: e.key, delta: e.on_hand_delta, occurred_at, recorded_at };
            known.extend(movement.entries.iter().map(entry));
        }
    }
    known
}

#[tokio::test]
async fn it_is_the_sum_of_what_had_happened_and_was_known() {
    World::on_both(async |world| {
        let mut random = StdRng::seed_from_u64(3);
        let keys: Vec<LevelKey> = [0, 1, 3]
            .iter()
            .flat_map(|product| world.stores.iter().map(|store| LevelKey { product: world.products[*product], store: *store }))
            .collect();
        let (used, unused) = keys.split_at(5);
        let known = scribble(&world, used, &mut random).await;
        assert!(known.len() > 200);
        let scope = world.scope();
        let end = known.iter().map(|e| e.recorded_at).max().unwrap() + HOUR;
        for round in 0..600 {
            // At first nothing is condensed, then more and more: one level whole, another half.
            if round >= 150 && round % 50 == 0 {
                let work = scope.begin().await.unwrap();
                condense_blocks(&work, used[round / 50 % 2], SIZE, if round % 100 == 0 { 2 } else { 100 }).await.unwrap();
                work.commit().await.unwrap();
            }
            // Half of the times equal that of an entry, or differ by one.
            let near = &known[random.random_range(0..known.len())];
            let off = random.random_range(-1..=1);
            let moment = |exact: i64, random: &mut StdRng| {
                if round % 2 == 0 { exact + off } else { random.random_range(START - 50 * HOUR..end) }
            };
            let time = moment(near.occurred_at, &mut random);
            let known_at = (round % 3 != 0).then(|| moment(near.recorded_at, &mut random));
            let found = on_hand_at_many(&scope, &keys, Timestamp(time), known_at.map(Timestamp)).await.unwrap();
            let expected: Vec<i64> = keys.iter().map(|key| plain(&known, *key, time, known_at.unwrap_or(i64::MAX))).collect();
            assert_eq!(found.iter().map(|q| q.get()).collect::<Vec<_>>(), expected, "at {time}, known at {known_at:?}");
            let one = on_hand_at(&scope, near.key, Timestamp(time), known_at.map(Timestamp)).await.unwrap();
            assert_eq!(one.get(), plain(&known, near.key, time, known_at.unwrap_or(i64::MAX)));
        }
        let none = on_hand_at(&scope, unused[0], Timestamp(i64::MAX), None).await.unwrap();
        assert_eq!(none, Quantity::ZERO);
        assert!(on_hand_at_many(&scope, &[], Timestamp(0), None).await.unwrap().is_empty());
        let again = on_hand_at_many(&scope, &[used[1], used[0], used[1]], Timestamp(end), None).await.unwrap();
        assert_eq!((again.len(), again[0]), (3, again[2]));
    })
    .await;
}

#[tokio::test]
async fn a_hole_in_a_levels_versions_is_named_and_not_summed_over() {
    World::on_both(async |world| {
        let key = LevelKey { product: world.products[0], store: world.stores[0] };
        for _ in 0..3 {
            world.adjust(MovementKind::Receipt, &[(key, 5)], world.clock.now()).await;
        }
        // No request may: see `row_security`.
        let work = world.db.global().maintenance_for(world.tenant).await.unwrap();
        work.execute("DELETE FROM entry WHERE tenant_id = $1 AND version_after = 2", vec![]).await.unwrap();
        work.commit().await.unwrap();
        let found = on_hand_at(&world.scope(), key, Timestamp(i64::MAX), None).await;
        assert!(matches!(found, Err(Fault::Corrupt { table: "entry", .. })), "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn what_arrived_late_is_condensed_once_and_walked_no_more() {
    World::on_both(async |world| {
        let key = LevelKey { product: world.products[0], store: world.stores[0] };
        let newest = world.clock.now();
        for hours in 0..10 {
            world.adjust(MovementKind::Receipt, &[(key, 1)], Timestamp(newest.micros() - hours * HOUR)).await;
        }
        let scope = world.scope();
        let walked = async || {
            let found = load_on_hand_at(&scope, &[key], Timestamp(newest.micros() - 1), None, SIZE).await.unwrap()[0];
            assert_eq!(found.on_hand.get(), 9, "all but the first, which happened last");
            found.walked
        };
        assert_eq!(walked().await, 10);
        let condensed = async |limit| {
            let work = scope.begin().await.unwrap();
            let is_left = condense_blocks(&work, key, SIZE, limit).await.unwrap();
            work.commit().await.unwrap();
            is_left
        };
        assert!(condensed(1).await, "one of two blocks");
        assert_eq!(walked().await, 6);
        assert!(!condensed(5).await);
        assert_eq!(walked().await, 2, "what is behind the last whole block");
        assert!(!condensed(5).await, "there is nothing left");
        let unseen = load_on_hand_at(&world.db.tenant(world.clock.id()), &[key], newest, None, SIZE).await.unwrap()[0];
        assert_eq!((unseen.on_hand, unseen.walked), (Quantity::ZERO, 0), "another tenant has no such level");
    })
    .await;
}

#[tokio::test]
async fn more_than_can_be_told_exactly_is_named() {
    World::on_both(async |world| {
        let key = LevelKey { product: world.products[0], store: world.stores[0] };
        let most = (1 << 53) - 1;
        let ago = |hours: i64| Timestamp(world.clock.now().micros() - hours * HOUR);
        world.adjust(MovementKind::Receipt, &[(key, most)], ago(3)).await;
        world.adjust(MovementKind::Removal, &[(key, -most)], ago(1)).await;
        world.adjust(MovementKind::Receipt, &[(key, most)], ago(3)).await;
        let found = on_hand_at(&world.scope(), key, ago(2), None).await;
        assert!(matches!(found, Err(Fault::TooLarge)), "{found:?}");
        assert_eq!(on_hand_at(&world.scope(), key, ago(0), None).await.unwrap().get(), most);
    })
    .await;
}
