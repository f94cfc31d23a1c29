//! Two members with the same rights subscribe to the same: each sees what their own query would
//! show, and nothing of the other.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_graphql::parser::types::FieldDefinition;
use entrepot::access::REGISTRY;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{
    client::{Client, Socket},
    server::{Server, Site, free_address},
    shop::{ADJUST, ORDER, Shop, adjust, change, text},
};
use crate::{
    identity::world::token_in,
    support::{reach::Way, schema::Calls},
    world::on_both,
};

const ROLE: &str =
    "mutation($input: RoleCreateInput!) { result: roleCreate(input: $input) { role { id } userErrors { code message } } }";
const INVITE: &str = "mutation($e: String!, $r: [ID!]!) { result: memberInvite(email: $e, roleIds: $r, scope: { all: true }) {
    member { id } userErrors { code message } } }";
const ACCEPT: &str =
    "mutation($t: String!, $n: String!) { result: invitationAccept(token: $t, password: \"nine spoons in a drawer\", displayName: $n) {
    result { ... on TokenPair { accessToken } } userErrors { code message } } }";
const ASSIGN: &str =
    "mutation($input: AlertAssignInput!) { result: alertAssign(input: $input) { alert { id } userErrors { code message } } }";
const RESOLVE: &str =
    "mutation($input: AlertActionInput!) { result: alertResolve(input: $input) { alert { id } userErrors { code message } } }";

/// Permissions that neither has: the only people that members see are themselves.
const UNSEEN: [&str; 2] = ["member.read", "apikey.read"];

/// A member whom the owner has invited.
struct Member {
    client: Client,
    id: String,
}

/// A shop with a node whose e-mails can be read, and two members of it, Ann and Bob, with the same
/// role.
struct Company {
    _server: Server,
    shop: Shop,
    ann: Member,
    bob: Member,
}

impl Company {
    async fn new(site: &Site) -> Self {
        let mail = format!("file:{}", site.folder.join("letters").display());
        let letters = ["--mail", &mail, "--mail-from", "Stock <stock@stock.example>", "--public-url", "https://stock.example"];
        let open = ["--registration", "open", "--budget", "off", "--tenant-budget", "off", "--anonymous-requests", "off"];
        let wide = ["--tenant-operations", "off", "--operation-points", "1000000"];
        let server = Server::start_with(site, free_address(), &[&letters[..], &open, &wide].concat()).await;
        let owner = Client::register(&server.url(), "personal").await;
        let shop = Shop::open(owner, 1, 2, 100).await;
        let permissions: Vec<&str> = REGISTRY.iter().map(|known| known.code).filter(|code| !UNSEEN.contains(code)).collect();
        let input = json!({ "key": "floor", "name": "Floor", "permissions": permissions });
        let role = text(&shop.client.must_mutate(ROLE, input).await["role"]["id"]);
        let ann = hired(site, &shop.client, "Ann", &role).await;
        let bob = hired(site, &shop.client, "Bob", &role).await;
        Self { _server: server, shop, ann, bob }
    }

