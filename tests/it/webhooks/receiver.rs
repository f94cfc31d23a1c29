//! A receiver of webhooks: an HTTP server of this machine that answers as it is told and remembers what it got.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};

/// How it answers.
#[derive(Debug, Clone)]
pub enum Answer {
    Status(u16),
    /// A status and what `Retry-After` says.
    Later(u16, String),
    /// Somewhere else.
    Elsewhere(String),
    /// A good status and a body that does not end.
    Endless,
    /// Nothing at all.
    Silence,
}

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Got {
    pub id: String,
    pub timestamp: i64,
    pub signatures: Vec<String>,
    pub body: String,
    pub traceparent: Option<String>,
    pub at: Instant,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
    pub fn seq(&self) -> i64 {
        self.json()["seq"].as_i64().unwrap()
    }
    /// Whether one of its signatures is of this secret, computed as the standard says and not as we do.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(key.len(), 32);
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.signatures.contains(&expected)
    }
    /// Whether one of its signatures is of the private key that belongs to this public one, by what the standard says and nothing of ours.
    pub fn is_signed_for(&self, public_key: &str) -> bool {
        let key = STANDARD.decode(public_key.strip_prefix("whpk_").unwrap()).unwrap();
        let signed = format!("{}.{}.{}", self.id, self.timestamp, self.body);
        self.signatures.iter().filter_map(|signature| signature.strip_prefix("v1a,")).any(|signature| {
            let signature = STANDARD.decode(signature).unwrap();
            UnparsedPublicKey::new(&ED25519, &key).verify(signed.as_bytes(), &signature).is_ok()
        })
    }
    /// The same with something else said.
    pub fn forged(&self) -> Self {
        let body = self.body.replacen(':', ": ", 1);
        assert_ne!(body, self.body);
        Self { body, ..self.clone() }
    }
}

type Plan = dyn Fn(usize, &Got) -> Answer + Send + Sync;

#[derive(Clone)]
struct Shared {
    got: Arc<Mutex<Vec<Got>>>,
    plan: Arc<Mutex<Arc<Plan>>>,
    poured: Arc<AtomicU64>,
}

pub struct Receiver {
    pub address: SocketAddr,
    shared: Shared,
    task: JoinHandle<()>,
}

impl Receiver {
    /// One that answers 204.
    pub async fn well() -> Self {
        Self::new(|_, _| Answer::Status(204)).await
    }
    pub async fn new(plan: impl Fn(usize, &Got) -> Answer + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), plan).await
    }
    pub async fn at(address: SocketAddr, plan: impl Fn(usize, &Got) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let plan: Arc<Plan> = Arc::new(plan);
        let shared = Shared { got: Arc::default(), plan: Arc::new(Mutex::new(plan)), poured: Arc::default() };
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
    /// From now on it answers so.
    pub fn answers(&self, plan: impl Fn(usize, &Got) -> Answer + Send + Sync + 'static) {
        *self.shared.plan.lock().unwrap() = Arc::new(plan);
    }
    /// Bytes of endless bodies that were taken from it.
    pub fn poured(&self) -> u64 {
        self.shared.poured.load(Ordering::Relaxed)
    }
    /// Nobody listens at its address any more.
    pub async fn go(self) -> SocketAddr {
        self.task.abort();
        let address = self.address;
        drop(self);
        tokio::time::sleep(Duration::from_millis(50)).await;
        address
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    assert_eq!(header("content-type"), "application/json");
    let got = Got {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signatures: header("webhook-signature").split(' ').map(ToOwned::to_owned).collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
        traceparent: headers.get("traceparent").map(|value| value.to_str().unwrap().to_owned()),
        at: Instant::now(),
    };
    let answer = {
        let mut all = shared.got.lock().unwrap();
        all.push(got.clone());
        let plan = shared.plan.lock().unwrap().clone();
        plan(all.len(), &got)
    };
    let with = |status: u16| Response::builder().status(status);
    match answer {
        Answer::Status(status) => with(status).body(Body::from("thank you")).unwrap(),
        Answer::Later(status, after) => with(status).header("retry-after", after).body(Body::empty()).unwrap(),
        Answer::Elsewhere(url) => with(307).header("location", url).body(Body::empty()).unwrap(),
        Answer::Endless => {
            let poured = shared.poured.clone();
            let chunks = futures_util::stream::repeat_with(move || {
                poured.fetch_add(65_536, Ordering::Relaxed);
                Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65_536]))
            });
            with(200).body(Body::from_stream(chunks)).unwrap()
        }
        Answer::Silence => std::future::pending().await,
    }
}
