//! The dearest commands of one tenant, and how long the others wait for them.

use std::sync::atomic::{AtomicUsize, Ordering};

use entity::prelude::*;
use entrepot::{ledger::Command, orders::core::NewStatus};
use futures_util::future::join_all;

use super::{
    by_database::by_database,
    factory::CommandFactory,
    world::{MUG, PRODUCTS, STORES, World, new_tenant, product_row},
};

/// Lines of a command, and how many of such commands are sent at once.
const LINES: usize = 500;
const HEAVY: usize = 32;
/// Orders that each of the others places, one after the other.
const ORDERS: usize = 3;

/// A tenant with products for commands of so many lines.
async fn large_tenant(world: &World) -> (TenantId, CommandFactory) {
    let (tenant, mut make) = new_tenant(&world.db, &world.clock).await;
    let work = world.db.tenant(tenant).begin().await.unwrap();
    while make.products.len() < PRODUCTS + LINES / STORES {
        let row = product_row(tenant, world.clock.id(), make.products.len() + 100, world.clock.now());
        make.products.push(row.id);
        work.insert::<entity::product::Entity>(row).await.unwrap();
    }
    work.commit().await.unwrap();
    (tenant, make)
}

async fn the_dearest_commands_of_one_hold_up_no_other(world: World) {
    let (large, make) = large_tenant(&world).await;
    let lines: Vec<(usize, usize, i64)> = (0..LINES).map(|line| (PRODUCTS + line / STORES, line % STORES, 1)).collect();
    let left = AtomicUsize::new(HEAVY);
    let heavy = || async {
        world.ledger.submit(large, make.adjust(MovementKind::Receipt, &lines), None).await.unwrap().unwrap();
        left.fetch_sub(1, Ordering::Relaxed);
    };
    let mut others = Vec::new();
    for _ in 0..11 {
        others.push(new_tenant(&world.db, &world.clock).await);
    }
    // Each is queued behind all of the large tenant's: it takes mugs in, sells some, and gives how many of those were left when it was served.
    let other = |(tenant, make): &(TenantId, CommandFactory)| {
        let receipt = make.adjust(MovementKind::Receipt, &[(MUG, 0, 10)]);
        let orders = (0..ORDERS).map(|_| make.order(NewStatus::Confirmed, &[(MUG, 1)]).1);
        let commands: Vec<Command> = std::iter::once(receipt).chain(orders).collect();
        let (tenant, left, ledger) = (*tenant, &left, &world.ledger);
        async move {
            for command in commands {
                ledger.submit(tenant, command, None).await.unwrap().unwrap();
            }
            left.load(Ordering::Relaxed)
        }
    };
    let (_, left) = tokio::join!(join_all((0..HEAVY).map(|_| heavy())), join_all(others.iter().map(other)));
    // With one writer there is one of them between two of theirs; elsewhere they run beside theirs, one at a time, and each is much longer.
    let most = 4 * (1 + ORDERS);
    assert!(left.iter().all(|left| *left >= HEAVY - most), "others waited for more than {most} of {HEAVY}: {left:?} were left");
    world.verify().await;
}

by_database!(the_dearest_commands_of_one_hold_up_no_other);
