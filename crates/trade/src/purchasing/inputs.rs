//! The inputs of purchase orders' mutations.

use async_graphql::{Enum, ID, InputObject, MaybeUndefined};
use entity::prelude::Currency;
use inventory::purchasing::shell;
use platform::path;

use super::{
    BlanketOrderRef, PurchaseOrderRef,
    enums::{ChargeBasis, ChargeKind},
    links::{MoneyInput, ProductRef, StoreRef, SupplierRef},
};
use crate::{
    graphql::{
        reading::InputErrors,
        scalars::{CurrencyCode, Date, Decimal, Long, Quantity},
    },
    packs::{self, PackLine},
    row_names,
};

/// A line of a purchase order.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderLineInput {
    /// The product.
    pub product: ProductRef,
    /// Quantity to order, in the product's smallest unit; above 0. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `quantity`: `packs` times the units in a pack. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// Cost of one whole unit, in the order's currency. Null takes the supplier's catalogue price for this quantity, else the product's own cost; in an
    /// order that calls off from a blanket order, the price that is agreed there.
    pub unit_cost: Option<MoneyInput>,
    /// Weight of the whole line, in any unit that all lines share, for charges that are spread by weight. Null where it is not known.
    pub weight: Option<Long>,
    /// Day on which the line is expected, in the store's time zone. Null for the order's.
    pub expected_on: Option<Date>,
}

/// A charge on a purchase order: freight, duty or the like, or a deposit.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseChargeInput {
    /// Kind of the charge.
    pub kind: ChargeKind,
    /// Basis on which the charge is spread over the lines. It says nothing of a deposit, which is not spread. Default VALUE.
    #[graphql(default_with = "ChargeBasis::Value")]
    pub basis: ChargeBasis,
    /// Name of the charge, at most 300 characters. Null takes the name of its kind.
    pub name: Option<String>,
    /// Amount of the charge; above 0. One in another currency than the order's is converted into the currency of the books, at the exchange rate of the day in
    /// the store's time zone, and RATE_MISSING refuses it where there is none. A deposit is in the order's currency.
    pub amount: MoneyInput,
    /// Supplier that bills the charge, as a carrier does. Null takes the supplier of the order; a deposit has no other.
    pub supplier: Option<SupplierRef>,
}

/// A new purchase order.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Supplier of the goods.
    pub supplier: SupplierRef,
    /// Store that receives the goods.
    pub store: StoreRef,
    /// Currency of all amounts of the order. Null for that of the supplier's catalogue, else the tenant's.
    pub currency_code: Option<CurrencyCode>,
    /// Day on which the goods are expected, in the store's time zone. Null when unknown.
    pub expected_on: Option<Date>,
    /// The supplier's reference for the order, unique among the orders with that supplier, at most 128 characters. Null for none.
    pub external_ref: Option<String>,
    /// Note to the supplier, sent with the order, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// Tolerance for over-delivery, in percent of a line's quantity: 0 to 100. Null for 0.
    pub over_delivery_percent: Option<i32>,
    /// Deprecated name of `overDeliveryPercent`.
    #[graphql(default = 0, deprecation = "2026-11-27: use overDeliveryPercent. Removed after 2027-11-27.")]
    pub over_percent: i32,
    /// Tolerance for under-delivery, in percent of a line's quantity: 0 to 100. A line within it counts as complete. Null for 0.
    pub under_delivery_percent: Option<i32>,
    /// Deprecated name of `underDeliveryPercent`.
    #[graphql(default = 0, deprecation = "2026-11-27: use underDeliveryPercent. Removed after 2027-11-27.")]
    pub under_percent: i32,
    /// Lines of the order, at most 2,000.
    pub lines: Vec<PurchaseOrderLineInput>,
    /// Charges that are paid beside the goods, at most 50. All but deposits are part of their cost. Empty by default.
    #[graphql(default)]
    pub charges: Vec<PurchaseChargeInput>,
    /// ORDERED submits, approves and places the order in the same call, by a member with purchase.approve in the store; refused above the tenant's
    /// approval limit. Null for DRAFT.
    pub status: Option<PurchaseOrderStartStatus>,
    /// Blanket order of the same supplier and currency that the order calls off from: at its prices, of its products, within its days, and no more of
    /// each than is left. Null for none.
    pub blanket_order: Option<BlanketOrderRef>,
    /// Exchange rate that is agreed for the order: units of the tenant's currency for one unit of `currencyCode`, above 0, at most 12 significant digits, and
    /// within a factor of two of the rate of the day, where there is one; without one the order counts as above the `approvalLimit`. Null takes the rate of
    /// the day of each receipt.
    pub fixed_rate: Option<Decimal>,
}

