//! Personal data, sealed under a key per person. That key is sealed beside the data; once it is
//! deleted, the data cannot be read.

use std::collections::BTreeMap;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use entity::prelude::TenantId;
use uuid::Uuid;

use super::{
    core::{KEY_BYTES, Loss, SealedColumn},
    ring::KeyRing,
};
use crate::storage::Fault;

/// Keys of persons. The row with the tenant's own ID has the key of its blind index, which thus
/// survives every rotation of the master keys.
pub const DATA_KEY: SealedColumn =
    SealedColumn { table: "subject", column: "key_sealed", keys: &["tenant_id", "id"], blind: None, loss: Loss::Row };

/// Keys of persons' histories, with which the audit log makes its commitments to personal values.
/// Unlike the key of a person's data, a history key never changes; it is deleted when the person is
/// forgotten.
pub const HISTORY_KEY: SealedColumn =
    SealedColumn { table: "subject_history", column: "key_sealed", keys: &["tenant_id", "id"], blind: None, loss: Loss::Row };

/// First bytes of every value under such a key.
const MARK: [u8; 2] = [0xE5, 0x02];

/// Data of a person: texts by the names of their columns.
pub type Texts = BTreeMap<String, String>;

/// The key of one person.
#[derive(Clone)]
pub struct DataKey([u8; KEY_BYTES]);

impl KeyRing {
    /// Creates a key for a person; returns it, and its sealed form.
    pub fn new_data_key(&self, tenant: TenantId, subject: Uuid) -> Result<(DataKey, Vec<u8>), Fault> {
        self.new_key(DATA_KEY, tenant, subject)
    }
    pub fn data_key(&self, tenant: TenantId, subject: Uuid, sealed: &[u8]) -> Result<DataKey, Fault> {
        self.open_data_key(DATA_KEY, tenant, subject, sealed)
    }
    /// Creates a key for a person's history; returns it, and its sealed form.
    pub fn new_history_key(&self, tenant: TenantId, subject: Uuid) -> Result<(DataKey, Vec<u8>), Fault> {
        self.new_key(HISTORY_KEY, tenant, subject)
    }
    pub fn history_key(&self, tenant: TenantId, subject: Uuid, sealed: &[u8]) -> Result<DataKey, Fault> {
        self.open_data_key(HISTORY_KEY, tenant, subject, sealed)
    }
    fn new_key(&self, column: SealedColumn, tenant: TenantId, subject: Uuid) -> Result<(DataKey, Vec<u8>), Fault> {
        let mut secret = [0; KEY_BYTES];
        self.fill(&mut secret);
        let sealed = self.seal(&column.context(&[tenant.uuid(), subject]), &secret)?;
        Ok((DataKey(secret), sealed))
    }
    fn open_data_key(&self, column: SealedColumn, tenant: TenantId, subject: Uuid, sealed: &[u8]) -> Result<DataKey, Fault> {
        let secret = self.open(&column.context(&[tenant.uuid(), subject]), sealed)?;
        secret.try_into().map(DataKey).map_err(|_| Fault::corrupt(column.table, "a key has 32 bytes"))
    }
    /// Seals a person's data under their key.
    pub fn seal_texts(&self, key: &DataKey, context: &str, texts: &Texts) -> Result<Vec<u8>, Fault> {
        let mut nonce = [0; NONCE_LEN];
        self.fill(&mut nonce);
        let mut body = serde_json::to_vec(texts).map_err(|err| Fault::Broken(err.to_string()))?;
        let sealed_body = key.cipher().and_then(|cipher| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            cipher.seal_in_place_append_tag(nonce, Aad::from(associated_data(context)), &mut body).ok()
        });
        sealed_body.ok_or_else(|| Fault::Broken("a value could not be sealed".to_owned()))?;
        Ok([&MARK[..], &nonce, &body].concat())
    }
}

impl DataKey {
    fn cipher(&self) -> Option<LessSafeKey> {
        Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.0).ok()?))
    }
    /// Opens data that was sealed under this key for the same context.
    pub fn open_texts(&self, context: &str, sealed: &[u8]) -> Result<Texts, Fault> {
        let broken_error = || Fault::Broken(format!("the sealed value {context} does not open: it was changed or moved"));
        let (nonce, body) =
            sealed.strip_prefix(&MARK).and_then(|rest| rest.split_first_chunk::<NONCE_LEN>()).ok_or_else(broken_error)?;
        let mut body = body.to_vec();
        let cipher = self.cipher().ok_or_else(broken_error)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plaintext =
            cipher.open_in_place(nonce, Aad::from(associated_data(context)), &mut body).map_err(|_| broken_error())?;
        serde_json::from_slice(plaintext).map_err(|_| broken_error())
    }
    /// Returns the blind index of a text that is stored sealed.
    pub fn blind(&self, text: &str) -> Vec<u8> {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), text.as_bytes()).as_ref().to_vec()
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey")
    }
}

/// Returns the context that binds a person's data to their row.
pub fn row_context(table: &str, tenant: TenantId, subject: Uuid) -> String {
    format!("{table}/{}/{}", tenant.uuid().simple(), subject.simple())
}

fn associated_data(context: &str) -> Vec<u8> {
    [&MARK[..], context.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        let store = super::super::store::EnvironmentKeys("k1:H7cvDlndLShHO1JTp25WZn9ILxeC1zsS+8XK/NXdCcM=".to_owned());
        let keys = super::super::core::Keys::parse(&store.0).unwrap();
        KeyRing::new(keys, crate::clock::Clock::system(), std::sync::Arc::new(store))
    }
    fn ada() -> Texts {
        [("name".to_owned(), "Ada".to_owned())].into()
    }

    #[test]
    fn what_is_sealed_for_one_person_opens_for_no_other_and_not_elsewhere() {
        let (ring, tenant) = (ring(), TenantId::from_uuid(Uuid::from_u128(1)));
        let (key, kept) = ring.new_data_key(tenant, Uuid::from_u128(2)).unwrap();
        let sealed = ring.seal_texts(&key, "customer/2", &ada()).unwrap();
        assert_eq!(key.open_texts("customer/2", &sealed).unwrap(), ada());
        assert_eq!(ring.data_key(tenant, Uuid::from_u128(2), &kept).unwrap().open_texts("customer/2", &sealed).unwrap(), ada());
        assert!(!sealed.windows(3).any(|part| part == b"Ada"));
        assert!(key.open_texts("customer/3", &sealed).is_err(), "moved");
        assert!(ring.data_key(tenant, Uuid::from_u128(3), &kept).is_err(), "another person's key");
        let (other, _) = ring.new_data_key(tenant, Uuid::from_u128(2)).unwrap();
        assert!(other.open_texts("customer/2", &sealed).is_err(), "a new key opens nothing old");
        for at in 0..sealed.len() {
            let mut touched = sealed.clone();
            touched[at] ^= 1;
            assert!(key.open_texts("customer/2", &touched).is_err(), "byte {at}");
        }
    }

    #[test]
    fn blind_values_meet_under_one_key_only() {
        let tenant = TenantId::from_uuid(Uuid::from_u128(1));
        let (one, _) = ring().new_data_key(tenant, tenant.uuid()).unwrap();
        let (other, _) = ring().new_data_key(tenant, tenant.uuid()).unwrap();
        assert_eq!(one.blind("ada@example.com"), one.blind("ada@example.com"));
        assert_ne!(one.blind("ada@example.com"), other.blind("ada@example.com"));
        assert_ne!(one.blind("ada@example.com"), one.blind("bob@example.com"));
    }
}
