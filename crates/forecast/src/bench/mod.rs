//! The public comparison: a file of weekly demand, its last eight weeks held out, every model and the references beside each other.

mod error;
mod explain;
mod file;
mod held_out;
mod report;

pub use error::BenchError;
pub use explain::explain;
pub use file::parse_panel;
pub use held_out::{HELD_OUT_WEEKS, HeldOutRun, RunMeasures, evaluate_held_out};
pub use report::{TimedReport, run_benchmark};
