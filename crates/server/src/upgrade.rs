//! From an upgrade request to a socket that speaks our messages.

use std::{mem, sync::Arc};

use async_graphql::Executor;
use axum::{
    Error,
    body::Body,
    extract::{
        FromRequestParts,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::{Response, StatusCode, header, request::Parts},
};
use futures_util::{
    SinkExt, StreamExt,
    future::{BoxFuture, ready},
};
use platform::metrics;

use super::{
    client::{address, is_secure_request},
    connections::Peer,
    cookies,
    front::Front,
    headers::text,
    negotiate::Media,
    origin, refused_origins, reply,
};
use graphql::{
    answer::Errors,
    code::Code,
    live::{
        admission::TooMany,
        protocol::{Close, Incoming, Outgoing, SUBPROTOCOL},
        socket::{self, SocketContext},
    },
    session::Refused,
};

/// tungstenite allocates its read buffer at once, 128 KiB by default, and reads that many bytes at
/// a time; most sockets are idle. The largest message, of 256 KiB, takes 512 reads. From 1 KiB on,
/// `bytes` would make each later buffer as large as the first.
const READ_BUFFER_BYTES: usize = 512;
const WRITE_BUFFER_BYTES: usize = 4 << 10;

/// tungstenite refuses a single message larger than its write buffer may become (unlimited by
/// default). Our buffer holds only the message that is being written, as the outbox bounds those
/// that wait; so this is the largest answer that a socket carries.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

pub async fn socket<E: Executor>(front: &Arc<Front<E>>, mut parts: Parts, id: &str) -> Response<Body> {
    if front.drain.is_started() {
        return unavailable_response("the node is stopping", front.admission.refuse_for_later(), id);
    }
    let is_open = origin::may_open_socket(&parts.headers, &front.settings.origins);
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await else {
        return reply::fault_response(StatusCode::BAD_REQUEST, "this is not a WebSocket upgrade", Media::Json, id);
    };
    let now = front.service.cost_limiter.rate_limiter().now();
    if let Err(wait) = front.admission.enter(now) {
        metrics::count_refused_socket();
        return unavailable_response("too many new sockets at once", wait, id);
    }
    if !is_open {
        let origin = refused_origins::escape_origin(parts.headers.get(header::ORIGIN));
        front.refused_origins.log(&origin, now);
        return refuse_origin(upgrade, refused_origins::reason(&origin), id);
    }
    let context = Box::new(SocketContext {
        id: id.to_owned(),
        authorization: match text(&parts.headers, &header::AUTHORIZATION) {
            Some(authorization) => Some(authorization.to_owned()),
            None => cookies::socket_authorization(&parts.headers, &front.settings.origins, is_secure_request(front, &parts)),
        },
        address: address(front, &parts),
        user_agent: text(&parts.headers, &header::USER_AGENT).map(str::to_owned),
        anonymous: front.settings.anonymous_sockets,
        admission: front.admission.clone(),
    });
    let peer = parts.extensions.remove::<Peer>();
    let front = front.clone();
    let max_message_bytes = front.service.limits.message_bytes;
    let mut response = upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(MAX_MESSAGE_BYTES)
        .max_message_size(max_message_bytes)
        .max_frame_size(max_message_bytes)
        .on_upgrade(move |socket| run_socket(&front, socket, context, peer));
    reply::set_common_headers(response.headers_mut(), id);
    response
}

/// Browsers hide a refused upgrade from their pages, and show only the code and the reason of a
/// closed socket. Clients do not reconnect after 4401, as they do after 4403 with another token:
/// the page's origin would not change.
fn refuse_origin(upgrade: WebSocketUpgrade, reason: String, id: &str) -> Response<Body> {
    let mut response = upgrade.protocols([SUBPROTOCOL]).max_message_size(0).on_upgrade(move |mut socket| async move {
        let frame = CloseFrame { code: Close::UNAUTHORIZED, reason: reason.into() };
        let _ = socket.send(Message::Close(Some(frame))).await;
    });
    reply::set_common_headers(response.headers_mut(), id);
    response
}

/// 503 with a `Retry-After`: a proxy may try the next node, a client comes again.
pub fn unavailable_response(reason: &str, wait: TooMany, id: &str) -> Response<Body> {
    let refused = Refused { retry_after_ms: Some(wait.millis()), ..Refused::new(Code::Unavailable, reason) };
    reply::errors_response(&Errors::from_refused(refused, id), Media::Json, id)
}

/// Not an `async fn`: that would keep room for the whole socket beside its two halves, for as long
/// as it is open.
fn run_socket<E: Executor>(
    front: &Front<E>,
    socket: WebSocket,
    context: Box<SocketContext>,
    peer: Option<Peer>,
) -> BoxFuture<'static, ()> {
    let open = metrics::Open::socket();
    let has_protocol = socket.protocol().is_some();
    let (sink, stream) = socket.split();
    let mut sink = sink.with(|outgoing| ready(Ok::<_, Error>(frame(outgoing))));
    if !has_protocol {
        return Box::pin(async move {
            let close = Close::new(Close::WRONG_SUBPROTOCOL, "Subprotocol not acceptable");
            let _ = sink.send(Outgoing::Close(close)).await;
            drop((sink, stream, peer, open));
        });
    }
    // The last message is held until the next has come, so that `bytes` cannot reuse its buffer: when the rest of that, at most 512 bytes, is
    // used up, later messages get a buffer of their own size and it is freed. Otherwise a socket would keep its largest buffer.
    let mut previous_message: Option<Message> = None;
    let stream = stream.map(move |received| {
        let incoming = message(&received);
        drop(mem::replace(&mut previous_message, received.ok()));
        incoming
    });
    let socket_task = socket::serve(stream, sink, front.streams.clone(), context, front.drain.clone());
    Box::pin(async move {
        socket_task.await;
        // Until here the socket counts as its address's connection.
        drop((peer, open));
    })
}

fn message(message: &Result<Message, Error>) -> Incoming {
    match message {
        Ok(Message::Text(text)) => Incoming::Text(text.as_str().to_owned()),
        Ok(Message::Binary(_)) => Incoming::Binary,
        Ok(Message::Ping(_) | Message::Pong(_)) => Incoming::Alive,
        // axum hides the kind of tungstenite's error; its text is "Space limit exceeded: Message too long: …".
        Err(error) if error.to_string().contains("too long") => Incoming::TooLarge,
        // "UTF-8 encoding error: …"
        Err(error) if error.to_string().starts_with("UTF-8") => Incoming::NoText,
        Ok(Message::Close(_)) | Err(_) => Incoming::Closed,
    }
}

fn frame(outgoing: Outgoing) -> Message {
    match outgoing {
        Outgoing::Text(text) => Message::Text(text.into()),
        Outgoing::Ping => Message::Ping(Vec::new().into()),
        Outgoing::Close(Close { code, reason }) => Message::Close(Some(CloseFrame { code, reason: reason.into() })),
    }
}
