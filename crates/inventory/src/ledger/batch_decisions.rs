//! Decisions of a batch before it is written.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::*;
use platform::storage::{
    Bulk, Fault, idempotency,
    journal::{Counter, CounterRequest, Event, NewEvent},
};

use super::{
    command::QueuedCommand,
    decision::{Books, Decision},
    document::DocumentPhase,
    parts::Parts,
    receipt::{Receipt, StoredReceipt, replay_receipt},
    registry::Documents,
    source::Source,
};
use crate::stock::{
    core::{Level, LevelKey, Lot, LotLevel, Rejection, Reservation},
    events::{lot_changed, stock_changed},
    rows,
};

impl Decision {
    /// Number of events about documents and lots.
    pub(super) fn facts(&self, documents: &Documents) -> usize {
        documents.facts(&self.documents) + self.stock.changed_lots.len()
    }

    /// Numbers documents and events from the counter, and advances it. The documents' events come
    /// first, then the movements they caused; entries share their movement's number.
    pub(super) fn number(&mut self, documents: &Documents, counter: &mut Counter, now: Timestamp, journaled: &mut Vec<Event>) {
        documents.number(&mut self.documents, counter);
        let trace = self.trace;
        let mut push = |event: NewEvent| {
            counter.seq += 1;
            journaled.push(event.with_trace(trace).with_seq(counter.seq, now));
            counter.seq
        };
        for event in self.document_events(documents) {
            self.last_seq = Some(push(event));
        }
        let levels: Vec<&Level> = self.stock.levels.iter().collect();
        let mut last: HashMap<LevelKey, i64> = HashMap::new();
        for nth in 0..self.stock.movements.len() {
            let Some((movement, later_movements)) = self.stock.movements[nth..].split_first_mut() else { break };
            movement.seq = push(stock_changed(movement, later_movements, &levels));
            last.extend(movement.entries.iter().map(|entry| (entry.key, movement.seq)));
        }
        for level in &mut self.stock.levels {
            level.seq = last.get(&level.key).copied().unwrap_or(level.seq);
        }
    }

    fn document_events(&self, documents: &Documents) -> Vec<NewEvent> {
        let lots = self.stock.lots.iter().filter(|lot| self.stock.changed_lots.contains(&lot.id)).map(lot_changed);
        let mut events = documents.events(DocumentPhase::First, &self.documents);
        events.extend(documents.events(DocumentPhase::BeforeLots, &self.documents));
        events.extend(lots);
        events.extend(documents.events(DocumentPhase::AfterLots, &self.documents));
        events
    }
}

#[derive(Default)]
pub struct Decisions {
    /// Accepted commands, by their index in the batch.
    decided: Vec<(usize, Decision)>,
    /// Commands that repeat the key of another one, with that one's index.
    key_lookups: Vec<(usize, usize)>,
}

impl Decisions {
    pub fn accept(&mut self, index: usize, decision: Decision) {
        self.decided.push((index, decision));
    }
    pub fn add_repeat(&mut self, index: usize, first: usize) {
        self.key_lookups.push((index, first));
    }
    pub fn decided(&self) -> &[(usize, Decision)] {
        &self.decided
    }
    /// True if no command was accepted.
    pub fn is_empty(&self) -> bool {
        self.decided.is_empty()
    }
    /// The changed levels, in order: the last one of a key is its final state.
    pub fn levels(&self) -> impl Iterator<Item = &Level> {
        self.decided.iter().flat_map(|(_, decision)| &decision.stock.levels)
    }

    /// Returns the numbers that the decisions take from the counter.
    pub fn request_numbers(&self, documents: &Documents) -> CounterRequest {
        self.decided.iter().fold(CounterRequest::default(), |mut counter_request, (_, decision)| {
            counter_request.events += (decision.facts(documents) + decision.stock.movements.len()) as i64;
            documents.request_numbers(&decision.documents, counter_request)
        })
    }

    /// Adds the parts of documents that depend on all decisions of the batch.
    pub async fn complete(&mut self, documents: &Documents, reads: &Source<'_>, books: &Books) -> Result<(), Fault> {
        documents.complete(reads, books, &mut self.decided).await
    }

