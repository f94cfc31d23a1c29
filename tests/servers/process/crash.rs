//! kill -9 in the middle of concurrent writes, again and again, and a disk that has no room for more of them.

use std::{env, sync::atomic::Ordering, time::Duration};

use serde_json::json;
use tokio::time::sleep;

use super::{
    audit::audit,
    load::{Dice, Load},
    operations::health,
    server::{Environment, Server, Site, free_address},
    shop::Shop,
};
use crate::{databases::random, world::on_both};

const ON_HAND: i64 = 200;
const CLIENTS: u64 = 8;

/// Returns how often the server is killed: `ENTREPOT_CRASH_ROUNDS`, by default 10 times.
fn rounds() -> u64 {
    env::var("ENTREPOT_CRASH_ROUNDS").ok().map_or(10, |rounds| rounds.parse().unwrap())
}

on_both!(no_acknowledged_change_is_lost_or_made_twice, site: Site => {
    let seed = random();
    let mut server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 2, 4, ON_HAND).await;
    let load = Load::start(&shop, std::slice::from_ref(&shop.client), CLIENTS, seed);
    let mut dice = Dice::new(seed);
    let mut ready = Vec::new();
    for round in 0..rounds() {
        let before = load.answers.load(Ordering::Relaxed);
        sleep(Duration::from_millis(60 + dice.below(500))).await;
        while load.answers.load(Ordering::Relaxed) == before {
            sleep(Duration::from_millis(5)).await;
        }
        let address = server.address;
        server.kill();
        server = Server::start_on(site, address).await;
        assert!(server.ready_in < Duration::from_secs(5), "round {round}: ready after {:?}", server.ready_in);
        ready.push(server.ready_in);
    }
    let (answers, again) = (load.answers.clone(), load.again.clone());
    let outcomes = load.end().await;
    assert!(again.load(Ordering::Relaxed) > 0, "no call was cut off: nothing was shown");
    audit(&shop, ON_HAND, &outcomes).await;
    server.kill();
    site.verify().await;
    ready.sort_unstable();
    println!(
        "{} kills, {} answers, {} acknowledged changes, {} refusals, {} calls sent again; ready in {:?} at the median, {:?} at most",
        ready.len(), answers.load(Ordering::Relaxed), outcomes.done.len(), outcomes.refused, again.load(Ordering::Relaxed),
        ready.get(ready.len() / 2).unwrap_or(&Duration::ZERO), ready.last().unwrap_or(&Duration::ZERO),
    );
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_without_room_loses_nothing_that_was_acknowledged() {
    let site = Site::sqlite().await;
    let length = std::fs::metadata(site.folder.join("it.sqlite")).unwrap().len();
    let tight = Environment { room: Some(length / 1024 + 1_500), ..Environment::default() };
    let server = Server::start_in(&site, free_address(), &["--budget", "off", "--tenant-budget", "off"], &tight).await;
    let shop = Shop::open(server.tenant().await, 2, 4, ON_HAND).await;
    let load = Load::start(&shop, std::slice::from_ref(&shop.client), CLIENTS, random());
    let started_at = tokio::time::Instant::now();
    while load.again.load(Ordering::Relaxed) < 10 * CLIENTS {
        assert!(started_at.elapsed() < Duration::from_secs(60), "there was room all the time: nothing was shown");
        sleep(Duration::from_millis(20)).await;
    }
    let before = load.answers.load(Ordering::Relaxed);
    // Reads are answered; writes are refused with a request to try again.
    let levels = shop.levels().await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(shop.levels().await, levels);
    let refused = shop.client.send(super::shop::CATEGORY, &json!({ "input": { "name": "More" } })).await.unwrap_err();
    assert!(refused.contains("UNAVAILABLE"), "{refused}");
    assert!(refused.contains("the database takes no writes just now"), "{refused}");
    assert!(server.stderr().contains("the disk has no room"), "{}", server.stderr());
    let (status, report) = health(&server).await;
    assert_eq!((status, &report["status"]), (200, &json!("degraded")), "it still answers: {report}");
    assert!(report["checks"]["database"]["reason"].as_str().unwrap().contains("no room"), "{report}");
    // The operator frees space, and restarts the server.
    let address = server.address;
    server.kill();
    let server = Server::start_on(&site, address).await;
    let outcomes = load.end().await;
    audit(&shop, ON_HAND, &outcomes).await;
    server.kill();
    site.verify().await;
    println!("{before} answers until the disk was full; {} acknowledged changes, all there", outcomes.done.len());
}
