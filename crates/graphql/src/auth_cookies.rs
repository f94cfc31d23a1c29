//! Tokens that travel by cookie: the seam between the front, which speaks HTTP, and identity, which makes and ends sessions.
//!
//! A web page that keeps no tokens itself asks for cookies that no script can read. The front puts `AuthCookies` into the data of such a page's operations;
//! whoever makes tokens puts them there, and the answer goes without.

use std::sync::{Arc, Mutex, PoisonError};

use entity::prelude::Timestamp;

/// What came by cookie, and what is to go by one. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct AuthCookies(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    refresh: Option<String>,
    set_cookies: Mutex<Option<SetCookies>>,
}

/// What becomes of the page's cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetCookies {
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

impl AuthCookies {
    /// With the refresh token that came.
    pub fn with(refresh: Option<String>) -> Self {
        Self(Arc::new(Inner { refresh, set_cookies: Mutex::default() }))
    }

    /// The refresh token that came by cookie.
    pub fn refresh(&self) -> Option<&str> {
        self.0.refresh.as_deref()
    }

    pub fn put(&self, set_cookies: SetCookies) {
        *self.0.set_cookies.lock().unwrap_or_else(PoisonError::into_inner) = Some(set_cookies);
    }

    /// What is to go with the answer; None leaves the page's cookies as they are.
    pub fn take(&self) -> Option<SetCookies> {
        self.0.set_cookies.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
