//! Reversals: the callers' input, the lookup of its document, and the names of documents that
//! depend on it. Each room of documents has the call that reverses its own documents.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    paging::{ListPage, PageRequest},
    storage::{Database, Fault, Nested, Reads, TenantScope},
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    core::{Call, DependencyReason, DependentDocument, Dependents, Refusal, RequestedLine, Reversal},
    rows::{self, DependentList, ReversalFilter, ReversalsSorted},
};
use crate::{
    ledger::{
        Checks, Ledger, MAX_NOTE, Stop, SubmitResult, check_key, check_override, document_ids, key_of, may_override,
        serialize_shortage, stored_answer_or,
    },
    stock::core::{At, Field, Movement, Noun, Reason, Reference, ReferenceKind, Rejection, RoomRefusal, Shortage},
};

/// Maximum lines of a call.
pub const MAX_LINES: usize = 2_000;
/// Maximum number of tries of a call that names no version, if the document changes between its
/// read and its write.
pub const MAX_TRIES: u32 = 5;

/// Input of `documentReverse`. The idempotency key's hash covers its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentReverse {
    #[serde(skip)]
    pub idempotency_key: String,
    /// The document's reference as the caller typed it: a TypeID.
    pub document: String,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// None for all that can still be reversed.
    pub lines: Option<Vec<ReverseLine>>,
    pub note: String,
    pub occurred_at: Option<Timestamp>,
    #[serde(serialize_with = "serialize_shortage")]
    pub on_shortage: Shortage,
    /// Register of the reversal of a sale; None if none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ReverseLine {
    /// A line of the document, or a product if lines have no IDs.
    pub line: Uuid,
    pub quantity: Option<Quantity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotId>,
}

/// The mutation's name in idempotency keys.
pub const REVERSE_MUTATION: &str = "documentReverse";

/// Checks the input as far as no document is needed for it.
pub fn check_input(input: &DocumentReverse) -> Result<(), Stop> {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.check_required(&input.note, MAX_NOTE, || At::input(Field::Note));
    checks.register(input.register.as_deref(), || At::input(Field::Register));
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    checks.done()
}

/// Returns the requested lines and quantities.
pub fn requested_lines(input: &DocumentReverse) -> Option<Vec<RequestedLine>> {
    let to_requested_line = |reverse_line: &ReverseLine| RequestedLine {
        line: reverse_line.line,
        quantity: reverse_line.quantity,
        lot: reverse_line.lot,
    };
    Some(input.lines.as_ref()?.iter().map(to_requested_line).collect())
}

/// Builds the arguments of a reversal, with new IDs for the movements of the originals.
pub fn build_call(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    originals: &[Movement],
) -> Result<Call, Stop> {
    let override_reach = may_override(permit, input.on_shortage)?;
    check_override(&override_reach, originals.iter().flat_map(|original| &original.entries).map(|entry| entry.key.store))?;
    Ok(Call {
        id: ledger.clock().document_id(),
        note: input.note.clone(),
        actor: permit.actor(),
        occurred_at: input.occurred_at,
        on_shortage: input.on_shortage,
        movements: originals.iter().map(|_| document_ids(ledger)).collect(),
    })
}

/// The document does not exist, or is beyond the caller's reach.
pub fn document_not_found() -> Stop {
    Rejection::not_found(Noun::Document, At::input(Field::Document)).into()
}

/// Answers a call that names no document, or several: a repeated key gets its first answer,
/// whatever the name stands for today.
pub async fn answer_unknown_document(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
) -> SubmitResult {
    check_input(input)?;
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    stored_answer_or(ledger, permit, &key, document_not_found()).await
}

/// Remaining attempts of a call on a document.
pub struct RemainingAttempts(u32);

impl RemainingAttempts {
    /// Returns one attempt for a call with an expected version, else the maximum.
    pub fn of(expected_version: Option<i64>) -> Self {
        Self(if expected_version.is_none() { MAX_TRIES } else { 1 })
    }

    /// True if the call is tried again after a rejection: a step changed the document between the
    /// call's read and its write.
    pub fn should_retry(&mut self, stop: &Stop) -> bool {
        self.0 -= 1;
        let is_overtaken = |rejection: &Rejection| matches!(rejection.why, Reason::StaleDocument { .. });
        self.0 > 0 && matches!(stop, Stop::Refused(rejections) if rejections.iter().any(is_overtaken))
    }
}

/// Adds the names of the documents that a rejection is about.
pub async fn with_document_names(reads: &impl Reads, stop: Stop, originals: &[Movement]) -> Result<Stop, Fault> {
    let Stop::Refused(rejections) = stop else { return Ok(stop) };
    let mut named_rejections = Vec::with_capacity(rejections.len());
    for rejection in rejections {
        named_rejections.push(name_dependents_of(reads, rejection, originals).await?);
    }
    Ok(Stop::Refused(named_rejections))
}

