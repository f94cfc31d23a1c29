use std::{convert::Infallible, pin::Pin};

use super::*;

/// A client that takes what is flushed while it is not shut.
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

/// A socket that refuses a message on sending, and reports it once.
#[derive(Default)]
struct Refusing {
    has_refused: bool,
}

impl Sink<Outgoing> for Refusing {
    type Error = ();
    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        Poll::Ready(Ok(()))
    }
    fn start_send(self: Pin<&mut Self>, _: Outgoing) -> Result<(), ()> {
        Ok(())
    }
    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        let is_first = !std::mem::replace(&mut self.has_refused, true);
        Poll::Ready(if is_first { Err(()) } else { Ok(()) })
    }
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        Poll::Ready(Ok(()))
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
    let (outbox, queue) = Outbox::new(MIN_MESSAGE_COST * 4, door.clone());
    outbox.send_direct(text("first")).await.unwrap();
    assert_eq!(door.taken(), ["first"], "no writer runs yet");
    outbox.send(text("second")).await.unwrap();
    outbox.send_direct(text("third")).await.unwrap();
    assert_eq!(door.taken(), ["first"], "nobody is overtaken");
    let _writer = tokio::spawn(write(queue, STALL));
    settle().await;
    assert_eq!(door.taken(), ["first", "second", "third"]);
    outbox.send_direct(text("fourth")).await.unwrap();
    assert_eq!(door.taken().last().unwrap(), "fourth", "the room is free again");
}

#[tokio::test]
async fn a_client_that_is_slow_gets_all_of_it_in_order_and_holds_up_whoever_tells_it_more() {
    let door = Door::default();
    door.client().is_shut = true;
    let (outbox, queue) = Outbox::new(MIN_MESSAGE_COST * 2, door.clone());
    let _writer = tokio::spawn(write(queue, STALL));
    outbox.send_direct(text("first")).await.unwrap();
    outbox.send_direct(text("second")).await.unwrap();
    let third = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.send_direct(text("third")).await }
    });
    settle().await;
    assert!(door.taken().is_empty() && !third.is_finished(), "there is room for two");
    door.open();
    settle().await;
    assert_eq!(door.taken(), ["first", "second", "third"]);
    assert_eq!(outbox.0.channel.room.available_permits(), MIN_MESSAGE_COST * 2);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up_and_let_go() {
    let door = Door::default();
    door.client().is_shut = true;
    let (outbox, queue) = Outbox::new(MIN_MESSAGE_COST, door.clone());
    let writer = tokio::spawn(write(queue, Duration::from_millis(20)));
    outbox.send_direct(text("first")).await.unwrap();
    assert_eq!(outbox.send_direct(text("second")).await, Err(ClientGone));
    writer.await.unwrap();
    assert_eq!(Arc::strong_count(&door.0), 1, "the outbox does not keep the socket");
    assert_eq!(outbox.send(text("third")).await, Err(ClientGone));
    outbox.wait_closed().await;
}

#[tokio::test]
async fn a_message_that_the_socket_refuses_ends_it_as_its_client_would_not_miss_it() {
    let (outbox, queue) = Outbox::new(MIN_MESSAGE_COST * 4, Refusing::default());
    let writer = tokio::spawn(write(queue, STALL));
    settle().await;
    outbox.send_direct(text("larger than the socket carries")).await.unwrap();
    assert_eq!(outbox.send_direct(text("the next")).await, Err(ClientGone));
    timeout(STALL, outbox.wait_closed()).await.expect("the reader is told");
    drop(outbox);
    writer.await.unwrap();
}

#[tokio::test]
async fn a_writer_ends_after_the_last_sender_and_whoever_waits_for_its_end_is_woken() {
    let door = Door::default();
    let (outbox, queue) = Outbox::new(MIN_MESSAGE_COST * 4, door.clone());
    let writer = tokio::spawn(write(queue, STALL));
    settle().await;
    let other = outbox.clone();
    outbox.send(text("first")).await.unwrap();
    drop(outbox);
    settle().await;
    assert_eq!(door.taken(), ["first"]);
    assert!(!writer.is_finished(), "there is another sender");
    other.send(text("second")).await.unwrap();
    drop(other);
    writer.await.unwrap();
    assert_eq!(door.taken(), ["first", "second"], "all is written before it ends");

    let (outbox, queue) = Outbox::new(MIN_MESSAGE_COST, Door::default());
    let waiting = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.wait_closed().await }
    });
    settle().await;
    assert!(!waiting.is_finished(), "the writer has not ended");
    drop(queue);
    tokio::time::timeout(STALL, waiting).await.expect("it is woken").unwrap();
}

#[tokio::test]
async fn an_empty_queue_has_no_memory() {
    let (outbox, queue) = Outbox::new(MIN_MESSAGE_COST * 100, Door::default());
    for _ in 0..100 {
        outbox.send(text("one of many")).await.unwrap();
    }
    let _writer = tokio::spawn(write(queue, STALL));
    settle().await;
    assert_eq!(outbox.0.channel.lock().queue.capacity(), 0);
}
