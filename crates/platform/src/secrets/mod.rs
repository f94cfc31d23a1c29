//! Secrets at rest: fields sealed under a ring of master keys that the database never sees.
//!
//! A room that keeps a secret lists its column as a `SealedColumn`, seals with `ring.seal(&COLUMN.context(&[…ids]), plain)` and opens with
//! the same context; `entrepot keys rotate` finds the column in that list. What is known of a person is sealed under a key of theirs (`DataKey`),
//! which is what lies sealed under the ring. Whoever opens the ring leaves it with the database, for the rows that need it.

#[cfg(feature = "aws-secrets")]
mod aws;
mod core;
mod loss;
mod ring;
mod rows;
mod shell;
#[cfg(feature = "aws-secrets")]
mod signature;
mod store;
mod subject;

pub use self::core::{KeyTextError, Keys, Loss, MasterKey, OpenError, SealedColumn, key_of};
pub use loss::{LostValues, abandon, lost_under};
pub use ring::KeyRing;
pub use shell::{
    Walked, add_key, count, follow, give_up_key, is_settled, known, new_key, open, open_without, prove, prove_without, reseal,
    retire,
};
pub use store::{Command, Given, KeyFile, KeySource, SecretStore};
pub use subject::{DATA_KEY, DataKey, HISTORY_KEY, Texts, row_context};
#[cfg(feature = "aws-secrets")]
pub use {
    aws::{AwsSecret, Identity as AwsIdentity, SecretsManager},
    signature::Credentials as AwsCredentials,
};
