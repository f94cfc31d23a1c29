//! The inputs of transfers' mutations.

use async_graphql::{Enum, ID, InputObject};
use inventory::transfers::shell;
use platform::path;

use super::TransferRef;
use crate::{
    graphql::{
        reading::InputErrors,
        scalars::{DateTime, Json, Long, Quantity},
    },
    orders::links::{LotRef, ProductRef, StoreRef},
    packs::{self, CodedLine, PackLine},
    row_names,
    stock::ReasonCode,
};

/// Product and quantity of a transfer line.
#[derive(Debug, Clone, InputObject)]
pub struct TransferLineInput {
    /// The product; a transfer names it once.
    pub product: ProductRef,
    /// Quantity to transfer, in the product's smallest unit; above 0. In transferUpdate 0 removes the line. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `quantity`: `packs` times the units in a pack. Null where `quantity` is given.
    pub packs: Option<i32>,
}

/// A new transfer.
#[derive(Debug, Clone, InputObject)]
pub struct TransferCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Store that sends the goods.
    pub from_store: StoreRef,
    /// Store that receives the goods.
    pub to_store: StoreRef,
    /// Your own reference for the transfer, unique in the tenant, at most 128 characters. Null for none.
    pub external_ref: Option<String>,
    /// Note that is kept with the transfer, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// Time at which the goods are expected to arrive. Null when it is not known.
    pub expected_at: Option<DateTime>,
    /// Lines of the transfer, at most 500; more can be added by transferUpdate.
    pub lines: Vec<TransferLineInput>,
    /// Status that the transfer has at once, READY or IN_TRANSIT; both need transfer.ship in the sending store. Null for DRAFT.
    pub status: Option<TransferStartStatus>,
    /// Custom data: a JSON object of at most 16 KiB. Null for an empty one.
    pub metadata: Option<Json>,
}

/// Status that a new transfer can have at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "shell::TransferStart", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum TransferStartStatus {
    /// Stock of every line is held in the sending store.
    Ready,
    /// Every line has left whole, of the lots that expire first.
    InTransit,
}

/// Changes of a transfer that has not ended. Fields that are left out stay as they are. Once it has left, only `expectedAt` and
/// `note` can change.
#[derive(Debug, Clone, InputObject)]
pub struct TransferUpdateInput {
    /// ID of the transfer. Needed unless `transfer` names it.
    pub id: Option<ID>,
    /// The transfer, instead of `id`. Null where `id` is given.
    pub transfer: Option<TransferRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Your own reference for the transfer, unique in the tenant, at most 128 characters. Null leaves it as it is.
    pub external_ref: Option<String>,
    /// Note that is kept with the transfer, at most 1,000 characters. Null leaves it as it is.
    pub note: Option<String>,
    /// Time at which the goods are expected to arrive. Null leaves it as it is.
    pub expected_at: Option<DateTime>,
    /// New quantities of these products; other lines stay. At most 500 in a call and 2,047 in a transfer. In READY the held stock changes by the
    /// difference, which needs transfer.ship in the sending store. Empty by default.
    #[graphql(default)]
    pub lines: Vec<TransferLineInput>,
    /// Custom data: a JSON object of at most 16 KiB, which replaces the one before. Null leaves it as it is.
    pub metadata: Option<Json>,
}

/// A step of a transfer.
#[derive(Debug, Clone, InputObject)]
pub struct TransferActionInput {
    /// ID of the transfer. Needed unless `transfer` names it.
    pub id: Option<ID>,
    /// The transfer, instead of `id`. Null where `id` is given.
    pub transfer: Option<TransferRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Note, at most 1,000 characters. transferCancel keeps it with the transfer and the stock movements, and transferMarkReady keeps none. Null leaves
    /// the transfer's note as it is.
    pub note: Option<String>,
}

/// Quantity of a transfer line that moves.
#[derive(Debug, Clone, InputObject)]
pub struct TransferShipmentLineInput {
    /// The transfer's line.
    pub line_id: ID,
    /// Quantity of the line, in the product's smallest unit; above 0. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs that move, instead of `quantity`: `packs` times the units in a pack of `barcode`. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// Barcode of the packs, one of the line's product; another product's is INVALID. Null where `quantity` is given.
    pub barcode: Option<String>,
    /// Lots of a tracked product, with quantities that add up to the line's quantity. Without lots, the first to expire leave, and of those that left the
    /// first to expire arrive. At most 2,000 in a call. Empty by default.
    #[graphql(default)]
    pub lots: Vec<TransferLotInput>,
}

/// Quantity of a lot that moves.
#[derive(Debug, Clone, InputObject)]
pub struct TransferLotInput {
    /// The lot.
    pub lot: LotRef,
    /// Quantity of the lot, in the product's smallest unit; above 0.
    pub quantity: Quantity,
}

