//! The inputs of orders' mutations.

use async_graphql::{ID, InputObject, OneofObject};
use inventory::orders::shell;
use platform::path;

use super::{
    edit_inputs::{AddressInput, ContactInput, said},
    enums::{DeliveryMethod, NewOrderStatus, OrderLineKind},
    links::{LotRef, MoneyInput, ProductRef, ShortagePolicy, StoreRef},
    sourcing::SourcingInput,
};
use crate::graphql::{
    reading::Reading,
    scalars::{DateTime, Json, Long, Quantity},
};

/// An order by one of its names.
#[derive(Debug, Clone, OneofObject)]
pub enum OrderRef {
    /// Its id.
    Id(ID),
    /// Its number.
    Number(String),
    /// Its reference in a channel.
    External(ExternalRef),
}

/// What something is called elsewhere.
#[derive(Debug, Clone, InputObject)]
pub struct ExternalRef {
    /// The channel that calls it so.
    pub channel_id: ID,
    /// What it is called there.
    #[graphql(name = "ref")]
    pub reference: String,
}

/// A line of a new order. A CHARGE has a name and a unitPrice and no product.
#[derive(Debug, Clone, InputObject)]
pub struct OrderLineInput {
    /// What it is of.
    #[graphql(default_with = "OrderLineKind::Product")]
    pub kind: OrderLineKind,
    /// The product, for a PRODUCT line.
    pub product: Option<ProductRef>,
    /// The name of a CHARGE. A PRODUCT line has its product's.
    pub name: Option<String>,
    /// How much, in the product's smallest unit; above 0.
    pub quantity: Quantity,
    /// The price of one whole unit. On a product it overrides the product's own and needs `order.price`.
    pub unit_price: Option<MoneyInput>,
    /// What is taken off the line's price; at most all of it.
    pub discount: Option<MoneyInput>,
    /// What is put on it as tax.
    pub tax: Option<MoneyInput>,
}

/// A new order.
#[derive(Debug, Clone, InputObject)]
pub struct OrderCreateInput {
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// Who sells it, and where its stock is held unless `sourcing` is said.
    pub store: StoreRef,
    /// Where it came from; the channel with the code DIRECT when it is left out.
    pub channel_id: Option<ID>,
    /// What it is called elsewhere; unique in its channel; at most 128 characters.
    pub external_ref: Option<String>,
    /// Whom it is sold to.
    pub customer_id: Option<ID>,
    /// The country that it is sold to: a code of ISO 3166, or a name; the customer's when it is left out. At most 64 characters. Kept with the
    /// order, whatever becomes of the customer.
    pub shipping_country: Option<String>,
    /// When it was placed; now when it is left out. At most five minutes ahead, and not in a closed period.
    pub placed_at: Option<DateTime>,
    /// How it begins.
    #[graphql(default_with = "NewOrderStatus::Confirmed")]
    pub status: NewOrderStatus,
    /// Reservations made before, which the order takes the place of.
    pub reservation_ids: Option<Vec<ID>>,
    /// What to do when a FULFILLED order takes what was promised or was not there.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
    /// What is sold; at most 2,000 lines, 500 with `sourcing`.
    pub lines: Vec<OrderLineInput>,
    /// Finds the stores that its stock is held in: `{}` by the company's rule. A DRAFT looks when it is confirmed. Not with FULFILLED.
    pub sourcing: Option<SourcingInput>,
    /// The person to reach about it.
    pub contact: Option<ContactInput>,
    /// The place that it goes to. Its country is the order's shippingCountry when that is left out.
    pub shipping_address: Option<AddressInput>,
    /// The place that its bill goes to.
    pub billing_address: Option<AddressInput>,
    /// A note for the customer; at most 1,000 characters.
    pub note_for_customer: Option<String>,
    /// A note for staff; at most 1,000 characters.
    pub note_for_staff: Option<String>,
    /// Tags, at most 50 of at most 64 characters, told apart without their capitals.
    pub tags: Option<Vec<String>>,
    /// Anything else, a JSON object of at most 16 KiB.
    pub metadata: Option<Json>,
    /// The moment that it is wanted for.
    pub requested_for: Option<DateTime>,
    /// The way that it comes; SHIP when it is left out.
    pub delivery_method: Option<DeliveryMethod>,
}

