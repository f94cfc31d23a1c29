//! Lots whose date is over, over all tenants. The question walks a partial index that holds only what can run out.

use entity::prelude::*;
use platform::storage::{Fault, Global, Row, SUSPENDED};

use crate::ledger::due::PAGE;

/// A lot that has stock past its date in some store, which can still be sold there.
#[derive(Debug, Clone)]
pub struct DueLot {
    pub tenant: TenantId,
    pub lot: LotId,
    pub expires_on: i32,
    pub time_zone: String,
}

/// What can be sold of lots whose date is before `day`, with the time zone of where it lies: whether the day is over there is the caller's to
/// say. At most a page.
pub async fn due_lots(global: &Global, day: i32) -> Result<Vec<DueLot>, Fault> {
    let sql = format!(
        "SELECT l.tenant_id, l.id, l.expires_on, s.time_zone FROM lot l
         JOIN lot_level v ON v.tenant_id = l.tenant_id AND v.lot_id = l.id AND v.on_hand > v.unavailable
         JOIN store s ON s.tenant_id = v.tenant_id AND s.id = v.store_id
         WHERE l.status = 'AVAILABLE' AND l.on_hand > 0 AND l.expires_on IS NOT NULL AND l.expires_on < $1 AND l.tenant_id NOT IN {SUSPENDED}
         ORDER BY l.expires_on, l.id LIMIT {PAGE}"
    );
    let rows = global.rows(&sql, vec![day.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(DueLot { tenant: row.take()?, lot: row.take()?, expires_on: row.take()?, time_zone: row.take()? })
        })
        .collect()
}
