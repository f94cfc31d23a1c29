//! The examples of `docs/partners.md`, each sent unchanged, except for real IDs and times in the
//! place of `…`.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    client::{Client, Socket},
    server::{Server, Site, free_address},
};
use crate::world::{answers::text, on_both};

/// An example and the language that it is in.
type Example = (String, String);

fn examples() -> Vec<Example> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/partners.md")).unwrap();
    let fences: Vec<&str> = page.split("```").collect();
    let found = fences.iter().skip(1).step_by(2).map(|block| {
        let (language, text) = block.split_once('\n').unwrap();
        (language.to_owned(), text.trim().to_owned())
    });
    found.collect()
}

/// Values that replace those of the examples: the IDs of the scenario by their prefix.
struct Story {
    owner: Client,
    partner: Client,
    ids: BTreeMap<&'static str, String>,
    left: Vec<Example>,
}

impl Story {
    fn told(&self, example: &str) -> String {
        let mut text = example.to_owned();
        for (prefix, id) in &self.ids {
            text = text.replace(&format!("{prefix}_…"), id);
        }
        text = text.replace("epk_live_…", &self.partner.token).replace("\"…\"", &format!("\"{}\"", self.ids["moment"]));
        assert!(!text.contains('…'), "something is still to be filled in: {text}");
        text
    }

    /// Removes and returns the one example that contains this text.
    fn take(&mut self, word: &str) -> String {
        let place = self.left.iter().position(|(_, text)| text.contains(word));
        let (_, text) = self.left.remove(place.unwrap_or_else(|| panic!("no example of {word}")));
        self.told(&text)
    }

    async fn run_example(&mut self, client: &Client, word: &str) -> Value {
        let data = client.execute(&self.take(word), json!({})).await;
        let payload = data.as_object().unwrap().values().next().unwrap().clone();
        let refusals = &payload["userErrors"];
        assert!(refusals.is_null() || refusals == &json!([]), "{word}: {payload:#}");
        payload
    }

