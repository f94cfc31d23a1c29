//! A language model of this machine, which proposes the same description for each product.

use axum::Router;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

const PROPOSED: &str = "A blue mug for coffee or tea.";

/// Answers until it is dropped.
pub struct LanguageModel {
    pub url: String,
    task: JoinHandle<()>,
}

impl LanguageModel {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/chat/completions", listener.local_addr().unwrap());
        let choice = json!({ "message": { "role": "assistant", "content": PROPOSED }, "finish_reason": "stop" });
        let answer = json!({ "choices": [choice] }).to_string();
        let router = Router::new().fallback(move || {
            let answer = answer.clone();
            async move { answer }
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, task }
    }
}

impl Drop for LanguageModel {
    fn drop(&mut self) {
        self.task.abort();
    }
}
