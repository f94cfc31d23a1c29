//! Operations over Server-Sent Events: "distinct connections" of enisdenjo/graphql-sse
//! (PROTOCOL.md). A subscription's items have the stream's cursor as their `id`, so that an
//! `EventSource` that reconnects with `Last-Event-ID` resumes after its last item.

use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};

use async_graphql::Executor;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, header},
};
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, sleep_until};

use super::{front::Front, reply};
use graphql::{
    answer::{Answer, Errors},
    guard::{Kind, Operation},
    live::{
        socket::wait_until_revoked,
        stream_handle::ItemMeta,
        subscriptions::{Item, Request, StreamAnswer},
    },
    request::GraphqlRequest,
    scalars::Cursor,
    session::Session,
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Header that turns off nginx's response buffering.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Operation of a stream, its request and its session.
pub struct StreamOperation {
    pub operation: Arc<Operation>,
    pub params: GraphqlRequest,
    pub session: Session,
}

/// Runs an operation and sends its results as events.
pub async fn serve<E: Executor>(
    front: &Arc<Front<E>>,
    stream_operation: StreamOperation,
    headers: &HeaderMap,
    id: &str,
) -> Response<Body> {
    let StreamOperation { operation, params, session } = stream_operation;
    if operation.kind != Kind::Subscription {
        let answer = front.service.run(&operation, params, &session, id).await;
        return response(futures_util::stream::iter([next_event(&answer), complete()]), id);
    }
    let last_event = headers.get(LAST_EVENT_ID).and_then(|cursor| cursor.to_str().ok()).filter(|cursor| !cursor.is_empty());
    let last_event = last_event.map(|cursor| Cursor(cursor.to_owned()));
    let session = Arc::new(session);
    let request = Request { operation, params, session: session.clone(), id: id.into(), after: last_event };
    let items = front.streams.open(request).await;
    let end = StreamEnd::of(front, &session);
    let streams = front.streams.clone();
    let handed_over = move |meta: &ItemMeta| streams.record_delivery(meta);
    response(events(items, handed_over, end, front.service.limits.socket_ping), id)
}

/// Refuses the operation on an accepted stream, as the protocol requires.
pub fn refusal_response(errors: &Errors, id: &str) -> Response<Body> {
    response(futures_util::stream::iter([event(None, &errors.body()), complete()]), id)
}

/// Conditions that end a stream early: it sends no `complete`, and its client reconnects.
struct StreamEnd {
    expires: Option<Instant>,
    revoked: Option<tokio::sync::watch::Receiver<bool>>,
    drain: futures_util::future::BoxFuture<'static, ()>,
}

impl StreamEnd {
    fn of<E: Executor>(front: &Arc<Front<E>>, session: &Session) -> Self {
        let limits = &front.service.limits;
        let (drain, window) = (front.drain.clone(), limits.socket_drain_time);
        Self {
            expires: session
                .time_left((front.service.now)())
                .map(|remaining| Instant::now() + remaining + limits.socket_expiry_grace),
            revoked: session.revoked.clone(),
            drain: Box::pin(async move { drain.wait_with_jitter(window).await }),
        }
    }

    /// Returns when it is time.
    async fn wait(&mut self) {
        let expires = async {
            match self.expires {
                Some(end) => sleep_until(end).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = expires => {}
            () = wait_until_revoked(self.revoked.clone()) => {}
            () = &mut self.drain => {}
        }
    }
}

/// The items as events, with a sign of life when there are none.
fn events(
    mut items: impl Stream<Item = Item> + Unpin,
    handed_over: impl Fn(&ItemMeta),
    mut end: StreamEnd,
    ping: Duration,
) -> impl Stream<Item = Vec<u8>> {
    async_stream::stream! {
        // Something at once: some proxies and clients wait for the first byte.
        yield b":\n\n".to_vec();
        loop {
            tokio::select! {
                biased;
                () = end.wait() => return,
                item = items.next() => match item {
                    Some(Item { said: StreamAnswer::Own(answer), meta }) => {
                        let ends = matches!(answer, Answer::Refused(_));
                        if !ends { handed_over(&meta); }
                        yield with_id(next_event(&answer), meta.cursor.as_ref());
                        if ends { break; }
                    }
                    Some(Item { said: StreamAnswer::Shared(json), meta }) => {
                        handed_over(&meta);
                        yield event(meta.cursor.as_ref(), &json);
                    }
                    None => break,
                },
                () = tokio::time::sleep(ping) => yield b":\n\n".to_vec(),
            }
        }
        yield complete();
    }
}

fn next_event(answer: &Answer) -> Vec<u8> {
    match answer {
        Answer::Ran { json, .. } => event(None, json),
        Answer::Refused(errors) => event(None, &errors.body()),
    }
}

fn with_id(event: Vec<u8>, cursor: Option<&Cursor>) -> Vec<u8> {
    let Some(cursor) = cursor else { return event };
    [b"id: ", cursor.0.as_bytes(), b"\n", event.as_slice()].concat()
}

/// JSON as we write it has no line breaks, so it is one line of data.
fn event(cursor: Option<&Cursor>, json: &[u8]) -> Vec<u8> {
    with_id([b"event: next\ndata: ".as_slice(), json, b"\n\n"].concat(), cursor)
}

/// With a line of data, though an empty one: browsers do not hand out an event that has none.
fn complete() -> Vec<u8> {
    b"event: complete\ndata:\n\n".to_vec()
}

fn response(events: impl Stream<Item = Vec<u8>> + Send + 'static, id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from_stream(events.map(Ok::<_, Infallible>)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    reply::set_common_headers(headers, id);
    response
}
