//! The event sequence: without gaps under many writers, and complete for every reader.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use entity::prelude::*;
use entrepot::{
    catalog::events::PRODUCT_UPDATED,
    stock::events::STOCK_CHANGED,
    storage::{
        Backend, Reads, TenantScope,
        journal::{self, Event, Kinds, PAGE_BYTES, Page},
    },
};

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
        // A reader of the head may rely on all events up to it.
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

/// A change of the catalogue: its rows first, its events last, in one transaction, which is
/// sometimes rolled back.
async fn rename(scope: &TenantScope, name: String, give_up: bool, now: Timestamp) {
    let mut work = scope.begin().await.unwrap();
    work.execute("UPDATE product SET name = $2 WHERE tenant_id = $1 AND sku = 'p1'", vec![name.into()]).await.unwrap();
    let event = || PRODUCT_UPDATED.with_text("{}".to_owned());
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
    // One receipt, twelve writers of sales, and four writers of which every fifth change is rolled
    // back.
    let expected = 1 + 12 * 25 + 4 * 20 * 2;
    for reader in readers {
        assert_eq!(reader.await.unwrap(), expected);
    }
    assert_eq!(world.scope().head().await.unwrap().seq, expected);
    world.verify().await;
}

async fn followers_in_the_process_are_told_what_the_journal_says(world: World) {
    let mut follower = world.db.announcer().follow(world.tenant);
    for _ in 0..20 {
        world.stock(MUG, 0, 1).await;
    }
    rename(&world.scope(), "renamed".to_owned(), false, world.clock.now()).await;
    let mut heard = Vec::new();
    while let Ok(committed) = follower.try_recv() {
        assert_eq!(committed.tenant, world.tenant);
        heard.extend(committed.events.iter().map(|event| (**event).clone()));
    }
    assert_eq!(heard, journal::after(&world.scope(), 0, 100).await.unwrap());
}

/// Bytes of the payload of a movement with 1,000 lines, about.
const LARGE: usize = 250_000;

/// Appends events with texts of so many bytes, two a character, and returns the number before them.
async fn append(world: &World, sizes: &[usize]) -> i64 {
    let before = world.scope().head().await.unwrap().seq;
    for part in sizes.chunks(8) {
        let mut work = world.scope().begin().await.unwrap();
        let event = |bytes: &usize| PRODUCT_UPDATED.with_text(format!("{{\"text\":\"{}\"}}", "ß".repeat(bytes / 2)));
        journal::append(&mut work, part.iter().map(event).collect(), world.clock.now()).await.unwrap();
        work.commit().await.unwrap();
    }
    before
}

/// A page that has no more than its bytes and its last event.
fn bounded(page: Page) -> Page {
    let bytes: usize = page.events.iter().rev().skip(1).map(|event| event.payload.len()).sum();
    assert!(bytes < PAGE_BYTES, "{bytes} in {} events", page.events.len());
    page
}

async fn pages_end_by_bytes_and_lose_nothing(world: World) {
    // Small ones, then large ones, both in turn, and one that fills a page alone.
    let sizes = [[20].repeat(40), [LARGE].repeat(20), [20, LARGE].repeat(10), vec![3 * PAGE_BYTES, 20, 3_988, 3_990]].concat();
    let before = append(&world, &sizes).await;
    let (scope, head) = (world.scope(), before + sizes.len() as i64);
    let all = journal::after(&scope, before, 1_000).await.unwrap();
    assert_eq!(all.len(), sizes.len());
    let (mut read, mut pages): (Vec<Event>, usize) = (Vec::new(), 0);
    loop {
        let page = bounded(journal::page_after(&scope, read.last().map_or(before, |event| event.seq), 500).await.unwrap());
        read.extend(page.events);
        pages += 1;
        if !page.is_full {
            break;
        }
    }
    assert!(read == all, "{:?}", read.iter().map(|event| event.seq - before).collect::<Vec<_>>());
    assert!(pages >= 4, "{pages} pages of 13 MB");
    // Reads some kinds, between other events, and up to a number.
    let mut work = scope.begin().await.unwrap();
    journal::append(&mut work, vec![STOCK_CHANGED.with_text("{}".to_owned())], world.clock.now()).await.unwrap();
    work.commit().await.unwrap();
    let kinds = Kinds::of(&[&PRODUCT_UPDATED]);
    for upto in [head - 15, head + 1] {
        let (mut read, mut last_read): (Vec<Event>, i64) = (Vec::new(), before);
        while last_read < upto {
            let page = bounded(journal::page_of_kinds(&scope, &kinds, last_read, upto, 30).await.unwrap());
            assert!(page.events.len() <= 30);
            last_read = page.last_read_seq(upto);
            read.extend(page.events);
        }
        assert_eq!(last_read, upto);
        assert!(read == all[..read.len()] && read.len() as i64 == (upto - before).min(head - before), "up to {upto}");
    }
    // Without payloads, all are read at once.
    let headers = journal::headers_after(&scope, before, 1_000).await.unwrap();
    assert_eq!(headers.last().map(|header| (header.seq, header.kind.as_str())), Some((head + 1, "stock.changed")));
    assert_eq!(headers.len(), all.len() + 1);
}

async fn pages_of_small_events_take_a_statement(world: World) {
    let before = append(&world, &[700].repeat(600)).await;
    let scope = world.scope();
    let read = async |after, limit| {
        let (page, sent) = world.db.record_statements(journal::page_after(&scope, after, limit)).await;
        (page.unwrap().events.len(), sent.iter().filter(|statement| statement.sql.contains("FROM event")).count())
    };
    assert_eq!(read(before + 600, 500).await, (0, 1));
    assert_eq!(read(before + 570, 500).await, (30, 1), "who is up to date but for a few reads once");
    // On SQLite a few events are read first, as there is no network between.
    let most = if scope.backend() == Backend::Postgres { 1 } else { 2 };
    assert_eq!(read(before, 500).await, (500, most));
    assert_eq!(read(before + 500, 500).await, (100, most));
    assert_eq!(read(before, 10).await, (10, 1));
}

by_database!(
    sixteen_writers_leave_no_gap_for_readers,
    followers_in_the_process_are_told_what_the_journal_says,
    pages_end_by_bytes_and_lose_nothing,
    pages_of_small_events_take_a_statement,
);
