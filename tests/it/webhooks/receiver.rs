//! Answers of a receiver that is slow, gone or hostile, and checks of the signatures that it got.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use axum::{
    body::{Body, Bytes},
    http::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub use crate::support::receiver::Receiver;
use crate::support::receiver::{Got, Reply, planned, status};

/// Answer of the receiver.
#[derive(Debug, Clone)]
pub enum Answer {
    Status(u16),
    /// A status, and the value of `Retry-After`.
    Later(u16, String),
    /// A redirect to this URL.
    Elsewhere(String),
    /// A status of success and an endless body, with the number of bytes that were read of it.
    Endless(Arc<AtomicU64>),
    /// No answer.
    Silence,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let with = |status: u16| Response::builder().status(status);
        match answer {
            Answer::Status(code) => status(code),
            Answer::Later(status, after) => Some(with(status).header("retry-after", after).body(Body::empty()).unwrap()),
            Answer::Elsewhere(url) => Some(with(307).header("location", url).body(Body::empty()).unwrap()),
            Answer::Endless(poured) => {
                let chunks = futures_util::stream::repeat_with(move || {
                    poured.fetch_add(65_536, Ordering::Relaxed);
                    Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65_536]))
                });
                Some(with(200).body(Body::from_stream(chunks)).unwrap())
            }
            Answer::Silence => None,
        }
    }
}

impl Got {
    pub fn timestamp(&self) -> i64 {
        self.header("webhook-timestamp").parse().unwrap()
    }
    pub fn signatures(&self) -> Vec<&str> {
        self.header("webhook-signature").split(' ').collect()
    }
    fn signed(&self) -> String {
        format!("{}.{}.{}", self.id, self.timestamp(), self.body)
    }
    /// Whether one of its signatures is of this secret, computed by the standard and without our
    /// code.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(key.len(), 32);
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(self.signed().as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.signatures().contains(&expected.as_str())
    }
    /// Whether one of its signatures is by the private key of this public key, verified by the
    /// standard and without our code.
    pub fn is_signed_for(&self, public_key: &str) -> bool {
        let key = STANDARD.decode(public_key.strip_prefix("whpk_").unwrap()).unwrap();
        let signed = self.signed();
        self.signatures().iter().filter_map(|signature| signature.strip_prefix("v1a,")).any(|signature| {
            let signature = STANDARD.decode(signature).unwrap();
            UnparsedPublicKey::new(&ED25519, &key).verify(signed.as_bytes(), &signature).is_ok()
        })
    }
    /// The same message with a changed body.
    pub fn forged(&self) -> Self {
        let body = self.body.replacen(':', ": ", 1);
        assert_ne!(body, self.body);
        Self { body, ..self.clone() }
    }
}

impl Receiver {
    /// Sets the answers from now on.
    pub fn answers<A: Into<Reply>>(&self, plan: impl Fn(usize, &Got) -> A + Send + Sync + 'static) {
        *self.shared.plan.lock().unwrap() = planned(plan);
    }
    /// Closes the receiver, and returns its former address.
    pub async fn go(self) -> SocketAddr {
        let address = self.address;
        drop(self);
        tokio::time::sleep(Duration::from_millis(50)).await;
        address
    }
}
