//! Long work on threads of its own that ends when the demo is stopped: the process waits for its
//! threads before it ends.

use std::io::{self, Read, Write};

use tokio::sync::watch;

/// Reader or writer that fails once the demo is stopped.
pub struct Stoppable<T> {
    inner: T,
    stopped: watch::Receiver<bool>,
}

impl<T> Stoppable<T> {
    pub fn new(inner: T, stopped: watch::Receiver<bool>) -> Self {
        Self { inner, stopped }
    }

    fn check_running(&self) -> io::Result<()> {
        if *self.stopped.borrow() { Err(io::Error::other("the demo was stopped")) } else { Ok(()) }
    }
}

impl<T: Read> Read for Stoppable<T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.check_running()?;
        self.inner.read(out)
    }
}

impl<T: Write> Write for Stoppable<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check_running()?;
        self.inner.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.check_running()?;
        self.inner.flush()
    }
}
