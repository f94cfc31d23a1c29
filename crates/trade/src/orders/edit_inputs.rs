//! Inputs for changes of an order.

use async_graphql::{ID, InputObject, MaybeUndefined};
use inventory::orders::shell;
use platform::path;

use super::{
    contact_inputs::{AddressInput, ContactInput},
    enums::{CancelReason, DeliveryMethod},
    inputs::ActionInput,
    line_inputs::{OrderLineInput, OrderLineSet, pack_lines},
    links::{ChannelRef, CustomerRef, StoreRef},
    order_ref::OrderRef,
    sourcing::SourcingInput,
};
use crate::{
    graphql::{
        reading::{InputErrors, patch},
        scalars::{DateTime, Json, Long, Quantity},
    },
    packs::{CodedLine, PackLine},
    references::{Names, VisibleOrder},
};

/// An order as it shall be from now on. A field that is left out stays as it is, null clears it.
#[derive(Debug, Clone, InputObject)]
pub struct OrderUpdateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the order. Needed unless `order` names it.
    pub id: Option<ID>,
    /// The order, instead of `id`. Null where `id` is given.
    pub order: Option<OrderRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Deprecated form of `customer`: its ID.
    #[graphql(deprecation = "2026-11-26: use customer. Removed after 2027-11-26.")]
    pub customer_id: MaybeUndefined<ID>,
    /// Customer to whom the order is sold. Null for an anonymous sale.
    pub customer: MaybeUndefined<CustomerRef>,
    /// The order's reference elsewhere; unique in its channel; at most 128 characters.
    pub external_ref: MaybeUndefined<String>,
    /// Person to reach about the order.
    pub contact: MaybeUndefined<ContactInput>,
    /// Shipping address of the order. Its country becomes the order's shippingCountry.
    pub shipping_address: MaybeUndefined<AddressInput>,
    /// Billing address of the order.
    pub billing_address: MaybeUndefined<AddressInput>,
    /// Time for which the order is wanted. Null clears.
    pub requested_for: MaybeUndefined<DateTime>,
    /// Delivery method of the order. Null leaves it as it is.
    pub delivery_method: Option<DeliveryMethod>,
    /// A note for the customer; at most 1,000 characters.
    pub note_for_customer: MaybeUndefined<String>,
    /// A note for staff; at most 1,000 characters.
    pub note_for_staff: MaybeUndefined<String>,
    /// Tags to add, each of at most 64 characters; an order has at most 50. Null for none.
    pub tags_add: Option<Vec<String>>,
    /// Tags to take off, in any spelling of capitals. Null for none.
    pub tags_remove: Option<Vec<String>>,
    /// A JSON object of at most 16 KiB, in place of the one that is there.
    pub metadata: MaybeUndefined<Json>,
    /// Lines that change, each named once; at most 2,000, and 500 with `resourcing`. Null for none.
    pub set_lines: Option<Vec<OrderLineSet>>,
    /// Lines that are added; an order has at most 2,000. Null for none.
    pub add_lines: Option<Vec<OrderLineInput>>,
    /// Rule by which stores are found for added quantities; `{}` for the company's rule. Null holds them where their line is held
    /// already, else in the order's store. Refused for a DRAFT, whose stores are found when it is confirmed.
    pub resourcing: Option<SourcingInput>,
    /// The reason for the change; at most 1,000 characters. Null for none.
    pub reason: Option<String>,
    /// Store that sells the order. Only a DRAFT changes it. Needs order.write in both stores. Null leaves it as it
    /// is.
    pub store: Option<StoreRef>,
    /// Deprecated form of `channel`: its ID.
    #[graphql(deprecation = "2026-11-26: use channel. Removed after 2027-11-26.")]
    pub channel_id: Option<ID>,
    /// Channel from which the order came. Only a DRAFT changes it. Null leaves it as it is.
    pub channel: Option<ChannelRef>,
    /// Time at which the order was placed. Only a DRAFT changes it. At most five minutes ahead, and not in a closed period. Null
    /// leaves it as it is.
    pub placed_at: Option<DateTime>,
    /// Rule by which stores are found to hold the stock once the DRAFT is confirmed; `{}` for the company's rule. Only a DRAFT
    /// changes it. Null for the order's store.
    pub sourcing: MaybeUndefined<SourcingInput>,
}

