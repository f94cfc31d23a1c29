//! The shutdown of a node: signalled once, seen by every socket and probe.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::jitter::Jitter;

/// Time over which disconnected clients return, so that the remaining nodes do not get them all at
/// once.
const RECONNECT_WINDOW: Duration = Duration::from_secs(3);

/// Shared by all clones.
#[derive(Debug, Clone)]
pub struct Drain {
    begun: Arc<watch::Sender<bool>>,
    turns: Arc<Jitter>,
    returns: Arc<Jitter>,
}

impl Default for Drain {
    fn default() -> Self {
        Self { begun: Arc::new(watch::Sender::new(false)), turns: Arc::default(), returns: Arc::default() }
    }
}

impl Drain {
    /// From now on `/readyz` is 503 and sockets close one after the other.
    pub fn start(&self) {
        self.begun.send_replace(true);
    }

    pub fn is_started(&self) -> bool {
        *self.begun.borrow()
    }

    /// Returns when `start` has been called.
    pub async fn wait(&self) {
        let mut draining = self.begun.subscribe();
        // An error means that every sender was dropped, which is impossible while this one exists.
        let _ = draining.wait_for(|draining| *draining).await;
    }

    /// Like `wait`, followed by this socket's share of the window.
    pub async fn wait_with_jitter(&self, window: Duration) {
        self.wait().await;
        tokio::time::sleep(self.turns.next_within(window)).await;
    }

    /// Returns the close reason of a socket, with a delay before reconnection that has jitter.
    pub fn close_reason(&self) -> String {
        format!("the node is restarting; come back in {} ms", self.returns.next_within(RECONNECT_WINDOW).as_millis())
    }
}
