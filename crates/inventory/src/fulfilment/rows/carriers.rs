//! Carriers: few, all read at once, by their codes.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::carrier,
};
use platform::storage::{Bulk, Fault, Finds, Reads, Rows};

use crate::fulfilment::core::ShippingCarrier;

/// Maximum carriers of a tenant. Tenants with more from before the limit keep them, and all are
/// read.
pub const MAX_CARRIERS: usize = 500;

#[derive(Record)]
#[record(of = carrier, alias = "c")]
struct CarrierRow {
    id: CarrierId,
    code: String,
    code_key: String,
    name: String,
    services: String,
    tracking_url_template: Option<String>,
    number_pattern: Option<String>,
    is_active: bool,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = carrier)]
struct ChangedCarrier {
    id: CarrierId,
    code: String,
    name: String,
    services: String,
    tracking_url_template: Option<String>,
    number_pattern: Option<String>,
    is_active: bool,
    version: i64,
    updated_at: Timestamp,
}

impl TryFrom<CarrierRow> for ShippingCarrier {
    type Error = Fault;
    fn try_from(row: CarrierRow) -> Result<Self, Fault> {
        let services = serde_json::from_str(&row.services).map_err(|err| Fault::corrupt("carrier", err.to_string()))?;
        Ok(Self {
            id: row.id,
            code: row.code,
            name: row.name,
            services,
            url_template: row.tracking_url_template,
            number_pattern: row.number_pattern,
            is_active: row.is_active,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

async fn select_carriers(
    reads: &impl Reads,
    condition: &str,
    values: Vec<sea_orm::Value>,
) -> Result<Vec<ShippingCarrier>, Fault> {
    let select = CarrierRow::SELECT;
    let sql = format!("SELECT {select} FROM carrier c WHERE c.tenant_id = $1{condition} ORDER BY c.code_key");
    reads.records::<CarrierRow>(&sql, values).await?.into_iter().map(TryInto::try_into).collect()
}

/// Returns the tenant's carriers by their codes.
pub async fn load_carriers(reads: &impl Reads) -> Result<Vec<ShippingCarrier>, Fault> {
    select_carriers(reads, "", Vec::new()).await
}

/// Returns these carriers, without unknown ones.
pub async fn load_carriers_by_id(reads: &impl Reads, ids: &[CarrierId]) -> Result<Vec<ShippingCarrier>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    select_carriers(reads, &format!(" AND {}", backend.in_ids("c.id", 2)), vec![backend.ids(ids.iter().copied())]).await
}

/// Returns the carrier with a folded code.
pub async fn find_carrier_by_code(reads: &impl Reads, key: &str) -> Result<Option<ShippingCarrier>, Fault> {
    Ok(select_carriers(reads, " AND c.code_key = $2", vec![key.into()]).await?.pop())
}

/// Returns the row of a carrier: an insert at version 1, else an update.
pub fn put_carrier(tenant: TenantId, carrier: &ShippingCarrier, key: &str) -> Bulk {
    // A list of texts always has a JSON form.
    let services = serde_json::to_string(&carrier.services).unwrap_or_default();
    if carrier.version == 1 {
        let mut rows = Rows::<CarrierRow>::insert(tenant);
        rows.push(CarrierRow {
            id: carrier.id,
            code: carrier.code.clone(),
            code_key: key.to_owned(),
            name: carrier.name.clone(),
            services,
            tracking_url_template: carrier.url_template.clone(),
            number_pattern: carrier.number_pattern.clone(),
            is_active: carrier.is_active,
            version: carrier.version,
            created_at: carrier.created_at,
            updated_at: carrier.updated_at,
        });
        return rows.into();
    }
    let mut rows = Rows::<ChangedCarrier>::update(tenant);
    rows.push(ChangedCarrier {
        id: carrier.id,
        code: carrier.code.clone(),
        name: carrier.name.clone(),
        services,
        tracking_url_template: carrier.url_template.clone(),
        number_pattern: carrier.number_pattern.clone(),
        is_active: carrier.is_active,
        version: carrier.version,
        updated_at: carrier.updated_at,
    });
    rows.into()
}
