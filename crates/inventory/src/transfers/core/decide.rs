//! Steps of a transfer, and their decisions: creating it, changing it, holding its stock, releasing
//! it.

use entity::prelude::*;

use super::{
    begin::apply_first_steps,
    change::{Change, update},
    moves::{Arrival, Loss, Shipment, close, held_for, receive, ship},
    refusal::Refusal,
    states::{Action, may},
    transfer::{Before, Line, Transfer, TransferBook, TransferDecision, TransferState},
};
use crate::ledger::DocumentNumber;
use crate::stock::core::{
    At, Delta, Draft, Field, LevelKey, MovementHead, Noun, Reference, ReferenceKind, Rejection, Reservation, RoomRefusal,
    RowState,
};
use crate::transfers::events::{self, EventType, TransferEvent};

/// One step of one transfer.
#[derive(Debug, Clone)]
pub struct Steps {
    pub transfer: TransferId,
    pub actor: Actor,
    /// Version that the caller expects.
    pub expected_version: Option<i64>,
    pub step: Step,
    /// The lots that were sent, read before: a transfer ships once.
    pub sent: Vec<LotId>,
    /// IDs for the movements it may need.
    pub movements: [MovementId; 2],
}

#[derive(Debug, Clone)]
pub enum Step {
    Create(NewTransfer),
    Update(Change),
    /// Reserves the stock at the sender. `seen` is the version whose lines were read to find the
    /// rows to lock; the IDs are for each line's reservation.
    Ready {
        seen: i64,
        reservations: Vec<ReservationId>,
    },
    Ship(Shipment),
    Receive(Arrival),
    Close(Loss),
    /// `seen` is the version whose lines were read to find the rows to lock.
    Cancel {
        seen: i64,
        note: Option<String>,
    },
}

impl Step {
    pub const fn action(&self) -> Option<Action> {
        match self {
            Self::Create(_) => None,
            Self::Update(_) => Some(Action::Update),
            Self::Ready { .. } => Some(Action::Ready),
            Self::Ship(_) => Some(Action::Ship),
            Self::Receive(_) => Some(Action::Receive),
            Self::Close(_) => Some(Action::Close),
            Self::Cancel { .. } => Some(Action::Cancel),
        }
    }
    /// Returns the kind of the step's event in the journal.
    const fn event(&self) -> EventType<TransferEvent> {
        match self {
            Self::Create(NewTransfer { begin: Begin::Draft, .. }) => events::TRANSFER_CREATED,
            Self::Create(NewTransfer { begin: Begin::Ready(_), .. }) => events::TRANSFER_READY,
            Self::Create(NewTransfer { begin: Begin::InTransit, .. }) => events::TRANSFER_SHIPPED,
            Self::Update(_) => events::TRANSFER_UPDATED,
            Self::Ready { .. } => events::TRANSFER_READY,
            Self::Ship(_) => events::TRANSFER_SHIPPED,
            Self::Receive(_) => events::TRANSFER_RECEIVED,
            Self::Close(_) => events::TRANSFER_CLOSED,
            Self::Cancel { .. } => events::TRANSFER_CANCELLED,
        }
    }
}

#[derive(Debug, Clone)]
pub struct NewTransfer {
    pub from: StoreId,
    pub to: StoreId,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub expected_at: Option<Timestamp>,
    /// A JSON object; None for an empty one.
    pub metadata: Option<String>,
    pub lines: Vec<Planned>,
    pub begin: Begin,
}

/// Last step of a new transfer in the call that creates it.
#[derive(Debug, Clone)]
pub enum Begin {
    Draft,
    /// Its stock is reserved at once; an ID for each line's reservation.
    Ready(Vec<ReservationId>),
    /// The goods are sent at once, without a reservation.
    InTransit,
}

/// Planned quantity of a product; 0 removes it from a draft.
#[derive(Debug, Clone, Copy)]
pub struct Planned {
    pub product: ProductId,
    pub quantity: Quantity,
}

/// Decides one step against the loaded state; the draft collects its effects on stock.
pub fn decide(book: &TransferBook, draft: &mut Draft<'_>, steps: &Steps) -> Result<TransferDecision, Rejection> {
    let (mut transfer, before) = match (&steps.step, steps.step.action()) {
        (Step::Create(new), _) => (create(book, draft, steps, new)?, None),
        (_, Some(action)) => {
            let transfer = open(book, steps, action)?;
            let before = Before { status: transfer.status(), lines: transfer.lines.len() };
            (transfer, Some(before))
        }
        (_, None) => return Err(Rejection::not_found(Noun::Transfer, At::input(Field::Id))),
    };
    let mut made = None;
    let edited = matches!(steps.step, Step::Update(_)).then(|| Box::new(transfer.clone()));
    match &steps.step {
        Step::Create(new) => made = apply_first_steps(draft, &mut transfer, steps, &new.begin)?,
        Step::Update(change) => update(book, draft, &mut transfer, steps, change)?,
        Step::Ready { seen, reservations } => {
            if *seen != transfer.version {
                return Err(transfer.stale());
            }
            hold(draft, &mut transfer, steps, reservations, |_| At::input(Field::Id))?;
        }
        Step::Ship(shipment) => {
            has_levels(draft, &transfer)?;
            ship(draft, &mut transfer, steps, shipment)?;
        }
        Step::Receive(arrival) => {
            has_levels(draft, &transfer)?;
            receive(draft, &mut transfer, steps, arrival)?;
        }
        Step::Close(loss) => {
            has_levels(draft, &transfer)?;
            close(draft, &mut transfer, steps, loss)?;
        }
        Step::Cancel { seen, note } => cancel(draft, &mut transfer, steps, *seen, note.as_ref())?,
    }
    if before.is_some() || made.is_some() {
        transfer.touch(draft.now());
    }
    Ok(TransferDecision { transfer, event: steps.step.event(), before, made, unsent: Vec::new(), edited })
}

