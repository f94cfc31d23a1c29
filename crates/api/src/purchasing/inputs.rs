//! The inputs of purchase orders' mutations.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::prelude::Currency;
use inventory::purchasing::shell;
use platform::path;

use super::{
    enums::{ChargeBasis, ChargeKind},
    links::{MoneyInput, ProductRef, StoreRef, SupplierRef},
};
use crate::{
    graphql::{
        reading::Reading,
        scalars::{CurrencyCode, Date, DateTime, Long, Quantity},
    },
    stock::LotRef,
};

/// A line of a purchase order.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderLineInput {
    /// The product.
    pub product: ProductRef,
    /// How much, in its smallest unit; above 0.
    pub quantity: Quantity,
    /// What one whole unit costs; what the supplier's catalogue says for this quantity when it is left out, else the product's own cost.
    pub unit_cost: Option<MoneyInput>,
    /// What the whole line weighs, in any unit that all lines share: for charges that are spread by weight.
    pub weight: Option<Long>,
    /// The day it is expected on; the order's when it is left out.
    pub expected_on: Option<Date>,
}

/// Freight, duty or the like.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseChargeInput {
    /// What it is for.
    pub kind: ChargeKind,
    /// What it is spread over the lines by.
    #[graphql(default_with = "ChargeBasis::Value")]
    pub basis: ChargeBasis,
    /// What it is called; its kind when it is left out; at most 300 characters.
    pub name: Option<String>,
    /// How much it is; above 0.
    pub amount: MoneyInput,
}

/// A new purchase order.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderCreateInput {
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// Whom it is bought from.
    pub supplier: SupplierRef,
    /// Where it is delivered to.
    pub store: StoreRef,
    /// The currency of all its amounts; that of the supplier's catalogue when it is left out, else the tenant's.
    pub currency_code: Option<CurrencyCode>,
    /// The day it is expected on.
    pub expected_on: Option<Date>,
    /// What the supplier calls it; unique among the orders with them; at most 128 characters.
    pub external_ref: Option<String>,
    /// What the supplier is told with it; at most 1,000 characters.
    pub note: Option<String>,
    /// How much more than ordered may be received, in percent of a line: 0 to 100.
    #[graphql(default = 0)]
    pub over_percent: i32,
    /// How much less than ordered still makes a line complete, in percent of it: 0 to 100.
    #[graphql(default = 0)]
    pub under_percent: i32,
    /// What is bought; at most 2,000 lines.
    pub lines: Vec<PurchaseOrderLineInput>,
    /// What is paid beside the goods and is part of what they cost; at most 50.
    #[graphql(default)]
    pub charges: Vec<PurchaseChargeInput>,
}

/// A change of a draft, or of an order that was rejected. What is left out stays; null clears.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderUpdateInput {
    /// The order.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// The day it is expected on.
    pub expected_on: MaybeUndefined<Date>,
    /// What the supplier calls it.
    pub external_ref: MaybeUndefined<String>,
    /// What the supplier is told with it.
    pub note: MaybeUndefined<String>,
    /// How much more than ordered may be received, in percent of a line: 0 to 100.
    pub over_percent: Option<i32>,
    /// How much less than ordered still makes a line complete, in percent of it: 0 to 100.
    pub under_percent: Option<i32>,
    /// All lines, in place of those that there are; at most 2,000.
    pub lines: Option<Vec<PurchaseOrderLineInput>>,
    /// All charges, in place of those that there are; at most 50.
    pub charges: Option<Vec<PurchaseChargeInput>>,
}

/// A step of a purchase order.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderActionInput {
    /// The order.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// Why; kept with the order where it is rejected, closed or cancelled; at most 1,000 characters.
    pub note: Option<String>,
}

/// What came of a line.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderLineReceiptInput {
    /// The order's line.
    pub purchase_order_line_id: ID,
    /// Sound goods, in the product's smallest unit.
    pub quantity: Quantity,
    /// Damaged goods beside them: they are on hand and not available.
    pub damaged: Option<Quantity>,
    /// In which lots, where the product is tracked: they sum to the quantity and to what is damaged. A new code is a new lot; a serial number is a
    /// lot of one. At most 2,000 in a call.
    #[graphql(default)]
    pub lots: Vec<ReceivedLotInput>,
    /// A note on what is wrong with it; at most 1,000 characters.
    pub note: Option<String>,
}

/// What came in one lot.
#[derive(Debug, Clone, InputObject)]
pub struct ReceivedLotInput {
    /// The lot; a new one by its code, with its dates where it has any.
    pub lot: LotRef,
    /// Sound goods, in the product's smallest unit.
    pub quantity: Quantity,
    /// Damaged goods beside them.
    pub damaged: Option<Quantity>,
}

/// Something that nobody ordered: it is noted and not taken in.
#[derive(Debug, Clone, InputObject)]
pub struct WrongItemInput {
    /// What it is, where it is a product of yours.
    pub product: Option<ProductRef>,
    /// How much of it; above 0.
    pub quantity: Quantity,
    /// What it is and what becomes of it; at most 1,000 characters.
    pub note: Option<String>,
}

/// A delivery.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderReceiveInput {
    /// The order.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// The number of the supplier's delivery note; at most 128 characters.
    pub delivery_note: Option<String>,
    /// Kept with the receipt and the stock that moves; at most 1,000 characters.
    pub note: Option<String>,
    /// When it came; now when it is left out. At most five minutes ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// What came; everything that is open when it is left out.
    pub lines: Option<Vec<PurchaseOrderLineReceiptInput>>,
    /// What came and was not ordered; at most 50.
    #[graphql(default)]
    pub wrong_items: Vec<WrongItemInput>,
}

