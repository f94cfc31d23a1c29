//! `by_database!` makes the two tests of a scenario that takes its world by value.

/// Makes tests of functions that take `World` by value: `sqlite::one`, `postgres::one` and so on.
macro_rules! by_database {
    ($($name:ident),+ $(,)?) => {
        mod sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)] async fn $name() {
            super::$name(super::World::sqlite().await).await;
        })+ }
        $crate::ledger::by_database::on_postgres!($($name),+);
    };
}

/// Makes tests of scenarios that run on Postgres alone: `postgres::one` for a function `one` that takes `World` by value.
macro_rules! on_postgres {
    ($($name:ident),+ $(,)?) => {
        mod postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)] async fn $name() {
            if let Some(world) = super::World::postgres().await {
                super::$name(world).await;
            }
        })+ }
    };
}

pub(crate) use {by_database, on_postgres};