/// Status that a new purchase order can have at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "shell::PurchaseStart", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PurchaseOrderStartStatus {
    /// Approved and placed with the supplier: its quantities are incoming.
    Ordered,
}

/// A change of a draft, or of a rejected order. A field that is left out stays; null clears.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderUpdateInput {
    /// ID of the purchase order. Needed unless `purchaseOrder` names it.
    pub id: Option<ID>,
    /// The purchase order, instead of `id`. Null where `id` is given.
    pub purchase_order: Option<PurchaseOrderRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Day on which the goods are expected, in the store's time zone. Null removes it.
    pub expected_on: MaybeUndefined<Date>,
    /// The supplier's reference for the order, at most 128 characters. Null removes it.
    pub external_ref: MaybeUndefined<String>,
    /// Note to the supplier, sent with the order, at most 1,000 characters. Null removes it.
    pub note: MaybeUndefined<String>,
    /// Tolerance for over-delivery, in percent of a line's quantity: 0 to 100. Null leaves it as it is.
    pub over_delivery_percent: Option<i32>,
    /// Deprecated name of `overDeliveryPercent`.
    #[graphql(deprecation = "2026-11-27: use overDeliveryPercent. Removed after 2027-11-27.")]
    pub over_percent: Option<i32>,
    /// Tolerance for under-delivery, in percent of a line's quantity: 0 to 100. A line within it counts as complete. Null leaves it as it is.
    pub under_delivery_percent: Option<i32>,
    /// Deprecated name of `underDeliveryPercent`.
    #[graphql(deprecation = "2026-11-27: use underDeliveryPercent. Removed after 2027-11-27.")]
    pub under_percent: Option<i32>,
    /// Lines of the order from now on, at most 2,000; others are removed. Null leaves them as they are.
    pub lines: Option<Vec<PurchaseOrderLineInput>>,
    /// Charges of the order from now on, at most 50; others are removed. Null leaves them as they are.
    pub charges: Option<Vec<PurchaseChargeInput>>,
    /// Exchange rate that is agreed for the order, as in `PurchaseOrderCreateInput`. Null removes it.
    pub fixed_rate: MaybeUndefined<Decimal>,
}

/// A step of a purchase order.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderActionInput {
    /// ID of the purchase order. Needed unless `purchaseOrder` names it.
    pub id: Option<ID>,
    /// The purchase order, instead of `id`. Null where `id` is given.
    pub purchase_order: Option<PurchaseOrderRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Reason or note, at most 1,000 characters. Kept with the order where it is rejected, closed or cancelled. Null for none.
    pub note: Option<String>,
}

row_names!("purchaseOrder": purchase_order of PurchaseOrderUpdateInput, PurchaseOrderActionInput);

/// Returns the quantities of lines, for `packs::convert_packs`.
pub(super) fn pack_lines<'a>(lines: &'a mut [PurchaseOrderLineInput], list: &str) -> Vec<PackLine<'a>> {
    packs::pack_lines(lines, list, "quantity", |line| (Some(&line.product), &mut line.quantity, line.packs))
}

impl PurchaseOrderCreateInput {
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.lines, "lines")
    }
}

impl PurchaseOrderUpdateInput {
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(self.lines.as_deref_mut().unwrap_or_default(), "lines")
    }
}

