//! One connection after the other, and what outlives them: the filter and the cursor.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    WatchError,
    args::WatchArgs,
    backoff::Backoff,
    print::{Printer, first_error},
    wire::{Failed, Heard, Socket, Update, cause},
};
use crate::replay::wire::endpoint;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(15);
/// Codes of errors that waiting helps with.
const PASSING: [&str; 4] = ["OVERLOADED", "UNAVAILABLE", "RATE_LIMITED", "TIMEOUT"];

pub struct Watch {
    http: reqwest::Client,
    url: String,
    token: String,
    stores: Vec<String>,
    products: Vec<String>,
    delay: u32,
    /// What `stores` and `products` come to, once the server has told.
    filter: Option<Value>,
    cursor: Option<String>,
}

/// Why a connection ended that another may follow.
#[derive(Debug)]
pub enum End {
    Lost { why: String, come_back: Option<Duration> },
    Reset(String),
}

impl Watch {
    pub fn new(args: &WatchArgs) -> Result<Self, WatchError> {
        let unfit = |why: String| WatchError::Address(args.url.clone(), why);
        let url = endpoint(&args.url).map_err(unfit)?;
        // An upgrade is a matter of HTTP/1.
        let http = reqwest::Client::builder().http1_only().connect_timeout(CONNECT).build();
        Ok(Self {
            http: http.map_err(|err| unfit(cause(&err)))?,
            url: url.into(),
            token: args.token.clone(),
            stores: args.store.clone(),
            products: args.product.clone(),
            delay: args.max_delay_ms,
            filter: None,
            cursor: args.after.clone(),
        })
    }

    /// Where whoever watches next goes on.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Connects and prints until that ends.
    pub async fn session(&mut self, printer: &mut Printer, backoff: &mut Backoff) -> Result<End, WatchError> {
        match self.follow(printer, backoff).await {
            Ok(end) | Err(Failed::End(end)) => Ok(end),
            Err(Failed::Fatal(error)) => Err(error),
        }
    }

    async fn follow(&mut self, printer: &mut Printer, backoff: &mut Backoff) -> Result<End, Failed> {
        if self.filter.is_none() {
            self.filter = Some(self.chosen().await?);
        }
        let mut socket = Socket::open(&self.http, &self.url, &self.token).await?;
        socket.subscribe(&json!({ "filter": self.filter, "after": self.cursor, "delay": self.delay })).await?;
        loop {
            match socket.hear().await? {
                Heard::Next(payload) => {
                    let update = read(payload)?;
                    printer.print(&update).map_err(WatchError::from)?;
                    if let Some(reason) = update.reset {
                        self.cursor = None;
                        return Ok(End::Reset(reason));
                    }
                    backoff.went_well();
                    // A page of how things stand is no place to go on from before the last one has come.
                    if update.phase != "SNAPSHOT" {
                        self.cursor = update.cursor.or(self.cursor.take());
                    }
                }
                Heard::Error(errors) => return Err(refused(&errors)),
                Heard::Complete => return Ok(End::Lost { why: "the server ended the stream".to_owned(), come_back: None }),
            }
        }
    }

    /// The filter, with the ids of what was named otherwise.
    async fn chosen(&self) -> Result<Value, Failed> {
        let mut filter = json!({});
        if !self.stores.is_empty() {
            filter["store"] = json!({ "in": self.ids("store", "StoreRef", "code", "sto_", &self.stores).await? });
        }
        if !self.products.is_empty() {
            filter["product"] = json!({ "in": self.ids("product", "ProductRef", "sku", "prd_", &self.products).await? });
        }
        Ok(if filter == json!({}) { Value::Null } else { filter })
    }

    async fn ids(&self, what: &'static str, of: &str, by: &str, prefix: &str, names: &[String]) -> Result<Vec<String>, Failed> {
        let mut ids = Vec::new();
        for name in names {
            if name.starts_with(prefix) {
                ids.push(name.clone());
                continue;
            }
            let query = format!("query Find($by: {of}!) {{ found: {what}(by: $by) {{ id }} }}");
            let answer = self.ask(&json!({ "query": query, "variables": { "by": { by: name } } })).await?;
            let id = answer["data"]["found"]["id"].as_str();
            ids.push(id.ok_or_else(|| WatchError::Unknown(what, name.clone()))?.to_owned());
        }
        Ok(ids)
    }

    async fn ask(&self, body: &Value) -> Result<Value, Failed> {
        let lost = |err: reqwest::Error| Failed::End(End::Lost { why: cause(&err), come_back: None });
        let request = self.http.post(&self.url).bearer_auth(&self.token).json(body).timeout(ANSWER);
        let answer: Value = request.send().await.map_err(lost)?.json().await.map_err(lost)?;
        if answer["errors"].is_null() { Ok(answer) } else { Err(refused(&answer["errors"])) }
    }
}

fn read(mut payload: Value) -> Result<Update, Failed> {
    if !payload["errors"].is_null() {
        return Err(refused(&payload["errors"]));
    }
    serde_json::from_value(payload["data"]["stockChanged"].take()).map_err(|err| WatchError::Nonsense(err.to_string()).into())
}

fn refused(errors: &Value) -> Failed {
    let (code, message) = first_error(errors);
    let wait = errors[0]["extensions"]["retryAfterMs"].as_u64().map(Duration::from_millis);
    if wait.is_some() || PASSING.contains(&code.as_str()) {
        return Failed::End(End::Lost { why: message, come_back: wait });
    }
    WatchError::Refused(code, message).into()
}
