//! Creating returns.

use std::collections::HashMap;

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::{Fault, Reads};

use super::{
    input::{ReturnCreate, ReturnLine},
    returnable_lots::submit_with_lots,
    settle::{Settling, check_refunds},
};
use crate::{
    ledger::{
        Checks, Command, Ledger, MAX_NAME, MAX_NOTE, MAX_REFERENCE, MissingReferences, Mode, Names, Stop, SubmitResult,
        check_key, document_ids, key_of, load_known_store, lot_choice, stored_answer_or,
    },
    orders::{
        rows::{self, SoldLine},
        shell::MAX_LINES,
    },
    returns::{
        core::{CreateReturn, NewReturnLine, ReturnCommand, ReturnMatch, ReturnRefusal, Settle},
        shell::ownership::hide_foreign_order_lines,
    },
    stock::core::{At, Field, LevelKey, Noun, Rejection, RoomRefusal},
};

/// Receives a return, or only records it (`Receive::Later`). A line that names order lines is
/// credited to them, by default with the product and the price that were sold.
pub async fn return_create(ledger: &Ledger, permit: Permit<kind::OrderReturn>, input: ReturnCreate, mode: Mode) -> SubmitResult {
    Box::pin(submit_return(ledger, permit, input, mode, |create| Command::of(ReturnCommand::Create(create)))).await
}

/// Submits the command for a new return. Needs `return.approve` in its store if it is closed at
/// once.
pub async fn submit_return(
    ledger: &Ledger,
    permit: Permit<kind::OrderReturn>,
    mut input: ReturnCreate,
    mode: Mode,
    command: impl Fn(Box<CreateReturn>) -> Command + Send + Sync,
) -> SubmitResult {
    let settlement = input.settle.as_ref().map(|settle| Settling::of(&permit, settle)).transpose()?;
    check_form(&input)?;
    let key = key_of(&permit, "returnCreate", &input.idempotency_key, &input);
    let new_return = build_create_command(ledger, &permit, &mut input, settlement.as_ref()).await;
    let outcome = match new_return {
        Ok(new_return) => {
            let orders = new_return.orders_of_lines_without_lots();
            let command = |left| command(Box::new(CreateReturn { left, ..new_return.clone() }));
            Box::pin(submit_with_lots(ledger, &permit, (orders.as_slice(), &command), key, mode)).await
        }
        Err(stop) => stored_answer_or(ledger, &permit, &key, stop).await,
    };
    outcome.map_err(|stop| move_to_order_line_id(stop, &input.lines))
}

async fn build_create_command(
    ledger: &Ledger,
    permit: &Permit<kind::OrderReturn>,
    input: &mut ReturnCreate,
    settlement: Option<&Settling>,
) -> Result<CreateReturn, Stop> {
    let scope = permit.scope(ledger.database());
    let terms = ledger.terms(&scope).await?;
    let mut missing = MissingReferences::default();
    let store = load_known_store(&scope, &input.store, &permit.reach()).await?;
    if store.is_none() {
        missing.note(Rejection::not_found(Noun::Store, At::input(Field::Store)));
    }
    if permit.channel().is_some() {
        check_lines_name_orders(&input.lines)?;
    }
    hide_foreign_order_lines(ledger, permit, &scope, &mut input.lines).await?;
    let lines = lines_of(ledger, &scope, &mut missing, &input.lines).await?;
    let Some(store) = store.filter(|_| !missing.has_any()) else { return Err(missing.stop()) };
    let orders: Vec<OrderId> = lines.iter().flat_map(|line| &line.matches).map(|piece| piece.line.split_line().0).collect();
    if let Some(settlement) = settlement {
        settlement.covers(&scope, store.id, &orders).await?;
    }
    let parts = rows::parts_of(&scope, &orders).await?.into_iter().map(|product| LevelKey { product, store: store.id }).collect();
    Ok(CreateReturn {
        id: ledger.clock().document_id(),
        store: store.id,
        customer: input.customer,
        external_ref: input.external_ref.take(),
        register: input.register.take().map(|code| code.trim().to_owned()),
        receive: input.receive,
        settle: input.settle.as_ref().map(|settle| Settle { refund: settle.refund }),
        note: input.note.take(),
        occurred_at: input.occurred_at,
        lines,
        parts,
        left: None,
        actor: permit.actor(),
        movements: document_ids(ledger),
        currency: terms.currency,
        time_zone: store.time_zone,
    })
}

fn check_form(input: &ReturnCreate) -> Result<(), Stop> {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.external_ref.as_deref(), MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    checks.register(input.register.as_deref(), || At::input(Field::Register));
    checks.items(input.lines.len(), MAX_LINES, || At::input(Field::Lines));
    let piece_count = input.lines.iter().map(|line| line.matches.len()).sum();
    checks.items(piece_count, MAX_LINES, || At::line(0).field(Field::Matches));
    if let Some(settle) = &input.settle {
        check_refunds(&mut checks, &settle.payments);
    }
    for (index, line) in input.lines.iter().enumerate().take(MAX_LINES) {
        checks.text(line.name.as_deref(), MAX_NAME, || At::line(index).field(Field::Name));
        checks.lot(line.lot.as_ref(), || At::line(index).field(Field::Lot));
        if line.order_line.is_some() && !line.matches.is_empty() {
            checks.refuse(ReturnRefusal::LineOrPieces.at(At::line(index).field(Field::OrderLine)));
        }
    }
    checks.done()
}

