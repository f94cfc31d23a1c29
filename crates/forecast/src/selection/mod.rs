//! Choosing a method: rolling origins, pooled losses, a guard on bias, and a margin below which a difference is noise. First for the tenant, then for a
//! class that it does not fit. Never for one product.

mod candidates;
mod choose;
mod loss;
mod origins;

pub use candidates::{Candidate, DEFAULT, MEDIAN_DEFAULT, Purpose, candidates, means_of_best};
pub use choose::{Choice, ChoiceReason, Choices, Incumbent, MARGIN, MAX_EXTRA_BIAS, MIN_CLASS_SERIES, choose};
pub use loss::{Loss, LossByClass};
pub use origins::{
    MAX_ORIGINS, MIN_FIRST_ORIGIN, MIN_FIRST_POOLED, MIN_ORIGINS, ORIGIN_SPACING_WEEKS, SCORED_WEEKS, origins, pooled_origins,
};
