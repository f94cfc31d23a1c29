//! Later facts that depend on the refund of a closed return.

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use crate::returns::core::ClosedSince;

/// The most documents that are read; more are not reported.
const MAX: usize = 500;

/// Returns of the same orders that were closed after a return, and payments that refunded it. A
/// closed return does not change. Returns of one moment, as of one batch or of a clock that waits
/// for the last recorded time, are in the order of their IDs: else each would keep the other
/// closed.
pub async fn load_closed_since(reads: &impl Reads, return_id: ReturnId) -> Result<ClosedSince, Fault> {
    let sql = format!(
        "SELECT DISTINCT r.id, r.number FROM return_match k
         JOIN sales_return c ON c.tenant_id = $1 AND c.id = k.return_id
         JOIN return_match m ON m.tenant_id = $1 AND m.order_id = k.order_id AND m.return_id <> k.return_id
         JOIN sales_return r ON r.tenant_id = $1 AND r.id = m.return_id AND r.status = 'CLOSED'
           AND (r.updated_at > c.updated_at OR r.updated_at = c.updated_at AND r.id > c.id)
         WHERE k.tenant_id = $1 AND k.return_id = $2 ORDER BY r.number DESC LIMIT {MAX}"
    );
    let rows = reads.rows(&sql, vec![return_id.into()]).await?;
    let returns = rows.iter().map(Row::scalar).collect::<Result<Vec<ReturnId>, _>>()?;
    let sql = format!(
        "SELECT p.id FROM payment p WHERE p.tenant_id = $1 AND p.return_id = $2 AND p.reverses_id IS NULL
           AND NOT EXISTS (SELECT 1 FROM payment b WHERE b.tenant_id = $1 AND b.reverses_id = p.id)
         ORDER BY p.id DESC LIMIT {MAX}"
    );
    let rows = reads.rows(&sql, vec![return_id.into()]).await?;
    let payments = rows.iter().map(Row::scalar).collect::<Result<Vec<PaymentId>, _>>()?;
    Ok(ClosedSince { returns, payments })
}