/// Refuses lines without an order of callers that are bound to a channel: they may only return
/// goods that the channel sold. A return belongs to the channel whose orders it goes back on:
/// without an order it would belong to none, and would add stock that was never sold.
fn check_lines_name_orders(lines: &[ReturnLine]) -> Result<(), Stop> {
    let mut checks = Checks::default();
    for (index, line) in lines.iter().enumerate() {
        if line.order_line.is_some() {
            continue;
        }
        let sum = |sum: i64, piece: &ReturnMatch| sum.checked_add(piece.quantity.get());
        let matched = line.matches.iter().try_fold(0, sum);
        if line.matches.is_empty() {
            checks.refuse(ReturnRefusal::NoOrderLine.at(At::line(index).field(Field::OrderLine)));
        } else if matched != Some(line.quantity.get()) {
            checks.refuse(ReturnRefusal::PiecesNotWhole.at(At::line(index).field(Field::Matches)));
        }
    }
    checks.done()
}

async fn lines_of(
    ledger: &Ledger,
    reads: &impl Reads,
    missing: &mut MissingReferences,
    lines: &[ReturnLine],
) -> Result<Vec<NewReturnLine>, Fault> {
    let names = Names::look_up(reads, lines.iter().filter_map(|line| line.product.as_ref())).await?;
    let sold_by_id = sold_lines(reads, lines).await?;
    let mut new_lines = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let ordered_line = find_origin_line(line).and_then(|id| sold_by_id.get(&id));
        let product = match (&line.product, line.kind) {
            (Some(product_ref), _) => Some(missing.or_nil(names.product(product_ref, || At::line(index).field(Field::Product)))),
            (None, LineKind::Product) => {
                if find_origin_line(line).is_some() && ordered_line.is_none() {
                    missing.note(Rejection::not_found(Noun::OrderLine, origin_field(index, line)));
                }
                ordered_line.and_then(|ordered_line| ordered_line.product)
            }
            (None, LineKind::Charge) => None,
        };
        let whole_match = line.order_line.map(|ordered_line| ReturnMatch { line: ordered_line, quantity: line.quantity });
        new_lines.push(NewReturnLine {
            kind: line.kind,
            product,
            name: line.name.clone().or_else(|| ordered_line.map(|ordered_line| ordered_line.name.clone())),
            quantity: line.quantity,
            unit_price: line.unit_price,
            disposition: line.disposition,
            matches: whole_match.map_or_else(|| line.matches.clone(), |whole_match| vec![whole_match]),
            lot: lot_choice(ledger, line.lot.as_ref()),
        });
    }
    Ok(new_lines)
}

/// Returns the order line that completes the missing fields of a return line.
fn find_origin_line(line: &ReturnLine) -> Option<OrderLineId> {
    line.order_line.or_else(|| line.matches.first().map(|piece| piece.line))
}

fn origin_field(index: usize, line: &ReturnLine) -> At {
    match line.order_line {
        Some(_) => At::line(index).field(Field::OrderLine),
        None => At::line(index).part(Field::Matches, 0).field(Field::OrderLine),
    }
}

/// Reads the product or charge of the order lines of those return lines that do not name it
/// themselves: one statement, none if all do.
async fn sold_lines(reads: &impl Reads, lines: &[ReturnLine]) -> Result<HashMap<OrderLineId, SoldLine>, Fault> {
    let is_incomplete = |line: &&ReturnLine| match line.kind {
        LineKind::Product => line.product.is_none(),
        LineKind::Charge => line.name.is_none(),
    };
    let ids: Vec<OrderLineId> = lines.iter().filter(is_incomplete).filter_map(find_origin_line).collect();
    rows::sold_lines(reads, &ids).await
}

/// Moves refusals of `matches`, which is all that the rules know, to `orderLineId` if the caller
/// sent that field.
fn move_to_order_line_id(stop: Stop, lines: &[ReturnLine]) -> Stop {
    let Stop::Refused(mut rejections) = stop else { return stop };
    for rejection in &mut rejections {
        let Some((Field::Lines, index)) = rejection.at.row else { continue };
        let is_of_matches = rejection.at.part.map(|(list, _)| list).or(rejection.at.field) == Some(Field::Matches);
        if is_of_matches && lines.get(index).is_some_and(|line| line.order_line.is_some()) {
            let refusal = rejection.of_room();
            let is_too_much = matches!(refusal, Some(ReturnRefusal::ReturnableUpTo { .. } | ReturnRefusal::PiecesAboveLine));
            rejection.at = At::line(index).field(if is_too_much { Field::Quantity } else { Field::OrderLine });
        }
    }
    Stop::Refused(rejections)
}
