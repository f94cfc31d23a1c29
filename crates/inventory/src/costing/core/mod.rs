//! The rules of costing: pure.

mod added_charge;
mod ageing;
mod pool;
mod posting;
mod revalue;

pub use added_charge::{AddedCharge, ChargeShare, spread};
pub use ageing::{AGE_DAYS, AGES, AgeSums, Piece, pieces};
pub use pool::{Layer, Pool, PostingKey, Values, WorthBefore, share, valued};
pub use posting::{Fact, Posting, PostingHistory, Sums, facts, post};
pub use revalue::{
    MAX_NOTE, MAX_REVALUED, NewLine, NewRevaluation, Resting, Revaluation, RevaluationLine, RevalueProblem, UndoProblem, check,
    restore, revalue, revalued,
};
