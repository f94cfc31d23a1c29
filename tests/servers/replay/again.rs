//! Rows that exist already: sent with another credential, from other data, or by another program.

use std::sync::{Arc, Mutex};

use entrepot::replay::reader::RowReader;
use entrepot::replay::{self, Client, Plan, ReplayError, expect, intake};

use super::model::{self, Shared, Shop};

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
/// Two orders, one with postage; a return matched with the first; an adjustment either way.
const ROWS: &str = "1,10001,MUG,5,2011-01-03 10:00:00,1.00,7,United Kingdom\n\
    1,POST,,1,2011-01-03 10:00:00,3.50,7,United Kingdom\n\
    2,10002,CUP,4,2011-01-03 10:05:00,2.00,,United Kingdom\n\
    3,10002,damaged,-3,2011-01-03 10:06:00,0,,United Kingdom\n\
    C4,10001,MUG,-2,2011-01-04 09:00:00,1.00,7,United Kingdom\n\
    5,10002,found,1,2011-01-05 09:00:00,0,,United Kingdom\n";

fn plan(rows: &str) -> Plan {
    let csv = [HEADER, rows].concat();
    intake::plan(RowReader::new("shop.csv", Box::new(csv.as_bytes())).unwrap()).unwrap()
}

async fn open(shop: Shop) -> (Shared, String) {
    let shop = Arc::new(Mutex::new(shop));
    let url = model::serve(shop.clone()).await;
    (shop, url)
}

fn caller(url: &str, token: &str) -> Arc<Client> {
    Arc::new(Client::new(url, token).unwrap())
}

fn moved(shop: &Shared) -> (usize, usize, usize) {
    let shop = shop.lock().unwrap();
    (shop.movements.len(), shop.orders.len(), shop.returns.len())
}

#[tokio::test]
async fn another_credential_finds_what_was_sent_before() {
    let plan = plan(ROWS);
    let (shop, url) = open(Shop::default()).await;
    let first = replay::load(&caller(&url, "a key"), &plan, 8).await.unwrap();
    let after = moved(&shop);
    let second = replay::load(&caller(&url, "the owner"), &plan, 8).await.unwrap();
    assert_eq!((first.replayed, second.replayed, second.documents), (0, first.documents, first.documents));
    assert_eq!(moved(&shop), after);
    let comparison = replay::verify(&caller(&url, "the owner"), &plan, &expect::from_plan(&plan)).await.unwrap();
    assert_eq!(comparison.differences(), 0, "{comparison}");
}

#[tokio::test]
async fn another_credential_goes_on_where_one_broke_off() {
    let plan = plan(ROWS);
    for stop in 1..20 {
        let (shop, url) = open(Shop { stop_after: Some(stop), ..Shop::default() }).await;
        let whole = replay::load(&caller(&url, "a key"), &plan, 1).await.is_ok();
        shop.lock().unwrap().stop_after = None;
        replay::load(&caller(&url, "the owner"), &plan, 1).await.unwrap();
        let comparison = replay::verify(&caller(&url, "the owner"), &plan, &expect::from_plan(&plan)).await.unwrap();
        assert_eq!(comparison.differences(), 0, "after {stop} requests: {comparison}");
        if whole {
            return;
        }
    }
    panic!("the load never came to its end");
}

#[tokio::test]
async fn a_long_adjustment_is_known_again_in_parts() {
    let row = |at: u32| format!("9,{},found,{},2011-01-01 09:00:00,0,,United Kingdom\n", 10_000 + at % 7, 1 + at % 3);
    let plan = plan(&(0..1_100).map(row).collect::<String>());
    let (shop, url) = open(Shop::default()).await;
    replay::load(&caller(&url, "a key"), &plan, 8).await.unwrap();
    // The last part did not get through.
    let lost = shop.lock().unwrap().movements.pop().unwrap();
    for (product, delta) in &lost.entries {
        shop.lock().unwrap().products.get_mut(product).unwrap().on_hand -= delta;
    }
    let second = replay::load(&caller(&url, "the owner"), &plan, 8).await.unwrap();
    assert_eq!((second.documents, second.replayed), (3, 2));
    let comparison = replay::verify(&caller(&url, "the owner"), &plan, &expect::from_plan(&plan)).await.unwrap();
    assert_eq!(comparison.differences(), 0, "{comparison}");
}

