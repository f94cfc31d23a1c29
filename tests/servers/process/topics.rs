//! Subscriptions besides stock: orders, alerts, the journal itself; and invalid cursors.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::{
    client::{Client, Socket},
    keys::program,
    restored::logged_in,
    server::{Server, Site},
    shop::{Shop, text},
};
use crate::world::on_both;

/// A subscription of any kind; its items are the values of its root field.
pub struct Feed {
    socket: Socket,
    field: &'static str,
}

pub const STOCK: &str = "subscription($filter: StockFilter, $after: Cursor) { stockChanged(filter: $filter, after: $after) {
    phase cursor reset changes { seq inFilter level { product { id sku unitCost { amount } } onHand version } } } }";
const ORDERS: &str = "subscription($filter: OrderFilter, $after: Cursor) { orderChanged(filter: $filter, after: $after) {
    phase cursor reset changes { seq eventType inFilter order { id number status version total { amount } lines { quantity } } } } }";
const ALERTS: &str =
    "subscription($filter: AlertFilter, $after: Cursor) { stockThresholdCrossed(filter: $filter, after: $after) {
    phase cursor reset alerts { seq kind raisedAt level { product { sku } store { id } available status } } } }";
const EVENTS: &str =
    "query($types: [String!], $first: Int, $after: Cursor) { events(types: $types, first: $first, after: $after) {
    nodes { seq type recordedAt data } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } head reset } }";

impl Feed {
    pub async fn open(client: &Client, query: &str, field: &'static str, variables: Value) -> Self {
        let mut socket = Socket::open(client).await;
        socket.subscribe(query, &variables).await;
        Self { socket, field }
    }

    /// The next item; None when the stream has ended.
    pub async fn next(&mut self) -> Option<Value> {
        let mut message = timeout(Duration::from_secs(15), self.socket.listen()).await.expect("an item in time")?;
        match message["type"].as_str() {
            Some("next") => {
                assert!(message["payload"]["errors"].is_null(), "{message}");
                Some(message["payload"]["data"][self.field].take())
            }
            Some("complete") => None,
            _ => panic!("{message}"),
        }
    }

    /// The next item that is not only a moved cursor.
    pub async fn news(&mut self) -> Value {
        loop {
            let item = self.next().await.expect("the stream goes on");
            if item["phase"] != "PROGRESS" {
                return item;
            }
        }
    }

    /// The changes of the next items, so many of them.
    async fn some(&mut self, list: &str, count: usize) -> Vec<Value> {
        let mut found = Vec::new();
        while found.len() < count {
            let mut item = self.news().await;
            assert_eq!(item["phase"], "LIVE", "{item}");
            found.append(item[list].as_array_mut().unwrap());
        }
        found
    }
}

pub async fn shop(site: &Site, on_hand: i64) -> (Server, Shop) {
    let server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 2, 2, on_hand).await;
    (server, shop)
}

const CREATE: &str = "mutation($input: OrderCreateInput!) { result: orderCreate(input: $input) { order { id lines { id } } userErrors { code message } } }";
const FULFIL: &str =
    "mutation($input: OrderFulfilInput!) { result: orderFulfil(input: $input) { order { id } userErrors { code message } } }";
const UPDATE: &str =
    "mutation($input: OrderUpdateInput!) { result: orderUpdate(input: $input) { order { id } userErrors { code message } } }";
const CANCEL: &str =
    "mutation($input: ActionInput!) { result: orderCancel(input: $input) { order { id } userErrors { code message } } }";

async fn order(shop: &Shop, key: &str, store: usize, quantity: i64) -> String {
    let line = json!({ "product": { "id": shop.products[0] }, "quantity": quantity });
    let input = json!({ "idempotencyKey": key, "store": { "id": shop.stores[store] }, "lines": [line] });
    text(&shop.client.must_mutate(CREATE, input).await["order"]["id"])
}

fn told(changes: &[Value]) -> Vec<(&str, &str, bool, i64)> {
    let word = |value: &'_ Value| -> &'static str { Box::leak(value.as_str().unwrap().to_owned().into_boxed_str()) };
    changes
        .iter()
        .map(|change| {
            let order = &change["order"];
            (word(&change["eventType"]), word(&order["status"]), change["inFilter"] == true, order["version"].as_i64().unwrap())
        })
        .collect()
}

