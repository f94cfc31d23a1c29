//! TLS of the public listener.

use metrics::gauge;

use super::{enabled::is_enabled, names};

/// Sets the expiry of the served certificate, in seconds of Unix time.
pub fn tls_expiry(seconds: i64) {
    if is_enabled() {
        gauge!(names::TLS_EXPIRY).set(seconds as f64);
    }
}
