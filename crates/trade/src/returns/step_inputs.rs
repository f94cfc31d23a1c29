//! The inputs of the steps of a return.

use async_graphql::{ID, InputObject};
use inventory::returns::shell::{self, RemainderPolicy, ReturnOf};
use platform::path;

use super::{ReturnRef, enums::Disposition};
use crate::{
    graphql::{
        reading::InputErrors,
        scalars::{DateTime, Long, Quantity},
    },
    orders::links::{LotRef, MoneyInput},
    packs::CodedLine,
    references::VisibleReturn,
    row_names,
};

/// A step that needs no more than the return.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnActionInput {
    /// ID of the return. Needed unless `return` names it.
    pub id: Option<ID>,
    /// The return, instead of `id`. Null where `id` is given.
    #[graphql(name = "return")]
    pub sales_return: Option<ReturnRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
}

/// Rejection of a return that was requested or approved.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnRejectInput {
    /// ID of the return. Needed unless `return` names it.
    pub id: Option<ID>,
    /// The return, instead of `id`. Null where `id` is given.
    #[graphql(name = "return")]
    pub sales_return: Option<ReturnRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Reason of the rejection, stored with the return; at most 1,000 characters.
    pub reason: String,
}

/// Received quantity of a return line. A line that is received in several lots is named once for each of them.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnReceiveLineInput {
    /// The return's line.
    pub line_id: ID,
    /// Received quantity, in the product's smallest unit; above 0. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs that were received, instead of `quantity`: `packs` times the units in a pack of `barcode`. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// Barcode of the packs, one of the line's product; another product's is INVALID. Null where `quantity` is given.
    pub barcode: Option<String>,
    /// The lot that comes. Null for the only lot of its order lines that has not come back and is not taken by other lines. Needed where the product is
    /// tracked and several are left, or the units came from no known order.
    pub lot: Option<LotRef>,
}

/// Receipt of the goods of a return.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnReceiveInput {
    /// ID of the return. Needed unless `return` names it.
    pub id: Option<ID>,
    /// The return, instead of `id`. Null where `id` is given.
    #[graphql(name = "return")]
    pub sales_return: Option<ReturnRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Lines that were received, at most 2,000; by default everything that is still to be received.
    pub lines: Option<Vec<ReturnReceiveLineInput>>,
    /// True if the receipt is the last: nothing more will come, and missing units can then be asked back again. Default false.
    #[graphql(default = false)]
    pub is_last: bool,
    /// Time of the receipt. Null for now. At most five minutes ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// Note that is kept with the stock movements, at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

/// Disposition of a quantity of a return line. A line is named once for each disposition and lot.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnInspectLineInput {
    /// The return's line.
    pub line_id: ID,
    /// Inspected quantity, in the product's smallest unit; above 0. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs that were inspected, instead of `quantity`: `packs` times the units in a pack of `barcode`. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// Barcode of the packs, one of the line's product; another product's is INVALID. Null where `quantity` is given.
    pub barcode: Option<String>,
    /// Disposition of the inspected goods.
    pub disposition: Disposition,
    /// The lot that is meant, of those that came; those that came first when it is left out.
    pub lot: Option<LotRef>,
}

/// Findings of the inspection of a return.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnInspectInput {
    /// ID of the return. Needed unless `return` names it.
    pub id: Option<ID>,
    /// The return, instead of `id`. Null where `id` is given.
    #[graphql(name = "return")]
    pub sales_return: Option<ReturnRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Findings for each line, at most 2,000; by default everything that is not inspected yet, with the planned disposition of its
    /// line.
    pub lines: Option<Vec<ReturnInspectLineInput>>,
    /// Time of the inspection. Null for now. Not before the goods began to come, at most five minutes
    /// ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// Note that is kept with the stock movements, at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

/// Closing of a return, with its refund.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnCloseInput {
    /// ID of the return. Needed unless `return` names it.
    pub id: Option<ID>,
    /// The return, instead of `id`. Null where `id` is given.
    #[graphql(name = "return")]
    pub sales_return: Option<ReturnRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Refund, from 0 to the amount that was charged for the received goods. Null for the received goods at the prices of their lines,
    /// charges included.
    pub refund: Option<MoneyInput>,
}

row_names!("return": sales_return as VisibleReturn of ReturnActionInput, ReturnRejectInput, ReturnReceiveInput, ReturnInspectInput, ReturnCloseInput);

/// The fields that every step has.
fn step_of(reader: &mut InputErrors, id: Option<ID>, key: String, version: Option<Long>, note: Option<String>) -> ReturnOf {
    ReturnOf { idempotency_key: key, ret: reader.row(id), expected_version: version.map(|version| version.0), note }
}

impl ReturnActionInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> ReturnOf {
        step_of(reader, self.id, self.idempotency_key, self.expected_version, None)
    }
}

impl ReturnRejectInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::ReturnReject {
        shell::ReturnReject {
            of: step_of(reader, self.id, self.idempotency_key, self.expected_version, None),
            reason: self.reason,
        }
    }
}

impl ReturnReceiveInput {
    pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
        let lines = self.lines.iter_mut().flatten().enumerate();
        lines
            .map(|(index, line)| {
                CodedLine::of(index, Some(&line.line_id), &mut line.quantity, line.packs, line.barcode.as_deref())
            })
            .collect()
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::ReturnReceive {
        let of = step_of(reader, self.id, self.idempotency_key, self.expected_version, self.note);
        let lines = self.lines.map(|lines| {
            let lines = lines.into_iter().enumerate();
            let returned_lines = lines.map(|(index, line_input)| shell::ReturnLineBack {
                line: reader.id(&line_input.line_id, || path!["input", "lines", index, "lineId"]),
                quantity: reader.units(line_input.quantity, || path!["input", "lines", index, "quantity"]),
                lot: line_input.lot.map(|lot| reader.lot(lot, || path!["input", "lines", index, "lot"])),
            });
            returned_lines.collect()
        });
        let rest = if self.is_last { RemainderPolicy::GivenUp } else { RemainderPolicy::Awaited };
        shell::ReturnReceive { of, lines, rest, occurred_at: self.occurred_at.map(|at| at.0) }
    }
}

impl ReturnInspectInput {
    pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
        let lines = self.lines.iter_mut().flatten().enumerate();
        lines
            .map(|(index, line)| {
                CodedLine::of(index, Some(&line.line_id), &mut line.quantity, line.packs, line.barcode.as_deref())
            })
            .collect()
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::ReturnInspect {
        let of = step_of(reader, self.id, self.idempotency_key, self.expected_version, self.note);
        let lines = self.lines.map(|lines| {
            let lines = lines.into_iter().enumerate();
            let inspected_lines = lines.map(|(index, line_input)| shell::InspectedReturnLine {
                line: reader.id(&line_input.line_id, || path!["input", "lines", index, "lineId"]),
                quantity: reader.units(line_input.quantity, || path!["input", "lines", index, "quantity"]),
                disposition: line_input.disposition.into(),
                lot: line_input.lot.map(|lot| reader.lot(lot, || path!["input", "lines", index, "lot"])),
            });
            inspected_lines.collect()
        });
        shell::ReturnInspect { of, lines, occurred_at: self.occurred_at.map(|at| at.0) }
    }
}

impl ReturnCloseInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::ReturnClose {
        shell::ReturnClose {
            of: step_of(reader, self.id, self.idempotency_key, self.expected_version, None),
            refund: reader.money(self.refund.as_ref(), || path!["input", "refund"]),
        }
    }
}