async fn name_dependents_of(reads: &impl Reads, rejection: Rejection, originals: &[Movement]) -> Result<Rejection, Fault> {
    let at = rejection.at;
    let first_seq = originals.iter().map(|original| original.seq).min().unwrap_or_default();
    let shortage = match &rejection.why {
        Reason::Insufficient { level, usable, requested } => Some((level, *usable, requested.get())),
        Reason::LotShort { level: Some(level), usable, requested, .. } => Some((level, *usable, *requested)),
        _ => None,
    };
    if let Some((level, usable, requested)) = shortage {
        let dependents = rows::stock_consumers(reads, level.key, first_seq).await?;
        if dependents.count == 0 {
            return Ok(rejection);
        }
        let reason = DependencyReason::Taken { sku: level.facts.sku.clone(), usable: usable.max(0), requested };
        return Ok(in_use_refusal(reason, dependents).at(at));
    }
    let Some(Refusal::InUse(Dependents { why: reason, documents, .. })) = rejection.of_room::<Refusal>() else {
        return Ok(rejection);
    };
    if !documents.is_empty() {
        return Ok(rejection);
    }
    let dependents = match reason {
        DependencyReason::SupplierReturn { line } => rows::supplier_returns_of(reads, *line).await?,
        DependencyReason::Returned { order } => rows::returns_of(reads, *order).await?,
        DependencyReason::Invoiced { order } => rows::invoices_of(reads, *order).await?,
        DependencyReason::AskedBack { order, ret } => {
            let own_return = DependentDocument::Document(Reference { kind: ReferenceKind::Return, id: ret.uuid() });
            let dependents = rows::returns_of(reads, *order).await?;
            DependentList::of(dependents.documents.into_iter().filter(|document| *document != own_return))
        }
        DependencyReason::Scrapped { level, .. } => rows::stock_consumers(reads, *level, first_seq).await?,
        DependencyReason::Taken { .. }
        | DependencyReason::Inspected
        | DependencyReason::Paid
        | DependencyReason::LaterReturn
        | DependencyReason::Loss
        | DependencyReason::LaterSteps
        | DependencyReason::LaterCount
        | DependencyReason::LaterPayments
        | DependencyReason::AddedCharges
        | DependencyReason::LateFacts => DependentList::default(),
    };
    Ok(in_use_refusal(reason.clone(), dependents).at(at))
}

fn in_use_refusal(reason: DependencyReason, DependentList { documents, count }: DependentList) -> Refusal {
    Refusal::InUse(Dependents { why: reason, documents, count })
}

/// Limits a filter to the stores of a read permit.
fn restrict_to_reach(permit: &Permit<kind::StockMovementRead>, filter: &mut Nested<ReversalFilter>) {
    if let iam::access::Reach::Stores(stores) = permit.reach() {
        filter.own.stores.push(stores.to_vec());
    }
}

/// Returns a page of reversals in the permit's stores, in the requested order.
pub async fn load_reversal_page(
    permit: &Permit<kind::StockMovementRead>,
    db: &Database,
    mut filter: Nested<ReversalFilter>,
    sorted: ReversalsSorted,
    request: &PageRequest,
) -> Result<ListPage<Reversal>, Fault> {
    restrict_to_reach(permit, &mut filter);
    let scope = permit.scope(db);
    let source = rows::source(scope.backend(), &filter);
    Ok(ListPage { rows: rows::page(&scope, source.clone(), sorted, request).await?, source })
}

/// Returns a reversal, if it is in one of the permit's stores.
pub async fn find_reversal(
    permit: &Permit<kind::StockMovementRead>,
    db: &Database,
    id: ReversalId,
) -> Result<Option<Reversal>, Fault> {
    let stored_reversal = rows::reversals(&permit.scope(db), &[id]).await?.pop();
    Ok(stored_reversal.filter(|reversal| can_see(permit, reversal)))
}

/// True if a reversal is in one of the permit's stores.
pub fn can_see(permit: &Permit<kind::StockMovementRead>, reversal: &Reversal) -> bool {
    let subject = reversal.subject;
    [Some(subject.store), subject.other_store].into_iter().flatten().any(|store| permit.covers(store))
}

/// Returns the movements that a reversal posted.
pub async fn load_mirror_movements(scope: &TenantScope, reversal: &Reversal) -> Result<Vec<Movement>, Fault> {
    rows::mirror_movements_of(scope, reversal).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of calls that are made while each is rejected like this.
    fn calls(expected_version: Option<i64>, why: Rejection) -> usize {
        let (mut tries, stop) = (RemainingAttempts::of(expected_version), Stop::from(why));
        1 + std::iter::repeat_with(|| tries.should_retry(&stop)).take_while(|is_again| *is_again).count()
    }

    #[test]
    fn a_call_without_a_version_is_tried_again_when_a_step_came_between() {
        let stale = || Rejection::stale(Noun::Document, Uuid::nil(), 2);
        assert_eq!(calls(None, stale()), 5);
        assert_eq!(calls(Some(1), stale()), 1, "its caller says which version is meant");
        assert_eq!(calls(None, Rejection::key_reused()), 1, "no other try is answered otherwise");
    }
}
