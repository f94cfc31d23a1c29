//! Whole replays against the model server: with trouble on the way, twice, broken off, and with a difference at the end.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use entrepot::demo::generate::{self, Settings};
use entrepot::replay::reader::RowReader;
use entrepot::replay::{self, Client, Plan, ReplayArgs, ReplayError, expect, intake};

use super::model::{self, Shared, Shop};
use crate::world::data_folder;

fn generated() -> Plan {
    let mut csv = Vec::new();
    generate::write(&Settings { rows: 3_000, ..Settings::default() }, &mut csv).unwrap();
    intake::plan(RowReader::new("demo.csv", Box::new(&csv[..])).unwrap()).unwrap()
}

async fn open(shop: Shop) -> (Shared, Arc<Client>) {
    let shop = Arc::new(Mutex::new(shop));
    let url = model::serve(shop.clone()).await;
    (shop, Arc::new(Client::new(&url, "secret").unwrap()))
}

fn moved(shop: &Shared) -> (usize, usize, usize) {
    let shop = shop.lock().unwrap();
    (shop.movements.len(), shop.orders.len(), shop.returns.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_on_the_way_changes_nothing() {
    let plan = generated();
    let (_, client) = open(Shop { trouble_every: Some(9), ..Shop::default() }).await;
    let loaded = replay::load(&client, &plan, 16).await.unwrap();
    println!("{loaded}");
    assert_eq!(loaded.lines, plan.movements());
    assert!(loaded.retries > 10);
    let comparison = replay::verify(&client, &plan, &expect::from_plan(&plan)).await.unwrap();
    assert_eq!(comparison.differences(), 0, "{comparison}");
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let plan = generated();
    let (shop, client) = open(Shop::default()).await;
    let first = replay::load(&client, &plan, 8).await.unwrap();
    let after = moved(&shop);
    let second = replay::load(&client, &plan, 3).await.unwrap();
    println!("{first}\n{second}");
    assert_eq!((first.replayed, second.replayed), (0, second.documents));
    assert_eq!(after, moved(&shop));
}

#[tokio::test]
async fn a_run_broken_off_is_finished_by_the_next() {
    let plan = generated();
    let (shop, client) = open(Shop { stop_after: Some(120), ..Shop::default() }).await;
    let error = replay::load(&client, &plan, 8).await.unwrap_err();
    let ReplayError::Refused(refusal) = &error else { panic!("{error}") };
    assert_eq!((refusal.code.as_str(), refusal.message.as_str()), ("UNAUTHENTICATED", "the token has ended"));
    // Calls that were in flight when the run was aborted still arrive.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let before = moved(&shop);
    assert!(before.0 > 50);
    shop.lock().unwrap().stop_after = None;
    let loaded = replay::load(&client, &plan, 8).await.unwrap();
    println!("{error}; then {loaded}");
    assert_eq!(loaded.replayed, before.0 as u64);
    let comparison = replay::verify(&client, &plan, &expect::from_plan(&plan)).await.unwrap();
    assert_eq!(comparison.differences(), 0, "{comparison}");
}

#[tokio::test]
async fn a_shortage_stops_with_document_and_path() {
    let mut plan = generated();
    for product in &mut plan.products {
        product.opening = product.opening.min(1);
    }
    let (_, client) = open(Shop::default()).await;
    let error = replay::load(&client, &plan, 1).await.unwrap_err().to_string();
    assert!(error.starts_with("refused: order 700001: INSUFFICIENT_STOCK: not enough of prd_"), "{error}");
    assert!(error.ends_with("(at input.lines.0.quantity)"), "{error}");
}

#[tokio::test]
async fn a_difference_is_shown() {
    let plan = generated();
    let (shop, client) = open(Shop::default()).await;
    replay::load(&client, &plan, 8).await.unwrap();
    shop.lock().unwrap().products.values_mut().next().unwrap().on_hand += 1;
    let comparison = replay::verify(&client, &plan, &expect::from_plan(&plan)).await.unwrap();
    let differ: Vec<&str> = comparison.checks.iter().filter(|c| !c.ok).map(|c| c.figure.as_str()).collect();
    println!("{differ:?}");
    assert!(differ.contains(&"final_on_hand_units") && differ.contains(&"final_on_hand_sha256"));
    assert!(comparison.to_string().contains("DIFFERS"));
}

#[tokio::test]
async fn the_sample_meets_its_expectation_through_the_api() {
    let Some(folder) = data_folder() else { return };
    let shop = Arc::new(Mutex::new(Shop { trouble_every: Some(40), ..Shop::default() }));
    let args = |expect: PathBuf, url: String| ReplayArgs {
        file: folder.join("online-retail-sample.csv.gz"),
        url,
        token: "secret".to_owned(),
        expect: Some(expect),
        parallel: 8,
    };
    let url = model::serve(shop.clone()).await;
    let summary = replay::run(args(folder.join("expected.json"), url.clone())).await.unwrap();
    assert_eq!(summary.comparison.unwrap().differences(), 0);
    // The other section, as the only one of its file: everything is compared, and the run fails.
    let all: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let only = std::env::temp_dir().join(format!("entrepot-only-{}.json", std::process::id()));
    std::fs::write(&only, serde_json::json!({"full": all["full"]}).to_string()).unwrap();
    let error = replay::run(args(only.clone(), url)).await.unwrap_err();
    std::fs::remove_file(only).unwrap();
    assert!(matches!(error, ReplayError::Differs { figures } if figures > 50), "{error}");
}

#[tokio::test]
async fn bad_files_send_nothing() {
    let shop = Shared::default();
    let url = model::serve(shop.clone()).await;
    let file = std::env::temp_dir().join(format!("entrepot-bad-{}.csv", std::process::id()));
    let good = "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n";
    let header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
    std::fs::write(&file, format!("{header}{good}{}", good.replace("2.55", "-2.55"))).unwrap();
    let args = ReplayArgs { file: file.clone(), url, token: "secret".to_owned(), expect: None, parallel: 8 };
    let error = replay::run(args).await.unwrap_err();
    std::fs::remove_file(file).unwrap();
    assert!(matches!(error, ReplayError::NegativePrice { row: 2, .. }), "{error}");
    assert_eq!(shop.lock().unwrap().requests, 0);
}

fn planned(rows: &str) -> Plan {
    let csv = format!("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n{rows}");
    intake::plan(RowReader::new("shop.csv", Box::new(csv.as_bytes())).unwrap()).unwrap()
}

#[tokio::test]
async fn a_long_adjustment_goes_in_parts() {
    let row = |at: u32| {
        format!(
            "9,{},found,{},2011-01-01 09:00:00,0,,United Kingdom\n",
            10_000 + at % 7,
            if at.is_multiple_of(2) { 3 } else { -2 }
        )
    };
    let plan = planned(&(0..1_100).map(row).collect::<Vec<_>>().concat());
    let (shop, client) = open(Shop::default()).await;
    replay::load(&client, &plan, 8).await.unwrap();
    let parts: Vec<usize> =
        shop.lock().unwrap().movements.iter().filter(|m| m.external_ref == "ADJ-9").map(|m| m.entries.len()).collect();
    assert_eq!(parts, [500, 500, 100]);
    let comparison = replay::verify(&client, &plan, &expect::from_plan(&plan)).await.unwrap();
    assert_eq!(comparison.differences(), 0, "{comparison}");
}

#[tokio::test]
async fn an_order_beyond_the_limit_sends_nothing() {
    let row = |at: u32| format!("9,{},X,1,2011-01-01 09:00:00,1.00,,United Kingdom\n", 10_000 + at);
    let plan = planned(&(0..2_001).map(row).collect::<Vec<_>>().concat());
    let (shop, client) = open(Shop::default()).await;
    let error = replay::load(&client, &plan, 8).await.unwrap_err();
    assert_eq!(error.to_string(), "invoice 9 has 2001 lines; the API takes 2000 in a document");
    assert_eq!(shop.lock().unwrap().requests, 0);
}
