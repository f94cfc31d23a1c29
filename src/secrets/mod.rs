//! Secrets at rest: fields sealed under a ring of master keys that the database never sees.
//!
//! A room that keeps a secret lists its column as a `SealedColumn`, seals with `ring.seal(&COLUMN.context(&[…ids]), plain)` and opens with
//! the same context; `entrepot keys rotate` finds the column in that list.

#[cfg(feature = "aws-secrets")]
mod aws;
mod core;
mod ring;
mod rows;
mod shell;
#[cfg(feature = "aws-secrets")]
mod signature;
mod store;

pub use self::core::{KeyTextError, Keys, MasterKey, OpenError, SealedColumn, key_of};
pub use ring::KeyRing;
pub use shell::{Walked, add_key, count, follow, known, new_key, open, reseal, retire};
pub use store::{Command, Given, KeyFile, KeySource, SecretStore};
#[cfg(feature = "aws-secrets")]
pub use {
    aws::{AwsSecret, Identity as AwsIdentity, SecretsManager},
    signature::Credentials as AwsCredentials,
};
