//! Followers of the journal: each gets the events that concern it, in order and without gaps,
//! whatever happens meanwhile.

use std::time::Duration;

use entrepot::{
    catalog::events::LEVELS,
    orders::events::ORDERS,
    realtime::{Follower, Hubs, Interest, Listener, NextEvents, Subject},
    schema::events::registry,
    stock::events::STOCK_CHANGED,
    storage::journal,
};

use super::{
    by_database::by_database,
    world::{MUG, RICE, World},
};

const SOON: Duration = Duration::from_millis(200);

/// Writes so many events that concern all who follow stock.
async fn write(world: &World, count: usize) {
    write_text(world, count, "{}").await;
}

/// Writes events with this payload.
async fn write_text(world: &World, count: usize, payload: &str) {
    let mut work = world.scope().begin().await.unwrap();
    // Events that cannot be parsed concern all followers: each of them gets the fault.
    let event = || STOCK_CHANGED.with_text(payload.to_owned());
    journal::append(&mut work, (0..count).map(|_| event()).collect(), world.clock.now()).await.unwrap();
    work.commit().await.unwrap();
}

/// Reads on until nothing comes, and gives the numbers.
async fn read(listener: &mut Listener) -> Vec<i64> {
    let mut seqs = Vec::new();
    loop {
        match listener.next(SOON).await.unwrap() {
            NextEvents::Events(events) => seqs.extend(events.iter().map(|notice| notice.seq())),
            NextEvents::Quiet => return seqs,
            other => panic!("{other:?}"),
        }
    }
}

async fn a_follower_that_sleeps_through_thousands_misses_none(world: World) {
    let hubs = Hubs::new(world.db.clone(), registry());
    let mut sleeper = hubs.listen(world.tenant, Interest::all(LEVELS)).await.unwrap();
    let mut awake = hubs.listen(world.tenant, Interest::all(LEVELS)).await.unwrap();
    let before = sleeper.last();
    assert_eq!((read(&mut sleeper).await.len(), read(&mut awake).await.len()), (0, 0), "both are handed what comes");
    let mut seen = Vec::new();
    for _ in 0..10 {
        write(&world, 300).await;
        seen.extend(read(&mut awake).await);
    }
    let all: Vec<i64> = (before + 1..=before + 3_000).collect();
    assert_eq!(seen, all);
    assert_eq!(read(&mut sleeper).await, all, "far more than an inbox holds");
    write(&world, 1).await;
    assert_eq!(read(&mut sleeper).await, [before + 3_001], "and it is handed what comes again");
    // A listener that comes late reads from memory, or from the journal if memory does not go back
    // so far.
    let mut late = hubs.listen(world.tenant, Interest::all(LEVELS)).await.unwrap();
    late.resume_after(before);
    assert_eq!(read(&mut late).await.len(), 3_001);
    late.resume_after(0);
    assert_eq!(read(&mut late).await.len() as i64, before + 3_001);
}

async fn what_was_let_go_is_told(world: World) {
    write(&world, 10).await;
    let hubs = Hubs::new(world.db.clone(), registry());
    let mut listener = hubs.listen(world.tenant, Interest::all(LEVELS)).await.unwrap();
    let head = listener.last();
    let work = world.db.global().maintenance_for(world.tenant).await.unwrap();
    work.execute("DELETE FROM event WHERE tenant_id = $1 AND seq <= $2", vec![(head - 4).into()]).await.unwrap();
    work.execute("UPDATE tenant_counter SET low_seq = $2 WHERE tenant_id = $1", vec![(head - 4).into()]).await.unwrap();
    work.commit().await.unwrap();
    listener.resume_after(head - 4);
    assert_eq!(read(&mut listener).await.len(), 4);
    listener.resume_after(head - 5);
    assert!(matches!(listener.next(SOON).await.unwrap(), NextEvents::Expired), "a hole is no silence");
}

async fn a_follower_is_handed_what_concerns_it(world: World) {
    let hubs = Hubs::new(world.db.clone(), registry());
    let mug = Subject::of(world.make.products[MUG]);
    let mut narrow = hubs.listen(world.tenant, Interest::narrowest(LEVELS, [vec![mug]])).await.unwrap();
    let mut orders = hubs.listen(world.tenant, Interest::all(ORDERS)).await.unwrap();
    assert_eq!((read(&mut narrow).await.len(), read(&mut orders).await.len()), (0, 0));
    world.stock(RICE, 0, 5).await;
    assert_eq!(read(&mut narrow).await, [0; 0]);
    world.stock(MUG, 0, 5).await;
    let last = narrow.last();
    world.stock(RICE, 1, 5).await;
    let heard_document = read(&mut narrow).await;
    assert_eq!(heard_document, [last + 1], "one of the two");
    assert_eq!(narrow.last(), last + 2, "and it knows that it missed nothing");
    assert_eq!(read(&mut orders).await, [0; 0]);
}

async fn large_events_are_read_a_few_at_once(world: World) {
    const LARGE: usize = 250_000;
    let before = world.scope().head().await.unwrap().seq;
    let payload = format!("{{\"text\":\"{}\"}}", "x".repeat(LARGE));
    for _ in 0..5 {
        write_text(&world, 5, &payload).await;
    }
    let all: Vec<i64> = (before + 1..=before + 25).collect();
    let mut follower = Follower::new(world.scope(), before);
    let mut seqs = Vec::new();
    loop {
        let events = follower.next(SOON).await.unwrap();
        if events.is_empty() {
            break;
        }
        assert!(events.len() < 10, "{} events of {LARGE} bytes", events.len());
        seqs.extend(events.iter().map(|event| event.seq));
    }
    assert_eq!(seqs, all, "and goes on behind a page that its bytes ended");
    // A hub that has just begun has none of them in memory.
    let hubs = Hubs::new(world.db.clone(), registry());
    let mut late = hubs.listen(world.tenant, Interest::all(LEVELS)).await.unwrap();
    late.resume_after(before);
    let mut seqs = Vec::new();
    while let NextEvents::Events(events) = late.next(SOON).await.unwrap() {
        assert!(events.len() < 10, "{} events of {LARGE} bytes", events.len());
        seqs.extend(events.iter().map(|event| event.seq()));
    }
    assert_eq!(seqs, all);
}

by_database!(
    large_events_are_read_a_few_at_once,
    a_follower_that_sleeps_through_thousands_misses_none,
    what_was_let_go_is_told,
    a_follower_is_handed_what_concerns_it,
);
