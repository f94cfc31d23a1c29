//! Mutations of the stock room: input to command, receipt to payload.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, dataloader::DataLoader};
use inventory::{
    ledger::{Done, Ledger, shell},
    stock::{
        core::{Compare, Entry, LevelKey, Movement, Reference, ReferenceKind},
        events::STOCK_CHANGED,
        rows::list::LevelRow,
    },
};
use macros::resolvers;
use platform::path;

use super::{
    Reservation, ReservationPayload, StockLevel, StockMovement, StockPayload,
    inputs::{StockAdjustInput, StockCompare, StockReleaseInput, StockReserveInput, StockReverseInput, StockSetInput},
    loaders::{MovementSeqKey, StockLoader},
    receipt,
};
use crate::graphql::{
    context::ContextExt,
    fault::Answer,
    reading::{InputErrors, read},
    scalars::Long,
};

#[derive(Default)]
pub struct StockMutation;

#[resolvers]
impl StockMutation {
    /// Changes stock by deltas, all or none.
    #[mutation(permit = StockAdjust, emits(STOCK_CHANGED), dry_run)]
    async fn stock_adjust(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Changes to post.")] input: StockAdjustInput,
    ) -> Answer<StockPayload> {
        crate::convert_packs!(ctx, input);
        let ledger = ctx.given::<Ledger>()?;
        let input = match read(|reading| adjust_input(reading, input)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        Box::pin(stock_payload(ctx, Box::pin(shell::stock_adjust(ledger, permit, input, dry_run)).await)).await
    }

    /// Sets stock to absolute quantities, all or none. Each item states the level's expected version or quantity, or that none is
    /// expected.
    #[mutation(permit = StockSet, emits(STOCK_CHANGED), dry_run)]
    async fn stock_set(&self, ctx: &Context<'_>, #[graphql(desc = "Quantities.")] input: StockSetInput) -> Answer<StockPayload> {
        let ledger = ctx.given::<Ledger>()?;
        let input = match read(|reading| set_input(reading, input)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        Box::pin(stock_payload(ctx, Box::pin(shell::stock_set(ledger, permit, input, dry_run)).await)).await
    }

    /// Reverses a whole movement by a movement with the opposite sign. A movement can be reversed
    /// once.
    #[mutation(permit = StockReverse, emits(STOCK_CHANGED), dry_run)]
    async fn stock_reverse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The movement.")] input: StockReverseInput,
    ) -> Answer<StockPayload> {
        let ledger = ctx.given::<Ledger>()?;
        let movement = match read(|reading| reading.id(&input.movement_id, || path!["input", "movementId"])) {
            Ok(movement) => movement,
            Err(errors) => return Ok(errors.into()),
        };
        let input = shell::ReverseInput {
            idempotency_key: input.idempotency_key,
            movement,
            note: input.note,
            occurred_at: input.occurred_at.map(|t| t.0),
            on_shortage: input.on_shortage.into(),
        };
        Box::pin(stock_payload(ctx, Box::pin(shell::stock_reverse(ledger, permit, input, dry_run)).await)).await
    }

    /// Holds stock for a while, all items or none.
    #[mutation(permit = StockReserve, emits(STOCK_CHANGED), dry_run)]
    async fn stock_reserve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Items to reserve, and for how long.")] input: StockReserveInput,
    ) -> Answer<ReservationPayload> {
        crate::convert_packs!(ctx, input);
        let ledger = ctx.given::<Ledger>()?;
        let input = match read(|reading| reserve_input(reading, input)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        Box::pin(reservation_payload(ctx, Box::pin(shell::stock_reserve(ledger, permit, input, dry_run)).await)).await
    }

    /// Releases holds, all or none. Stock that an order holds is released by the order's own
    /// mutations.
    #[mutation(permit = StockReserve, emits(STOCK_CHANGED), dry_run)]
    async fn stock_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Reservations to release.")] input: StockReleaseInput,
    ) -> Answer<ReservationPayload> {
        let ledger = ctx.given::<Ledger>()?;
        let input = match read(|reading| reading.ids(Some(input.reservation_ids), "reservationIds")) {
            Ok(reservations) => shell::ReleaseInput { idempotency_key: input.idempotency_key, reservations },
            Err(errors) => return Ok(errors.into()),
        };
        Box::pin(reservation_payload(ctx, Box::pin(shell::stock_release(ledger, permit, input, dry_run)).await)).await
    }
}

fn adjust_input(reading: &mut InputErrors, input: StockAdjustInput) -> shell::AdjustInput {
    let changes = input.changes.into_iter().enumerate().map(|(index, change)| {
        let at = |name: &str| path!["input", "changes", index, name];
        shell::ChangeInput {
            product: reading.product(change.product, || at("product")),
            store: reading.store(change.store, || at("store")),
            delta: reading.units(change.delta, || at("delta")),
            expected_version: change.expected_version.map(|v| v.0),
            unit_cost: reading.money(change.unit_cost.as_ref(), || at("unitCost")),
            note: change.note,
            lot: change.lot.map(|lot| reading.lot(lot, || at("lot"))),
        }
    });
    shell::AdjustInput {
        idempotency_key: input.idempotency_key,
        kind: input.kind.into(),
        reason: input.reason_code.into(),
        note: input.note,
        external_ref: input.external_ref,
        occurred_at: input.occurred_at.map(|t| t.0),
        on_shortage: input.on_shortage.into(),
        changes: changes.collect(),
    }
}

