//! Inputs for a purchase order that is with its supplier: its confirmation and its amendment.

use async_graphql::{ID, InputObject, MaybeUndefined};
use inventory::purchasing::shell;
use platform::path;

use super::{
    PurchaseOrderRef,
    inputs::{PurchaseOrderLineInput, pack_lines},
    links::MoneyInput,
    receive_inputs::read_line_id,
};
use crate::{
    graphql::{
        reading::InputErrors,
        scalars::{Date, Long, Quantity},
    },
    packs::{CodedLine, PackLine},
    row_names,
};

/// Supplier's confirmation of a line.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderLineConfirmationInput {
    /// The order's line, of which something is still expected. Required, unless the deprecated `purchaseOrderLineId` is given.
    pub line_id: Option<ID>,
    /// Deprecated name of `lineId`.
    #[graphql(deprecation = "2026-11-26: use lineId. Removed after 2027-11-26.")]
    pub purchase_order_line_id: Option<ID>,
    /// Confirmed quantity of the whole line, in the product's smallest unit: from the received quantity to mostReceivable. Null
    /// for the ordered quantity, or where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Confirmed quantity of the whole line in packs, instead of `quantity`: `packs` times the units in a pack of `barcode`. Null where `quantity` is
    /// given, and for the ordered quantity.
    pub packs: Option<i32>,
    /// Barcode of the packs, one of the line's product; another product's is INVALID. Null without `packs`.
    pub barcode: Option<String>,
    /// Confirmed day of arrival. Null for the input's confirmedOn, else the day confirmed before.
    pub confirmed_on: Option<Date>,
}

/// A supplier's confirmation of an order. It changes no quantity: availability and late alerts go by the confirmed day.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderConfirmInput {
    /// ID of the purchase order, which is ORDERED or PARTIALLY_RECEIVED. Needed unless `purchaseOrder` names it.
    pub id: Option<ID>,
    /// The purchase order, instead of `id`. Null where `id` is given.
    pub purchase_order: Option<PurchaseOrderRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// The supplier's reference of the order, which becomes its externalRef; unique among the orders with them; at most 128 characters. The order keeps the
    /// one that it has when it is left out.
    pub external_ref: Option<String>,
    /// Confirmed day of lines that state none. Null keeps the day confirmed before.
    pub confirmed_on: Option<Date>,
    /// Confirmed lines, each named once; at most 2,000. Null confirms every open line as it was ordered.
    pub lines: Option<Vec<PurchaseOrderLineConfirmationInput>>,
}

/// A line of a purchase order as it shall be from now on. Fields that are left out stay as they are; null clears.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderLineSet {
    /// The order's line. Required, unless the deprecated `purchaseOrderLineId` is given.
    pub line_id: Option<ID>,
    /// Deprecated name of `lineId`.
    #[graphql(deprecation = "2026-11-26: use lineId. Removed after 2027-11-26.")]
    pub purchase_order_line_id: Option<ID>,
    /// Ordered quantity of the line from now on, in the product's smallest unit: above 0, and not below the received quantity, at
    /// which the line is complete. Null leaves it as it is.
    pub quantity: Option<Quantity>,
    /// Ordered quantity of the line from now on in packs, instead of `quantity`: `packs` times the units in a pack of `barcode`. Null where `quantity` is
    /// given, and leaves it as it is.
    pub packs: Option<i32>,
    /// Barcode of the packs, one of the line's product; another product's is INVALID. Null without `packs`.
    pub barcode: Option<String>,
    /// Cost of one whole unit of the quantity still expected. The received part of a line keeps its cost, and the rest becomes a
    /// line of its own after the others. Null leaves it as it is.
    pub unit_cost: Option<MoneyInput>,
    /// Day on which the line is expected, in place of a confirmed one. Null for the order's day, else the supplier's lead time.
    pub expected_on: MaybeUndefined<Date>,
}

