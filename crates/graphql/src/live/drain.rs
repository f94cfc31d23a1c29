//! A node's end: told once, heard by every socket and probe.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::jitter::Jitter;

/// Over which clients that were sent away come back, so that the nodes that are left do not meet them all at once.
const RETURN: Duration = Duration::from_secs(3);

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

    pub fn started(&self) -> bool {
        *self.begun.borrow()
    }

    /// Returns when `start` has been called.
    pub async fn wait(&self) {
        let mut begun = self.begun.subscribe();
        // An error means that every sender is gone, which cannot be while we hold one.
        let _ = begun.wait_for(|begun| *begun).await;
    }

    /// Like `wait`, and then this socket's share of the window.
    pub async fn wait_turn(&self, window: Duration) {
        self.wait().await;
        tokio::time::sleep(self.turns.next_within(window)).await;
    }

    /// What a socket is told at its end: when to come back, each somewhat later or earlier than the one before.
    pub fn farewell(&self) -> String {
        format!("the node is restarting; come back in {} ms", self.returns.next_within(RETURN).as_millis())
    }
}
