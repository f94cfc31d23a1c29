//! `stockChanged` over a real socket: never a gap, whatever happens to the client.

use std::{env, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{
    load::Load,
    server::{Server, Site},
    shop::{CATEGORY, LevelRef, LevelState, Shop, UPDATE, place_of, text},
    stream::{State, Stream, StreamOptions},
};
use crate::{databases::random, world::on_both};

const ON_HAND: i64 = 500;
const CLIENTS: u64 = 8;
const CATCH_UP: Duration = Duration::from_secs(20);

async fn open(site: &Site, stores: usize, products: usize, on_hand: i64) -> (Server, Shop) {
    let server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, stores, products, on_hand).await;
    (server, shop)
}

fn under_load(shop: &Shop) -> Load {
    Load::start(shop, std::slice::from_ref(&shop.client), CLIENTS, random())
}

async fn follow(shop: &Shop, filter: Value) -> (Stream, State) {
    let mut stream = Stream::open(&shop.client, &StreamOptions { filter, ..StreamOptions::default() }).await;
    let mut state = State::default();
    stream.snapshot(&mut state).await;
    (stream, state)
}

on_both!(the_state_built_from_a_stream_is_how_things_stand, site: Site => {
    let (_server, shop) = open(site, 2, 130, ON_HAND).await;
    let mut early = Stream::open(&shop.client, &StreamOptions::default()).await;
    let mut first = State::default();
    assert_eq!(early.snapshot(&mut first).await, 2, "260 levels are two pages");
    assert_eq!(first.figures(), shop.levels().await);
    let load = under_load(&shop);
    early.read_for(Duration::from_secs(1), &mut first).await;
    let (mut late, mut second) = follow(&shop, Value::Null).await;
    tokio::join!(early.read_for(Duration::from_secs(2), &mut first), late.read_for(Duration::from_secs(2), &mut second));
    let outcomes = load.end().await;
    early.settle(&mut first, &shop, CATCH_UP).await;
    late.settle(&mut second, &shop, CATCH_UP).await;
    let changes: usize = outcomes.done.iter().map(|done| done.effects.len()).sum();
    assert_eq!(first.news, changes, "one change for each entry that was acknowledged");
    println!("{changes} changes, each seen once and in order");
});

/// Returns the seconds for which sockets are cut: short in every run, `ENTREPOT_CUT_SECONDS=60` for
/// the minute that was promised.
fn cutting() -> Duration {
    Duration::from_secs(env::var("ENTREPOT_CUT_SECONDS").ok().map_or(5, |seconds| seconds.parse().unwrap()))
}

on_both!(a_reader_that_reconnects_misses_nothing, site: Site => {
    let (_server, shop) = open(site, 2, 4, ON_HAND).await;
    let (stream, mut state) = follow(&shop, Value::Null).await;
    drop(stream);
    state.exact = true;
    let load = Load::start(&shop, std::slice::from_ref(&shop.client), 16, random());
    let until = Instant::now() + cutting();
    let mut drops = 0;
    while Instant::now() < until {
        let options = StreamOptions { after: state.cursor.clone(), ..StreamOptions::default() };
        let mut stream = Stream::open(&shop.client, &options).await;
        stream.read_for(Duration::from_millis(300), &mut state).await;
        drops += 1;
    }
    let outcomes = load.end().await;
    let mut stream = Stream::open(&shop.client, &StreamOptions { after: state.cursor.clone(), ..StreamOptions::default() }).await;
    stream.settle(&mut state, &shop, CATCH_UP).await;
    let changes: usize = outcomes.done.iter().map(|done| done.effects.len()).sum();
    assert_eq!(state.news, changes);
    println!("{changes} changes over {drops} dropped sockets, each seen");
});

