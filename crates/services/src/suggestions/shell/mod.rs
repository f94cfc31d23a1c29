//! Trains models on request, makes suggestions, and processes accepted and refused ones. Every
//! function takes the permit that it needs.

mod ask;
mod ask_slots;
mod change;
mod describe;
mod learned;
mod tags;

use std::sync::Arc;

use inventory::catalog::Catalog;
use platform::secrets::KeyRing;
use tokio::sync::Semaphore;

pub use ask::{ListedCleanup, ListedPair, ProductSuggestion};
pub use change::{DismissRefusal, Refused};
pub use describe::{DescribeRefusal, DescriptionPrompt};
pub use tags::ProductTagSuggestion;

use self::{ask_slots::RequestSlots, learned::LearnedCache};
use super::core::{CategoryModel, Names, TagModel};
use crate::webhooks::{Sender, Webhooks};

/// Maximum concurrent trainings of this node: each takes a processor and up to some hundred MiB.
const MAX_CONCURRENT_TRAININGS: usize = 1;

/// The service: the catalogue, and this node's models of its tenants. Clones share it.
#[derive(Clone)]
pub struct Suggestions {
    catalog: Catalog,
    ring: KeyRing,
    sender: Sender,
    models: Arc<LearnedCache<CategoryModel>>,
    tags: Arc<LearnedCache<TagModel>>,
    names: Arc<LearnedCache<Names>>,
    trainings: Arc<Semaphore>,
    asks: RequestSlots,
}

impl Suggestions {
    /// Addresses of tenants are reached by the sender of `webhooks`.
    pub fn new(catalog: Catalog, webhooks: &Webhooks) -> Self {
        let (models, tags, names) = (Arc::default(), Arc::default(), Arc::default());
        let (ring, sender) = (webhooks.ring().clone(), webhooks.sender().clone());
        let (trainings, asks) = (Arc::new(Semaphore::new(MAX_CONCURRENT_TRAININGS)), RequestSlots::default());
        Self { catalog, ring, sender, models, tags, names, trainings, asks }
    }
}