fn set_input(reading: &mut InputErrors, input: StockSetInput) -> shell::SetInput {
    let items = input.items.into_iter().enumerate().map(|(index, item)| {
        let at = |name: &str| path!["input", "items", index, name];
        let compare = match item.compare {
            StockCompare::ExpectedVersion(version) => Compare::Version(version.0),
            StockCompare::ExpectedOnHand(on_hand) => Compare::OnHand(on_hand.0),
            StockCompare::Unconditional(yes) => {
                if !yes {
                    reading.invalid("unconditional must be true", || at("compare"));
                }
                Compare::Unconditional
            }
        };
        let (product, store) = (reading.product(item.product, || at("product")), reading.store(item.store, || at("store")));
        let lot = item.lot.map(|lot| reading.lot(lot, || at("lot")));
        shell::SetItemInput { product, store, on_hand: item.on_hand.0, compare, lot }
    });
    shell::SetInput {
        idempotency_key: input.idempotency_key,
        reason: input.reason_code.into(),
        note: input.note,
        on_shortage: input.on_shortage.into(),
        items: items.collect(),
    }
}

fn reserve_input(reading: &mut InputErrors, input: StockReserveInput) -> shell::ReserveInput {
    let items = input.items.into_iter().enumerate().map(|(index, item)| {
        let at = |name: &str| path!["input", "items", index, name];
        let (product, store) = (reading.product(item.product, || at("product")), reading.store(item.store, || at("store")));
        shell::ReserveItemInput { product, store, quantity: reading.units(item.quantity, || at("quantity")) }
    });
    let items = items.collect();
    let reference = input.reference_id.as_ref().and_then(|id| {
        let found = entity::id::prefix_of(id).filter(|(prefix, _)| entity::id::PREFIXES.contains(prefix));
        if found.is_none() {
            reading.invalid("one of our ids is expected", || path!["input", "referenceId"]);
        }
        found.map(|(prefix, id)| Reference { kind: ReferenceKind::of_prefix(prefix), id })
    });
    shell::ReserveInput { idempotency_key: input.idempotency_key, ttl_seconds: input.ttl_seconds.into(), reference, items }
}

pub(super) async fn stock_payload(ctx: &Context<'_>, done: Done) -> Answer<StockPayload> {
    let mut receipt = match receipt(ctx, done).await? {
        Ok(receipt) => receipt,
        Err(errors) => return Ok(errors.into()),
    };
    if let Some(stored) = receipt.stored {
        return replayed(ctx, stored.movement, stored.seq).await;
    }
    if receipt.lots.iter().any(|lot| !lot.row.is_stored()) {
        ctx.lazy::<DataLoader<StockLoader>>()?.loader().make(&receipt.lots);
    }
    Ok(StockPayload {
        levels: Some(receipt.levels.iter().map(|level| LevelRow::from(level).into()).collect()),
        movement: receipt.take_movement().map(|movement| StockMovement(Arc::new(movement))),
        user_errors: Vec::new(),
        replayed: false,
        seq: receipt.seq.map(Long),
    })
}

/// The answer to a repeated call: the movement from the ledger, and its levels with their
/// quantities after it. The call's last event belongs to another movement if a count was recorded
/// with it.
async fn replayed(ctx: &Context<'_>, movement: Option<i64>, seq: Option<i64>) -> Answer<StockPayload> {
    let loader = ctx.lazy::<DataLoader<StockLoader>>()?;
    let mut found = loader.load_many(movement.into_iter().chain(movement.and(seq)).map(MovementSeqKey)).await?;
    let beside = seq.filter(|seq| movement != Some(*seq)).and_then(|seq| found.remove(&MovementSeqKey(seq)));
    let movement = movement.and_then(|seq| found.remove(&MovementSeqKey(seq)));
    let moved = movement.iter().chain(&beside);
    let last: HashMap<LevelKey, (&Entry, &Movement)> =
        moved.flat_map(|movement| movement.entries.iter().map(|entry| (entry.key, (entry, &**movement)))).collect();
    let mut levels: Vec<LevelRow> = loader.load_many(last.keys().copied()).await?.into_values().collect();
    levels.sort_by_key(|level| level.key);
    for level in &mut levels {
        if let Some((entry, movement)) = last.get(&level.key) {
            apply_entry(level, entry, movement);
        }
    }
    let levels = levels.into_iter().map(StockLevel::from).collect();
    let movement = movement.map(StockMovement);
    Ok(StockPayload { levels: Some(levels), movement, user_errors: Vec::new(), replayed: true, seq: seq.map(Long) })
}

fn apply_entry(level: &mut LevelRow, entry: &Entry, movement: &Movement) {
    (level.on_hand, level.reserved, level.unavailable) = (entry.on_hand_after, entry.reserved_after, entry.unavailable_after);
    (level.version, level.seq, level.updated_at) = (entry.version_after, movement.seq, movement.recorded_at);
}

async fn reservation_payload(ctx: &Context<'_>, done: Done) -> Answer<ReservationPayload> {
    let receipt = match receipt(ctx, done).await? {
        Ok(receipt) => receipt,
        Err(errors) => return Ok(errors.into()),
    };
    let levels: HashMap<LevelKey, Arc<LevelRow>> =
        receipt.levels.iter().map(|level| (level.key, Arc::new(LevelRow::from(level)))).collect();
    let (held, replayed) = match &receipt.stored {
        None => (receipt.reservations, false),
        Some(stored) => {
            let mut found = ctx.lazy::<DataLoader<StockLoader>>()?.load_many(stored.reservations.clone()).await?;
            (stored.reservations.iter().filter_map(|id| found.remove(id)).collect(), true)
        }
    };
    let reservations = Some(held.into_iter().map(|held| Reservation(levels.get(&held.key).cloned(), held)).collect());
    let seq: Option<Long> = receipt.seq.map(Long);
    Ok(ReservationPayload { reservations, user_errors: Vec::new(), replayed, seq })
}
