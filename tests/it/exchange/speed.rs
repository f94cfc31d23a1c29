//! Duration of large imports and exports. Ignored: `cargo nextest run --release --run-ignored only
//! -E 'test(/exchange::speed/)' --no-capture`.

use std::time::Instant;

use serde_json::json;

use super::world::{Works, World, counts, export, import, read_exchange, wait_for_end};

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned()
}

async fn end_of(world: &World, id: &str) -> serde_json::Value {
    loop {
        let now = read_exchange(world, id).await;
        if !["QUEUED", "RUNNING"].contains(&now["state"].as_str().unwrap()) {
            return now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

async fn measure(world: &World, products: usize, stock: usize) {
    let works = Works::begin(world);
    let rows: String = (0..products).map(|n| format!("sku-{n},Product number {n},4.50,GBP\n")).collect();
    let started_at = Instant::now();
    let id = import(world, "PRODUCTS", format!("sku,name,price,priceCurrency\n{rows}"), json!({})).await;
    let exchange = end_of(world, &id).await;
    println!("{products} products: {:.1} s, {:?}, {}", started_at.elapsed().as_secs_f64(), counts(&exchange), memory());
    let rows: String = (0..stock).map(|n| format!("sku-{},alpha-shop,{}\n", n % products, n % 977)).collect();
    let started_at = Instant::now();
    let id = import(world, "STOCK_CHANGES", format!("sku,store,delta\n{}", rows.replace(",0\n", ",1\n")), json!({})).await;
    let exchange = end_of(world, &id).await;
    println!("{stock} rows of stock: {:.1} s, {:?}, {}", started_at.elapsed().as_secs_f64(), counts(&exchange), memory());
    let started_at = Instant::now();
    let exchange = wait_for_end(world, &export(world, json!({ "entity": "MOVEMENTS" })).await).await;
    let (rows, seconds) = (counts(&exchange)[0], started_at.elapsed().as_secs_f64());
    println!("export of {rows} entries: {seconds:.1} s, {:.0} rows/s, {}", rows as f64 / seconds, memory());
    works.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and takes minutes"]
async fn on_sqlite() {
    let world = World::sqlite().await;
    measure(&world, 100_000, 1_000_000).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and takes minutes"]
async fn on_postgres() {
    let Some(world) = World::postgres().await else { return };
    measure(&world, 100_000, 1_000_000).await;
    world.end().await;
}
