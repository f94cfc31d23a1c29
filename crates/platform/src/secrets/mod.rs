//! Secrets at rest: fields sealed under a ring of master keys that the database never sees.
//!
//! A room with a secret lists its column as a `SealedColumn`, seals with
//! `ring.seal(&COLUMN.context(&[…ids]), plain)` and opens with the same context; `entrepot keys
//! rotate` finds the column in that list. Personal data is sealed under a key of the person
//! (`DataKey`), and that key is sealed under the ring. The code that opens the ring attaches it to
//! the database, for the rows that need it.

#[cfg(feature = "aws-secrets")]
mod aws;
mod core;
mod loss;
mod ring;
mod rows;
mod shell;
#[cfg(feature = "aws-secrets")]
mod signature;
mod source;
mod store;
mod subject;

pub use self::core::{KeyTextError, Keys, Loss, MasterKey, OpenError, SealedColumn, key_of};
pub use loss::{SealedValueCount, abandon, count_sealed_under};
pub use ring::KeyRing;
pub use shell::{
    WalkResult, add_key, check_master_keys, count, follow, is_key_propagated, new_key, open, open_without, recorded_keys, reseal,
    retire, retire_lost_key, verify_without,
};
pub use source::KeySource;
pub use store::{Command, EnvironmentKeys, KeyFile, SecretStore};
pub use subject::{DATA_KEY, DataKey, HISTORY_KEY, Texts, row_context};
#[cfg(feature = "aws-secrets")]
pub use {
    aws::{AwsSecret, Identity as AwsIdentity, SecretsManager},
    signature::Credentials as AwsCredentials,
};