    /// Sends the body of a `curl` to its path.
    async fn curl(&mut self, server: &Server, word: &str) -> (u16, String) {
        let text = self.take(word);
        let path = text.split("https://entrepot.example").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        let body = text.split("-d '").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        let mut request = reqwest::Client::new().post(format!("{}{path}", server.url()));
        for header in text.split("-H '").skip(1) {
            let (name, value) = header.split('\'').next().unwrap().split_once(": ").unwrap();
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

/// A company with a shop in London that has mugs, and a channel for the partner.
async fn company(server: &Server) -> Story {
    let owner = Client::register(&server.url(), "papers").await;
    let store =
        "mutation { result: storeCreate(input: { code: \"LONDON\", name: \"London\" }) { store { id } userErrors { code } } }";
    owner.execute(store, json!({})).await;
    let product = "mutation { result: productCreate(input: { sku: \"MUG\", name: \"Mug\", price: { amount: \"4.00\", currencyCode: \"GBP\" } }) { userErrors { code } } }";
    owner.execute(product, json!({})).await;
    let receive = "mutation { result: stockAdjust(input: { idempotencyKey: \"1\", kind: RECEIPT, reasonCode: \"PURCHASE\",
        changes: [{ product: { sku: \"MUG\" }, store: { code: \"LONDON\" }, delta: 10 }] }) { userErrors { code } } }";
    assert_eq!(owner.execute(receive, json!({})).await["result"]["userErrors"], json!([]));
    let channel =
        "mutation { result: channelCreate(input: { code: \"web\", name: \"Web\" }) { channel { id } userErrors { code } } }";
    let channel = owner.execute(channel, json!({})).await["result"]["channel"]["id"].as_str().unwrap().to_owned();
    let moment = entrepot::clock::rfc3339(entrepot::clock::Clock::system().now().plus_seconds(24 * 3600));
    let ids = BTreeMap::from([("chn", channel), ("moment", moment)]);
    Story { partner: owner.clone(), owner, ids, left: examples() }
}

async fn listed_server(site: &Site) -> Server {
    let folder = site.folder.join("documents");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("left.graphql"), "{ rateLimit { remaining } }").unwrap();
    Server::start_with(site, free_address(), &["--trusted-documents", &folder.display().to_string()]).await
}

/// Edits an order of two mugs to three, ships one, cancels the others, and returns the first.
async fn changes_its_mind(story: &mut Story, partner: &Client, order: &Value) {
    story.ids.insert("ord", text(&order["id"]));
    story.ids.insert("oln", text(&order["lines"][0]["id"]));
    let edited = story.run_example(partner, "orderUpdate").await;
    let lines = json!([{ "id": order["lines"][0]["id"], "quantity": 3 }]);
    assert_eq!(edited["order"], json!({ "version": 2, "shippingCountry": "GB", "lines": lines }), "{edited:#}");
    let input =
        json!({ "idempotencyKey": "ship", "id": order["id"], "lines": [{ "lineId": order["lines"][0]["id"], "quantity": 1 }] });
    let ship = "mutation($input: OrderFulfilInput!) { result: orderFulfil(input: $input) { userErrors { code message } } }";
    let shipped = story.owner.execute(ship, json!({ "input": input })).await;
    assert_eq!(shipped["result"]["userErrors"], json!([]), "{shipped:#}");
    let cancelled = story.run_example(partner, "orderCancel").await;
    assert_eq!(cancelled["order"]["lines"], json!([{ "fulfilled": 1, "cancelled": 2 }]), "{cancelled:#}");
    let returned = story.run_example(partner, "returnCreate").await;
    assert_eq!(returned["return"]["status"], "RECEIVED", "{returned:#}");
}

/// Another order, which the store packs and ships: the partner sees the shipment and its tracking.
async fn follows_a_parcel(story: &mut Story, partner: &Client) {
    let mut socket = Socket::open(partner).await;
    socket.subscribe(&story.take("orderChanged"), &json!({})).await;
    assert_eq!(socket.receive_message().await.unwrap()["payload"]["data"]["orderChanged"]["phase"], "READY");
    let create =
        "mutation($input: OrderCreateInput!) { result: orderCreate(input: $input) { order { id } userErrors { code message } } }";
    let input = json!({ "idempotencyKey": "web-1002", "store": { "code": "LONDON" }, "lines": [{ "product": { "sku": "MUG" }, "quantity": 1 }] });
    let order = text(&partner.must_mutate(create, input).await["order"]["id"]);
    let carrier = "mutation($input: CarrierUpsertInput!) { result: carrierUpsert(input: $input) { carrier { id } userErrors { code message } } }";
    let post = json!({ "idempotencyKey": "post", "code": "POST", "name": "Post", "trackingUrlTemplate": "https://post.example/{number}" });
    let carrier = story.owner.must_mutate(carrier, post).await["carrier"]["id"].clone();
    let works = "query($order: ID!) { fulfilmentWorks(filter: { order: { eq: $order } }) { nodes { id } } }";
    let work = story.owner.execute(works, json!({ "order": order })).await["fulfilmentWorks"]["nodes"][0]["id"].clone();
    let parcel = json!([{ "carrierId": carrier, "trackingNumber": "AB12345" }]);
    for (step, extra) in [("Pick", None), ("Pack", Some(parcel)), ("Ship", None)] {
        let document = format!(
            "mutation($input: FulfilmentWork{step}Input!) {{ result: fulfilmentWork{step}(input: $input) {{ userErrors {{ code message }} }} }}"
        );
        let mut input = json!({ "idempotencyKey": step, "id": work });
        if let Some(parcels) = extra {
            input["parcels"] = parcels;
        }
        story.owner.must_mutate(&document, input).await;
    }
    let left = |item: &Value| {
        let changes = item["payload"]["data"]["orderChanged"]["changes"].as_array().cloned().unwrap_or_default();
        changes.iter().any(|one| one["order"]["id"] == order.as_str() && one["eventType"] == "order.fulfilled")
    };
    while !left(&socket.receive_message().await.unwrap()) {}
    story.ids.insert("ord", order.clone());
    let seen = story.run_example(partner, "trackingUrl").await;
    let parcel = json!({ "carrier": { "name": "Post" }, "service": null, "trackingNumber": "AB12345", "trackingUrl": "https://post.example/AB12345" });
    assert_eq!((&seen["status"], &seen["fulfilments"][0]["parcels"]), (&json!("FULFILLED"), &json!([parcel])), "{seen:#}");
}

on_both!(the_examples_for_partners_work_as_they_are_written, site: Site => {
    let server = listed_server(site).await;
    let mut story = company(&server).await;
    let owner = story.owner.clone();
    let answer = story.run_example(&owner, "integrationCreate").await;
    story.ids.insert("int", text(&answer["integration"]["id"]));
    let answer = story.run_example(&owner, "apiKeyCreate").await;
    story.ids.insert("key", text(&answer["apiKey"]["id"]));
    assert_eq!(answer["apiKey"]["budget"], json!({ "points": 5000, "restoreRate": 500 }));
    story.partner.token = text(&answer["secret"]);
    let partner = story.partner.clone();

    let (status, seen) = story.curl(&server, "viewer").await;
    assert!(status == 200 && seen.contains("Webshop") && seen.contains("stock.reserve") && !seen.contains("errors"), "{seen}");
    let page = story.run_example(&partner, "query Page").await;
    assert_eq!(page["nodes"][0]["stock"][0]["available"], json!(10), "{page:#}");
    let mut socket = Socket::open(&partner).await;
    socket.subscribe(&story.take("subscription"), &json!({})).await;
    assert_eq!(socket.receive_message().await.unwrap()["payload"]["data"]["stockChanged"]["phase"], "READY", "all there is fits the first page");
    let held = story.run_example(&partner, "stockReserve").await;
    story.ids.insert("rsv", text(&held["reservations"][0]["id"]));
    let order = story.run_example(&partner, "orderCreate").await;
    let found = story.run_example(&partner, "external:").await;
    assert_eq!(found["id"], order["order"]["id"]);
    changes_its_mind(&mut story, &partner, &found).await;
    follows_a_parcel(&mut story, &partner).await;
    let left = story.run_example(&partner, "{ rateLimit { limit").await;
    assert_eq!((&left["limit"], &left["restoreRate"]), (&json!(5000), &json!(500)), "its part of the budget");
    let (status, seen) = story.curl(&server, "documentId").await;
    assert!(status == 200 && seen.contains("remaining"), "{seen}");

    let rolled = story.run_example(&owner, "apiKeyRoll").await;
    assert!(partner.send("{ rateLimit { remaining } }", &json!({})).await.unwrap()["errors"].is_null(), "the old one lives on");
    let (old, new) = (story.ids["key"].clone(), text(&rolled["secret"]));
    story.ids.insert("key", old);
    story.run_example(&owner, "apiKeyRevoke").await;
    assert_eq!(partner.send("{ __typename }", &json!({})).await.unwrap()["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    story.partner.token = new;
    let partner = story.partner.clone();
    assert!(partner.send("{ __typename }", &json!({})).await.unwrap()["errors"].is_null());
    assert_eq!(story.curl(&server, "leaked-keys").await, (202, String::new()));
    let started_at = Instant::now();
    while partner.send("{ __typename }", &json!({})).await.unwrap()["errors"].is_null() {
        assert!(started_at.elapsed() < Duration::from_secs(6), "a key that was reported is still accepted");
        sleep(Duration::from_millis(50)).await;
    }
    let off = story.run_example(&owner, "integrationUpdate").await;
    assert!(off["integration"]["disabledAt"].is_string());
    let listed = story.run_example(&owner, "{ integrationsList {").await;
    let keys = listed["nodes"][0]["keys"].as_array().unwrap();
    assert!(keys[0]["revokedAt"].is_string() && keys[1]["leakedAt"].is_string(), "{listed:#}");
    assert_eq!(keys[0]["addresses"][0]["address"], "127.0.0.1", "{listed:#}");
    assert_eq!(story.run_example(&owner, "sandboxCreate").await["sandbox"], json!({ "slug": "webshop-try", "isSandbox": true }));
    assert_eq!(story.left, Vec::<Example>::new(), "an example that no test runs");
});
