//! A policy against weeks that came true: at each review the forecast and its pools are made again from earlier weeks only.

mod calibrate;
mod correction;
mod past;
mod rule;
mod weeks;

pub use calibrate::{Calibrated, LIKELY_SERVICE, calibrated, service_for_fill};
pub use correction::{Correction, FEWEST_CYCLES, GAIN, corrections};
pub use past::Past;
pub use rule::PlanRule;
pub use weeks::{OrderUpTo, Outcome, Outcomes, Unmet, simulate, simulate_each, simulate_naive, simulate_rule};
