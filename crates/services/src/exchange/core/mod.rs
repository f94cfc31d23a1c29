//! Types and rules of exchanges: kinds, states and options, and the conversion between cells of
//! files and the input of rooms: pure.

pub mod barcodes;
pub mod bulk;
pub mod cells;
pub mod columns;
pub mod fields;
mod goods;
pub mod guess;
mod noun;
pub mod numbers;
mod options;
pub mod order_lines;
pub mod orders;
pub mod record;
mod refusal;
mod run;
pub mod serial;
pub mod typed;

pub use self::{
    noun::Noun,
    options::{Decimal, ExportOptions, FactPosition, Format, ImportLimits, ImportOptions, Mode, WriteMode},
    refusal::{OrderRefusal, Refusal, Refused, UnfitOrder},
    run::{Counts, FactManifest, FactRange, FileReading, Kind, Run, State},
};
