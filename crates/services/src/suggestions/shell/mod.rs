//! Trains models on request, makes suggestions, and processes accepted and refused ones. Every
//! function takes the permit that it needs.

mod ask;
mod ask_slots;
mod change;
mod describe;
mod model_cache;
mod service;
mod tags;

pub use ask::{ListedCleanup, ListedPair, ProductSuggestion};
pub use change::{DismissRefusal, RefusedSuggestion};
pub use describe::{DescribeRefusal, DescriptionPrompt};
pub use service::Suggestions;
pub use tags::ProductTagSuggestion;
