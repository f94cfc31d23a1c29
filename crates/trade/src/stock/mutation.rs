//! Mutations of the stock room: input to command, receipt to payload.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, dataloader::DataLoader};
use inventory::{
    ledger::{Ledger, SubmitResult, shell},
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
        let ledger = ctx.required_data::<Ledger>()?;
        let input = match read(|reader| adjust_input(reader, input)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        Box::pin(stock_payload(ctx, Box::pin(shell::stock_adjust(ledger, permit, input, dry_run)).await)).await
    }

    /// Sets stock to absolute quantities, all or none. Each item states the level's expected version or quantity, or that none is
    /// expected.
    #[mutation(permit = StockSet, emits(STOCK_CHANGED), dry_run)]
    async fn stock_set(&self, ctx: &Context<'_>, #[graphql(desc = "Quantities.")] input: StockSetInput) -> Answer<StockPayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        let input = match read(|reader| set_input(reader, input)) {
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
        let ledger = ctx.required_data::<Ledger>()?;
        let movement = match read(|reader| reader.id(&input.movement_id, || path!["input", "movementId"])) {
            Ok(movement) => movement,
            Err(errors) => return Ok(errors.into()),
        };
        let input = shell::ReverseInput {
            idempotency_key: input.idempotency_key,
            movement,
            note: input.note,
            occurred_at: input.occurred_at.map(|time| time.0),
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
        let ledger = ctx.required_data::<Ledger>()?;
        let input = match read(|reader| reserve_input(reader, input)) {
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
        let ledger = ctx.required_data::<Ledger>()?;
        let input = match read(|reader| reader.ids(Some(input.reservation_ids), "reservationIds")) {
            Ok(reservations) => shell::ReleaseInput { idempotency_key: input.idempotency_key, reservations },
            Err(errors) => return Ok(errors.into()),
        };
        Box::pin(reservation_payload(ctx, Box::pin(shell::stock_release(ledger, permit, input, dry_run)).await)).await
    }
}

fn adjust_input(reader: &mut InputErrors, input: StockAdjustInput) -> shell::AdjustInput {
    let changes = input.changes.into_iter().enumerate().map(|(index, change)| {
        let at = |name: &str| path!["input", "changes", index, name];
        shell::ChangeInput {
            product: reader.product(change.product, || at("product")),
            store: reader.store(change.store, || at("store")),
            delta: reader.units(change.delta, || at("delta")),
            expected_version: change.expected_version.map(|version| version.0),
            unit_cost: reader.money(change.unit_cost.as_ref(), || at("unitCost")),
            note: change.note,
            lot: change.lot.map(|lot| reader.lot(lot, || at("lot"))),
        }
    });
    shell::AdjustInput {
        idempotency_key: input.idempotency_key,
        kind: input.kind.into(),
        reason: input.reason_code.into(),
        note: input.note,
        external_ref: input.external_ref,
        occurred_at: input.occurred_at.map(|time| time.0),
        on_shortage: input.on_shortage.into(),
        changes: changes.collect(),
    }
}

fn set_input(reader: &mut InputErrors, input: StockSetInput) -> shell::SetInput {
    let items = input.items.into_iter().enumerate().map(|(index, item)| {
        let at = |name: &str| path!["input", "items", index, name];
        let compare = match item.compare {
            StockCompare::ExpectedVersion(version) => Compare::Version(version.0),
            StockCompare::ExpectedOnHand(on_hand) => Compare::OnHand(on_hand.0),
            StockCompare::Unconditional(yes) => {
                if !yes {
                    reader.invalid("unconditional must be true", || at("compare"));
                }
                Compare::Unconditional
            }
        };
        let (product, store) = (reader.product(item.product, || at("product")), reader.store(item.store, || at("store")));
        let lot = item.lot.map(|lot| reader.lot(lot, || at("lot")));
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

fn reserve_input(reader: &mut InputErrors, input: StockReserveInput) -> shell::ReserveInput {
    let items = input.items.into_iter().enumerate().map(|(index, item)| {
        let at = |name: &str| path!["input", "items", index, name];
        let (product, store) = (reader.product(item.product, || at("product")), reader.store(item.store, || at("store")));
        shell::ReserveItemInput { product, store, quantity: reader.units(item.quantity, || at("quantity")) }
    });
    let items = items.collect();
    let reference = input.reference_id.as_ref().and_then(|id| {
        let parsed = entity::id::prefix_of(id).filter(|(prefix, _)| entity::id::PREFIXES.contains(prefix));
        if parsed.is_none() {
            reader.invalid("one of our ids is expected", || path!["input", "referenceId"]);
        }
        parsed.map(|(prefix, id)| Reference { kind: ReferenceKind::of_prefix(prefix), id })
    });
    shell::ReserveInput { idempotency_key: input.idempotency_key, ttl_seconds: input.ttl_seconds.into(), reference, items }
}

pub(super) async fn stock_payload(ctx: &Context<'_>, outcome: SubmitResult) -> Answer<StockPayload> {
    let mut receipt = match receipt(ctx, outcome).await? {
        Ok(receipt) => receipt,
        Err(errors) => return Ok(errors.into()),
    };
    if let Some(stored) = receipt.stored {
        return replayed_payload(ctx, stored.movement, stored.seq).await;
    }
    if receipt.lots.iter().any(|lot| !lot.row.is_stored()) {
        ctx.lazy::<DataLoader<StockLoader>>()?.loader().insert_new_lots(&receipt.lots);
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
async fn replayed_payload(ctx: &Context<'_>, movement: Option<i64>, seq: Option<i64>) -> Answer<StockPayload> {
    let loader = ctx.lazy::<DataLoader<StockLoader>>()?;
    let mut movements_by_seq = loader.load_many(movement.into_iter().chain(movement.and(seq)).map(MovementSeqKey)).await?;
    let seq_movement = seq.filter(|seq| movement != Some(*seq)).and_then(|seq| movements_by_seq.remove(&MovementSeqKey(seq)));
    let movement = movement.and_then(|seq| movements_by_seq.remove(&MovementSeqKey(seq)));
    let movements = movement.iter().chain(&seq_movement);
    let last_entries: HashMap<LevelKey, (&Entry, &Movement)> =
        movements.flat_map(|movement| movement.entries.iter().map(|entry| (entry.key, (entry, &**movement)))).collect();
    let mut levels: Vec<LevelRow> = loader.load_many(last_entries.keys().copied()).await?.into_values().collect();
    levels.sort_by_key(|level| level.key);
    for level in &mut levels {
        if let Some((entry, movement)) = last_entries.get(&level.key) {
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

async fn reservation_payload(ctx: &Context<'_>, outcome: SubmitResult) -> Answer<ReservationPayload> {
    let receipt = match receipt(ctx, outcome).await? {
        Ok(receipt) => receipt,
        Err(errors) => return Ok(errors.into()),
    };
    let levels: HashMap<LevelKey, Arc<LevelRow>> =
        receipt.levels.iter().map(|level| (level.key, Arc::new(LevelRow::from(level)))).collect();
    let (held, replayed) = match &receipt.stored {
        None => (receipt.reservations, false),
        Some(stored) => {
            let mut reservations_by_id = ctx.lazy::<DataLoader<StockLoader>>()?.load_many(stored.reservations.clone()).await?;
            (stored.reservations.iter().filter_map(|id| reservations_by_id.remove(id)).collect(), true)
        }
    };
    let reservations = Some(held.into_iter().map(|held| Reservation(levels.get(&held.key).cloned(), held)).collect());
    let seq: Option<Long> = receipt.seq.map(Long);
    Ok(ReservationPayload { reservations, user_errors: Vec::new(), replayed, seq })
}
