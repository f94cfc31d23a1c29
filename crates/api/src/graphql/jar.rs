//! Tokens that travel by cookie: the seam between the front, which speaks HTTP, and identity, which makes and ends sessions.
//!
//! A web page that keeps no tokens itself asks for cookies that no script can read. The front puts a jar into the data of such a page's operations;
//! whoever makes tokens puts them there, and the answer goes without.

use std::sync::{Arc, Mutex, PoisonError};

use entity::prelude::Timestamp;

/// What came by cookie, and what is to go by one. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Jar(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    refresh: Option<String>,
    to_go: Mutex<Option<ToGo>>,
}

/// What becomes of the page's cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToGo {
    Tokens {
        access: String,
        access_until: Timestamp,
        refresh: String,
        refresh_until: Timestamp,
        /// What the device is known by from now on.
        device: Option<String>,
    },
    /// The session is over: none is kept.
    Nothing,
}

/// The token that the caller's device is known by, in the data of operations of whoever keeps one; something else where it has none yet.
#[derive(Debug, Clone)]
pub struct Device(pub String);

impl Jar {
    /// With the refresh token that came.
    pub fn with(refresh: Option<String>) -> Self {
        Self(Arc::new(Inner { refresh, to_go: Mutex::default() }))
    }

    /// The refresh token that came by cookie.
    pub fn refresh(&self) -> Option<&str> {
        self.0.refresh.as_deref()
    }

    pub fn put(&self, to_go: ToGo) {
        *self.0.to_go.lock().unwrap_or_else(PoisonError::into_inner) = Some(to_go);
    }

    /// What is to go with the answer; None leaves the page's cookies as they are.
    pub fn take(&self) -> Option<ToGo> {
        self.0.to_go.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
