//! Converts facts to series, and a run to its stored form. No database, no clock.

mod actual;
mod calibration;
mod choices;
mod classes;
mod daily;
mod day_errors;
mod days;
mod drift;
mod factor_fields;
mod factors;
mod history;
mod limits;
mod played;
mod rounding;
mod score;
mod shape;
mod simulate;
mod simulate_classes;
mod stored;
mod sums;
mod supply;
mod week_units;
mod weekdays;

pub use actual::{ActualStock, LevelDay, UnitCost};
pub use calibration::{Calibration, StoredCorrection, corrections_of};
pub use choices::{StoredChoice, StoredScaled, choices_of, incumbent_of};
pub use classes::{Level, StoredClasses, StoredXyz, Turnover, YEAR_WEEKS, classify, service_of};
pub use daily::{DayFacts, LeadDays};
pub use day_errors::{DayLevel, DayPoint, StoredDayErrors, WeekForecast};
pub use days::{DayHistory, WeekDays};
pub use drift::{JudgedWeek, LevelDrift, PreviousAlert, REVIEWED_WEEKS, coverage_drift, error_drift};
pub use factor_fields::{FactorFields, FactorProblem, MAX_DAYS};
pub use factors::{FactorGoods, FactorSeries, StoredFactor, factors_of, stored_factors};
pub use history::{HISTORY_WEEKS, History, LevelFacts, SeriesHistory, days_in_stock};
pub use limits::MAX_BY_DELIVERIES;
pub use played::MAX_DEMAND_DAYS;
pub use score::{DRIFT_WEEKS, Drift, Outcome, SIGNAL_WEEKS, Tally, TrackingSignal, smoothed_signal};
pub use shape::StoredShape;
pub use simulate::{
    PolicyComparison, ReorderPolicy, SERVICE_LEVELS, SimulatedRule, SimulationRefusal, SimulationResult, simulate_policy,
};
pub use simulate_classes::{ClassHistory, ClassProduct, ClassTotals, SimulatedClasses, simulated_classes};
pub use stored::{ExclusionReason, QualityReason, StoredExcludedWeek, StoredPoint, StoredSeries, class_of, series_of, status_of};
pub use sums::{StoredSum, StoredSumPoint, SumKey, Sums};
pub use supply::days_lasting;
pub use week_units::WeekUnits;
pub use weekdays::OpenDays;
