//! TLS of the public listener.

use metrics::gauge;

use super::{enabled::counts, names};

/// Sets the expiry of the served certificate, in seconds of Unix time.
pub fn tls_expiry(seconds: i64) {
    if counts() {
        gauge!(names::TLS_EXPIRY).set(seconds as f64);
    }
}
