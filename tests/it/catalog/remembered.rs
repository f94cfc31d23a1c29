//! The catalogue cache of nodes: never older than the moment of the request, whichever node made
//! the change.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use entity::prelude::{CategoryId, ProductId};
use entrepot::{
    api::{catalog::CatalogLoaders, graphql::lazy::OfTenant},
    cache::{Cache, RemoteCache},
    catalog,
    storage::{Database, Options},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{category, change, product, succeeded};
use crate::{
    catalog::world::{World, unkept_ring},
    support::redis::Redis,
    world::on_both,
};

const SPACE: u64 = 1 << 20;

/// A category named Mugs; a name that is found in no other bytes.
async fn mugs(world: &World) -> CategoryId {
    let payload = succeeded(category(world, json!({ "name": "Mugs of Stoke" })).await);
    payload["category"]["id"].as_str().unwrap().parse().unwrap()
}
async fn rename(world: &World, id: CategoryId, name: &str) -> Value {
    let version = CatalogLoaders::of(world.db.tenant(world.owner.tenant)).category(id).await.unwrap().unwrap().version;
    let input = json!({ "id": id.to_string(), "expectedVersion": version, "name": name });
    succeeded(change(world, "categoryUpdate", "CategoryUpdateInput", "category { name version }", input).await)
}

/// A node that remembers, maybe through a Redis.
async fn node(world: &World, redis: Option<&Redis>) -> Database {
    let options = Options { readers: 2, writers: 1, ..Options::default() };
    let db = Database::open(world.url(), options).await.unwrap();
    let remote = redis.map(|redis| {
        let (remote, write) = RemoteCache::at(&redis.url(), b"a deployment").unwrap();
        tokio::spawn(write);
        remote
    });
    db.extensions().insert(Cache::new(entrepot::catalog::events::CACHED_ROW_EVENTS, SPACE, unkept_ring(), remote));
    db
}

/// Returns a category's name and version as a request to this node sees them, and how many
/// statements it takes.
async fn read_category(db: &Database, world: &World, id: CategoryId) -> (String, i64, u64) {
    let before = db.statements();
    let row = CatalogLoaders::of(db.tenant(world.owner.tenant)).category(id).await.unwrap().unwrap();
    (row.name.clone(), row.version, db.statements() - before)
}

on_both!(a_row_is_read_once_and_then_only_asked_whether_it_has_changed, world: World => {
    let (node, id) = (node(world, None).await, mugs(world).await);
    assert_eq!(read_category(&node, world, id).await, ("Mugs of Stoke".to_owned(), 1, 2), "where things stand, and the row");
    assert_eq!(read_category(&node, world, id).await, ("Mugs of Stoke".to_owned(), 1, 1), "where things stand");
    succeeded(category(world, json!({ "name": "Candles" })).await);
    assert_eq!(read_category(&node, world, id).await.2, 2, "where things stand, and what has changed: another row");
    assert_eq!(read_category(&node, world, id).await.2, 1);
    node.close().await.unwrap();
});

on_both!(names_of_products_are_remembered_beside_whole_products, world: World => {
    let redis = Redis::start().await;
    let node = node(world, redis.as_ref()).await;
    let mug = succeeded(product(world, json!({ "sku": "MUG", "name": "A mug" })).await)["product"].clone();
    let id: ProductId = mug["id"].as_str().unwrap().parse().unwrap();
    let named = async || {
        let before = node.statements();
        let names = CatalogLoaders::of(node.tenant(world.owner.tenant)).load_product_names(vec![id, id]).await.unwrap();
        (names[&id].name.clone(), node.statements() - before)
    };
    let whole = async || CatalogLoaders::of(node.tenant(world.owner.tenant)).load_products(vec![id]).await.unwrap()[&id].name.clone();
    named().await;
    assert_eq!((named().await, whole().await), (("A mug".to_owned(), 1), "A mug".to_owned()), "where things stand");
    assert_eq!(named().await, ("A mug".to_owned(), 1), "the whole product lies beside its name");
    let renamed = json!({ "id": mug["id"], "expectedVersion": mug["version"], "name": "A cup" });
    succeeded(change(world, "productUpdate", "ProductUpdateInput", "product { id }", renamed).await);
    assert_eq!((named().await.0, whole().await), ("A cup".to_owned(), "A cup".to_owned()));
    assert_eq!(named().await.1, 1);
    node.close().await.unwrap();
});

on_both!(what_is_archived_on_one_node_is_archived_on_all, world: World => {
    let (node, id) = (node(world, None).await, mugs(world).await);
    read_category(&node, world, id).await;
    for (verb, version) in [("Archive", 2), ("Restore", 3)] {
        let (mutation, kind) = (format!("category{verb}"), format!("Category{verb}Input"));
        succeeded(change(world, &mutation, &kind, "category { version }", json!({ "id": id.to_string() })).await);
        assert_eq!(read_category(&node, world, id).await.1, version, "{verb}");
    }
    node.close().await.unwrap();
});

on_both!(a_change_on_one_node_is_seen_by_the_next_request_to_another, world: World => {
    let (node, id) = (node(world, None).await, mugs(world).await);
    read_category(&node, world, id).await;
    for round in 2..12 {
        rename(world, id, &format!("Cups {round}")).await;
        let (name, version, _) = read_category(&node, world, id).await;
        assert_eq!((name, version), (format!("Cups {round}"), round));
    }
    node.close().await.unwrap();
});

on_both!(no_request_sees_less_than_was_committed_before_it_began, world: World => {
    let (first, second, id) = (node(world, None).await, node(world, None).await, mugs(world).await);
    let (committed, reads) = (AtomicI64::new(1), [const { AtomicI64::new(0) }; 3]);
    let few = || reads.iter().any(|reads| reads.load(Ordering::SeqCst) <= 20);
    let writing = async {
        let mut round = 0;
        while round < 40 || few() && round < 1_000 {
            let answer = rename(world, id, &format!("Cups {round}")).await;
            committed.store(answer["category"]["version"].as_i64().unwrap(), Ordering::SeqCst);
            round += 1;
        }
        committed.store(-1, Ordering::SeqCst);
    };
    let reading = |node: &Database, number: usize| {
        let (node, committed, reads) = (node.clone(), &committed, &reads[number]);
        async move {
            loop {
                let least = committed.load(Ordering::SeqCst);
                if least < 0 {
                    return;
                }
                let (_, version, _) = read_category(&node, world, id).await;
                assert!(version >= least, "version {version} was shown after {least} was committed");
                reads.fetch_add(1, Ordering::SeqCst);
                // The writer is not to be starved of the machine.
                sleep(Duration::from_millis(1)).await;
            }
        }
    };
    tokio::join!(writing, reading(&first, 0), reading(&second, 1), reading(&second, 2));
    assert!(!few(), "{reads:?}");
    first.close().await.unwrap();
    second.close().await.unwrap();
});

on_both!(what_a_request_reads_ahead_at_start_is_not_read_again, world: World => {
    let (node, id) = (node(world, None).await, mugs(world).await);
    catalog::jobs::preload_caches(node.clone()).await;
    assert_eq!(read_category(&node, world, id).await, ("Mugs of Stoke".to_owned(), 1, 1));
    node.close().await.unwrap();
});

on_both!(nothing_is_remembered_over_a_restore, world: World => {
    let (node, id) = (node(world, None).await, mugs(world).await);
    rename(world, id, "Cups").await;
    read_category(&node, world, id).await;
    // An older backup with fewer events is restored; a restore sets a new epoch.
    world.run_tenant_sql("UPDATE category SET name = 'Mugs again' WHERE tenant_id = $1", vec![]).await;
    assert_eq!(read_category(&node, world, id).await.0, "Cups", "nothing said so yet");
    let epoch = sea_orm::Value::from(world.clock.uuid());
    world.run_tenant_sql("UPDATE tenant_counter SET epoch = $2, head = head - 1, master_seq = master_seq - 1 WHERE tenant_id = $1", vec![epoch]).await;
    assert_eq!(read_category(&node, world, id).await.0, "Mugs again");
    node.close().await.unwrap();
});

on_both!(another_tenant_is_not_shown_what_is_remembered, world: World => {
    let (node, id) = (node(world, None).await, mugs(world).await);
    read_category(&node, world, id).await;
    let other = world.other_tenant().await;
    assert!(CatalogLoaders::of(node.tenant(other.tenant)).category(id).await.unwrap().is_none());
    node.close().await.unwrap();
});

/// Returns a node that has read a category of this name and has shared it: Redis then answers the
/// command otherwise than before. Redis has 20 ms to answer a node's first request, connection
/// included. A node that gets no answer shares nothing for a while, so another node is asked.
async fn sharing_node(world: &World, redis: &Redis, (id, name): (CategoryId, &str), command: &str) -> Database {
    let before = redis.send_command(command).await;
    for _ in 0..20 {
        let node = node(world, Some(redis)).await;
        assert_eq!(read_category(&node, world, id).await.0, name, "whatever lies there");
        // Redis is written independently of the answer, so wait for it.
        for _ in 0..50 {
            if redis.send_command(command).await != before {
                return node;
            }
            sleep(Duration::from_millis(10)).await;
        }
        node.close().await.unwrap();
    }
    panic!("{name} is not shared");
}

on_both!(nodes_share_rows_through_redis_and_believe_it_nothing, world: World => {
    let Some(redis) = Redis::start().await else { return };
    let id = mugs(world).await;
    let first = sharing_node(world, &redis, (id, "Mugs of Stoke"), "DBSIZE").await;
    let key = redis.send_command("KEYS *").await.lines().last().unwrap().to_owned();
    assert!(key.starts_with("entrepot:rows:") && !redis.send_command(&format!("GET {key}")).await.contains("Stoke"), "{key}: it lies there sealed");

    let mut second = node(world, Some(&redis)).await;
    let mut answer = read_category(&second, world, id).await;
    for _ in 0..20 {
        if answer.2 == 2 {
            break;
        }
        // Redis was too late for this node.
        second.close().await.unwrap();
        second = node(world, Some(&redis)).await;
        answer = read_category(&second, world, id).await;
    }
    assert_eq!(answer, ("Mugs of Stoke".to_owned(), 1, 2), "where things stand and what has changed; the row is shared");
    rename(world, id, "Cups").await;
    // The value that lies there is older than the change, and the next one must overwrite it.
    let third = sharing_node(world, &redis, (id, "Cups"), &format!("GET {key}")).await;

    // Another writer stores an invalid value.
    redis.must_send(&format!("SET {key} nonsense")).await;
    let fourth = node(world, Some(&redis)).await;
    assert_eq!(read_category(&fourth, world, id).await, ("Cups".to_owned(), 2, 3));
    // And an honest row of another place.
    let other: CategoryId = succeeded(category(world, json!({ "name": "Candles" })).await)["category"]["id"].as_str().unwrap().parse().unwrap();
    let there = format!("{}{}", &key[..key.rfind(':').unwrap() + 1], other.uuid().simple());
    redis.send_command(&format!("COPY {key} {there} REPLACE")).await;
    let fifth = node(world, Some(&redis)).await;
    assert_eq!(read_category(&fifth, world, other).await.0, "Candles");

    drop(redis);
    let started_at = Instant::now();
    rename(world, id, "Beakers").await;
    for node in [&first, &second, &third] {
        assert_eq!(read_category(node, world, id).await.0, "Beakers", "without Redis");
    }
    assert!(started_at.elapsed() < Duration::from_secs(5), "a dead Redis holds nobody up: {:?}", started_at.elapsed());
    for node in [first, second, third, fourth, fifth] {
        node.close().await.unwrap();
    }
});
