//! Steps of counts: the callers' input (`input`) is converted into commands.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use iam::{
    access::{Permission, Permit, kind},
    tenancy,
};
use platform::storage::{Fault, Reads};
use serde::Serialize;

use crate::{
    counts::{
        core::{Approval, CountCommand, DIFFERENCES_PER_MOVEMENT, Line, LineKey, NewCount, Record, Step, Steps, TallyLine},
        rows::{self, CountScope},
    },
    ledger::{
        Checks, Command, Ledger, MAX_NOTE, MAX_REFERENCE, MissingReferences, Mode, Names, ProductRef, Stop, SubmitResult,
        check_key, document_ids, key_of, load_known_store, lot_choice, stored_answer_or, submit, submit_with_missing,
    },
    stock::core::{At, Field, LevelKey, LotName, Noun, Rejection},
};

mod begin;
mod input;
mod lines;
mod reverse;

pub use input::{CountAct, CountCreate, CountRecord, CountRecount, CountSubmit, CountedLine, MAX_LINES, MAX_PRODUCTS};
pub use lines::{ABC_CLASS_DAYS, classify_products};
pub use reverse::count_reverse;

/// Common inputs of the steps of an existing count.
struct StepInput<'a> {
    /// The mutation's original name, under which its keys are stored.
    mutation: &'static str,
    key: &'a str,
    count: CountId,
    expected_version: Option<i64>,
}

fn check_form(key: &str, note: Option<&String>) -> Checks {
    let mut checks = Checks::default();
    check_key(&mut checks, key);
    checks.text(note.map(String::as_str), MAX_NOTE, || At::input(Field::Note));
    checks
}

