//! Reads the inputs of mutations: converts IDs and amounts into values, and refuses invalid ones
//! with their paths, several at once.

use async_graphql::{ID, MaybeUndefined};
use entity::{
    id::{Id, Kind},
    prelude::{self, Currency, MoneyError},
};
use inventory::{catalog::core::Patch, ledger as shell, stock::core::MAX_REPORTED};
use platform::path;

use crate::{
    catalog::{MoneyInput, ProductRef, StoreRef},
    graphql::{
        refusal::{ErrorCode, Path, UserError},
        scalars::Quantity,
    },
    references::record_audited_id,
    stock::{LotName, LotRef},
};

/// An input that was read, or everything that is wrong with it.
pub fn read<T>(read: impl FnOnce(&mut InputErrors) -> T) -> Result<T, Vec<UserError>> {
    let mut reader = InputErrors::default();
    let input = read(&mut reader);
    reader.end(input)
}

/// Returns the value of a field that has two names: that of the old name if the new one is left
/// out.
pub fn value_or_deprecated<T>(value: MaybeUndefined<T>, earlier: MaybeUndefined<T>) -> MaybeUndefined<T> {
    if value.is_undefined() { earlier } else { value }
}

/// Converts an optional field of an input into a patch of the core.
pub fn patch<T, U>(value: MaybeUndefined<T>, convert: impl FnOnce(T) -> U) -> Patch<U> {
    match value {
        MaybeUndefined::Undefined => Patch::Keep,
        MaybeUndefined::Null => Patch::Clear,
        MaybeUndefined::Value(value) => Patch::Set(convert(value)),
    }
}

/// Errors of an input that were found so far.
#[derive(Default)]
pub struct InputErrors(Vec<UserError>);

impl InputErrors {
    fn refuse(&mut self, code: ErrorCode, message: impl Into<String>, field: Path) {
        if self.0.len() < MAX_REPORTED {
            self.0.push(UserError::new(code, message, field));
        } else {
            code.count_omitted();
        }
    }

    /// Adds a refusal that was created, and counted, elsewhere.
    pub fn add_error(&mut self, refused: UserError) {
        if self.0.len() < MAX_REPORTED {
            self.0.push(refused);
        }
    }

    /// Refuses a value that has the right type but is invalid.
    pub fn invalid(&mut self, message: &str, field: impl FnOnce() -> Path) {
        self.refuse(ErrorCode::Invalid, message, field());
    }

    /// Refuses an input without a required field.
    pub fn required(&mut self, message: &str, field: impl FnOnce() -> Path) {
        self.refuse(ErrorCode::Required, message, field());
    }

    /// Refuses a value outside its range.
    pub fn out_of_range(&mut self, message: &str, field: impl FnOnce() -> Path) {
        self.refuse(ErrorCode::OutOfRange, message, field());
    }

    /// The value, unless something in the input was refused.
    pub fn end<T>(self, value: T) -> Result<T, Vec<UserError>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }

    /// An id. One of another kind is refused, and nil takes its place until the end.
    pub fn id<K: Kind>(&mut self, id: &ID, field: impl FnOnce() -> Path) -> Id<K> {
        id.parse().unwrap_or_else(|error: entity::id::IdError| {
            self.refuse(ErrorCode::Invalid, error.to_string(), field());
            Id::NIL
        })
    }
    /// The row that a mutation changes: its reference, if it was given, has become the ID. The audit log names it, too.
    pub fn row<K: Kind>(&mut self, id: Option<ID>) -> Id<K> {
        let id = id.unwrap_or_default();
        record_audited_id(&id);
        self.id(&id, || path!["input", "id"])
    }
    pub fn id_opt<K: Kind>(&mut self, id: Option<&ID>, field: impl FnOnce() -> Path) -> Option<Id<K>> {
        id.map(|id| self.id(id, field))
    }

    pub fn store(&mut self, store: StoreRef, field: impl FnOnce() -> Path) -> shell::StoreRef {
        match store {
            StoreRef::Id(id) => shell::StoreRef::Id(self.id(&id, || append_name(field(), "id"))),
            StoreRef::Code(code) => shell::StoreRef::Code(code),
        }
    }
    pub fn product(&mut self, product: ProductRef, field: impl FnOnce() -> Path) -> shell::ProductRef {
        match product {
            ProductRef::Id(id) => shell::ProductRef::Id(self.id(&id, || append_name(field(), "id"))),
            ProductRef::Sku(sku) => shell::ProductRef::Sku(sku),
            ProductRef::Barcode(code) => shell::ProductRef::Barcode(code),
        }
    }

    /// A quantity in smallest units. A missing one was replaced from `packs` or refused by
    /// `packs::convert_packs` before.
    pub fn units(&mut self, units: Option<Quantity>, field: impl FnOnce() -> Path) -> prelude::Quantity {
        let Some(Quantity(units)) = units else {
            self.refuse(ErrorCode::Required, "a quantity is needed", field());
            return prelude::Quantity::ZERO;
        };
        units
    }

    pub fn lot(&mut self, lot: LotRef, field: impl FnOnce() -> Path) -> shell::LotRef {
        match lot {
            LotRef::Id(id) => shell::LotRef::Id(self.id(&id, || append_name(field(), "id"))),
            LotRef::Code(code) => shell::LotRef::Code { code, made_on: None, expires_on: None },
            LotRef::Create(LotName { code, manufactured_on, made_on, expires_on })
            | LotRef::Named(LotName { code, manufactured_on, made_on, expires_on }) => shell::LotRef::Code {
                code,
                made_on: manufactured_on.or(made_on).map(|day| day.0),
                expires_on: expires_on.map(|day| day.0),
            },
        }
    }

    /// An amount with at most its currency's decimals.
    pub fn money(&mut self, money: Option<&MoneyInput>, field: impl FnOnce() -> Path) -> Option<prelude::Money> {
        let money = money?;
        let Some(currency) = Currency::parse(&money.currency_code.0) else {
            self.refuse(
                ErrorCode::Invalid,
                "an ISO 4217 code in use is expected, as in GBP",
                append_name(field(), "currencyCode"),
            );
            return None;
        };
        match prelude::Money::parse(&money.amount.0, currency) {
            Ok(money) => Some(money),
            Err(error) => {
                let code = match error {
                    MoneyError::NotANumber | MoneyError::TooManyDecimals { .. } => ErrorCode::Invalid,
                    MoneyError::OutOfRange => ErrorCode::OutOfRange,
                };
                self.refuse(code, error.to_string(), append_name(field(), "amount"));
                None
            }
        }
    }

    /// Ids of a list.
    pub fn ids<K: Kind>(&mut self, ids: Option<Vec<ID>>, name: &str) -> Vec<Id<K>> {
        let ids = ids.into_iter().flatten().enumerate();
        ids.map(|(index, id)| self.id(&id, || path!["input", name, index])).collect()
    }
}

fn append_name(mut path: Path, name: &str) -> Path {
    path.push(name.to_owned());
    path
}
