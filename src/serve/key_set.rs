//! The public keys of the deployment.

use std::sync::Arc;

use iam::identity::Identity;

pub(super) struct Keys(pub Identity);

impl server::KeySet for Keys {
    fn key_set(&self) -> Arc<str> {
        self.0.tokens().key_set()
    }
}
