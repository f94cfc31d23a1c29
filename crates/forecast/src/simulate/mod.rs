//! A policy against weeks or days that came true: at each review the forecast and its pools are made again from earlier weeks only.

mod calibrate;
mod correction;
mod day_outcome;
mod days;
mod demand;
mod lots;
mod outcome;
mod past;
mod rule;
mod steering;
mod weeks;

pub use calibrate::{CalibratedService, calibrate_service, service_for_fill};
pub use correction::{Correction, FEEDBACK_GAIN, MIN_CYCLES, corrections};
pub use day_outcome::DayOutcome;
pub use days::{DayRule, DaySimulation, SupplierDays, Target, simulate_days, simulate_days_on};
pub use demand::{DailyDemand, RecordedDay};
pub use outcome::{Outcome, Outcomes, SERVICE_SEARCH_RANGE};
pub use past::Past;
pub use rule::PlanRule;
pub use weeks::{OrderUpTo, UnmetDemand, simulate};
