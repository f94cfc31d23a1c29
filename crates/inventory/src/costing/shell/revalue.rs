//! Saying what units are worth: a document, in a transaction of its own. What it does is booked where the journal has it.

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permit, kind};
use platform::{
    clock::{self, Clock},
    storage::{
        Database, Fault, Reads, TenantScope, Work,
        idempotency::{self, Key, KeyUse, hash_of},
        journal::{self, Counter, NewEvent, Numbered, Want},
        with_retries,
    },
};
use serde::{Deserialize, Serialize};

use super::keep::catch_up;
use crate::costing::events;
use crate::{
    catalog::rows::small::tenant_zone,
    costing::{
        core::{
            MAX_NOTE, MAX_REVALUED, NewLine, NewRevaluation, Pool, Revaluation, RevaluationLine, RevalueProblem, Values, check,
            revalued,
        },
        rows,
    },
    purchasing::rows::{Names, ProductName},
};

/// Pages of the book that a revaluation waits for.
const PAGES: usize = 50;
const MAX_REF: usize = 200;

/// A revaluation to write. Its JSON is what the idempotency key's hash is over.
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
    /// Of a whole unit.
    pub unit_cost: Money,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    Really,
    DryRun,
}

/// A revaluation and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub document: Revaluation,
    pub is_replayed: bool,
    /// None where nothing was written: the document's number and place are not its own then.
    pub seq: Option<i64>,
    /// By how much each line changes what there is, as the books stood when it was decided; empty when it is told again.
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
    let problems = unsound(&input);
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    let key =
        Key { owner: permit.actor().id, mutation: "stockRevalue", key: input.idempotency_key.clone(), hash: hash_of(&input) };
    let scope = permit.scope(db);
    let (permit, key, input) = (&permit, &key, &input);
    let decide = |mut work: Work| async move {
        let decided = once(&mut work, clock, (permit, key), input).await;
        (work, decided)
    };
    in_tries(&scope, write, decide).await
}

/// Brings the book up to date, which what is decided is decided by.
async fn up_to_date(scope: &TenantScope) -> Result<(), Fault> {
    catch_up(scope.database(), scope.tenant(), PAGES).await.map(drop)
}

/// Decides with the book up to date. What is to be written is committed and booked; a dry run, a refusal and what was done before leave nothing.
pub(super) async fn in_tries<P, D>(
    scope: &TenantScope,
    write: Write,
    decide: impl Fn(Work) -> D,
) -> Result<Result<Outcome, P>, Fault>
where
    D: Future<Output = (Work, Result<Result<Outcome, P>, Fault>)>,
{
    up_to_date(scope).await?;
    let is_to_keep =
        |decided: &Result<Outcome, P>| write == Write::Really && decided.as_ref().is_ok_and(|outcome| !outcome.is_replayed);
    let (mut answer, is_written) = with_retries(scope, decide, is_to_keep).await?;
    if is_written {
        up_to_date(scope).await?;
    } else if let Ok(outcome) = &mut answer
        && !outcome.is_replayed
    {
        // The numbers were undone with the transaction: they are given when it is written.
        outcome.seq = None;
    }
    Ok(answer)
}

/// Whether all products together would be worth more than can be told exactly, once these values are added.
pub(super) async fn are_too_dear(reads: &impl Reads, added: &[Values]) -> Result<bool, Fault> {
    let raised = added.iter().map(|by| by.average.max(by.fifo) as f64).sum::<f64>();
    Ok(raised > 0.0 && rows::worth_of_all(reads).await? + raised > MAX_SAFE as f64)
}

/// All that is wrong with it, whatever the books say.
fn unsound(input: &Revalue) -> Vec<RevalueProblem> {
    let note = input.note.trim();
    let is_odd = |reference: &str| reference.trim().is_empty() || reference.chars().count() > MAX_REF || reference.contains('\0');
    let found = [
        (input.lines.is_empty(), RevalueProblem::NoLines),
        (input.lines.len() > MAX_REVALUED, RevalueProblem::TooManyLines),
        (note.is_empty() || note.contains('\0'), RevalueProblem::NoNote),
        (note.chars().count() > MAX_NOTE, RevalueProblem::NoteTooLong),
        (input.external_ref.as_deref().is_some_and(is_odd), RevalueProblem::Reference),
    ];
    found.into_iter().filter_map(|(is_so, problem)| is_so.then_some(problem)).collect()
}

async fn once(
    work: &mut Work,
    clock: &Clock,
    (permit, key): (&Permit<kind::CostWrite>, &Key),
    input: &Revalue,
) -> Result<Result<Outcome, Vec<RevalueProblem>>, Fault> {
    let refuse = |problem: RevalueProblem| Ok(Err(vec![problem]));
    match idempotency::before(work, key).await? {
        None => {}
        Some(KeyUse::Reused) => return refuse(RevalueProblem::KeyReused),
        Some(KeyUse::Same(receipt)) => return replayed(work, &receipt).await.map(Ok),
    }
    if let Some(reference) = &input.external_ref
        && rows::is_taken(work, reference).await?
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
    let mut pools = rows::pools(work, &document.lines.iter().map(|line| line.product).collect()).await?;
    let foreseen = document.lines.iter().map(|line| {
        let pool: &mut Pool = pools.of.entry(line.product).or_default();
        revalued(pool, line)
    });
    let foreseen: Vec<Values> = foreseen.collect();
    if are_too_dear(work, &foreseen).await? {
        return refuse(RevalueProblem::TooDearTogether);
    }
    let before = journal::take_at(work, Want::events(1).and(1, Numbered::Revaluation), now).await?;
    written(work, key, before, (document, foreseen), Vec::new()).await.map(Ok)
}

/// Writes a document under the numbers that follow on from a counter, with its event, those that follow it, and the receipt of its key.
pub(super) async fn written(
    work: &mut Work,
    key: &Key,
    before: Counter,
    (document, foreseen): (NewRevaluation, Vec<Values>),
    also: Vec<NewEvent>,
) -> Result<Outcome, Fault> {
    let mut counter = before;
    let document = document.written(counter.number(Numbered::Revaluation), before.seq + 1, before.recorded_at);
    rows::insert_revaluation(work, &document).await?;
    let event = events::REVALUATION_CREATED.event(&event_payload(&document));
    let events = std::iter::once(event).chain(also).zip(document.seq..);
    let events = events.map(|(event, seq)| event.in_trace().numbered(seq, document.created_at)).collect();
    journal::write(work, events).await?;
    let receipt = serde_json::to_string(&Receipt { id: document.id, seq: document.seq });
    let receipt = receipt.map_err(|err| Fault::Broken(err.to_string()))?;
    idempotency::remember(work, [(key, receipt)], document.created_at).await?;
    let seq = Some(document.seq);
    Ok(Outcome { document, is_replayed: false, seq, foreseen })
}

pub(super) async fn replayed(work: &Work, receipt: &str) -> Result<Outcome, Fault> {
    let corrupt = || Fault::corrupt("idempotency", "a receipt of a revaluation names it");
    let receipt: Receipt = serde_json::from_str(receipt).map_err(|_| corrupt())?;
    let document = rows::revaluation(work, receipt.id).await?.ok_or_else(corrupt)?;
    Ok(Outcome { document, is_replayed: true, seq: Some(receipt.seq), foreseen: Vec::new() })
}

/// Lines that can be revalued; else all products that are not there, or all that is wrong with lines.
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
    let (_, currency) = rows::method(work).await?;
    Ok(check(&lines, currency, |product| units.get(&product).copied()))
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
