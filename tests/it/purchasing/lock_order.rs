//! Calls that take rows of each other, all in one order: none holds what another one waits for that it waits for itself.

use std::time::Duration;

use entity::prelude::{ProductId, StoreId};
use entrepot::storage::{Backend, Reads, Work, journal};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    merges::{offers, supplier},
    office::{Office, accepted, key},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    another_supplier_is_preferred_behind_the_product,
    a_store_has_another_code_behind_the_counter,
    rates_are_replaced_in_the_order_of_their_ids,
    calls_that_wait_in_a_circle_are_begun_again,
);

/// Locks the product as a call that changes its preferred supplier does.
const PRODUCT: &str = "SELECT 1 FROM product p WHERE p.tenant_id = $1 AND p.id = $2 FOR NO KEY UPDATE";
/// Refers to a store.
const REFERS: &str = "INSERT INTO anomaly_book (tenant_id, store_id, business_date, judged_at) VALUES ($1, $2, 1, 1)";

fn is_sqlite(world: &World) -> bool {
    world.node.db.backend() == Backend::Sqlite
}

/// The ID of what an answer shows.
fn id_of<T: std::str::FromStr<Err: std::fmt::Debug>>(shown: &Value) -> T {
    shown["id"].as_str().unwrap().parse().unwrap()
}

/// A transaction on our company's rows.
async fn begin_work(world: &World) -> Work {
    world.node.db.tenant(world.ours.owner.tenant).begin().await.unwrap()
}

/// Runs `mutate_as`, which waits for a lock of the transaction; meanwhile `looks` runs in the
/// transaction, which is then rolled back.
async fn while_held<T>(world: &World, held: Work, does: impl Future<Output = T>, looks: impl AsyncFnOnce(&Work)) -> T {
    let waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0";
    let ends = async {
        for _ in 0..500 {
            if !world.node.db.global().rows(waiting, vec![]).await.unwrap().is_empty() {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        looks(&held).await;
        held.rollback().await.unwrap();
    };
    tokio::join!(does, ends).0
}

async fn another_supplier_is_preferred_behind_the_product(world: &World) {
    if is_sqlite(world) {
        return;
    }
    let office = Office::of(world).await;
    let (mug, kiln) = (office.product("MUG", "2.00").await, supplier(&office, "KILN").await);
    offers(&office, &office.supplier, &mug, "1.80", true).await;
    let id: ProductId = id_of(&mug);
    let held = begin_work(world).await;
    assert_eq!(held.rows(PRODUCT, vec![id.into()]).await.unwrap().len(), 1);
    while_held(world, held, offers(&office, &kiln, &mug, "1.70", true), async |held| {
        let free = "SELECT 1 FROM supplier_product y WHERE y.tenant_id = $1 AND y.product_id = $2 FOR UPDATE SKIP LOCKED";
        assert_eq!(held.rows(free, vec![id.into()]).await.unwrap().len(), 1, "the row that was preferred is free");
    })
    .await;
    let preferred = "SELECT 1 FROM supplier_product y WHERE y.tenant_id = $1 AND y.product_id = $2 AND y.preferred = 1";
    let rows = world.node.db.tenant(world.ours.owner.tenant).rows(preferred, vec![id.into()]).await.unwrap();
    assert_eq!(rows.len(), 1, "one supplier of a product is preferred");
}

async fn a_store_has_another_code_behind_the_counter(world: &World) {
    if is_sqlite(world) {
        return;
    }
    let office = Office::of(world).await;
    let store: StoreId = id_of(&office.store);
    let held = begin_work(world).await;
    // Held as by a call that writes documents.
    journal::hold(&held).await.unwrap();
    let input = json!({ "id": office.store["id"], "expectedVersion": 1, "code": "QUAY" });
    let renamed = office.mutate("storeUpdate", "StoreUpdateInput", "store { code }", input);
    let renamed = while_held(world, held, renamed, async |held| {
        // The insertion takes this lock, too: if it waited for it, Postgres would end the call, and nothing would be seen.
        let free = "SELECT 1 FROM store s WHERE s.tenant_id = $1 AND s.id = $2 FOR KEY SHARE SKIP LOCKED";
        let rows = held.rows(free, vec![store.into()]).await.unwrap();
        assert_eq!(rows.len(), 1, "who refers to the store does not wait for it");
        assert_eq!(held.execute(REFERS, vec![store.into()]).await.unwrap(), 1);
    })
    .await;
    assert_eq!(accepted(&renamed, "store")["code"], "QUAY");
}

async fn rates_are_replaced_in_the_order_of_their_ids(world: &World) {
    if is_sqlite(world) {
        return;
    }
    let office = Office::of(world).await;
    let import = async |content: String| {
        let input = json!({ "idempotencyKey": key(), "ecbCsv": content });
        office.mutate("exchangeRatesImport", "ExchangeRatesImportInput", "created", input).await
    };
    assert_eq!(import("Date,DKK,NOK\n2020-11-02,7.45,11.05\n".to_owned()).await["created"], 2);
    let held = begin_work(world).await;
    let quotes = "SELECT r.quote FROM exchange_rate r WHERE r.tenant_id = $1 AND r.quote IN ('DKK', 'NOK') ORDER BY r.id";
    let rows = held.rows(quotes, vec![]).await.unwrap();
    let quotes: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    let [first, second] = &quotes[..] else { panic!("{quotes:?}") };
    let of = |quote: &str, lock_clause: &str| {
        format!("SELECT 1 FROM exchange_rate r WHERE r.tenant_id = $1 AND r.quote = '{quote}' FOR UPDATE{lock_clause}")
    };
    assert_eq!(held.rows(&of(first, ""), vec![]).await.unwrap().len(), 1);
    // The file has them in the opposite order.
    let again = import(format!("Date,{second},{first}\n2020-11-02,10.40,11.10\n"));
    let again = while_held(world, held, again, async |held| {
        let free = held.rows(&of(second, " SKIP LOCKED"), vec![]).await.unwrap();
        assert_eq!(free.len(), 1, "what comes behind it is free");
    })
    .await;
    assert_eq!(again["created"], 2, "{again}");
}

/// Postgres aborts the transaction that first has waited for a second. Here that is the call's; if
/// it is the other one, the call simply continues.
async fn calls_that_wait_in_a_circle_are_begun_again(world: &World) {
    if is_sqlite(world) {
        return;
    }
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let (product, store): (ProductId, StoreId) = (id_of(&mug), id_of(&office.store));
    let held = begin_work(world).await;
    assert_eq!(held.execute(REFERS, vec![store.into()]).await.unwrap(), 1);
    let input = json!({ "id": office.store["id"], "expectedVersion": 1, "code": "QUAY" });
    // The call holds the counter, and waits for the store.
    let renamed = office.mutate("storeUpdate", "StoreUpdateInput", "store { code }", input);
    let renamed = while_held(world, held, renamed, async |held| drop(journal::hold(held).await)).await;
    assert_eq!(accepted(&renamed, "store")["code"], "QUAY");
    let held = begin_work(world).await;
    journal::hold(&held).await.unwrap();
    // The call holds the product, and waits for the counter.
    let offered = offers(&office, &office.supplier, &mug, "1.80", true);
    while_held(world, held, offered, async |held| drop(held.rows(PRODUCT, vec![product.into()]).await)).await;
}
