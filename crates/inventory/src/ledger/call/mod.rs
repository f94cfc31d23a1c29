//! What all calls of the ledger share, from a permit and plain input to a command: names are resolved, the key is made, the answer is a receipt or
//! refusals.

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

pub use missing::{Missing, submit_named};
pub use names::{LotRef, Names, Pack, ProductRef, StoreRef, chosen, known_store, packs, store_of, stores_by_code};
pub use ownership::own_reservations;

use super::{
    batch::remembered,
    command::{Command, Verdict},
    engine::Ledger,
    receipt::Receipt,
};
use crate::stock::core::{At, Field, MAX_LOT_CODE, Rejection, RoomRefusal, Shortage};

/// Why a call came to nothing: nothing was written.
#[derive(Debug)]
pub enum Stop {
    /// The caller lacks a permission that this very input needs.
    Denied(Denied),
    /// The caller's business: all of the earliest stage, in the order of the input; never empty.
    Refused(Vec<Rejection>),
    /// Ours.
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

/// What a shell function gives back.
pub type Done = Result<Receipt, Stop>;

/// Whether to do it, or only to say what would happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Commit,
    /// A dry run: nothing is written, the key is not taken.
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

/// The longest note, in characters.
pub const MAX_NOTE: usize = 1_000;
/// The longest external reference, in characters.
pub const MAX_REFERENCE: usize = 128;
/// The longest name of a charge, in characters.
pub const MAX_NAME: usize = 300;
/// The longest code of a register, in characters.
pub const MAX_REGISTER: usize = 32;

/// What is refused of a call as it was typed, whichever room it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallRefusal {
    /// A call without the key that it needs.
    NoKey,
    /// A call without a text that it needs.
    NoText,
    EmptyText,
    /// A text with a NUL character.
    Nul,
    /// More characters than are kept.
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
    /// A text of at most `most` characters that databases can keep. An empty one is refused: leave it out instead.
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
    /// A text that is needed, and has to be more than blanks.
    pub fn needed(&mut self, text: &str, most: usize, field: impl FnOnce() -> At) {
        if text.trim().is_empty() {
            self.0.push(CallRefusal::NoText.at(field()));
        } else {
            self.text(Some(text), most, field);
        }
    }
    /// A lot by its code: as long as is kept.
    pub fn lot(&mut self, lot: Option<&LotRef>, field: impl Fn() -> At) {
        let Some(LotRef::Code { code, .. }) = lot else { return };
        self.code(code, || field().field(Field::LotCode));
    }
    /// The code of a lot.
    pub fn code(&mut self, code: &str, field: impl Fn() -> At) {
        self.needed(code, MAX_LOT_CODE, &field);
        if !code.trim().is_empty() && code.chars().any(char::is_control) {
            self.0.push(CallRefusal::OddCode.at(field()));
        }
    }
    /// The code of a register, where a call names one. It is kept without the blanks around it.
    pub fn register(&mut self, code: Option<&str>, field: impl Fn() -> At) {
        let Some(text) = code.map(str::trim) else { return };
        self.text(Some(text), MAX_REGISTER, &field);
        // NUL is refused above.
        if text.chars().any(|c| c.is_control() && c != '\0') {
            self.0.push(CallRefusal::OddCode.at(field()));
        }
    }
    /// A list of at most `most` items.
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

/// Checks the caller's key as it is typed, before it is used.
pub fn check_key(checks: &mut Checks, key: &str) {
    let field = At::input(Field::IdempotencyKey);
    if key.trim().is_empty() {
        checks.refuse(CallRefusal::NoKey.at(field));
    } else {
        checks.text(Some(key), MAX_KEY, || field);
    }
}

/// The key of a call: its owner is who acts, its hash is over the input as supplied.
pub fn key_of<P>(permit: &Permit<P>, mutation: &'static str, key: &str, input: &impl Serialize) -> Key {
    Key { owner: permit.actor().id, mutation, key: key.to_owned(), hash: hash_of(input) }
}

/// Anything but REFUSE takes what was promised or was not there, and needs the permission for it: the stores where that may be done.
pub fn may_override<P>(permit: &Permit<P>, policy: Shortage) -> Result<Reach, Denied> {
    match policy {
        Shortage::Refuse => Ok(Reach::Everywhere),
        Shortage::Shorten | Shortage::PostDiscrepancy => permit.also::<kind::StockOverride>().map(|permit| permit.reach()),
    }
}

/// Whether an override may be done in all of these stores. Those that are nobody's are refused later, as not found.
pub fn overrides(reach: &Reach, stores: impl IntoIterator<Item = StoreId>) -> Result<(), Denied> {
    let beyond = stores.into_iter().any(|store| store != StoreId::NIL && !reach.covers(store));
    if beyond { Err(Denied(kind::StockOverride::info().code)) } else { Ok(()) }
}

/// Hands the command in and waits for its receipt.
pub async fn submit<P>(ledger: &Ledger, permit: &Permit<P>, command: Command, key: Key, mode: Mode) -> Done {
    let verdict: Verdict = match mode {
        // The ledger commits in a task of its own, which knows nothing of a dry run of this one.
        Mode::Commit if !dry_run::is_on() => ledger.ask(permit.tenant(), command, Some(key)).await,
        Mode::Commit | Mode::Validate => Box::pin(ledger.validate(permit.tenant(), &command, Some(&key))).await,
    };
    verdict?.map_err(Stop::Refused)
}

/// Hands in what a call came to. A call that came to nothing is asked for by its key.
pub async fn submit_found<P>(ledger: &Ledger, permit: &Permit<P>, command: Result<Command, Stop>, key: Key, mode: Mode) -> Done {
    match command {
        Ok(command) => submit(ledger, permit, command, key, mode).await,
        Err(stop) => first_answer(ledger, permit, &key, stop).await,
    }
}

/// What a call is answered that is refused before the ledger sees it. Names change, keys stay: what cannot be found any more may have been done
/// while it was there, and then the first answer stands.
pub async fn first_answer<P>(ledger: &Ledger, permit: &Permit<P>, key: &Key, stop: Stop) -> Done {
    if !matches!(stop, Stop::Refused(_)) {
        return Err(stop);
    }
    let found = idempotency::look_up(&permit.scope(ledger.database()), [key]).await?;
    match remembered(key, &found) {
        Some(first) => Ok(first?),
        None => Err(stop),
    }
}

/// New ids of documents whose lines are numbered inside them.
pub fn document_ids<K, const N: usize>(ledger: &Ledger) -> [Id<K>; N] {
    std::array::from_fn(|_| ledger.clock().document_id())
}

/// A policy as clients write it: part of the hash of an input.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub fn shortage_word<S: serde::Serializer>(policy: &Shortage, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match policy {
        Shortage::Refuse => "REFUSE",
        Shortage::Shorten => "SHORTEN",
        Shortage::PostDiscrepancy => "POST_DISCREPANCY",
    })
}
