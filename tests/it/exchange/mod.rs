//! Imports and exports: valid, malformed and truncated files, and workers that die in between.

mod bounded;
mod bulk;
mod columnar;
mod encodings;
mod exports;
mod failed;
mod hostile;
mod imports;
mod killers;
mod labels;
mod mangled;
mod merged;
mod orders;
mod pictures;
mod progress;
mod refusals;
mod resume;
mod rights;
mod speed;
mod states;
mod typed;
mod uploads;
pub mod world;
