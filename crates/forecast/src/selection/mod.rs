//! Choosing a method: rolling origins, pooled losses, a guard on bias, and a margin below which a difference is noise. First for the tenant, then for a
//! class that it does not fit. Never for one product.

mod candidates;
mod choose;
mod loss;
mod origins;

pub use candidates::{Candidate, DEFAULT, MEDIAN_DEFAULT, Purpose, candidates, means_of_best};
pub use choose::{CLASS_SERIES, Choice, Choices, GUARD, Incumbent, MARGIN, Reached, choose};
pub use loss::{Loss, LossByClass};
pub use origins::{FEWEST_ORIGINS, FIRST_ORIGIN, FIRST_POOLED, MOST_ORIGINS, SCORED_WEEKS, SPACING, origins, pooled_origins};
