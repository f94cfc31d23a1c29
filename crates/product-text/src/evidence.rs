//! Quality on public names: a catalogue of 20 classes, labelled by rules that were written down
//! before the model, and held-out products of it. `docs/product-text.md` shows the output.

mod catalogue;
mod tables;

pub use catalogue::{Catalogue, Item, Phrases};
pub use tables::{Evidence, run_experiments};
