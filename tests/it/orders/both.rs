//! A scenario on a fresh database of each kind.

use std::sync::atomic::{AtomicU32, Ordering};

use super::world::World;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Runs a scenario on a fresh database of each kind.
pub async fn on_both<F>(scenario: impl Fn(World) -> F)
where
    F: Future<Output = ()>,
{
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("entrepot_orders_{}_{number}", std::process::id());
    let path = std::env::temp_dir().join(format!("{name}.sqlite"));
    scenario(World::on(&format!("sqlite://{}", path.display())).await).await;
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    let Some(url) = std::env::var("ENTREPOT_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty()) else {
        assert!(std::env::var("CI").is_err(), "CI has a Postgres: ENTREPOT_TEST_POSTGRES_URL is not set");
        eprintln!("skipped on Postgres: ENTREPOT_TEST_POSTGRES_URL is not set (scripts/services.sh)");
        return;
    };
    let admin = sea_orm::Database::connect(&url).await.unwrap();
    run(&admin, &format!("CREATE DATABASE {name}")).await;
    let (base, _) = url.rsplit_once('/').unwrap();
    let world = World::on(&format!("{base}/{name}")).await;
    scenario(world).await;
    run(&admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

async fn run(db: &sea_orm::DatabaseConnection, sql: &str) {
    sea_orm::ConnectionTrait::execute_unprepared(db, sql).await.unwrap();
}
