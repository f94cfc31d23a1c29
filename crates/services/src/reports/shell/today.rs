//! The day on which a report is asked for.

use entity::prelude::Timestamp;
use iam::access::{Permit, kind};
use platform::{
    clock::local_day,
    storage::{Database, Fault},
};

use crate::reports::rows;

/// The day of a moment in the time zone of the tenant, since 1970-01-01.
pub async fn report_day(permit: &Permit<kind::ReportRead>, database: &Database, at: Timestamp) -> Result<i32, Fault> {
    let zone = rows::tenant_zone(&permit.scope(database)).await?;
    Ok(local_day(at, &zone))
}
