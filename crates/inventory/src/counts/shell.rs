//! Counts: the callers' input, and its conversion into commands.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use iam::{
    access::{Permission, Permit, kind},
    tenancy,
};
use platform::{
    clock::Clock,
    storage::{Fault, Reads},
};
use serde::Serialize;

use crate::{
    counts::{
        core::{
            Approval, BookVisibility, CountCommand, CountedLot, DIFFERENCES_PER_MOVEMENT, Line, LineKey, MAX_COUNT_LINES,
            NewCount, NewLine, Record, Selection, Step, Steps, TallyLine, Uncounted, abc,
        },
        rows::{self, CountScope},
    },
    ledger::{
        Checks, Command, Done, Ledger, LotRef, MAX_NOTE, MAX_REFERENCE, Missing, Mode, Names, ProductRef, Stop, StoreRef,
        check_key, document_ids, key_of, known_store, lot_choice, stored_answer_or, submit, submit_with_missing,
    },
    stock::core::{At, Field, LevelKey, LotName, Noun, Rejection},
};

mod begin;
mod reverse;

pub use reverse::count_reverse;

/// The most lines that are recorded in one call.
pub const MAX_LINES: usize = 500;
/// The most products of a LIST.
pub const MAX_PRODUCTS: usize = 2_000;
/// Days of sales that a product's class rests on.
pub const ABC_CLASS_DAYS: i64 = 365;

/// A new count. The idempotency key's hash covers its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct CountCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub kind: CountKind,
    pub store: StoreRef,
    pub category: Option<CategoryId>,
    pub class: Option<AbcClass>,
    pub products: Vec<ProductRef>,
    #[serde(serialize_with = "sight_word")]
    pub sight: BookVisibility,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    /// Whether it is started at once.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub start: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn sight_word<S: serde::Serializer>(sight: &BookVisibility, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(*sight == BookVisibility::Blind)
}

/// A step that needs no more than the count, and optionally a note.
#[derive(Debug, Clone, Serialize)]
pub struct CountAct {
    #[serde(skip)]
    pub idempotency_key: String,
    pub count: CountId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub note: Option<String>,
}

/// Input of a call that records tallies.
#[derive(Debug, Clone, Serialize)]
pub struct CountRecord {
    #[serde(skip)]
    pub idempotency_key: String,
    pub count: CountId,
    pub counted_at: Option<Timestamp>,
    pub lines: Vec<CountedLine>,
}

#[derive(Debug, Clone, Serialize)]
pub struct CountedLine {
    pub product: ProductRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotRef>,
    pub counted: Quantity,
    pub note: Option<String>,
}

/// Submits a count.
#[derive(Debug, Clone, Serialize)]
pub struct CountSubmit {
    #[serde(skip)]
    pub idempotency_key: String,
    pub count: CountId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    #[serde(serialize_with = "uncounted_word")]
    pub on_uncounted: Uncounted,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn uncounted_word<S: serde::Serializer>(uncounted: &Uncounted, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(*uncounted == Uncounted::Leave)
}

/// Lines to count again; None for all with a difference.
#[derive(Debug, Clone, Serialize)]
pub struct CountRecount {
    #[serde(skip)]
    pub idempotency_key: String,
    pub count: CountId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub products: Option<Vec<ProductRef>>,
}

/// Common inputs of the steps of an existing count.
struct Act<'a> {
    /// The mutation's original name, under which its keys are stored.
    mutation: &'static str,
    key: &'a str,
    count: CountId,
    expected_version: Option<i64>,
}

fn checked(key: &str, note: Option<&String>) -> Checks {
    let mut checks = Checks::default();
    check_key(&mut checks, key);
    checks.text(note.map(String::as_str), MAX_NOTE, || At::input(Field::Note));
    checks
}

