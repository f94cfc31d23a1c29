//! The inputs of orders' mutations.

use async_graphql::{ID, InputObject};
use inventory::orders::shell;
use platform::path;

use super::{
    contact_inputs::{AddressInput, ContactInput},
    enums::{DeliveryMethod, NewOrderStatus},
    line_inputs::{OrderLineInput, pack_lines},
    links::{ChannelRef, CustomerRef, LotRef, ShortagePolicy, StoreRef},
    paid_inputs::OrderPaymentInput,
    sourcing::SourcingInput,
};
use crate::{
    graphql::{
        reading::InputErrors,
        scalars::{DateTime, Json, Long, Quantity},
    },
    packs::PackLine,
    references::Names,
};

/// A new order.
#[derive(Debug, Clone, InputObject)]
pub struct OrderCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Store that sells the order. It also holds the stock unless `sourcing` is given.
    pub store: StoreRef,
    /// Deprecated form of `channel`: its ID.
    #[graphql(deprecation = "2026-11-26: use channel. Removed after 2027-11-26.")]
    pub channel_id: Option<ID>,
    /// Channel from which the order came; the channel with the code DIRECT by default.
    pub channel: Option<ChannelRef>,
    /// Reference of the order in an external system; at most 128 characters, unique in its channel. Null for none.
    pub external_ref: Option<String>,
    /// Deprecated form of `customer`: its ID.
    #[graphql(deprecation = "2026-11-26: use customer. Removed after 2027-11-26.")]
    pub customer_id: Option<ID>,
    /// Customer to whom the order is sold; an anonymous sale when omitted.
    pub customer: Option<CustomerRef>,
    /// Country that the order is shipped to: an ISO 3166 code, or a name of at most 64 characters. Null for the customer's. Later
    /// changes of the customer do not change it.
    pub shipping_country: Option<String>,
    /// Register of the store at which the order is placed: a code of at most 32 characters. It stays as it is. Null for none.
    pub register: Option<String>,
    /// Time at which the order was placed. Null for now. At most five minutes ahead, and not in a closed period.
    pub placed_at: Option<DateTime>,
    /// Status in which the order is created. Default CONFIRMED.
    #[graphql(default_with = "NewOrderStatus::Confirmed")]
    pub status: NewOrderStatus,
    /// Reservations made before, which the order takes the place of. Null for none.
    pub reservation_ids: Option<Vec<ID>>,
    /// Policy for a FULFILLED order that takes stock which is promised to others or not there. Default REFUSE.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
    /// Lines of the order; at most 2,000, or 500 with `sourcing`.
    pub lines: Vec<OrderLineInput>,
    /// Rule by which stores are found to hold the stock; `{}` for the company's rule. Null for the order's store. A DRAFT's
    /// stores are found when it is confirmed. Not with FULFILLED.
    pub sourcing: Option<SourcingInput>,
    /// Person to reach about the order. Null for none.
    pub contact: Option<ContactInput>,
    /// Shipping address of the order. Its country is the order's shippingCountry when that is left out. Null for none.
    pub shipping_address: Option<AddressInput>,
    /// Billing address of the order. Null for none.
    pub billing_address: Option<AddressInput>,
    /// A note for the customer; at most 1,000 characters. Null for none.
    pub note_for_customer: Option<String>,
    /// A note for staff; at most 1,000 characters. Null for none.
    pub note_for_staff: Option<String>,
    /// Tags, at most 50 of at most 64 characters; case is ignored in comparing them. Null for none.
    pub tags: Option<Vec<String>>,
    /// Custom data: a JSON object of at most 16 KiB. Null for {}.
    pub metadata: Option<Json>,
    /// Time for which the order is wanted. Null for none.
    pub requested_for: Option<DateTime>,
    /// Delivery method of the order. Null for SHIP.
    pub delivery_method: Option<DeliveryMethod>,
    /// Payments of the order, in the order in which they happened; at most 100. The order and its payments are recorded together
    /// or not at all. Needs payment.write. Null for none.
    pub payments: Option<Vec<OrderPaymentInput>>,
}

/// Quantity of an order line.
#[derive(Debug, Clone, InputObject)]
pub struct LineQuantity {
    /// The order's line.
    pub line_id: ID,
    /// Quantity of the order line, in the product's smallest unit.
    pub quantity: Quantity,
    /// The lot that leaves; picked first-expired-first-out when it is left out.
    pub lot: Option<LotRef>,
}