on_both!(orders_are_followed_as_they_change, site: Site => {
    let (_server, shop) = shop(site, 100).await;
    let before = order(&shop, "before", 0, 1).await;
    let filter = json!({ "status": ["CONFIRMED"], "store": { "eq": shop.stores[0] } });
    let mut feed = Feed::open(&shop.client, ORDERS, "orderChanged", json!({ "filter": filter })).await;
    let ready = feed.news().await;
    assert_eq!((&ready["phase"], &ready["changes"][0]["order"]["id"]), (&json!("READY"), &json!(before)), "{ready:#}");
    assert_eq!(ready["changes"].as_array().map(Vec::len), Some(1));
    order(&shop, "in another store", 1, 2).await;
    let placed_order = order(&shop, "here", 0, 3).await;
    shop.client.must_mutate(FULFIL, json!({ "id": placed_order, "idempotencyKey": "ship" })).await;
    shop.client.must_mutate(CANCEL, json!({ "id": before, "idempotencyKey": "cancel" })).await;
    let expected = [
        ("order.created", "CONFIRMED", true, 1),
        ("order.fulfilled", "FULFILLED", false, 2),
        ("order.cancelled", "CANCELLED", false, 2),
    ];
    let live = feed.some("changes", 3).await;
    assert_eq!(told(&live), expected, "{live:#?}");
    assert_eq!((&live[0]["order"]["total"]["amount"], &live[0]["order"]["lines"][0]["quantity"]), (&json!("7.50"), &json!(3)));
    // A client that was disconnected gets the same, as of then, though the orders have changed since.
    let again = json!({ "filter": filter, "after": ready["cursor"] });
    let mut late = Feed::open(&shop.client, ORDERS, "orderChanged", again).await;
    let replayed = late.some("changes", 3).await;
    assert_eq!(told(&replayed), expected, "{replayed:#?}");
    let seqs = |changes: &[Value]| changes.iter().map(|change| change["seq"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(seqs(&replayed), seqs(&live));
    // A list goes over to the stream without a gap.
    let page = "query($filter: OrderFilter) { orders(filter: $filter) { streamCursor } }";
    let cursor = shop.client.execute(page, json!({ "filter": filter })).await["orders"]["streamCursor"].take();
    let mut from_list = Feed::open(&shop.client, ORDERS, "orderChanged", json!({ "filter": filter, "after": cursor })).await;
    order(&shop, "after the list", 0, 1).await;
    assert_eq!(told(&from_list.some("changes", 1).await), expected[..1]);
    // A draft that goes to another store leaves one store's stream and enters the other's.
    let input_for = |store: usize| json!({ "filter": { "status": ["DRAFT"], "store": { "eq": shop.stores[store] } } });
    let mut here = Feed::open(&shop.client, ORDERS, "orderChanged", input_for(0)).await;
    let mut there = Feed::open(&shop.client, ORDERS, "orderChanged", input_for(1)).await;
    assert_eq!((&here.news().await["phase"], &there.news().await["phase"]), (&json!("READY"), &json!("READY")));
    let line = json!({ "product": { "id": shop.products[0] }, "quantity": 1 });
    let draft = json!({ "idempotencyKey": "draft", "store": { "id": shop.stores[0] }, "status": "DRAFT", "lines": [line] });
    let draft = text(&shop.client.must_mutate(CREATE, draft).await["order"]["id"]);
    let moves = json!({ "idempotencyKey": "moves", "id": draft, "expectedVersion": 1, "store": { "id": shop.stores[1] } });
    shop.client.must_mutate(UPDATE, moves).await;
    assert_eq!(told(&here.some("changes", 2).await), [("order.created", "DRAFT", true, 1), ("order.updated", "DRAFT", false, 2)]);
    assert_eq!(told(&there.some("changes", 1).await), [("order.updated", "DRAFT", true, 2)]);
});

const PICTURED: &str = "subscription { orderChanged { phase changes { order { lines { product { documents { title } } } } } } }";
const UPLOAD: &str = "mutation($input: FileUploadCreateInput!) { result: fileUploadCreate(input: $input) { file { id } uploadUrl userErrors { code message } } }";
const DOCUMENT: &str = "mutation($input: ProductDocumentAddInput!) { result: productDocumentAdd(input: $input) { document { id } userErrors { code message } } }";

on_both!(what_a_stream_shows_of_products_is_as_it_stands_now, site: Site => {
    let (_server, shop) = shop(site, 100).await;
    let mut feed = Feed::open(&shop.client, PICTURED, "orderChanged", json!({})).await;
    feed.news().await;
    let mut shown = Vec::new();
    for key in ["before", "after"] {
        order(&shop, key, 0, 1).await;
        shown.push(feed.some("changes", 1).await.remove(0)["order"]["lines"][0]["product"]["documents"].take());
        let file = shop.client.must_mutate(UPLOAD, json!({ "purpose": "DOCUMENT", "name": "manual.txt" })).await;
        let link = format!("{}{}", shop.client.url, text(&file["uploadUrl"]));
        let sent = reqwest::Client::new().put(link).header("content-type", "text/plain").body("Turn it on.").send();
        assert!(sent.await.unwrap().status().is_success());
        let input = json!({ "idempotencyKey": key, "productId": shop.products[0], "fileId": file["file"]["id"], "title": "Manual" });
        shop.client.must_mutate(DOCUMENT, input).await;
    }
    assert_eq!(shown, [json!([]), json!([{ "title": "Manual" }])]);
});

on_both!(stock_that_runs_low_is_told_once_for_each_line_it_crosses, site: Site => {
    // The low-stock threshold is 10: LOW from 15 down, CRITICAL from 10 down.
    let (_server, shop) = shop(site, 20).await;
    let mut feed = Feed::open(&shop.client, ALERTS, "stockThresholdCrossed", json!({})).await;
    let ready = feed.news().await;
    assert_eq!((&ready["phase"], &ready["alerts"]), (&json!("READY"), &json!([])), "{ready:#}");
    for (step, delta) in [-4, -1, -1, -4, -1, -9, 3, 12, -15].into_iter().enumerate() {
        shop.adjust(&format!("step {step}"), 0, 0, delta).await;
    }
    shop.adjust("in another store", 0, 1, -8).await;
    let expected = [("LOW", 15), ("CRITICAL", 10), ("OUT_OF_STOCK", 0), ("BACK_IN_STOCK", 3), ("OUT_OF_STOCK", 0), ("LOW", 12)];
    let kinds = |alerts: &[Value]| -> Vec<(String, i64)> {
        alerts.iter().map(|alert| (text(&alert["kind"]), alert["level"]["available"].as_i64().unwrap())).collect()
    };
    let expected: Vec<(String, i64)> = expected.into_iter().map(|(kind, n)| (kind.to_owned(), n)).collect();
    let live = feed.some("alerts", expected.len()).await;
    assert_eq!(kinds(&live), expected, "{live:#?}");
    let mut late = Feed::open(&shop.client, ALERTS, "stockThresholdCrossed", json!({ "after": ready["cursor"] })).await;
    assert_eq!(late.some("alerts", expected.len()).await, live, "the same alerts, whoever asks and when");
    let filter = json!({ "kind": ["BACK_IN_STOCK"], "store": { "eq": shop.stores[0] } });
    let mut narrow = Feed::open(&shop.client, ALERTS, "stockThresholdCrossed", json!({ "filter": filter })).await;
    narrow.news().await;
    shop.adjust("again", 0, 0, 1).await;
    assert_eq!(kinds(&narrow.some("alerts", 1).await), [("BACK_IN_STOCK".to_owned(), 1)]);
    // A higher threshold is a line that a level crosses without moving.
    let version = shop.client.execute("query($id: ID!) { product(by: { id: $id }) { version } }", json!({ "id": shop.products[1] })).await;
    let input = json!({ "id": shop.products[1], "expectedVersion": version["product"]["version"], "lowStockThreshold": 30 });
    shop.client.must_mutate(crate::process::shop::UPDATE, input).await;
    let both = feed.some("alerts", 3).await;
    assert_eq!(kinds(&both)[1..], [("CRITICAL".to_owned(), 20), ("CRITICAL".to_owned(), 20)], "{both:#?}");
    // So is a reorder point.
    let item = json!({ "product": { "id": shop.products[1] }, "store": { "id": shop.stores[0] }, "reorderPoint": 13 });
    let set = "mutation($input: ReorderPolicySetInput!) { result: reorderPolicySet(input: $input) { userErrors { code message } } }";
    for (key, point) in [("lower", json!(13)), ("higher", json!(20))] {
        let item = item.as_object().unwrap().clone().into_iter().chain([("reorderPoint".to_owned(), point)]);
        shop.client.must_mutate(set, json!({ "idempotencyKey": key, "items": [Value::Object(item.collect())] })).await;
    }
    assert_eq!(kinds(&feed.some("alerts", 1).await), [("CRITICAL".to_owned(), 20)]);
});

const CHANGED: &str = "subscription($filter: AlertListFilter, $after: Cursor) { alertChanged(filter: $filter, after: $after) {
    phase cursor reset changes { eventType inFilter alert { id kind state quantity version product { sku } } } } }";