impl PurchaseOrderLineInput {
    /// A line of a list in the input.
    pub(super) fn read(self, list: &str, index: usize, reading: &mut Reading) -> shell::NewPurchaseLine {
        let at = |name: &str| path!["input", list, index, name];
        shell::NewPurchaseLine {
            product: reading.product(self.product, || at("product")),
            quantity: self.quantity.0,
            unit_cost: reading.money(self.unit_cost.as_ref(), || at("unitCost")),
            weight: self.weight.map(|weight| weight.0),
            expected_on: self.expected_on.map(|day| day.0),
        }
    }
    fn all(lines: Vec<Self>, reading: &mut Reading) -> Vec<shell::NewPurchaseLine> {
        lines.into_iter().enumerate().map(|(index, line)| line.read("lines", index, reading)).collect()
    }
}

impl PurchaseChargeInput {
    /// A charge whose amount cannot be read is left out: the reading has refused the call.
    fn all(charges: Vec<Self>, reading: &mut Reading) -> Vec<shell::NewCharge> {
        let mut read = Vec::with_capacity(charges.len());
        for (index, charge) in charges.into_iter().enumerate() {
            if let Some(amount) = reading.money(Some(&charge.amount), || path!["input", "charges", index, "amount"]) {
                read.push(shell::NewCharge { kind: charge.kind.into(), basis: charge.basis.into(), name: charge.name, amount });
            }
        }
        read
    }
}

/// A supplier that is named in an input.
pub(super) fn supplier_ref(
    reading: &mut Reading,
    supplier: SupplierRef,
    field: impl FnOnce() -> Vec<String>,
) -> shell::SupplierRef {
    match supplier {
        SupplierRef::Id(id) => shell::SupplierRef::Id(reading.id(&id, || [field(), path!["id"]].concat())),
        SupplierRef::Code(code) => shell::SupplierRef::Code(code),
    }
}

impl PurchaseOrderCreateInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::PurchaseOrderCreate {
        let currency = self.currency_code.and_then(|code| {
            let read = Currency::parse(&code.0);
            if read.is_none() {
                reading.invalid("an ISO 4217 code in use is expected, as in GBP", || path!["input", "currencyCode"]);
            }
            read
        });
        shell::PurchaseOrderCreate {
            idempotency_key: self.idempotency_key,
            supplier: supplier_ref(reading, self.supplier, || path!["input", "supplier"]),
            store: reading.store(self.store, || path!["input", "store"]),
            currency,
            expected_on: self.expected_on.map(|day| day.0),
            external_ref: self.external_ref,
            note: self.note,
            over_percent: self.over_percent,
            under_percent: self.under_percent,
            lines: PurchaseOrderLineInput::all(self.lines, reading),
            charges: PurchaseChargeInput::all(self.charges, reading),
        }
    }
}

impl PurchaseOrderUpdateInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::PurchaseOrderUpdate {
        shell::PurchaseOrderUpdate {
            idempotency_key: self.idempotency_key,
            order: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            expected_on: self.expected_on.map_value(|day| day.0).into(),
            external_ref: self.external_ref.into(),
            note: self.note.into(),
            over_percent: self.over_percent,
            under_percent: self.under_percent,
            lines: self.lines.map(|lines| PurchaseOrderLineInput::all(lines, reading)),
            charges: self.charges.map(|charges| PurchaseChargeInput::all(charges, reading)),
        }
    }
}

impl PurchaseOrderActionInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::PurchaseOrderAct {
        shell::PurchaseOrderAct {
            idempotency_key: self.idempotency_key,
            order: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
        }
    }
}

fn lots(lots: Vec<ReceivedLotInput>, index: usize, reading: &mut Reading) -> Vec<shell::ReceivedLot> {
    let mut read = Vec::with_capacity(lots.len());
    for (nth, one) in lots.into_iter().enumerate() {
        read.push(shell::ReceivedLot {
            lot: reading.lot(one.lot, || path!["input", "lines", index, "lots", nth, "lot"]),
            quantity: one.quantity.0,
            damaged: one.damaged.map(|damaged| damaged.0).unwrap_or_default(),
        });
    }
    read
}

impl PurchaseOrderReceiveInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::PurchaseOrderReceive {
        let mut line = |(index, one): (usize, PurchaseOrderLineReceiptInput)| shell::ReceivedLine {
            line: reading.id(&one.purchase_order_line_id, || path!["input", "lines", index, "purchaseOrderLineId"]),
            quantity: one.quantity.0,
            damaged: one.damaged.map(|damaged| damaged.0).unwrap_or_default(),
            lots: lots(one.lots, index, reading),
            note: one.note,
        };
        let lines = self.lines.map(|lines| lines.into_iter().enumerate().map(&mut line).collect());
        let wrong = self.wrong_items.into_iter().enumerate().map(|(index, one)| shell::WrongItem {
            product: one.product.map(|product| reading.product(product, || path!["input", "wrongItems", index, "product"])),
            quantity: one.quantity.0,
            note: one.note,
        });
        let wrong = wrong.collect();
        shell::PurchaseOrderReceive {
            idempotency_key: self.idempotency_key,
            order: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            external_ref: self.delivery_note,
            note: self.note,
            occurred_at: self.occurred_at.map(|at| at.0),
            lines,
            wrong,
        }
    }
}
