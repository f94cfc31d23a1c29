use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

/// No test waits longer for anything.
pub const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// Returns the code of the first error, or "none".
    pub fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or("none").to_owned()
    }
}

/// Writes the bytes and reads one answer.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(request).await;
    reply(&mut stream).await
}

pub async fn reply(stream: &mut TcpStream) -> Reply {
    timeout(PATIENCE, read_reply(stream)).await.expect("an answer in time")
}

async fn read_reply(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let mut part = [0; 8192];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let mut lines = head.split("\r\n");
            let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
            let headers: Vec<_> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let mut reply = Reply { status, headers, body: bytes[end + 4..].to_vec() };
            let length = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
            while reply.body.len() < length {
                let read = stream.read(&mut part).await.unwrap();
                assert_ne!(read, 0, "the body is incomplete");
                reply.body.extend_from_slice(&part[..read]);
            }
            return reply;
        }
        let read = stream.read(&mut part).await.unwrap();
        assert_ne!(read, 0, "closed without an answer");
        bytes.extend_from_slice(&part[..read]);
    }
}

/// A POST with these header lines, content length aside.
pub async fn post(address: SocketAddr, headers: &[&str], body: &[u8]) -> Reply {
    let mut request = format!("POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    exchange(address, &[request.as_bytes(), body].concat()).await
}

pub const JSON: &str = "content-type: application/json";
pub const NEW: &str = "accept: application/graphql-response+json";
pub const OLD: &str = "accept: application/json";

/// An operation under the newer media type.
pub async fn post_operation(address: SocketAddr, query: &str) -> Reply {
    post(address, &[JSON, NEW], json!({ "query": query }).to_string().as_bytes()).await
}

pub async fn get(address: SocketAddr, target: &str, headers: &[&str]) -> Reply {
    let mut request = format!("GET {target} HTTP/1.1\r\nhost: test\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    exchange(address, request.as_bytes()).await
}

pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Without `connection_init`.
    pub async fn raw(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether it may come in at all.
    pub async fn try_raw(address: SocketAddr) -> Result<(), String> {
        let request = format!("ws://{address}/graphql").into_client_request().unwrap();
        tokio_tungstenite::connect_async(request).await.map(drop).map_err(|error| error.to_string())
    }

    pub async fn open(address: SocketAddr) -> Self {
        Self::raw(address, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap()
    }

    /// Acknowledged, as the user `ann`.
    pub async fn ready(address: SocketAddr) -> Self {
        Self::ready_as(address, "ann").await
    }

    pub async fn ready_as(address: SocketAddr, token: &str) -> Self {
        let mut socket = Self::open(address).await;
        socket
            .send_message(json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } }))
            .await;
        assert_eq!(socket.receive_message().await["type"], "connection_ack");
        socket
    }

    pub async fn send_message(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn subscribe(&mut self, id: &str, query: &str) {
        self.send_message(json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await;
    }

    /// The next message; frames of control are passed over.
    pub async fn receive_message(&mut self) -> Value {
        match self.next().await {
            Ok(message) => message,
            Err((code, reason)) => panic!("closed: {code} {reason}"),
        }
    }

    /// The next message, or how the socket was closed; 1006 when without a word.
    pub async fn next(&mut self) -> Result<Value, (u16, String)> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a message in time") {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => return Err((frame.code.into(), frame.reason.to_string())),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => panic!("{other:?}"),
                Some(Err(_)) | None => return Err((1006, String::new())),
            }
        }
    }

    /// Reads on until the socket is closed.
    pub async fn closing(&mut self) -> (u16, String) {
        let closed = async {
            loop {
                if let Err(close) = self.next().await {
                    return close;
                }
            }
        };
        timeout(PATIENCE, closed).await.expect("the socket to be closed in time")
    }
}