/// How much of a line.
#[derive(Debug, Clone, InputObject)]
pub struct LineQuantity {
    /// The order's line.
    pub line_id: ID,
    /// How much of it, in the product's smallest unit.
    pub quantity: Quantity,
    /// The lot that leaves; picked first-expired-first-out when it is left out.
    pub lot: Option<LotRef>,
}

/// A step of an order.
#[derive(Debug, Clone, InputObject)]
pub struct ActionInput {
    /// The order.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// Kept with the stock that moves; at most 1,000 characters.
    pub note: Option<String>,
}

/// What is shipped.
#[derive(Debug, Clone, InputObject)]
pub struct OrderFulfilInput {
    /// The order.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// Where it leaves from; the order's store when it is left out.
    pub store: Option<StoreRef>,
    /// What leaves. When it is left out all that is open; of an order that is held in several stores, what is held where it leaves from. What waits for
    /// stock (backordered) leaves when it is named.
    pub lines: Option<Vec<LineQuantity>>,
    /// When it left; now when it is left out.
    pub occurred_at: Option<DateTime>,
    /// What to do when it takes what was promised or was not there.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
}

impl OrderCreateInput {
    /// What the ledger's shell takes.
    pub fn read(mut self, reading: &mut Reading) -> shell::OrderCreate {
        let detail = said(&mut self);
        let lines = self.lines.into_iter().enumerate().map(|(index, line)| line.read("lines", index, reading)).collect();
        shell::OrderCreate {
            idempotency_key: self.idempotency_key,
            store: reading.store(self.store, || path!["input", "store"]),
            channel: reading.id_opt(self.channel_id.as_ref(), || path!["input", "channelId"]),
            external_ref: self.external_ref,
            customer: reading.id_opt(self.customer_id.as_ref(), || path!["input", "customerId"]),
            placed_at: self.placed_at.map(|at| at.0),
            country: self.shipping_country,
            status: self.status.into(),
            reservations: reading.ids(self.reservation_ids, "reservationIds"),
            on_shortage: self.on_shortage.into(),
            lines,
            sourcing: self.sourcing.map(|asked| asked.read("sourcing", reading)),
            detail,
        }
    }
}

impl OrderLineInput {
    /// A line of a list of the input.
    pub(super) fn read(self, list: &str, index: usize, reading: &mut Reading) -> shell::NewOrderLine {
        let at = |name: &str| path!["input", list, index, name];
        shell::NewOrderLine {
            kind: self.kind.into(),
            product: self.product.map(|product| reading.product(product, || at("product"))),
            name: self.name,
            quantity: self.quantity.0,
            unit_price: reading.money(self.unit_price.as_ref(), || at("unitPrice")),
            discount: reading.money(self.discount.as_ref(), || at("discount")),
            tax: reading.money(self.tax.as_ref(), || at("tax")),
        }
    }
}

impl ActionInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::OrderAct {
        shell::OrderAct {
            idempotency_key: self.idempotency_key,
            order: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
            reason: None,
        }
    }
}

impl OrderFulfilInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::OrderFulfil {
        let lines = self.lines.map(|lines| {
            let lines = lines.into_iter().enumerate();
            let read = lines.map(|(index, one)| shell::LineQuantity {
                line: reading.id(&one.line_id, || path!["input", "lines", index, "lineId"]),
                quantity: one.quantity.0,
                lot: one.lot.map(|lot| reading.lot(lot, || path!["input", "lines", index, "lot"])),
            });
            read.collect()
        });
        shell::OrderFulfil {
            idempotency_key: self.idempotency_key,
            order: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            store: self.store.map(|store| reading.store(store, || path!["input", "store"])),
            lines,
            occurred_at: self.occurred_at.map(|at| at.0),
            on_shortage: self.on_shortage.into(),
        }
    }
}
