//! Reading reservations. Whoever changes one holds its level's lock, so they need none of their own.

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use crate::stock::core::{LevelKey, Reference, ReferenceKind, Reservation};

const COLUMNS: &str = "r.id, r.product_id, r.store_id, r.quantity, r.remaining, r.status, r.expires_at, r.channel_id, r.order_id,
    r.order_position, r.reference_kind, r.reference_id, r.version, r.created_at, r.updated_at";

/// Which reservations to read.
pub enum Which<'a> {
    Ids(&'a [ReservationId]),
    /// The active ones of these orders.
    ActiveOfOrders(&'a [OrderId]),
    /// The active ones of these documents, which are no orders.
    ActiveOfReferences(&'a [ReferenceId]),
    /// The active ones on these levels.
    ActiveOn(&'a [LevelKey]),
    /// The active ones of transfers on these levels.
    OfTransfersOn(&'a [LevelKey]),
}

pub async fn reservations(reads: &impl Reads, which: Which<'_>) -> Result<Vec<Reservation>, Fault> {
    let backend = reads.backend();
    let (sql, values) = match which {
        Which::Ids(ids) => {
            let of = backend.in_ids("r.id", 2);
            (
                format!("SELECT {COLUMNS} FROM reservation r WHERE r.tenant_id = $1 AND {of}"),
                vec![backend.ids(ids.iter().copied())],
            )
        }
        Which::ActiveOfOrders(ids) => {
            let of = backend.in_ids("r.order_id", 2);
            let sql = format!("SELECT {COLUMNS} FROM reservation r WHERE r.tenant_id = $1 AND {of} AND r.status = 'ACTIVE'");
            (sql, vec![backend.ids(ids.iter().copied())])
        }
        Which::ActiveOfReferences(ids) => {
            let of = backend.in_ids("r.reference_id", 2);
            let sql = format!("SELECT {COLUMNS} FROM reservation r WHERE r.tenant_id = $1 AND {of} AND r.status = 'ACTIVE'");
            (sql, vec![backend.ids(ids.iter().copied())])
        }
        Which::ActiveOn(keys) | Which::OfTransfersOn(keys) => {
            let pairs: Vec<_> = keys.iter().map(|key| (key.product, key.store)).collect();
            let (k, values) = backend.pairs(&pairs, 2);
            let of = if matches!(which, Which::ActiveOn(_)) { "" } else { " AND r.reference_kind = 'TRANSFER'" };
            let sql = format!(
                "SELECT {COLUMNS} FROM {k} CROSS JOIN reservation r
                 WHERE r.tenant_id = $1 AND r.product_id = k.a AND r.store_id = k.b AND r.status = 'ACTIVE'{of}"
            );
            (sql, values)
        }
    };
    let rows = reads.rows(&sql, values).await?;
    rows.iter().map(|row| reservation(&mut Row::new(row))).collect()
}

fn reservation(row: &mut Row<'_>) -> Result<Reservation, Fault> {
    let id = row.take()?;
    let key = LevelKey { product: row.take()?, store: row.take()? };
    let (quantity, remaining) = (row.take()?, row.take()?);
    let status = row.word("reservation", ReservationStatus::parse)?;
    let (expires_at, channel) = (row.time_opt()?, row.take()?);
    let (order, position): (Option<OrderId>, Option<i32>) = (row.take()?, row.take()?);
    let (kind, reference): (Option<String>, Option<uuid::Uuid>) = (row.take()?, row.take()?);
    let reference = kind.as_deref().and_then(ReferenceKind::parse).zip(reference).map(|(kind, id)| Reference { kind, id });
    Ok(Reservation {
        id,
        key,
        quantity,
        remaining,
        status,
        expires_at,
        channel,
        order: order.zip(position.map(|p| p as u16)),
        reference,
        version: row.take()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        exists: true,
    })
}

/// The stores that a document is of, twice the same where it is of one; none where it does not exist. A lot is of no store.
pub async fn stores_of(reads: &impl Reads, of: Reference) -> Result<Option<[StoreId; 2]>, Fault> {
    let (table, stores) = match of.kind {
        ReferenceKind::Order => ("sales_order", "store_id, store_id"),
        ReferenceKind::Return => ("sales_return", "store_id, store_id"),
        ReferenceKind::PurchaseOrder => ("purchase_order", "store_id, store_id"),
        ReferenceKind::SupplierReturn => ("supplier_return", "store_id, store_id"),
        ReferenceKind::Transfer => ("transfer", "from_store_id, to_store_id"),
        ReferenceKind::Count => ("stock_count", "store_id, store_id"),
        ReferenceKind::Lot => ("lot", "id, id"),
        ReferenceKind::Reservation | ReferenceKind::Other => return Ok(None),
    };
    let rows = reads.rows(&format!("SELECT {stores} FROM {table} WHERE tenant_id = $1 AND id = $2"), vec![of.id.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = Row::new(row);
    Ok(Some([row.take()?, row.take()?]))
}
