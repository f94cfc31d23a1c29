//! Secrets at rest: fields sealed under a ring of master keys that the database never sees.
//!
//! A room that keeps a secret lists its column as a `SealedColumn`, seals with `ring.seal(&COLUMN.context(&[…ids]), plain)` and opens with
//! the same context; `entrepot keys rotate` finds the column in that list.

mod core;
mod ring;
mod rows;
mod shell;
mod store;

pub use self::core::{KeyTextError, Keys, MasterKey, OpenError, SealedColumn, key_of};
pub use ring::KeyRing;
pub use shell::{Walked, add_key, count, follow, known, new_key, open, reseal, retire};
pub use store::{Given, KeyFile, KeySource, SecretStore};
