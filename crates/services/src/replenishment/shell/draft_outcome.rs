//! Results of creating drafts from groups of lines.

use inventory::stock::core::Rejection;

use crate::replenishment::core::Document;

/// Refusal of a draft, with the room's own reasons.
pub type DraftRefusal = Vec<Rejection>;

/// Result of creating the draft of a group of lines.
pub enum DraftOutcome {
    Made(Document),
    Refused(DraftRefusal),
    /// The caller lacks the permission: the lines stay claimed for a caller who has it.
    Denied,
}
