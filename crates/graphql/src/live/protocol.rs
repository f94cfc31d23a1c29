//! The messages of `graphql-transport-ws` (enisdenjo/graphql-ws: PROTOCOL.md): parses the client's,
//! writes the server's.

use async_graphql::Variables;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, value::RawValue};

use super::credentials;
use crate::request::{GraphqlRequest, Members};

/// The subprotocol's name, the only one served.
pub const SUBPROTOCOL: &str = "graphql-transport-ws";

/// Input from the transport.
#[derive(Debug)]
pub enum Incoming {
    Text(String),
    /// Not text: the protocol has no use for it.
    Binary,
    /// Ping and pong frames: a sign of life.
    Alive,
    /// More bytes than a message may have. Nothing follows.
    TooLarge,
    /// A text frame that is not UTF-8. Nothing follows.
    NoText,
    Closed,
}

/// Output to the transport.
#[derive(Debug)]
pub enum Outgoing {
    Text(String),
    /// A ping frame, which every client's library answers automatically.
    Ping,
    Close(Close),
}

/// Code and reason with which a socket is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    pub code: u16,
    /// At most 120 bytes: a close frame holds 123, and a longer reason makes it invalid (the client then sees 1006).
    pub reason: String,
}

impl Close {
    pub const BAD_MESSAGE: u16 = 4400;
    pub const UNAUTHORIZED: u16 = 4401;
    pub const FORBIDDEN: u16 = 4403;
    pub const WRONG_SUBPROTOCOL: u16 = 4406;
    pub const INIT_TIMEOUT: u16 = 4408;
    pub const DUPLICATE_ID: u16 = 4409;
    pub const SECOND_INIT: u16 = 4429;
    pub const GOING_AWAY: u16 = 1001;
    /// A text that is not written in UTF-8 (RFC 6455, 7.4.1 and 8.1).
    pub const NO_TEXT: u16 = 1007;
    pub const TOO_LARGE: u16 = 1009;
    /// Clients of the reference library reconnect after this code, after 4403 and 4408, but not
    /// after 1011 or 4500.
    pub const RESTART: u16 = 1012;
    pub const TRY_LATER: u16 = 1013;

    const MAX: usize = 120;

    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        let end = (0..=Self::MAX.min(reason.len())).rev().find(|&index| reason.is_char_boundary(index)).unwrap_or_default();
        reason.truncate(end);
        Self { code, reason }
    }

    fn bad_message(reason: impl Into<String>) -> Self {
        Self::new(Self::BAD_MESSAGE, reason)
    }
}

/// A client's message.
#[derive(Debug)]
pub enum Message {
    /// With the authorization of its payload, as an `Authorization` header has it.
    Init(Option<String>),
    /// With the authorization of its payload: a renewal.
    Ping(Option<String>),
    Pong,
    Subscribe {
        id: String,
        params: GraphqlRequest,
    },
    Complete {
        id: String,
    },
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    // `null` must be distinguished from absent: the protocol allows only a map.
    #[serde(default, borrow, deserialize_with = "present")]
    payload: Option<&'a RawValue>,
}

fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// # Errors
/// The close that the message causes: always 4400.
pub fn read(text: &str, longest_id: usize) -> Result<Message, Close> {
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|_| Close::bad_message("Invalid message"))?;
    let kind = envelope.kind.as_str();
    let id = || match envelope.id.as_deref() {
        None | Some("") => Err(Close::bad_message(format!("'{kind}' message expects the 'id' to be a non-empty string"))),
        Some(id) if id.len() > longest_id => Err(Close::bad_message(format!("the 'id' is longer than {longest_id} bytes"))),
        Some(id) => Ok(id.to_owned()),
    };
    match kind {
        "connection_init" => Ok(Message::Init(credentials(kind, envelope.payload)?)),
        "ping" => Ok(Message::Ping(credentials(kind, envelope.payload)?)),
        "pong" => credentials(kind, envelope.payload).map(|_| Message::Pong),
        "subscribe" => {
            let id = id()?;
            let invalid_payload = || Close::bad_message("'subscribe' message expects a 'payload' with a 'query' string");
            let payload = envelope.payload.ok_or_else(invalid_payload)?;
            if !payload.get().starts_with('{') {
                return Err(invalid_payload());
            }
            let members: Members = serde_json::from_str(payload.get()).map_err(|_| invalid_payload())?;
            Ok(Message::Subscribe { id, params: members.into_request().ok_or_else(invalid_payload)? })
        }
        "complete" => id().map(|id| Message::Complete { id }),
        _ => Err(Close::bad_message("Unknown message type")),
    }
}

fn credentials(kind: &str, payload: Option<&RawValue>) -> Result<Option<String>, Close> {
    let Some(payload) = payload else { return Ok(None) };
    let invalid_payload = || Close::bad_message(format!("'{kind}' message expects the 'payload' to be a map or missing"));
    // A derived struct would also take a list; the protocol takes a map only.
    if !payload.get().starts_with('{') {
        return Err(invalid_payload());
    }
    let members: Map<String, Value> = serde_json::from_str(payload.get()).map_err(|_| invalid_payload())?;
    credentials::of(kind, &members).map_err(Close::bad_message)
}

/// Parses the variables of a `subscribe` again.
pub fn variables(text: &str) -> Option<Variables> {
    match read(text, usize::MAX) {
        Ok(Message::Subscribe { params, .. }) => Some(params.variables),
        _ => None,
    }
}

/// A message with an operation's id; `payload` is JSON.
pub fn operation_message(kind: &str, id: &str, payload: Option<&[u8]>) -> Outgoing {
    // As long as it will be, unless the id has escapes: a text with room to spare is not handed on to the socket without one more allocation.
    let envelope_length = br#"{"id":"","type":""}"#.len() + payload.map_or(0, |payload| br#","payload":"#.len() + payload.len());
    let mut text = Vec::with_capacity(envelope_length + id.len() + kind.len());
    text.extend_from_slice(b"{\"id\":");
    // Serialising a string cannot fail.
    let _ = serde_json::to_writer(&mut text, id);
    text.extend_from_slice(b",\"type\":\"");
    text.extend_from_slice(kind.as_bytes());
    text.push(b'"');
    if let Some(payload) = payload {
        text.extend_from_slice(b",\"payload\":");
        text.extend_from_slice(payload);
    }
    text.push(b'}');
    Outgoing::Text(String::from_utf8(text).unwrap_or_default())
}

/// A message without an id.
pub fn message_without_id(kind: &str, payload: Option<&serde_json::Value>) -> Outgoing {
    Outgoing::Text(match payload {
        Some(payload) => format!("{{\"type\":\"{kind}\",\"payload\":{payload}}}"),
        None => format!("{{\"type\":\"{kind}\"}}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_takes_no_more_memory_than_it_has_bytes() {
        for (payload, expected) in [
            (Some(r#"{"data":{"n":1}}"#), r#"{"id":"7f-a","type":"next","payload":{"data":{"n":1}}}"#),
            (None, r#"{"id":"7f-a","type":"next"}"#),
        ] {
            let Outgoing::Text(text) = operation_message("next", "7f-a", payload.map(str::as_bytes)) else { panic!("a text") };
            assert_eq!(text, expected);
            assert_eq!(text.capacity(), text.len());
        }
        let Outgoing::Text(text) = operation_message("complete", "a\"b", None) else { panic!("a text") };
        assert_eq!(text, r#"{"id":"a\"b","type":"complete"}"#);
    }
}