/// Returns the transfer, if its state allows the action.
fn open(book: &TransferBook, steps: &Steps, action: Action) -> Result<Transfer, Rejection> {
    let found = book.transfers.get(&steps.transfer);
    let transfer = found.ok_or_else(|| Rejection::not_found(Noun::Transfer, At::input(Field::Id)))?;
    transfer.expect(steps.expected_version)?;
    if may(transfer.status(), action) { Ok(transfer.clone()) } else { Err(not_open(transfer)) }
}

/// Checks that the levels of every line are loaded. A line that was added after the step's levels
/// were read makes the step stale.
fn has_levels(draft: &Draft<'_>, transfer: &Transfer) -> Result<(), Rejection> {
    let is_loaded = |line: &Line| {
        let keys = [transfer.from, transfer.to].map(|store| LevelKey { product: line.product, store });
        keys.into_iter().all(|key| draft.level(key, At::NOWHERE).is_ok())
    };
    if transfer.nonzero_lines().all(is_loaded) { Ok(()) } else { Err(transfer.stale()) }
}

/// The refusal of a step that the transfer's state does not allow.
pub(super) fn not_open(transfer: &Transfer) -> Rejection {
    Refusal::Status(transfer.status()).at(At::input(Field::Id))
}

/// Returns the common head of a transfer's movements.
pub(super) fn head(id: MovementId, kind: MovementKind, transfer: &Transfer, at: (Actor, Timestamp)) -> MovementHead {
    MovementHead {
        id,
        kind,
        reason: None,
        note: None,
        external_ref: transfer.external_ref.clone(),
        reference: Some(Reference { kind: ReferenceKind::Transfer, id: transfer.id.uuid() }),
        actor: at.0,
        reverses: None,
        occurred_at: at.1,
    }
}

fn create(book: &TransferBook, draft: &mut Draft<'_>, steps: &Steps, new: &NewTransfer) -> Result<Transfer, Rejection> {
    check_products_exist(draft, (new.from, new.to), &new.lines)?;
    if new.from == new.to {
        draft.refuse(Refusal::SameStore.at(At::input(Field::ToStore)))?;
    }
    if new.lines.is_empty() {
        draft.refuse(Refusal::NoLines.at(At::input(Field::Lines)))?;
    }
    draft.pass(check_ref_is_free(book, new.external_ref.as_ref()))?;
    let now = draft.now();
    let mut transfer = Transfer {
        id: steps.transfer,
        number: DocumentNumber::Pending,
        state: TransferState::Draft,
        from: new.from,
        to: new.to,
        external_ref: new.external_ref.clone(),
        note: new.note.clone(),
        expected_at: new.expected_at,
        metadata: new.metadata.clone(),
        actor: steps.actor,
        version: 1,
        created_at: now,
        updated_at: now,
        lines: Vec::with_capacity(new.lines.len()),
    };
    for (index, planned) in new.lines.iter().enumerate() {
        let line = create_line(draft, &mut transfer, (index, *planned));
        draft.pass(line)?;
    }
    draft.end_pass()?;
    Ok(transfer)
}

/// Reports products of the lines that do not exist, before all other checks.
pub(super) fn check_products_exist(
    draft: &mut Draft<'_>,
    (from, to): (StoreId, StoreId),
    lines: &[Planned],
) -> Result<(), Rejection> {
    if draft.collects_refusals() {
        for (index, planned) in lines.iter().enumerate() {
            for store in [from, to] {
                draft.check_exists(LevelKey { product: planned.product, store }, At::line(index))?;
            }
        }
    }
    Ok(())
}

fn create_line(draft: &Draft<'_>, transfer: &mut Transfer, (index, planned): (usize, Planned)) -> Result<(), Rejection> {
    if !planned.quantity.is_positive() {
        return Err(Refusal::NotPositive.at(At::line(index).field(Field::Quantity)));
    }
    if transfer.lines.iter().any(|line| line.product == planned.product) {
        return Err(duplicate_line(index));
    }
    plan(draft, transfer, (index, planned), [Field::FromStore, Field::ToStore].map(At::input))
}

