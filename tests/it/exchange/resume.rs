//! Workers that die in the middle: the next worker continues, and no row counts twice.

use std::time::Duration;

use entrepot::storage::{Reads, Row};
use serde_json::json;
use tokio::time::sleep;

use super::world::{Works, World, counts, execute, import, read_exchange, result, wait_for_end, wait_until};
use crate::world::on_both;

on_both!(
    no_row_counts_twice_however_often_the_worker_dies,
    products_are_made_once_however_often_the_worker_dies,
    what_was_done_before_an_import_was_cancelled_is_counted,
);

const ROWS: usize = 6_000;

async fn no_row_counts_twice_however_often_the_worker_dies(world: &World) {
    let products: String = (0..50).map(|n| format!("d-{n},Product {n}\n")).collect();
    let works = Works::begin(world);
    wait_for_end(world, &import(world, "PRODUCTS", format!("sku,name\n{products}"), json!({})).await).await;
    works.kill().await;
    // Each row adds one; each hundredth names an unknown product, so its chunk is tried twice.
    let rows: String = (0..ROWS)
        .map(|n| if n % 100 == 99 { "nobody,alpha-shop,1\n".to_owned() } else { format!("d-{},alpha-shop,1\n", n % 50) })
        .collect();
    let id = import(world, "STOCK_CHANGES", format!("sku,store,delta\n{rows}"), json!({})).await;
    for round in 0..6 {
        let (works, before) = (Works::begin(world), counts(&read_exchange(world, &id).await)[0]);
        wait_until("the next worker to get on", async || {
            let now = read_exchange(world, &id).await;
            counts(&now)[0] > before || now["state"] == "DONE"
        })
        .await;
        sleep(Duration::from_millis(round * 7)).await;
        works.kill().await;
    }
    let works = Works::begin(world);
    let exchange = wait_for_end(world, &id).await;
    assert_eq!(exchange["state"], "DONE", "{exchange:#}");
    let refused = (ROWS / 100) as i64;
    assert_eq!(counts(&exchange), [ROWS as i64, 0, ROWS as i64 - refused, 0, refused]);
    assert_eq!(result(world, &exchange).await.lines().count() as i64, refused + 1);
    let query = "query($sku: String!) { product(by: { sku: $sku }) { stock { onHand version } } }";
    let mut total = 0;
    for n in 0..50 {
        total +=
            execute(world, query, json!({ "sku": format!("d-{n}") })).await["product"]["stock"][0]["onHand"].as_i64().unwrap();
    }
    assert_eq!(total, ROWS as i64 - refused, "each row once");
    works.kill().await;
}

async fn products_are_made_once_however_often_the_worker_dies(world: &World) {
    let rows: String = (0..4_000).map(|n| format!("p-{n},Product {n}\n")).collect();
    let id = import(world, "PRODUCTS", format!("sku,name\n{rows}"), json!({ "mode": "CREATE" })).await;
    for round in 0..3 {
        let (works, before) = (Works::begin(world), counts(&read_exchange(world, &id).await)[0]);
        wait_until("the next worker to get on", async || {
            let now = read_exchange(world, &id).await;
            counts(&now)[0] > before || now["state"] == "DONE"
        })
        .await;
        sleep(Duration::from_millis(round * 11)).await;
        works.kill().await;
    }
    let works = Works::begin(world);
    let exchange = wait_for_end(world, &id).await;
    // Rows that the dead worker created are not refused as duplicates: its chunk is stored.
    assert_eq!((exchange["state"].as_str(), counts(&exchange)), (Some("DONE"), [4_000, 4_000, 0, 0, 0]), "{exchange:#}");
    works.kill().await;
}

async fn what_was_done_before_an_import_was_cancelled_is_counted(world: &World) {
    let rows: String =
        (0..30_000).map(|n| if n % 10 == 9 { format!("c-{n},\n") } else { format!("c-{n},Product {n}\n") }).collect();
    let id = import(world, "PRODUCTS", format!("sku,name\n{rows}"), json!({})).await;
    let works = Works::begin(world);
    wait_until("some rows to be done", async || counts(&read_exchange(world, &id).await)[0] > 0).await;
    let query = "mutation($id: ID!) { dataJobCancel(id: $id) { dataJob { state } userErrors { code } } }";
    let answer = execute(world, query, json!({ "id": id })).await;
    assert_eq!(answer["dataJobCancel"]["dataJob"]["state"], "CANCELLED", "{answer:#}");
    let number = async |sql: &str| {
        let rows = world.node.db.tenant(world.ours.owner.tenant).rows(sql, vec![]).await.unwrap();
        Row::new(&rows[0]).take::<i64>().unwrap()
    };
    let left = "SELECT count(*) FROM job WHERE tenant_id = $1 AND kind = 'exchange.run' AND state IN ('WAITING', 'RUNNING')";
    wait_until("its worker to have ended", async || number(left).await == 0).await;
    let now = read_exchange(world, &id).await;
    let (product_count, refused) = (
        number("SELECT count(*) FROM product WHERE tenant_id = $1 AND sku LIKE 'c-%'").await,
        number("SELECT count(*) FROM exchange_row WHERE tenant_id = $1").await,
    );
    assert_eq!(
        (counts(&now), &now["state"]),
        ([product_count + refused, product_count, 0, 0, refused], &json!("CANCELLED")),
        "{now:#}"
    );
    assert_eq!((product_count + refused) % 500, 0, "whole chunks");
    works.kill().await;
}
