//! Undoing what returns gave back.

use entity::prelude::*;
use iam::access::{Permit, kind};

use super::ownership::own_return;
use crate::{
    ledger::{Command, Done, Ledger, Mode, first_answer, key_of, submit},
    returns::core::{RefundReversal, ReverseRefund},
    reversals::shell::{DocumentReverse, MUTATION, call_of, checked, missing},
};

/// Opens a closed return again: the caller may reverse documents and settle returns, in the return's store.
pub async fn refund_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    ret: ReturnId,
    mode: Mode,
) -> Done {
    checked(input)?;
    let settling = permit.also::<kind::ReturnApprove>()?;
    let key = key_of(permit, MUTATION, &input.idempotency_key, input);
    let place = own_return(ledger, permit, ret).await?.filter(|place| settling.covers(place.store));
    let Some(place) = place else { return first_answer(ledger, permit, &key, missing()).await };
    let reverse = ReverseRefund {
        ret,
        orders: place.orders,
        expected_version: input.expected_version,
        time_zone: place.time_zone,
        has_lines: input.lines.is_some(),
        call: call_of(ledger, permit, input, &[])?,
    };
    submit(ledger, permit, Command::of(RefundReversal(Box::new(reverse))), key, mode).await
}
