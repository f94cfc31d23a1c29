//! Decisions on the steps of a count.

use entity::prelude::*;

use super::{
    book::{CountBook, CountDecision, CreatedState},
    changes::{Changes, build_line, build_uncounted_line},
    count::{Count, CountState, CountedLot, Line, LineOrigin, LineState, Selection, Stage, state_rejection},
    posting::approve_count,
    refusal::Refusal,
    states::{Action, may},
    step::{NewCount, NewLine, Step, Steps, UncountedLines},
    tally::record_tallies,
};
use crate::ledger::DocumentNumber;
use crate::stock::core::{At, Draft, Field, LevelKey, Noun, Rejection, RoomRefusal};

/// The most lines of a count. Larger assortments are counted by category.
pub const MAX_COUNT_LINES: usize = 20_000;

/// Decides one step against the loaded state; the draft collects its effects on stock.
pub fn decide(book: &CountBook, draft: &mut Draft<'_>, steps: &Steps) -> Result<CountDecision, Rejection> {
    let mut changes = Changes::default();
    let (mut count, status_before) = match (&steps.step, steps.step.action()) {
        (Step::Create(new), _) => (create_count(book, draft, steps, new, &mut changes)?, None),
        (_, Some(action)) => {
            let count = find_count(book, steps, action)?;
            let status_before = count.status();
            (count, Some(status_before))
        }
        (_, None) => return Err(Rejection::not_found(Noun::Count, At::input(Field::Id))),
    };
    let mut created_state = None;
    match &steps.step {
        Step::Create(new) => created_state = start_if_requested(book, draft, &mut count, new, &mut changes)?,
        Step::Start(lines) => start_count(book, draft, &mut count, lines, &mut changes)?,
        Step::Record(record) => record_tallies(book, draft, &count, (steps.actor, record), &mut changes)?,
        Step::Submit(uncounted) => submit_count(book, draft, &mut count, *uncounted)?,
        Step::Recount(products) => request_recount(book, draft, &mut count, products.as_ref(), &mut changes)?,
        Step::Approve(approval) => changes.changed = approve_count(book, draft, &mut count, (steps.actor, approval))?,
        Step::Cancel(note) => {
            let CountState::Active(stage) = count.state else { return Err(state_rejection(&count)) };
            count.state = CountState::Cancelled(stage);
            count.note = note.clone().or(count.note);
        }
    }
    if status_before.is_some() || created_state.is_some() {
        count.touch(draft.now());
    }
    let Changes { made, changed, gone, tries } = changes;
    Ok(CountDecision {
        count,
        made,
        changed,
        gone,
        tries,
        event: steps.step.event(),
        before: status_before,
        first: created_state,
    })
}

/// Returns the count, if its state allows the action.
fn find_count(book: &CountBook, steps: &Steps, action: Action) -> Result<Count, Rejection> {
    let count = book.counts.get(&steps.count).ok_or_else(|| Rejection::not_found(Noun::Count, At::input(Field::Id)))?;
    count.expect(steps.expected_version)?;
    if may(count.status(), action) { Ok(count.clone()) } else { Err(state_rejection(count)) }
}

fn create_count(
    book: &CountBook,
    draft: &mut Draft<'_>,
    steps: &Steps,
    new: &NewCount,
    changes: &mut Changes,
) -> Result<Count, Rejection> {
    if let Some(reference) = new.external_ref.as_ref().filter(|reference| book.taken_refs.contains(*reference)) {
        draft.refuse(Refusal::ReferenceTaken { reference: reference.clone() }.at(At::input(Field::ExternalRef)))?;
    }
    let selection = build_selection(draft, new)?;
    for (index, (product, id)) in new.products.iter().enumerate() {
        let lots = new.begin.as_ref().and_then(|begin| begin.lots.get(product));
        let field = At::row(Field::Products, index);
        let lines = build_listed_lines(draft, new.store, (*product, *id, lots), &changes.made, field);
        let lines = draft.pass(lines)?.unwrap_or_default();
        if new.begin.is_some() {
            draft.pass(
                lines.iter().try_for_each(|line| check_no_parallel_count(book, new.store, (line.product, &line.sku), field)),
            )?;
        }
        changes.made.extend(lines);
    }
    draft.end_pass()?;
    let now = draft.now();
    Ok(Count {
        id: steps.count,
        number: DocumentNumber::Pending,
        selection,
        state: CountState::Active(Stage::Open),
        store: new.store,
        sight: new.sight,
        external_ref: new.external_ref.clone(),
        note: new.note.clone(),
        actor: steps.actor,
        version: 1,
        created_at: now,
        updated_at: now,
    })
}

/// Refuses what another count that has not ended is of: the call that starts both is most often one too many.
fn check_no_parallel_count(
    book: &CountBook,
    store: StoreId,
    (product, sku): (ProductId, &str),
    field: At,
) -> Result<(), Rejection> {
    match book.find_parallel_count(LevelKey { product, store }) {
        Some(number) => Err(Refusal::CountedElsewhere { sku: sku.to_owned(), number }.at(field)),
        None => Ok(()),
    }
}

/// Returns the lines of a listed product: one, or one for each of its lots if the count starts at
/// once.
fn build_listed_lines(
    draft: &Draft<'_>,
    store: StoreId,
    (product, id, lots): (ProductId, CountLineId, Option<&Vec<(CountLineId, CountedLot)>>),
    before: &[Line],
    field: At,
) -> Result<Vec<Line>, Rejection> {
    let level = draft.stocked_at(LevelKey { product, store }, (field, At::input(Field::Store)))?;
    if before.iter().any(|line| line.product == product) {
        return Err(Refusal::ListedTwice.at(field));
    }
    let of_lot = |(id, lot): &(CountLineId, CountedLot)| build_line(level, *id, Some(lot.clone()), LineOrigin::Listed);
    Ok(match lots {
        Some(lots) => lots.iter().map(of_lot).collect(),
        None => vec![build_line(level, id, None, LineOrigin::Listed)],
    })
}

