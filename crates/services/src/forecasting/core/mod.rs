//! Converts facts to series, and a run to its stored form. No database, no clock.

mod actual;
mod calibration;
mod classes;
mod daily;
mod days;
mod drift;
mod factor_fields;
mod factors;
mod history;
mod limits;
mod played;
mod score;
mod shape;
mod simulate;
mod simulate_classes;
mod stored;
mod sums;
mod supply;
mod weekdays;

pub use actual::{ActualStock, LevelDay, UnitCost};
pub use calibration::{Calibration, StoredCorrection, corrections_of};
pub use classes::{Level, StoredClasses, StoredXyz, Turnover, YEAR_WEEKS, classify, service_of};
pub use daily::{DayFacts, LeadDays};
pub use days::{DayHistory, DayLevel, DayPoint, StoredDayErrors, WeekDays, WeekForecast};
pub use drift::{JudgedWeek, LevelDrift, PreviousAlert, REVIEWED_WEEKS, coverage_drift, error_drift};
pub use factor_fields::{FactorFields, FactorProblem, MAX_DAYS};
pub use factors::{FactorGoods, FactorSeries, StoredFactor, factors_of, stored_factors};
pub use history::{HISTORY_WEEKS, History, LevelFacts, SeriesHistory, days_in_stock};
pub use limits::MAX_BY_DELIVERIES;
pub use score::{DRIFT_WEEKS, Drift, Outcome, SIGNAL_WEEKS, Tally, TrackingSignal, smoothed_signal};
pub use shape::StoredShape;
pub use simulate::{
    LONGEST_DAYS, PolicyComparison, ReorderPolicy, SERVICE_LEVELS, SimulatedRule, SimulationRefusal, SimulationResult,
    simulate_policy,
};
pub use simulate_classes::{ClassHistory, ClassProduct, ClassTotals, SimulatedClasses, simulated_classes};
pub use stored::{
    Excluded, ExclusionReason, QualityReason, StoredChoice, StoredPoint, StoredScaled, StoredSeries, choices_of, class_of,
    incumbent_of, series_of, status_of,
};
pub use sums::{StoredSum, StoredSumPoint, SumKey, Sums};
pub use supply::days_lasting;
pub use weekdays::OpenDays;
