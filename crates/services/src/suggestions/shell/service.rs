//! The service of suggestions, and the state of this node that its calls share.

use std::sync::Arc;

use inventory::catalog::Catalog;
use platform::secrets::KeyRing;
use tokio::sync::Semaphore;

use super::{ask_slots::RequestSlots, model_cache::ModelCache};
use crate::{
    suggestions::core::{CategoryModel, Names, TagModel},
    webhooks::{Sender, Webhooks},
};

/// Maximum concurrent trainings of this node: each takes a processor and up to some hundred MiB.
const MAX_CONCURRENT_TRAININGS: usize = 1;

/// The service: the catalogue, and this node's models of its tenants. Clones share it.
#[derive(Clone)]
pub struct Suggestions {
    pub(super) catalog: Catalog,
    pub(super) ring: KeyRing,
    pub(super) sender: Sender,
    pub(super) models: Arc<ModelCache<CategoryModel>>,
    pub(super) tags: Arc<ModelCache<TagModel>>,
    pub(super) names: Arc<ModelCache<Names>>,
    pub(super) trainings: Arc<Semaphore>,
    pub(super) request_slots: RequestSlots,
}

impl Suggestions {
    /// Addresses of tenants are reached by the sender of `webhooks`.
    pub fn new(catalog: Catalog, webhooks: &Webhooks) -> Self {
        let (models, tags, names) = (Arc::default(), Arc::default(), Arc::default());
        let (ring, sender) = (webhooks.key_ring().clone(), webhooks.sender().clone());
        let (trainings, slots) = (Arc::new(Semaphore::new(MAX_CONCURRENT_TRAININGS)), RequestSlots::default());
        Self { catalog, ring, sender, models, tags, names, trainings, request_slots: slots }
    }
}
