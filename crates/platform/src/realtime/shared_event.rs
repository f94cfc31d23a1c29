//! An event on its way to followers: parsed once for all of them.

use std::{any::Any, sync::Arc};

use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::storage::{
    Fault,
    events::{Audience, ParsedPayload, Registry, Topic},
    journal::Event,
};

/// An event with its payload, once parsed.
#[derive(Debug)]
pub struct SharedEvent {
    pub event: Arc<Event>,
    payload: ParsedPayload,
    attachment: OnceCell<Arc<dyn Any + Send + Sync>>,
}

impl SharedEvent {
    pub fn new(event: Arc<Event>) -> Arc<Self> {
        Arc::new(Self { event, payload: ParsedPayload::default(), attachment: OnceCell::new() })
    }

    pub fn seq(&self) -> i64 {
        self.event.seq
    }

    /// Returns the payload, which the first call parses for all.
    ///
    /// # Errors
    /// It has another shape: the row is corrupt.
    pub fn payload<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>, Fault> {
        self.payload.payload(&self.event)
    }

    /// Returns the topic whose stream carries the event, and the followers that it concerns there.
    pub(super) fn audience(&self, registry: &Registry) -> Option<(Topic, Audience)> {
        registry.audience(&self.event, &self.payload)
    }

    /// Returns data that belongs to the event besides its payload, is of one type for all callers,
    /// and never changes either: the first caller reads it for all.
    ///
    /// # Errors
    /// Those of `read`; the next caller tries again.
    pub async fn attachment<T, E>(&self, read: impl Future<Output = Result<Option<Arc<T>>, E>>) -> Result<Option<Arc<T>>, E>
    where
        T: Send + Sync + 'static,
    {
        let read = async { Ok(Arc::new(read.await?) as Arc<dyn Any + Send + Sync>) };
        Ok(self.attachment.get_or_try_init(|| read).await?.downcast_ref::<Option<Arc<T>>>().cloned().flatten())
    }

    /// Approximate memory of the event, in bytes.
    pub fn weight(&self) -> usize {
        // Estimates the payload as text and as the parsed value, and the fields beside it.
        512 + 4 * self.event.payload.len()
    }
}
