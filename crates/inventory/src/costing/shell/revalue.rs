//! Revaluation of products: a document, in a transaction of its own. Its effect is booked at its
//! place in the journal.

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permit, kind};
use platform::{
    clock::{self, Clock},
    storage::{
        Database, Fault, Reads, TenantScope, Work,
        idempotency::{self, Key, KeyUse, hash_of},
        journal::{self, Counter, CounterRequest, NewEvent, Numbered},
        with_retries,
    },
};
use serde::{Deserialize, Serialize};

use super::keep::catch_up;
use crate::costing::events;
use crate::{
    catalog::rows::small_tables::tenant_zone,
    costing::{
        core::{
            MAX_NOTE, MAX_REVALUED_PRODUCTS, NewLine, NewRevaluation, Pool, Revaluation, RevaluationLine, RevalueProblem, Values,
            apply_revaluation, check_lines,
        },
        rows,
    },
    purchasing::rows::{Names, ProductName},
};

/// Maximum pages of the book that a revaluation waits for.
const MAX_BOOK_PAGES: usize = 50;
const MAX_REF: usize = 200;

/// A revaluation to write. Its JSON is hashed for the idempotency key.
#[derive(Debug, Clone, Serialize)]
pub struct Revalue {
    #[serde(skip)]
    pub idempotency_key: String,
    pub external_ref: Option<String>,
    pub note: String,
    pub lines: Vec<RevalueLine>,
}

#[derive(Debug, Clone, Serialize)]
pub struct RevalueLine {
    pub product: ProductName,
    /// Cost of a whole unit.
    pub unit_cost: Money,
}

/// Mode of a call: a commit or a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    Really,
    DryRun,
}

/// Result of a revaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub document: Revaluation,
    pub is_replayed: bool,
    /// None if nothing was written: the document's number and event are not assigned then.
    pub seq: Option<i64>,
    /// Change of the stock's value by each line, with the books at the time of the decision; empty
    /// if the call is a replay.
    pub foreseen: Vec<Values>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    id: RevaluationId,
    seq: i64,
}

/// Revalues products, all or none.
pub async fn revalue(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::CostWrite>,
    input: Revalue,
    write: Write,
) -> Result<Result<Outcome, Vec<RevalueProblem>>, Fault> {
    let problems = form_problems(&input);
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    let key =
        Key { owner: permit.actor().id, mutation: "stockRevalue", key: input.idempotency_key.clone(), hash: hash_of(&input) };
    let scope = permit.scope(db);
    let (permit, key, input) = (&permit, &key, &input);
    let decide = |mut work: Work| async move {
        let decided = revalue_once(&mut work, clock, (permit, key), input).await;
        (work, decided)
    };
    run_with_retries(&scope, write, decide).await
}

/// Brings the book up to date before a decision.
async fn ensure_up_to_date(scope: &TenantScope) -> Result<(), Fault> {
    catch_up(scope.database(), scope.tenant(), MAX_BOOK_PAGES).await.map(drop)
}

/// Decides with the book up to date. An accepted document is committed and booked; a dry run, a
/// refusal and a replay write nothing.
pub(super) async fn run_with_retries<P, D>(
    scope: &TenantScope,
    write: Write,
    decide: impl Fn(Work) -> D,
) -> Result<Result<Outcome, P>, Fault>
where
    D: Future<Output = (Work, Result<Result<Outcome, P>, Fault>)>,
{
    ensure_up_to_date(scope).await?;
    let is_to_keep =
        |decided: &Result<Outcome, P>| write == Write::Really && decided.as_ref().is_ok_and(|outcome| !outcome.is_replayed);
    let (mut answer, is_written) = with_retries(scope, decide, is_to_keep).await?;
    if is_written {
        ensure_up_to_date(scope).await?;
    } else if let Ok(outcome) = &mut answer
        && !outcome.is_replayed
    {
        // The numbers were rolled back with the transaction: a commit assigns others.
        outcome.seq = None;
    }
    Ok(answer)
}

/// True if the value of all products together would exceed the range of exact integers with these
/// values added.
pub(super) async fn exceeds_max_value(reads: &impl Reads, added: &[Values]) -> Result<bool, Fault> {
    let added_value = added.iter().map(|values| values.average.max(values.fifo) as f64).sum::<f64>();
    Ok(added_value > 0.0 && rows::approximate_total_value(reads).await? + added_value > MAX_SAFE as f64)
}

/// Returns all problems of the input that do not depend on the books.
fn form_problems(input: &Revalue) -> Vec<RevalueProblem> {
    let note = input.note.trim();
    let is_odd = |reference: &str| reference.trim().is_empty() || reference.chars().count() > MAX_REF || reference.contains('\0');
    let checks = [
        (input.lines.is_empty(), RevalueProblem::NoLines),
        (input.lines.len() > MAX_REVALUED_PRODUCTS, RevalueProblem::TooManyLines),
        (note.is_empty() || note.contains('\0'), RevalueProblem::NoNote),
        (note.chars().count() > MAX_NOTE, RevalueProblem::NoteTooLong),
        (input.external_ref.as_deref().is_some_and(is_odd), RevalueProblem::Reference),
    ];
    checks.into_iter().filter_map(|(is_wrong, problem)| is_wrong.then_some(problem)).collect()
}

