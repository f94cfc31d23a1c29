//! GraphQL over HTTP and over `graphql-transport-ws`, as any client would.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

/// No test waits longer for one answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// A registration or a login waits no longer for its turn.
const TURN: Duration = Duration::from_secs(60);
/// Top-level errors after which it is unknown whether the change was made.
const INDETERMINATE: [&str; 3] = ["UNAVAILABLE", "TIMEOUT", "OVERLOADED"];

/// The refusals that an answer shows, those of payloads' rows included.
fn refusals(data: &Value) -> u64 {
    match data {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match value {
                Value::Array(errors) if name == "userErrors" => errors.len() as u64,
                value => refusals(value),
            })
            .sum(),
        Value::Array(items) => items.iter().map(refusals).sum(),
        _ => 0,
    }
}

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pub url: String,
    pub token: String,
}

impl Client {
    pub async fn register(url: &str, slug: &str) -> Self {
        Self::register_by(reqwest::Client::new(), url, slug).await
    }

    /// With an HTTP client of the test's own.
    pub async fn register_by(http: reqwest::Client, url: &str, slug: &str) -> Self {
        let mut client = Self { http, url: url.to_owned(), token: String::new() };
        let variables = json!({ "e": format!("{slug}@shop.example"), "s": slug });
        let register = "mutation($e: String!, $s: String!) { result: register(email: $e, password: \"four mugs on a shelf\",
            displayName: \"Owner\", tenantName: \"Shop\", tenantSlug: $s) {
            result { ... on TokenPair { accessToken } } userErrors { code message } } }";
        let answer = client.sign_in(register, variables).await;
        answer["result"]["result"]["accessToken"].as_str().unwrap_or_else(|| panic!("{answer}")).clone_into(&mut client.token);
        client
    }

    /// Returns a client of the same member for another process.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// The data of a registration or a login. Passwords have a queue with an end, which a slow machine reaches: where the answer is to come again later,
    /// the call is sent again after the time that it gives. Nothing was done before.
    pub async fn sign_in(&self, query: &str, variables: Value) -> Value {
        let started_at = Instant::now();
        loop {
            let mut answer = self.answer(query, &variables).await.unwrap();
            let error = &answer["errors"][0]["extensions"];
            if error["code"] == "OVERLOADED" && started_at.elapsed() < TURN {
                let wait = error["retryAfterMs"].as_u64().unwrap_or_else(|| panic!("{answer:#}"));
                sleep(Duration::from_millis(wait)).await;
                continue;
            }
            assert!(answer["errors"].is_null(), "{answer:#}");
            return answer["data"].take();
        }
    }

    /// Returns the whole answer, or the reason that the outcome of the call is unknown.
    pub async fn send(&self, query: &str, variables: &Value) -> Result<Value, String> {
        let answer = self.answer(query, variables).await?;
        match answer["errors"][0]["extensions"]["code"].as_str() {
            Some(code) if INDETERMINATE.contains(&code) => Err(answer.to_string()),
            _ => Ok(answer),
        }
    }

    /// Returns the whole answer, with its errors if there are any.
    async fn answer(&self, query: &str, variables: &Value) -> Result<Value, String> {
        let request = self.http.post(format!("{}/graphql", self.url)).json(&json!({ "query": query, "variables": variables }));
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        let answer = request.timeout(PATIENCE).send().await.map_err(|err| err.to_string())?;
        let answer: Value = answer.json().await.map_err(|err| err.to_string())?;
        let counted = answer["extensions"]["entrepot"]["userErrorCount"].as_u64().unwrap_or_default();
        assert!(counted >= refusals(&answer["data"]), "refusals that are not counted: {answer:#}");
        Ok(answer)
    }

    /// The data of an answer without errors.
    pub async fn execute(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.send(query, &variables).await.unwrap();
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"].take()
    }

    /// Sends the bytes of a file to the link of its upload.
    pub async fn upload(&self, link: &str, bytes: Vec<u8>) -> Result<(), String> {
        let request = self.http.put(format!("{}{link}", self.url)).body(bytes).timeout(PATIENCE);
        let status = request.send().await.map_err(|err| err.to_string())?.status();
        if status.is_success() { Ok(()) } else { Err(format!("{link}: {status}")) }
    }

    /// The payload of a mutation aliased `result`.
    pub async fn change(&self, query: &str, input: Value) -> Value {
        self.execute(query, json!({ "input": input })).await["result"].take()
    }

    /// The payload of a mutation that must not be refused.
    pub async fn must_mutate(&self, query: &str, input: Value) -> Value {
        let payload = self.change(query, input).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
        payload
    }

    /// All nodes of a connection aliased `result`, page by page.
    pub async fn all(&self, query: &str) -> Vec<Value> {
        let mut nodes = Vec::new();
        let mut after = Value::Null;
        loop {
            let mut page = self.execute(query, json!({ "after": after })).await["result"].take();
            nodes.extend(page["nodes"].as_array().unwrap().iter().cloned());
            if page["pageInfo"]["hasNextPage"] == false {
                return nodes;
            }
            after = page["pageInfo"]["endCursor"].take();
        }
    }
}

pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Acknowledged, as the client's member.
    pub async fn open(client: &Client) -> Self {
        Self::try_open(client).await.unwrap()
    }

    pub async fn try_open(client: &Client) -> Result<Self, String> {
        let mut request = format!("{}/graphql", client.url.replacen("http", "ws", 1)).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await.map_err(|err| err.to_string())?;
        let mut socket = Self(socket);
        socket
            .send_message(
                json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", client.token) } }),
            )
            .await;
        let acknowledged = socket.receive_message().await.ok_or("closed")?;
        assert_eq!(acknowledged["type"], "connection_ack");
        Ok(socket)
    }

    /// Opens a socket as a page of this origin does, before its first message.
    pub async fn of_page(url: &str, origin: &str) -> Self {
        let mut request = format!("{}/graphql", url.replacen("http", "ws", 1)).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        Self(tokio_tungstenite::connect_async(request).await.unwrap().0)
    }

    pub async fn send_message(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn subscribe(&mut self, query: &str, variables: &Value) {
        self.begin("1", query, variables).await;
    }

    /// Subscribes under the given ID: a socket carries up to a hundred operations.
    pub async fn begin(&mut self, id: &str, query: &str, variables: &Value) {
        self.send_message(json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": variables } })).await;
    }

    /// Reads on until the socket is closed: with what code and why; 1006 when without a word.
    pub async fn closing(&mut self) -> (u16, String) {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return (1006, String::new()),
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next message of the operation; None when the socket has ended.
    pub async fn receive_message(&mut self) -> Option<Value> {
        timeout(PATIENCE, self.listen()).await.expect("a message in time")
    }

    /// Like `receive_message`, without a timeout: cancel-safe.
    pub async fn listen(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] != "ping" {
                        return Some(message);
                    }
                    self.send_message(json!({ "type": "pong" })).await;
                }
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(_) | Err(_) => return None,
            }
        }
    }
}