/// Shipment or receipt of a transfer.
#[derive(Debug, Clone, InputObject)]
pub struct TransferShipmentInput {
    /// ID of the transfer. Needed unless `transfer` names it.
    pub id: Option<ID>,
    /// The transfer, instead of `id`. Null where `id` is given.
    pub transfer: Option<TransferRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Lines that move, with their quantities, at most 500. Null moves everything: all that is to be shipped, or all that is in transit.
    pub lines: Option<Vec<TransferShipmentLineInput>>,
    /// Time of the shipment or receipt. Null for now. At most five minutes ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// Note that is kept with the stock movement, at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

/// Closing of a transfer whose goods in transit will not arrive.
#[derive(Debug, Clone, InputObject)]
pub struct TransferCloseInput {
    /// ID of the transfer. Needed unless `transfer` names it.
    pub id: Option<ID>,
    /// The transfer, instead of `id`. Null where `id` is given.
    pub transfer: Option<TransferRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Reason for which the missing goods are written off.
    pub reason_code: ReasonCode,
    /// Note on the missing goods, at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

row_names!("transfer": transfer of TransferUpdateInput, TransferActionInput, TransferShipmentInput, TransferCloseInput);

fn lines(lines: Vec<TransferLineInput>, reader: &mut InputErrors) -> Vec<shell::TransferLine> {
    let read = |(index, line): (usize, TransferLineInput)| shell::TransferLine {
        product: reader.product(line.product, || path!["input", "lines", index, "product"]),
        quantity: reader.units(line.quantity, || path!["input", "lines", index, "quantity"]),
    };
    lines.into_iter().enumerate().map(read).collect()
}

/// Returns the quantities of lines, for `packs::convert_packs`.
fn pack_lines<'a>(lines: &'a mut [TransferLineInput], list: &str) -> Vec<PackLine<'a>> {
    packs::pack_lines(lines, list, "quantity", |line| (Some(&line.product), &mut line.quantity, line.packs))
}

impl TransferCreateInput {
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.lines, "lines")
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::TransferCreate {
        shell::TransferCreate {
            idempotency_key: self.idempotency_key,
            from: reader.store(self.from_store, || path!["input", "fromStore"]),
            to: reader.store(self.to_store, || path!["input", "toStore"]),
            external_ref: self.external_ref,
            note: self.note,
            expected_at: self.expected_at.map(|at| at.0),
            lines: lines(self.lines, reader),
            status: self.status.map(Into::into),
            metadata: self.metadata.map(|json| json.0),
        }
    }
}

impl TransferUpdateInput {
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.lines, "lines")
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::TransferUpdate {
        shell::TransferUpdate {
            idempotency_key: self.idempotency_key,
            transfer: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            external_ref: self.external_ref,
            note: self.note,
            expected_at: self.expected_at.map(|at| at.0),
            lines: lines(self.lines, reader),
            metadata: self.metadata.map(|json| json.0),
        }
    }
}

impl TransferActionInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::TransferAct {
        shell::TransferAct {
            idempotency_key: self.idempotency_key,
            transfer: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
        }
    }
}

impl TransferShipmentInput {
    pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
        let lines = self.lines.iter_mut().flatten().enumerate();
        lines
            .map(|(index, line)| {
                CodedLine::of(index, Some(&line.line_id), &mut line.quantity, line.packs, line.barcode.as_deref())
            })
            .collect()
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::TransferMove {
        let lines = self
            .lines
            .map(|lines| lines.into_iter().enumerate().map(|(index, line_input)| line_input.read(index, reader)).collect());
        shell::TransferMove {
            idempotency_key: self.idempotency_key,
            transfer: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            lines,
            occurred_at: self.occurred_at.map(|at| at.0),
            note: self.note,
        }
    }
}

impl TransferShipmentLineInput {
    fn read(self, index: usize, reader: &mut InputErrors) -> shell::TransferParcel {
        let line = reader.id(&self.line_id, || path!["input", "lines", index, "lineId"]);
        let mut lots = Vec::with_capacity(self.lots.len());
        for (nth, lot_input) in self.lots.into_iter().enumerate() {
            let lot = reader.lot(lot_input.lot, || path!["input", "lines", index, "lots", nth, "lot"]);
            lots.push((lot, lot_input.quantity.0));
        }
        let quantity = reader.units(self.quantity, || path!["input", "lines", index, "quantity"]);
        shell::TransferParcel { line, quantity, lots }
    }
}

impl TransferCloseInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::TransferClose {
        shell::TransferClose {
            idempotency_key: self.idempotency_key,
            transfer: reader.row(self.id),
            expected_version: self.expected_version.map(|version| version.0),
            reason: self.reason_code.into(),
            note: self.note,
        }
    }
}
