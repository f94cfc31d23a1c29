//! Steps that all calls of the ledger share, from a permit and plain input to a command: the
//! input's form is checked and the key is built. `names`, `missing` and `ownership` resolve
//! references, `submission` submits the command and has the answer.

mod missing;
mod names;
mod ownership;
mod submission;

use entity::{id::Id, prelude::StoreId};
use iam::access::{Denied, Permission, Permit, Reach, kind};
use platform::storage::idempotency::{Key, MAX_KEY, hash_of};
use serde::Serialize;

pub use missing::{MissingReferences, submit_with_missing};
pub use names::{
    LotRef, Names, Pack, ProductRef, StoreRef, load_known_store, load_packs, load_stores_by_code, lot_choice, store_of,
};
pub use ownership::resolve_reservations;
pub use submission::{Mode, Stop, SubmitResult, stored_answer_or, submit, submit_resolved};

use super::engine::Ledger;
use crate::stock::core::{At, Field, MAX_LOT_CODE, Rejection, RoomRefusal, Shortage};

/// Maximum characters of a note.
pub const MAX_NOTE: usize = 1_000;
/// Maximum characters of an external reference.
pub const MAX_REFERENCE: usize = 128;
/// Maximum characters of a charge's name.
pub const MAX_NAME: usize = 300;
/// Maximum characters of a register's code.
pub const MAX_REGISTER_LENGTH: usize = 32;

/// Refusals of the input's form, which all rooms share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallRefusal {
    /// The call lacks its idempotency key.
    NoKey,
    /// The call lacks a required text.
    NoText,
    EmptyText,
    /// A text with a NUL character.
    Nul,
    /// A text with more characters than are stored.
    TextTooLong {
        most: usize,
    },
    /// A code with control characters.
    OddCode,
    /// More items than one call takes.
    TooMany {
        most: usize,
    },
}
impl RoomRefusal for CallRefusal {}

/// Refusals of an input, collected before anything is read.
#[derive(Debug, Default)]
pub struct Checks(Vec<Rejection>);

impl Checks {
    /// Checks a text of at most `max_chars` characters that databases can store. An empty text is
    /// rejected: it has to be left out.
    pub fn text(&mut self, value: Option<&str>, max_chars: usize, field: impl FnOnce() -> At) {
        let Some(text) = value else { return };
        if text.is_empty() {
            self.0.push(CallRefusal::EmptyText.at(field()));
        } else if text.contains('\0') {
            self.0.push(CallRefusal::Nul.at(field()));
        } else if text.chars().nth(max_chars).is_some() {
            self.0.push(CallRefusal::TextTooLong { most: max_chars }.at(field()));
        }
    }
    /// Checks a required text, which must have more than blanks.
    pub fn check_required(&mut self, text: &str, max_chars: usize, field: impl FnOnce() -> At) {
        if text.trim().is_empty() {
            self.0.push(CallRefusal::NoText.at(field()));
        } else {
            self.text(Some(text), max_chars, field);
        }
    }
    /// Checks the length of a lot's code.
    pub fn lot(&mut self, lot: Option<&LotRef>, field: impl Fn() -> At) {
        let Some(LotRef::Code { code, .. }) = lot else { return };
        self.code(code, || field().field(Field::LotCode));
    }
    /// Checks a lot's code.
    pub fn code(&mut self, code: &str, field: impl Fn() -> At) {
        self.check_required(code, MAX_LOT_CODE, &field);
        if !code.trim().is_empty() && code.chars().any(char::is_control) {
            self.0.push(CallRefusal::OddCode.at(field()));
        }
    }
    /// Checks the code of a register, if one is named. It is stored without surrounding blanks.
    pub fn register(&mut self, code: Option<&str>, field: impl Fn() -> At) {
        let Some(text) = code.map(str::trim) else { return };
        self.text(Some(text), MAX_REGISTER_LENGTH, &field);
        // NUL is refused above.
        if text.chars().any(|character| character.is_control() && character != '\0') {
            self.0.push(CallRefusal::OddCode.at(field()));
        }
    }
    /// Checks the length of a list.
    pub fn items(&mut self, count: usize, limit: usize, field: impl FnOnce() -> At) {
        if count > limit {
            self.0.push(CallRefusal::TooMany { most: limit }.at(field()));
        }
    }
    pub fn refuse(&mut self, rejection: Rejection) {
        self.0.push(rejection);
    }
    pub fn done(self) -> Result<(), Stop> {
        if self.0.is_empty() { Ok(()) } else { Err(Stop::Refused(self.0)) }
    }
}

/// Checks the form of the caller's key before it is used.
pub fn check_key(checks: &mut Checks, key: &str) {
    let field = At::input(Field::IdempotencyKey);
    if key.trim().is_empty() {
        checks.refuse(CallRefusal::NoKey.at(field));
    } else {
        checks.text(Some(key), MAX_KEY, || field);
    }
}

/// Returns the key of a call: its owner is the actor, its hash covers the input as supplied.
pub fn key_of<P>(permit: &Permit<P>, mutation: &'static str, key: &str, input: &impl Serialize) -> Key {
    Key { owner: permit.actor().id, mutation, key: key.to_owned(), hash: hash_of(input) }
}

/// Returns the stores where the caller may use a policy. Every policy but REFUSE takes reserved or
/// missing stock, and needs the permission for it.
pub fn may_override<P>(permit: &Permit<P>, policy: Shortage) -> Result<Reach, Denied> {
    match policy {
        Shortage::Refuse => Ok(Reach::Everywhere),
        Shortage::Shorten | Shortage::PostDiscrepancy => permit.also::<kind::StockOverride>().map(|permit| permit.reach()),
    }
}

/// Checks that an override is allowed in all of these stores. The nil ID of an unknown store
/// passes, as it is rejected later as not found.
pub fn check_override(reach: &Reach, stores: impl IntoIterator<Item = StoreId>) -> Result<(), Denied> {
    let is_beyond_reach = stores.into_iter().any(|store| store != StoreId::NIL && !reach.covers(store));
    if is_beyond_reach { Err(Denied(kind::StockOverride::info().code)) } else { Ok(()) }
}

/// Returns new IDs of documents, which leave room for their lines' numbers.
pub fn document_ids<K, const N: usize>(ledger: &Ledger) -> [Id<K>; N] {
    std::array::from_fn(|_| ledger.clock().document_id())
}

/// Serializes a policy as in the API, for the hash of an input.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub fn serialize_shortage<S: serde::Serializer>(policy: &Shortage, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match policy {
        Shortage::Refuse => "REFUSE",
        Shortage::Shorten => "SHORTEN",
        Shortage::PostDiscrepancy => "POST_DISCREPANCY",
    })
}