/// Plans a count, and starts it if requested.
pub async fn count_create(ledger: &Ledger, permit: Permit<kind::CountWrite>, input: CountCreate, mode: Mode) -> Done {
    let mut checks = checked(&input.idempotency_key, input.note.as_ref());
    checks.text(input.external_ref.as_deref(), MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.items(input.products.len(), MAX_PRODUCTS, || At::input(Field::Products));
    checks.done()?;
    let key = key_of(&permit, "countCreate", &input.idempotency_key, &input);
    let command = planned(ledger, &permit, &input).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

async fn planned(ledger: &Ledger, permit: &Permit<kind::CountWrite>, input: &CountCreate) -> Result<(Command, Missing), Stop> {
    let scope = permit.scope(ledger.database());
    let mut missing = Missing::default();
    let store = known_store(&scope, &input.store, &permit.reach()).await?.map(|store| store.id);
    let store = missing.or_nil(store.ok_or_else(|| Rejection::not_found(Noun::Store, At::input(Field::Store))));
    if let Some(category) = input.category
        && !rows::category_exists(&scope, category).await?
    {
        missing.note(Rejection::not_found(Noun::Category, At::input(Field::Category)));
    }
    let lacks_store = store == StoreId::NIL;
    let names = Names::look_up(&scope, &input.products).await?;
    let mut products = Vec::with_capacity(input.products.len());
    for (index, named) in input.products.iter().enumerate() {
        let product = names.product(named, || At::row(Field::Products, index));
        products.push((missing.or_nil(product), ledger.clock().id()));
    }
    // Without the store, every product would be reported as missing.
    if lacks_store {
        return Err(missing.stop());
    }
    let levels = products.iter().map(|(product, _)| LevelKey { product: *product, store }).collect();
    let begin = if input.start { Some(begin::begin(ledger, &scope, (input, store), &products).await?) } else { None };
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
pub async fn count_start(ledger: &Ledger, permit: Permit<kind::CountWrite>, input: CountAct, mode: Mode) -> Done {
    checked(&input.idempotency_key, input.note.as_ref()).done()?;
    let scope = permit.scope(ledger.database());
    let places = own(&scope, &permit, input.count).await?;
    let lines = match places {
        Some(places) => lines_of(&scope, ledger.clock(), (input.count, places)).await?,
        None => Vec::new(),
    };
    let act =
        Act { mutation: "countStart", key: &input.idempotency_key, count: input.count, expected_version: input.expected_version };
    step(ledger, permit, (act, mode), &input, (places, Vec::new()), Step::Start(lines)).await
}

/// Returns lines for the products of a count and their lots in stock, as they are now. A LIST has lines of its products already.
async fn lines_of(reads: &impl Reads, clock: &Clock, (count, places): (CountId, CountScope)) -> Result<Vec<NewLine>, Fault> {
    let found = match places.selection {
        Selection::List => rows::listed(reads, count).await?,
        Selection::Full => rows::countable(reads, places.store, None, MAX_COUNT_LINES).await?,
        Selection::Category(category) => rows::countable(reads, places.store, Some(category), MAX_COUNT_LINES).await?,
        Selection::Cycle(class) => {
            let all = classes(reads, clock.now(), places.store).await?;
            all.into_iter().filter(|(_, is)| *is == class).map(|(planned, _)| planned.of).collect()
        }
    };
    let tracked: Vec<ProductId> = found.iter().filter(|of| of.tracking != Tracking::None).map(|of| of.product).collect();
    let lots = rows::lots_at_store(reads, places.store, &tracked).await?;
    let mut lines = Vec::with_capacity(found.len());
    for of in found {
        let line = |lot: Option<CountedLot>| {
            let (sku, name) = (of.sku.clone(), of.name.clone());
            NewLine { id: clock.id(), product: of.product, lot, sku, name, decimals: of.decimals }
        };
        match lots.get(&of.product) {
            Some(lots) => lines.extend(lots.iter().cloned().map(Some).map(line)),
            None if places.selection == Selection::List => {}
            None => lines.push(line(None)),
        }
    }
    Ok(lines)
}

/// Returns the products that can be counted in a store, each with its class by revenue in that
/// store in the last year; sorted by SKU.
pub async fn classes(reads: &impl Reads, now: Timestamp, store: StoreId) -> Result<Vec<(rows::Planned, AbcClass)>, Fault> {
    let planned = rows::plan(reads, store, MAX_COUNT_LINES + 1).await?;
    let since = now.plus_seconds(-ABC_CLASS_DAYS * 24 * 3600);
    let brought: HashMap<ProductId, i64> = rows::revenue(reads, store, since).await?.into_iter().collect();
    let revenue: Vec<(String, i64)> =
        planned.iter().map(|one| (one.of.sku.clone(), brought.get(&one.of.product).copied().unwrap_or(0))).collect();
    let class: HashMap<String, AbcClass> = abc(&revenue).into_iter().collect();
    Ok(planned
        .into_iter()
        .map(|one| {
            let is = class.get(&one.of.sku).copied().unwrap_or(AbcClass::C);
            (one, is)
        })
        .collect())
}

/// Records the quantities that were found.
pub async fn count_record(ledger: &Ledger, permit: Permit<kind::CountRecord>, input: CountRecord, mode: Mode) -> Done {
    let mut checks = checked(&input.idempotency_key, None);
    checks.items(input.lines.len(), MAX_LINES, || At::input(Field::Lines));
    for (index, line) in input.lines.iter().enumerate().take(MAX_LINES) {
        checks.text(line.note.as_deref(), MAX_NOTE, || At::line(index).field(Field::Note));
        checks.lot(line.lot.as_ref(), || At::line(index).field(Field::Lot));
    }
    checks.done()?;
    let scope = permit.scope(ledger.database());
    let places = own(&scope, &permit, input.count).await?;
    let act = Act { mutation: "countRecord", key: &input.idempotency_key, count: input.count, expected_version: None };
    let names = Names::look_up(&scope, input.lines.iter().map(|line| &line.product)).await?;
    let mut missing = Missing::default();
    let found = input.lines.iter().enumerate().map(|(index, line)| TallyLine {
        product: missing.or_nil(names.product(&line.product, || At::line(index).field(Field::Product))),
        lot: lot_choice(ledger, line.lot.as_ref()),
        counted: line.counted,
        note: line.note.clone(),
        line: ledger.clock().id(),
    });
    let tallied: Vec<TallyLine> = found.collect();
    if missing.has_any() {
        return again(ledger, &permit, &act, &input, missing).await;
    }
    let products = tallied.iter().map(|one| one.product).collect();
    let record = Record { counted_at: input.counted_at, tallied };
    step(ledger, permit, (act, mode), &input, (places, products), Step::Record(record)).await
}

/// Submits the count.
pub async fn count_submit(ledger: &Ledger, permit: Permit<kind::CountRecord>, input: CountSubmit, mode: Mode) -> Done {
    checked(&input.idempotency_key, None).done()?;
    let places = own(&permit.scope(ledger.database()), &permit, input.count).await?;
    let act = Act {
        mutation: "countSubmit",
        key: &input.idempotency_key,
        count: input.count,
        expected_version: input.expected_version,
    };
    step(ledger, permit, (act, mode), &input, (places, Vec::new()), Step::Submit(input.on_uncounted)).await
}

/// Requires lines to be counted again.
pub async fn count_recount(ledger: &Ledger, permit: Permit<kind::CountReview>, input: CountRecount, mode: Mode) -> Done {
    let mut checks = checked(&input.idempotency_key, None);
    checks.items(input.products.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Products));
    checks.done()?;
    let scope = permit.scope(ledger.database());
    let places = own(&scope, &permit, input.count).await?;
    let act = Act {
        mutation: "countRecount",
        key: &input.idempotency_key,
        count: input.count,
        expected_version: input.expected_version,
    };
    let products = match &input.products {
        None => None,
        Some(named) => {
            let names = Names::look_up(&scope, named).await?;
            let mut missing = Missing::default();
            let found =
                |(index, one): (usize, &ProductRef)| missing.or_nil(names.product(one, || At::row(Field::Products, index)));
            let products: Vec<ProductId> = named.iter().enumerate().map(found).collect();
            if missing.has_any() {
                return again(ledger, &permit, &act, &input, missing).await;
            }
            Some(products)
        }
    };
    step(ledger, permit, (act, mode), &input, (places, Vec::new()), Step::Recount(products)).await
}

/// Approves a count: the stock is set to the quantities that were found.
pub async fn count_approve(ledger: &Ledger, permit: Permit<kind::CountApprove>, input: CountAct, mode: Mode) -> Done {
    checked(&input.idempotency_key, input.note.as_ref()).done()?;
    let scope = permit.scope(ledger.database());
    let places = own(&scope, &permit, input.count).await?;
    // A count in REVIEW gets no further line: the lines that are read here are those that are locked.
    let lines = match places {
        Some(_) => rows::lines(&scope, input.count, None).await?,
        None => HashMap::new(),
    };
    let movements = (0..=lines.len() / DIFFERENCES_PER_MOVEMENT).map(|_| document_ids(ledger)).collect();
    let products: BTreeSet<ProductId> = lines.keys().map(|line| line.product).collect();
    let products = products.into_iter().collect();
    let name = |(key, line): (LineKey, Line)| {
        let lot = line.lot?;
        Some((key, LotName::new(ledger.clock().id(), &lot.code, lot.made_on, lot.expires_on)))
    };
    let lots = lines.into_iter().filter_map(name).collect();
    let approval = Approval { limit: tenancy::approval_limit(&scope).await?, note: input.note.clone(), movements, lots };
    let act = Act {
        mutation: "countApprove",
        key: &input.idempotency_key,
        count: input.count,
        expected_version: input.expected_version,
    };
    step(ledger, permit, (act, mode), &input, (places, products), Step::Approve(approval)).await
}

/// Cancels a count: nothing is posted.
pub async fn count_cancel(ledger: &Ledger, permit: Permit<kind::CountWrite>, input: CountAct, mode: Mode) -> Done {
    checked(&input.idempotency_key, input.note.as_ref()).done()?;
    let places = own(&permit.scope(ledger.database()), &permit, input.count).await?;
    let act = Act {
        mutation: "countCancel",
        key: &input.idempotency_key,
        count: input.count,
        expected_version: input.expected_version,
    };
    let note = input.note.clone();
    step(ledger, permit, (act, mode), &input, (places, Vec::new()), Step::Cancel(note)).await
}

/// Returns the store and selection of a count if its store is one of the caller's.
async fn own<P: Permission>(reads: &impl Reads, permit: &Permit<P>, id: CountId) -> Result<Option<CountScope>, Fault> {
    Ok(rows::places_of(reads, id).await?.filter(|places| permit.covers(places.store)))
}

/// Answers a step that names something that no longer exists: with the result of an earlier call
/// with its key, else with the rejection.
async fn again<P>(ledger: &Ledger, permit: &Permit<P>, act: &Act<'_>, input: &impl Serialize, missing: Missing) -> Done {
    stored_answer_or(ledger, permit, &key_of(permit, act.mutation, act.key, input), missing.stop()).await
}

/// Submits a step of an existing count. A count that the caller may not see gets a new ID: the ledger refuses it like one that does not exist.
async fn step<P: Permission>(
    ledger: &Ledger,
    permit: Permit<P>,
    (act, mode): (Act<'_>, Mode),
    input: &impl Serialize,
    (places, products): (Option<CountScope>, Vec<ProductId>),
    step: Step,
) -> Done {
    let key = key_of(&permit, act.mutation, act.key, input);
    let (count, levels) = match places {
        Some(places) => {
            let key = |product| LevelKey { product, store: places.store };
            (act.count, products.into_iter().map(key).collect())
        }
        None => (ledger.clock().document_id(), Vec::new()),
    };
    let steps = Steps { count, actor: permit.actor(), expected_version: act.expected_version, step };
    submit(ledger, &permit, Command::of(CountCommand(Box::new(steps), levels)), key, mode).await
}
