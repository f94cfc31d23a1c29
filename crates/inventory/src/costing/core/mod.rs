//! The rules of costing: pure.

mod ageing;
mod pool;
mod posting;
mod revalue;

pub use ageing::{AGE_DAYS, AGES, AgeSums, Piece, pieces};
pub use pool::{Layer, Pool, PostingKey, Values, share, valued};
pub use posting::{Fact, Posting, PostingHistory, Sums, facts, post};
pub use revalue::{MAX_NOTE, MAX_REVALUED, NewLine, Revaluation, RevaluationLine, RevalueProblem, check, revalue};
