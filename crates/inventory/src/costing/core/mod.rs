//! The rules of costing: pure.

mod pool;
mod post;
mod revalue;

pub use pool::{Layer, Place, Pool, Values, share, valued};
pub use post::{Fact, Known, Posting, Sums, facts, post};
pub use revalue::{MAX_NOTE, MAX_REVALUED, NewLine, Revaluation, RevaluationLine, RevalueProblem, check, revalue};