impl OrderUpdateInput {
    pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
        let lines = self.set_lines.iter_mut().flatten().enumerate();
        lines
            .filter_map(|(index, line)| {
                let id = line.line_id.as_ref().or(line.id.as_ref());
                CodedLine::set(index, id, &mut line.quantity, line.packs, line.barcode.as_deref())
            })
            .collect()
    }
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .required(("order", self.order.take().map(VisibleOrder)), ("id", &mut self.id))
            .optional(("channel", self.channel.take()), ("channelId", &mut self.channel_id))
            .patch(("customer", std::mem::take(&mut self.customer)), ("customerId", &mut self.customer_id))
    }
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(self.add_lines.as_deref_mut().unwrap_or_default(), "addLines")
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::OrderUpdate {
        let customer = patch(self.customer_id, |id| reader.id(&id, || path!["input", "customerId"]));
        let set_lines = self.set_lines.into_iter().flatten().enumerate();
        let add_lines = self.add_lines.into_iter().flatten().enumerate();
        shell::OrderUpdate {
            idempotency_key: self.idempotency_key,
            order: reader.row(self.id),
            expected_version: self.expected_version.0,
            customer,
            external_ref: patch(self.external_ref, |text| text),
            detail: shell::OrderDetailFields {
                contact: patch(self.contact, Into::into),
                shipping_address: patch(self.shipping_address, Into::into),
                billing_address: patch(self.billing_address, Into::into),
                note_for_customer: patch(self.note_for_customer, |text| text),
                note_for_staff: patch(self.note_for_staff, |text| text),
                tags_add: self.tags_add.unwrap_or_default(),
                tags_remove: self.tags_remove.unwrap_or_default(),
                metadata: patch(self.metadata, |json| json.0),
                requested_for: patch(self.requested_for, |at| at.0),
                delivery_method: self.delivery_method.map(Into::into),
            },
            set_lines: set_lines.map(|(index, line)| line.read(index, reader)).collect(),
            add_lines: add_lines.map(|(index, line)| line.read("addLines", index, reader)).collect(),
            sourcing: self.resourcing.map(|sourcing_input| sourcing_input.read("resourcing", reader)),
            reason: self.reason,
            store: self.store.map(|store| reader.store(store, || path!["input", "store"])),
            channel: reader.id_opt(self.channel_id.as_ref(), || path!["input", "channelId"]),
            placed_at: self.placed_at.map(|at| at.0),
            draft_sourcing: patch(self.sourcing, |sourcing_input| sourcing_input.read("sourcing", reader)),
        }
    }
}

/// Units of an order's line to cancel.
#[derive(Debug, Clone, InputObject)]
pub struct OrderLineCancel {
    /// The order's line.
    pub line_id: ID,
    /// Quantity to cancel, in the product's smallest unit: between 1 and the open and backordered quantity of the line; whole
    /// kits for a kit. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs to cancel, instead of `quantity`: `packs` times the units in a pack of `barcode`. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// Barcode of the packs, one of the line's product; another product's is INVALID. Null where `quantity` is given.
    pub barcode: Option<String>,
}

/// A step, why and at which register it is taken, and the lines that it is limited to.
pub(super) struct CancelStepInput {
    /// The order.
    pub id: ID,
    pub input: ActionInput,
    pub reason: Option<CancelReason>,
    pub register: Option<String>,
    pub lines: Option<Vec<OrderLineCancel>>,
}

impl CancelStepInput {
    /// The lines, which are a separate argument beside the input.
    pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
        let lines = self.lines.iter_mut().flatten().enumerate();
        lines
            .map(|(index, line)| CodedLine {
                line: Some(&line.line_id),
                units: &mut line.quantity,
                packs: line.packs,
                barcode: line.barcode.as_deref(),
                at: path!["lines", index],
            })
            .collect()
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::OrderAct {
        let lines = self.lines.map(|lines| {
            let cancel_lines = lines.into_iter().enumerate().map(|(index, line_input)| shell::CancelLine {
                line: reader.id(&line_input.line_id, || path!["lines", index, "lineId"]),
                quantity: reader.units(line_input.quantity, || path!["lines", index, "quantity"]),
            });
            cancel_lines.collect()
        });
        let (reason, register) = (self.reason.map(Into::into), self.register);
        shell::OrderAct { reason, register, lines, ..self.input.read(reader) }
    }
}