const ASSIGN: &str = "mutation($input: AlertAssignInput!) { result: alertAssign(input: $input) { userErrors { code message } } }";
const ACKNOWLEDGE: &str = "mutation($input: AlertActionInput!) { result: alertAcknowledge(input: $input) { alert { id } userErrors { code message } } }";

on_both!(alerts_are_followed_as_they_open_and_end, site: Site => {
    let (_server, shop) = shop(site, 20).await;
    let mut feed = Feed::open(&shop.client, CHANGED, "alertChanged", json!({ "filter": { "state": ["OPEN"] } })).await;
    let ready = feed.news().await;
    assert_eq!((&ready["phase"], &ready["changes"]), (&json!("READY"), &json!([])), "{ready:#}");
    let unassigned = json!({ "filter": { "kind": ["OUT_OF_STOCK"], "assignee": { "isNull": true } } });
    let mut free = Feed::open(&shop.client, CHANGED, "alertChanged", unassigned).await;
    assert_eq!(free.news().await["phase"], "READY");
    shop.adjust("sold out", 0, 0, -20).await;
    let opened = feed.some("changes", 1).await.remove(0);
    assert_eq!((&opened["eventType"], &opened["alert"]["kind"], &opened["alert"]["product"]["sku"]), (&json!("alert.opened"), &json!("OUT_OF_STOCK"), &json!("P0")));
    shop.client.must_mutate(ACKNOWLEDGE, json!({ "id": opened["alert"]["id"], "idempotencyKey": "seen" })).await;
    let viewer = shop.client.execute("{ viewer { actor { ... on Member { id } } } }", json!({})).await;
    let assigned = json!({ "id": opened["alert"]["id"], "memberId": viewer["viewer"]["actor"]["id"], "idempotencyKey": "taken" });
    shop.client.must_mutate(ASSIGN, assigned).await;
    let in_free: Vec<Value> = free.some("changes", 3).await.iter().map(|change| change["inFilter"].clone()).collect();
    assert_eq!(in_free, [true, true, false], "opened, acknowledged, assigned");
    shop.adjust("filled up", 0, 0, 50).await;
    // Later changes of the alert are not in this filter: it is not open any more.
    let rest = feed.some("changes", 3).await;
    let change_facts = |change: &Value| json!([change["eventType"], change["inFilter"], change["alert"]["state"], change["alert"]["version"]]);
    let expected = [("alert.acknowledged", "ACKNOWLEDGED", 2), ("alert.assigned", "ACKNOWLEDGED", 3), ("alert.resolved", "RESOLVED", 4)]
        .map(|(event, state, version)| json!([event, false, state, version]));
    assert_eq!(rest.iter().map(change_facts).collect::<Vec<_>>(), expected);
    let again = json!({ "filter": { "state": ["OPEN"] }, "after": ready["cursor"] });
    let mut late = Feed::open(&shop.client, CHANGED, "alertChanged", again).await;
    assert_eq!(late.some("changes", 4).await.iter().map(change_facts).collect::<Vec<_>>()[1..], expected);
});

