//! The demo's retailer: rows of a year of its trade, made from a seed, for the replay to load.

pub mod generate;

mod catalogue;
mod clerk;
mod dice;
mod people;
