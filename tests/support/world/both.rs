//! `on_both!` makes the two tests of a scenario: on SQLite, and on Postgres where there is one.

/// Makes tests of scenarios, each in a world of its own.
///
/// * `on_both!(one, other)`: functions of the file that take `&World`. The tests are `one::on_sqlite`, `one::on_postgres` and so on.
/// * `on_both!(one, world: World => { … })`: the same with the scenario's body in place, and the type of its world.
macro_rules! on_both {
    (@tests $world:ty, $scenario:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn on_sqlite() {
            let world = <$world>::sqlite().await;
            $scenario(&world).await;
            world.end().await;
        }
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn on_postgres() {
            let Some(world) = <$world>::postgres().await else { return };
            $scenario(&world).await;
            world.end().await;
        }
    };
    ($name:ident, $world:ident: $kind:ty => $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "not every scenario needs all that its neighbours do")]
            use super::*;

            async fn run($world: &$kind) $body

            $crate::world::on_both!(@tests $kind, run);
        }
    };
    ($($name:ident),+ $(,)?) => { $(mod $name {
        $crate::world::on_both!(@tests super::World, super::$name);
    })+ };
}

pub(crate) use on_both;
