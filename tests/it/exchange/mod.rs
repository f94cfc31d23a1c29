//! Rows that come and go in files: good ones, ugly ones, half of them, and workers that die in between.

mod bulk;
mod exports;
mod failed;
mod hostile;
mod imports;
mod labels;
mod orders;
mod pictures;
mod progress;
mod refusals;
mod resume;
mod rights;
mod speed;
mod states;
mod uploads;
pub mod world;