impl PurchaseOrderLineInput {
    /// A line of a list in the input.
    pub(super) fn read(self, list: &str, index: usize, reader: &mut InputErrors) -> shell::NewPurchaseLine {
        let at = |name: &str| path!["input", list, index, name];
        shell::NewPurchaseLine {
            product: reader.product(self.product, || at("product")),
            quantity: reader.units(self.quantity, || at("quantity")),
            unit_cost: reader.money(self.unit_cost.as_ref(), || at("unitCost")),
            weight: self.weight.map(|weight| weight.0),
            expected_on: self.expected_on.map(|day| day.0),
        }
    }
    fn all(lines: Vec<Self>, reader: &mut InputErrors) -> Vec<shell::NewPurchaseLine> {
        lines.into_iter().enumerate().map(|(index, line)| line.read("lines", index, reader)).collect()
    }
}

impl PurchaseChargeInput {
    /// Reads charges. One with an invalid amount is left out: `reading` has refused the call.
    fn all(charges: Vec<Self>, reader: &mut InputErrors) -> Vec<shell::NewCharge> {
        let mut new_charges = Vec::with_capacity(charges.len());
        for (index, charge) in charges.into_iter().enumerate() {
            if let Some(amount) = reader.money(Some(&charge.amount), || path!["input", "charges", index, "amount"]) {
                let at = || path!["input", "charges", index, "supplier"];
                let supplier = charge.supplier.map(|supplier| supplier_ref(reader, supplier, at));
                let (kind, basis) = (charge.kind.into(), charge.basis.into());
                new_charges.push(shell::NewCharge { kind, basis, name: charge.name, amount, supplier });
            }
        }
        new_charges
    }
}

/// A supplier that is named in an input.
pub(super) fn supplier_ref(
    reader: &mut InputErrors,
    supplier: SupplierRef,
    field: impl FnOnce() -> Vec<String>,
) -> shell::SupplierRef {
    match supplier {
        SupplierRef::Id(id) => shell::SupplierRef::Id(reader.id(&id, || [field(), path!["id"]].concat())),
        SupplierRef::Code(code) => shell::SupplierRef::Code(code),
    }
}

impl PurchaseOrderCreateInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::PurchaseOrderCreate {
        let currency = self.currency_code.and_then(|code| {
            let parsed = Currency::parse(&code.0);
            if parsed.is_none() {
                reader.invalid("an ISO 4217 code in use is expected, as in GBP", || path!["input", "currencyCode"]);
            }
            parsed
        });
        shell::PurchaseOrderCreate {
            idempotency_key: self.idempotency_key,
            supplier: supplier_ref(reader, self.supplier, || path!["input", "supplier"]),
            store: reader.store(self.store, || path!["input", "store"]),
            currency,
            expected_on: self.expected_on.map(|day| day.0),
            external_ref: self.external_ref,
            note: self.note,
            over_percent: self.over_delivery_percent.unwrap_or(self.over_percent),
            under_percent: self.under_delivery_percent.unwrap_or(self.under_percent),
            lines: PurchaseOrderLineInput::all(self.lines, reader),
            charges: PurchaseChargeInput::all(self.charges, reader),
            status: self.status.map(Into::into),
            blanket_order: self.blanket_order.map(|blanket| blanket.read(reader, || path!["input", "blanketOrder"])),
            fixed_rate: self.fixed_rate.map(|rate| rate.0),
        }
    }
}

impl PurchaseOrderUpdateInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::PurchaseOrderUpdate {
        shell::PurchaseOrderUpdate {
            idempotency_key: self.idempotency_key,
            order: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            expected_on: self.expected_on.map_value(|day| day.0).into(),
            external_ref: self.external_ref.into(),
            note: self.note.into(),
            over_percent: self.over_delivery_percent.or(self.over_percent),
            under_percent: self.under_delivery_percent.or(self.under_percent),
            lines: self.lines.map(|lines| PurchaseOrderLineInput::all(lines, reader)),
            charges: self.charges.map(|charges| PurchaseChargeInput::all(charges, reader)),
            fixed_rate: self.fixed_rate.map_value(|rate| rate.0).into(),
        }
    }
}

impl PurchaseOrderActionInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::PurchaseOrderAct {
        shell::PurchaseOrderAct {
            idempotency_key: self.idempotency_key,
            order: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
        }
    }
}
