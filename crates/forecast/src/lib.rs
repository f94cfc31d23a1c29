//! Forecasts of weekly demand, their uncertainty and accuracy, and the orders, classes and
//! simulations based on them. Numbers in, numbers out: no database, no clock, no randomness of its
//! own. `docs/insight.md` has the method in plain words, `docs/crates/forecast.md` the places of
//! the code.

#![cfg_attr(test, expect(clippy::float_cmp, reason = "tests name figures that are exact"))]

pub mod class;
pub mod panel;
pub mod series;
pub mod models;
pub mod selection;
pub mod weekdays;
pub mod intervals;
pub mod engine;
pub mod factors;
pub mod accuracy;
pub mod abc;
pub mod xyz;
pub mod reorder;
pub mod simulate;
pub mod anomaly;
pub mod ratios;
pub mod bench;

pub use engine::{Point, Run, SeriesForecast, Settings, Status, forecast_all};
pub use panel::{Panel, Traits};
