//! Reversing an inspection: restocked goods are in quarantine again, written-off goods are back in
//! stock, and all are uninspected.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    book::{Before, Decided, ReturnBook, decided},
    needs::ReturnNeeds,
    posting::stocked,
    refusal::ReturnStepRefusal,
    sales_return::{Return, ReturnLine, ReturnState},
};
use crate::{
    ledger::{Books, Decide, Decision, DocumentNumber, Needs},
    returns::events::RETURN_REOPENED,
    reversals::core::{
        Call, DependencyReason, Dependents, Effect, Part, Refusal as ReversalRefusal, Reversal, ReversalBook, ReversalDecision,
        Subject, level_effects, mirror, needs as mirror_needs, status_effect,
    },
    stock::core::{At, Draft, Entry, Field, LevelKey, Movement, Noun, Rejection, RoomRefusal, check_moment},
};

/// A return with inspected goods, as it was read: refused as stale if it changed meanwhile.
#[derive(Debug, Clone)]
pub struct ReverseInspection {
    pub ret: ReturnId,
    pub expected_version: Option<i64>,
    /// Version of the return at which the other fields were read.
    pub seen: i64,
    /// Movements of the inspection, step by step.
    pub originals: Vec<Movement>,
    /// Levels of the return's lines.
    pub levels: Vec<LevelKey>,
    /// Time zone of the store that received it.
    pub time_zone: String,
    /// True if lines are named, which is refused: the reversal is always whole.
    pub has_lines: bool,
    pub call: Call,
}

#[derive(Debug, Clone)]
pub struct InspectionReversal(pub Box<ReverseInspection>);

impl Decide for InspectionReversal {
    fn name(&self) -> &'static str {
        "return.reverse"
    }

    fn weight(&self) -> usize {
        self.0.originals.iter().map(|original| original.entries.len()).sum::<usize>().max(self.0.levels.len()).max(1)
    }

    fn needs(&self, needs: &mut Needs) {
        let ReverseInspection { ret, originals, levels, call, .. } = self.0.as_ref();
        mirror_needs(needs, originals, call.on_shortage);
        needs.levels.extend(levels);
        needs.lots.asides.extend(levels);
        needs.documents.with(|own: &mut ReturnNeeds| own.returns.insert(*ret));
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let ((sales_return, _), reversal) =
            books.read(|returns: &ReturnBook| books.read(|reversed: &ReversalBook| decide(returns, reversed, draft, &self.0)))?;
        let mut decision = Decision::of(sales_return);
        decision.documents.put(ReversalDecision { reversal });
        Ok(decision)
    }
}

fn decide(
    returns: &ReturnBook,
    reversed: &ReversalBook,
    draft: &mut Draft<'_>,
    command: &ReverseInspection,
) -> Result<(Decided, Reversal), Rejection> {
    let (call, field) = (&command.call, At::input(Field::Document));
    let missing = || Rejection::not_found(Noun::Document, field);
    let was = returns.returns.get(&command.ret).ok_or_else(missing)?;
    was.expect(Some(command.seen))?;
    was.expect(command.expected_version)?;
    if command.has_lines {
        return Err(ReversalRefusal::WholeOnly.at(At::input(Field::Lines)));
    }
    let (ReturnState::PartiallyReceived { received_at }
    | ReturnState::Received { received_at }
    | ReturnState::Inspected { received_at }) = was.state
    else {
        return Err(ReturnStepRefusal::Status(was.status()).at(field));
    };
    check_was_inspected(was, &command.originals)?;
    let parts = parts_left(was, &command.originals, reversed);
    let is_undone = |original: &&Movement| parts.iter().any(|part| part.movement == original.id);
    let last = command.originals.iter().filter(is_undone).map(|original| original.occurred_at).fold(received_at, Ord::max);
    let occurred_at = call.moment(draft, last)?;
    let business_date = check_moment(draft.book(), occurred_at, &command.time_zone)?;
    let lines = mirror(draft, (call, occurred_at), &command.originals, &parts)?;
    check_all_unavailable(draft, was)?;
    let mut ret = was.clone();
    ret.lines.iter_mut().filter(|line| line.kind == LineKind::Product).for_each(reset_inspection);
    if let ReturnState::Inspected { received_at } = was.state {
        ret.state = ReturnState::Received { received_at };
    }
    ret.touch(draft.now());
    let mut effects: Vec<Effect> = status_effect(&ret.id, &was.status(), &ret.status()).into_iter().collect();
    effects.extend(figures(was));
    effects.extend(level_effects(draft, parts.iter().map(|part| part.entry.key), &parts)?);
    let id = ret.id.uuid();
    let subject = Subject { kind: ReversedKind::ReturnInspection, part: id, document: id, store: ret.store, other_store: None };
    let reversal = Reversal {
        id: call.id,
        number: DocumentNumber::Pending,
        subject,
        note: call.note.clone(),
        actor: call.actor,
        occurred_at,
        business_date,
        created_at: draft.now(),
        lines,
        effects,
    };
    Ok((decided(ret, Some(Before::of(was)), RETURN_REOPENED, BTreeMap::new(), call.actor), reversal))
}

