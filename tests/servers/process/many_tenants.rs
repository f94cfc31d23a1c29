//! Many tenants at once, whose commands share transactions: kill -9, cut connections, and two
//! processes of which one is killed.

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::{
    audit::audit,
    client::Client,
    load::{Dice, Load, Outcomes},
    redis::Way,
    server::{Server, Site},
    shop::Shop,
};
use crate::{databases::random, world::on_both};

const TENANTS: u64 = 8;
/// Writers of each tenant.
const CLIENTS: u64 = 2;
const ON_HAND: i64 = 200;
/// Number of times that a process is killed, or that its connections are cut.
const ROUNDS: usize = 5;
/// Maximum time until a tenant gets an answer after that.
const PATIENCE: Duration = Duration::from_secs(30);

/// A tenant and its writers.
struct Busy {
    shop: Shop,
    load: Load,
}

/// Tenants of a server, whose writers send each call to one of these processes, or race it to two.
async fn busy(server: &Server, urls: &[String], seed: u64) -> Vec<Busy> {
    let tenants = (0..TENANTS).map(|tenant| async move {
        let shop = Shop::open(server.tenant().await, 2, 3, ON_HAND).await;
        let ways: Vec<Client> = urls.iter().map(|url| shop.client.at(url)).collect();
        let load = Load::start(&shop, &ways, CLIENTS, seed.wrapping_add(tenant));
        Busy { shop, load }
    });
    join_all(tenants).await
}

/// Waits until each tenant has had an answer since now.
async fn each_is_answered(all: &[Busy]) {
    let answers = |one: &Busy| one.load.answers.load(Ordering::Relaxed);
    let before: Vec<u64> = all.iter().map(answers).collect();
    let started_at = Instant::now();
    while all.iter().zip(&before).any(|(one, before)| answers(one) == *before) {
        assert!(started_at.elapsed() < PATIENCE, "a tenant has had no answer in {PATIENCE:?}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until all writers have finished, and returns their outcomes; some of their calls were cut
/// off.
async fn end_all(all: Vec<Busy>) -> Vec<(Shop, Outcomes)> {
    let again: Vec<_> = all.iter().map(|one| one.load.again.clone()).collect();
    let ended_shops = join_all(all.into_iter().map(|Busy { shop, load }| async move { (shop, load.end().await) })).await;
    let again: u64 = again.iter().map(|again| again.load(Ordering::Relaxed)).sum();
    assert!(again > 0, "no call was cut off: nothing was shown");
    println!(
        "{} acknowledged changes, {again} calls sent again",
        ended_shops.iter().map(|(_, ended_shops)| ended_shops.done.len()).sum::<usize>()
    );
    ended_shops
}

/// Asserts that each acknowledged change of each tenant was made once, and that nothing else was
/// changed.
async fn audited(all: &[(Shop, Outcomes)]) {
    for (shop, told) in all {
        assert!(!told.done.is_empty(), "nothing was done");
        audit(shop, ON_HAND, told).await;
    }
}

on_both!(a_kill_loses_and_repeats_nothing_of_any_tenant, site: Site => {
    let (mut server, seed) = (Server::start(site).await, random());
    let all = busy(&server, &[server.url()], seed).await;
    let mut dice = Dice::new(seed);
    for _ in 0..ROUNDS {
        sleep(Duration::from_millis(60 + dice.below(500))).await;
        each_is_answered(&all).await;
        let address = server.address;
        server.kill();
        server = Server::start_on(site, address).await;
    }
    audited(&end_all(all).await).await;
    server.kill();
    site.verify().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_lose_and_repeat_nothing_of_any_tenant() {
    let Some(site) = Site::postgres().await else { return };
    let way = Way::to(site.postgres_address()).await;
    let through = site.by_way_of(way.address);
    let (server, seed) = (Server::start(&through).await, random());
    let all = busy(&server, &[server.url()], seed).await;
    let mut dice = Dice::new(seed);
    for _ in 0..2 * ROUNDS {
        sleep(Duration::from_millis(60 + dice.below(250))).await;
        each_is_answered(&all).await;
        way.cut();
        sleep(Duration::from_millis(1 + dice.below(100))).await;
        way.mend();
    }
    let ended_shops = end_all(all).await;
    // The state is read by a process with intact connections.
    let address = server.address;
    server.kill();
    let server = Server::start_on(&site, address).await;
    audited(&ended_shops).await;
    server.kill();
    site.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_agree_on_many_tenants_while_one_is_killed() {
    let Some(site) = Site::postgres().await else { return };
    let (here, mut there) = (Server::start(&site).await, Server::start(&site).await);
    let all = busy(&here, &[here.url(), there.url()], random()).await;
    for _ in 0..ROUNDS {
        sleep(Duration::from_millis(700)).await;
        each_is_answered(&all).await;
        let address = there.address;
        there.kill();
        there = Server::start_on(&site, address).await;
    }
    audited(&end_all(all).await).await;
    drop((here, there));
    site.verify().await;
}
