//! The inputs of counts' mutations.

use async_graphql::{Enum, ID, InputObject};
use inventory::counts::{
    core::{BookVisibility, UncountedLines},
    shell,
};
use platform::path;

use super::{
    StocktakeRef,
    enums::{AbcClass, StocktakeKind},
};
use crate::{
    catalog::CategoryRef,
    graphql::{
        reading::InputErrors,
        scalars::{DateTime, Long, Quantity},
    },
    orders::links::{LotRef, ProductRef, StoreRef},
    packs::{PackLine, pack_lines},
    references::Names,
    row_names,
};

/// A new stocktake.
#[derive(Debug, Clone, InputObject)]
pub struct StocktakeCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Kind of the stocktake: the products that it covers.
    pub kind: StocktakeKind,
    /// Store in which the stock is counted.
    pub store: StoreRef,
    /// Deprecated form of `category`: its ID.
    #[graphql(deprecation = "2026-11-26: use category. Removed after 2027-11-26.")]
    pub category_id: Option<ID>,
    /// The category, of a CATEGORY stocktake and of no other. Null for the other kinds.
    pub category: Option<CategoryRef>,
    /// The class, of a CYCLE stocktake and of no other. Null for the other kinds.
    pub abc_class: Option<AbcClass>,
    /// The products, of a LIST and of no other; at most 2,000. Empty by default.
    #[graphql(default)]
    pub products: Vec<ProductRef>,
    /// True if the book quantities are hidden from callers without count.review. Default true.
    #[graphql(default = true)]
    pub is_blind: bool,
    /// Reference of the stocktake in an external system; at most 128 characters, unique in the tenant. Null for none.
    pub external_ref: Option<String>,
    /// Note that is kept with the stocktake, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// True if the stocktake is started in the same call, which is refused if one that has not ended counts a product of it in the store. False by default.
    #[graphql(default)]
    pub start: bool,
}

/// A step of a stocktake.
#[derive(Debug, Clone, InputObject)]
pub struct StocktakeActionInput {
    /// ID of the stocktake. Needed unless `stocktake` names it.
    pub id: Option<ID>,
    /// The stocktake, instead of `id`. Null where `id` is given.
    pub stocktake: Option<StocktakeRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Note, at most 1,000 characters. stocktakeCancel keeps it with the stocktake, stocktakeApprove with the stock movements, and stocktakeStart keeps
    /// none. Null leaves the stocktake's note as it is.
    pub note: Option<String>,
}

/// Quantity found of one product or lot.
#[derive(Debug, Clone, InputObject)]
pub struct StocktakeLineInput {
    /// The product; also one that is not on the list.
    pub product: ProductRef,
    /// Lot that was counted, of a product that is tracked by lots; each lot has a line of its own.
    /// A lot unknown to the books is given by its code and created when the stocktake is approved.
    /// Null for a product that is not tracked.
    pub lot: Option<LotRef>,
    /// Quantity found, in the product's smallest unit: 0 or more. Null where `packs` is given.
    pub counted: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `counted`: `packs` times the units in a pack. Null where `counted` is given.
    pub packs: Option<i32>,
    /// Note that is kept with the stocktake, at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

/// Quantities found in a stocktake. A product that was counted before gets a further attempt, and the
/// last attempt is valid.
#[derive(Debug, Clone, InputObject)]
pub struct StocktakeRecordInput {
    /// ID of the stocktake. Needed unless `stocktake` names it.
    pub id: Option<ID>,
    /// The stocktake, instead of `id`. Null where `id` is given.
    pub stocktake: Option<StocktakeRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Time of counting of all the lines, not before the start of the stocktake. Null for now. Lines
    /// that were counted at another time need a call of their own.
    pub counted_at: Option<DateTime>,
    /// Quantities found, one line for each product or lot; at most 500.
    pub lines: Vec<StocktakeLineInput>,
}

/// Treatment of lines that were not counted, when a stocktake is submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "UncountedLines", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum UncountedPolicy {
    /// Submitting fails while a line is uncounted.
    Refuse,
    /// The stock of lines that were not counted stays unchanged.
    Leave,
}

/// A stocktake that is handed in.
#[derive(Debug, Clone, InputObject)]
pub struct StocktakeSubmitInput {
    /// ID of the stocktake. Needed unless `stocktake` names it.
    pub id: Option<ID>,
    /// The stocktake, instead of `id`. Null where `id` is given.
    pub stocktake: Option<StocktakeRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Treatment of lines that were not counted. Default REFUSE.
    #[graphql(default_with = "UncountedPolicy::Refuse")]
    pub on_uncounted: UncountedPolicy,
}

/// Lines that are to be counted once more.
#[derive(Debug, Clone, InputObject)]
pub struct StocktakeRecountInput {
    /// ID of the stocktake. Needed unless `stocktake` names it.
    pub id: Option<ID>,
    /// The stocktake, instead of `id`. Null where `id` is given.
    pub stocktake: Option<StocktakeRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Products to count once more, at most 500. Null for all with a difference.
    pub products: Option<Vec<ProductRef>>,
}

row_names!("stocktake": stocktake of StocktakeActionInput, StocktakeRecordInput, StocktakeSubmitInput, StocktakeRecountInput);

impl StocktakeCreateInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).optional(("category", self.category.take()), ("categoryId", &mut self.category_id))
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::CountCreate {
        let products = self.products.into_iter().enumerate();
        shell::CountCreate {
            idempotency_key: self.idempotency_key,
            kind: self.kind.into(),
            store: reader.store(self.store, || path!["input", "store"]),
            category: reader.id_opt(self.category_id.as_ref(), || path!["input", "categoryId"]),
            class: self.abc_class.map(Into::into),
            products: products
                .map(|(index, product_ref)| reader.product(product_ref, || path!["input", "products", index]))
                .collect(),
            sight: if self.is_blind { BookVisibility::Blind } else { BookVisibility::Open },
            external_ref: self.external_ref,
            note: self.note,
            start: self.start,
        }
    }
}

impl StocktakeActionInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::CountAct {
        shell::CountAct {
            idempotency_key: self.idempotency_key,
            count: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
        }
    }
}

impl StocktakeRecordInput {
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.lines, "lines", "counted", |line| (Some(&line.product), &mut line.counted, line.packs))
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::CountRecord {
        let lines = self.lines.into_iter().enumerate().map(|(index, line)| shell::CountedLine {
            product: reader.product(line.product, || path!["input", "lines", index, "product"]),
            lot: line.lot.map(|lot| reader.lot(lot, || path!["input", "lines", index, "lot"])),
            counted: reader.units(line.counted, || path!["input", "lines", index, "counted"]),
            note: line.note,
        });
        let lines = lines.collect();
        shell::CountRecord {
            idempotency_key: self.idempotency_key,
            count: reader.row(self.id),
            counted_at: self.counted_at.map(|at| at.0),
            lines,
        }
    }
}

impl StocktakeSubmitInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::CountSubmit {
        shell::CountSubmit {
            idempotency_key: self.idempotency_key,
            count: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            on_uncounted: self.on_uncounted.into(),
        }
    }
}

impl StocktakeRecountInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::CountRecount {
        let products = self.products.map(|products| {
            let products = products.into_iter().enumerate();
            products.map(|(index, product_ref)| reader.product(product_ref, || path!["input", "products", index])).collect()
        });
        shell::CountRecount {
            idempotency_key: self.idempotency_key,
            count: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            products,
        }
    }
}
