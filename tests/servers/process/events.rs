//! Event streams over HTTP: the same subscriptions for those who have no socket.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{
    client::Client,
    server::Site,
    topics::{STOCK, shop},
};
use crate::world::on_both;

/// A response that is read event by event.
struct Events {
    response: reqwest::Response,
    read: String,
}

/// One event: its name, its id, its data.
#[derive(Debug)]
struct Event {
    name: String,
    id: Option<String>,
    data: Value,
}

impl Events {
    async fn post(client: &Client, query: &str, variables: Value, last: Option<&str>) -> Self {
        let request = reqwest::Client::new().post(format!("{}/graphql", client.url)).bearer_auth(&client.token);
        let request = request.header("accept", "text/event-stream").json(&json!({ "query": query, "variables": variables }));
        Self::of(last.iter().fold(request, |request, id| request.header("last-event-id", *id))).await
    }

    /// Opens the stream as a browser's `EventSource` does.
    async fn get(client: &Client, query: &str, last: Option<&str>) -> Self {
        let request =
            reqwest::Client::new().get(format!("{}/graphql?query={}", client.url, encoded(query))).bearer_auth(&client.token);
        let request = request.header("accept", "text/event-stream").header("cache-control", "no-cache");
        Self::of(last.iter().fold(request, |request, id| request.header("last-event-id", *id))).await
    }

    async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        Self { response, read: String::new() }
    }

    /// The next event; None at the end. Comments are passed over.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.read = rest;
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let Some(name) = field("event:") else { continue };
                let data = field("data:").filter(|data| !data.is_empty()).map(|data| serde_json::from_str(data).unwrap());
                return Some(Event {
                    name: name.to_owned(),
                    id: field("id:").map(str::to_owned),
                    data: data.unwrap_or_default(),
                });
            }
            let part = timeout(Duration::from_secs(10), self.response.chunk()).await.expect("an event in time").unwrap()?;
            self.read.push_str(std::str::from_utf8(&part).unwrap());
        }
    }

    async fn item(&mut self) -> (Value, Option<String>) {
        let mut event = self.next().await.expect("the stream goes on");
        assert_eq!(event.name, "next");
        assert!(event.data["errors"].is_null(), "{event:?}");
        (event.data["data"]["stockChanged"].take(), event.id)
    }
}

fn encoded(query: &str) -> String {
    query
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

on_both!(stock_is_followed_without_a_socket, site: Site => {
    let (_server, shop) = shop(site, 100).await;
    let mut events = Events::post(&shop.client, STOCK, json!({}), None).await;
    let (ready, id) = events.item().await;
    assert_eq!((&ready["phase"], ready["cursor"].as_str()), (&json!("READY"), id.as_deref()), "the id is the cursor");
    shop.adjust("live", 0, 0, -1).await;
    let (live, seen) = events.item().await;
    assert_eq!((&live["phase"], &live["changes"][0]["level"]["onHand"]), (&json!("LIVE"), &json!(99)));
    assert_eq!(live["cursor"].as_str(), seen.as_deref());
    // The connection breaks, and its client comes back as browsers do.
    drop(events);
    shop.adjust("missed", 0, 0, -1).await;
    shop.adjust("missed too", 0, 0, -1).await;
    let mut events = Events::post(&shop.client, STOCK, json!({}), seen.as_deref()).await;
    let mut missed = Vec::new();
    while missed.len() < 2 {
        let (item, _) = events.item().await;
        assert_eq!(item["phase"], "LIVE", "{item}");
        missed.extend(item["changes"].as_array().unwrap().iter().map(|change| change["level"]["onHand"].clone()));
    }
    assert_eq!(missed, [98, 97]);
    // The id counts though the operation does not ask for the cursor, and more than the operation's own `after`.
    let bare = "subscription { stockChanged { phase changes { level { onHand } } } }";
    let mut by_get = Events::get(&shop.client, bare, None).await;
    let (_, ready) = by_get.item().await;
    shop.adjust("by GET", 0, 0, -1).await;
    assert_eq!(by_get.item().await.0["changes"][0]["level"]["onHand"], 96);
    let mut again = Events::get(&shop.client, bare, ready.as_deref()).await;
    assert_eq!(again.item().await.0["changes"][0]["level"]["onHand"], 96);
    let mut foreign = Events::get(&shop.client, bare, Some("bm90IG9uZSBvZiBvdXJz")).await;
    let event = foreign.next().await.unwrap();
    assert_eq!((&event.data["data"]["stockChanged"]["phase"], event.id), (&json!("RESET"), None));
    assert_eq!(foreign.next().await.map(|event| event.name), Some("complete".to_owned()));
    assert!(foreign.next().await.is_none(), "and then the response ends");
});

on_both!(a_key_that_is_revoked_ends_its_event_streams, site: Site => {
    let (_server, shop) = shop(site, 100).await;
    let (till, integration) = crate::process::sharing::program(&shop.client, &["stock.read", "product.read"]).await;
    let mut events = Events::post(&till, STOCK, json!({}), None).await;
    events.item().await;
    let disable = "mutation($id: ID!) { result: integrationDisable(id: $id) { userErrors { code } } }";
    assert_eq!(shop.client.execute(disable, json!({ "id": integration })).await["result"]["userErrors"], json!([]));
    let ended = timeout(Duration::from_secs(6), async {
        while let Some(event) = events.next().await {
            assert_ne!(event.name, "complete", "it breaks off: it has not come to its end");
        }
    });
    ended.await.expect("it ends within five seconds");
    sleep(Duration::from_millis(100)).await;
    let request = reqwest::Client::new().post(format!("{}/graphql", till.url)).bearer_auth(&till.token);
    let answer = request.header("accept", "text/event-stream").json(&json!({ "query": STOCK })).send().await.unwrap();
    assert_eq!(answer.status(), 401, "and who comes back is told why");
});
