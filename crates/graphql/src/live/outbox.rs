//! What waits for one client: a queue bounded by bytes, and the one task that writes it out.
//!
//! Operations wait for room in the order in which they asked, so a fast stream cannot keep a slow one's answer back, and a client
//! that does not read stops its own operations instead of filling our memory. Where nothing waits, a message may be written by whoever
//! has it: of a change that a thousand are told, a thousand wake-ups are saved.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

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

/// A message, or none where the rest of one has to be flushed, and what it takes of the room.
type Queued = (Option<Outgoing>, u32);

/// The sending end; clones share the queue.
#[derive(Clone)]
pub struct Outbox {
    queue: mpsc::UnboundedSender<Queued>,
    /// Bytes of room. The channel needs no bound of its own: nothing enters it without room.
    room: Arc<Semaphore>,
    most: u32,
    sink: Arc<dyn Straight>,
}

impl Outbox {
    /// An outbox of so many bytes before a sink, and what its writer reads from.
    pub fn new<S: Sink<Outgoing> + Unpin + Send + 'static>(bytes: usize, sink: S) -> (Self, Queue<S>) {
        let most = u32::try_from(bytes.max(LEAST)).unwrap_or(u32::MAX);
        let (queue, messages) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(most as usize));
        let sink = Arc::new(Shared(Mutex::new(Some(sink))));
        (Self { queue, room: room.clone(), most, sink: sink.clone() }, Queue { messages, room, sink })
    }

    /// Waits for room, then queues.
    ///
    /// # Errors
    /// The writer has ended.
    pub async fn send(&self, message: Outgoing) -> Result<(), Gone> {
        let cost = self.cost(&message);
        self.room.acquire_many(cost).await.map_err(|_| Gone)?.forget();
        self.queue.send((Some(message), cost)).map_err(|_| Gone)
    }

    /// The same, but writes it here and now if nothing else waits.
    ///
    /// # Errors
    /// The writer has ended.
    pub async fn hand(&self, message: Outgoing) -> Result<(), Gone> {
        match self.write_straight(message) {
            Ok(()) => Ok(()),
            Err(message) => self.send(message).await,
        }
    }

    fn write_straight(&self, message: Outgoing) -> Result<(), Outgoing> {
        let cost = self.cost(&message);
        let Ok(room) = self.room.try_acquire_many(cost) else { return Err(message) };
        // With all the rest of the room free nothing is queued, and the writer holds nothing either: nobody is overtaken.
        if self.room.available_permits() + cost as usize != self.most as usize {
            return Err(message);
        }
        if !self.sink.write(message)? {
            room.forget();
            // A writer that has ended is noticed with the next message.
            let _ = self.queue.send((None, cost));
        }
        Ok(())
    }

    /// Queues a message for which there is room at once, and gives back any other.
    ///
    /// # Errors
    /// There is no room.
    pub fn try_send(&self, message: Outgoing) -> Result<(), Outgoing> {
        let cost = self.cost(&message);
        let Ok(room) = self.room.try_acquire_many(cost) else { return Err(message) };
        room.forget();
        // Nobody reads what is sent to a writer that has ended.
        let _ = self.queue.send((Some(message), cost));
        Ok(())
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
        let _ = self.queue.send((Some(Outgoing::Close(close)), 0));
    }

    /// Returns when the writer has ended.
    pub async fn closed(&self) {
        self.queue.closed().await;
    }
}

/// The sink, as long as there is a writer.
struct Shared<S>(Mutex<Option<S>>);

impl<S> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, Option<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writing without waiting.
trait Straight: Send + Sync {
    /// Writes a message; whether all of it went out at once. The writer has to flush the rest.
    ///
    /// # Errors
    /// The message, of which nothing was written.
    fn write(&self, message: Outgoing) -> Result<bool, Outgoing>;
}

impl<S: Sink<Outgoing> + Unpin + Send> Straight for Shared<S> {
    fn write(&self, message: Outgoing) -> Result<bool, Outgoing> {
        let mut sink = match self.0.try_lock() {
            Ok(sink) => sink,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(message),
        };
        let Some(sink) = sink.as_mut() else { return Err(message) };
        // The writer is woken where there is more to do, and waits for it with a waker of its own.
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(Ok(())) = sink.poll_ready_unpin(&mut context) else { return Err(message) };
        Ok(sink.start_send_unpin(message).is_ok() && matches!(sink.poll_flush_unpin(&mut context), Poll::Ready(Ok(()))))
    }
}

/// The receiving end.
pub struct Queue<S> {
    messages: mpsc::UnboundedReceiver<Queued>,
    room: Arc<Semaphore>,
    sink: Arc<Shared<S>>,
}

impl<S> Drop for Queue<S> {
    fn drop(&mut self) {
        // Wakes those who wait for room that will never come.
        self.room.close();
        // Half of the socket: while somebody had it, the socket would stay open.
        *self.sink.lock() = None;
    }
}

