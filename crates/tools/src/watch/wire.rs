//! `graphql-transport-ws` over a connection that reqwest makes, with the certificates that it knows, and the answers' shapes.

use std::{pin::Pin, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{SinkExt, StreamExt};
use reqwest::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::derive_accept_key, protocol::Role},
};

use super::{WatchError, backoff, session::End};

const SUBPROTOCOL: &str = "graphql-transport-ws";
/// The server pings every 20 seconds; a line that is silent for so long is dead.
const SILENCE: Duration = Duration::from_mins(1);
const ANSWER: Duration = Duration::from_secs(15);

pub const WATCH: &str = "subscription Watch($filter: StockFilter, $after: Cursor, $delay: Int! = 0) {
    stockChanged(filter: $filter, after: $after, maxDelayMs: $delay) { phase cursor reset
    changes { seq inFilter level { onHand reserved available version store { id code } product { id sku } } } } }";

/// An item of the stream.
#[derive(Debug, Deserialize)]
pub struct Update {
    pub phase: String,
    pub cursor: Option<String>,
    pub reset: Option<String>,
    pub changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub seq: i64,
    pub in_filter: bool,
    pub level: Level,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    pub on_hand: i64,
    pub reserved: i64,
    pub available: i64,
    pub version: i64,
    pub store: Store,
    pub product: Product,
}

#[derive(Debug, Deserialize)]
pub struct Store {
    pub id: String,
    pub code: String,
}

#[derive(Debug, Deserialize)]
pub struct Product {
    pub id: String,
    pub sku: String,
}

/// A message of the operation.
pub enum Heard {
    Next(Value),
    Error(Value),
    Complete,
}

/// An open, acknowledged socket.
pub struct Socket(WebSocketStream<Pin<Box<reqwest::Upgraded>>>);

/// Why a socket was not opened, or ended.
pub enum Failed {
    /// Coming back may help.
    End(End),
    /// It will not.
    Fatal(WatchError),
}

impl From<WatchError> for Failed {
    fn from(error: WatchError) -> Self {
        Self::Fatal(error)
    }
}

fn lost(why: impl Into<String>, come_back: Option<Duration>) -> Failed {
    Failed::End(End::Lost { why: why.into(), come_back })
}

impl Socket {
    pub async fn open(http: &reqwest::Client, url: &str, token: &str) -> Result<Self, Failed> {
        let key = STANDARD.encode(rand::random::<[u8; 16]>());
        let request = http
            .get(url)
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
            .header(header::SEC_WEBSOCKET_KEY, &key);
        let answer = request.send().await.map_err(|err| lost(cause(&err), None))?;
        let status = answer.status();
        if status != StatusCode::SWITCHING_PROTOCOLS {
            let seconds = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let why = format!("the server answers {status}");
            return Err(match status.as_u16() {
                429 | 500..=599 => lost(why, seconds.map(Duration::from_secs)),
                _ => WatchError::Refused(url.to_owned(), why).into(),
            });
        }
        let proves = answer.headers().get(header::SEC_WEBSOCKET_ACCEPT).map(|value| value.as_bytes().to_owned());
        if proves.as_deref() != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err(WatchError::Nonsense("it speaks no WebSocket".to_owned()).into());
        }
        let upgraded = answer.upgrade().await.map_err(|err| lost(cause(&err), None))?;
        let mut socket = Self(WebSocketStream::from_raw_socket(Box::pin(upgraded), Role::Client, None).await);
        let init = json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } });
        socket.say(&init).await?;
        match tokio::time::timeout(ANSWER, socket.message()).await {
            Err(_) => Err(lost("the server does not acknowledge", None)),
            Ok(message) => match message? {
                message if message["type"] == "connection_ack" => Ok(socket),
                other => Err(WatchError::Nonsense(other.to_string()).into()),
            },
        }
    }

    pub async fn subscribe(&mut self, variables: &Value) -> Result<(), Failed> {
        self.say(&json!({ "id": "1", "type": "subscribe", "payload": { "query": WATCH, "variables": variables } })).await
    }

    /// The operation's next message.
    pub async fn hear(&mut self) -> Result<Heard, Failed> {
        let mut message = self.message().await?;
        match message["type"].as_str() {
            Some("next") => Ok(Heard::Next(message["payload"].take())),
            Some("error") => Ok(Heard::Error(message["payload"].take())),
            Some("complete") => Ok(Heard::Complete),
            _ => Err(WatchError::Nonsense(message.to_string()).into()),
        }
    }

    /// The next message that is no ping; those are answered.
    async fn message(&mut self) -> Result<Value, Failed> {
        loop {
            let frame = tokio::time::timeout(SILENCE, self.0.next()).await.map_err(|_| lost("the line is dead", None))?;
            match frame {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).map_err(|err| WatchError::Nonsense(err.to_string()))?;
                    match message["type"].as_str() {
                        Some("ping") => self.say(&json!({ "type": "pong" })).await?,
                        Some("pong") => {}
                        _ => return Ok(message),
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) =
                        frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                    return Err(closed(code, &reason));
                }
                Some(Ok(_)) => {}
                Some(Err(err)) => return Err(lost(err.to_string(), None)),
                None => return Err(lost("the connection broke off", None)),
            }
        }
    }

    async fn say(&mut self, message: &Value) -> Result<(), Failed> {
        self.0.send(Message::text(message.to_string())).await.map_err(|err| lost(err.to_string(), None))
    }
}

/// What a close means: sent away for a while, or for good.
fn closed(code: u16, reason: &str) -> Failed {
    let why = if reason.is_empty() { format!("closed ({code})") } else { format!("{reason} ({code})") };
    match code {
        // Forbidden, and the protocol's reproaches: the same again would end the same.
        4400..=4499 if code != 4408 => WatchError::Refused("the server closed the socket".to_owned(), why).into(),
        _ => lost(why, backoff::asked_for(reason)),
    }
}

/// reqwest says first that it failed, and why at the end of its chain of causes.
pub fn cause(err: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = err;
    while let Some(next) = deepest.source() {
        deepest = next;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_ends_are_for_good_and_some_are_not() {
        for code in [1000, 1001, 1006, 1011, 1012, 1013, 4408] {
            assert!(matches!(closed(code, ""), Failed::End(End::Lost { .. })), "{code}");
        }
        for code in [4400, 4401, 4403, 4406, 4409, 4429] {
            assert!(matches!(closed(code, "no"), Failed::Fatal(_)), "{code}");
        }
        let Failed::End(End::Lost { come_back, .. }) = closed(1012, "the node is restarting; come back in 70 ms") else {
            panic!("it is not for good")
        };
        assert_eq!(come_back, Some(Duration::from_millis(70)));
    }
}