on_both!(a_page_s_stream_cursor_goes_on_from_the_page, site: Site => {
    let (_server, shop) = open(site, 2, 10, ON_HAND).await;
    let load = under_load(&shop);
    sleep(Duration::from_millis(500)).await;
    let mut state = State::default();
    let (mut after, mut cursors) = (Value::Null, Vec::new());
    loop {
        let query = "query($after: Cursor) { stockLevels(first: 7, after: $after) { streamCursor
            nodes { product { id } store { id } onHand reserved version } pageInfo { hasNextPage endCursor } } }";
        let page = shop.client.execute(query, json!({ "after": after })).await["stockLevels"].take();
        page["nodes"].as_array().unwrap().iter().for_each(|level| state.add_level(place_of(level), LevelState::of(level)));
        cursors.push(text(&page["streamCursor"]));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
        sleep(Duration::from_millis(100)).await;
    }
    assert!(cursors.len() == 3 && cursors.windows(2).all(|two| two[0] == two[1]), "{cursors:?}");
    let mut stream = Stream::open(&shop.client, &StreamOptions { after: cursors.pop(), ..StreamOptions::default() }).await;
    stream.read_for(Duration::from_secs(1), &mut state).await;
    load.end().await;
    stream.settle(&mut state, &shop, CATCH_UP).await;
});

on_both!(changes_held_back_are_fewer_and_end_the_same, site: Site => {
    let (_server, shop) = open(site, 1, 4, ON_HAND).await;
    let (mut plain, mut every) = follow(&shop, Value::Null).await;
    let mut stream = Stream::open(&shop.client, &StreamOptions { delay_ms: 500, ..StreamOptions::default() }).await;
    let mut newest = State { conflated: true, ..State::default() };
    stream.snapshot(&mut newest).await;
    let load = under_load(&shop);
    let time = Duration::from_secs(3);
    tokio::join!(plain.read_for(time, &mut every), stream.read_for(time, &mut newest));
    load.end().await;
    plain.settle(&mut every, &shop, CATCH_UP).await;
    stream.settle(&mut newest, &shop, CATCH_UP).await;
    println!("{} items with {} changes; held back for 500 ms: {} with {}", every.live, every.news, newest.live, newest.news);
    assert!(newest.live <= 12 && newest.news <= newest.live * 4, "{} items, {} changes", newest.live, newest.news);
    assert!(newest.news < every.news);
});

on_both!(cursors_of_others_are_foreign, site: Site => {
    let (server, shop) = open(site, 2, 1, ON_HAND).await;
    let other = Shop::open(server.tenant().await, 1, 1, ON_HAND).await;
    let (_, own) = follow(&shop, Value::Null).await;
    let (_, theirs) = follow(&other, Value::Null).await;
    let narrow = json!({ "store": { "eq": shop.stores[0] } });
    let cases = [
        ("another tenant's", Value::Null, theirs.cursor.unwrap()),
        ("another filter's", narrow, own.cursor.unwrap()),
        ("nobody's", Value::Null, "bm90IG9uZSBvZiBvdXJz".to_owned()),
        ("not even base64", Value::Null, "%%%".to_owned()),
        ("empty", Value::Null, String::new()),
    ];
    for (whose, filter, after) in cases {
        let mut stream = Stream::open(&shop.client, &StreamOptions { filter, after: Some(after), delay_ms: 0 }).await;
        let item = stream.next_soon().await;
        assert_eq!(item, json!({ "phase": "RESET", "cursor": null, "reset": "CURSOR_FOREIGN", "changes": [] }), "{whose}");
        let rest = timeout(Duration::from_secs(5), stream.next()).await;
        assert_eq!(rest.expect("the stream ends"), None, "{whose}");
    }
});

/// Returns the levels of an item, and whether each is in the filter.
fn news(item: &Value) -> Vec<(LevelRef, bool)> {
    assert_eq!(item["phase"], "LIVE", "{item}");
    let changes = item["changes"].as_array().unwrap().iter();
    let mut news: Vec<_> = changes.map(|change| (place_of(&change["level"]), change["inFilter"] == true)).collect();
    news.sort();
    news
}

