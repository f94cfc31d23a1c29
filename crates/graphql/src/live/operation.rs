//! The operations of one socket, each in a task of its own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::Executor;
use futures_util::StreamExt;
use platform::metrics;
use tokio::task::{AbortHandle, JoinSet};

use super::{
    outbox::{ClientGone, Outbox},
    protocol::{Close, Outgoing, operation_message},
    subscriptions::{Item, Request, StreamAnswer, Streams},
};
use crate::{
    answer::{Answer, Errors},
    code::Code,
    guard::Kind,
    request::GraphqlRequest,
    session::Session,
};

/// Ids in use. A task takes its own out before it sends its last message, so that the client may use the id again at once; the
/// number tells it from a later task with the same id.
type LiveOperations = Arc<Mutex<HashMap<String, (u64, Option<AbortHandle>)>>>;

pub struct Operations<E> {
    streams: Arc<Streams<E>>,
    outbox: Outbox,
    live: LiveOperations,
    /// Dropping the set aborts all tasks.
    tasks: JoinSet<()>,
    started: u64,
}

impl<E: Executor> Operations<E> {
    pub fn new(streams: Arc<Streams<E>>, outbox: Outbox) -> Self {
        Self { streams, outbox, live: LiveOperations::default(), tasks: JoinSet::new(), started: 0 }
    }

    /// Starts an operation, or returns the `error` message with the reason of its refusal.
    ///
    /// # Errors
    /// The ID is in use, which ends the socket.
    pub async fn start(&mut self, id: String, params: GraphqlRequest, session: &Arc<Session>) -> Result<Option<Outgoing>, Close> {
        let running = {
            let live = lock(&self.live);
            if live.contains_key(&id) {
                return Err(Close::new(Close::DUPLICATE_ID, format!("Subscriber for {id} already exists")));
            }
            live.len()
        };
        let request_id = (self.streams.service.new_id)();
        let chosen_operation = if running >= self.streams.service.limits.socket_operations {
            let message = format!("at most {running} operations run on one socket at once");
            Err(Errors::one(Code::Overloaded, message, &request_id))
        } else {
            self.streams.service.select_operation(&params, session, &request_id).await
        };
        let operation = match chosen_operation {
            Ok(operation) => operation,
            Err(errors) => return Ok(Some(operation_message("error", &id, Some(&errors.list)))),
        };
        self.started += 1;
        lock(&self.live).insert(id.clone(), (self.started, None));
        let task = Box::new(Task {
            streams: self.streams.clone(),
            outbox: self.outbox.clone(),
            live: self.live.clone(),
            number: self.started,
            id: id.clone(),
        });
        let request = Request { operation, params, session: session.clone(), id: request_id.into(), after: None };
        let running = self.tasks.spawn(task.run(Box::new(request)));
        if let Some(entry) = lock(&self.live).get_mut(&id) {
            entry.1 = Some(running);
        }
        Ok(None)
    }

    /// Ends an operation at the client's request. Nothing is sent back: the client has already
    /// forgotten it.
    pub fn stop(&mut self, id: &str) {
        if let Some((_, Some(task))) = lock(&self.live).remove(id) {
            task.abort();
        }
    }

    /// Waits for the end of a task and frees its remains; for ever if none runs.
    pub async fn reap(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

struct Task<E> {
    streams: Arc<Streams<E>>,
    outbox: Outbox,
    live: LiveOperations,
    number: u64,
    id: String,
}

/// A task is as large as its largest state, and holds the arguments of its functions twice; most
/// tasks wait for very long. So a request is one pointer, and futures that end soon are boxed.
impl<E: Executor> Task<E> {
    async fn run(self: Box<Self>, request: Box<Request>) {
        let kind = request.operation.kind;
        // A disconnected client ends the socket, and that ends this task.
        let _ = match kind {
            Kind::Subscription => self.subscription(request).await,
            Kind::Query | Kind::Mutation => Box::pin(self.run_once(request)).await,
        };
    }

    async fn run_once(&self, request: Box<Request>) -> Result<(), ClientGone> {
        let _working = metrics::ActivityGuard::begin();
        let Request { operation, params, session, id, .. } = *request;
        let answer = self.streams.service.run(&operation, params, &session, &id).await;
        if self.next(answer).await? { self.send_last("complete", None).await } else { Ok(()) }
    }

    async fn subscription(&self, request: Box<Request>) -> Result<(), ClientGone> {
        // The block ends the life of the request's box, which moves out of it do not free.
        let mut items = Box::pin(async move { self.streams.open(*request).await }).await;
        while let Some(Item { said, meta }) = items.next().await {
            let may_continue = match said {
                StreamAnswer::Own(answer) => Box::pin(self.next(answer)).await?,
                StreamAnswer::Shared(json) => {
                    self.outbox.send_direct(operation_message("next", &self.id, Some(&json))).await.map(|()| true)?
                }
            };
            if !may_continue {
                return Ok(());
            }
            self.streams.record_delivery(&meta);
        }
        Box::pin(self.send_last("complete", None)).await
    }

    /// Sends an item; false if it was the last.
    async fn next(&self, answer: Answer) -> Result<bool, ClientGone> {
        match answer {
            Answer::Ran { json, .. } => self.outbox.send(operation_message("next", &self.id, Some(&json))).await.map(|()| true),
            Answer::Refused(errors) => self.send_last("error", Some(&errors.list)).await.map(|()| false),
        }
    }

    async fn send_last(&self, kind: &str, payload: Option<&[u8]>) -> Result<(), ClientGone> {
        {
            let mut live = lock(&self.live);
            match live.get(&self.id) {
                Some((number, _)) if *number == self.number => {
                    live.remove(&self.id);
                }
                // The client has completed it, and may have begun another under this id.
                _ => return Ok(()),
            }
        }
        self.outbox.send(operation_message(kind, &self.id, payload)).await
    }
}

fn lock(live: &LiveOperations) -> std::sync::MutexGuard<'_, HashMap<String, (u64, Option<AbortHandle>)>> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}