/// Starts a new count if requested, and returns its state as it was created.
fn start_if_requested(
    book: &CountBook,
    draft: &Draft<'_>,
    count: &mut Count,
    new: &NewCount,
    changes: &mut Changes,
) -> Result<Option<CreatedState>, Rejection> {
    let Some(begin) = &new.begin else { return Ok(None) };
    for line in &begin.lines {
        check_no_parallel_count(book, new.store, (line.product, &line.sku), At::input(Field::Kind))?;
    }
    let created_state = CreatedState { status: count.status(), version: count.version, lines: new.products.len() };
    changes.made.extend(begin.lines.iter().map(|new| build_uncounted_line(new, LineOrigin::Listed)));
    if changes.made.is_empty() {
        return Err(Refusal::NothingFits.at(At::input(Field::Kind)));
    }
    if changes.made.len() > MAX_COUNT_LINES {
        return Err(Refusal::TooManyLines { most: MAX_COUNT_LINES }.at(At::input(Field::Kind)));
    }
    count.state = CountState::Active(Stage::Counting { started_at: draft.now() });
    Ok(Some(created_state))
}

/// Returns the selection of a new count, which must have exactly the fields that its kind needs.
fn build_selection(draft: &mut Draft<'_>, new: &NewCount) -> Result<Selection, Rejection> {
    let check_presence = |kind, is_present: bool, field: Field| {
        if (new.kind == kind) == is_present {
            return Ok(());
        }
        let refusal = if is_present { Refusal::OfKind(kind) } else { Refusal::NeededBy(kind) };
        Err(refusal.at(At::input(field)))
    };
    draft.pass(check_presence(CountKind::Category, new.category.is_some(), Field::Category))?;
    draft.pass(check_presence(CountKind::Cycle, new.class.is_some(), Field::AbcClass))?;
    draft.pass(check_presence(CountKind::List, !new.products.is_empty(), Field::Products))?;
    Ok(match (new.category, new.class) {
        (Some(category), _) => Selection::Category(category),
        (None, Some(class)) => Selection::Cycle(class),
        (None, None) if new.products.is_empty() => Selection::Full,
        (None, None) => Selection::List,
    })
}

fn start_count(
    book: &CountBook,
    draft: &Draft<'_>,
    count: &mut Count,
    lines: &[NewLine],
    changes: &mut Changes,
) -> Result<(), Rejection> {
    let has_own = book.open.get(&count.id).is_some_and(|open_lines| *open_lines > 0);
    if lines.is_empty() && !has_own {
        return Err(Refusal::NothingFits.at(At::input(Field::Id)));
    }
    if lines.len() > MAX_COUNT_LINES {
        return Err(Refusal::TooManyLines { most: MAX_COUNT_LINES }.at(At::input(Field::Id)));
    }
    changes.made.extend(lines.iter().map(|new| build_uncounted_line(new, LineOrigin::Listed)));
    for line in lines.iter().filter(|line| line.lot.is_some()) {
        changes.remove_lotless_line(book, count.id, line.product);
    }
    count.state = CountState::Active(Stage::Counting { started_at: draft.now() });
    Ok(())
}

fn submit_count(book: &CountBook, draft: &Draft<'_>, count: &mut Count, uncounted: UncountedLines) -> Result<(), Rejection> {
    let CountState::Active(Stage::Counting { started_at }) = count.state else { return Err(state_rejection(count)) };
    let open_lines = book.open.get(&count.id).copied().unwrap_or(0);
    if open_lines > 0 && uncounted == UncountedLines::Refuse {
        return Err(Refusal::Uncounted { lines: open_lines }.at(At::input(Field::OnUncounted)));
    }
    count.state = CountState::Active(Stage::Review { started_at, submitted_at: draft.now() });
    Ok(())
}

fn request_recount(
    book: &CountBook,
    draft: &mut Draft<'_>,
    count: &mut Count,
    products: Option<&Vec<ProductId>>,
    changes: &mut Changes,
) -> Result<(), Rejection> {
    let CountState::Active(Stage::Review { started_at, .. }) = count.state else { return Err(state_rejection(count)) };
    if let Some(products) = products {
        for (index, product) in products.iter().enumerate() {
            let field = At::row(Field::Products, index);
            if products[..index].contains(product) {
                draft.refuse(Refusal::RecountTwice.at(field))?;
                continue;
            }
            let lines = book.lines_of(count.id, *product);
            if lines.is_empty() {
                draft.refuse(Rejection::not_found(Noun::LineOfThisProduct, field))?;
            }
            changes.changed.extend(lines.into_iter().cloned());
        }
        draft.end_pass()?;
    } else {
        let count_lines = book.lines.get(&count.id).into_iter().flat_map(|lines| lines.values());
        let is_off = |line: &&Line| {
            line.state.tally().is_some_and(|tally| Some(tally.counted.get()) != book.book_quantity(count.id, line))
        };
        changes.changed.extend(count_lines.filter(is_off).cloned());
        changes.changed.sort_by_cached_key(Line::key);
    }
    if changes.changed.is_empty() {
        return Err(Refusal::NothingToRecount.at(At::input(Field::Products)));
    }
    for line in &mut changes.changed {
        if let LineState::Counted(finding) = line.state {
            line.state = LineState::Recount(finding);
        }
    }
    count.state = CountState::Active(Stage::Counting { started_at });
    Ok(())
}
