//! Steps that all calls of the ledger share, from a permit and plain input to a command: names are
//! resolved, the key is built, the answer is a receipt or refusals.

mod missing;
mod names;
mod ownership;

use entity::{id::Id, prelude::StoreId};
use iam::access::{Denied, Permission, Permit, Reach, kind};
use platform::storage::{
    Fault, dry_run,
    idempotency::{self, Key, MAX_KEY, hash_of},
};
use serde::Serialize;

pub use missing::{Missing, submit_with_missing};
pub use names::{LotRef, Names, Pack, ProductRef, StoreRef, known_store, lot_choice, packs, store_of, stores_by_code};
pub use ownership::own_reservations;

use super::{
    batch::earlier_answer,
    command::{Command, Verdict},
    engine::Ledger,
    receipt::Receipt,
};
use crate::stock::core::{At, Field, MAX_LOT_CODE, Rejection, RoomRefusal, Shortage};

/// Reasons for a call to fail; nothing was written.
#[derive(Debug)]
pub enum Stop {
    /// The caller lacks a permission that this input needs.
    Denied(Denied),
    /// Rejections of the earliest stage that has any, in the order of the input; never empty.
    Refused(Vec<Rejection>),
    /// A fault of the system.
    Fault(Fault),
}
impl From<Denied> for Stop {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}
impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(vec![rejection])
    }
}
impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Result of a shell function.
pub type Done = Result<Receipt, Stop>;

/// Commit, or validation only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Commit,
    /// A dry run: nothing is written, the key stays unused.
    Validate,
}

impl Mode {
    pub fn of(validate_only: bool) -> Self {
        if validate_only { Self::Validate } else { Self::Commit }
    }
    pub fn is_dry(self) -> bool {
        self == Self::Validate
    }
}

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
    /// Checks a text of at most `most` characters that databases can store. An empty text is
    /// rejected: it has to be left out.
    pub fn text(&mut self, value: Option<&str>, most: usize, field: impl FnOnce() -> At) {
        let Some(text) = value else { return };
        if text.is_empty() {
            self.0.push(CallRefusal::EmptyText.at(field()));
        } else if text.contains('\0') {
            self.0.push(CallRefusal::Nul.at(field()));
        } else if text.chars().nth(most).is_some() {
            self.0.push(CallRefusal::TextTooLong { most }.at(field()));
        }
    }
    /// Checks a required text, which must have more than blanks.
    pub fn needed(&mut self, text: &str, most: usize, field: impl FnOnce() -> At) {
        if text.trim().is_empty() {
            self.0.push(CallRefusal::NoText.at(field()));
        } else {
            self.text(Some(text), most, field);
        }
    }
    /// Checks the length of a lot's code.
    pub fn lot(&mut self, lot: Option<&LotRef>, field: impl Fn() -> At) {
        let Some(LotRef::Code { code, .. }) = lot else { return };
        self.code(code, || field().field(Field::LotCode));
    }
    /// Checks a lot's code.
    pub fn code(&mut self, code: &str, field: impl Fn() -> At) {
        self.needed(code, MAX_LOT_CODE, &field);
        if !code.trim().is_empty() && code.chars().any(char::is_control) {
            self.0.push(CallRefusal::OddCode.at(field()));
        }
    }
    /// Checks the code of a register, if one is named. It is stored without surrounding blanks.
    pub fn register(&mut self, code: Option<&str>, field: impl Fn() -> At) {
        let Some(text) = code.map(str::trim) else { return };
        self.text(Some(text), MAX_REGISTER_LENGTH, &field);
        // NUL is refused above.
        if text.chars().any(|c| c.is_control() && c != '\0') {
            self.0.push(CallRefusal::OddCode.at(field()));
        }
    }
    /// Checks the length of a list.
    pub fn items(&mut self, count: usize, most: usize, field: impl FnOnce() -> At) {
        if count > most {
            self.0.push(CallRefusal::TooMany { most }.at(field()));
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
    let beyond = stores.into_iter().any(|store| store != StoreId::NIL && !reach.covers(store));
    if beyond { Err(Denied(kind::StockOverride::info().code)) } else { Ok(()) }
}

/// Submits a command and waits for its receipt.
pub async fn submit<P>(ledger: &Ledger, permit: &Permit<P>, command: Command, key: Key, mode: Mode) -> Done {
    let verdict: Verdict = match mode {
        // The ledger commits in a task of its own, where a dry run of this task is unknown.
        Mode::Commit if !dry_run::is_on() => ledger.ask(permit.tenant(), command, Some(key)).await,
        Mode::Commit | Mode::Validate => Box::pin(ledger.validate(permit.tenant(), &command, Some(&key))).await,
    };
    verdict?.map_err(Stop::Refused)
}

/// Submits a call's command. A call without a command is answered by its key if it was committed
/// before, else with its refusal.
pub async fn submit_resolved<P>(
    ledger: &Ledger,
    permit: &Permit<P>,
    command: Result<Command, Stop>,
    key: Key,
    mode: Mode,
) -> Done {
    match command {
        Ok(command) => submit(ledger, permit, command, key, mode).await,
        Err(stop) => stored_answer_or(ledger, permit, &key, stop).await,
    }
}

/// Answers a call that is refused before the ledger sees it. A reference that is no longer found
/// may have existed when a first call with the key was committed; that call's receipt is then the
/// answer.
pub async fn stored_answer_or<P>(ledger: &Ledger, permit: &Permit<P>, key: &Key, stop: Stop) -> Done {
    if !matches!(stop, Stop::Refused(_)) {
        return Err(stop);
    }
    let found = idempotency::look_up(&permit.scope(ledger.database()), [key]).await?;
    match earlier_answer(key, &found) {
        Some(first) => Ok(first?),
        None => Err(stop),
    }
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