#[tokio::test]
async fn other_data_are_refused_before_anything_is_written() {
    let (shop, url) = open(Shop::default()).await;
    replay::load(&caller(&url, "a key"), &plan(ROWS), 8).await.unwrap();
    let names = |shop: &Shared| shop.lock().unwrap().products.values().map(|p| p.name.clone()).collect::<Vec<_>>();
    let (before, after) = (names(&shop), moved(&shop));
    for (other, case) in [
        (ROWS.replace("MUG,5", "BOWL,6"), "the existing opening receipt"),
        (ROWS.replace("CUP", "BOWL").replace("found,1", "found,2"), "another stock adjustment ADJ-5"),
    ] {
        for token in ["a key", "the owner"] {
            let error = replay::load(&caller(&url, token), &plan(&other), 8).await.unwrap_err();
            assert!(matches!(error, ReplayError::OtherData { .. }), "{error}");
            let error = error.to_string();
            assert!(error.starts_with(case) && error.contains("loaded from other data"), "{error}");
            assert_eq!((names(&shop), moved(&shop)), (before.clone(), after));
        }
    }
}

#[tokio::test]
async fn an_order_that_is_another_one_is_refused() {
    let (shop, url) = open(Shop::default()).await;
    replay::load(&caller(&url, "a key"), &plan(ROWS), 8).await.unwrap();
    let after = moved(&shop);
    let dearer = plan(&ROWS.replace("2.00,,", "2.50,,"));
    for token in ["a key", "the owner"] {
        let error = replay::load(&caller(&url, token), &dearer, 1).await.unwrap_err();
        assert!(matches!(error, ReplayError::OtherData { .. }), "{error}");
        assert!(error.to_string().contains('2'), "{error}");
        assert_eq!(moved(&shop), after);
    }
}

#[tokio::test]
async fn a_store_with_other_days_is_refused() {
    let (shop, url) = open(Shop { store: true, time_zone: Some("America/New_York"), ..Shop::default() }).await;
    let error = replay::load(&caller(&url, "a key"), &plan(ROWS), 8).await.unwrap_err().to_string();
    assert!(error.starts_with("the store MAIN keeps its days in America/New_York"), "{error}");
    assert!(shop.lock().unwrap().products.is_empty());
}

#[tokio::test]
async fn more_months_than_a_report_holds_are_all_compared() {
    let month = |at: i32| {
        let (year, month) = (1995 + at / 12, 1 + at % 12);
        format!("{at},10001,MUG,5,{year}-{month:02}-03 10:00:00,1.00,7,United Kingdom\n")
    };
    let plan = plan(&(0..300).map(month).collect::<String>());
    let (_, url) = open(Shop::default()).await;
    let client = caller(&url, "a key");
    replay::load(&client, &plan, 8).await.unwrap();
    let comparison = replay::verify(&client, &plan, &expect::from_plan(&plan)).await.unwrap();
    assert_eq!(comparison.differences(), 0, "{comparison}");
    assert!(comparison.checks.iter().filter(|c| c.figure.starts_with("monthly.")).count() >= 300 * 5);
}

#[tokio::test]
async fn ties_among_the_best_agree_in_any_order() {
    let row = |at: u32| format!("1,{},MUG,5,2011-01-03 10:00:00,1.00,7,United Kingdom\n", 10_001 + at);
    // Few enough for a report, and more than one holds.
    for products in [3, 40, 400] {
        let plan = plan(&(0..products).map(row).collect::<String>());
        let (_, url) = open(Shop::default()).await;
        let client = caller(&url, "a key");
        replay::load(&client, &plan, 8).await.unwrap();
        let comparison = replay::verify(&client, &plan, &expect::from_plan(&plan)).await.unwrap();
        assert_eq!(comparison.differences(), 0, "{products}: {comparison}");
    }
}

#[tokio::test]
async fn a_token_is_taken_as_it_stands_in_a_file() {
    let (_, url) = open(Shop::default()).await;
    replay::load(&caller(&url, "a key\n"), &plan(ROWS), 8).await.unwrap();
    let error = Client::new(&url, "a\nkey").unwrap_err();
    assert!(matches!(error, ReplayError::Token), "{error}");
}
