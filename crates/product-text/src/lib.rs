//! The text of products: categories and tags are suggested, duplicates found, names cleaned. Text in, suggestions with their reasons out: no database,
//! no clock, no randomness but a seed's. `docs/product-text.md` has the method and its accuracy, `docs/crates/product-text.md` where things are.

pub mod folding;
pub mod ngrams;
pub mod variants;
pub mod minhash;
pub mod duplicates;
pub mod linear;
pub mod calibration;
pub mod classifier;
pub mod cleaning;
pub mod evidence;

pub use classifier::{Model, ModelError, Product, Report, Suggestion, TrainError, TrainingResult, train_categories, train_tags};
pub use cleaning::{Change, CleanedName, Rule, Style, clean};
pub use duplicates::{Duplicate, DuplicateSearch, find_duplicates};