/// Refuses goods that were received over the counter: they were inspected on receipt, so the
/// inspection moved nothing.
fn check_was_inspected(ret: &Return, originals: &[Movement]) -> Result<(), Rejection> {
    let field = At::input(Field::Document);
    if ret.at_counter == Some(true) || !ret.was_inspected() {
        return Err(ReversalRefusal::NothingMoved.at(field));
    }
    // Only steps make goods available, and only steps record lots.
    let by_steps = || {
        let is_step = |original: &Movement| original.kind == MovementKind::Adjustment;
        originals.iter().any(is_step) || ret.lines.iter().any(|line| !line.lots.is_empty())
    };
    if ret.at_counter.is_none() && !by_steps() {
        return Err(ReversalRefusal::StepsUnknown.at(field));
    }
    Ok(())
}

/// Returns the parts of the steps that are not reversed: whole entries.
fn parts_left(ret: &Return, originals: &[Movement], reversed: &ReversalBook) -> Vec<Part> {
    let mut left: Vec<LineLeft> = ret.lines.iter().filter_map(LineLeft::of).collect();
    let mut parts = Vec::new();
    for original in originals {
        for entry in &original.entries {
            let gone = reversed.reversed.get(&(original.id, entry.line)).copied().unwrap_or(0);
            let quantity = amount(entry) - gone;
            if quantity <= 0 {
                continue;
            }
            let Some(position) = line_of(&mut left, entry) else { continue };
            let line = ret.id.line::<entity::id::kind::ReturnLineId>(position).uuid();
            let field = At::input(Field::Document);
            parts.push(Part { line, movement: original.id, entry: entry.clone(), quantity, field });
        }
    }
    parts
}

/// Returns the units that an entry of an inspection moved: those written off, else those that
/// became available.
fn amount(entry: &Entry) -> i64 {
    if entry.on_hand_delta == 0 { entry.unavailable_delta.abs() } else { entry.on_hand_delta.abs() }
}

/// Inspected units of a line that are not assigned to an entry yet.
struct LineLeft {
    position: u16,
    product: ProductId,
    restocked: i64,
    written_off: i64,
}

impl LineLeft {
    fn of(line: &ReturnLine) -> Option<Self> {
        let (restocked, written_off) = (line.restocked.get(), line.written_off.get());
        Some(Self { position: line.position, product: line.product?, restocked, written_off })
    }
    fn of_entry(&mut self, entry: &Entry) -> &mut i64 {
        if entry.on_hand_delta == 0 { &mut self.restocked } else { &mut self.written_off }
    }
}

/// Returns the position of the line that moved an entry: the entries of a product are assigned in
/// the order of its lines.
fn line_of(left: &mut [LineLeft], entry: &Entry) -> Option<u16> {
    let is_of = |line: &LineLeft| line.product == entry.key.product;
    let has_more = |line: &mut LineLeft| line.product == entry.key.product && *line.of_entry(entry) > 0;
    let place = left.iter_mut().position(has_more).or_else(|| left.iter().position(is_of))?;
    let line = &mut left[place];
    // Units that are blocked again because of their lot are among those that were taken from
    // quarantine.
    if entry.unavailable_delta < 0 {
        *line.of_entry(entry) -= amount(entry);
    }
    Some(line.position)
}

fn reset_inspection(line: &mut ReturnLine) {
    (line.restocked, line.quarantined, line.written_off) = (Quantity::ZERO, Quantity::ZERO, Quantity::ZERO);
    line.lots.iter_mut().for_each(|lot| lot.inspected = Quantity::ZERO);
}

/// Checks that all received goods are unavailable again, also those that the inspection left so;
/// the documents that took some are named.
fn check_all_unavailable(draft: &Draft<'_>, ret: &Return) -> Result<(), Rejection> {
    let mut came: BTreeMap<(LevelKey, Option<LotId>), i64> = BTreeMap::new();
    for line in ret.lines.iter().filter(|line| line.kind == LineKind::Product) {
        let Some(key) = stocked(draft, ret, line) else { continue };
        if line.lots.is_empty() {
            *came.entry((key, None)).or_default() += line.received.get();
        }
        for lot in &line.lots {
            *came.entry((key, Some(lot.lot))).or_default() += lot.received.get();
        }
    }
    for ((key, lot), requested) in came {
        let aside = draft.aside(key, lot);
        // Goods of a lot that may not be sold have the lot's own condition.
        let usable: i64 = match lot {
            Some(_) => Condition::ALL.iter().map(|condition| aside.of(*condition)).sum(),
            None => aside.of(Condition::Quarantine),
        };
        if usable < requested {
            let sku = draft.level(key, At::NOWHERE)?.facts.sku.clone();
            let why = DependencyReason::Scrapped { level: key, sku, usable: usable.max(0), requested };
            return Err(ReversalRefusal::InUse(Dependents::without_documents(why)).at(At::input(Field::Document)));
        }
    }
    Ok(())
}

/// Returns the effects on the inspected quantity of each line, which becomes 0.
fn figures(was: &Return) -> impl Iterator<Item = Effect> {
    let seen = |line: &ReturnLine| line.restocked.get() + line.quarantined.get() + line.written_off.get();
    let lines = was.lines.iter().filter(move |line| line.kind == LineKind::Product && seen(line) > 0);
    lines.map(move |line| {
        let id = was.id.line::<entity::id::kind::ReturnLineId>(line.position);
        Effect::quantity(&id, ReversalEffect::Inspected, -seen(line))
    })
}
