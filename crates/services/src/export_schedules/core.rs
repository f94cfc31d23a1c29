//! Export schedules, the plans of their runs, and the names of their files: pure.

mod fields;
mod problem;
mod run;
mod schedule;

pub use self::{
    fields::Fields,
    problem::Problem,
    run::{Manifest, RunPlan, SCHEMA_VERSION, Section, WrittenFile, marker_of, noun_of},
    schedule::{EntityVersion, Schedule},
};

/// Maximum schedules of a tenant.
pub const MAX_SCHEDULES: i64 = 50;
/// Maximum characters of a stored error.
pub const MAX_ERROR: usize = 500;