    /// An alert that the first product has run low, which Ann is to see to.
    async fn alert(&self) -> String {
        self.shop.adjust("low", 0, 0, -95).await;
        let query = "{ alerts { nodes { id } } }";
        let started_at = Instant::now();
        loop {
            let found = self.shop.client.execute(query, json!({})).await;
            if let Some(alert) = found["alerts"]["nodes"][0]["id"].as_str() {
                self.note(alert, "is Ann's").await;
                return alert.to_owned();
            }
            assert!(started_at.elapsed() < Duration::from_secs(20), "no alert");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Changes an alert that stays Ann's.
    async fn note(&self, alert: &str, note: &str) {
        let input = json!({ "idempotencyKey": note, "id": alert, "memberId": self.ann.id, "note": note });
        self.shop.client.must_mutate(ASSIGN, input).await;
    }
}

async fn hired(site: &Site, owner: &Client, name: &str, role: &str) -> Member {
    let address = format!("{}@shop.example", name.to_lowercase());
    let mut invited = owner.execute(INVITE, json!({ "e": address, "r": [role] })).await["result"].take();
    assert_eq!(invited["userErrors"], json!([]), "{invited:#}");
    let started_at = Instant::now();
    let letter = loop {
        if let Some(letter) = site.letters().into_iter().find(|letter| letter.contains(&address)) {
            break letter;
        }
        assert!(started_at.elapsed() < Duration::from_secs(10), "no invitation");
        sleep(Duration::from_millis(20)).await;
    };
    let mut client = owner.clone();
    client.token = String::new();
    let accepted = client.execute(ACCEPT, json!({ "t": token_in(&letter), "n": name })).await["result"].take();
    assert_eq!(accepted["userErrors"], json!([]), "{accepted:#}");
    client.token = text(&accepted["result"]["accessToken"]);
    Member { client, id: text(&invited["member"]["id"].take()) }
}

/// Last messages of one person's streams, each by its number.
struct Ear {
    socket: Socket,
    /// Last message of each stream, without the streams that were refused or have ended.
    open: BTreeMap<usize, Value>,
}

/// Removes the parts of an answer that depend on the request, not on its subject.
fn plain(mut message: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(strip),
            Value::Object(fields) => {
                ["cursor", "requestId", "entrepot", "locations"].iter().for_each(|name| drop(fields.remove(*name)));
                fields.values_mut().for_each(strip);
            }
            _ => {}
        }
    }
    strip(&mut message);
    // Fields that are resolved concurrently are refused in any order.
    if let Some(errors) = message["errors"].as_array_mut() {
        errors.sort_by_key(Value::to_string);
    }
    message
}

impl Ear {
    /// Subscribes to all documents, and receives their snapshots.
    async fn open(client: &Client, documents: &[String]) -> Self {
        let mut ear = Self { socket: Socket::open(client).await, open: BTreeMap::new() };
        for (number, document) in documents.iter().enumerate() {
            ear.socket.begin(&number.to_string(), document, &json!({})).await;
            ear.open.insert(number, Value::Null);
        }
        ear.receive_message(|message| message.to_string().contains("\"READY\"")).await;
        ear
    }

    /// Listens until each stream has sent a message of this sort, and keeps the first; a stream
    /// that is silent for two seconds is skipped.
    async fn receive_message(&mut self, sort: impl Fn(&Value) -> bool) {
        let mut missing: BTreeSet<usize> = self.open.keys().copied().collect();
        let mut patience = Duration::from_secs(20);
        while !missing.is_empty() {
            let Ok(message) = timeout(patience, self.socket.listen()).await else { break };
            let message = message.expect("the socket stays open");
            let number: usize = message["id"].as_str().unwrap().parse().unwrap();
            if message["type"] != "next" {
                self.open.remove(&number);
                missing.remove(&number);
            } else if (sort(&message) || message["payload"]["errors"].is_array()) && missing.remove(&number) {
                self.open.insert(number, plain(message["payload"].clone()));
                patience = Duration::from_secs(2);
            }
        }
    }
}

const ALERTS: &str =
    "subscription { alertChanged { phase changes { alert { id state assignee { displayName status lastSeenAt } } } } }";
const RESOLVED: &str =
    "subscription { alertChanged { phase changes { alert { id state resolvedBy { ... on Member { displayName } } } } } }";

