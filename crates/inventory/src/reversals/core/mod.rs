//! The rules of reversals: pure.

mod choose;
mod effects;
mod mirror;
mod refusal;
mod reversal;

pub use choose::{Original, RequestedLine, select_entries};
pub use effects::{level_effects, status_effect};
pub use mirror::{needs, post_mirror};
pub use refusal::{DependencyReason, DependentDocument, Dependents, Refusal};
pub use reversal::{Call, Effect, Part, Reversal, ReversalBook, ReversalDecision, ReversalLine, ReversalNeeds, Subject};
