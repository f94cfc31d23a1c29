//! After the database was restored to an earlier moment: customers who were erased since are erased again.

use entity::prelude::{CustomerId, TenantId};
use platform::{
    clock::Clock,
    storage::{Database, Fault},
};

use super::{
    batch::{Call, Mode, run},
    entities::Customers,
};
use crate::catalog::{
    core::{Checker, Target, customer},
    rows::merge::{known_merged, merged_customers},
};

/// The customers that are merged into one, and of whom something is known; those that came along with another of them are last.
///
/// # Errors
/// The database cannot be read.
pub async fn merged_and_known(db: &Database, tenant: TenantId, id: CustomerId) -> Result<Vec<CustomerId>, Fault> {
    known_merged(&db.tenant(tenant), id).await
}

/// Forgets who a customer is, with those that are merged into it, as the system. False where there is no such customer, or nothing is known of them.
///
/// # Errors
/// The database fails; nothing is forgotten then.
pub async fn forget_as_system(db: &Database, clock: &Clock, tenant: TenantId, id: CustomerId) -> Result<bool, Fault> {
    let scope = db.tenant(tenant);
    let merged = merged_customers(&scope, &[id]).await?;
    let with = |id| customer::forget(Target::Id { id, expected_version: None }, Checker::default());
    let commands = merged.into_iter().map(|(_, one)| with(one)).chain([with(id)]).collect();
    let call = Call { key: None, mode: Mode::WriteAll, commands };
    Ok(Box::pin(run::<Customers>(&scope, clock, &call)).await?.seq.is_some())
}
