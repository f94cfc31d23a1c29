//! Outgoing messages of one client: a queue bounded by bytes, and the one task that writes it to
//! the socket.
//!
//! Operations wait for room in the order of their requests, so a fast stream cannot delay a slow
//! one's answer, and a client that does not read stops its own operations instead of filling our
//! memory. If the queue is empty, the task that has a message may write it directly: a change that
//! is sent to a thousand subscribers saves a thousand wake-ups.
//!
//! Most sockets wait for months with an empty queue, so an empty queue has no memory: tokio's
//! channel allocates room for 32 messages at once. The futures that write a message are boxed for
//! the same reason.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use futures_util::{Sink, SinkExt};
use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};

use super::protocol::{Close, Outgoing};

/// Minimum cost of a message in the queue, in bytes, for its overhead besides its text. 256 KiB are
/// 256 messages.
const MIN_MESSAGE_COST: usize = 1 << 10;

/// Bytes of the queue that are written before a flush.
const MAX_BYTES_BEFORE_FLUSH: usize = 64 << 10;

/// The client has disconnected, or does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientGone;

/// A message, or `None` if only a flush is due, and its cost in room.
type QueuedMessage = (Option<Outgoing>, u32);

/// The queue, and whether it is still open.
struct Messages {
    queue: VecDeque<QueuedMessage>,
    has_senders: bool,
}

/// Shared by the senders and the writer.
struct Channel {
    messages: Mutex<Messages>,
    /// Wakes the writer: there is a message, or the last sender is gone.
    changed: Notify,
    /// Wakes those who wait for the writer's end.
    ended: Notify,
    /// Bytes of room; closed when the writer ends or a message could not be written. The queue
    /// needs no bound of its own: nothing enters it without room.
    room: Semaphore,
}

impl Channel {
    fn lock(&self) -> MutexGuard<'_, Messages> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, message: QueuedMessage) -> Result<(), ClientGone> {
        {
            let mut messages = self.lock();
            // The writer closes the room before it empties the queue: no message stays behind.
            if self.room.is_closed() {
                return Err(ClientGone);
            }
            messages.queue.push_back(message);
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Closes the queue, and wakes tasks that wait for room or for the writer's end.
    fn end(&self) {
        self.room.close();
        self.ended.notify_waiters();
    }
}

/// The sending end; clones share the queue.
#[derive(Clone)]
pub struct Outbox(Arc<Sender>);

struct Sender {
    channel: Arc<Channel>,
    most: u32,
    sink: Arc<dyn DirectWriter>,
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.channel.lock().has_senders = false;
        self.channel.changed.notify_one();
    }
}

impl Outbox {
    /// Creates an outbox of a number of bytes in front of a sink, and the queue for its writer.
    pub fn new<S: Sink<Outgoing> + Unpin + Send + 'static>(bytes: usize, sink: S) -> (Self, Queue<S>) {
        let max_cost = u32::try_from(bytes.max(MIN_MESSAGE_COST)).unwrap_or(u32::MAX);
        let channel = Arc::new(Channel {
            messages: Mutex::new(Messages { queue: VecDeque::new(), has_senders: true }),
            changed: Notify::new(),
            ended: Notify::new(),
            room: Semaphore::new(max_cost as usize),
        });
        let sink = Arc::new(Shared(Mutex::new(Some(sink))));
        let sender = Sender { channel: channel.clone(), most: max_cost, sink: sink.clone() };
        (Self(Arc::new(sender)), Queue { channel, sink })
    }

    /// Waits for room, then queues.
    ///
    /// # Errors
    /// The writer has ended.
    pub async fn send(&self, message: Outgoing) -> Result<(), ClientGone> {
        let cost = self.cost(&message);
        self.0.channel.room.acquire_many(cost).await.map_err(|_| ClientGone)?.forget();
        self.0.channel.push((Some(message), cost))
    }

    /// Like `send`, but writes the message straight to the sink if the queue is empty.
    ///
    /// # Errors
    /// The writer has ended.
    pub async fn send_direct(&self, message: Outgoing) -> Result<(), ClientGone> {
        match self.try_write_direct(message) {
            Ok(()) => Ok(()),
            Err(message) => Box::pin(self.send(message)).await,
        }
    }

    fn try_write_direct(&self, message: Outgoing) -> Result<(), Outgoing> {
        let (channel, max_cost) = (&self.0.channel, self.0.most);
        let cost = self.cost(&message);
        let Ok(room) = channel.room.try_acquire_many(cost) else { return Err(message) };
        // If all other room is free, nothing is queued and the writer holds nothing either: no
        // message is overtaken.
        if channel.room.available_permits() + cost as usize != max_cost as usize {
            return Err(message);
        }
        match self.0.sink.write(message)? {
            WriteOutcome::Whole => {}
            WriteOutcome::Partly => {
                room.forget();
                // A writer that has ended is noticed with the next message.
                let _ = channel.push((None, cost));
            }
            // The client would not notice a missing message: the socket ends, as after an error of
            // the writer.
            WriteOutcome::Failed => channel.end(),
        }
        Ok(())
    }

    /// Queues a message if there is room at once; otherwise returns it.
    ///
    /// # Errors
    /// There is no room.
    pub fn try_send(&self, message: Outgoing) -> Result<(), Outgoing> {
        let cost = self.cost(&message);
        let Ok(room) = self.0.channel.room.try_acquire_many(cost) else { return Err(message) };
        room.forget();
        // A writer that has ended ignores the message.
        let _ = self.0.channel.push((Some(message), cost));
        Ok(())
    }

    fn cost(&self, message: &Outgoing) -> u32 {
        let bytes = match message {
            Outgoing::Text(text) => text.len(),
            Outgoing::Ping | Outgoing::Close(_) => 0,
        };
        // A message larger than the queue takes all of its room, so that it is alone there.
        u32::try_from(bytes.max(MIN_MESSAGE_COST)).unwrap_or(u32::MAX).min(self.0.most)
    }

    /// Queues the last message, even without room.
    pub fn close(&self, close: Close) {
        let _ = self.0.channel.push((Some(Outgoing::Close(close)), 0));
    }

    /// Returns when the writer has ended, or a message could not be written.
    pub async fn wait_closed(&self) {
        // Registers before it checks: a writer that ends in between wakes it.
        let end_notification = self.0.channel.ended.notified();
        if !self.0.channel.room.is_closed() {
            end_notification.await;
        }
    }
}

