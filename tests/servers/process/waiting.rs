//! Waits for what a process does by itself, and values of its metrics.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::operations::figure;

const PATIENCE: Duration = Duration::from_secs(60);

pub async fn wait_until(condition: &str, mut is: impl AsyncFnMut() -> bool) {
    let started_at = Instant::now();
    while !is().await {
        assert!(started_at.elapsed() < PATIENCE, "waited in vain for {condition}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// The value of a figure at an address of metrics, summed over its labels that contain a text.
pub async fn metric(inside: &str, name: &str, label: &str) -> Option<f64> {
    let text = reqwest::get(format!("http://{inside}/metrics")).await.unwrap().text().await.unwrap();
    figure(&text, name, label)
}