async fn page(client: &Client, variables: Value) -> Value {
    client.execute(EVENTS, variables).await["events"].take()
}

on_both!(the_journal_can_be_polled, site: Site => {
    let (_server, shop) = shop(site, 10).await;
    order(&shop, "sold", 0, 1).await;
    let (mut after, mut seqs, mut types) = (Value::Null, Vec::new(), Vec::new());
    loop {
        let page = page(&shop.client, json!({ "first": 3, "after": after })).await;
        assert_eq!(page["reset"], Value::Null);
        for event in page["nodes"].as_array().unwrap() {
            seqs.push(event["seq"].as_i64().unwrap());
            types.push(text(&event["type"]));
        }
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["head"], after, "the end of the list is the head");
            break;
        }
    }
    assert_eq!(seqs, (1..=seqs.len() as i64).collect::<Vec<_>>(), "all of them, in order");
    assert!(types.ends_with(&["order.created", "fulfilment_work.created", "stock.changed"].map(str::to_owned)), "{types:?}");
    // Without new events the page is empty and has the same cursor; a later event comes exactly once.
    let empty = page(&shop.client, json!({ "after": after })).await;
    assert_eq!((&empty["nodes"], &empty["pageInfo"]["endCursor"]), (&json!([]), &after));
    shop.adjust("one more", 0, 1, 5).await;
    let next = page(&shop.client, json!({ "after": after })).await;
    let nodes = next["nodes"].as_array().unwrap();
    assert_eq!((nodes.len(), &nodes[0]["type"]), (1, &json!("stock.changed")));
    assert_eq!(nodes[0]["data"]["levels"][0]["onHand"], 15, "{next:#}");
    let only = page(&shop.client, json!({ "types": ["store.created"] })).await;
    assert_eq!(only["nodes"].as_array().unwrap().iter().map(|event| text(&event["type"])).collect::<Vec<_>>(), ["store.created"; 2]);
    let nouns = page(&shop.client, json!({ "types": ["order.*", "store.created"] })).await;
    let nouns: Vec<String> = nouns["nodes"].as_array().unwrap().iter().map(|event| text(&event["type"])).collect();
    assert_eq!(nouns, ["store.created", "store.created", "order.created"], "patterns as webhooks take them");
    let slip = shop.client.send(EVENTS, &json!({ "types": ["order.*", "order.creatd"] })).await.unwrap();
    assert_eq!((&slip["errors"][0]["extensions"]["code"], &slip["errors"][0]["extensions"]["field"]), (&json!("BAD_USER_INPUT"), &json!(["types", "1"])), "{slip:#}");
    let foreign = page(&shop.client, json!({ "types": ["store.created"], "after": after })).await;
    assert_eq!((&foreign["reset"], &foreign["nodes"]), (&json!("CURSOR_FOREIGN"), &json!([])), "of another list");
    // A program that may read stock alone sees no more of the journal than of the rest.
    let (till, _) = crate::process::sharing::program(&shop.client, &["stock.read"]).await;
    let seen = page(&till, json!({ "first": 250 })).await;
    let seen = seen["nodes"].as_array().unwrap();
    assert!(seen.len() > 3 && seen.iter().all(|event| event["type"] == "stock.changed"), "{seen:#?}");
    assert!(seen.iter().all(|event| event["data"]["movementId"].is_null()), "nor of the ledger: {seen:#?}");
});

