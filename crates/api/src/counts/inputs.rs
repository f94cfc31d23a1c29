//! The inputs of counts' mutations.

use async_graphql::{Enum, ID, InputObject};
use inventory::counts::{
    core::{BookVisibility, Uncounted},
    shell,
};
use platform::path;

use super::enums::{AbcClass, CountKind};
use crate::{
    graphql::{
        reading::Reading,
        scalars::{DateTime, Long, Quantity},
    },
    orders::links::{LotRef, ProductRef, StoreRef},
};

/// A new count.
#[derive(Debug, Clone, InputObject)]
pub struct CountCreateInput {
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// Which products it is of.
    pub kind: CountKind,
    /// Where it is counted.
    pub store: StoreRef,
    /// The category, of a CATEGORY count and of no other.
    pub category_id: Option<ID>,
    /// The class, of a CYCLE count and of no other.
    pub abc_class: Option<AbcClass>,
    /// The products, of a LIST and of no other; at most 2,000.
    #[graphql(default)]
    pub products: Vec<ProductRef>,
    /// Whether those who count are not to see what the books say.
    #[graphql(default = true)]
    pub is_blind: bool,
    /// What it is called elsewhere; unique in the tenant; at most 128 characters.
    pub external_ref: Option<String>,
    /// Kept with it; at most 1,000 characters.
    pub note: Option<String>,
}

/// A step of a count.
#[derive(Debug, Clone, InputObject)]
pub struct CountActionInput {
    /// The count.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// Kept with it; at most 1,000 characters.
    pub note: Option<String>,
}

/// What was found of a product.
#[derive(Debug, Clone, InputObject)]
pub struct CountLineInput {
    /// The product; also one that is not on the list.
    pub product: ProductRef,
    /// Which lot, where the product is tracked: a line for each. One that the books do not know is named by its code, and made when the count is
    /// approved.
    pub lot: Option<LotRef>,
    /// How much is there, in the product's smallest unit: 0 or more.
    pub counted: Quantity,
    /// Kept with it; at most 1,000 characters.
    pub note: Option<String>,
}

/// What somebody found. A product that was counted before is counted once more: the last time holds.
#[derive(Debug, Clone, InputObject)]
pub struct CountRecordInput {
    /// The count.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// When all of these were counted; now when it is left out. Not before the count was started. What was counted at another moment goes into a
    /// call of its own.
    pub counted_at: Option<DateTime>,
    /// What was found, a line a product or lot; at most 500.
    pub lines: Vec<CountLineInput>,
}

/// What to do about lines that nobody counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Uncounted", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CountUncounted {
    /// Refuse.
    Refuse,
    /// Their stock stays as it is.
    Leave,
}

/// A count that is handed in.
#[derive(Debug, Clone, InputObject)]
pub struct CountSubmitInput {
    /// The count.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// What to do about lines that nobody counted.
    #[graphql(default_with = "CountUncounted::Refuse")]
    pub on_uncounted: CountUncounted,
}

/// Lines that are to be counted once more.
#[derive(Debug, Clone, InputObject)]
pub struct CountRecountInput {
    /// The count.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// Their products, at most 500; all that are off when it is left out.
    pub products: Option<Vec<ProductRef>>,
}

impl CountCreateInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::CountCreate {
        let products = self.products.into_iter().enumerate();
        shell::CountCreate {
            idempotency_key: self.idempotency_key,
            kind: self.kind.into(),
            store: reading.store(self.store, || path!["input", "store"]),
            category: reading.id_opt(self.category_id.as_ref(), || path!["input", "categoryId"]),
            class: self.abc_class.map(Into::into),
            products: products.map(|(index, one)| reading.product(one, || path!["input", "products", index])).collect(),
            sight: if self.is_blind { BookVisibility::Blind } else { BookVisibility::Open },
            external_ref: self.external_ref,
            note: self.note,
        }
    }
}

impl CountActionInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::CountAct {
        shell::CountAct {
            idempotency_key: self.idempotency_key,
            count: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
        }
    }
}

impl CountRecordInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::CountRecord {
        let lines = self.lines.into_iter().enumerate().map(|(index, line)| shell::CountedLine {
            product: reading.product(line.product, || path!["input", "lines", index, "product"]),
            lot: line.lot.map(|lot| reading.lot(lot, || path!["input", "lines", index, "lot"])),
            counted: line.counted.0,
            note: line.note,
        });
        let lines = lines.collect();
        shell::CountRecord {
            idempotency_key: self.idempotency_key,
            count: reading.id(&self.id, || path!["input", "id"]),
            counted_at: self.counted_at.map(|at| at.0),
            lines,
        }
    }
}

impl CountSubmitInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::CountSubmit {
        shell::CountSubmit {
            idempotency_key: self.idempotency_key,
            count: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            on_uncounted: self.on_uncounted.into(),
        }
    }
}

impl CountRecountInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::CountRecount {
        let products = self.products.map(|products| {
            let products = products.into_iter().enumerate();
            products.map(|(index, one)| reading.product(one, || path!["input", "products", index])).collect()
        });
        shell::CountRecount {
            idempotency_key: self.idempotency_key,
            count: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            products,
        }
    }
}
