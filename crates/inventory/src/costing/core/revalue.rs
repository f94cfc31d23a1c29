//! Documents that set the value of units.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::stages::{Stage, Staged, keep_earliest};

use super::{
    added_charge::{AddedCharge, ChargeShare},
    pool::{Pool, PostingKey, Values, WorthBefore, is_value_in_range},
    posting::Posting,
};

/// Maximum products of one document.
pub const MAX_REVALUED_PRODUCTS: usize = 500;
/// Maximum characters of a document's note, which has its reason.
pub const MAX_NOTE: usize = 1_000;

/// Requested unit cost of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLine {
    pub product: ProductId,
    /// Cost of a whole unit.
    pub unit_cost: Money,
}

/// A document that revalues products; its effects are the postings of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revaluation {
    pub id: RevaluationId,
    pub number: i64,
    pub seq: i64,
    pub external_ref: Option<String>,
    pub note: String,
    pub actor: Actor,
    pub business_date: i32,
    pub created_at: Timestamp,
    /// The revaluation that this one reverses.
    pub reverses: Option<RevaluationId>,
    /// The charge that was added to a purchase order after its goods were received.
    pub charge: Option<AddedCharge>,
    pub lines: Vec<RevaluationLine>,
}

/// A decided document without its number, event and time, which it gets when it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRevaluation {
    pub id: RevaluationId,
    pub external_ref: Option<String>,
    pub note: String,
    pub actor: Actor,
    pub business_date: i32,
    pub reverses: Option<RevaluationId>,
    pub charge: Option<AddedCharge>,
    pub lines: Vec<RevaluationLine>,
}

impl NewRevaluation {
    pub fn into_revaluation(self, number: i64, seq: i64, created_at: Timestamp) -> Revaluation {
        let Self { id, external_ref, note, actor, business_date, reverses, charge, lines } = self;
        Revaluation { id, number, seq, external_ref, note, actor, business_date, created_at, reverses, charge, lines }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevaluationLine {
    /// 1-based.
    pub position: u16,
    pub product: ProductId,
    /// Cost of a whole unit, in minor units of the books' currency.
    pub unit_cost: i64,
    pub decimals: u8,
    /// Share of an added charge, or of the reversal of one: the unit cost is the resulting average,
    /// rounded.
    pub charge: Option<ChargeShare>,
}

/// Reasons to refuse a revaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevalueProblem {
    NoLines,
    TooManyLines,
    NoNote,
    NoteTooLong,
    Reference,
    NoProduct(usize),
    Twice(usize),
    Negative(usize),
    /// The cost's currency is not that of the books, which is given.
    Currency(usize, Currency),
    /// The product has no units.
    NoStock(usize),
    /// The product's value would exceed the range of exact integers.
    TooDear(usize),
    /// The value of all stock together would exceed it.
    TooDearTogether,
    /// Another document has this external reference.
    ReferenceTaken,
    KeyReused,
}

/// Reasons to refuse the reversal of a revaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoProblem {
    NoNote,
    NoteTooLong,
    NoRevaluation,
    /// The document is itself a reversal.
    OfReversal,
    AlreadyReversed,
    /// The cost book has not reached the document's event yet.
    NotBooked,
    /// An older release booked the document, and stored no values from before it.
    WorthUnknown,
    /// Later movements or revaluations of its products depend on it.
    Rests(LaterDocuments),
    /// The value of all stock together would exceed the range of exact integers.
    TooDearTogether,
    KeyReused,
}

/// Revaluations and movements that followed a revaluation of its products, the newest first: at
/// most ten of a kind by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaterDocuments {
    pub revaluations: Vec<RevaluationId>,
    pub movements: Vec<MovementId>,
    /// Number of such documents, at most 500 of a kind.
    pub count: usize,
}

impl Staged for RevalueProblem {
    fn stage(&self) -> Stage {
        match self {
            Self::NoLines | Self::TooManyLines | Self::NoNote | Self::NoteTooLong | Self::Reference => Stage::Shape,
            Self::NoProduct(_) => Stage::Reference,
            Self::Twice(_) | Self::Negative(_) | Self::Currency(..) | Self::TooDear(_) | Self::TooDearTogether => Stage::Value,
            Self::NoStock(_) | Self::ReferenceTaken | Self::KeyReused => Stage::State,
        }
    }
}

/// Checks that lines can be revalued: all or none. `units` returns a product's quantity and its
/// unit's decimals, or None if there is no such product.
///
/// # Errors
/// All problems of the first stage that has any.
pub fn check_lines(
    lines: &[NewLine],
    currency: Currency,
    units: impl Fn(ProductId) -> Option<(i64, u8)>,
) -> Result<Vec<RevaluationLine>, Vec<RevalueProblem>> {
    let mut seen_products = BTreeSet::new();
    let mut problems = Vec::new();
    let mut checked_lines = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        match check_line((index, line), currency, &mut seen_products, units(line.product)) {
            Ok(line) => checked_lines.push(line),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(checked_lines) } else { Err(keep_earliest(problems)) }
}

fn check_line(
    (index, line): (usize, &NewLine),
    currency: Currency,
    seen_products: &mut BTreeSet<ProductId>,
    units: Option<(i64, u8)>,
) -> Result<RevaluationLine, RevalueProblem> {
    if line.unit_cost.currency != currency {
        return Err(RevalueProblem::Currency(index, currency));
    }
    if line.unit_cost.minor < 0 {
        return Err(RevalueProblem::Negative(index));
    }
    if !seen_products.insert(line.product) {
        return Err(RevalueProblem::Twice(index));
    }
    let (quantity, decimals) = match units {
        None => return Err(RevalueProblem::NoProduct(index)),
        Some((0, _)) => return Err(RevalueProblem::NoStock(index)),
        Some(units_and_decimals) => units_and_decimals,
    };
    if !is_value_in_range(line.unit_cost.minor, quantity, decimals) {
        return Err(RevalueProblem::TooDear(index));
    }
    let (position, unit_cost) = (index as u16 + 1, line.unit_cost.minor);
    Ok(RevaluationLine { position, product: line.product, unit_cost, decimals, charge: None })
}

/// Books a line of a document on its product's pool.
pub fn post_revaluation(pool: &mut Pool, document: &Revaluation, line: &RevaluationLine) -> Posting {
    build_posting(document, line, (CostBasis::Revalued, apply_revaluation(pool, line)))
}

/// Revalues the units of a product's pool; returns the change of the values.
pub fn apply_revaluation(pool: &mut Pool, line: &RevaluationLine) -> Values {
    match &line.charge {
        Some(charge) => pool.charge(charge),
        None => pool.revalue(line.unit_cost, line.decimals),
    }
}

/// Books a line of a document that undoes another one: the units get their values from before it.
pub fn post_restoration(pool: &mut Pool, document: &Revaluation, line: &RevaluationLine, before: &WorthBefore) -> Posting {
    build_posting(document, line, (CostBasis::Reversed, pool.restore(before)))
}

fn build_posting(document: &Revaluation, line: &RevaluationLine, (basis, values): (CostBasis, Values)) -> Posting {
    Posting {
        posting_key: PostingKey { seq: document.seq, line: line.position },
        product: line.product,
        store: None,
        kind: CostKind::Revaluation,
        basis,
        reference: Some(document.id.uuid()),
        quantity: 0,
        values,
        occurred_at: document.created_at,
        business_date: document.business_date,
        recorded_at: document.created_at,
    }
}
