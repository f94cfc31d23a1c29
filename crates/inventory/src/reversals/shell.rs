//! Reversals: what callers supply, which document it is, and naming what rests on it. Each room of documents has the call that reverses its own.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    paging::{Listed, PageRequest},
    storage::{Database, Fault, Nested, Reads, TenantScope},
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    core::{Call, Named, Refusal, Resting, Rests, Reversal, Wanted},
    rows::{self, Found, ReversalFilter, ReversalsSorted},
};
use crate::{
    ledger::{
        Checks, Done, Ledger, MAX_NOTE, Stop, check_key, document_ids, first_answer, key_of, may_override, overrides,
        shortage_word,
    },
    stock::core::{At, Field, Movement, Noun, Reason, Reference, ReferenceKind, Rejection, RoomRefusal, Shortage},
};

/// The most lines in one call.
pub const MAX_LINES: usize = 2_000;
/// How often a call that names no version is made when the document changes between its reading and its writing.
pub const MOST_TRIES: u32 = 5;

/// What `documentReverse` was given. Its JSON is what the idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentReverse {
    #[serde(skip)]
    pub idempotency_key: String,
    /// As it was typed: a TypeID.
    pub document: String,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// None: all that is left of it.
    pub lines: Option<Vec<ReverseLine>>,
    pub note: String,
    pub occurred_at: Option<Timestamp>,
    #[serde(serialize_with = "shortage_word")]
    pub on_shortage: Shortage,
    /// The register that a sale is taken back at; None where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ReverseLine {
    /// A line of the document; a product where lines have no ids.
    pub line: Uuid,
    pub quantity: Option<Quantity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotId>,
}

/// The mutation's name in idempotency keys.
pub const MUTATION: &str = "documentReverse";

/// What of the input needs no document to be looked at.
pub fn checked(input: &DocumentReverse) -> Result<(), Stop> {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.needed(&input.note, MAX_NOTE, || At::input(Field::Note));
    checks.register(input.register.as_deref(), || At::input(Field::Register));
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    checks.done()
}

/// What is asked for of which lines.
pub fn wanted(input: &DocumentReverse) -> Option<Vec<Wanted>> {
    let of = |one: &ReverseLine| Wanted { line: one.line, quantity: one.quantity, lot: one.lot };
    Some(input.lines.as_ref()?.iter().map(of).collect())
}

/// What a call asks for, with new ids for the movements of so many originals.
pub fn call_of(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    originals: &[Movement],
) -> Result<Call, Stop> {
    let overriding = may_override(permit, input.on_shortage)?;
    overrides(&overriding, originals.iter().flat_map(|original| &original.entries).map(|entry| entry.key.store))?;
    Ok(Call {
        id: ledger.clock().document_id(),
        note: input.note.clone(),
        actor: permit.actor(),
        occurred_at: input.occurred_at,
        on_shortage: input.on_shortage,
        movements: originals.iter().map(|_| document_ids(ledger)).collect(),
    })
}

/// There is no such document, or it is not the caller's.
pub fn missing() -> Stop {
    Rejection::not_found(Noun::Document, At::input(Field::Document)).into()
}

/// Answers a call that names no document, or several: what it names today may be another than when its key was used first.
pub async fn nothing_reverse(ledger: &Ledger, permit: &Permit<kind::DocumentReverse>, input: &DocumentReverse) -> Done {
    checked(input)?;
    let key = key_of(permit, MUTATION, &input.idempotency_key, input);
    first_answer(ledger, permit, &key, missing()).await
}

/// Tries of a call on a document.
pub struct Tries(u32);

impl Tries {
    /// A call that names a version is tried once.
    pub fn of(expected_version: Option<i64>) -> Self {
        Self(if expected_version.is_none() { MOST_TRIES } else { 1 })
    }

    /// Whether the call is tried again after a refusal: a step came between its reading and its writing.
    pub fn again(&mut self, stop: &Stop) -> bool {
        self.0 -= 1;
        let is_overtaken = |one: &Rejection| matches!(one.why, Reason::StaleDocument { .. });
        self.0 > 0 && matches!(stop, Stop::Refused(all) if all.iter().any(is_overtaken))
    }
}

/// Names the documents that a refusal is about.
pub async fn named(reads: &impl Reads, stop: Stop, originals: &[Movement]) -> Result<Stop, Fault> {
    let Stop::Refused(all) = stop else { return Ok(stop) };
    let mut told = Vec::with_capacity(all.len());
    for rejection in all {
        told.push(named_one(reads, rejection, originals).await?);
    }
    Ok(Stop::Refused(told))
}

