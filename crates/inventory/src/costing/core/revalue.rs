//! Documents that say what units are worth.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::stages::{Stage, Staged, earliest};

use super::{
    added_charge::{AddedCharge, ChargeShare},
    pool::{Pool, PostingKey, Values, WorthBefore, can_be_told},
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
    /// The one that it undoes.
    pub reverses: Option<RevaluationId>,
    /// The charge that made goods dearer after they had come.
    pub charge: Option<AddedCharge>,
    pub lines: Vec<RevaluationLine>,
}

/// A document that is decided, and has neither number nor place in the journal: both are given when it is written, and with them its moment.
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
    pub fn written(self, number: i64, seq: i64, created_at: Timestamp) -> Revaluation {
        let Self { id, external_ref, note, actor, business_date, reverses, charge, lines } = self;
        Revaluation { id, number, seq, external_ref, note, actor, business_date, created_at, reverses, charge, lines }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevaluationLine {
    /// From 1.
    pub position: u16,
    pub product: ProductId,
    /// Of a whole unit, in minor units of the books' currency.
    pub unit_cost: i64,
    pub decimals: u8,
    /// Of a charge, and of what takes one back: the unit cost follows from it, by the average and rounded.
    pub charge: Option<ChargeShare>,
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

/// Why a revaluation is not undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoProblem {
    NoNote,
    NoteTooLong,
    NoRevaluation,
    /// It undoes another one itself.
    OfReversal,
    AlreadyReversed,
    /// The book has not come to it yet.
    NotBooked,
    /// An older release booked it, and kept no worths of before.
    WorthUnknown,
    /// Later facts of its products rest on it.
    Rests(Resting),
    /// All stock together would be worth more than can be told exactly.
    TooDearTogether,
    KeyReused,
}

/// What came after a revaluation of its products, the newest first: at most ten of a kind by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resting {
    pub revaluations: Vec<RevaluationId>,
    pub movements: Vec<MovementId>,
    /// How many there are, at most 500 of a kind.
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

/// Whether lines can be revalued: all or none. `units` says how many of a product there are, and its unit's decimals; None where there is no such
/// product.
///
/// # Errors
/// All problems of the first stage that has any.
pub fn check(
    lines: &[NewLine],
    currency: Currency,
    units: impl Fn(ProductId) -> Option<(i64, u8)>,
) -> Result<Vec<RevaluationLine>, Vec<RevalueProblem>> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    let mut checked = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        match check_line((index, line), currency, &mut seen, units(line.product)) {
            Ok(line) => checked.push(line),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(checked) } else { Err(earliest(problems)) }
}

fn check_line(
    (index, line): (usize, &NewLine),
    currency: Currency,
    seen: &mut BTreeSet<ProductId>,
    units: Option<(i64, u8)>,
) -> Result<RevaluationLine, RevalueProblem> {
    if line.unit_cost.currency != currency {
        return Err(RevalueProblem::Currency(index, currency));
    }
    if line.unit_cost.minor < 0 {
        return Err(RevalueProblem::Negative(index));
    }
    if !seen.insert(line.product) {
        return Err(RevalueProblem::Twice(index));
    }
    let (quantity, decimals) = match units {
        None => return Err(RevalueProblem::NoProduct(index)),
        Some((0, _)) => return Err(RevalueProblem::NoStock(index)),
        Some(of) => of,
    };
    if !can_be_told(line.unit_cost.minor, quantity, decimals) {
        return Err(RevalueProblem::TooDear(index));
    }
    let (position, unit_cost) = (index as u16 + 1, line.unit_cost.minor);
    Ok(RevaluationLine { position, product: line.product, unit_cost, decimals, charge: None })
}

/// Books a line of a document on its product's pool.
pub fn revalue(pool: &mut Pool, document: &Revaluation, line: &RevaluationLine) -> Posting {
    posting(document, line, (CostBasis::Revalued, revalued(pool, line)))
}

/// Revalues what its product's pool has, and says by how much.
pub fn revalued(pool: &mut Pool, line: &RevaluationLine) -> Values {
    match &line.charge {
        Some(charge) => pool.charge(charge),
        None => pool.revalue(line.unit_cost, line.decimals),
    }
}

/// Books a line of a document that undoes another one: the units are worth what they were before that.
pub fn restore(pool: &mut Pool, document: &Revaluation, line: &RevaluationLine, before: &WorthBefore) -> Posting {
    posting(document, line, (CostBasis::Reversed, pool.restore(before)))
}

fn posting(document: &Revaluation, line: &RevaluationLine, (basis, values): (CostBasis, Values)) -> Posting {
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
