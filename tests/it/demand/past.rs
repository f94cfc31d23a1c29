//! Days before the clock's, and facts that are up to date.
#![allow(dead_code, reason = "several targets have it, and each calls a part")]

use entrepot::demand::{
    rows::{Book, book},
    shell::catch_up,
};

use crate::authorization::world::World;

/// Brings the facts up to date and returns their book.
pub async fn update_book(world: &World) -> Book {
    let tenant = world.ours.owner.tenant;
    assert!(catch_up(&world.node.db, tenant, usize::MAX).await.unwrap().is_current());
    book(&world.node.db.tenant(tenant)).await.unwrap().unwrap()
}

/// Noon in UTC, `days` ago.
pub fn days_ago(world: &World, days: i64) -> String {
    const DAY: i64 = 86_400_000_000;
    let day = world.node.clock.now().micros() / DAY - days;
    entrepot::clock::rfc3339(entity::prelude::Timestamp(day * DAY + DAY / 2))
}