on_both!(an_alert_shows_whose_it_is_to_those_who_may_see_them, site: Site => {
    let company = Company::new(site).await;
    let alert = company.alert().await;
    let documents = [ALERTS.to_owned(), RESOLVED.to_owned()];
    let own = "query($id: ID!) { node(id: $id) { ... on Alert { id state assignee { displayName status lastSeenAt } } } }";
    let input = json!({ "id": alert });
    for (step, ann_comes_first) in [("first", true), ("second", false)] {
        let (mut ann, mut bob) = if ann_comes_first {
            let ann = Ear::open(&company.ann.client, &documents).await;
            (ann, Ear::open(&company.bob.client, &documents).await)
        } else {
            let bob = Ear::open(&company.bob.client, &documents).await;
            (Ear::open(&company.ann.client, &documents).await, bob)
        };
        // The first of a kind may still be on its way to the others.
        sleep(Duration::from_millis(300)).await;
        company.note(&alert, step).await;
        let is_news = |message: &Value| message.to_string().contains("LIVE");
        ann.receive_message(is_news).await;
        bob.receive_message(is_news).await;
        let seen = |ear: &Ear| ear.open[&0]["data"]["alertChanged"]["changes"][0]["alert"].clone();
        let query = company.ann.client.execute(own, input.clone()).await["node"].clone();
        assert_eq!(query["assignee"]["displayName"], "Ann", "{query}");
        assert_eq!(seen(&ann)["assignee"]["displayName"], "Ann", "{step}: what a query tells her: {:#}", ann.open[&0]);
        let refused = company.bob.client.send(own, &input).await.unwrap();
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
        assert!(!bob.open[&0].to_string().contains("Ann"), "{step}: he may not see her: {:#}", bob.open[&0]);
        assert_eq!(bob.open[&0]["errors"][0]["extensions"]["code"], "FORBIDDEN", "{step}: {:#}", bob.open[&0]);
    }
    // The author of a change is shown or hidden in the same way.
    let mut bob = Ear::open(&company.bob.client, &documents[1..]).await;
    let mut ann = Ear::open(&company.ann.client, &documents[1..]).await;
    sleep(Duration::from_millis(300)).await;
    company.ann.client.must_mutate(RESOLVE, json!({ "idempotencyKey": "resolve", "id": alert })).await;
    for ear in [&mut ann, &mut bob] {
        ear.receive_message(|message| message.to_string().contains("LIVE")).await;
    }
    assert!(ann.open[&0].to_string().contains("Ann"), "{:#}", ann.open[&0]);
    assert!(!bob.open[&0].to_string().contains("Ann"), "{:#}", bob.open[&0]);
});

/// A subscription that selects these fields at the end of a path.
fn document(field: &FieldDefinition, way: &Way, fields: &str) -> String {
    format!("subscription {{ {} {} }}", field.name, way.selection(fields).replacen('{', "{ phase", 1))
}

/// Subscribes to each object that these paths lead to, as two callers with the same rights, and
/// lets Ann change something. Returns the number of objects, and everything that was shown to Bob
/// and that his own query would not show.
async fn walk(
    company: &Company,
    calls: &Calls,
    (field, ways): (&FieldDefinition, &[Way]),
    news: impl AsyncFn(String),
) -> (usize, Vec<String>) {
    let whole = |way: &Way| document(field, way, &calls.selections(&way.kind).into_values().collect::<Vec<_>>().join(" "));
    let mut documents: Vec<(usize, String)> = ways.iter().map(whole).enumerate().collect();
    let (mut different, mut objects) = (Vec::new(), 0);
    for pass in ["whole", "field by field"] {
        let mut torn = BTreeSet::new();
        for (number, some) in documents.chunks(80).enumerate() {
            let shared: Vec<String> = some.iter().map(|(_, document)| document.clone()).collect();
            // The third stream has a different text, so that it joins no cohort.
            let own: Vec<String> = shared.iter().map(|document| format!("{document} # on his own")).collect();
            let mut ann = Ear::open(&company.ann.client, &shared).await;
            let mut bob = Ear::open(&company.bob.client, &shared).await;
            let mut alone = Ear::open(&company.bob.client, &own).await;
            sleep(Duration::from_millis(500)).await;
            news(format!("{pass} {number}")).await;
            for ear in [&mut ann, &mut bob, &mut alone] {
                ear.receive_message(|message| message.to_string().contains("LIVE")).await;
            }
            for (number, (way, document)) in some.iter().enumerate() {
                let (Some(seen), Some(query)) = (bob.open.get(&number), alone.open.get(&number)) else {
                    torn.insert(*way);
                    continue;
                };
                objects += usize::from(query.to_string().contains("__typename"));
                if seen != query {
                    different.push(format!("{document}: Bob is shown {seen}, and by a query of his own {query}"));
                }
                if query["errors"].is_array() || ann.open.get(&number).is_none_or(|seen| seen["errors"].is_array()) {
                    torn.insert(*way);
                }
            }
        }
        // Ways that were refused as a whole are queried field by field.
        let fields = |way: usize| calls.selections(&ways[way].kind).into_values().map(move |one| (way, one));
        documents = torn.into_iter().flat_map(fields).map(|(way, one)| (way, document(field, &ways[way], &one))).collect();
    }
    (objects, different)
}

