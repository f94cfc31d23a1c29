//! The inputs of deliveries.

use async_graphql::{ID, InputObject};
use entity::prelude::PurchaseOrderLineId;
use inventory::purchasing::shell;
use platform::path;

use super::{PurchaseOrderRef, links::ProductRef};
use crate::{
    graphql::{
        reading::InputErrors,
        refusal::Path,
        scalars::{DateTime, Long, Quantity},
    },
    packs::{CodedLine, PackLine, pack_lines},
    row_names,
    stock::LotRef,
};

/// Goods received for a line of a purchase order.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderLineReceiptInput {
    /// The order's line. Required, unless the deprecated `purchaseOrderLineId` is given.
    pub line_id: Option<ID>,
    /// Deprecated name of `lineId`.
    #[graphql(deprecation = "2026-11-25: use lineId. Removed after 2027-11-25.")]
    pub purchase_order_line_id: Option<ID>,
    /// Quantity of undamaged goods, in the product's smallest unit. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs that were received undamaged, instead of `quantity`: `packs` times the units in a pack of `barcode`. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// Barcode of the packs, one of the line's product; another product's is INVALID. Null where `quantity` is given.
    pub barcode: Option<String>,
    /// Quantity of damaged goods beside the undamaged ones, in the product's smallest unit; on hand, and not available. Null for
    /// 0.
    pub damaged: Option<Quantity>,
    /// Lots of a product that is tracked by lots; they sum to the received and the damaged
    /// quantity. An unknown code creates a lot, and a serial number is a lot of one. At most 2,000
    /// in a call. Empty by default.
    #[graphql(default)]
    pub lots: Vec<ReceivedLotInput>,
    /// Note on damage or other faults, at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

/// Goods received in one lot.
#[derive(Debug, Clone, InputObject)]
pub struct ReceivedLotInput {
    /// The lot; a new one by its code, with its dates where it has any.
    pub lot: LotRef,
    /// Quantity of undamaged goods, in the product's smallest unit.
    pub quantity: Quantity,
    /// Quantity of damaged goods beside the undamaged ones, in the product's smallest unit. Null for 0.
    pub damaged: Option<Quantity>,
}

/// Product that was delivered and not ordered. The delivery is recorded, and the product is not
/// received.
#[derive(Debug, Clone, InputObject)]
pub struct WrongItemInput {
    /// Product that was delivered, where it is one of yours. Null where it is not.
    pub product: Option<ProductRef>,
    /// Quantity delivered, in the product's smallest unit; above 0. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `quantity`: `packs` times the units in a pack. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// Note on the item and its further handling, at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

/// A delivery.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderReceiveInput {
    /// ID of the purchase order. Needed unless `purchaseOrder` names it.
    pub id: Option<ID>,
    /// The purchase order, instead of `id`. Null where `id` is given.
    pub purchase_order: Option<PurchaseOrderRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// The number of the supplier's delivery note; at most 128 characters. Null for none.
    pub delivery_note: Option<String>,
    /// Note that is kept with the receipt and the stock movements, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// Time of the receipt. Null for now. At most five minutes ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// Lines received. Null receives the open quantity of every line.
    pub lines: Option<Vec<PurchaseOrderLineReceiptInput>>,
    /// Items received that were not ordered, at most 50. Empty by default.
    #[graphql(default)]
    pub wrong_items: Vec<WrongItemInput>,
}

row_names!("purchaseOrder": purchase_order of PurchaseOrderReceiveInput);

fn lots(lots: Vec<ReceivedLotInput>, index: usize, reader: &mut InputErrors) -> Vec<shell::ReceivedLot> {
    let mut received_lots = Vec::with_capacity(lots.len());
    for (nth, lot_input) in lots.into_iter().enumerate() {
        received_lots.push(shell::ReceivedLot {
            lot: reader.lot(lot_input.lot, || path!["input", "lines", index, "lots", nth, "lot"]),
            quantity: lot_input.quantity.0,
            damaged: lot_input.damaged.map(|damaged| damaged.0).unwrap_or_default(),
        });
    }
    received_lots
}

/// The line by whichever name it was given. Nil takes its place until the reading ends.
pub(super) fn read_line_id(
    (line_id, deprecated_id): (Option<ID>, Option<ID>),
    field: impl Fn() -> Path,
    reader: &mut InputErrors,
) -> PurchaseOrderLineId {
    if line_id.is_some() && deprecated_id.is_some() && line_id != deprecated_id {
        reader.invalid("lineId and purchaseOrderLineId name two lines: give lineId alone", &field);
    }
    if let Some(id) = line_id.or(deprecated_id) {
        return reader.id(&id, field);
    }
    reader.required("the line is needed", field);
    PurchaseOrderLineId::NIL
}

impl PurchaseOrderReceiveInput {
    pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
        let lines = self.lines.iter_mut().flatten().enumerate();
        lines
            .map(|(index, line)| {
                CodedLine::of(
                    index,
                    line.line_id.as_ref().or(line.purchase_order_line_id.as_ref()),
                    &mut line.quantity,
                    line.packs,
                    line.barcode.as_deref(),
                )
            })
            .collect()
    }
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.wrong_items, "wrongItems", "quantity", |item| {
            (item.product.as_ref(), &mut item.quantity, item.packs)
        })
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::PurchaseOrderReceive {
        let mut line = |(index, line_input): (usize, PurchaseOrderLineReceiptInput)| shell::ReceivedLine {
            line: read_line_id(
                (line_input.line_id, line_input.purchase_order_line_id),
                || path!["input", "lines", index, "lineId"],
                reader,
            ),
            quantity: reader.units(line_input.quantity, || path!["input", "lines", index, "quantity"]),
            damaged: line_input.damaged.map(|damaged| damaged.0).unwrap_or_default(),
            lots: lots(line_input.lots, index, reader),
            note: line_input.note,
        };
        let lines = self.lines.map(|lines| lines.into_iter().enumerate().map(&mut line).collect());
        let wrong = self.wrong_items.into_iter().enumerate().map(|(index, line_input)| shell::WrongItem {
            product: line_input.product.map(|product| reader.product(product, || path!["input", "wrongItems", index, "product"])),
            quantity: reader.units(line_input.quantity, || path!["input", "wrongItems", index, "quantity"]),
            note: line_input.note,
        });
        let wrong = wrong.collect();
        shell::PurchaseOrderReceive {
            idempotency_key: self.idempotency_key,
            order: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            external_ref: self.delivery_note,
            note: self.note,
            occurred_at: self.occurred_at.map(|at| at.0),
            lines,
            wrong,
        }
    }
}
