//! People and their sessions, as clients meet them: through the doorkeeper, on both databases.

mod clocks;
mod factors;
mod guessing;
mod invitations;
mod keys;
mod members;
mod outdated;
mod passwords;
mod policy;
mod registration;
mod risk;
mod sandbox;
mod sessions;
mod switching;
mod tabs;
pub(crate) mod world;

/// Runs tests on SQLite, and on Postgres where there is one.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => { $(mod $name {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn on_sqlite() {
            let world = crate::identity::world::World::sqlite().await;
            super::$name(&world).await;
            world.end().await;
        }
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn on_postgres() {
            let Some(world) = crate::identity::world::World::postgres().await else { return };
            super::$name(&world).await;
            world.end().await;
        }
    })* };
}
use on_both;
