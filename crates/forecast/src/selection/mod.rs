//! Choosing a method: rolling origins, pooled losses, a guard on bias, and a margin below which a difference is noise. First for the tenant, then for a
//! class that it does not fit. Never for one product.

mod candidates;
mod choose;
mod loss;
mod origins;

pub use candidates::{Candidate, DEFAULT_MEDIAN_METHOD, DEFAULT_METHOD, Purpose, candidates, means_of_best};
pub use choose::{Choice, ChoiceReason, Choices, Incumbent, MAX_EXTRA_BIAS, MIN_CLASS_SERIES, WAPE_MARGIN, choose};
pub use loss::{Loss, LossByClass};
pub use origins::{
    MAX_ORIGINS, MIN_FIRST_ORIGIN, MIN_FIRST_POOLED, MIN_ORIGINS, ORIGIN_SPACING_WEEKS, SCORED_WEEKS, choice_origins,
    pooled_origins,
};
