//! Documents that say what units are worth.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::{
    pool::{Pool, PostingKey, can_be_told},
    posting::Posting,
};

/// Products that one document revalues at most.
pub const MAX_REVALUED: usize = 500;
/// Characters of its note, which says why.
pub const MAX_NOTE: usize = 1_000;

/// What a product's units are to be worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLine {
    pub product: ProductId,
    /// Of a whole unit.
    pub unit_cost: Money,
}

/// A document that revalues; what it did is in the postings under its event.
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
    pub lines: Vec<RevaluationLine>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevaluationLine {
    /// From 1.
    pub position: u16,
    pub product: ProductId,
    /// Of a whole unit, in minor units of the books' currency.
    pub unit_cost: i64,
    pub decimals: u8,
}

/// Why nothing is revalued.
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
    /// The books are in this currency.
    Currency(usize, Currency),
    /// There are no units to be worth anything.
    NoStock(usize),
    /// Its units would be worth more than can be told exactly.
    TooDear(usize),
    /// All stock together would.
    TooDearTogether,
    /// Another document is called so elsewhere.
    ReferenceTaken,
    KeyReused,
}

/// Whether lines can be revalued: all or none. `units` says how many of a product there are, and its unit's decimals; None where there is no such
/// product.
pub fn check(
    lines: &[NewLine],
    currency: Currency,
    units: impl Fn(ProductId) -> Option<(i64, u8)>,
) -> Result<Vec<RevaluationLine>, RevalueProblem> {
    let mut seen = BTreeSet::new();
    let mut checked = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        if line.unit_cost.currency != currency {
            return Err(RevalueProblem::Currency(index, currency));
        }
        if line.unit_cost.minor < 0 {
            return Err(RevalueProblem::Negative(index));
        }
        if !seen.insert(line.product) {
            return Err(RevalueProblem::Twice(index));
        }
        let (quantity, decimals) = match units(line.product) {
            None => return Err(RevalueProblem::NoProduct(index)),
            Some((0, _)) => return Err(RevalueProblem::NoStock(index)),
            Some(of) => of,
        };
        if !can_be_told(line.unit_cost.minor, quantity, decimals) {
            return Err(RevalueProblem::TooDear(index));
        }
        let (position, unit_cost) = (index as u16 + 1, line.unit_cost.minor);
        checked.push(RevaluationLine { position, product: line.product, unit_cost, decimals });
    }
    Ok(checked)
}

/// Books a line of a document on its product's pool.
pub fn revalue(pool: &mut Pool, document: &Revaluation, line: &RevaluationLine) -> Posting {
    Posting {
        posting_key: PostingKey { seq: document.seq, line: line.position },
        product: line.product,
        store: None,
        kind: CostKind::Revaluation,
        basis: CostBasis::Revalued,
        reference: Some(document.id.uuid()),
        quantity: 0,
        values: pool.revalue(line.unit_cost, line.decimals),
        occurred_at: document.created_at,
        business_date: document.business_date,
        recorded_at: document.created_at,
    }
}