on_both!(every_field_that_a_stream_leads_to_shows_each_what_a_query_would, site: Site => {
    let company = Company::new(site).await;
    let alert = company.alert().await;
    let calls = Calls::of_the_schema();
    let (product, store) = company.shop.place(1, 0);
    let customer = "mutation($input: CustomerCreateInput!) { result: customerCreate(input: $input) { customer { id } userErrors { code message } } }";
    let customer = company.ann.client.must_mutate(customer, json!({ "name": "Cleo", "email": "cleo@example.com" })).await["customer"]["id"].take();
    let mut least = BTreeMap::from([("stockChanged", 3), ("stockThresholdCrossed", 1), ("orderChanged", 4), ("alertChanged", 2), ("fulfilmentWorkChanged", 1)]);
    // These follow one row, one view or one dashboard for one caller, and are executed for each
    // separately.
    let is_alone = |name: &str| matches!(name, "dashboardChanged" | "dataJobChanged" | "savedViewChanged");
    let streams = || calls.roots().filter(|(operation, field)| *operation == "subscription" && !is_alone(field.name.node.as_str()));
    // The fields of an object do not depend on the stream that leads to it: the shortest way there
    // from any of them is tried.
    let mut shortest: BTreeMap<String, (&str, Way)> = BTreeMap::new();
    for (_, field) in streams() {
        for way in calls.ways(field, usize::MAX) {
            let length = |way: &Way| way.open.matches('{').count();
            if shortest.get(&way.kind).is_none_or(|(_, known)| length(&way) < length(known)) {
                shortest.insert(way.kind.clone(), (&field.name.node, way));
            }
        }
    }
    let is_low = Cell::new(false);
    for (_, field) in streams() {
        let name = field.name.node.as_str();
        let news = async |round: String| {
            let key = format!("{name} {round}");
            match name {
                "stockChanged" => drop(company.ann.client.must_mutate(ADJUST, adjust(&key, "ADJUSTMENT", "CORRECTION", &[change(&product, &store, 1)])).await),
                // Below the line, and next time above it again.
                "stockThresholdCrossed" => {
                    is_low.set(!is_low.get());
                    let change = change(&product, &store, if is_low.get() { -95 } else { 95 });
                    company.ann.client.must_mutate(ADJUST, adjust(&key, "ADJUSTMENT", "CORRECTION", &[change])).await;
                }
                // An order is confirmed and so a work of its store.
                "orderChanged" | "fulfilmentWorkChanged" => {
                    let line = json!({ "product": { "id": product }, "quantity": 1 });
                    let input = json!({ "idempotencyKey": key, "store": { "id": store }, "customerId": customer, "lines": [line] });
                    company.ann.client.must_mutate(ORDER, input).await;
                }
                _ => company.note(&alert, &key).await,
            }
        };
        let own: Vec<Way> = shortest.values().filter(|(root, _)| *root == name).map(|(_, way)| way.clone()).collect();
        let (objects, different) = walk(&company, &calls, (field, &own), news).await;
        let expected = least.remove(name).unwrap_or_else(|| panic!("{name} is not walked: say what changes it"));
        assert!(objects >= expected, "{name}: only {objects} documents led to an object");
        assert!(different.is_empty(), "{name}, {}: {different:#?}", different.len());
    }
    assert!(least.is_empty(), "{least:?}");
});
