//! The input of `documentReverse`.

use async_graphql::{ID, InputObject};
use entity::id::prefix_of;
use inventory::reversals::shell;
use platform::path;

use crate::{
    graphql::{
        reading::InputErrors,
        scalars::{DateTime, Long, Quantity},
    },
    packs::CodedLine,
    references::{DocumentRef, Names},
    stock::ShortagePolicy,
};

/// A line to reverse, or a part of one.
#[derive(Debug, Clone, InputObject)]
pub struct ReverseLine {
    /// ID of the document's line: of the purchase order's line for a goods receipt, of the transfer's line for a transfer, of the count's line for a count. ID of
    /// the product for a return to a supplier.
    pub line_id: ID,
    /// Number of units that go back, in the product's smallest unit; above 0. Null for all that is left of the line, for a line of a count, and where `packs`
    /// is given. Sound goods go back before damaged ones.
    pub quantity: Option<Quantity>,
    /// Packs that go back, instead of `quantity`: `packs` times the units in a pack of `barcode`. Null where `quantity` is given, for all that is left of the
    /// line, and for a line of a count.
    pub packs: Option<i32>,
    /// Barcode of the packs, one of the line's product; another product's is INVALID. Null without `packs`.
    pub barcode: Option<String>,
    /// ID of the lot whose units go back. Null for all of them, the last one first.
    pub lot_id: Option<ID>,
}

/// A document to undo.
#[derive(Debug, Clone, InputObject)]
pub struct DocumentReverseInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Deprecated form of `document`: its ID.
    #[graphql(deprecation = "2026-11-28: use document. Removed after 2027-11-28.")]
    pub document_id: Option<ID>,
    /// Goods receipt, return to a supplier, count, fulfilment, order that was sold over the counter, closed return, movement by which a transfer left,
    /// arrived or was written off, or transfer, which is that of its last step. Goods receipts, fulfilments and movements have no number of their own.
    /// Required, unless the deprecated `documentId` is given.
    pub document: Option<DocumentRef>,
    /// Version of the purchase order, transfer, count, order or return that you saw; another one is a VERSION_CONFLICT.
    /// Null for any.
    pub expected_version: Option<Long>,
    /// Lines that go back, at most 2,000. Null for all that is left of the document.
    pub lines: Option<Vec<ReverseLine>>,
    /// Reason for the reversal, 1 to 1,000 characters.
    pub note: String,
    /// Business time of the reversal: after the closed books and not before the document. Null for now.
    pub occurred_at: Option<DateTime>,
    /// Policy when undoing takes what was promised, or is no longer there. Default REFUSE.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
    /// Register at which a sale over the counter is taken back, kept with the step of its order: a code of at most 32 characters. Null for none, as for all
    /// other documents.
    pub register: Option<String>,
}

impl DocumentReverseInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).required(("document", self.document.take()), ("documentId", &mut self.document_id))
    }
    /// Lines that count packs. The others give units, or are reversed whole.
    pub fn coded_lines(&mut self) -> Vec<CodedLine<'_>> {
        let lines = self.lines.iter_mut().flatten().enumerate();
        lines
            .filter(|(_, line)| line.packs.is_some() || line.barcode.is_some())
            .map(|(index, line)| {
                CodedLine::of(index, Some(&line.line_id), &mut line.quantity, line.packs, line.barcode.as_deref())
            })
            .collect()
    }
    /// Converts the input to the command of the shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::DocumentReverse {
        let lines = self.lines.map(|lines| {
            let mut reverse_lines = Vec::with_capacity(lines.len());
            for (index, line) in lines.into_iter().enumerate() {
                let at = |name: &str| path!["input", "lines", index, name];
                let id = prefix_of(&line.line_id).map(|(_, id)| id);
                if id.is_none() {
                    reader.invalid("one of our ids is expected", || at("lineId"));
                }
                reverse_lines.push(shell::ReverseLine {
                    line: id.unwrap_or_default(),
                    quantity: line.quantity.map(|quantity| quantity.0),
                    lot: reader.id_opt(line.lot_id.as_ref(), || at("lotId")),
                });
            }
            reverse_lines
        });
        shell::DocumentReverse {
            idempotency_key: self.idempotency_key,
            document: self.document_id.unwrap_or_default().0,
            expected_version: self.expected_version.map(|version| version.0),
            lines,
            note: self.note,
            occurred_at: self.occurred_at.map(|at| at.0),
            on_shortage: self.on_shortage.into(),
            register: self.register,
        }
    }
}
