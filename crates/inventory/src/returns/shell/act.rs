//! The steps of a requested return.

use entity::prelude::*;
use iam::access::{Permission, Permit, kind};
use platform::storage::idempotency::Key;
use serde::{Serialize, Serializer};

use super::returnable_lots::submit_with_lots;
pub use crate::returns::core::RemainderPolicy;
use crate::{
    ledger::{
        Checks, Command, Ledger, LotRef, MAX_NOTE, Mode, SubmitResult, check_key, document_ids, key_of, lot_choice,
        stored_answer_or, submit,
    },
    orders::shell::MAX_LINES,
    returns::{
        core::{ActOnReturn, InspectedLine, Inspection, ReceivedGoods, ReceivedReturnLine, ReturnCommand, ReturnStep},
        rows::ReturnPlace,
        shell::ownership::authorized_return,
    },
    stock::core::{At, Field, Noun, Rejection},
};

/// Common inputs of all steps of a return.
#[derive(Debug, Clone, Serialize)]
pub struct ReturnOf {
    #[serde(skip)]
    pub idempotency_key: String,
    pub ret: ReturnId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// Stored with the movement.
    pub note: Option<String>,
}

/// Rejects a request, or an approved return whose goods do not arrive.
#[derive(Debug, Clone, Serialize)]
pub struct ReturnReject {
    pub of: ReturnOf,
    pub reason: String,
}

/// Receives goods, whole or in parts.
#[derive(Debug, Clone, Serialize)]
pub struct ReturnReceive {
    pub of: ReturnOf,
    /// None for all that is still awaited.
    pub lines: Option<Vec<ReturnLineBack>>,
    #[serde(serialize_with = "serialize_remainder")]
    pub rest: RemainderPolicy,
    pub occurred_at: Option<Timestamp>,
}
#[derive(Debug, Clone, Serialize)]
pub struct ReturnLineBack {
    pub line: ReturnLineId,
    pub quantity: Quantity,
    pub lot: Option<LotRef>,
}

/// Dispositions of received goods.
#[derive(Debug, Clone, Serialize)]
pub struct ReturnInspect {
    pub of: ReturnOf,
    /// None for all uninspected goods, by the disposition that their lines requested.
    pub lines: Option<Vec<InspectedReturnLine>>,
    pub occurred_at: Option<Timestamp>,
}
#[derive(Debug, Clone, Serialize)]
pub struct InspectedReturnLine {
    pub line: ReturnLineId,
    pub quantity: Quantity,
    pub disposition: Disposition,
    pub lot: Option<LotRef>,
}

/// Closes a return with its refund.
#[derive(Debug, Clone, Serialize)]
pub struct ReturnClose {
    pub of: ReturnOf,
    /// None for the received goods at their lines' prices.
    pub refund: Option<Money>,
}

/// Approves a return: its goods may be sent in.
pub async fn return_approve(ledger: &Ledger, permit: Permit<kind::ReturnApprove>, input: ReturnOf, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_call(&mut checks, &input);
    checks.done()?;
    submit_step(ledger, &permit, ("returnApprove", &input, mode), &input, ReturnStep::Approve).await
}

/// Rejects a return, or an approved one that is no longer awaited, with the reason; its quantities
/// can be requested again.
pub async fn return_reject(
    ledger: &Ledger,
    permit: Permit<kind::ReturnApprove>,
    input: ReturnReject,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_call(&mut checks, &input.of);
    checks.check_required(&input.reason, MAX_NOTE, || At::input(Field::Reason));
    checks.done()?;
    let reason = input.reason.clone();
    submit_step(ledger, &permit, ("returnReject", &input, mode), &input.of, ReturnStep::Reject { reason }).await
}

