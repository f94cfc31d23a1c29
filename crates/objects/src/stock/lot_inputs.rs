//! Inputs about lots, and about stock that is set aside.

use async_graphql::{Enum, ID, InputObject, MaybeUndefined, OneofObject};
use inventory::lots::{core::Destination, shell};
use platform::path;

use super::{ReasonCode, ShortagePolicy, StockCondition};
use crate::{
    catalog::{ProductRef, StoreRef},
    graphql::{
        reading::{InputErrors, patch, value_or_deprecated},
        scalars::{Date, DateTime, Long, Quantity},
    },
    packs::{PackLine, pack_lines},
};

/// A lot of the line's product. Give one.
#[derive(Debug, Clone, OneofObject)]
pub enum LotRef {
    /// ID of the lot.
    Id(ID),
    /// Code of the lot, at most 128 characters; case is ignored. For stock that comes in, an
    /// unknown code creates a lot without dates.
    Code(String),
    /// Code of the lot, with the dates of a new one.
    Create(LotName),
    /// Deprecated name of `create`.
    #[graphql(deprecation = "2026-11-25: use create. Removed after 2027-11-25.")]
    Named(LotName),
}

/// Code of a lot, with the dates of a new one. Dates that differ from those of a known lot are refused.
#[derive(Debug, Clone, InputObject)]
pub struct LotName {
    /// Code printed on the lot, at most 128 characters.
    pub code: String,
    /// Day on which the lot was made. Null when unknown.
    pub manufactured_on: Option<Date>,
    /// Deprecated name of `manufacturedOn`.
    #[graphql(deprecation = "2026-11-25: use manufacturedOn. Removed after 2027-11-25.")]
    pub made_on: Option<Date>,
    /// Last day on which the lot may be used. Null when it has no expiry date.
    pub expires_on: Option<Date>,
}

/// A new lot.
#[derive(Debug, Clone, InputObject)]
pub struct LotCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The product, which is tracked by lots or serial numbers.
    pub product: ProductRef,
    /// Code printed on the lot, at most 128 characters, unique within the product; case is ignored.
    pub code: String,
    /// Day on which the lot was made. Null when unknown.
    pub manufactured_on: Option<Date>,
    /// Deprecated name of `manufacturedOn`.
    #[graphql(deprecation = "2026-11-27: use manufacturedOn. Removed after 2027-11-27.")]
    pub made_on: Option<Date>,
    /// Last day on which the lot may be used. Null when it has no expiry date.
    pub expires_on: Option<Date>,
    /// Note on the lot, at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

impl LotCreateInput {
    pub fn read(self, reader: &mut InputErrors) -> shell::LotCreateInput {
        shell::LotCreateInput {
            idempotency_key: self.idempotency_key,
            product: reader.product(self.product, || path!["input", "product"]),
            code: self.code,
            made_on: self.manufactured_on.or(self.made_on).map(|day| day.0),
            expires_on: self.expires_on.map(|day| day.0),
            note: self.note,
        }
    }
}

/// A change of a lot. Fields that are left out stay as they are; null clears.
#[derive(Debug, Clone, InputObject)]
pub struct LotUpdateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The lot.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Day on which the lot was made. Null clears.
    pub manufactured_on: MaybeUndefined<Date>,
    /// Deprecated name of `manufacturedOn`.
    #[graphql(deprecation = "2026-11-27: use manufacturedOn. Removed after 2027-11-27.")]
    pub made_on: MaybeUndefined<Date>,
    /// Last day on which the lot may be used. A later day makes stock available again that was set aside as expired. Null for no
    /// expiry date.
    pub expires_on: MaybeUndefined<Date>,
    /// Note on the lot, at most 1,000 characters.
    pub note: MaybeUndefined<String>,
    /// Policy for an earlier expiry date that takes reserved stock. Default REFUSE.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
}

impl LotUpdateInput {
    pub fn read(self, reader: &mut InputErrors) -> shell::LotActInput {
        let day = |value: MaybeUndefined<Date>| patch(value, |day| day.0);
        shell::LotActInput {
            idempotency_key: self.idempotency_key,
            lot: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            note: None,
            on_shortage: self.on_shortage.into(),
            fields: Some(shell::LotFields {
                made_on: day(value_or_deprecated(self.manufactured_on, self.made_on)),
                expires_on: day(self.expires_on),
                note: patch(self.note, |note| note),
            }),
        }
    }
}

/// Step of a whole lot, in all stores.
#[derive(Debug, Clone, InputObject)]
pub struct LotStatusInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The lot.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Reason for the step, stored with the movement; at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// Policy for a step that takes reserved stock: REFUSE or SHORTEN. Default REFUSE.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
}

impl LotStatusInput {
    pub fn read(self, reader: &mut InputErrors) -> shell::LotActInput {
        shell::LotActInput {
            idempotency_key: self.idempotency_key,
            lot: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
            on_shortage: self.on_shortage.into(),
            fields: None,
        }
    }
}

/// Condition that a move gives to stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Destination", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockMoveTarget {
    /// The stock can be sold.
    Available,
    /// The goods are set aside until they are inspected.
    Quarantine,
    /// The goods are damaged and still there.
    Damaged,
    /// The stock is gone.
    WrittenOff,
}

/// Quantity of a product to move within a store, with its lot.
#[derive(Debug, Clone, InputObject)]
pub struct StockMoveItem {
    /// The product.
    pub product: ProductRef,
    /// The store.
    pub store: StoreRef,
    /// Quantity to move, above 0, in the product's smallest unit. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `quantity`: `packs` times the units in a pack. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// The lot, where the product is tracked; picked first-expired-first-out when it is left out.
    pub lot: Option<LotRef>,
    /// Note that is kept with the entry, at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

/// Stock that is set aside, taken back or written off.
#[derive(Debug, Clone, InputObject)]
pub struct StockMoveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Current condition of the stock. Default AVAILABLE.
    #[graphql(default_with = "StockCondition::Available")]
    pub from: StockCondition,
    /// Condition of the stock after the move.
    pub to: StockMoveTarget,
    /// Reason for the move.
    pub reason_code: ReasonCode,
    /// Note that is kept with the stock movement, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// Time of the change. Null for now.
    pub occurred_at: Option<DateTime>,
    /// Policy for a move that takes reserved stock. Default REFUSE.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
    /// The quantities, at most 500, all or none.
    pub items: Vec<StockMoveItem>,
}

impl StockMoveInput {
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.items, "items", "quantity", |item| (Some(&item.product), &mut item.quantity, item.packs))
    }
    pub fn read(self, reader: &mut InputErrors) -> shell::MoveInput {
        let items = self.items.into_iter().enumerate().map(|(index, item)| {
            let at = |name: &str| path!["input", "items", index, name];
            shell::MoveItemInput {
                product: reader.product(item.product, || at("product")),
                store: reader.store(item.store, || at("store")),
                quantity: reader.units(item.quantity, || at("quantity")),
                lot: item.lot.map(|lot| reader.lot(lot, || at("lot"))),
                note: item.note,
            }
        });
        let items = items.collect();
        shell::MoveInput {
            idempotency_key: self.idempotency_key,
            from: self.from.into(),
            to: self.to.into(),
            reason: self.reason_code.into(),
            note: self.note,
            occurred_at: self.occurred_at.map(|at| at.0),
            on_shortage: self.on_shortage.into(),
            items,
        }
    }
}
