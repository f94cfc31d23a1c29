//! `graphql-transport-ws` over a connection that reqwest makes, with its certificates, and the
//! types of the answers.

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

use super::{
    backoff,
    error::{End, WatchError},
};

const SUBPROTOCOL: &str = "graphql-transport-ws";
/// The server pings every 20 seconds; a connection that is silent for this time is dead.
const SILENCE_TIMEOUT: Duration = Duration::from_mins(1);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

pub const WATCH_SUBSCRIPTION: &str = "subscription Watch($filter: StockFilter, $after: Cursor, $delay: Int! = 0) {
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
pub enum StreamMessage {
    Next(Value),
    Error(Value),
    Complete,
}

/// An open, acknowledged socket.
pub struct Socket(WebSocketStream<Pin<Box<reqwest::Upgraded>>>);

/// Reason for which a socket was not opened, or ended.
pub enum SocketError {
    /// Coming back may help.
    End(End),
    /// Reconnecting does not help.
    Fatal(WatchError),
}

impl From<WatchError> for SocketError {
    fn from(error: WatchError) -> Self {
        Self::Fatal(error)
    }
}

fn connection_lost(reason: impl Into<String>, come_back: Option<Duration>) -> SocketError {
    SocketError::End(End::Lost { reason: reason.into(), come_back })
}

impl Socket {
    pub async fn open(http: &reqwest::Client, url: &str, token: &str) -> Result<Self, SocketError> {
        let key = STANDARD.encode(rand::random::<[u8; 16]>());
        let request = http
            .get(url)
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
            .header(header::SEC_WEBSOCKET_KEY, &key);
        let answer = request.send().await.map_err(|err| connection_lost(root_cause(&err), None))?;
        let status = answer.status();
        if status != StatusCode::SWITCHING_PROTOCOLS {
            let seconds = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let reason = format!("the server answers {status}");
            return Err(match status.as_u16() {
                429 | 500..=599 => connection_lost(reason, seconds.map(Duration::from_secs)),
                _ => WatchError::Refused(url.to_owned(), reason).into(),
            });
        }
        let accept_key = answer.headers().get(header::SEC_WEBSOCKET_ACCEPT).map(|value| value.as_bytes().to_owned());
        if accept_key.as_deref() != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err(WatchError::Nonsense("it speaks no WebSocket".to_owned()).into());
        }
        let upgraded = answer.upgrade().await.map_err(|err| connection_lost(root_cause(&err), None))?;
        let mut socket = Self(WebSocketStream::from_raw_socket(Box::pin(upgraded), Role::Client, None).await);
        let init = json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } });
        socket.send_message(&init).await?;
        match tokio::time::timeout(ANSWER_TIMEOUT, socket.next_message()).await {
            Err(_) => Err(connection_lost("the server does not acknowledge", None)),
            Ok(message) => match message? {
                message if message["type"] == "connection_ack" => Ok(socket),
                other => Err(WatchError::Nonsense(other.to_string()).into()),
            },
        }
    }

    pub async fn subscribe(&mut self, variables: &Value) -> Result<(), SocketError> {
        self.send_message(
            &json!({ "id": "1", "type": "subscribe", "payload": { "query": WATCH_SUBSCRIPTION, "variables": variables } }),
        )
        .await
    }

    /// The operation's next message.
    pub async fn next_event(&mut self) -> Result<StreamMessage, SocketError> {
        let mut message = self.next_message().await?;
        match message["type"].as_str() {
            Some("next") => Ok(StreamMessage::Next(message["payload"].take())),
            Some("error") => Ok(StreamMessage::Error(message["payload"].take())),
            Some("complete") => Ok(StreamMessage::Complete),
            _ => Err(WatchError::Nonsense(message.to_string()).into()),
        }
    }

    /// The next message that is no ping; those are answered.
    async fn next_message(&mut self) -> Result<Value, SocketError> {
        loop {
            let frame = tokio::time::timeout(SILENCE_TIMEOUT, self.0.next())
                .await
                .map_err(|_| connection_lost("the line is dead", None))?;
            match frame {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).map_err(|err| WatchError::Nonsense(err.to_string()))?;
                    match message["type"].as_str() {
                        Some("ping") => self.send_message(&json!({ "type": "pong" })).await?,
                        Some("pong") => {}
                        _ => return Ok(message),
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) =
                        frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                    return Err(close_error(code, &reason));
                }
                Some(Ok(_)) => {}
                Some(Err(err)) => return Err(connection_lost(err.to_string(), None)),
                None => return Err(connection_lost("the connection broke off", None)),
            }
        }
    }

    async fn send_message(&mut self, message: &Value) -> Result<(), SocketError> {
        self.0.send(Message::text(message.to_string())).await.map_err(|err| connection_lost(err.to_string(), None))
    }
}

/// Returns the meaning of a close code: a temporary refusal, or a permanent one.
fn close_error(code: u16, reason: &str) -> SocketError {
    let message = if reason.is_empty() { format!("closed ({code})") } else { format!("{reason} ({code})") };
    match code {
        // Forbidden, and the protocol's reproaches: the same again would end the same.
        4400..=4499 if code != 4408 => WatchError::Refused("the server closed the socket".to_owned(), message).into(),
        _ => connection_lost(message, backoff::parse_retry_delay(reason)),
    }
}

/// Returns the last cause of a reqwest error, as the error itself only says that the request
/// failed.
pub fn root_cause(err: &reqwest::Error) -> String {
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
            assert!(matches!(close_error(code, ""), SocketError::End(End::Lost { .. })), "{code}");
        }
        for code in [4400, 4401, 4403, 4406, 4409, 4429] {
            assert!(matches!(close_error(code, "no"), SocketError::Fatal(_)), "{code}");
        }
        let SocketError::End(End::Lost { come_back, .. }) = close_error(1012, "the node is restarting; come back in 70 ms")
        else {
            panic!("it is not for good")
        };
        assert_eq!(come_back, Some(Duration::from_millis(70)));
    }
}
