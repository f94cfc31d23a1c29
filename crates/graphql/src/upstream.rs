//! Repairs of async-graphql's own behaviour, a file each: the behaviour of the engine (8.0.0-rc.5),
//! its replacement, and tests whose names begin with `the_engine_still`. These run the engine alone
//! on a small schema, and fail once it behaves as we need; the repair can be removed then.

pub(crate) mod coercion;
pub(crate) mod conditions;
pub(crate) mod defaults;
pub mod loader;
pub(crate) mod merge;
pub(crate) mod positions;
pub mod query_root;
pub(crate) mod typename;

/// A small schema of the engine alone.
#[cfg(test)]
mod engine {
    use std::sync::atomic::{AtomicI32, Ordering};

    use async_graphql::{Object, Request, Schema, ServerError, Subscription, Variables};
    use futures_util::{Stream, stream};
    use serde_json::Value;

    pub struct Root;

    #[Object]
    impl Root {
        async fn first(&self, #[graphql(default = 2)] count: i32) -> i32 {
            count
        }
        async fn last(&self, #[graphql(default_with = "Some(2)")] count: Option<i32>) -> Option<i32> {
            count
        }
        async fn sum(&self, of: Option<Vec<i32>>) -> i32 {
            of.unwrap_or_default().iter().sum()
        }
    }

    /// Counts its calls.
    #[derive(Default)]
    pub struct Counter(AtomicI32);

    #[Object]
    impl Counter {
        async fn count(&self) -> i32 {
            1 + self.0.fetch_add(1, Ordering::Relaxed)
        }
    }

    pub struct Changes;

    #[Subscription]
    impl Changes {
        async fn ticks(&self) -> impl Stream<Item = i32> + use<> {
            stream::iter([1, 2])
        }
    }

    pub fn schema() -> Schema<Root, Counter, Changes> {
        Schema::new(Root, Counter::default(), Changes)
    }

    /// The data of the engine's answer, or its errors.
    pub async fn answer(query: &str, variables: Value) -> Result<Value, Vec<ServerError>> {
        let request = Request::new(query).variables(Variables::from_json(variables));
        schema().execute(request).await.into_result().map(|answer| answer.data.into_json().unwrap_or_default())
    }
}
