//! Reads that a page of facts can skip: days that the previous page has left, and events where
//! there are only movements.

use entity::prelude::*;
use entrepot::{
    demand::shell::{catch_up, check, rebuild},
    stock::core::LevelKey,
    storage::{Database, Options},
};

use crate::{
    insight::world::{HOUR, START, World},
    world::on_both,
};

on_both!(
    a_page_reads_neither_the_days_that_the_last_one_left_nor_events_of_movements,
    what_another_node_has_counted_is_read_again,
    facts_made_again_are_not_mistaken_for_those_before,
);

/// The day on which all of this happens.
const DAY: Timestamp = Timestamp(START - 36 * HOUR);

fn mugs(world: &World) -> LevelKey {
    LevelKey { product: world.products[0], store: world.stores[0] }
}

async fn adjust(world: &World, kind: MovementKind, delta: i64) {
    world.adjust(kind, &[(mugs(world), delta)], DAY).await;
}

/// Brings the facts up to date on a node, and counts the statements that read days by their keys
/// and those that read events of orders.
async fn count_catch_up(node: &Database, world: &World) -> (usize, usize) {
    let (kept, sent) = node.record_statements(catch_up(node, world.tenant, 16)).await;
    assert!(kept.unwrap().is_current());
    let reads = |text: &str| sent.iter().filter(|statement| statement.sql.contains(text)).count();
    (reads("d.business_date = k.day"), reads("'order.created'"))
}

/// Received, adjusted in, adjusted out, and net units of all facts, after a check that a rebuild
/// makes the same rows.
async fn figures(world: &World) -> [i64; 4] {
    let checked = check(&world.db, world.tenant, 64).await.unwrap();
    assert!(checked.is_equal(), "{checked:?}");
    let mut figures = [0; 4];
    for (figure, column) in figures.iter_mut().zip(["received_units", "adjusted_in_units", "adjusted_out_units", "net_units"]) {
        let sql = format!("SELECT CAST(sum({column}) AS bigint) FROM demand_day WHERE tenant_id = $1");
        *figure = world.query_number(&sql).await;
    }
    figures
}

async fn a_page_reads_neither_the_days_that_the_last_one_left_nor_events_of_movements(world: &World) {
    adjust(world, MovementKind::Receipt, 50).await;
    assert_eq!(count_catch_up(&world.db, world).await, (0, 0), "there was no day yet");
    adjust(world, MovementKind::Adjustment, -2).await;
    adjust(world, MovementKind::Adjustment, 1).await;
    assert_eq!(count_catch_up(&world.db, world).await, (0, 0));
    adjust(world, MovementKind::Adjustment, -3).await;
    assert_eq!(count_catch_up(&world.db, world).await, (0, 0));
    // Another level of that day is not cached.
    let rice = LevelKey { product: world.products[1], store: world.stores[0] };
    world.adjust(MovementKind::Receipt, &[(rice, 7)], DAY).await;
    assert_eq!(count_catch_up(&world.db, world).await, (1, 0));
    assert_eq!(figures(world).await, [57, 1, 5, 53]);
}

async fn what_another_node_has_counted_is_read_again(world: &World) {
    let other = Database::open(world.url(), Options::default()).await.unwrap();
    adjust(world, MovementKind::Receipt, 50).await;
    count_catch_up(&world.db, world).await;
    for _ in 0..2 {
        for node in [&other, &world.db] {
            adjust(world, MovementKind::Adjustment, -2).await;
            assert_eq!(count_catch_up(node, world).await, (1, 0), "the other node has changed this day");
            adjust(world, MovementKind::Adjustment, 1).await;
            assert_eq!(count_catch_up(node, world).await, (0, 0));
        }
    }
    assert_eq!(figures(world).await, [50, 4, 8, 46]);
    other.close().await.unwrap();
}

async fn facts_made_again_are_not_mistaken_for_those_before(world: &World) {
    adjust(world, MovementKind::Receipt, 50).await;
    count_catch_up(&world.db, world).await;
    rebuild(&world.db, world.tenant, 2).await.unwrap();
    adjust(world, MovementKind::Adjustment, -2).await;
    assert_eq!(count_catch_up(&world.db, world).await, (1, 0));
    // The day changes without a page of this node.
    adjust(world, MovementKind::Adjustment, -1).await;
    rebuild(&world.db, world.tenant, 2).await.unwrap();
    adjust(world, MovementKind::Adjustment, 4).await;
    assert_eq!(count_catch_up(&world.db, world).await, (1, 0));
    assert_eq!(figures(world).await, [50, 4, 3, 51]);
}