async fn named_one(reads: &impl Reads, rejection: Rejection, originals: &[Movement]) -> Result<Rejection, Fault> {
    let at = rejection.at;
    let since = originals.iter().map(|original| original.seq).min().unwrap_or_default();
    let taken = match &rejection.why {
        Reason::Insufficient { level, usable, requested } => Some((level, *usable, requested.get())),
        Reason::LotShort { level: Some(level), usable, requested, .. } => Some((level, *usable, *requested)),
        _ => None,
    };
    if let Some((level, usable, requested)) = taken {
        let found = rows::takers(reads, level.key, since).await?;
        if found.count == 0 {
            return Ok(rejection);
        }
        let why = Resting::Taken { sku: level.facts.sku.clone(), usable: usable.max(0), requested };
        return Ok(resting(why, found).at(at));
    }
    let Some(Refusal::InUse(Rests { why, documents, .. })) = rejection.of_room::<Refusal>() else { return Ok(rejection) };
    if !documents.is_empty() {
        return Ok(rejection);
    }
    let found = match why {
        Resting::SupplierReturn { line } => rows::supplier_returns_of(reads, *line).await?,
        Resting::Returned { order } => rows::returns_of(reads, *order).await?,
        Resting::Invoiced { order } => rows::invoices_of(reads, *order).await?,
        Resting::AskedBack { order, ret } => {
            let own = Named::Document(Reference { kind: ReferenceKind::Return, id: ret.uuid() });
            let found = rows::returns_of(reads, *order).await?;
            Found::of(found.documents.into_iter().filter(|document| *document != own))
        }
        Resting::Scrapped { level, .. } => rows::takers(reads, *level, since).await?,
        Resting::Taken { .. }
        | Resting::Inspected
        | Resting::Paid
        | Resting::LaterReturn
        | Resting::Loss
        | Resting::LaterSteps
        | Resting::LaterCount
        | Resting::LaterPayments
        | Resting::AddedCharges
        | Resting::LateFacts => Found::default(),
    };
    Ok(resting(why.clone(), found).at(at))
}

fn resting(why: Resting, Found { documents, count }: Found) -> Refusal {
    Refusal::InUse(Rests { why, documents, count })
}

/// The scope of what a permit of reading is for.
fn reach(permit: &Permit<kind::StockMovementRead>, filter: &mut Nested<ReversalFilter>) {
    if let iam::access::Reach::Stores(stores) = permit.reach() {
        filter.own.stores.push(stores.to_vec());
    }
}

/// A page of reversals in the permit's stores, in the order that is asked for.
pub async fn page(
    permit: &Permit<kind::StockMovementRead>,
    db: &Database,
    mut filter: Nested<ReversalFilter>,
    sorted: ReversalsSorted,
    request: &PageRequest,
) -> Result<Listed<Reversal>, Fault> {
    reach(permit, &mut filter);
    let scope = permit.scope(db);
    let source = rows::source(scope.backend(), &filter);
    Ok(Listed { rows: rows::page(&scope, source.clone(), sorted, request).await?, source })
}

/// A reversal, if it is in one of the permit's stores.
pub async fn find(permit: &Permit<kind::StockMovementRead>, db: &Database, id: ReversalId) -> Result<Option<Reversal>, Fault> {
    let found = rows::reversals(&permit.scope(db), &[id]).await?.pop();
    Ok(found.filter(|reversal| sees(permit, reversal)))
}

/// Whether a reversal is in one of the permit's stores.
pub fn sees(permit: &Permit<kind::StockMovementRead>, reversal: &Reversal) -> bool {
    let subject = reversal.subject;
    [Some(subject.store), subject.other_store].into_iter().flatten().any(|store| permit.covers(store))
}

/// The movements that a reversal wrote.
pub async fn mirrors(scope: &TenantScope, reversal: &Reversal) -> Result<Vec<Movement>, Fault> {
    rows::mirrors_of(scope, reversal).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of calls that are made while each is refused like this.
    fn calls(expected_version: Option<i64>, why: Rejection) -> usize {
        let (mut tries, stop) = (Tries::of(expected_version), Stop::from(why));
        1 + std::iter::repeat_with(|| tries.again(&stop)).take_while(|is_again| *is_again).count()
    }

    #[test]
    fn a_call_without_a_version_is_tried_again_when_a_step_came_between() {
        let stale = || Rejection::stale(Noun::Document, Uuid::nil(), 2);
        assert_eq!(calls(None, stale()), 5);
        assert_eq!(calls(Some(1), stale()), 1, "its caller says which version is meant");
        assert_eq!(calls(None, Rejection::key_reused()), 1, "no other try is answered otherwise");
    }
}