/// Writes until a close has been sent, the client is gone, or it takes nothing for `stall`.
pub async fn write<S: Sink<Outgoing> + Unpin>(mut queue: Queue<S>, stall: Duration) {
    while let Some(first) = queue.messages.recv().await {
        match tokio::time::timeout(stall, queue.write_batch(first)).await {
            Ok(Ok(Next::Go)) => {}
            Ok(Ok(Next::Stop) | Err(_)) => break,
            // Nor would it take a farewell.
            Err(_) => return,
        }
    }
    let _ = tokio::time::timeout(stall, queue.poll(SinkExt::poll_close_unpin)).await;
}

enum Next {
    Go,
    Stop,
}

impl<S: Sink<Outgoing> + Unpin> Queue<S> {
    /// Writes what is there and flushes once: one system call for many small messages.
    async fn write_batch(&mut self, first: Queued) -> Result<Next, S::Error> {
        let mut taken = 0;
        let mut next = Next::Go;
        let mut waiting = Some(first);
        while let Some((message, cost)) = waiting {
            taken += cost as usize;
            if matches!(message, Some(Outgoing::Close(_))) {
                next = Next::Stop;
            }
            if message.is_some() {
                self.feed(message).await?;
            }
            let more = matches!(next, Next::Go) && taken < AT_ONCE;
            waiting = more.then(|| self.messages.try_recv().ok()).flatten();
        }
        self.poll(SinkExt::poll_flush_unpin).await?;
        self.room.add_permits(taken);
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
        // It is there until the queue is dropped.
        poll_fn(|context| self.sink.lock().as_mut().map_or(Poll::Ready(Ok(())), |sink| poll(sink, context))).await
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, pin::Pin};

    use super::*;

    /// A client that takes what is flushed while its door is open.
    #[derive(Default)]
    struct Client {
        is_shut: bool,
        buffer: Vec<String>,
        taken: Vec<String>,
        waits: Option<Waker>,
    }

    #[derive(Clone, Default)]
    struct Door(Arc<Mutex<Client>>);

    impl Door {
        fn client(&self) -> MutexGuard<'_, Client> {
            self.0.lock().unwrap()
        }
        fn taken(&self) -> Vec<String> {
            self.client().taken.clone()
        }
        fn open(&self) {
            let mut client = self.client();
            client.is_shut = false;
            if let Some(waits) = client.waits.take() {
                waits.wake();
            }
        }
    }

    impl Sink<Outgoing> for Door {
        type Error = Infallible;
        fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }
        fn start_send(self: Pin<&mut Self>, message: Outgoing) -> Result<(), Infallible> {
            let Outgoing::Text(text) = message else { panic!("texts only") };
            self.client().buffer.push(text);
            Ok(())
        }
        fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            let mut client = self.client();
            if client.is_shut {
                client.waits = Some(context.waker().clone());
                return Poll::Pending;
            }
            let buffer = std::mem::take(&mut client.buffer);
            client.taken.extend(buffer);
            Poll::Ready(Ok(()))
        }
        fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            self.poll_flush(context)
        }
    }

    fn text(text: &str) -> Outgoing {
        Outgoing::Text(text.to_owned())
    }

    async fn settle() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    const STALL: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn what_is_handed_over_is_out_at_once_unless_something_waits() {
        let door = Door::default();
        let (outbox, queue) = Outbox::new(LEAST * 4, door.clone());
        outbox.hand(text("first")).await.unwrap();
        assert_eq!(door.taken(), ["first"], "no writer runs yet");
        outbox.send(text("second")).await.unwrap();
        outbox.hand(text("third")).await.unwrap();
        assert_eq!(door.taken(), ["first"], "nobody is overtaken");
        let _writer = tokio::spawn(write(queue, STALL));
        settle().await;
        assert_eq!(door.taken(), ["first", "second", "third"]);
        outbox.hand(text("fourth")).await.unwrap();
        assert_eq!(door.taken().last().unwrap(), "fourth", "the room is free again");
    }

    #[tokio::test]
    async fn a_client_that_is_slow_gets_all_of_it_in_order_and_holds_up_whoever_tells_it_more() {
        let door = Door::default();
        door.client().is_shut = true;
        let (outbox, queue) = Outbox::new(LEAST * 2, door.clone());
        let _writer = tokio::spawn(write(queue, STALL));
        outbox.hand(text("first")).await.unwrap();
        outbox.hand(text("second")).await.unwrap();
        let third = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.hand(text("third")).await }
        });
        settle().await;
        assert!(door.taken().is_empty() && !third.is_finished(), "there is room for two");
        door.open();
        settle().await;
        assert_eq!(door.taken(), ["first", "second", "third"]);
        assert_eq!(outbox.room.available_permits(), LEAST * 2);
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up_and_let_go() {
        let door = Door::default();
        door.client().is_shut = true;
        let (outbox, queue) = Outbox::new(LEAST, door.clone());
        let writer = tokio::spawn(write(queue, Duration::from_millis(20)));
        outbox.hand(text("first")).await.unwrap();
        assert_eq!(outbox.hand(text("second")).await, Err(Gone));
        writer.await.unwrap();
        assert_eq!(Arc::strong_count(&door.0), 1, "the outbox does not keep the socket");
    }
}
