//! A node's end: told once, heard by every socket and probe.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

/// 2^64 over the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Shared by all clones.
#[derive(Debug, Clone)]
pub struct Drain {
    begun: Arc<watch::Sender<bool>>,
    turn: Arc<AtomicU64>,
}

impl Default for Drain {
    fn default() -> Self {
        Self { begun: Arc::new(watch::Sender::new(false)), turn: Arc::default() }
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

    /// Like `wait`, and then this socket's share of the window. Each call takes the next point of a sequence that fills the
    /// window evenly (steps of the golden ratio), which needs no randomness.
    pub async fn wait_turn(&self, window: Duration) {
        self.wait().await;
        let point = self.turn.fetch_add(1, Ordering::Relaxed).wrapping_mul(STEP);
        let share = point as f64 / u64::MAX as f64;
        tokio::time::sleep(window.mul_f64(share)).await;
    }
}
