//! Dataloaders without a delay.

use std::{collections::HashMap, hash::Hash, sync::Arc, time::Duration};

use async_graphql::{dataloader::DataLoader, runtime::Timer};
use futures_util::{
    FutureExt,
    future::BoxFuture,
    task::{FutureObj, Spawn, SpawnError},
};
use platform::{slow, traces};

/// Reads on tokio's own threads, as a part of the operation and the trace that ask for the keys.
struct Tokio;
impl Spawn for Tokio {
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        tokio::spawn(traces::carry_trace(slow::carry_operation(future)));
        Ok(())
    }
}

/// Waits only until the fields of the same level have added their keys. Tokio's timer would round
/// zero up to a millisecond.
struct Yield;
impl Timer for Yield {
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        tokio::task::yield_now().boxed()
    }
}

/// A loader without a delay. It keeps nothing, so that a second mutation of one request sees what the first one wrote.
pub fn immediate<T>(rows: T) -> DataLoader<T> {
    DataLoader::new(rows, Tokio, Yield).delay(Duration::ZERO)
}

/// Groups rows by key; keys without rows get an empty list.
pub fn group_by_key<K: Copy + Eq + Hash, T>(keys: &[K], rows: impl IntoIterator<Item = (K, T)>) -> HashMap<K, Arc<Vec<T>>> {
    let mut groups: HashMap<K, Vec<T>> = keys.iter().map(|key| (*key, Vec::new())).collect();
    for (key, row) in rows {
        groups.entry(key).or_default().push(row);
    }
    groups.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use async_graphql::dataloader::Loader;
    use platform::traces::TraceContext;

    use super::*;

    /// A loader whose value is the trace in which it runs.
    struct TraceIds;

    impl Loader<u8> for TraceIds {
        type Value = Option<u128>;
        type Error = Infallible;

        async fn load(&self, keys: &[u8]) -> Result<HashMap<u8, Option<u128>>, Infallible> {
            let trace_id = traces::current().map(|trace| trace.trace_id);
            Ok(keys.iter().map(|key| (*key, trace_id)).collect())
        }
    }

    #[tokio::test]
    async fn keys_are_loaded_in_the_trace_that_asks_for_them() {
        let trace = TraceContext { trace_id: 7, span_id: 8, is_sampled: false };
        let loader = immediate(TraceIds);
        assert_eq!(traces::within(Some(trace), loader.load_one(1_u8)).await, Ok(Some(Some(7))));
        assert_eq!(loader.load_one(2_u8).await, Ok(Some(None)));
    }
}
