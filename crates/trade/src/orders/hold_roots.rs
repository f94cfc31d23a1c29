//! Setting and lifting holds.

use async_graphql::{Context, ID, InputObject};
use inventory::{
    fulfilment::events::WORK_CHANGED,
    orders::{
        events::{ORDER_HELD, ORDER_HOLD_LIFTED},
        shell,
    },
};
use macros::resolvers;
use platform::path;

use super::{OrderRef, payload::OrderHoldPayload};
use crate::{
    graphql::{context::ContextExt, fault::Answer, reading::InputErrors, scalars::Long},
    references::VisibleOrder,
    row_names, step,
    stock::ReceiptPayload,
};

/// A hold to set on an order.
#[derive(Debug, Clone, InputObject)]
pub struct OrderHoldSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the order whose goods are kept back. Needed unless `order` names it.
    pub id: Option<ID>,
    /// The order, instead of `id`. Null where `id` is given.
    pub order: Option<OrderRef>,
    /// Version of the order that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Kind: CREDIT, FRAUD, ADDRESS, PAYMENT, or a text of your own; 1 to 64 characters in one line. SHORT and SOURCING are the platform's own flags.
    pub kind: String,
    /// Reason, shown with the hold; 1 to 1,000 characters.
    pub reason: String,
    /// Note beside the reason; at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

/// A hold to lift.
#[derive(Debug, Clone, InputObject)]
pub struct OrderHoldLiftInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Hold to lift, from Order.holds.
    pub id: ID,
    /// Version of the order that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
}

row_names!("order": order as VisibleOrder of OrderHoldSetInput);

impl OrderHoldSetInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::OrderHoldSet {
        shell::OrderHoldSet {
            idempotency_key: self.idempotency_key,
            order: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            kind: self.kind,
            reason: self.reason,
            note: self.note,
        }
    }
}

impl OrderHoldLiftInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::OrderHoldLift {
        shell::OrderHoldLift {
            idempotency_key: self.idempotency_key,
            hold: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
        }
    }
}

/// The root fields that change holds.
#[derive(Default)]
pub struct HoldMutation;

/// Changes of holds.
#[resolvers]
impl HoldMutation {
    /// Sets a hold on an order: until all holds are lifted, orderFulfil is refused with ON_HOLD. An
    /// order may have several holds of one kind; each is lifted by its ID. Open to orders that are
    /// DRAFT, PENDING, CONFIRMED or PARTIALLY_FULFILLED.
    #[mutation(permit = OrderHold, emits(ORDER_HELD, WORK_CHANGED), dry_run)]
    async fn order_hold_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Order, kind and reason.")] input: OrderHoldSetInput,
    ) -> Answer<OrderHoldPayload> {
        step!(named OrderHoldPayload, ctx, permit, input, shell::order_hold_set, dry_run)
    }

    /// Lifts one hold. The goods may leave once all holds are lifted. A hold of the kind FRAUD also
    /// requires order.hold.fraud.
    #[mutation(permit = OrderHold, emits(ORDER_HOLD_LIFTED, WORK_CHANGED), dry_run)]
    async fn order_hold_lift(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Hold to lift.")] input: OrderHoldLiftInput,
    ) -> Answer<OrderHoldPayload> {
        step!(OrderHoldPayload, ctx, permit, input, shell::order_hold_lift, dry_run)
    }
}
