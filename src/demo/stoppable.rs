//! Long work on threads of its own, which ends when the demo is stopped: a thread is waited for before the process ends.

use std::io::{self, Read, Write};

use tokio::sync::watch;

/// Bytes that go in or out until somebody asks to stop.
pub struct Stoppable<T> {
    inner: T,
    stopped: watch::Receiver<bool>,
}

impl<T> Stoppable<T> {
    pub fn new(inner: T, stopped: watch::Receiver<bool>) -> Self {
        Self { inner, stopped }
    }

    fn go_on(&self) -> io::Result<()> {
        if *self.stopped.borrow() { Err(io::Error::other("the demo was stopped")) } else { Ok(()) }
    }
}

impl<T: Read> Read for Stoppable<T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.go_on()?;
        self.inner.read(out)
    }
}

impl<T: Write> Write for Stoppable<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.go_on()?;
        self.inner.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.go_on()?;
        self.inner.flush()
    }
}
