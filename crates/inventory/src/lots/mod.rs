//! Lots and serial numbers: making and changing them, taking them out of sale and back. What lies of them at a level is stock's.

pub mod core;
pub mod jobs;
pub mod rows;
pub mod shell;
