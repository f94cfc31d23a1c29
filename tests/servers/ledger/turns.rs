//! A small tenant beside one with thousands of commands.

use entity::prelude::*;
use entrepot::storage::{Backend, Reads, Row};
use futures_util::future::{join, join_all};

use super::{
    by_database::by_database,
    world::{MUG, World, new_tenant},
};

by_database!(tenants_take_turns);

async fn tenants_take_turns(world: World) {
    world.stock(MUG, 0, 10_000).await;
    let (small, make) = new_tenant(&world.db, &world.clock).await;
    let before = world.scope().head().await.unwrap().seq;
    // The large tenant's commands wait for this transaction, all others of an embedded database too.
    let held = world.scope().begin().await.unwrap();
    held.execute("UPDATE tenant_counter SET head = head WHERE tenant_id = $1", vec![]).await.unwrap();
    let sales = join_all((0..3_000).map(|_| world.submit(world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)]))));
    let receipt = world.ledger.submit(small, make.adjust(MovementKind::Receipt, &[(MUG, 0, 1)]), None);
    tokio::pin!(sales, receipt);
    assert!(futures_util::poll!(&mut sales).is_pending(), "all of the large tenant's are queued");
    if world.db.backend() == Backend::Postgres {
        // Another lane has the small tenant, or the transaction that waits is set aside.
        receipt.await.unwrap().unwrap();
        held.commit().await.unwrap();
        assert!(sales.await.iter().all(Result::is_ok));
    } else {
        // Queued behind all of them, and still served after a batch or two. Times of events are
        // compared, as answers are read later than they are given.
        assert!(futures_util::poll!(&mut receipt).is_pending());
        held.commit().await.unwrap();
        let (sold, received) = join(sales, receipt).await;
        received.unwrap().unwrap();
        assert!(sold.iter().all(Result::is_ok));
        let sql = "SELECT recorded_at FROM event WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1";
        let received_at: i64 = Row::scalar(&world.db.tenant(small).rows(sql, vec![]).await.unwrap()[0]).unwrap();
        let sql = "SELECT count(*) FROM event WHERE tenant_id = $1 AND recorded_at > $2";
        let waiting: i64 = Row::scalar(&world.scope().rows(sql, vec![received_at.into()]).await.unwrap()[0]).unwrap();
        assert!(waiting > 900, "the small tenant waited for the large one: {waiting} were left when it was served");
    }
    assert_eq!(world.scope().head().await.unwrap().seq, before + 3_000, "each sale is an event");
    world.verify().await;
}
