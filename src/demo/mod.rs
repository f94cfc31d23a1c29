//! The first five minutes: a retailer of our own, made from a seed, loaded through the public API and served.

pub mod generate;
mod run;

mod catalogue;
mod clerk;
mod database;
mod day;
mod dice;
mod error;
mod filled;
mod live;
mod owner;
mod people;
mod shop;
mod steps;
mod stoppable;

pub use error::DemoError;
pub use run::run;
