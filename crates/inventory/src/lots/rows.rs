//! Expired lots of all tenants. The query uses a partial index that has only lots that can expire.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables,
};
use platform::storage::{Fault, Global, SUSPENDED};
use uuid::Uuid;

/// A lot with expired stock in a store that can still be sold there.
#[derive(Debug, Clone, Record)]
pub struct DueLot {
    #[record(of = tables::lot, alias = "l", column = "tenant_id")]
    pub tenant: TenantId,
    #[record(of = tables::lot, alias = "l", column = "id")]
    pub lot: LotId,
    #[record(of = tables::lot_level, alias = "v", column = "store_id")]
    pub store: StoreId,
    #[record(of = tables::lot, alias = "l", not_null)]
    pub expires_on: i32,
    #[record(of = tables::store, alias = "s")]
    pub time_zone: String,
}

/// Cursor of a run: the date, the lot and the store of the last row that it read.
pub type DueLotCursor = (i32, LotId, StoreId);

impl DueLot {
    pub const fn key(&self) -> DueLotCursor {
        (self.expires_on, self.lot, self.store)
    }
}

/// Reads a page of the available stock of lots whose date is before `day`, with the time zone of
/// its store: the caller checks that the day is over there.
pub async fn load_due_lots(global: &Global, day: i32, after: Option<DueLotCursor>, limit: usize) -> Result<Vec<DueLot>, Fault> {
    let sql = format!(
        "SELECT {select} FROM lot l
         JOIN lot_level v ON v.tenant_id = l.tenant_id AND v.lot_id = l.id AND v.on_hand > v.unavailable
         JOIN store s ON s.tenant_id = v.tenant_id AND s.id = v.store_id
         WHERE l.status = 'AVAILABLE' AND l.on_hand > 0 AND l.expires_on IS NOT NULL AND l.expires_on < $1 AND l.tenant_id NOT IN {SUSPENDED}
         AND (l.expires_on, l.id, v.store_id) > ($2, $3, $4) ORDER BY l.expires_on, l.id, v.store_id LIMIT {limit}",
        select = DueLot::SELECT
    );
    let nil = Uuid::nil();
    let (from, lot, store) = after.map_or((i32::MIN, nil, nil), |(from, lot, store)| (from, lot.uuid(), store.uuid()));
    global.records(&sql, vec![day.into(), from.into(), lot.into(), store.into()]).await
}
