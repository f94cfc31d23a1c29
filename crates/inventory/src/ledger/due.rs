//! Expired reservations of all tenants, in pages. The query uses a partial index that has only
//! reservations with an expiry.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::reservation,
};
use platform::storage::{Fault, Global, Row, SUSPENDED};
use sea_orm::Value;
use uuid::Uuid;

use crate::stock::core::LevelKey;

/// Cursor of a run: the expiry and the ID of the last row that it read.
#[derive(Debug, Clone, Copy)]
pub struct PageKey(i64, Uuid);

impl PageKey {
    pub const START: Self = Self(i64::MIN, Uuid::nil());
    pub fn of(expires_at: i64, id: Uuid) -> Self {
        Self(expires_at, id)
    }
}

/// An expired reservation that belongs to no order.
#[derive(Debug, Clone, Copy)]
pub struct DueReservation {
    pub tenant: TenantId,
    pub reservation: ReservationId,
    pub key: LevelKey,
    pub page_key: PageKey,
}

#[derive(Record)]
#[record(of = reservation, alias = "r")]
struct HoldRow {
    tenant_id: TenantId,
    id: ReservationId,
    product_id: ProductId,
    store_id: StoreId,
    #[record(not_null)]
    expires_at: Timestamp,
}

impl From<HoldRow> for DueReservation {
    fn from(row: HoldRow) -> Self {
        Self {
            tenant: row.tenant_id,
            reservation: row.id,
            key: LevelKey { product: row.product_id, store: row.store_id },
            page_key: PageKey::of(row.expires_at.micros(), row.id.uuid()),
        }
    }
}

/// Rows of a page.
pub const PAGE: usize = 500;

/// Returns the next page of expired reservations that belong to no order, up to a maximum.
pub async fn load_expired_holds(
    global: &Global,
    now: Timestamp,
    after: PageKey,
    limit: usize,
) -> Result<Vec<DueReservation>, Fault> {
    let sql = format!(
        "SELECT {select} FROM reservation r
         WHERE r.status = 'ACTIVE' AND r.order_id IS NULL AND r.expires_at IS NOT NULL AND r.expires_at <= $1
         AND r.tenant_id NOT IN {SUSPENDED} AND (r.expires_at, r.id) > ($2, $3) ORDER BY r.expires_at, r.id LIMIT {limit}",
        select = HoldRow::SELECT
    );
    let rows = global.rows(&sql, page_parameters(now, after)).await?;
    rows.iter().map(|row| Ok(Row::new(row).record::<HoldRow>()?.into())).collect()
}

/// Returns the parameters of a statement that reads a page.
pub fn page_parameters(now: Timestamp, after: PageKey) -> Vec<Value> {
    vec![now.micros().into(), after.0.into(), after.1.into()]
}
