//! Lots and serial numbers: creating and changing them, taking them out of sale and back. Their
//! quantities at levels belong to stock.

pub mod core;
pub mod jobs;
pub mod rows;
pub mod shell;