/// Resumes each kind of stream after these cursors; returns their first items.
async fn first_items(shop: &Shop, cursors: &[Value; 3]) -> Vec<(Value, Value)> {
    let kinds = [(STOCK, "stockChanged"), (ORDERS, "orderChanged"), (ALERTS, "stockThresholdCrossed")];
    let mut items = Vec::new();
    for ((query, field), cursor) in kinds.into_iter().zip(cursors) {
        let mut feed = Feed::open(&shop.client, query, field, json!({ "after": cursor })).await;
        let mut item = feed.news().await;
        let reset = item["reset"].take();
        if !reset.is_null() {
            assert_eq!(feed.next().await, None, "a reset is the end");
        }
        items.push((item["phase"].take(), reset));
    }
    items
}

async fn cursors(shop: &Shop) -> [Value; 3] {
    let mut found = [Value::Null, Value::Null, Value::Null];
    for (place, (query, field)) in
        [(STOCK, "stockChanged"), (ORDERS, "orderChanged"), (ALERTS, "stockThresholdCrossed")].into_iter().enumerate()
    {
        found[place] = Feed::open(&shop.client, query, field, json!({})).await.news().await["cursor"].take();
        assert!(found[place].is_string(), "READY has a cursor");
    }
    found
}

fn all(phase: &str, reset: &str) -> Vec<(Value, Value)> {
    vec![(json!(phase), json!(reset)); 3]
}

