//! The rules of costing: pure.

mod added_charge;
mod ageing;
mod fact;
mod pool;
mod posting;
mod revalue;

pub use added_charge::{AddedCharge, ChargeShare, allocate_signed};
pub use ageing::{AGE_BAND_DAYS, AGE_BANDS, AgeSums, Piece, split_layer};
pub use fact::{Fact, combine_facts};
pub use pool::{Layer, Pool, PostingKey, Values, WorthBefore, share, value_at_cost};
pub use posting::{Posting, PostingHistory, Sums, post_fact};
pub use revalue::{
    LaterDocuments, MAX_NOTE, MAX_REVALUED_PRODUCTS, NewLine, NewRevaluation, Revaluation, RevaluationLine, RevalueProblem,
    UndoProblem, apply_revaluation, check_lines, post_restoration, post_revaluation,
};