/// Plans a count, and starts it if requested.
pub async fn count_create(ledger: &Ledger, permit: Permit<kind::CountWrite>, input: CountCreate, mode: Mode) -> SubmitResult {
    let mut checks = check_form(&input.idempotency_key, input.note.as_ref());
    checks.text(input.external_ref.as_deref(), MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.items(input.products.len(), MAX_PRODUCTS, || At::input(Field::Products));
    checks.done()?;
    let key = key_of(&permit, "countCreate", &input.idempotency_key, &input);
    let command = build_create_command(ledger, &permit, &input).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

async fn build_create_command(
    ledger: &Ledger,
    permit: &Permit<kind::CountWrite>,
    input: &CountCreate,
) -> Result<(Command, MissingReferences), Stop> {
    let scope = permit.scope(ledger.database());
    let mut missing = MissingReferences::default();
    let store = load_known_store(&scope, &input.store, &permit.reach()).await?.map(|store| store.id);
    let store = missing.or_nil(store.ok_or_else(|| Rejection::not_found(Noun::Store, At::input(Field::Store))));
    if let Some(category) = input.category
        && !rows::category_exists(&scope, category).await?
    {
        missing.note(Rejection::not_found(Noun::Category, At::input(Field::Category)));
    }
    let lacks_store = store == StoreId::NIL;
    let names = Names::look_up(&scope, &input.products).await?;
    let mut products = Vec::with_capacity(input.products.len());
    for (index, product_ref) in input.products.iter().enumerate() {
        let product = names.product(product_ref, || At::row(Field::Products, index));
        products.push((missing.or_nil(product), ledger.clock().id()));
    }
    // Without the store, every product would be reported as missing.
    if lacks_store {
        return Err(missing.stop());
    }
    let levels = products.iter().map(|(product, _)| LevelKey { product: *product, store }).collect();
    let begin = if input.start { Some(begin::load_begin_lines(ledger, &scope, (input, store), &products).await?) } else { None };
    let new = NewCount {
        kind: input.kind,
        store,
        category: input.category,
        class: input.class,
        sight: input.sight,
        external_ref: input.external_ref.clone(),
        note: input.note.clone(),
        products,
        begin,
    };
    let steps =
        Steps { count: ledger.clock().document_id(), actor: permit.actor(), expected_version: None, step: Step::Create(new) };
    Ok((Command::of(CountCommand(Box::new(steps), levels)), missing))
}

/// Starts a count: its lines are the products that match its selection now.
pub async fn count_start(ledger: &Ledger, permit: Permit<kind::CountWrite>, input: CountAct, mode: Mode) -> SubmitResult {
    check_form(&input.idempotency_key, input.note.as_ref()).done()?;
    let scope = permit.scope(ledger.database());
    let scope_of_count = load_visible_scope(&scope, &permit, input.count).await?;
    let lines = match scope_of_count {
        Some(scope_of_count) => lines::build_new_lines(&scope, ledger.clock(), (input.count, scope_of_count)).await?,
        None => Vec::new(),
    };
    let request = StepInput {
        mutation: "countStart",
        key: &input.idempotency_key,
        count: input.count,
        expected_version: input.expected_version,
    };
    submit_step(ledger, permit, (request, mode), &input, (scope_of_count, Vec::new()), Step::Start(lines)).await
}

/// Records the quantities that were found.
pub async fn count_record(ledger: &Ledger, permit: Permit<kind::CountRecord>, input: CountRecord, mode: Mode) -> SubmitResult {
    let mut checks = check_form(&input.idempotency_key, None);
    checks.items(input.lines.len(), MAX_LINES, || At::input(Field::Lines));
    for (index, line) in input.lines.iter().enumerate().take(MAX_LINES) {
        checks.text(line.note.as_deref(), MAX_NOTE, || At::line(index).field(Field::Note));
        checks.lot(line.lot.as_ref(), || At::line(index).field(Field::Lot));
    }
    checks.done()?;
    let scope = permit.scope(ledger.database());
    let scope_of_count = load_visible_scope(&scope, &permit, input.count).await?;
    let request = StepInput { mutation: "countRecord", key: &input.idempotency_key, count: input.count, expected_version: None };
    let names = Names::look_up(&scope, input.lines.iter().map(|line| &line.product)).await?;
    let mut missing = MissingReferences::default();
    let tally_lines = input.lines.iter().enumerate().map(|(index, line)| TallyLine {
        product: missing.or_nil(names.product(&line.product, || At::line(index).field(Field::Product))),
        lot: lot_choice(ledger, line.lot.as_ref()),
        counted: line.counted,
        note: line.note.clone(),
        line: ledger.clock().id(),
    });
    let tallied: Vec<TallyLine> = tally_lines.collect();
    if missing.has_any() {
        return answer_with_missing(ledger, &permit, &request, &input, missing).await;
    }
    let products = tallied.iter().map(|tally_line| tally_line.product).collect();
    let record = Record { counted_at: input.counted_at, tallied };
    submit_step(ledger, permit, (request, mode), &input, (scope_of_count, products), Step::Record(record)).await
}

/// Submits the count.
pub async fn count_submit(ledger: &Ledger, permit: Permit<kind::CountRecord>, input: CountSubmit, mode: Mode) -> SubmitResult {
    check_form(&input.idempotency_key, None).done()?;
    let scope_of_count = load_visible_scope(&permit.scope(ledger.database()), &permit, input.count).await?;
    let request = StepInput {
        mutation: "countSubmit",
        key: &input.idempotency_key,
        count: input.count,
        expected_version: input.expected_version,
    };
    submit_step(ledger, permit, (request, mode), &input, (scope_of_count, Vec::new()), Step::Submit(input.on_uncounted)).await
}

/// Requires lines to be counted again.
pub async fn count_recount(ledger: &Ledger, permit: Permit<kind::CountReview>, input: CountRecount, mode: Mode) -> SubmitResult {
    let mut checks = check_form(&input.idempotency_key, None);
    checks.items(input.products.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Products));
    checks.done()?;
    let scope = permit.scope(ledger.database());
    let scope_of_count = load_visible_scope(&scope, &permit, input.count).await?;
    let request = StepInput {
        mutation: "countRecount",
        key: &input.idempotency_key,
        count: input.count,
        expected_version: input.expected_version,
    };
    let products = match &input.products {
        None => None,
        Some(product_refs) => {
            let names = Names::look_up(&scope, product_refs).await?;
            let mut missing = MissingReferences::default();
            let find_product = |(index, product_ref): (usize, &ProductRef)| {
                missing.or_nil(names.product(product_ref, || At::row(Field::Products, index)))
            };
            let products: Vec<ProductId> = product_refs.iter().enumerate().map(find_product).collect();
            if missing.has_any() {
                return answer_with_missing(ledger, &permit, &request, &input, missing).await;
            }
            Some(products)
        }
    };
    submit_step(ledger, permit, (request, mode), &input, (scope_of_count, Vec::new()), Step::Recount(products)).await
}

/// Approves a count: the stock is set to the quantities that were found.
pub async fn count_approve(ledger: &Ledger, permit: Permit<kind::CountApprove>, input: CountAct, mode: Mode) -> SubmitResult {
    check_form(&input.idempotency_key, input.note.as_ref()).done()?;
    let scope = permit.scope(ledger.database());
    let scope_of_count = load_visible_scope(&scope, &permit, input.count).await?;
    // A count in REVIEW gets no further line: the lines that are read here are those that are locked.
    let lines = match scope_of_count {
        Some(_) => rows::load_lines(&scope, input.count, None).await?,
        None => HashMap::new(),
    };
    let movements = (0..=lines.len() / DIFFERENCES_PER_MOVEMENT).map(|_| document_ids(ledger)).collect();
    let products: BTreeSet<ProductId> = lines.keys().map(|line| line.product).collect();
    let products = products.into_iter().collect();
    let lot_name = |(key, line): (LineKey, Line)| {
        let lot = line.lot?;
        Some((key, LotName::new(ledger.clock().id(), &lot.code, lot.made_on, lot.expires_on)))
    };
    let lots = lines.into_iter().filter_map(lot_name).collect();
    let approval = Approval { limit: tenancy::approval_limit(&scope).await?, note: input.note.clone(), movements, lots };
    let request = StepInput {
        mutation: "countApprove",
        key: &input.idempotency_key,
        count: input.count,
        expected_version: input.expected_version,
    };
    submit_step(ledger, permit, (request, mode), &input, (scope_of_count, products), Step::Approve(approval)).await
}

/// Cancels a count: nothing is posted.
pub async fn count_cancel(ledger: &Ledger, permit: Permit<kind::CountWrite>, input: CountAct, mode: Mode) -> SubmitResult {
    check_form(&input.idempotency_key, input.note.as_ref()).done()?;
    let scope_of_count = load_visible_scope(&permit.scope(ledger.database()), &permit, input.count).await?;
    let request = StepInput {
        mutation: "countCancel",
        key: &input.idempotency_key,
        count: input.count,
        expected_version: input.expected_version,
    };
    let note = input.note.clone();
    submit_step(ledger, permit, (request, mode), &input, (scope_of_count, Vec::new()), Step::Cancel(note)).await
}

/// Returns the store and selection of a count if its store is one of the caller's.
async fn load_visible_scope<P: Permission>(
    reads: &impl Reads,
    permit: &Permit<P>,
    id: CountId,
) -> Result<Option<CountScope>, Fault> {
    Ok(rows::load_count_scope(reads, id).await?.filter(|count_scope| permit.covers(count_scope.store)))
}

/// Answers a step that names something that no longer exists: with the result of an earlier call
/// with its key, else with the rejection.
async fn answer_with_missing<P>(
    ledger: &Ledger,
    permit: &Permit<P>,
    request: &StepInput<'_>,
    input: &impl Serialize,
    missing: MissingReferences,
) -> SubmitResult {
    stored_answer_or(ledger, permit, &key_of(permit, request.mutation, request.key, input), missing.stop()).await
}

/// Submits a step of an existing count. A count that the caller may not see gets a new ID: the ledger refuses it like one that does not exist.
async fn submit_step<P: Permission>(
    ledger: &Ledger,
    permit: Permit<P>,
    (request, mode): (StepInput<'_>, Mode),
    input: &impl Serialize,
    (scope_of_count, products): (Option<CountScope>, Vec<ProductId>),
    step: Step,
) -> SubmitResult {
    let key = key_of(&permit, request.mutation, request.key, input);
    let (count, levels) = match scope_of_count {
        Some(scope_of_count) => {
            let key = |product| LevelKey { product, store: scope_of_count.store };
            (request.count, products.into_iter().map(key).collect())
        }
        None => (ledger.clock().document_id(), Vec::new()),
    };
    let steps = Steps { count, actor: permit.actor(), expected_version: request.expected_version, step };
    submit(ledger, &permit, Command::of(CountCommand(Box::new(steps), levels)), key, mode).await
}