on_both!(a_row_that_leaves_a_filter_comes_once_more, site: Site => {
    let (_server, shop) = open(site, 2, 2, 20).await;
    let (mut stream, state) = follow(&shop, json!({ "store": { "eq": shop.stores[0] } })).await;
    assert_eq!(state.figures().len(), 2);
    shop.adjust("elsewhere", 0, 1, 5).await;
    shop.adjust("here", 0, 0, 5).await;
    assert_eq!(news(&stream.next_soon().await), [(shop.place(0, 0), true)]);

    for (name, filter) in [("available", json!({ "available": { "gte": 15 } })), ("status", json!({ "status": ["NORMAL"] }))] {
        let (mut stream, state) = follow(&shop, filter).await;
        assert!(state.figures().contains_key(&shop.place(1, 0)));
        for (step, delta) in [-9, -1, 10].into_iter().enumerate() {
            shop.adjust(&format!("{name} {step}"), 1, 0, delta).await;
        }
        // One item may have both.
        let mut seen = Vec::new();
        while seen.len() < 2 {
            seen.extend(news(&stream.next_soon().await));
        }
        assert_eq!(seen, [(shop.place(1, 0), false), (shop.place(1, 0), true)], "{name}: it leaves, and nothing until it enters again");
    }
});

/// Changes a product, whatever its version is.
async fn update(shop: &Shop, product: usize, change: Value) {
    let id = &shop.products[product];
    let now = shop.client.execute("query($id: ID!) { product(by: { id: $id }) { version } }", json!({ "id": id })).await;
    let mut input = json!({ "id": id, "expectedVersion": now["product"]["version"] });
    input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    shop.client.must_mutate(UPDATE, input).await;
}

on_both!(a_product_takes_its_levels_through_filters, site: Site => {
    let (_server, shop) = open(site, 2, 2, 20).await;
    let category = text(&shop.client.must_mutate(CATEGORY, json!({ "name": "Mugs" })).await["category"]["id"]);
    update(&shop, 0, json!({ "categoryId": category })).await;
    let (mut stream, state) = follow(&shop, json!({ "category": { "eq": category } })).await;
    let mut both = [shop.place(0, 0), shop.place(0, 1)];
    both.sort();
    assert_eq!(state.figures().into_keys().collect::<Vec<_>>(), both);
    update(&shop, 0, json!({ "categoryId": null })).await;
    shop.adjust("unseen", 0, 0, 1).await;
    update(&shop, 0, json!({ "categoryId": category })).await;
    assert_eq!(news(&stream.next_soon().await), both.clone().map(|place| (place, false)), "both leave");
    assert_eq!(news(&stream.next_soon().await), both.clone().map(|place| (place, true)), "nothing until both enter");
    shop.adjust("seen", 0, 0, 1).await;
    assert_eq!(news(&stream.next_soon().await), [(shop.place(0, 0), true)]);

    let (mut stream, state) = follow(&shop, json!({ "status": ["NORMAL"] })).await;
    assert!(state.figures().contains_key(&shop.place(1, 0)));
    update(&shop, 1, json!({ "lowStockThreshold": 30 })).await;
    let mut others = [shop.place(1, 0), shop.place(1, 1)];
    others.sort();
    assert_eq!(news(&stream.next_soon().await), others.map(|place| (place, false)), "a higher threshold makes it low");
});

const POLICY: &str =
    "mutation($input: ReorderPolicySetInput!) { result: reorderPolicySet(input: $input) { userErrors { code message field } } }";

