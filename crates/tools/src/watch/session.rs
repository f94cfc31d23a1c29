//! Successive connections, and the state that outlives them: the filter and the cursor.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    args::WatchArgs,
    backoff::Backoff,
    error::{End, WatchError},
    print::{Printer, first_error},
    wire::{Socket, SocketError, StreamMessage, Update, root_cause},
};
use crate::replay::wire::endpoint;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// Codes of errors that waiting helps with.
const RETRYABLE_CODES: [&str; 4] = ["OVERLOADED", "UNAVAILABLE", "RATE_LIMITED", "TIMEOUT"];

pub struct Watch {
    http: reqwest::Client,
    url: String,
    token: String,
    stores: Vec<String>,
    products: Vec<String>,
    delay: u32,
    /// Filter of `stores` and `products`, once the server has resolved them.
    filter: Option<Value>,
    cursor: Option<String>,
}

impl Watch {
    pub fn new(args: &WatchArgs) -> Result<Self, WatchError> {
        let unfit = |reason: String| WatchError::Address(args.url.clone(), reason);
        let url = endpoint(&args.url).map_err(unfit)?;
        // An upgrade is a matter of HTTP/1.
        let http = reqwest::Client::builder().http1_only().connect_timeout(CONNECT_TIMEOUT).build();
        Ok(Self {
            http: http.map_err(|err| unfit(root_cause(&err)))?,
            url: url.into(),
            token: args.token.clone(),
            stores: args.store.clone(),
            products: args.product.clone(),
            delay: args.max_delay_ms,
            filter: None,
            cursor: args.after.clone(),
        })
    }

    /// Returns the cursor after which the next watch continues.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Connects and prints until that ends.
    pub async fn run_session(&mut self, printer: &mut Printer, backoff: &mut Backoff) -> Result<End, WatchError> {
        match self.follow(printer, backoff).await {
            Ok(end) | Err(SocketError::End(end)) => Ok(end),
            Err(SocketError::Fatal(error)) => Err(error),
        }
    }

    async fn follow(&mut self, printer: &mut Printer, backoff: &mut Backoff) -> Result<End, SocketError> {
        if self.filter.is_none() {
            self.filter = Some(self.resolve_filter().await?);
        }
        let mut socket = Socket::open(&self.http, &self.url, &self.token).await?;
        socket.subscribe(&json!({ "filter": self.filter, "after": self.cursor, "delay": self.delay })).await?;
        loop {
            match socket.next_event().await? {
                StreamMessage::Next(payload) => {
                    let update = parse_update(payload)?;
                    printer.print(&update).map_err(WatchError::from)?;
                    if let Some(reason) = update.reset {
                        self.cursor = None;
                        return Ok(End::Reset(reason));
                    }
                    backoff.reset_attempts();
                    // A page of the snapshot is no place to resume from until the last page has
                    // come.
                    if update.phase != "SNAPSHOT" {
                        self.cursor = update.cursor.or(self.cursor.take());
                    }
                }
                StreamMessage::Error(errors) => return Err(refusal_error(&errors)),
                StreamMessage::Complete => {
                    return Ok(End::Lost { reason: "the server ended the stream".to_owned(), come_back: None });
                }
            }
        }
    }

    /// The filter, with the IDs of objects that were named otherwise.
    async fn resolve_filter(&self) -> Result<Value, SocketError> {
        let mut filter = json!({});
        if !self.stores.is_empty() {
            filter["store"] = json!({ "in": self.resolve_ids("store", "StoreRef", "code", "sto_", &self.stores).await? });
        }
        if !self.products.is_empty() {
            filter["product"] = json!({ "in": self.resolve_ids("product", "ProductRef", "sku", "prd_", &self.products).await? });
        }
        Ok(if filter == json!({}) { Value::Null } else { filter })
    }

    async fn resolve_ids(
        &self,
        field: &'static str,
        by_type: &str,
        by: &str,
        prefix: &str,
        names: &[String],
    ) -> Result<Vec<String>, SocketError> {
        let mut ids = Vec::new();
        for name in names {
            if name.starts_with(prefix) {
                ids.push(name.clone());
                continue;
            }
            let query = format!("query Find($by: {by_type}!) {{ found: {field}(by: $by) {{ id }} }}");
            let answer = self.send_query(&json!({ "query": query, "variables": { "by": { by: name } } })).await?;
            let id = answer["data"]["found"]["id"].as_str();
            ids.push(id.ok_or_else(|| WatchError::Unknown(field, name.clone()))?.to_owned());
        }
        Ok(ids)
    }

    async fn send_query(&self, body: &Value) -> Result<Value, SocketError> {
        let lost = |err: reqwest::Error| SocketError::End(End::Lost { reason: root_cause(&err), come_back: None });
        let request = self.http.post(&self.url).bearer_auth(&self.token).json(body).timeout(ANSWER_TIMEOUT);
        let answer: Value = request.send().await.map_err(lost)?.json().await.map_err(lost)?;
        if answer["errors"].is_null() { Ok(answer) } else { Err(refusal_error(&answer["errors"])) }
    }
}

fn parse_update(mut payload: Value) -> Result<Update, SocketError> {
    if !payload["errors"].is_null() {
        return Err(refusal_error(&payload["errors"]));
    }
    serde_json::from_value(payload["data"]["stockChanged"].take()).map_err(|err| WatchError::Nonsense(err.to_string()).into())
}

fn refusal_error(errors: &Value) -> SocketError {
    let (code, message) = first_error(errors);
    let wait = errors[0]["extensions"]["retryAfterMs"].as_u64().map(Duration::from_millis);
    if wait.is_some() || RETRYABLE_CODES.contains(&code.as_str()) {
        return SocketError::End(End::Lost { reason: message, come_back: wait });
    }
    WatchError::Refused(code, message).into()
}
