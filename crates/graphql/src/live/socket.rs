//! One socket, from its upgrade to its close: the reader's side of the protocol. Operations run in tasks of their own
//! (`operation`), and `outbox` writes.

use std::{future::pending, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use async_graphql::Executor;
use futures_util::{Sink, Stream, StreamExt, future::BoxFuture};
use serde_json::json;
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    admission::Admission,
    credentials,
    drain::Drain,
    operation::Operations,
    outbox::{self, ClientGone, Outbox},
    per_caller_limit::{LimitGuard, PerCallerLimit},
    protocol::{self, Close, Incoming, Message, Outgoing},
    subscriptions::Streams,
};
use crate::{
    operation::OperationService,
    session::{RequestMeta, Session, bearer},
};

/// Time for a client to read the waiting messages and to answer our close with its own.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum pings without an answer.
const SILENT_PINGS: u32 = 2;

/// Treatment of a socket that has no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anonymous {
    #[default]
    Refuse,
    Accept,
}

/// Data of a socket at the end of the upgrade.
#[derive(Debug)]
pub struct SocketContext {
    /// The connection's id: that of the upgrade request.
    pub id: String,
    /// Value of the upgrade's `Authorization` header; one in `connection_init` takes precedence.
    pub authorization: Option<String>,
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
    pub anonymous: Anonymous,
    /// Limits of new sockets and of concurrent token checks, shared by all sockets of the node.
    pub admission: Arc<Admission>,
}

/// Serves a socket until either side ends it. The socket is open for long and mostly idle, so all
/// its state is in one box. An `async fn` would keep room for its arguments besides, and so would
/// each of its callers.
pub fn serve<E, R, W>(
    mut reader: R,
    writer: W,
    streams: Arc<Streams<E>>,
    context: Box<SocketContext>,
    drain: Drain,
) -> BoxFuture<'static, ()>
where
    E: Executor,
    R: Stream<Item = Incoming> + Unpin + Send + 'static,
    W: Sink<Outgoing> + Unpin + Send + 'static,
    W::Error: Send,
{
    let limits = &streams.service.limits;
    let (outbox, queue) = Outbox::new(limits.socket_queue_bytes, writer);
    let mut writing = tokio::spawn(outbox::write(queue, limits.stall_time));
    let mut socket = Socket::new(streams, context, outbox.clone());
    Box::pin(async move {
        let end = socket.run(&mut reader, &drain).await;
        // Dropped here, which ends its operations.
        drop(socket);
        if let End::Close(close) = end {
            outbox.close(close);
        }
        drop(outbox);
        let close_handshake = async {
            let _ = (&mut writing).await;
            while !matches!(reader.next().await, None | Some(Incoming::Closed)) {}
        };
        if timeout(CLOSE_TIMEOUT, close_handshake).await.is_err() && !writing.is_finished() {
            // The writer owns half of the socket: until it is dropped, the socket is not closed.
            writing.abort();
            let _ = writing.await;
        }
    })
}

/// Reason that the reader stopped.
enum End {
    /// The server closes the socket.
    Close(Close),
    /// The client closed the socket, or is gone.
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl From<ClientGone> for End {
    fn from(_: ClientGone) -> Self {
        Self::Gone
    }
}

struct Socket<E> {
    service: Arc<OperationService<E>>,
    opening: Box<SocketContext>,
    outbox: Outbox,
    sockets: PerCallerLimit,
    operations: Operations<E>,
    /// Session, shared by the socket's operations.
    session: Option<Arc<Session>>,
    init_by: Instant,
    ping_at: Instant,
    silent_pings: u32,
    /// End of the session, grace included.
    expires: Option<Instant>,
    /// The socket counts as its caller's.
    limit_guard: Option<LimitGuard>,
}

impl<E: Executor> Socket<E> {
    fn new(streams: Arc<Streams<E>>, context: Box<SocketContext>, outbox: Outbox) -> Self {
        let (service, sockets) = (streams.service.clone(), streams.sockets.clone());
        let now = Instant::now();
        Self {
            operations: Operations::new(streams, outbox.clone()),
            init_by: now + service.limits.socket_init_time,
            ping_at: now + service.limits.socket_ping,
            silent_pings: 0,
            session: None,
            expires: None,
            limit_guard: None,
            sockets,
            service,
            opening: context,
            outbox,
        }
    }

