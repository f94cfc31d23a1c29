//! Dataloaders without a delay.

use std::{collections::HashMap, hash::Hash, sync::Arc, time::Duration};

use async_graphql::{dataloader::DataLoader, runtime::Timer};
use futures_util::{
    FutureExt,
    future::BoxFuture,
    task::{FutureObj, Spawn, SpawnError},
};

/// Reads on tokio's own threads.
struct Tokio;
impl Spawn for Tokio {
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        tokio::spawn(future);
        Ok(())
    }
}

/// Waits no longer than the fields of the same level need to name their keys. Tokio's timer would round nothing up to a millisecond.
struct Yield;
impl Timer for Yield {
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        tokio::task::yield_now().boxed()
    }
}

/// A loader without a delay.
pub fn immediate<T>(rows: T) -> DataLoader<T> {
    DataLoader::new(rows, Tokio, Yield).delay(Duration::ZERO)
}

/// Each key with its rows, none of them left out.
pub fn grouped<K: Copy + Eq + Hash, T>(keys: &[K], rows: impl IntoIterator<Item = (K, T)>) -> HashMap<K, Arc<Vec<T>>> {
    let mut all: HashMap<K, Vec<T>> = keys.iter().map(|key| (*key, Vec::new())).collect();
    for (key, row) in rows {
        all.entry(key).or_default().push(row);
    }
    all.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect()
}
