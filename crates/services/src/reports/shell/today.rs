//! The day of a report's request.

use entity::prelude::Timestamp;
use iam::access::{Permit, kind};
use platform::{
    clock::local_day,
    storage::{Database, Fault},
};

use crate::reports::rows;

/// The latest day that has begun at a moment, in the time zone of the tenant or of any store, since
/// 1970-01-01. The closing stock of later days is unknown.
pub async fn latest_day(permit: &Permit<kind::ReportRead>, database: &Database, at: Timestamp) -> Result<i32, Fault> {
    let zones = rows::zones(&permit.scope(database)).await?;
    let days = zones.iter().map(|zone| local_day(at, zone));
    days.max().ok_or_else(|| Fault::corrupt("tenant", "a caller's tenant has a row"))
}

/// The day of a moment in the time zone of the tenant, since 1970-01-01.
pub async fn report_day(permit: &Permit<kind::ReportRead>, database: &Database, at: Timestamp) -> Result<i32, Fault> {
    let zone = rows::tenant_zone(&permit.scope(database)).await?;
    Ok(local_day(at, &zone))
}
