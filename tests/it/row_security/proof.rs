//! The proof of row-level security by test writes, not only by its definitions.

use entrepot::storage::RowSecurity;
use sea_orm::ConnectionTrait;

use super::{Two, all};

#[tokio::test]
async fn the_wall_is_proved_by_writes_that_are_undone() {
    let Some(two) = Two::new().await else { return };
    let owner = sea_orm::Database::connect(two.url()).await.unwrap();
    let count = "SELECT (SELECT count(*) FROM store)::text || ' ' || (SELECT count(*) FROM customer)::text || ' ' || (SELECT count(*) FROM tenant)::text";
    let before = all(&owner, count).await;
    two.open(RowSecurity::All).await.prove_row_security().await.unwrap();
    assert_eq!(all(&owner, count).await, before, "nothing of it stays");
    // A hole beside the policies that there should be.
    owner.execute_unprepared("CREATE POLICY hole ON customer FOR INSERT TO entrepot_app WITH CHECK (true)").await.unwrap();
    let fault = two.open(RowSecurity::All).await.prove_row_security().await.unwrap_err().to_string();
    assert!(fault.contains("another tenant passes into the table customer"), "{fault}");
    owner.execute_unprepared("DROP POLICY hole ON customer").await.unwrap();
    // A wall that nothing passes is none either.
    owner
        .execute_unprepared("CREATE POLICY shut ON customer AS RESTRICTIVE FOR INSERT TO entrepot_app WITH CHECK (false)")
        .await
        .unwrap();
    let fault = two.open(RowSecurity::All).await.prove_row_security().await.unwrap_err().to_string();
    assert!(fault.contains("no row of the bound tenant passes into the table customer"), "{fault}");
    owner.execute_unprepared("DROP POLICY shut ON customer").await.unwrap();
    // A read-only database cannot be proved by writes, and the advice says so.
    let name = all(&owner, "SELECT current_database()::text").await.remove(0);
    owner.execute_unprepared(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await.unwrap();
    let advice = two.open(RowSecurity::All).await.prove_row_security().await.unwrap();
    assert!(advice.is_some_and(|advice| advice.contains("could not be proved by a write")));
    let again = format!("SET default_transaction_read_only = off; ALTER DATABASE {name} SET default_transaction_read_only = off");
    owner.execute_unprepared(&again).await.unwrap();
    owner.close().await.unwrap();
    two.world.end().await;
}
