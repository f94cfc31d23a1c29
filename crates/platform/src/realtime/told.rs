//! An event on its way to followers: read once, however many there are.

use std::{any::Any, sync::Arc, sync::OnceLock};

use entity::prelude::{CategoryId, ChannelId, ProductId, StoreId};
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::storage::{Fault, journal::Event};

/// What a follower can be interested in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    Stock,
    Orders,
    Alerts,
}

/// What an event is about, finely enough to find those who care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    Store(StoreId),
    Product(ProductId),
    Category(CategoryId),
    Channel(ChannelId),
}

/// Whom an event concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    Nobody,
    /// Followers of a topic who care for one of the subjects, or for everything.
    Some(Topic, Vec<Subject>),
    /// All followers of a topic.
    All(Topic),
}

/// Says whom an event concerns; the rooms that write events know.
pub type Reader = fn(&Told) -> About;

/// An event with its payload as it was first read.
#[derive(Debug)]
pub struct Told {
    pub event: Arc<Event>,
    payload: OnceLock<Arc<dyn Any + Send + Sync>>,
    beside: OnceCell<Arc<dyn Any + Send + Sync>>,
}

impl Told {
    pub fn new(event: Arc<Event>) -> Arc<Self> {
        Arc::new(Self { event, payload: OnceLock::new(), beside: OnceCell::new() })
    }

    pub fn seq(&self) -> i64 {
        self.event.seq
    }

    /// The payload, which the first who asks reads for all.
    ///
    /// # Errors
    /// It has another shape: the row is corrupt.
    pub fn payload<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>, Fault> {
        if let Some(known) = self.payload.get().and_then(|known| known.clone().downcast::<T>().ok()) {
            return Ok(known);
        }
        let read: T = serde_json::from_str(&self.event.payload)
            .map_err(|err| Fault::corrupt("event", format!("{}: {err}", self.event.seq)))?;
        let read = Arc::new(read);
        // Whoever came first has left the same.
        let _ = self.payload.set(read.clone());
        Ok(read)
    }

    /// What belongs to the event besides its payload, is of one kind for all who ask, and never changes either: the first who asks reads it
    /// for all.
    ///
    /// # Errors
    /// Those of `read`; the next who asks tries again.
    pub async fn beside<T, E>(&self, read: impl Future<Output = Result<Option<Arc<T>>, E>>) -> Result<Option<Arc<T>>, E>
    where
        T: Send + Sync + 'static,
    {
        let read = async { Ok(Arc::new(read.await?) as Arc<dyn Any + Send + Sync>) };
        Ok(self.beside.get_or_try_init(|| read).await?.downcast_ref::<Option<Arc<T>>>().cloned().flatten())
    }

    /// About how much memory it takes, in bytes.
    pub fn weight(&self) -> usize {
        // The payload as text, as what was read of it, and what stands beside it.
        512 + 4 * self.event.payload.len()
    }
}
