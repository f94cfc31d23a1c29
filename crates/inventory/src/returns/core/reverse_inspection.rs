//! Reversing an inspection: restocked goods are in quarantine again, written-off goods are back in
//! stock, and all are uninspected.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    book::{ReturnBook, ReturnOutcome, StateBefore, build_decision},
    needs::ReturnNeeds,
    posting::find_stocked_level,
    refusal::ReturnStepRefusal,
    sales_return::{Return, ReturnLine, ReturnState},
};
use crate::{
    ledger::{Books, Decide, Decision, DocumentNumber, Needs},
    returns::events::RETURN_REOPENED,
    reversals::core::{
        Call, DependencyReason, Dependents, Effect, Part, Refusal as ReversalRefusal, Reversal, ReversalBook, ReversalDecision,
        Subject, level_effects, needs as mirror_needs, post_mirror, status_effect,
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
        needs.documents.with(|return_needs: &mut ReturnNeeds| return_needs.returns.insert(*ret));
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
) -> Result<(ReturnOutcome, Reversal), Rejection> {
    let (call, field) = (&command.call, At::input(Field::Document));
    let missing = || Rejection::not_found(Noun::Document, field);
    let return_before = returns.returns.get(&command.ret).ok_or_else(missing)?;
    return_before.expect(Some(command.seen))?;
    return_before.expect(command.expected_version)?;
    if command.has_lines {
        return Err(ReversalRefusal::WholeOnly.at(At::input(Field::Lines)));
    }
    let (ReturnState::PartiallyReceived { received_at }
    | ReturnState::Received { received_at }
    | ReturnState::Inspected { received_at }) = return_before.state
    else {
        return Err(ReturnStepRefusal::Status(return_before.status()).at(field));
    };
    check_was_inspected(return_before, &command.originals)?;
    let parts = unreversed_parts(return_before, &command.originals, reversed);
    let is_undone = |original: &&Movement| parts.iter().any(|part| part.movement == original.id);
    let latest_movement =
        command.originals.iter().filter(is_undone).map(|original| original.occurred_at).fold(received_at, Ord::max);
    let occurred_at = call.moment(draft, latest_movement)?;
    let business_date = check_moment(draft.book(), occurred_at, &command.time_zone)?;
    let lines = post_mirror(draft, (call, occurred_at), &command.originals, &parts)?;
    check_all_unavailable(draft, return_before)?;
    let mut sales_return = return_before.clone();
    sales_return.lines.iter_mut().filter(|line| line.kind == LineKind::Product).for_each(reset_inspection);
    if let ReturnState::Inspected { received_at } = return_before.state {
        sales_return.state = ReturnState::Received { received_at };
    }
    sales_return.touch(draft.now());
    let mut effects: Vec<Effect> =
        status_effect(&sales_return.id, &return_before.status(), &sales_return.status()).into_iter().collect();
    effects.extend(inspection_effects(return_before));
    effects.extend(level_effects(draft, parts.iter().map(|part| part.entry.key), &parts)?);
    let id = sales_return.id.uuid();
    let subject =
        Subject { kind: ReversedKind::ReturnInspection, part: id, document: id, store: sales_return.store, other_store: None };
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
    Ok((
        build_decision(sales_return, Some(StateBefore::of(return_before)), RETURN_REOPENED, BTreeMap::new(), call.actor),
        reversal,
    ))
}

/// Refuses goods that were received over the counter: they were inspected on receipt, so the
/// inspection moved nothing.
fn check_was_inspected(sales_return: &Return, originals: &[Movement]) -> Result<(), Rejection> {
    let field = At::input(Field::Document);
    if sales_return.at_counter == Some(true) || !sales_return.was_inspected() {
        return Err(ReversalRefusal::NothingMoved.at(field));
    }
    // Only steps make goods available, and only steps record lots.
    let by_steps = || {
        let is_step = |original: &Movement| original.kind == MovementKind::Adjustment;
        originals.iter().any(is_step) || sales_return.lines.iter().any(|line| !line.lots.is_empty())
    };
    if sales_return.at_counter.is_none() && !by_steps() {
        return Err(ReversalRefusal::StepsUnknown.at(field));
    }
    Ok(())
}

/// Returns the parts of the steps that are not reversed: whole entries.
fn unreversed_parts(sales_return: &Return, originals: &[Movement], reversed: &ReversalBook) -> Vec<Part> {
    let mut lines_left: Vec<UnassignedLine> = sales_return.lines.iter().filter_map(UnassignedLine::of).collect();
    let mut parts = Vec::new();
    for original in originals {
        for entry in &original.entries {
            let reversed_quantity = reversed.reversed.get(&(original.id, entry.line)).copied().unwrap_or(0);
            let quantity = moved_units(entry) - reversed_quantity;
            if quantity <= 0 {
                continue;
            }
            let Some(position) = line_of(&mut lines_left, entry) else { continue };
            let line = sales_return.id.line::<entity::id::kind::ReturnLineId>(position).uuid();
            let field = At::input(Field::Document);
            parts.push(Part { line, movement: original.id, entry: entry.clone(), quantity, field });
        }
    }
    parts
}

/// Returns the units that an entry of an inspection moved: those written off, else those that
/// became available.
fn moved_units(entry: &Entry) -> i64 {
    if entry.on_hand_delta == 0 { entry.unavailable_delta.abs() } else { entry.on_hand_delta.abs() }
}

/// Inspected units of a line that are not assigned to an entry yet.
struct UnassignedLine {
    position: u16,
    product: ProductId,
    restocked: i64,
    written_off: i64,
}

impl UnassignedLine {
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
fn line_of(lines_left: &mut [UnassignedLine], entry: &Entry) -> Option<u16> {
    let is_of = |line: &UnassignedLine| line.product == entry.key.product;
    let has_more = |line: &mut UnassignedLine| line.product == entry.key.product && *line.of_entry(entry) > 0;
    let index = lines_left.iter_mut().position(has_more).or_else(|| lines_left.iter().position(is_of))?;
    let line = &mut lines_left[index];
    // Units that are blocked again because of their lot are among those that were taken from
    // quarantine.
    if entry.unavailable_delta < 0 {
        *line.of_entry(entry) -= moved_units(entry);
    }
    Some(line.position)
}

fn reset_inspection(line: &mut ReturnLine) {
    (line.restocked, line.quarantined, line.written_off) = (Quantity::ZERO, Quantity::ZERO, Quantity::ZERO);
    line.lots.iter_mut().for_each(|lot| lot.inspected = Quantity::ZERO);
}

/// Checks that all received goods are unavailable again, also those that the inspection left so;
/// the documents that took some are named.
fn check_all_unavailable(draft: &Draft<'_>, sales_return: &Return) -> Result<(), Rejection> {
    let mut received_units: BTreeMap<(LevelKey, Option<LotId>), i64> = BTreeMap::new();
    for line in sales_return.lines.iter().filter(|line| line.kind == LineKind::Product) {
        let Some(key) = find_stocked_level(draft, sales_return, line) else { continue };
        if line.lots.is_empty() {
            *received_units.entry((key, None)).or_default() += line.received.get();
        }
        for lot in &line.lots {
            *received_units.entry((key, Some(lot.lot))).or_default() += lot.received.get();
        }
    }
    for ((key, lot), requested) in received_units {
        let stock_aside = draft.unavailable_units(key, lot);
        // Goods of a lot that may not be sold have the lot's own condition.
        let usable: i64 = match lot {
            Some(_) => Condition::ALL.iter().map(|condition| stock_aside.of(*condition)).sum(),
            None => stock_aside.of(Condition::Quarantine),
        };
        if usable < requested {
            let sku = draft.level(key, At::NOWHERE)?.facts.sku.clone();
            let reason = DependencyReason::Scrapped { level: key, sku, usable: usable.max(0), requested };
            return Err(ReversalRefusal::InUse(Dependents::without_documents(reason)).at(At::input(Field::Document)));
        }
    }
    Ok(())
}

/// Returns the effects on the inspected quantity of each line, which becomes 0.
fn inspection_effects(return_before: &Return) -> impl Iterator<Item = Effect> {
    let inspected_units = |line: &ReturnLine| line.restocked.get() + line.quarantined.get() + line.written_off.get();
    let lines = return_before.lines.iter().filter(move |line| line.kind == LineKind::Product && inspected_units(line) > 0);
    lines.map(move |line| {
        let id = return_before.id.line::<entity::id::kind::ReturnLineId>(line.position);
        Effect::quantity(&id, ReversalEffect::Inspected, -inspected_units(line))
    })
}