    async fn run<R: Stream<Item = Incoming> + Unpin>(&mut self, reader: &mut R, drain: &Drain) -> End {
        let window = self.service.limits.socket_drain_time;
        let mut draining = pin!(drain.wait_with_jitter(window));
        // A reply that found no room. Until it is queued, no further message is read.
        let mut pending_reply: Option<BoxFuture<'static, Result<(), ClientGone>>> = None;
        loop {
            let deadline = self.next_deadline();
            let revoked = self.session.as_ref().and_then(|session| session.revoked.clone());
            let step = tokio::select! {
                // Boxed, so that the memory for handling a message is not kept while none comes.
                incoming = reader.next(), if pending_reply.is_none() => {
                    let reply = Box::pin(self.incoming(incoming.unwrap_or(Incoming::Closed))).await;
                    reply.map(|reply| pending_reply = self.reply(reply))
                }
                queued = reply_queued(&mut pending_reply) => {
                    pending_reply = None;
                    queued.map_err(End::from)
                }
                () = sleep_until(deadline) => self.tick(),
                () = self.operations.reap() => Ok(()),
                () = self.outbox.wait_closed() => Err(End::Gone),
                () = wait_until_revoked(revoked) => Err(Close::new(Close::FORBIDDEN, "session ended").into()),
                () = &mut draining => Err(Close::new(Close::RESTART, drain.close_reason()).into()),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Returns the time of the next action that is due without a message.
    fn next_deadline(&self) -> Instant {
        match self.session {
            None => self.init_by.min(self.ping_at),
            Some(_) => self.expires.map_or(self.ping_at, |expires| expires.min(self.ping_at)),
        }
    }

    /// Queues a reply, or returns a future that waits for room: waiting here would miss the end of
    /// the session.
    fn reply(&self, reply: Option<Outgoing>) -> Option<BoxFuture<'static, Result<(), ClientGone>>> {
        let reply = self.outbox.try_send(reply?).err()?;
        let outbox = self.outbox.clone();
        Some(Box::pin(async move { outbox.send(reply).await }))
    }

    fn tick(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.session.is_none() && now >= self.init_by {
            return Err(Close::new(Close::INIT_TIMEOUT, "Connection initialisation timeout").into());
        }
        if self.expires.is_some_and(|expires| now >= expires) {
            return Err(Close::new(Close::FORBIDDEN, "token expired").into());
        }
        if now >= self.ping_at {
            if self.silent_pings >= SILENT_PINGS {
                return Err(Close::new(Close::GOING_AWAY, "no sign of life").into());
            }
            self.ping_at = now + self.service.limits.socket_ping;
            // The protocol asks for the message; a client answers the frame even if it ignores the
            // message. A client with so much unread that there is no room is not pinged: the writer
            // notices whether it reads.
            if self.outbox.try_send(Outgoing::Ping).is_ok() {
                self.silent_pings += 1;
                let _ = self.outbox.try_send(protocol::message_without_id("ping", None));
            }
        }
        Ok(())
    }

    /// Handles a message; returns the immediate reply.
    async fn incoming(&mut self, incoming: Incoming) -> Result<Option<Outgoing>, End> {
        self.silent_pings = 0;
        let text = match incoming {
            Incoming::Text(text) => text,
            Incoming::Alive => return Ok(None),
            Incoming::Binary => return Err(Close::new(Close::BAD_MESSAGE, "Binary messages are not served").into()),
            Incoming::TooLarge => return Err(Close::new(Close::TOO_LARGE, "the message is too large").into()),
            Incoming::NoText => return Err(Close::new(Close::NO_TEXT, "a text is expected in UTF-8").into()),
            Incoming::Closed => return Err(End::Gone),
        };
        match protocol::read(&text, self.service.limits.socket_id_bytes)? {
            Message::Init(authorization) => self.init(authorization).await,
            Message::Ping(authorization) => self.pong(authorization).await,
            Message::Pong => Ok(None),
            Message::Subscribe { id, mut params } => match &self.session {
                None => Err(Close::new(Close::UNAUTHORIZED, "Unauthorized").into()),
                Some(session) => {
                    params.reread = Some(Box::new(move || protocol::variables(&text)));
                    Ok(self.operations.start(id, params, session).await?)
                }
            },
            Message::Complete { id } => {
                self.operations.stop(&id);
                Ok(None)
            }
        }
    }

    async fn init(&mut self, authorization: Option<String>) -> Result<Option<Outgoing>, End> {
        if self.session.is_some() {
            return Err(Close::new(Close::SECOND_INIT, "Too many initialisation requests").into());
        }
        let authorization = authorization.or_else(|| self.opening.authorization.take());
        let admission = self.opening.admission.clone();
        let Some(slot) = admission.wait_for_slot(self.service.limits.request_time).await else {
            let wait = admission.refuse_for_later().millis();
            return Err(Close::new(Close::TRY_LATER, format!("too many come at once; come back in {wait} ms")).into());
        };
        let session = self.admit(authorization.as_deref()).await?;
        drop(slot);
        if session.anonymous && self.opening.anonymous == Anonymous::Refuse {
            return Err(Close::new(Close::FORBIDDEN, format!("Forbidden: a token is needed; {}", credentials::HINT)).into());
        }
        self.limit_guard = self.sockets.enter(&session.caller_key());
        if self.limit_guard.is_none() {
            return Err(Close::new(Close::TRY_LATER, "Try again later: too many sockets of one caller").into());
        }
        self.accept(session);
        let ack = json!({
            "connectionId": self.opening.id,
            "authExpiresAt": self.expiry_text(),
            "heartbeatMs": self.service.limits.socket_ping.as_millis() as u64,
            "maxSubscriptions": self.service.limits.socket_operations,
        });
        Ok(Some(protocol::message_without_id("connection_ack", Some(&ack))))
    }

    /// A ping with a fresh token renews the session for all operations of the socket.
    async fn pong(&mut self, authorization: Option<String>) -> Result<Option<Outgoing>, End> {
        let renewed = match (&self.session, authorization) {
            (Some(session), Some(authorization)) => Some((session.subject.clone(), authorization)),
            _ => None,
        };
        let Some((subject, authorization)) = renewed else {
            return Ok(Some(protocol::message_without_id("pong", None)));
        };
        let session = self.admit(Some(&authorization)).await?;
        if session.subject != subject {
            return Err(Close::new(Close::FORBIDDEN, "Forbidden: the token is another caller's").into());
        }
        self.accept(session);
        let payload = json!({ "authExpiresAt": self.expiry_text() });
        Ok(Some(protocol::message_without_id("pong", Some(&payload))))
    }

    async fn admit(&self, authorization: Option<&str>) -> Result<Session, Close> {
        let SocketContext { id, address, user_agent, .. } = &*self.opening;
        let meta = RequestMeta { id, address: *address, user_agent: user_agent.as_deref() };
        let outcome = self.service.admit(authorization.and_then(bearer), &meta).await;
        outcome.map_err(|errors| {
            if errors.code.status() >= 500 || errors.code.status() == 429 {
                Close::new(Close::TRY_LATER, format!("Try again later: {}", errors.code.as_str()))
            } else {
                Close::new(Close::FORBIDDEN, "Forbidden")
            }
        })
    }

    fn accept(&mut self, session: Session) {
        self.expires = session
            .time_left((self.service.now)())
            .map(|remaining| Instant::now() + remaining + self.service.limits.socket_expiry_grace);
        self.session = Some(Arc::new(session));
    }

    /// RFC 3339, UTC; null for a session without an end.
    fn expiry_text(&self) -> Option<String> {
        let end = self.session.as_ref()?.expires_at?;
        Some(platform::clock::rfc3339(entity::prelude::Timestamp(end)))
    }
}

/// Returns when the owed reply has been queued; never, if none is owed.
async fn reply_queued(pending_reply: &mut Option<BoxFuture<'static, Result<(), ClientGone>>>) -> Result<(), ClientGone> {
    match pending_reply {
        Some(pending_reply) => pending_reply.await,
        None => pending().await,
    }
}

/// Returns when the session is revoked; never, if revocation is not watched.
pub async fn wait_until_revoked(revoked: Option<tokio::sync::watch::Receiver<bool>>) {
    let Some(mut revoked) = revoked else { return pending().await };
    if revoked.wait_for(|revoked| *revoked).await.is_err() {
        // The sender that could revoke the session is gone: expiry remains.
        pending::<()>().await;
    }
}
