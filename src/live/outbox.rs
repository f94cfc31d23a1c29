//! What waits for one client: a queue bounded by bytes, and the one task that writes it out.
//!
//! Operations wait for room in the order in which they asked, so a fast stream cannot keep a slow one's answer back, and a client
//! that does not read stops its own operations instead of filling our memory.

use std::{sync::Arc, time::Duration};

use futures_util::{Sink, SinkExt};
use tokio::sync::{Semaphore, mpsc};

use super::protocol::{Close, Outgoing};

/// A small message takes at least this much of the queue, in bytes: what it costs us besides its text. 256 KiB are 256 messages.
const LEAST: usize = 1 << 10;

/// What is written before it is flushed, in bytes of the queue.
const AT_ONCE: usize = 64 << 10;

/// The client is gone, or does not take what we send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// The sending end; clones share the queue.
#[derive(Debug, Clone)]
pub struct Outbox {
    queue: mpsc::UnboundedSender<(Outgoing, u32)>,
    /// Bytes of room. The channel needs no bound of its own: nothing enters it without room.
    room: Arc<Semaphore>,
    most: u32,
}

impl Outbox {
    /// An outbox of so many bytes, and what its writer reads from.
    pub fn new(bytes: usize) -> (Self, Queue) {
        let most = u32::try_from(bytes.max(LEAST)).unwrap_or(u32::MAX);
        let (queue, messages) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(most as usize));
        (Self { queue, room: room.clone(), most }, Queue { messages, room })
    }

    /// Waits for room, then queues.
    ///
    /// # Errors
    /// The writer has ended.
    pub async fn send(&self, message: Outgoing) -> Result<(), Gone> {
        let cost = self.cost(&message);
        self.room.acquire_many(cost).await.map_err(|_| Gone)?.forget();
        self.queue.send((message, cost)).map_err(|_| Gone)
    }

    /// Queues a message for which there is room at once, and gives back any other.
    ///
    /// # Errors
    /// There is no room.
    pub fn try_send(&self, message: Outgoing) -> Result<(), Outgoing> {
        let cost = self.cost(&message);
        let Ok(room) = self.room.try_acquire_many(cost) else { return Err(message) };
        room.forget();
        self.queue.send((message, cost)).map_err(|refused| refused.0.0)
    }

    fn cost(&self, message: &Outgoing) -> u32 {
        let bytes = match message {
            Outgoing::Text(text) => text.len(),
            Outgoing::Ping | Outgoing::Close(_) => 0,
        };
        // An answer larger than the queue takes all of it, so that it is alone there.
        u32::try_from(bytes.max(LEAST)).unwrap_or(u32::MAX).min(self.most)
    }

    /// Queues the last message, room or not.
    pub fn close(&self, close: Close) {
        let _ = self.queue.send((Outgoing::Close(close), 0));
    }

    /// Returns when the writer has ended.
    pub async fn closed(&self) {
        self.queue.closed().await;
    }
}

/// The receiving end.
#[derive(Debug)]
pub struct Queue {
    messages: mpsc::UnboundedReceiver<(Outgoing, u32)>,
    room: Arc<Semaphore>,
}

impl Drop for Queue {
    fn drop(&mut self) {
        // Wakes those who wait for room that will never come.
        self.room.close();
    }
}

/// Writes until a close has been sent, the client is gone, or it takes nothing for `stall`.
pub async fn write<S: Sink<Outgoing> + Unpin>(mut queue: Queue, mut sink: S, stall: Duration) {
    while let Some(first) = queue.messages.recv().await {
        let batch = write_batch(&mut queue, &mut sink, first);
        match tokio::time::timeout(stall, batch).await {
            Ok(Ok(Next::Go)) => {}
            Ok(Ok(Next::Stop) | Err(_)) => break,
            // Nor would it take a farewell.
            Err(_) => return,
        }
    }
    let _ = tokio::time::timeout(stall, sink.close()).await;
}

enum Next {
    Go,
    Stop,
}

/// Writes what is there and flushes once: one system call for many small messages.
async fn write_batch<S: Sink<Outgoing> + Unpin>(
    queue: &mut Queue,
    sink: &mut S,
    first: (Outgoing, u32),
) -> Result<Next, S::Error> {
    let mut taken = 0;
    let mut next = Next::Go;
    let mut waiting = Some(first);
    while let Some((message, cost)) = waiting {
        taken += cost as usize;
        if matches!(message, Outgoing::Close(_)) {
            next = Next::Stop;
        }
        sink.feed(message).await?;
        let more = matches!(next, Next::Go) && taken < AT_ONCE;
        waiting = more.then(|| queue.messages.try_recv().ok()).flatten();
    }
    sink.flush().await?;
    queue.room.add_permits(taken);
    Ok(next)
}
