//! A member's one role of before becomes a grant.

use entrepot::{
    access::{Access, Permission, Policies, kind},
    clock::Clock,
    storage::{Database, Options},
};
use migration::{Migrator, MigratorTrait};
use sea_orm::ConnectionTrait;

use crate::databases::Home;

/// Applies the migrations before the tested one.
async fn before(url: &str) -> sea_orm::DatabaseConnection {
    let connection = sea_orm::Database::connect(url).await.unwrap();
    let steps = Migrator::migrations().iter().position(|one| one.name().contains("m0003")).unwrap();
    Migrator::up(&connection, Some(steps as u32)).await.unwrap();
    connection
}

/// A tenant with an owner (4) and a viewer (5), as before the migration; IDs in this database's
/// format.
async fn people(connection: &sea_orm::DatabaseConnection, id: fn(u8) -> String) {
    let (tenant, one, two) = (id(1), id(2), id(3));
    let rows = [
        format!(
            "INSERT INTO tenant (id, slug, name, default_currency, time_zone, created_at) VALUES ({tenant}, 'old', 'Old', 'GBP', 'Europe/London', 0)"
        ),
        format!(
            "INSERT INTO app_user (id, email, email_key, password_hash, display_name, created_at) VALUES ({one}, 'a', 'a', 'x', 'A', 0)"
        ),
        format!(
            "INSERT INTO app_user (id, email, email_key, password_hash, display_name, created_at) VALUES ({two}, 'b', 'b', 'x', 'B', 0)"
        ),
        format!(
            "INSERT INTO member (tenant_id, id, user_id, role, status, version, created_at, updated_at) VALUES ({tenant}, {}, {one}, 'owner', 'ACTIVE', 1, 0, 0)",
            id(4)
        ),
        format!(
            "INSERT INTO member (tenant_id, id, user_id, role, status, version, created_at, updated_at) VALUES ({tenant}, {}, {two}, 'viewer', 'ACTIVE', 1, 0, 0)",
            id(5)
        ),
    ];
    for row in rows {
        connection.execute_unprepared(&row).await.unwrap();
    }
}

async fn stands_as_before(url: &str) {
    let db = Database::open(url, Options::default()).await.unwrap();
    db.migrate().await.unwrap();
    let access = Access::new(db.clone(), Clock::system(), Policies::load().await.unwrap());
    let uuid = |n: u8| uuid::Uuid::from_u128(n.into());
    let tenant = entity::prelude::TenantId::from_uuid(uuid(1));
    let holds = async |member: u8, index: usize| {
        let caller = access.member(tenant, entity::prelude::MemberId::from_uuid(uuid(member))).await.unwrap().unwrap();
        caller.permissions.holds(index)
    };
    assert!(holds(4, kind::StockSet::INDEX).await && holds(4, kind::RoleWrite::INDEX).await);
    assert!(holds(5, kind::StockRead::INDEX).await && !holds(5, kind::StockSet::INDEX).await);
    db.close().await.unwrap();
}

#[tokio::test]
async fn on_sqlite() {
    let home = Home::empty_sqlite();
    let connection = before(&format!("{}?mode=rwc", home.url)).await;
    people(&connection, |n| format!("x'{:032x}'", n)).await;
    connection.close().await.unwrap();
    stands_as_before(&home.url).await;
}

#[tokio::test]
async fn on_postgres() {
    let Some(home) = Home::empty_postgres().await else { return };
    let connection = before(&home.url).await;
    people(&connection, |n| format!("'00000000-0000-0000-0000-{:012x}'", n)).await;
    connection.close().await.unwrap();
    stands_as_before(&home.url).await;
}