/// The sink, as long as there is a writer.
struct Shared<S>(Mutex<Option<S>>);

impl<S> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, Option<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Result of writing a message without waiting.
enum WriteOutcome {
    Whole,
    /// The writer has to flush the rest.
    Partly,
    /// The message is lost: it was larger than the socket carries, or the client is gone.
    Failed,
}

/// Writing without waiting.
trait DirectWriter: Send + Sync {
    /// Writes a message.
    ///
    /// # Errors
    /// Returns the message if nothing of it was written.
    fn write(&self, message: Outgoing) -> Result<WriteOutcome, Outgoing>;
}

impl<S: Sink<Outgoing> + Unpin + Send> DirectWriter for Shared<S> {
    fn write(&self, message: Outgoing) -> Result<WriteOutcome, Outgoing> {
        let mut sink = match self.0.try_lock() {
            Ok(sink) => sink,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(message),
        };
        let Some(sink) = sink.as_mut() else { return Err(message) };
        // The writer is woken if there is more to do, and waits with a waker of its own.
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(Ok(())) = sink.poll_ready_unpin(&mut context) else { return Err(message) };
        if sink.start_send_unpin(message).is_err() {
            return Ok(WriteOutcome::Failed);
        }
        // A layered sink passes the message on only here, so that it may be refused here.
        Ok(match sink.poll_flush_unpin(&mut context) {
            Poll::Ready(Ok(())) => WriteOutcome::Whole,
            Poll::Pending => WriteOutcome::Partly,
            Poll::Ready(Err(_)) => WriteOutcome::Failed,
        })
    }
}

/// The receiving end.
pub struct Queue<S> {
    channel: Arc<Channel>,
    sink: Arc<Shared<S>>,
}

impl<S> Drop for Queue<S> {
    fn drop(&mut self) {
        // Wakes tasks that wait for room that will never be free.
        self.channel.room.close();
        self.channel.lock().queue = VecDeque::new();
        // Drops this half of the socket, which would keep the socket open.
        *self.sink.lock() = None;
        self.channel.ended.notify_waiters();
    }
}

/// Writes until a close has been sent, the client is gone, or it reads nothing for `stall`.
pub async fn write<S: Sink<Outgoing> + Unpin>(queue: Queue<S>, stall: Duration) {
    while let Some(first) = queue.receive().await {
        match Box::pin(timeout(stall, queue.write_batch(first))).await {
            Ok(Ok(NextStep::Go)) => {}
            Ok(Ok(NextStep::Stop) | Err(_)) => break,
            // The client would not read a close frame either.
            Err(_) => return,
        }
    }
    let _ = Box::pin(timeout(stall, queue.poll(SinkExt::poll_close_unpin))).await;
}

enum NextStep {
    Go,
    Stop,
}

impl<S> Queue<S> {
    /// The next message. `None` when all are taken and there is no sender left.
    async fn receive(&self) -> Option<QueuedMessage> {
        loop {
            {
                let mut messages = self.channel.lock();
                if let Some(next) = messages.queue.pop_front() {
                    return Some(next);
                }
                if !messages.has_senders {
                    return None;
                }
                messages.queue = VecDeque::new();
            }
            self.channel.changed.notified().await;
        }
    }

    fn try_receive(&self) -> Option<QueuedMessage> {
        self.channel.lock().queue.pop_front()
    }
}

impl<S: Sink<Outgoing> + Unpin> Queue<S> {
    /// Writes all queued messages and flushes once: one system call for many small messages.
    async fn write_batch(&self, first: QueuedMessage) -> Result<NextStep, S::Error> {
        let mut batch_bytes = 0;
        let mut next = NextStep::Go;
        let mut queued = Some(first);
        while let Some((message, cost)) = queued {
            batch_bytes += cost as usize;
            if matches!(message, Some(Outgoing::Close(_))) {
                next = NextStep::Stop;
            }
            if message.is_some() {
                self.feed(message).await?;
            }
            let may_continue = matches!(next, NextStep::Go) && batch_bytes < MAX_BYTES_BEFORE_FLUSH;
            queued = if may_continue { self.try_receive() } else { None };
        }
        self.poll(SinkExt::poll_flush_unpin).await?;
        self.channel.room.add_permits(batch_bytes);
        Ok(next)
    }

    async fn feed(&self, mut message: Option<Outgoing>) -> Result<(), S::Error> {
        self.poll(|sink, context| {
            ready!(sink.poll_ready_unpin(context))?;
            Poll::Ready(message.take().map_or(Ok(()), |message| sink.start_send_unpin(message)))
        })
        .await
    }

    async fn poll(&self, mut poll: impl FnMut(&mut S, &mut Context<'_>) -> Poll<Result<(), S::Error>>) -> Result<(), S::Error> {
        // The sink exists until the queue is dropped.
        poll_fn(|context| self.sink.lock().as_mut().map_or(Poll::Ready(Ok(())), |sink| poll(sink, context))).await
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
