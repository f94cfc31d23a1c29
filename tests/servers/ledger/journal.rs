//! The event sequence: dense under many writers, and whole for whoever follows it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use entity::prelude::*;
use entrepot::storage::{TenantScope, journal};

use super::{
    by_database::by_database,
    world::{MUG, World},
};

/// Follows by the last number seen, as a subscriber does, until the writers are done; returns how many it saw.
async fn follow(scope: TenantScope, ended: Arc<AtomicBool>) -> i64 {
    let mut last = 0;
    loop {
        let over = ended.load(Ordering::Acquire);
        let page = journal::after(&scope, last, 50).await.unwrap();
        for event in &page {
            assert_eq!(event.seq, last + 1, "a reader saw a gap");
            last = event.seq;
        }
        // Whoever reads the head may rely on all up to it.
        let head = scope.head().await.unwrap().seq;
        assert!(head >= last);
        if page.is_empty() {
            if over {
                return last;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

/// A change of the catalogue: its rows first, its events last, in one transaction; now and then it comes to nothing.
async fn rename(scope: &TenantScope, name: String, give_up: bool, now: Timestamp) {
    let mut work = scope.begin().await.unwrap();
    work.execute("UPDATE product SET name = $2 WHERE tenant_id = $1 AND sku = 'p1'", vec![name.into()]).await.unwrap();
    let event = || entrepot::catalog::events::PRODUCT_UPDATED.with_text("{}".to_owned());
    journal::append(&mut work, vec![event(), event()], now).await.unwrap();
    if give_up {
        work.rollback().await.unwrap();
    } else {
        work.commit().await.unwrap();
    }
}

async fn sixteen_writers_leave_no_gap_for_readers(world: World) {
    world.stock(MUG, 0, 10_000).await;
    let ended = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4).map(|_| tokio::spawn(follow(world.scope(), ended.clone()))).collect();
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let (scope, ledger, make, tenant) = (world.scope(), world.ledger.clone(), world.make.clone(), world.tenant);
            tokio::spawn(async move {
                for round in 0..25 {
                    if writer % 4 == 0 {
                        rename(&scope, format!("{writer}.{round}"), round % 5 == 0, make.clock.now()).await;
                    } else {
                        let sale = make.adjust(MovementKind::Sale, &[(MUG, 0, -1)]);
                        ledger.submit(tenant, sale, None).await.unwrap().unwrap();
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    ended.store(true, Ordering::Release);
    // One receipt, twelve writers of sales, four of which every fifth change comes to nothing.
    let expected = 1 + 12 * 25 + 4 * 20 * 2;
    for reader in readers {
        assert_eq!(reader.await.unwrap(), expected);
    }
    assert_eq!(world.scope().head().await.unwrap().seq, expected);
    world.verify().await;
}

async fn followers_in_the_process_are_told_what_the_journal_says(world: World) {
    let mut told = world.db.announcer().follow(world.tenant);
    for _ in 0..20 {
        world.stock(MUG, 0, 1).await;
    }
    rename(&world.scope(), "renamed".to_owned(), false, world.clock.now()).await;
    let mut heard = Vec::new();
    while let Ok(committed) = told.try_recv() {
        assert_eq!(committed.tenant, world.tenant);
        heard.extend(committed.events.iter().map(|event| (**event).clone()));
    }
    assert_eq!(heard, journal::after(&world.scope(), 0, 100).await.unwrap());
}

by_database!(sixteen_writers_leave_no_gap_for_readers, followers_in_the_process_are_told_what_the_journal_says);