on_both!(a_policy_takes_its_levels_through_filters, site: Site => {
    let (_server, shop) = open(site, 1, 2, 20).await;
    let low = json!({ "status": ["LOW", "CRITICAL", "OUT_OF_STOCK"] });
    let (mut few, state) = follow(&shop, low).await;
    assert!(state.figures().is_empty());
    let (mut all, _) = follow(&shop, Value::Null).await;
    let (here, there) = (shop.place(0, 0), shop.place(1, 0));
    let set = async |key: &str, point: Value| {
        let item = json!({ "product": { "id": here.0 }, "store": { "id": here.1 }, "reorderPoint": point });
        shop.client.must_mutate(POLICY, json!({ "idempotencyKey": key, "items": [item] })).await;
    };
    set("above what is there", json!(30)).await;
    for stream in [&mut few, &mut all] {
        assert_eq!(news(&stream.next_soon().await), [(here.clone(), true)], "it is low now, and nothing moved");
    }
    set("the same again", json!(30)).await;
    shop.adjust("one more", 0, 0, 1).await;
    set("below", json!(5)).await;
    for (stream, is_in) in [(&mut few, false), (&mut all, true)] {
        assert_eq!(news(&stream.next_soon().await), [(here.clone(), true)], "the movement, and nothing of what stayed as it was");
        assert_eq!(news(&stream.next_soon().await), [(here.clone(), is_in)], "it is well again");
    }
    update(&shop, 1, json!({ "lowStockThreshold": 30 })).await;
    for stream in [&mut few, &mut all] {
        assert_eq!(news(&stream.next_soon().await), [(there.clone(), true)], "a threshold is told to who sees all, too");
    }
});

on_both!(what_left_a_filter_while_nobody_looked_is_told_as_it_was, site: Site => {
    let (_server, shop) = open(site, 2, 1, 20).await;
    let category = text(&shop.client.must_mutate(CATEGORY, json!({ "name": "Mugs" })).await["category"]["id"]);
    update(&shop, 0, json!({ "categoryId": category })).await;
    let filter = json!({ "category": { "eq": category }, "available": { "gte": 15 } });
    let (stream, state) = follow(&shop, filter.clone()).await;
    assert_eq!(state.figures().len(), 2);
    drop(stream);
    update(&shop, 0, json!({ "categoryId": null })).await;
    shop.adjust("since then", 0, 0, -10).await;
    let mut stream = Stream::open(&shop.client, &StreamOptions { filter, after: state.cursor, delay_ms: 0 }).await;
    let item = stream.next_soon().await;
    let mut both = [shop.place(0, 0), shop.place(0, 1)];
    both.sort();
    assert_eq!(news(&item), both.map(|place| (place, false)), "both left by the product's change");
    let changes = item["changes"].as_array().unwrap();
    assert!(changes.iter().all(|change| change["level"]["onHand"] == 20), "with the figures of then: {item}");
});

on_both!(slow_readers_do_not_stop_a_fast_one, site: Site => {
    let (_server, shop) = open(site, 1, 2, 5_000).await;
    for product in 0..2 {
        update(&shop, product, json!({ "description": "x".repeat(9_000) })).await;
    }
    let (mut stopped, mut nothing) = follow(&shop, Value::Null).await;
    let (mut crawling, mut little) = follow(&shop, Value::Null).await;
    let (mut fast, mut all) = follow(&shop, Value::Null).await;
    let load = under_load(&shop);
    let started_at = Instant::now();
    let mut longest = Duration::ZERO;
    for step in 0.. {
        if started_at.elapsed() > Duration::from_secs(6) {
            break;
        }
        let (sent, before) = (Instant::now(), all.clone());
        let payload = shop.adjust(&format!("probe {step}"), 0, 0, 1).await;
        while !seen(&fast.next_soon().await, &mut all, &payload["seq"]) {}
        longest = longest.max(sent.elapsed());
        assert!(all.news > before.news);
        if step % 10 == 0 {
            little.take(&crawling.next_soon().await);
        }
    }
    load.end().await;
    println!("{} changes; the fast reader waited {longest:?} at most", all.news);
    assert!(longest < Duration::from_secs(5), "{longest:?}");
    fast.settle(&mut all, &shop, CATCH_UP).await;
    crawling.settle(&mut little, &shop, CATCH_UP).await;
    stopped.settle(&mut nothing, &shop, CATCH_UP).await;
    assert_eq!((little.news, nothing.news), (all.news, all.news), "each change, late");
});

/// Applies the item, and returns whether it includes the event.
fn seen(item: &Value, state: &mut State, seq: &Value) -> bool {
    state.take(item);
    item["changes"].as_array().unwrap().iter().any(|change| change["seq"].as_i64() >= seq.as_i64())
}
