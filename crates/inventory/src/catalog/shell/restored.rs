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
    rows::merge::{merged_customers, unerased_merged_customers},
};

/// Returns the customers that are merged into one and have personal data; those that followed
/// another of them are last.
///
/// # Errors
/// The database cannot be read.
pub async fn merged_customers_with_personal_data(
    db: &Database,
    tenant: TenantId,
    id: CustomerId,
) -> Result<Vec<CustomerId>, Fault> {
    unerased_merged_customers(&db.tenant(tenant), id).await
}

/// Erases a customer, with those that are merged into it, as the system. False if there is no such
/// customer, or it has no personal data.
///
/// # Errors
/// The database fails; nothing is erased then.
pub async fn erase_as_system(db: &Database, clock: &Clock, tenant: TenantId, id: CustomerId) -> Result<bool, Fault> {
    let scope = db.tenant(tenant);
    let merged = merged_customers(&scope, &[id]).await?;
    let erasure = |id| customer::erase_command(Target::Id { id, expected_version: None }, Checker::default());
    let commands = merged.into_iter().map(|(_, merged_id)| erasure(merged_id)).chain([erasure(id)]).collect();
    let call = Call { key: None, mode: Mode::WriteAll, commands };
    Ok(Box::pin(run::<Customers>(&scope, clock, &call)).await?.seq.is_some())
}
