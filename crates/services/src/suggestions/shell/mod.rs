//! Learning when somebody asks, suggesting, and taking what was accepted or refused. Every function takes the permit that it needs.

mod ask;
mod change;
mod learned;
mod tags;

use std::sync::Arc;

use inventory::catalog::Catalog;
use tokio::sync::Semaphore;

pub use ask::{ListedCleanup, ListedPair, ProductSuggestion};
pub use change::{RefuseRefusal, Refused};
pub use tags::ProductTagSuggestion;

use self::learned::LearnedCache;
use super::core::{CategoryModel, Names, TagModel};

/// Trainings of this node at a time: each takes a processor and up to some hundred MiB.
const TRAININGS: usize = 1;

/// The service: the catalogue, and what this node has learned of its tenants' texts. Clones share it.
#[derive(Clone)]
pub struct Suggestions {
    catalog: Catalog,
    models: Arc<LearnedCache<CategoryModel>>,
    tags: Arc<LearnedCache<TagModel>>,
    names: Arc<LearnedCache<Names>>,
    trainings: Arc<Semaphore>,
}

impl Suggestions {
    pub fn new(catalog: Catalog) -> Self {
        let (models, tags, names) = (Arc::default(), Arc::default(), Arc::default());
        Self { catalog, models, tags, names, trainings: Arc::new(Semaphore::new(TRAININGS)) }
    }
}
