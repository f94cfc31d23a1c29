//! TLS of the public listener.

use metrics::gauge;

use super::{counts, names};

/// The moment at which the certificate that is served expires, in seconds of Unix time.
pub fn tls_expiry(seconds: i64) {
    if counts() {
        gauge!(names::TLS_EXPIRY).set(seconds as f64);
    }
}