on_both!(a_cursor_from_before_what_is_kept_is_told_so, site: Site => {
    let (_server, shop) = shop(site, 100).await;
    let old = cursors(&shop).await;
    // Alert events of workers come at any time: they are not counted here, and no alert is opened before the cut.
    let types = json!(["stock.changed", "order.created"]);
    let poll = page(&shop.client, json!({ "types": types })).await["head"].take();
    shop.adjust("one", 0, 0, -5).await;
    order(&shop, "two", 1, 1).await;
    let kept = cursors(&shop).await;
    let kept_poll = page(&shop.client, json!({ "types": types })).await["head"].take();
    // The statements do the work of a retention job.
    site.run_sql("UPDATE tenant_counter SET low_seq = head; DELETE FROM event").await;
    assert_eq!(first_items(&shop, &old).await, all("RESET", "CURSOR_EXPIRED"));
    let polled = page(&shop.client, json!({ "types": types, "after": poll })).await;
    assert_eq!((&polled["reset"], &polled["nodes"]), (&json!("CURSOR_EXPIRED"), &json!([])));
    shop.adjust("three", 0, 0, 5).await;
    shop.adjust("four", 0, 0, -100).await;
    order(&shop, "five", 1, 1).await;
    let items = first_items(&shop, &kept).await;
    assert_eq!(items, vec![(json!("LIVE"), Value::Null); 3], "what stands exactly there misses nothing");
    let polled = page(&shop.client, json!({ "types": types, "after": kept_poll })).await;
    assert_eq!(polled["nodes"].as_array().map(Vec::len), Some(4), "{polled:#}");
});

on_both!(a_restored_database_ends_streams_and_old_cursors, site: Site => {
    let (_server, mut shop) = shop(site, 100).await;
    let old = cursors(&shop).await;
    let slug = text(&shop.client.execute("{ viewer { tenant { slug } } }", json!({})).await["viewer"]["tenant"]["slug"]);
    let (till, _, _) = program(&shop.client, "").await;
    let phases = "subscription { stockChanged { phase reset } }";
    let mut running = Feed::open(&till, phases, "stockChanged", json!({})).await;
    let mut owners = Feed::open(&shop.client, STOCK, "stockChanged", json!({})).await;
    for feed in [&mut running, &mut owners] {
        feed.news().await;
    }
    shop.adjust("before", 0, 0, -1).await;
    for feed in [&mut running, &mut owners] {
        assert_eq!(feed.news().await["phase"], "LIVE");
    }
    let output = crate::process::server::entrepot(&["epoch", "--database-url", &site.url]).await;
    assert!(output.has_succeeded(), "{output:?}");
    let started_at = Instant::now();
    let item = running.news().await;
    assert_eq!((&item["phase"], &item["reset"]), (&json!("RESET"), &json!("EPOCH_CHANGED")), "{item:#}");
    println!("a running stream was told after {:?}", started_at.elapsed());
    assert_eq!(running.next().await, None);
    // Sessions are logged out: their sockets close, with or without an earlier message, and a new login needs a password.
    let closed = async { while owners.next().await.is_some() {} };
    timeout(Duration::from_secs(10), closed).await.expect("the owner's socket closes");
    shop.client = logged_in(&shop.client, &slug).await.0;
    assert_eq!(first_items(&shop, &old).await, all("RESET", "EPOCH_CHANGED"));
    let mut anew = Feed::open(&shop.client, STOCK, "stockChanged", json!({})).await;
    assert_eq!(anew.news().await["phase"], "READY");
    shop.adjust("after", 0, 0, -1).await;
    assert_eq!(anew.news().await["phase"], "LIVE");
});

on_both!(a_forged_cursor_is_foreign, site: Site => {
    let (_server, shop) = shop(site, 100).await;
    let forged = cursors(&shop).await.map(|cursor| {
        let mut text = cursor.as_str().unwrap().to_owned();
        let place = text.len() / 2;
        let other = if &text[place..=place] == "A" { "B" } else { "A" };
        text.replace_range(place..=place, other);
        json!(text)
    });
    assert_eq!(first_items(&shop, &forged).await, all("RESET", "CURSOR_FOREIGN"));
    // The cursors are of another kind of stream, though ours.
    let [stock, orders, alerts] = cursors(&shop).await;
    assert_eq!(first_items(&shop, &[orders, alerts, stock]).await, all("RESET", "CURSOR_FOREIGN"));
});
