//! Tokens that travel by cookie: the seam between the front, which speaks HTTP, and identity, which
//! begins and ends sessions.
//!
//! A web page that keeps no tokens itself requests cookies that no script can read. The front puts
//! `AuthCookies` into the data of such a page's operations; the resolver that issues tokens stores
//! them there, and the response body omits them.

use std::sync::{Arc, Mutex, PoisonError};

use entity::prelude::Timestamp;

/// Refresh token that the request had as a cookie, and the cookies that the response will set.
/// Clones share it.
#[derive(Debug, Clone, Default)]
pub struct AuthCookies(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    refresh: Option<String>,
    set_cookies: Mutex<Option<SetCookies>>,
}

/// Change to the page's cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetCookies {
    Tokens {
        access: String,
        access_until: Timestamp,
        refresh: String,
        refresh_until: Timestamp,
        /// New token of the device.
        device: Option<String>,
    },
    /// The session has ended: the cookies are deleted.
    Nothing,
}

/// The token that identifies the caller's device, in the data of operations of clients that keep
/// one; an arbitrary text if the client has none yet.
#[derive(Debug, Clone)]
pub struct DeviceToken(pub String);

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

    /// Takes the change of cookies that the response carries; `None` leaves the page's cookies
    /// unchanged.
    pub fn take(&self) -> Option<SetCookies> {
        self.0.set_cookies.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
