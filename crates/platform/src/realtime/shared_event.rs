//! An event on its way to followers: read once, however many there are.

use std::{any::Any, sync::Arc};

use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::storage::{
    Fault,
    events::{Audience, ReadOnce, Registry, Topic},
    journal::Event,
};

/// An event with its payload as it was first read.
#[derive(Debug)]
pub struct SharedEvent {
    pub event: Arc<Event>,
    payload: ReadOnce,
    attachment: OnceCell<Arc<dyn Any + Send + Sync>>,
}

impl SharedEvent {
    pub fn new(event: Arc<Event>) -> Arc<Self> {
        Arc::new(Self { event, payload: ReadOnce::default(), attachment: OnceCell::new() })
    }

    pub fn seq(&self) -> i64 {
        self.event.seq
    }

    /// The payload, which the first who asks reads for all.
    ///
    /// # Errors
    /// It has another shape: the row is corrupt.
    pub fn payload<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>, Fault> {
        self.payload.payload(&self.event)
    }

    /// The topic whose stream carries it, and whom it concerns there.
    pub(super) fn audience(&self, registry: &Registry) -> Option<(Topic, Audience)> {
        registry.audience(&self.event, &self.payload)
    }

    /// What belongs to the event besides its payload, is of one kind for all who ask, and never changes either: the first who asks reads it
    /// for all.
    ///
    /// # Errors
    /// Those of `read`; the next who asks tries again.
    pub async fn attachment<T, E>(&self, read: impl Future<Output = Result<Option<Arc<T>>, E>>) -> Result<Option<Arc<T>>, E>
    where
        T: Send + Sync + 'static,
    {
        let read = async { Ok(Arc::new(read.await?) as Arc<dyn Any + Send + Sync>) };
        Ok(self.attachment.get_or_try_init(|| read).await?.downcast_ref::<Option<Arc<T>>>().cloned().flatten())
    }

    /// About how much memory it takes, in bytes.
    pub fn weight(&self) -> usize {
        // The payload as text, as what was read of it, and what stands beside it.
        512 + 4 * self.event.payload.len()
    }
}