    /// Numbers documents and events from the counter, and advances it.
    pub fn number(&mut self, documents: &Documents, counter: &mut Counter, now: Timestamp) -> Vec<Event> {
        counter.recorded_at = now;
        let mut events = Vec::with_capacity(self.decided.len());
        for (_, decision) in &mut self.decided {
            decision.number(documents, counter, now, &mut events);
        }
        events
    }

    /// Returns the rows of each table, in the order of their foreign keys, without the events.
    pub fn rows(&self, documents: &Documents, tenant: TenantId, queue: &[QueuedCommand], now: Timestamp) -> Vec<Bulk> {
        let last = FinalRows::of(&self.decided);
        let movements: Vec<_> = self.decided.iter().flat_map(|(_, decision)| &decision.stock.movements).collect();
        let parts: Vec<&Parts> = self.decided.iter().map(|(_, decision)| &decision.documents).collect();
        let mut documented = documents.rows(tenant, &parts, now);
        let receipts = self.decided.iter().filter_map(|(index, decision)| {
            let key = queue[*index].key.as_ref()?;
            // A receipt is a plain struct: it always has a JSON form.
            Some((key, serde_json::to_string(&StoredReceipt::of_decision(decision, documents)).unwrap_or_default()))
        });
        let mut rows = Vec::with_capacity(24);
        rows.extend(rows::level_rows(tenant, &last.levels));
        rows.append(&mut documented.heads);
        rows.extend(rows::movement_rows(tenant, &movements));
        rows.extend(rows::reservation_rows(tenant, &last.reservations));
        if !last.lots.is_empty() || !last.lot_levels.is_empty() {
            rows.extend(rows::lots::lot_rows(tenant, &last.lots, &last.lot_levels));
        }
        rows.append(&mut documented.rest);
        rows.push(idempotency::rows(tenant, receipts, now));
        rows
    }

    /// Gives every command its result.
    pub fn answer(self, documents: &Documents, queue: &mut [QueuedCommand]) {
        for (index, decision) in self.decided {
            queue[index].result = Some(Ok(Receipt::of(decision)));
        }
        for (index, first) in self.key_lookups {
            queue[index].result = Some(answer_repeated(documents, &queue[first], &queue[index]));
        }
    }
}

fn answer_repeated(documents: &Documents, first: &QueuedCommand, second: &QueuedCommand) -> Result<Receipt, Vec<Rejection>> {
    if first.key.as_ref().map(|used_key| used_key.hash) != second.key.as_ref().map(|used_key| used_key.hash) {
        return Err(vec![Rejection::key_reused()]);
    }
    match &first.result {
        Some(Ok(receipt)) => Ok(replay_receipt(receipt.stored.clone().unwrap_or_else(|| receipt.to_stored(documents)))),
        Some(Err(rejections)) => Err(rejections.clone()),
        None => Err(vec![Rejection::key_reused()]),
    }
}

/// Each row of stock once, in its state after the batch's last command; whether it has a row is
/// taken from the first one.
struct FinalRows<'a> {
    levels: Vec<&'a Level>,
    reservations: Vec<&'a Reservation>,
    lots: Vec<&'a Lot>,
    lot_levels: Vec<&'a LotLevel>,
}

impl<'a> FinalRows<'a> {
    fn of(decided: &'a [(usize, Decision)]) -> Self {
        let mut levels: BTreeMap<LevelKey, &Level> = BTreeMap::new();
        let mut reservations: BTreeMap<ReservationId, &Reservation> = BTreeMap::new();
        let mut lots: BTreeMap<LotId, &Lot> = BTreeMap::new();
        let mut lot_levels: BTreeMap<(LevelKey, LotId), &LotLevel> = BTreeMap::new();
        for (_, decision) in decided {
            lots.extend(decision.stock.lots.iter().map(|lot| (lot.id, lot)));
            lot_levels.extend(decision.stock.lot_levels.iter().map(|level| ((level.key, level.lot), level)));
            levels.extend(decision.stock.levels.iter().map(|decided_level| (decided_level.key, decided_level)));
            reservations.extend(decision.stock.reservations.iter().map(|reservation| (reservation.id, reservation)));
        }
        Self {
            levels: levels.into_values().collect(),
            reservations: reservations.into_values().collect(),
            lots: lots.into_values().collect(),
            lot_levels: lot_levels.into_values().collect(),
        }
    }
}
