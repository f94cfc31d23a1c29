//! A Postgres that is restarted under a node, and one whose certificate is rejected.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    operations::health,
    own_postgres::Postgres,
    server::{Server, Site, entrepot},
    shop::{ADJUST, CATEGORY, Shop, adjust, change},
};

const TENANTS: usize = 6;
const ON_HAND: i64 = 500;
/// Time for which the effects of a restart are watched.
const WATCH: Duration = Duration::from_secs(15);
/// Time after a restart in which a node is ready again.
const READY: Duration = Duration::from_secs(5);
/// Between two single writes: one alone meets each idle connection in its turn.
const STEP: Duration = Duration::from_millis(150);

/// A stock change, one of the catalogue, and one that is refused: they take different ways to the database.
async fn writes(shop: &Shop, key: &str) -> [Result<Value, String>; 3] {
    let (product, store) = shop.place(0, 0);
    let input = adjust(key, "ADJUSTMENT", "CORRECTION", &[change(&product, &store, 1)]);
    let taken = adjust(&format!("{key}, too much"), "ADJUSTMENT", "CORRECTION", &[change(&product, &store, -9_000_000)]);
    [
        shop.client.send(ADJUST, &json!({ "input": input })).await,
        shop.client.send(CATEGORY, &json!({ "input": { "name": key } })).await,
        shop.client.send(ADJUST, &json!({ "input": taken })).await,
    ]
}

/// Returns how many entries of refusals there are in all tenants' logs.
async fn refusals(site: &Site) -> i64 {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    let connection = crate::databases::connect(&site.url).await;
    let sql = "SELECT count(*) FROM audit_entry WHERE action = 'stockAdjust' AND outcome = 'REFUSED'";
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    connection.close().await.unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_postgres_fails_nothing_once_it_is_back_and_loses_no_entry() {
    let Some(postgres) = Postgres::start().await else { return };
    let site = Site::postgres_at(&postgres.url).await;
    let server = Server::start(&site).await;
    let mut shops = Vec::new();
    for _ in 0..TENANTS {
        shops.push(Shop::open(server.tenant().await, 1, 1, ON_HAND).await);
    }
    // Many at once, so that every pool has all of its connections open when the server goes.
    for round in 0..4 {
        let all =
            shops.iter().flat_map(|shop| (0..4).map(move |n| async move { writes(shop, &format!("before {round} {n}")).await }));
        for answer in join_all(all).await.into_iter().flatten() {
            answer.unwrap();
        }
    }
    let mut refused = i64::try_from(4 * 4 * TENANTS).unwrap();
    postgres.restart().await;
    let (back, mut failed, mut last, mut number) = (Instant::now(), 0, Duration::ZERO, 0);
    let mut first_taken = None;
    while back.elapsed() < WATCH {
        for shop in &shops {
            number += 1;
            let was_ready = health(&server).await.0 == 200;
            let answers = writes(shop, &format!("after {number}")).await;
            refused += i64::from(answers[2].is_ok());
            if was_ready && answers.iter().all(Result::is_ok) {
                first_taken.get_or_insert(back.elapsed());
            }
            if answers.iter().any(Result::is_err) && was_ready {
                (failed, last) = (failed + 1, back.elapsed());
            }
            sleep(STEP).await;
        }
    }
    println!("{number} rounds of single writes after a restart, {failed} with a failure while ready, the last after {last:?}");
    assert!(first_taken.is_some_and(|after| after < READY), "ready and taking writes {first_taken:?} after the restart");
    assert_eq!(failed, 0, "a node that says it is ready takes writes; the last failure was {last:?} after the restart");
    let started_at = Instant::now();
    while refusals(&site).await < refused {
        assert!(
            started_at.elapsed() < WATCH,
            "{} of {refused} refusals are in the log: {}",
            refusals(&site).await,
            server.stderr()
        );
        sleep(Duration::from_millis(100)).await;
    }
    drop(server);
    site.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_while_postgres_is_away_is_in_the_log_when_it_is_back() {
    let Some(site) = Site::postgres().await else { return };
    let way = super::redis::Way::to(site.postgres_address()).await;
    let server = Server::start(&site.by_way_of(way.address)).await;
    let shop = Shop::open(server.tenant().await, 1, 1, ON_HAND).await;
    // A malformed key is refused without a query; the caller of a valid one is cached for a moment.
    let mut refused = 0;
    for round in 0..4 {
        shop.adjust(&format!("{round}"), 0, 0, 1).await;
        way.cut();
        for _ in 0..3 {
            let (product, store) = shop.place(0, 0);
            let input = adjust("", "ADJUSTMENT", "CORRECTION", &[change(&product, &store, 1)]);
            let answer = shop.client.send(ADJUST, &json!({ "input": input })).await.expect("an answer");
            let is_refused = answer["errors"].is_null() && answer["data"]["result"]["userErrors"] != json!([]);
            assert!(is_refused || answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", "{answer}");
            refused += 1;
        }
        way.mend();
    }
    let started_at = Instant::now();
    while refusals(&site).await < refused {
        assert!(started_at.elapsed() < WATCH, "{} of {refused}: {}", refusals(&site).await, server.stderr());
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_version_1_is_told_as_one_with_what_to_do() {
    let Some(postgres) = Postgres::start().await else { return };
    if !postgres.offer_old_certificate().await {
        return;
    }
    for mode in ["", "?sslmode=prefer", "?sslmode=require"] {
        let url = format!("{}{mode}", postgres.url);
        let output = entrepot(&["migrate", "--database-url", &url]).await;
        output.assert_failed(&["X.509 version 1", "issue it again as version 3", "sslmode=disable"]);
        assert!(!output.err.contains("does not answer"), "{output:?}");
    }
    let output = entrepot(&["migrate", "--database-url", &format!("{}?sslmode=disable", postgres.url)]).await;
    assert!(output.has_succeeded(), "{output:?}");
    entrepot(&["migrate", "--database-url", &format!("{}?sslmode=sometimes", postgres.url)]).await.assert_failed(&["sslmode"]);
}