/// Receives goods; they are not for sale until they are inspected.
pub async fn return_receive(
    ledger: &Ledger,
    permit: Permit<kind::OrderReturn>,
    input: ReturnReceive,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_call(&mut checks, &input.of);
    check_lines(&mut checks, input.lines.iter().flatten().map(|line| line.lot.as_ref()));
    checks.done()?;
    let received_line = |line: &ReturnLineBack| ReceivedReturnLine {
        line: line.line,
        quantity: line.quantity,
        lot: lot_choice(ledger, line.lot.as_ref()),
    };
    let lines: Option<Vec<ReceivedReturnLine>> = input.lines.as_ref().map(|lines| lines.iter().map(received_line).collect());
    let key = key_of(&permit, "returnReceive", &input.of.idempotency_key, &input);
    let Some(place) = authorized_return(ledger, &permit, input.of.ret).await? else {
        return answer_not_found(ledger, &permit, &key).await;
    };
    let command = |left| {
        let goods = ReceivedGoods { lines: lines.clone(), rest: input.rest, left, occurred_at: input.occurred_at };
        build_command(ledger, &permit, &input.of, &place, ReturnStep::Receive(goods))
    };
    Box::pin(submit_with_lots(ledger, &permit, (place.orders.as_slice(), &command), key, mode)).await
}

/// Records the dispositions of received goods.
pub async fn return_inspect(
    ledger: &Ledger,
    permit: Permit<kind::OrderReturn>,
    input: ReturnInspect,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_call(&mut checks, &input.of);
    check_lines(&mut checks, input.lines.iter().flatten().map(|line| line.lot.as_ref()));
    checks.done()?;
    let to_inspected_line = |line: &InspectedReturnLine| InspectedLine {
        line: line.line,
        quantity: line.quantity,
        disposition: line.disposition,
        lot: lot_choice(ledger, line.lot.as_ref()),
    };
    let inspection = Inspection {
        lines: input.lines.as_ref().map(|lines| lines.iter().map(to_inspected_line).collect()),
        occurred_at: input.occurred_at,
    };
    submit_step(ledger, &permit, ("returnInspect", &input, mode), &input.of, ReturnStep::Inspect(inspection)).await
}

/// Closes a return with its refund.
pub async fn return_close(ledger: &Ledger, permit: Permit<kind::ReturnApprove>, input: ReturnClose, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_call(&mut checks, &input.of);
    checks.done()?;
    submit_step(ledger, &permit, ("returnClose", &input, mode), &input.of, ReturnStep::Close { refund: input.refund }).await
}

fn check_call(checks: &mut Checks, common_input: &ReturnOf) {
    check_key(checks, &common_input.idempotency_key);
    checks.text(common_input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
}

fn check_lines<'a>(checks: &mut Checks, lots: impl Iterator<Item = Option<&'a LotRef>> + Clone) {
    checks.items(lots.clone().count(), MAX_LINES, || At::input(Field::Lines));
    for (index, lot) in lots.enumerate().take(MAX_LINES) {
        checks.lot(lot, || At::line(index).field(Field::Lot));
    }
}

async fn submit_step<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    (mutation, input, mode): (&'static str, &impl Serialize, Mode),
    common_input: &ReturnOf,
    step: ReturnStep,
) -> SubmitResult {
    let key = key_of(permit, mutation, &common_input.idempotency_key, input);
    match authorized_return(ledger, permit, common_input.ret).await? {
        Some(place) => submit(ledger, permit, build_command(ledger, permit, common_input, &place, step), key, mode).await,
        None => answer_not_found(ledger, permit, &key).await,
    }
}

async fn answer_not_found<P>(ledger: &Ledger, permit: &Permit<P>, key: &Key) -> SubmitResult {
    let missing = Rejection::not_found(Noun::Return, At::input(Field::Id));
    stored_answer_or(ledger, permit, key, missing.into()).await
}

fn build_command<P>(
    ledger: &Ledger,
    permit: &Permit<P>,
    common_input: &ReturnOf,
    place: &ReturnPlace,
    step: ReturnStep,
) -> Command {
    let command = ActOnReturn {
        ret: common_input.ret,
        orders: place.orders.clone(),
        expected_version: common_input.expected_version,
        note: common_input.note.clone(),
        actor: permit.actor(),
        movements: document_ids(ledger),
        time_zone: place.time_zone.clone(),
        step,
    };
    Command::of(ReturnCommand::Act(Box::new(command), place.levels.clone()))
}

/// Serializes the handling of the rest for the hash of an input.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn serialize_remainder<S: Serializer>(rest: &RemainderPolicy, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match rest {
        RemainderPolicy::Awaited => "AWAITED",
        RemainderPolicy::GivenUp => "GIVEN_UP",
    })
}