pub(super) fn duplicate_line(index: usize) -> Rejection {
    Refusal::ProductTwice.at(At::line(index).field(Field::Product))
}

pub(super) fn check_ref_is_free(book: &TransferBook, reference: Option<&String>) -> Result<(), Rejection> {
    match reference {
        Some(reference) if book.taken_refs.contains(reference) => {
            Err(Refusal::ReferenceTaken { reference: reference.clone() }.at(At::input(Field::ExternalRef)))
        }
        _ => Ok(()),
    }
}

/// Adds a quantity of a product to the transfer. Both stores must be able to stock it; `stores` are
/// their places in the input.
pub(super) fn plan(
    draft: &Draft<'_>,
    transfer: &mut Transfer,
    (index, planned): (usize, Planned),
    stores: [At; 2],
) -> Result<(), Rejection> {
    if let Some(line) = transfer.lines.iter_mut().find(|line| line.product == planned.product) {
        line.quantity = planned.quantity;
        return Ok(());
    }
    let (product, [from, to]) = (At::line(index).field(Field::Product), stores);
    let key = LevelKey { product: planned.product, store: transfer.from };
    let facts = draft.stocked_at(key, (product, from))?.facts.clone();
    draft.stocked_at(LevelKey { store: transfer.to, ..key }, (product, to))?;
    let position = transfer.lines.len() as u16 + 1;
    transfer.lines.push(Line {
        position,
        product: planned.product,
        sku: facts.sku.clone(),
        name: facts.name.clone(),
        decimals: facts.decimals,
        quantity: planned.quantity,
        shipped: Quantity::ZERO,
        received: Quantity::ZERO,
        lost: Quantity::ZERO,
        unit_cost: None,
        lots: Vec::new(),
    });
    Ok(())
}

/// Reserves every line's stock at the sender, all or nothing. `field` is the place of a line, from
/// 0.
pub(super) fn hold(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    steps: &Steps,
    reservations: &[ReservationId],
    field: impl Fn(usize) -> At,
) -> Result<(), Rejection> {
    let now = draft.now();
    let reserve = head(steps.movements[0], MovementKind::Reserve, transfer, (steps.actor, now));
    let mut has_begun = false;
    for (index, (line, id)) in transfer.nonzero_lines().zip(reservations).enumerate() {
        let field = field(index);
        let key = LevelKey { product: line.product, store: transfer.from };
        let fits = check_in_stock(draft, (key, transfer.to), line.quantity.get(), field);
        if draft.pass(fits)?.is_none() {
            continue;
        }
        if !has_begun {
            draft.begin(reserve.clone(), key, field)?;
            has_begun = true;
        }
        draft.post(key, Delta { reserved: line.quantity.get(), ..Delta::default() }, None, None, field)?;
        draft.put_reservation(held(*id, key, line.quantity, &reserve));
    }
    transfer.state = TransferState::Ready;
    Ok(())
}

/// Checks that a quantity of a product is in stock and can be sent to a store that can stock it.
pub(super) fn check_in_stock(draft: &Draft<'_>, (key, to): (LevelKey, StoreId), wanted: i64, field: At) -> Result<(), Rejection> {
    draft.stocked(LevelKey { store: to, ..key }, field)?;
    let there = draft.movable(key, field)?;
    if there < wanted { Err(draft.reserve_shortage(key, (wanted, there), field)) } else { Ok(()) }
}

/// The reservation of a line, created by the movement that reserves it.
pub(super) fn held(id: ReservationId, key: LevelKey, quantity: Quantity, reserve: &MovementHead) -> Reservation {
    Reservation {
        id,
        key,
        quantity,
        remaining: quantity,
        status: ReservationStatus::Active,
        expires_at: None,
        channel: None,
        order: None,
        reference: reserve.reference,
        version: 1,
        created_at: reserve.occurred_at,
        updated_at: reserve.occurred_at,
        row: RowState::New,
    }
}

fn cancel(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    steps: &Steps,
    seen: i64,
    note: Option<&String>,
) -> Result<(), Rejection> {
    if seen != transfer.version {
        return Err(transfer.stale());
    }
    let field = At::input(Field::Id);
    let now = draft.now();
    let release = head(steps.movements[0], MovementKind::Release, transfer, (steps.actor, now));
    let mut has_begun = false;
    for mut reservation in held_for(draft, transfer) {
        if !has_begun {
            draft.begin(MovementHead { note: note.cloned(), ..release.clone() }, reservation.key, field)?;
            has_begun = true;
        }
        let held = reservation.remaining.get();
        draft.post(reservation.key, Delta { reserved: -held, ..Delta::default() }, None, None, field)?;
        reservation.give_back(held, ReservationStatus::Released, now);
        draft.put_reservation(reservation);
    }
    if note.is_some() {
        transfer.note = note.cloned();
    }
    transfer.state = TransferState::Cancelled;
    Ok(())
}
