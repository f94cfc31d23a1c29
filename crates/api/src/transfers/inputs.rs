//! The inputs of transfers' mutations.

use async_graphql::{ID, InputObject};
use inventory::transfers::shell;
use platform::path;

use crate::{
    graphql::{
        reading::Reading,
        scalars::{DateTime, Long, Quantity},
    },
    orders::links::{LotRef, ProductRef, StoreRef},
    stock::ReasonCode,
};

/// How much of a product.
#[derive(Debug, Clone, InputObject)]
pub struct TransferLineInput {
    /// The product; a transfer names it once.
    pub product: ProductRef,
    /// How much, in the product's smallest unit; above 0, or in transferUpdate 0 to take it off.
    pub quantity: Quantity,
}

/// A new transfer.
#[derive(Debug, Clone, InputObject)]
pub struct TransferCreateInput {
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// Who sends.
    pub from_store: StoreRef,
    /// Who receives.
    pub to_store: StoreRef,
    /// What it is called elsewhere; unique in the tenant; at most 128 characters.
    pub external_ref: Option<String>,
    /// Kept with it; at most 1,000 characters.
    pub note: Option<String>,
    /// When it should arrive.
    pub expected_at: Option<DateTime>,
    /// What is to go; at most 500 lines, more by transferUpdate.
    pub lines: Vec<TransferLineInput>,
}

/// What becomes of a DRAFT. What is left out stays as it is.
#[derive(Debug, Clone, InputObject)]
pub struct TransferUpdateInput {
    /// The transfer.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// What it is called elsewhere; unique in the tenant; at most 128 characters.
    pub external_ref: Option<String>,
    /// Kept with it; at most 1,000 characters.
    pub note: Option<String>,
    /// When it should arrive.
    pub expected_at: Option<DateTime>,
    /// How much of these products is to go from now on; other lines stay. At most 500 in a call and 2,047 in a transfer.
    #[graphql(default)]
    pub lines: Vec<TransferLineInput>,
}

/// A step of a transfer.
#[derive(Debug, Clone, InputObject)]
pub struct TransferActionInput {
    /// The transfer.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// Kept with it; at most 1,000 characters.
    pub note: Option<String>,
}

/// How much of a line.
#[derive(Debug, Clone, InputObject)]
pub struct TransferParcelInput {
    /// The transfer's line.
    pub line_id: ID,
    /// How much of it, in the product's smallest unit; above 0.
    pub quantity: Quantity,
    /// Of which lots, where the product is tracked: they sum to the quantity. Left out, the first to expire leave, and of those that left the
    /// first to expire arrive. At most 2,000 in a call.
    #[graphql(default)]
    pub lots: Vec<TransferLotInput>,
}

/// How much of a lot.
#[derive(Debug, Clone, InputObject)]
pub struct TransferLotInput {
    /// The lot.
    pub lot: LotRef,
    /// How much of it, in the product's smallest unit; above 0.
    pub quantity: Quantity,
}

/// What leaves, or what arrives.
#[derive(Debug, Clone, InputObject)]
pub struct TransferMoveInput {
    /// The transfer.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// Which lines and how much of each; all that is to leave, or that is under way, when it is left out. At most 500.
    pub lines: Option<Vec<TransferParcelInput>>,
    /// When it happened; now when it is left out. At most five minutes ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// Kept with the stock that moves; at most 1,000 characters.
    pub note: Option<String>,
}

/// What did not arrive.
#[derive(Debug, Clone, InputObject)]
pub struct TransferCloseInput {
    /// The transfer.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// Why it is gone.
    pub reason_code: ReasonCode,
    /// Kept with it; at most 1,000 characters.
    pub note: Option<String>,
}

fn lines(lines: Vec<TransferLineInput>, reading: &mut Reading) -> Vec<shell::TransferLine> {
    let read = |(index, line): (usize, TransferLineInput)| shell::TransferLine {
        product: reading.product(line.product, || path!["input", "lines", index, "product"]),
        quantity: line.quantity.0,
    };
    lines.into_iter().enumerate().map(read).collect()
}

impl TransferCreateInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::TransferCreate {
        shell::TransferCreate {
            idempotency_key: self.idempotency_key,
            from: reading.store(self.from_store, || path!["input", "fromStore"]),
            to: reading.store(self.to_store, || path!["input", "toStore"]),
            external_ref: self.external_ref,
            note: self.note,
            expected_at: self.expected_at.map(|at| at.0),
            lines: lines(self.lines, reading),
        }
    }
}

impl TransferUpdateInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::TransferUpdate {
        shell::TransferUpdate {
            idempotency_key: self.idempotency_key,
            transfer: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            external_ref: self.external_ref,
            note: self.note,
            expected_at: self.expected_at.map(|at| at.0),
            lines: lines(self.lines, reading),
        }
    }
}

impl TransferActionInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::TransferAct {
        shell::TransferAct {
            idempotency_key: self.idempotency_key,
            transfer: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
        }
    }
}

impl TransferMoveInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::TransferMove {
        let lines = self.lines.map(|lines| lines.into_iter().enumerate().map(|(index, one)| one.read(index, reading)).collect());
        shell::TransferMove {
            idempotency_key: self.idempotency_key,
            transfer: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            lines,
            occurred_at: self.occurred_at.map(|at| at.0),
            note: self.note,
        }
    }
}

impl TransferParcelInput {
    fn read(self, index: usize, reading: &mut Reading) -> shell::TransferParcel {
        let line = reading.id(&self.line_id, || path!["input", "lines", index, "lineId"]);
        let mut lots = Vec::with_capacity(self.lots.len());
        for (nth, one) in self.lots.into_iter().enumerate() {
            let lot = reading.lot(one.lot, || path!["input", "lines", index, "lots", nth, "lot"]);
            lots.push((lot, one.quantity.0));
        }
        shell::TransferParcel { line, quantity: self.quantity.0, lots }
    }
}

impl TransferCloseInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::TransferClose {
        shell::TransferClose {
            idempotency_key: self.idempotency_key,
            transfer: reading.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            reason: self.reason_code.into(),
            note: self.note,
        }
    }
}
