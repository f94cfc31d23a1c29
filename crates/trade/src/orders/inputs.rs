//! The inputs of orders' mutations.

use async_graphql::{ID, InputObject};
use inventory::orders::{core, shell};
use platform::path;

use super::{
    edit_inputs::{AddressInput, ContactInput, said},
    enums::{DeliveryMethod, NewOrderStatus, OrderLineKind},
    links::{ChannelRef, CustomerRef, LotRef, MoneyInput, ProductRef, ShortagePolicy, StoreRef},
    paid_inputs::OrderPaymentInput,
    sourcing::SourcingInput,
};
use crate::{
    graphql::{
        reading::Reading,
        refusal::Path,
        scalars::{DateTime, Decimal, Json, Long, Quantity},
    },
    packs::{self, PackLine},
    references::Names,
};

/// A line of a new order. A CHARGE has a name and a unitPrice and no product.
#[derive(Debug, Clone, InputObject)]
pub struct OrderLineInput {
    /// Kind of the line. Default PRODUCT.
    #[graphql(default_with = "OrderLineKind::Product")]
    pub kind: OrderLineKind,
    /// The product of a PRODUCT line, which needs one. Null for a CHARGE.
    pub product: Option<ProductRef>,
    /// The name of a CHARGE, which needs one. Null for a PRODUCT line, which has its product's.
    pub name: Option<String>,
    /// Ordered quantity, in the product's smallest unit; above 0. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `quantity`: `packs` times the units in a pack. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// The price of one whole unit. On a product it overrides the product's own and needs `order.price`. Null for the product's own;
    /// needed where there is none, as on a CHARGE.
    pub unit_price: Option<MoneyInput>,
    /// Discount deducted from the line's price; from 0 to the whole price. Null for 0.
    pub discount: Option<MoneyInput>,
    /// Tax added to the line's price, as an amount. Null for what `taxRate` comes to, or for 0 without a rate.
    pub tax: Option<MoneyInput>,
    /// Tax as a fraction of the price less the discount, from 0 to 1 with at most six decimals: 0.2 is 20 %. The tax of any quantity is computed by it,
    /// rounded half away from zero to the minor unit. A `tax` beside it must be that amount. Null where the tax is stated as an amount.
    pub tax_rate: Option<Decimal>,
}

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

/// What lines say of how much, for `packs::in_units`.
pub(super) fn pack_lines<'a>(lines: &'a mut [OrderLineInput], list: &str) -> Vec<PackLine<'a>> {
    packs::pack_lines(lines, list, "quantity", |line| (line.product.as_ref(), &mut line.quantity, line.packs))
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
    /// What the ledger's shell takes.
    pub fn read(mut self, reading: &mut Reading) -> shell::OrderCreate {
        let detail = said(&mut self);
        let payments = self.payments.take().unwrap_or_default().into_iter().enumerate();
        let payments = payments.map(|(index, paid)| paid.read(index, reading)).collect();
        let lines = self.lines.into_iter().enumerate().map(|(index, line)| line.read("lines", index, reading)).collect();
        shell::OrderCreate {
            idempotency_key: self.idempotency_key,
            store: reading.store(self.store, || path!["input", "store"]),
            channel: reading.id_opt(self.channel_id.as_ref(), || path!["input", "channelId"]),
            external_ref: self.external_ref,
            customer: reading.id_opt(self.customer_id.as_ref(), || path!["input", "customerId"]),
            placed_at: self.placed_at.map(|at| at.0),
            country: self.shipping_country,
            register: self.register,
            status: self.status.into(),
            reservations: reading.ids(self.reservation_ids, "reservationIds"),
            on_shortage: self.on_shortage.into(),
            lines,
            sourcing: self.sourcing.map(|asked| asked.read("sourcing", reading)),
            detail,
            payments,
        }
    }
}

/// A rate between 0 and 1.
pub(super) fn tax_rate(reading: &mut Reading, rate: Option<&Decimal>, field: impl FnOnce() -> Path) -> Option<core::TaxRate> {
    match core::TaxRate::parse(&rate?.0) {
        Ok(rate) => Some(rate),
        Err(core::OddRate::OutOfRange) => {
            reading.out_of_range("a tax rate lies between 0 and 1: 0.2 is 20 %", field);
            None
        }
        Err(core::OddRate::NotANumber | core::OddRate::TooManyDecimals) => {
            reading.invalid("a decimal number with at most six decimals is expected, as in 0.2", field);
            None
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
            quantity: reading.units(self.quantity, || at("quantity")),
            unit_price: reading.money(self.unit_price.as_ref(), || at("unitPrice")),
            discount: reading.money(self.discount.as_ref(), || at("discount")),
            tax: reading.money(self.tax.as_ref(), || at("tax")),
            tax_rate: tax_rate(reading, self.tax_rate.as_ref(), || at("taxRate")),
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
            register: None,
            lines: None,
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
