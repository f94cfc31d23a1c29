//! The key ring that rooms use: seals and opens, and follows its source when keys are added there.

use std::sync::{Arc, PoisonError, RwLock};

use super::{
    core::{KEY_BYTES, Keys, OpenError},
    store::SecretStore,
};
use crate::{clock::Clock, storage::Fault};

/// Seals and opens fields. Cheap to clone; all clones share the keys.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    keys: RwLock<Arc<Keys>>,
    clock: Clock,
    store: Arc<dyn SecretStore>,
}

impl KeyRing {
    pub fn new(keys: Keys, clock: Clock, store: Arc<dyn SecretStore>) -> Self {
        Self(Arc::new(Inner { keys: RwLock::new(Arc::new(keys)), clock, store }))
    }

    /// Returns the current keys.
    pub fn keys(&self) -> Arc<Keys> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    pub(super) fn store(&self) -> &dyn SecretStore {
        &*self.0.store
    }

    pub(super) fn fill(&self, bytes: &mut [u8]) {
        self.0.clock.fill(bytes);
    }

    /// Seals a value for the context in which it will be opened: see `SealedColumn::context`.
    pub fn seal(&self, context: &str, plaintext: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut nonce = [0; 12];
        self.0.clock.fill(&mut nonce);
        let sealed = self.keys().seal(context, plaintext, nonce);
        sealed.ok_or_else(|| Fault::Broken("a value could not be sealed".to_owned()))
    }

    /// Opens a value that was sealed for the same context. For an unknown key the source is read
    /// again, as the key may be new.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut outcome = self.keys().open(context, sealed);
        if matches!(outcome, Err(OpenError::UnknownKey(_))) {
            self.reload()?;
            outcome = self.keys().open(context, sealed);
        }
        outcome.map_err(|error| Fault::Broken(format!("the sealed value {context} does not open: {error}")))
    }

    /// Returns the blind index of a text under every key: compare with any of them, write the
    /// first.
    pub fn blind(&self, context: &str, text: &str) -> Vec<[u8; KEY_BYTES]> {
        self.keys().blind(context, text)
    }

    /// Returns the ID of the key that seals now, and a secret derived from it, for signing stored
    /// data.
    pub fn derive_secret(&self, purpose: &str) -> (String, [u8; KEY_BYTES]) {
        let keys = self.keys();
        let id = keys.first().id.clone();
        let secret = keys.derive_secret(&id, purpose).unwrap_or_default();
        (id, secret)
    }
    /// Derives the same secret from the key with this ID; None if there is no such key.
    pub fn derive_secret_by_id(&self, id: &str, purpose: &str) -> Option<[u8; KEY_BYTES]> {
        self.keys().derive_secret(id, purpose)
    }

    /// Reads the source again. If the text is invalid or empty, the keys stay unchanged.
    pub fn reload(&self) -> Result<(), Fault> {
        if let Some(text) = self.0.store.read()? {
            self.replace(Keys::parse(&text).map_err(|err| Fault::Broken(format!("{}: {err}", self.0.store.name())))?);
        }
        Ok(())
    }
    pub(super) fn replace(&self, keys: Keys) {
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("KeyRing").field(&self.keys()).finish()
    }
}
