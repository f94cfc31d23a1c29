//! A connection that breaks when its peer takes nothing for too long, or sends a request's head too slowly. hyper bounds one time for both an
//! idle connection and a slow head, and a proxy keeps connections for longer than a head may take; it does not bound how slowly a client listens.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep, sleep_until},
};

/// Part of a request that a connection is reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// A head, which must be whole by then.
    Head(Instant),
    /// The next byte begins a head.
    Idle,
    /// Anything else, at its own pace.
    Free,
}

/// State of the heads of one connection: the reader reports that one has arrived, the responder
/// that the next may begin.
#[derive(Debug, Clone)]
pub struct HeadTimer {
    reading: Arc<Mutex<Reading>>,
    patience: Duration,
}

impl HeadTimer {
    /// Creates the state of a connection whose first head must be complete within `patience`.
    pub fn begin(patience: Duration) -> Self {
        Self { reading: Arc::new(Mutex::new(Reading::Head(Instant::now() + patience))), patience }
    }

    /// A head is whole: what follows it is a body, or another protocol.
    pub fn head_received(&self) {
        self.set(Reading::Free);
    }

    /// Records that the request has been answered.
    pub fn mark_answered(&self) {
        self.set(Reading::Idle);
    }

    fn set(&self, reading: Reading) {
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner) = reading;
    }

    fn bytes_received(&self) {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if *reading == Reading::Idle {
            *reading = Reading::Head(Instant::now() + self.patience);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        match *self.reading.lock().unwrap_or_else(PoisonError::into_inner) {
            Reading::Head(head_deadline) => Some(head_deadline),
            Reading::Idle | Reading::Free => None,
        }
    }
}

#[derive(Debug)]
pub struct Stall<T> {
    inner: T,
    patience: Duration,
    /// Set while a write waits.
    deadline: Option<Pin<Box<Sleep>>>,
    heads: HeadTimer,
    /// Set while a head is waited for.
    head_due: Option<Pin<Box<Sleep>>>,
}

impl<T> Stall<T> {
    pub fn new(inner: T, patience: Duration, heads: HeadTimer) -> Self {
        Self { inner, patience, deadline: None, heads, head_due: None }
    }

    fn check_stall<R>(&mut self, poll_result: Poll<io::Result<R>>, context: &mut Context<'_>) -> Poll<io::Result<R>> {
        if poll_result.is_ready() {
            self.deadline = None;
            return poll_result;
        }
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Stall<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let previous_len = buffer.filled().len();
        let poll_result = Pin::new(&mut this.inner).poll_read(context, buffer);
        if poll_result.is_ready() {
            if buffer.filled().len() > previous_len {
                this.heads.bytes_received();
            }
            return poll_result;
        }
        let Some(head_deadline) = this.heads.next_deadline() else {
            this.head_due = None;
            return poll_result;
        };
        let sleep = this.head_due.get_or_insert_with(|| Box::pin(sleep_until(head_deadline)));
        if sleep.deadline() != head_deadline {
            sleep.as_mut().reset(head_deadline);
        }
        ready!(sleep.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Stall<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll_result = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.check_stall(poll_result, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll_result = Pin::new(&mut this.inner).poll_write_vectored(context, bytes);
        this.check_stall(poll_result, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll_result = Pin::new(&mut this.inner).poll_flush(context);
        this.check_stall(poll_result, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // TLS sends a close message, which the peer has to read like any other bytes.
        let poll_result = Pin::new(&mut this.inner).poll_shutdown(context);
        this.check_stall(poll_result, context)
    }
}
