//! A receiver of webhooks: an HTTP server on this machine that answers by a plan and records its
//! requests.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Response},
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// Answer of the receiver; with `None` it never answers, and the request stays open.
pub type Reply = Option<Response<Body>>;

/// Answers with this status.
pub fn status(status: u16) -> Reply {
    Some(Response::builder().status(status).body(Body::from("thank you")).unwrap())
}

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Got {
    pub id: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Got {
    /// Returns a header; empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
    pub fn seq(&self) -> i64 {
        self.json()["seq"].as_i64().unwrap()
    }
}

/// Function that answers a message: it gets the number of messages so far, and the message.
pub type Plan = dyn Fn(usize, &Got) -> Reply + Send + Sync;

/// State that it shares with the task that answers.
#[derive(Clone)]
pub struct Shared {
    got: Arc<Mutex<Vec<Got>>>,
    pub plan: Arc<Mutex<Arc<Plan>>>,
}

pub struct Receiver {
    pub address: SocketAddr,
    pub shared: Shared,
    task: JoinHandle<()>,
}

impl Receiver {
    /// A receiver that answers 204.
    pub async fn accepting() -> Self {
        Self::new(|_, _| status(204)).await
    }
    pub async fn new<A: Into<Reply>>(plan: impl Fn(usize, &Got) -> A + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), plan).await
    }
    pub async fn at<A: Into<Reply>>(address: SocketAddr, plan: impl Fn(usize, &Got) -> A + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { got: Arc::default(), plan: Arc::new(Mutex::new(planned(plan))) };
        let router = Router::new().fallback(receive).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, task }
    }
    pub fn url(&self) -> String {
        format!("http://{}/hooks?part=ours", self.address)
    }
    pub fn got(&self) -> Vec<Got> {
        self.shared.got.lock().unwrap().clone()
    }
    pub fn count(&self) -> usize {
        self.shared.got.lock().unwrap().len()
    }
    pub fn seqs(&self) -> BTreeSet<i64> {
        self.got().iter().map(Got::seq).collect()
    }
    pub fn forget(&self) {
        self.shared.got.lock().unwrap().clear();
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A plan of a function whose answers become replies.
pub fn planned<A: Into<Reply>>(plan: impl Fn(usize, &Got) -> A + Send + Sync + 'static) -> Arc<Plan> {
    Arc::new(move |count: usize, got: &Got| -> Reply { plan(count, got).into() })
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let mut got = Got { id: String::new(), headers, body: String::from_utf8(body.to_vec()).unwrap() };
    got.id = got.header("webhook-id").to_owned();
    assert_eq!(got.header("content-type"), "application/json");
    assert!(got.header("webhook-timestamp").parse::<i64>().is_ok(), "{got:?}");
    let answer = {
        let mut all = shared.got.lock().unwrap();
        all.push(got.clone());
        let plan = shared.plan.lock().unwrap().clone();
        plan(all.len(), &got)
    };
    match answer {
        Some(response) => response,
        None => std::future::pending().await,
    }
}
