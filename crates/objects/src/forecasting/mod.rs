//! Forecasts in GraphQL.

pub mod enums;

pub use enums::{DemandClass, FactorKind, ForecastExclusionReason, ForecastLevel, ForecastQualityReason, ForecastStatus};