async fn revalue_once(
    work: &mut Work,
    clock: &Clock,
    (permit, key): (&Permit<kind::CostWrite>, &Key),
    input: &Revalue,
) -> Result<Result<Outcome, Vec<RevalueProblem>>, Fault> {
    let refuse = |problem: RevalueProblem| Ok(Err(vec![problem]));
    match idempotency::before(work, key).await? {
        None => {}
        Some(KeyUse::Reused) => return refuse(RevalueProblem::KeyReused),
        Some(KeyUse::Same(receipt)) => return replay_outcome(work, &receipt).await.map(Ok),
    }
    if let Some(reference) = &input.external_ref
        && rows::is_reference_taken(work, reference).await?
    {
        return refuse(RevalueProblem::ReferenceTaken);
    }
    let lines = match read_lines(work, input).await? {
        Ok(lines) => lines,
        Err(problems) => return Ok(Err(problems)),
    };
    let now = clock.now();
    let document = NewRevaluation {
        id: clock.document_id(),
        external_ref: input.external_ref.clone(),
        note: input.note.trim().to_owned(),
        actor: permit.actor(),
        business_date: clock::local_day(now, &tenant_zone(work).await?),
        reverses: None,
        charge: None,
        lines,
    };
    let mut pools = rows::load_pools(work, &document.lines.iter().map(|line| line.product).collect()).await?;
    let expected_values = document.lines.iter().map(|line| {
        let pool: &mut Pool = pools.of.entry(line.product).or_default();
        apply_revaluation(pool, line)
    });
    let expected_values: Vec<Values> = expected_values.collect();
    if exceeds_max_value(work, &expected_values).await? {
        return refuse(RevalueProblem::TooDearTogether);
    }
    let before = journal::take_numbers(work, CounterRequest::events(1).and(1, Numbered::Revaluation), now).await?;
    write_document(work, key, before, (document, expected_values), Vec::new()).await.map(Ok)
}

/// Writes a document under the numbers that follow on from a counter, with its event, those that follow it, and the receipt of its key.
pub(super) async fn write_document(
    work: &mut Work,
    key: &Key,
    before: Counter,
    (document, expected_values): (NewRevaluation, Vec<Values>),
    other_events: Vec<NewEvent>,
) -> Result<Outcome, Fault> {
    let mut counter = before;
    let document = document.into_revaluation(counter.number(Numbered::Revaluation), before.seq + 1, before.recorded_at);
    rows::insert_revaluation(work, &document).await?;
    let event = events::REVALUATION_CREATED.event(&event_payload(&document));
    let events = std::iter::once(event).chain(other_events).zip(document.seq..);
    let events = events.map(|(event, seq)| event.with_current_trace().with_seq(seq, document.created_at)).collect();
    journal::write(work, events).await?;
    let receipt = serde_json::to_string(&Receipt { id: document.id, seq: document.seq });
    let receipt = receipt.map_err(|err| Fault::Broken(err.to_string()))?;
    idempotency::store_receipts(work, [(key, receipt)], document.created_at).await?;
    let seq = Some(document.seq);
    Ok(Outcome { document, is_replayed: false, seq, foreseen: expected_values })
}

pub(super) async fn replay_outcome(work: &Work, receipt: &str) -> Result<Outcome, Fault> {
    let corrupt = || Fault::corrupt("idempotency", "a receipt of a revaluation names it");
    let receipt: Receipt = serde_json::from_str(receipt).map_err(|_| corrupt())?;
    let document = rows::load_revaluation(work, receipt.id).await?.ok_or_else(corrupt)?;
    Ok(Outcome { document, is_replayed: true, seq: Some(receipt.seq), foreseen: Vec::new() })
}

/// Returns lines that can be revalued; else all unknown products, or else all problems of the
/// lines.
async fn read_lines(work: &Work, input: &Revalue) -> Result<Result<Vec<RevaluationLine>, Vec<RevalueProblem>>, Fault> {
    let mut names = Names::default();
    names.products(work, input.lines.iter().map(|line| &line.product)).await?;
    let (mut lines, mut unknown) = (Vec::with_capacity(input.lines.len()), Vec::new());
    for (index, line) in input.lines.iter().enumerate() {
        match names.product(&line.product) {
            Some(product) => lines.push(NewLine { product, unit_cost: line.unit_cost }),
            None => unknown.push(RevalueProblem::NoProduct(index)),
        }
    }
    if !unknown.is_empty() {
        return Ok(Err(unknown));
    }
    let ids: Vec<ProductId> = lines.iter().map(|line| line.product).collect();
    let units = rows::product_units(work, &ids).await?;
    let (_, currency) = rows::load_costing_method(work).await?;
    Ok(check_lines(&lines, currency, |product| units.get(&product).copied()))
}

fn event_payload(document: &Revaluation) -> events::RevaluationEvent {
    let line = |line: &RevaluationLine| events::RevaluedLine { product: line.product, unit_cost_minor: line.unit_cost };
    events::RevaluationEvent {
        id: document.id,
        number: document.number.to_string(),
        external_ref: document.external_ref.clone(),
        lines: document.lines.iter().map(line).collect(),
        reverses: document.reverses,
        purchase_order: document.charge.as_ref().map(|charge| charge.order),
    }
}