/// An order that is with its supplier as it shall be from now on. Fields that are left out stay as they are; null clears.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderAmendInput {
    /// ID of the purchase order, which is ORDERED or PARTIALLY_RECEIVED. Needed unless `purchaseOrder` names it.
    pub id: Option<ID>,
    /// The purchase order, instead of `id`. Null where `id` is given.
    pub purchase_order: Option<PurchaseOrderRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Day on which lines are expected that state none. Null removes it.
    pub expected_on: MaybeUndefined<Date>,
    /// Note to the supplier, sent with the order, at most 1,000 characters. Null removes it.
    pub note: MaybeUndefined<String>,
    /// Lines that change, each named once; at most 2,000. Null for none.
    pub set_lines: Option<Vec<PurchaseOrderLineSet>>,
    /// Lines that are added; at most 2,000, as many as an order may have. Null for none.
    pub add_lines: Option<Vec<PurchaseOrderLineInput>>,
    /// Lines that are cancelled, of which nothing has come; at most 2,000. One at least stays: purchaseOrderCancel gives up the whole order.
    /// Null for none.
    pub cancel_lines: Option<Vec<ID>>,
    /// The reason for the change, kept with the stock that is planned; at most 1,000 characters. Null for none.
    pub reason: Option<String>,
}

row_names!("purchaseOrder": purchase_order of PurchaseOrderConfirmInput, PurchaseOrderAmendInput);

impl PurchaseOrderConfirmInput {
    /// Lines with a quantity. The others confirm the ordered quantity.
    pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
        let lines = self.lines.iter_mut().flatten().enumerate();
        lines
            .map(|(index, line)| {
                let id = line.line_id.as_ref().or(line.purchase_order_line_id.as_ref());
                CodedLine::of(index, id, &mut line.quantity, line.packs, line.barcode.as_deref())
            })
            .filter(CodedLine::is_counted)
            .collect()
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::PurchaseOrderConfirm {
        let mut line = |(index, line_input): (usize, PurchaseOrderLineConfirmationInput)| shell::ConfirmedLine {
            line: read_line_id(
                (line_input.line_id, line_input.purchase_order_line_id),
                || path!["input", "lines", index, "lineId"],
                reader,
            ),
            quantity: line_input.quantity.map(|quantity| quantity.0),
            on: line_input.confirmed_on.map(|day| day.0),
        };
        let lines = self.lines.map(|lines| lines.into_iter().enumerate().map(&mut line).collect());
        shell::PurchaseOrderConfirm {
            idempotency_key: self.idempotency_key,
            order: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            external_ref: self.external_ref,
            on: self.confirmed_on.map(|day| day.0),
            lines,
        }
    }
}

impl PurchaseOrderLineSet {
    fn read(self, index: usize, reader: &mut InputErrors) -> shell::PurchaseLineSet {
        let at = |name: &str| path!["input", "setLines", index, name];
        shell::PurchaseLineSet {
            line: read_line_id((self.line_id, self.purchase_order_line_id), || at("lineId"), reader),
            quantity: self.quantity.map(|quantity| quantity.0),
            unit_cost: reader.money(self.unit_cost.as_ref(), || at("unitCost")),
            expected_on: self.expected_on.map_value(|day| day.0).into(),
        }
    }
}

impl PurchaseOrderAmendInput {
    pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
        let lines = self.set_lines.iter_mut().flatten().enumerate();
        lines
            .filter_map(|(index, line)| {
                let id = line.line_id.as_ref().or(line.purchase_order_line_id.as_ref());
                CodedLine::set(index, id, &mut line.quantity, line.packs, line.barcode.as_deref())
            })
            .collect()
    }
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(self.add_lines.as_deref_mut().unwrap_or_default(), "addLines")
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::PurchaseOrderAmend {
        let set_lines = self.set_lines.into_iter().flatten().enumerate();
        let add_lines = self.add_lines.into_iter().flatten().enumerate();
        let cancel_lines = self.cancel_lines.into_iter().flatten().enumerate();
        shell::PurchaseOrderAmend {
            idempotency_key: self.idempotency_key,
            order: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            expected_on: self.expected_on.map_value(|day| day.0).into(),
            note: self.note.into(),
            set_lines: set_lines.map(|(index, line)| line.read(index, reader)).collect(),
            add_lines: add_lines.map(|(index, line)| line.read("addLines", index, reader)).collect(),
            cancel_lines: cancel_lines.map(|(index, id)| reader.id(&id, || path!["input", "cancelLines", index])).collect(),
            reason: self.reason,
        }
    }
}