/// A step of an order.
#[derive(Debug, Clone, InputObject)]
pub struct ActionInput {
    /// The order.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Note that is kept with the stock movements, at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

/// Shipment of an order or of a part of it.
#[derive(Debug, Clone, InputObject)]
pub struct OrderFulfilInput {
    /// The order.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Store from which the goods are shipped; the order's store by default. Reservations of a line in other stores are reduced only where they
    /// exceed the quantity still to be delivered.
    pub store: Option<StoreRef>,
    /// Lines to ship. By default as many units as are open are shipped; if the order is held in several stores, everything held in the store of
    /// shipment. A larger quantity, which includes backordered units, is shipped only when its line is named.
    pub lines: Option<Vec<LineQuantity>>,
    /// Time of the shipment. Null for now.
    pub occurred_at: Option<DateTime>,
    /// Policy for a shipment that takes stock which is promised to others or not there. Default REFUSE.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
}

/// Reads the details of a new order beside its lines; None if there are none.
fn read_detail(input: &mut OrderCreateInput) -> Option<Box<shell::OrderDetailFields>> {
    let detail = shell::OrderDetailFields {
        contact: input.contact.take().map(Into::into).into(),
        shipping_address: input.shipping_address.take().map(Into::into).into(),
        billing_address: input.billing_address.take().map(Into::into).into(),
        note_for_customer: input.note_for_customer.take().into(),
        note_for_staff: input.note_for_staff.take().into(),
        tags_add: input.tags.take().unwrap_or_default(),
        tags_remove: Vec::new(),
        metadata: input.metadata.take().map(|json| json.0).into(),
        requested_for: input.requested_for.take().map(|at| at.0).into(),
        delivery_method: input.delivery_method.map(Into::into),
    };
    (!detail.is_empty()).then(|| Box::new(detail))
}

impl OrderCreateInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .optional(("channel", self.channel.take()), ("channelId", &mut self.channel_id))
            .optional(("customer", self.customer.take()), ("customerId", &mut self.customer_id))
    }
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.lines, "lines")
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(mut self, reader: &mut InputErrors) -> shell::OrderCreate {
        let detail = read_detail(&mut self);
        let payments = self.payments.take().unwrap_or_default().into_iter().enumerate();
        let payments = payments.map(|(index, payment)| payment.read(index, reader)).collect();
        let lines = self.lines.into_iter().enumerate().map(|(index, line)| line.read("lines", index, reader)).collect();
        shell::OrderCreate {
            idempotency_key: self.idempotency_key,
            store: reader.store(self.store, || path!["input", "store"]),
            channel: reader.id_opt(self.channel_id.as_ref(), || path!["input", "channelId"]),
            external_ref: self.external_ref,
            customer: reader.id_opt(self.customer_id.as_ref(), || path!["input", "customerId"]),
            placed_at: self.placed_at.map(|at| at.0),
            country: self.shipping_country,
            register: self.register,
            status: self.status.into(),
            reservations: reader.ids(self.reservation_ids, "reservationIds"),
            on_shortage: self.on_shortage.into(),
            lines,
            sourcing: self.sourcing.map(|sourcing_input| sourcing_input.read("sourcing", reader)),
            detail,
            payments,
        }
    }
}

impl ActionInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::OrderAct {
        shell::OrderAct {
            idempotency_key: self.idempotency_key,
            order: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
            reason: None,
            register: None,
            lines: None,
        }
    }
}

impl OrderFulfilInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::OrderFulfil {
        let lines = self.lines.map(|lines| {
            let lines = lines.into_iter().enumerate();
            let line_quantities = lines.map(|(index, line_input)| shell::LineQuantity {
                line: reader.id(&line_input.line_id, || path!["input", "lines", index, "lineId"]),
                quantity: line_input.quantity.0,
                lot: line_input.lot.map(|lot| reader.lot(lot, || path!["input", "lines", index, "lot"])),
            });
            line_quantities.collect()
        });
        shell::OrderFulfil {
            idempotency_key: self.idempotency_key,
            order: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            store: self.store.map(|store| reader.store(store, || path!["input", "store"])),
            lines,
            occurred_at: self.occurred_at.map(|at| at.0),
            on_shortage: self.on_shortage.into(),
        }
    }
}
