//! Chunks under the data key of a backup.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    constant_time,
    digest::{SHA256, digest},
    hmac,
};

/// Bytes of a data key.
pub const KEY_BYTES: usize = 32;

/// The random key of one backup.
#[derive(Clone)]
pub struct DataKey([u8; KEY_BYTES]);

impl DataKey {
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the key, to be sealed under the key ring.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn derive_key(&self, purpose: &str) -> [u8; KEY_BYTES] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), purpose.as_bytes());
        let mut bytes = [0; KEY_BYTES];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Returns the key of the generation's segments: their numbers begin at 0 too, and a number
    /// must be used once under a key.
    #[must_use]
    pub fn for_segments(&self) -> Self {
        Self(self.derive_key("entrepot backup segments 1"))
    }

    /// Returns the key of the lists of stored files, for the same reason.
    #[must_use]
    pub fn for_file_lists(&self) -> Self {
        Self(self.derive_key("entrepot backup file lists 1"))
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.derive_key("entrepot backup chunk 1")).ok()?))
    }

    /// Encrypts the chunk of this number. A data key encrypts each number once, so the number is the nonce.
    pub fn seal(&self, backup: &str, number: u32, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        let place = associated_data(backup, number);
        self.cipher()?.seal_in_place_append_tag(nonce(number), Aad::from(place), &mut bytes).ok()?;
        Some(bytes)
    }

    /// Decrypts the chunk of this number; `None` if it is another one, or was changed.
    pub fn open(&self, backup: &str, number: u32, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        let length =
            self.cipher()?.open_in_place(nonce(number), Aad::from(associated_data(backup, number)), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }

    /// The MAC of a manifest, in hexadecimal digits.
    pub fn mac(&self, manifest: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive_key("entrepot backup manifest 1"));
        hex::encode(hmac::sign(&key, manifest.as_bytes()))
    }

    pub fn is_mac(&self, manifest: &str, mac: &str) -> bool {
        constant_time::verify_slices_are_equal(self.mac(manifest).as_bytes(), mac.as_bytes()).is_ok()
    }
}

fn nonce(number: u32) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[NONCE_LEN - 4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

fn associated_data(backup: &str, number: u32) -> Vec<u8> {
    format!("{backup}/{number}").into_bytes()
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_opens_in_its_own_place_only() {
        let key = DataKey::new([7; KEY_BYTES]);
        let sealed = key.seal("b1", 3, b"rows".to_vec()).unwrap();
        assert_eq!(key.open("b1", 3, sealed.clone()).unwrap(), b"rows");
        assert_eq!(key.open("b1", 4, sealed.clone()), None, "another number");
        assert_eq!(key.open("b2", 3, sealed.clone()), None, "another backup");
        assert_eq!(DataKey::new([8; KEY_BYTES]).open("b1", 3, sealed.clone()), None, "another key");
        for at in 0..sealed.len() {
            let mut touched = sealed.clone();
            touched[at] ^= 1;
            assert_eq!(key.open("b1", 3, touched), None, "byte {at}");
        }
    }
}
