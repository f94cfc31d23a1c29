//! The inputs of blanket orders' mutations.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::prelude::Currency;
use inventory::purchasing::shell;
use platform::path;

use super::{
    BlanketOrderRef,
    inputs::supplier_ref,
    links::{MoneyInput, ProductRef, SupplierRef},
};
use crate::{
    graphql::{
        reading::InputErrors,
        scalars::{CurrencyCode, Date, Long, Quantity},
    },
    packs::{self, PackLine},
    row_names,
};

/// A line of a blanket order: a product, and what is agreed on it.
#[derive(Debug, Clone, InputObject)]
pub struct BlanketOrderLineInput {
    /// The product; each is in one line.
    pub product: ProductRef,
    /// Agreed quantity, in the product's smallest unit; above 0. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `quantity`: `packs` times the units in a pack. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// Smallest quantity of the product that one purchase order calls off, unless it calls off all that is left, in the product's smallest unit: from
    /// 1 to `quantity`. Null for none.
    pub call_off_minimum: Option<Quantity>,
    /// Quantity of which purchase orders call off multiples, unless they call off all that is left, in the product's smallest unit:
    /// from 1 to `quantity`. Null for any.
    pub call_off_multiple: Option<Quantity>,
    /// Agreed cost of one whole unit, in the blanket order's currency; 0 or more.
    pub unit_cost: MoneyInput,
}

/// A new blanket order.
#[derive(Debug, Clone, InputObject)]
pub struct BlanketOrderCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Supplier that the quantities and prices are agreed with.
    pub supplier: SupplierRef,
    /// Currency of all amounts. Null for the tenant's.
    pub currency_code: Option<CurrencyCode>,
    /// First day of call-offs.
    pub valid_from: Date,
    /// Last day of call-offs; not before `validFrom`.
    pub valid_to: Date,
    /// Reference of the agreement outside of this system, at most 128 characters. Null for none.
    pub external_ref: Option<String>,
    /// Note on the agreement, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// Lines of the blanket order, 1 to 2,000.
    pub lines: Vec<BlanketOrderLineInput>,
}

/// A change of a blanket order that is a draft. A field that is left out stays; null clears.
#[derive(Debug, Clone, InputObject)]
pub struct BlanketOrderUpdateInput {
    /// ID of the blanket order. Needed unless `blanketOrder` names it.
    pub id: Option<ID>,
    /// The blanket order, instead of `id`. Null where `id` is given.
    pub blanket_order: Option<BlanketOrderRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// First day of call-offs. Null leaves it as it is.
    pub valid_from: Option<Date>,
    /// Last day of call-offs; not before `validFrom`. Null leaves it as it is.
    pub valid_to: Option<Date>,
    /// Reference of the agreement outside of this system, at most 128 characters. Null removes it.
    pub external_ref: MaybeUndefined<String>,
    /// Note on the agreement, at most 1,000 characters. Null removes it.
    pub note: MaybeUndefined<String>,
    /// Lines of the blanket order from now on, 1 to 2,000; others are removed. Null leaves them as they are.
    pub lines: Option<Vec<BlanketOrderLineInput>>,
}

/// A step of a blanket order.
#[derive(Debug, Clone, InputObject)]
pub struct BlanketOrderActionInput {
    /// ID of the blanket order. Needed unless `blanketOrder` names it.
    pub id: Option<ID>,
    /// The blanket order, instead of `id`. Null where `id` is given.
    pub blanket_order: Option<BlanketOrderRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any; REQUIRED to activate a blanket order above the
    /// approval limit whose lines or days were changed.
    pub expected_version: Option<Long>,
    /// Reason or note, at most 1,000 characters. Kept with the blanket order where it is closed. Null for none.
    pub note: Option<String>,
}

row_names!("blanketOrder": blanket_order of BlanketOrderUpdateInput, BlanketOrderActionInput);

impl BlanketOrderLineInput {
    fn all(lines: Vec<Self>, reader: &mut InputErrors) -> Vec<shell::BlanketOrderLine> {
        let mut new_lines = Vec::with_capacity(lines.len());
        for (index, line) in lines.into_iter().enumerate() {
            let at = |name: &str| path!["input", "lines", index, name];
            new_lines.push(shell::BlanketOrderLine {
                product: reader.product(line.product, || at("product")),
                quantity: reader.units(line.quantity, || at("quantity")),
                call_off_minimum: line.call_off_minimum.map(|quantity| quantity.0),
                call_off_multiple: line.call_off_multiple.map(|quantity| quantity.0),
                unit_cost: reader.money(Some(&line.unit_cost), || at("unitCost")),
            });
        }
        new_lines
    }
}

/// Returns the quantities of lines, for `packs::convert_packs`.
fn pack_lines(lines: &mut [BlanketOrderLineInput]) -> Vec<PackLine<'_>> {
    packs::pack_lines(lines, "lines", "quantity", |line| (Some(&line.product), &mut line.quantity, line.packs))
}

impl BlanketOrderCreateInput {
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.lines)
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::BlanketOrderCreate {
        let currency = self.currency_code.and_then(|code| {
            let parsed = Currency::parse(&code.0);
            if parsed.is_none() {
                reader.invalid("an ISO 4217 code in use is expected, as in GBP", || path!["input", "currencyCode"]);
            }
            parsed
        });
        let lines = BlanketOrderLineInput::all(self.lines, reader);
        shell::BlanketOrderCreate {
            idempotency_key: self.idempotency_key,
            supplier: supplier_ref(reader, self.supplier, || path!["input", "supplier"]),
            currency,
            valid_from: self.valid_from.0,
            valid_to: self.valid_to.0,
            external_ref: self.external_ref,
            note: self.note,
            lines,
        }
    }
}

impl BlanketOrderUpdateInput {
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(self.lines.as_deref_mut().unwrap_or_default())
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::BlanketOrderUpdate {
        shell::BlanketOrderUpdate {
            idempotency_key: self.idempotency_key,
            blanket: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            valid_from: self.valid_from.map(|day| day.0),
            valid_to: self.valid_to.map(|day| day.0),
            external_ref: self.external_ref.into(),
            note: self.note.into(),
            lines: self.lines.map(|lines| BlanketOrderLineInput::all(lines, reader)),
        }
    }
}

impl BlanketOrderActionInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::BlanketOrderAct {
        shell::BlanketOrderAct {
            idempotency_key: self.idempotency_key,
            blanket: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
        }
    }
}
