//! The names of a report's groups.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Fault, Finds, Reads};
use uuid::Uuid;

use crate::reports::core::ReportDimension;

/// A row of any of the tables with names.
#[derive(Record)]
struct NamedRow {
    #[record(sql = "t.id")]
    id: Uuid,
    #[record(sql = "t.name")]
    name: String,
}

/// The names of the objects of a dimension, by ID. Empty for dimensions of time.
pub async fn names_of(reads: &impl Reads, dimension: ReportDimension, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, Fault> {
    let table = match dimension {
        ReportDimension::Product => "product",
        ReportDimension::Category | ReportDimension::TopCategory => "category",
        ReportDimension::Supplier => "supplier",
        ReportDimension::Store => "store",
        ReportDimension::Channel => "channel",
        ReportDimension::Day
        | ReportDimension::Week
        | ReportDimension::Month
        | ReportDimension::Quarter
        | ReportDimension::Year
        | ReportDimension::Weekday => return Ok(HashMap::new()),
    };
    let backend = reads.backend();
    let values = vec![backend.ids(ids.iter().map(|id| ProductId::from_uuid(*id)))];
    let sql = format!("SELECT {} FROM {table} t WHERE t.tenant_id = $1 AND {}", NamedRow::SELECT, backend.in_ids("t.id", 2));
    let rows = reads.records::<NamedRow>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
