//! A Postgres that swallows data or is slow, a node that is paused, and a host that refuses generic
//! plans: other nodes keep running, and a node's health is reported correctly.

use std::{process::Command, time::Duration};

use entity::prelude::TenantId;
use entrepot::storage::{Database, HeadBoundRows, Options, journal::CounterRequest};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::{
    client::Client,
    operations::{figure, health},
    redis::Way,
    server::{Server, Site, free_address},
    shop::{ADJUST, CATEGORY, RELEASE, RESERVE, Shop, adjust, change},
};
use crate::databases::random;

const ON_HAND: i64 = 5_000;
const TENANTS: usize = 6;
const LIFTED: [&str; 8] =
    ["--budget", "off", "--tenant-budget", "off", "--anonymous-requests", "off", "--tenant-operations", "off"];
/// Bound of the waits of tenants whose rows are free: a wait for a lock ends after three seconds.
const UNHELD: Duration = Duration::from_millis(2_800);
/// Time for which the network drops all packets.
const SILENCE: Duration = Duration::from_secs(20);
/// Time after which an operation ends.
const OPERATION: Duration = Duration::from_secs(10);

async fn adjusted(shop: &Shop, key: &str) -> Result<Value, String> {
    let (product, store) = shop.place(0, 0);
    shop.client.send(ADJUST, &json!({ "input": adjust(key, "ADJUSTMENT", "CORRECTION", &[change(&product, &store, 1)]) })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_falls_silent_costs_the_time_of_its_silence_and_no_more() {
    let Some(site) = Site::postgres().await else { return };
    let way = Way::to(site.postgres_address()).await;
    let server = Server::start(&site.by_way_of(way.address)).await;
    let mut shops = Vec::new();
    for _ in 0..TENANTS {
        shops.push(Shop::open(server.tenant().await, 1, 1, ON_HAND).await);
    }
    for round in 0..4 {
        let all = shops.iter().flat_map(|shop| {
            (0..4).map(move |n| async move {
                adjusted(shop, &format!("before {round} {n}")).await.unwrap();
                shop.client.send(CATEGORY, &json!({ "input": { "name": format!("{round} {n}") } })).await.unwrap();
            })
        });
        join_all(all).await;
    }
    way.swallow();
    let started_at = Instant::now();
    let meanwhile = shops.iter().flat_map(|shop| {
        (0..2).map(move |n| async move {
            let asked_at = Instant::now();
            (adjusted(shop, &format!("meanwhile {n}")).await, asked_at.elapsed())
        })
    });
    let meanwhile = join_all(meanwhile);
    let watch = async {
        let mut ready_for = Duration::ZERO;
        while started_at.elapsed() < SILENCE {
            if health(&server).await.0 == 200 {
                ready_for = started_at.elapsed();
            }
            sleep(Duration::from_millis(500)).await;
        }
        ready_for
    };
    let (answers, ready_for) = tokio::join!(timeout(SILENCE, meanwhile), watch);
    for (answer, took) in answers.expect("each request has its answer within the silence") {
        let refusal = answer.expect_err("nothing can be written");
        assert!(["UNAVAILABLE", "TIMEOUT"].iter().any(|code| refusal.contains(code)), "{refusal}");
        assert!(took < OPERATION + Duration::from_secs(3), "an operation ends after ten seconds, this one after {took:?}");
    }
    assert!(ready_for < Duration::from_secs(5), "ready for {ready_for:?} into the silence");
    way.speak();
    let healed = Instant::now();
    while health(&server).await.0 != 200 {
        assert!(healed.elapsed() < Duration::from_secs(15), "not ready again: {:?}", health(&server).await);
        sleep(Duration::from_millis(200)).await;
    }
    let ready_after = healed.elapsed();
    // From here on the node reports that it takes writes: all of them must succeed.
    for round in 0..3 {
        let answers = join_all(shops.iter().map(|shop| async move { adjusted(shop, &format!("after {round}")).await })).await;
        assert!(answers.iter().all(Result::is_ok), "round {round}, ready {ready_after:?} after it healed: {answers:?}");
        let input = json!({ "input": { "name": format!("after {round}") } });
        let answers = join_all(shops.iter().map(|shop| shop.client.send(CATEGORY, &input))).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }
    let newcomer = timeout(Duration::from_secs(10), server.tenant()).await.expect("people come in again");
    newcomer.execute("{ viewer { tenant { slug } } }", json!({})).await;
    println!("ready for {ready_for:?} into the silence, and {ready_after:?} after its end; every write since then was taken");
    drop(server);
    site.verify().await;
}

async fn tenant_of(client: &Client) -> u128 {
    let tenant = client.execute("{ viewer { tenant { id } } }", json!({})).await["viewer"]["tenant"]["id"].take();
    entity::id::prefix_of(tenant.as_str().unwrap()).unwrap().1.as_u128()
}

/// Two shops, whose tenants share a lane while it is not full.
async fn lane_mates(server: &Server) -> (Shop, Shop, u128) {
    let first = Shop::open(server.tenant().await, 1, 1, ON_HAND).await;
    let tenant = tenant_of(&first.client).await;
    (first, Shop::open(server.tenant().await, 1, 1, ON_HAND).await, tenant)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_shares_a_lane_with_a_tenant_whose_rows_are_held_does_not_wait_for_it() {
    let Some(site) = Site::postgres().await else { return };
    let figures = free_address();
    let listen = figures.to_string();
    let flags = [&LIFTED[..], &["--metrics-listen", &listen]].concat();
    let server = Server::start_with(&site, free_address(), &flags).await;
    let (held_tenant, free, tenant) = lane_mates(&server).await;
    let tenant = Uuid::from_u128(tenant);
    let hold = format!("BEGIN; UPDATE tenant_counter SET head = head WHERE tenant_id = '{tenant}'; SELECT pg_sleep(6); ROLLBACK");
    let url = site.url.clone();
    let holding = tokio::spawn(async move { crate::databases::run_sql(&url, &hold).await });
    sleep(Duration::from_millis(500)).await;
    let start = Instant::now();
    let waiting = (0..8).map(|n| {
        let held_tenant = &held_tenant;
        async move { adjusted(held_tenant, &format!("behind it {n}")).await }
    });
    let others = async {
        sleep(Duration::from_millis(100)).await;
        let (mut longest, mut steps, mut was_told) = (Duration::ZERO, 0, false);
        while start.elapsed() < Duration::from_secs(4) {
            let started_at = Instant::now();
            adjusted(&free, &format!("free {steps}")).await.unwrap();
            (longest, steps) = (longest.max(started_at.elapsed()), steps + 1);
            let (status, report) = health(&server).await;
            assert_eq!(status, 200, "the node goes on: {report}");
            was_told |= report["checks"]["ledger"]["status"] == "degraded";
        }
        (longest, steps, was_told)
    };
    let (answers, (longest, steps, was_told)) = tokio::join!(join_all(waiting), others);
    println!("{steps} changes of the lane's other tenant meanwhile, the slowest {longest:?}");
    assert!(longest < UNHELD, "the other tenant of the lane waited {longest:?}");
    assert!(was_told, "what waits is told");
    holding.await.unwrap();
    let text = reqwest::get(format!("http://{figures}/metrics")).await.unwrap().text().await.unwrap();
    assert!(figure(&text, "entrepot_ledger_tenants_set_aside_total", "").unwrap_or_default() >= 1.0, "{text}");
    for (n, answer) in answers.iter().enumerate() {
        if answer.is_err() {
            adjusted(&held_tenant, &format!("behind it {n}")).await.expect("the same key once more");
        }
    }
    assert_eq!(held_tenant.levels().await.values().map(|level| level.on_hand).sum::<i64>(), ON_HAND + 8, "each once, in the end");
    drop(server);
    site.verify().await;
}

/// Whether exactly one session has an open transaction with rows of a tenant's counter locked: a
/// paused job may also hold rows, of any tenant.
async fn holds_locks(site: &Site) -> bool {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    let connection = crate::databases::connect(&site.url).await;
    let sql = "SELECT CASE WHEN count(DISTINCT a.pid) = 1 THEN count(*) FILTER (WHERE l.relation = 'tenant_counter'::regclass) ELSE 0 END
        FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
        WHERE a.datname = current_database() AND a.state = 'idle in transaction' AND l.mode IN ('RowShareLock', 'RowExclusiveLock')";
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    connection.close().await.unwrap();
    row.try_get_by_index::<i64>(0).unwrap() > 0
}

fn signal(name: &str, server: &Server) {
    assert!(Command::new("kill").args([name, &server.id().to_string()]).status().unwrap().success());
}

/// Reserves and releases stock: a release is decided under locks, with several statements in an
/// open transaction.
fn reserving(shop: &Shop, stop: usize) -> Vec<tokio::task::JoinHandle<()>> {
    let (product, store) = shop.place(0, 0);
    let item = json!({ "product": { "id": product }, "store": { "id": store }, "quantity": 1 });
    let client = |n: usize| {
        let (client, item) = (shop.client.clone(), item.clone());
        async move {
            for step in 0..2_000 {
                let input = json!({ "idempotencyKey": format!("held {stop} {n} {step}"), "items": [item.clone()] });
                let Ok(held) = client.send(RESERVE, &json!({ "input": input })).await else { return };
                let id = &held["data"]["result"]["reservations"][0]["id"];
                assert!(id.is_string(), "{held}");
                let input = json!({ "idempotencyKey": format!("let go {stop} {n} {step}"), "reservationIds": [id] });
                if client.send(RELEASE, &json!({ "input": input })).await.is_err() {
                    return;
                }
            }
        }
    };
    (0..6).map(|n| tokio::spawn(client(n))).collect()
}

/// Stops the node again and again, until it is stopped with a transaction open.
async fn stopped_amidst(site: &Site, node: &Server) -> bool {
    for _ in 0..60 {
        signal("-STOP", node);
        sleep(Duration::from_millis(30)).await;
        if holds_locks(site).await {
            return true;
        }
        signal("-CONT", node);
        sleep(Duration::from_millis(10 + random() % 40)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stands_still_holds_up_nobody_at_another_for_long() {
    const STOPS: usize = 4;
    let Some(site) = Site::postgres().await else { return };
    let (still, going) = (Server::start(&site).await, Server::start(&site).await);
    let (shop, mate, _) = lane_mates(&going).await;
    let there = Shop { client: shop.client.at(&still.url()), ..shop };
    let here = Shop {
        client: there.client.at(&going.url()),
        stores: there.stores.clone(),
        products: there.products.clone(),
        opening: Vec::new(),
    };
    let (mut own, mut others, mut caught) = (Duration::ZERO, Duration::ZERO, 0);
    for stop in 0..STOPS {
        let load = reserving(&there, stop);
        sleep(Duration::from_millis(150)).await;
        let is_caught = stopped_amidst(&site, &still).await;
        if is_caught {
            caught += 1;
            let started_at = Instant::now();
            let (mine, others_wait) = tokio::join!(
                async {
                    let mut tries = 0;
                    while adjusted(&here, &format!("own {stop}")).await.is_err() {
                        tries += 1;
                        assert!(tries < 5, "its own tenant goes on at the other node");
                    }
                    started_at.elapsed()
                },
                async {
                    adjusted(&mate, &format!("mate {stop}")).await.expect("a tenant that has nothing to do with it");
                    started_at.elapsed()
                }
            );
            (own, others) = (own.max(mine), others.max(others_wait));
        }
        signal("-CONT", &still);
        for task in load {
            task.abort();
        }
        sleep(Duration::from_millis(300)).await;
    }
    println!(
        "{caught} stops with a transaction open: the tenant's own change took {own:?} at most at the other node, its lane mate's {others:?}"
    );
    assert!(caught > 0, "nothing was shown");
    assert!(own < Duration::from_secs(10), "its own tenant waited {own:?}");
    assert!(others < UNHELD, "another tenant waited {others:?}");
    drop((still, going));
    site.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_keeps_no_generic_plans_is_told_and_the_ledger_plans_ahead_all_the_same() {
    let Some(site) = Site::postgres().await else { return };
    let way = Way::refusing(site.postgres_address(), Some("plan_cache_mode")).await;
    let mut through = site.by_way_of(way.address);
    through.url_with("sslmode=disable");
    let figures = free_address();
    let listen = figures.to_string();
    let flags = [&LIFTED[..], &["--metrics-listen", &listen]].concat();
    let server = Server::start_with(&through, free_address(), &flags).await;
    let shop = Shop::open(server.tenant().await, 1, 1, ON_HAND).await;
    for step in 0..20 {
        adjusted(&shop, &format!("{step}")).await.unwrap();
    }
    let text = reqwest::get(format!("http://{figures}/metrics")).await.unwrap().text().await.unwrap();
    let planned = figure(&text, "entrepot_ledger_batch_size_count", "way=\"planned\"").unwrap_or_default();
    assert!(planned >= 10.0, "{planned} of 20 changes went the planned way: {}", server.stderr());
    assert!(server.stderr().contains("keeps no generic plans"), "{}", server.stderr());
    drop(server);
    let expected = ["serve", "--database-url", &through.url, "--ledger-plans", "generic", "--keys-file", &site.keys()];
    super::server::entrepot(&expected).await.assert_failed(&["--ledger-plans generic", "unsupported startup parameter"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_takes_one_setting_less_has_the_others() {
    let Some(site) = Site::postgres().await else { return };
    let way = Way::refusing(site.postgres_address(), Some("jit")).await;
    let mut through = site.by_way_of(way.address);
    through.url_with("sslmode=disable");
    let server = Server::start_with(&through, free_address(), &["--ledger-plans", "generic"]).await;
    let shop = Shop::open(server.tenant().await, 1, 1, ON_HAND).await;
    adjusted(&shop, "here").await.unwrap();
    assert!(!server.stderr().contains("keeps no generic plans"), "{}", server.stderr());
}

/// Writes a batch of tenants that there are not: a connection is used as for others, and nothing is written.
async fn write_nothing(lane: &Database, tenants: &[TenantId]) {
    let nothing = |tenant: &TenantId| {
        let (rows, events) = (Vec::new(), Vec::new());
        (*tenant, HeadBoundRows { head: 0, epoch: Uuid::nil(), want: CounterRequest::events(1), rows, events, link: None })
    };
    let prepared = lane.prepare(tenants.iter().map(nothing).collect()).unwrap();
    assert_eq!(lane.write_at(prepared).await.unwrap().overtaken.len(), tenants.len());
}

/// A lane's open and idle connections for single statements.
fn connections(lane: &Database) -> (usize, usize) {
    let pool = lane.pools().into_iter().find(|pool| pool.name == "tenants").unwrap();
    (pool.open, pool.idle)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_on_a_slow_database_go_by_the_connections_that_there_are() {
    let Some(site) = Site::postgres().await else { return };
    let way = Way::to(site.postgres_address()).await;
    let through = site.by_way_of(way.address);
    let db = Database::open(&through.url, Options::default()).await.unwrap();
    let lane = db.with_own_connections(1, 0);
    let tenants = [1, 2, 3].map(|n| TenantId::from_uuid(Uuid::from_u128(n)));
    write_nothing(&lane, &tenants[..1]).await;
    assert_eq!(connections(&lane), (1, 1));
    // An answer takes longer than anybody waits for a connection that is bound ahead.
    way.slow(Duration::from_millis(400));
    for some in [&tenants[..2], &tenants[1..]] {
        lane.prebind_connection(some).await;
        let started_at = Instant::now();
        while connections(&lane) != (1, 1) {
            assert!(started_at.elapsed() < Duration::from_secs(5), "{:?} are open and idle", connections(&lane));
            sleep(Duration::from_millis(20)).await;
        }
    }
    way.slow(Duration::ZERO);
    write_nothing(&lane, &tenants[1..]).await;
    assert_eq!(connections(&lane), (1, 1));
}
