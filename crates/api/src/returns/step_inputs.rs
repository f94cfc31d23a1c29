//! The inputs of the steps of a return.

use async_graphql::{ID, InputObject};
use inventory::returns::shell::{self, Rest, ReturnOf};
use platform::path;

use super::enums::Disposition;
use crate::{
    graphql::{
        reading::Reading,
        scalars::{DateTime, Long, Quantity},
    },
    orders::links::{LotRef, MoneyInput},
};

/// A step that needs no more than the return.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnActionInput {
    /// The return.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
}

/// Why the goods may not come, or no longer.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnRejectInput {
    /// The return.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// Why; kept with the return; at most 1,000 characters.
    pub reason: String,
}

/// How much of a line comes. A line that comes in several lots is named for each of them.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnReceiveLineInput {
    /// The return's line.
    pub line_id: ID,
    /// How much of it, in the product's smallest unit; above 0.
    pub quantity: Quantity,
    /// The lot that comes: needed where the product is tracked.
    pub lot: Option<LotRef>,
}

/// What comes.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnReceiveInput {
    /// The return.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// What comes; all that has yet to come when it is left out. At most 2,000.
    pub lines: Option<Vec<ReturnReceiveLineInput>>,
    /// Whether nothing more will come: what is missing can then be asked back again.
    #[graphql(default = false)]
    pub is_last: bool,
    /// When it came; now when it is left out. At most five minutes ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// Kept with the stock that moves; at most 1,000 characters.
    pub note: Option<String>,
}

/// What becomes of so much of a line. A line is named once for each disposition and lot.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnInspectLineInput {
    /// The return's line.
    pub line_id: ID,
    /// How much of it, in the product's smallest unit; above 0.
    pub quantity: Quantity,
    /// What becomes of it.
    pub disposition: Disposition,
    /// The lot that is meant, of those that came; those that came first when it is left out.
    pub lot: Option<LotRef>,
}

/// What was found.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnInspectInput {
    /// The return.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// What was found; all that nobody has looked at, as its lines said when they were asked for, when it is left out. At most 2,000.
    pub lines: Option<Vec<ReturnInspectLineInput>>,
    /// When it was looked at; now when it is left out. At most five minutes ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// Kept with the stock that moves; at most 1,000 characters.
    pub note: Option<String>,
}

/// What is given back.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnCloseInput {
    /// The return.
    pub id: ID,
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Option<Long>,
    /// What is given back: 0 up to what was charged for what came. When it is left out, what came at its lines' prices, charges with it.
    pub refund: Option<MoneyInput>,
}

/// The fields that every step has.
fn of(reading: &mut Reading, id: &ID, key: String, version: Option<Long>, note: Option<String>) -> ReturnOf {
    ReturnOf {
        idempotency_key: key,
        ret: reading.id(id, || path!["input", "id"]),
        expected_version: version.map(|version| version.0),
        note,
    }
}

impl ReturnActionInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> ReturnOf {
        of(reading, &self.id, self.idempotency_key, self.expected_version, None)
    }
}

impl ReturnRejectInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::ReturnReject {
        shell::ReturnReject { of: of(reading, &self.id, self.idempotency_key, self.expected_version, None), reason: self.reason }
    }
}

impl ReturnReceiveInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::ReturnReceive {
        let of = of(reading, &self.id, self.idempotency_key, self.expected_version, self.note);
        let lines = self.lines.map(|lines| {
            let lines = lines.into_iter().enumerate();
            let read = lines.map(|(index, one)| shell::ReturnLineBack {
                line: reading.id(&one.line_id, || path!["input", "lines", index, "lineId"]),
                quantity: one.quantity.0,
                lot: one.lot.map(|lot| reading.lot(lot, || path!["input", "lines", index, "lot"])),
            });
            read.collect()
        });
        let rest = if self.is_last { Rest::GivenUp } else { Rest::Awaited };
        shell::ReturnReceive { of, lines, rest, occurred_at: self.occurred_at.map(|at| at.0) }
    }
}

impl ReturnInspectInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::ReturnInspect {
        let of = of(reading, &self.id, self.idempotency_key, self.expected_version, self.note);
        let lines = self.lines.map(|lines| {
            let lines = lines.into_iter().enumerate();
            let read = lines.map(|(index, one)| shell::ReturnLineSeen {
                line: reading.id(&one.line_id, || path!["input", "lines", index, "lineId"]),
                quantity: one.quantity.0,
                disposition: one.disposition.into(),
                lot: one.lot.map(|lot| reading.lot(lot, || path!["input", "lines", index, "lot"])),
            });
            read.collect()
        });
        shell::ReturnInspect { of, lines, occurred_at: self.occurred_at.map(|at| at.0) }
    }
}

impl ReturnCloseInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::ReturnClose {
        shell::ReturnClose {
            of: of(reading, &self.id, self.idempotency_key, self.expected_version, None),
            refund: reading.money(self.refund.as_ref(), || path!["input", "refund"]),
        }
    }
}
