//! Lots whose date is over, over all tenants. The question walks a partial index that holds only what can run out.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables,
};
use platform::storage::{Fault, Global, SUSPENDED};
use uuid::Uuid;

/// A lot that has stock past its date in some store, which can still be sold there.
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

/// How far a run has come: the date, the lot and the store of the last row it saw.
pub type LotKey = (i32, LotId, StoreId);

impl DueLot {
    pub const fn key(&self) -> LotKey {
        (self.expires_on, self.lot, self.store)
    }
}

/// What can be sold of lots whose date is before `day`, with the time zone of where it lies: whether the day is over there is the caller's to
/// say. A page of so many at most.
pub async fn due_lots(global: &Global, day: i32, after: Option<LotKey>, most: usize) -> Result<Vec<DueLot>, Fault> {
    let sql = format!(
        "SELECT {select} FROM lot l
         JOIN lot_level v ON v.tenant_id = l.tenant_id AND v.lot_id = l.id AND v.on_hand > v.unavailable
         JOIN store s ON s.tenant_id = v.tenant_id AND s.id = v.store_id
         WHERE l.status = 'AVAILABLE' AND l.on_hand > 0 AND l.expires_on IS NOT NULL AND l.expires_on < $1 AND l.tenant_id NOT IN {SUSPENDED}
         AND (l.expires_on, l.id, v.store_id) > ($2, $3, $4) ORDER BY l.expires_on, l.id, v.store_id LIMIT {most}",
        select = DueLot::SELECT
    );
    let nil = Uuid::nil();
    let (from, lot, store) = after.map_or((i32::MIN, nil, nil), |(from, lot, store)| (from, lot.uuid(), store.uuid()));
    global.records(&sql, vec![day.into(), from.into(), lot.into(), store.into()]).await
}
