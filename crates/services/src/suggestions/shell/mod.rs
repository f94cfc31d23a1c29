//! Learning when somebody asks, suggesting, and taking what was accepted or refused. Every function takes the permit that it needs.

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
pub use change::{RefuseRefusal, Refused};
pub use describe::{DescribeRefusal, DescriptionPrompt};
pub use tags::ProductTagSuggestion;

use self::{ask_slots::AskSlots, learned::LearnedCache};
use super::core::{CategoryModel, Names, TagModel};
use crate::webhooks::{Sender, Webhooks};

/// Trainings of this node at a time: each takes a processor and up to some hundred MiB.
const TRAININGS: usize = 1;

/// The service: the catalogue, and what this node has learned of its tenants' texts. Clones share it.
#[derive(Clone)]
pub struct Suggestions {
    catalog: Catalog,
    ring: KeyRing,
    sender: Sender,
    models: Arc<LearnedCache<CategoryModel>>,
    tags: Arc<LearnedCache<TagModel>>,
    names: Arc<LearnedCache<Names>>,
    trainings: Arc<Semaphore>,
    asks: AskSlots,
}

impl Suggestions {
    /// Addresses of tenants are reached as webhooks reach them.
    pub fn new(catalog: Catalog, webhooks: &Webhooks) -> Self {
        let (models, tags, names) = (Arc::default(), Arc::default(), Arc::default());
        let (ring, sender) = (webhooks.ring().clone(), webhooks.sender().clone());
        let (trainings, asks) = (Arc::new(Semaphore::new(TRAININGS)), AskSlots::default());
        Self { catalog, ring, sender, models, tags, names, trainings, asks }
    }
}
