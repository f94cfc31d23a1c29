//! The rules of costing: pure.

mod added_charge;
mod ageing;
mod pool;
mod posting;
mod revalue;

pub use added_charge::{AddedCharge, ChargeShare, spread};
pub use ageing::{AGE_BAND_DAYS, AGE_BANDS, AgeSums, Piece, pieces};
pub use pool::{Layer, Pool, PostingKey, Values, WorthBefore, share, value_at_cost};
pub use posting::{Fact, Posting, PostingHistory, Sums, facts, post};
pub use revalue::{
    LaterDocuments, MAX_NOTE, MAX_REVALUED_PRODUCTS, NewLine, NewRevaluation, Revaluation, RevaluationLine, RevalueProblem,
    UndoProblem, check, restore, revalue, revalued,
};
