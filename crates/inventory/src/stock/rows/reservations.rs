//! Reading reservations. Writers of one hold its level's lock, so they need none of their own.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::reservation,
};
use platform::storage::{Fault, Finds, Reads};
use uuid::Uuid;

use crate::stock::core::{LevelKey, Reference, ReferenceKind, Reservation, RowState};

/// Row of a reservation.
#[derive(Record)]
#[record(of = reservation, alias = "r")]
pub(super) struct ReservationRow {
    pub id: ReservationId,
    pub product_id: ProductId,
    pub store_id: StoreId,
    pub quantity: Quantity,
    pub remaining: Quantity,
    pub status: ReservationStatus,
    pub expires_at: Option<Timestamp>,
    pub channel_id: Option<ChannelId>,
    pub order_id: Option<OrderId>,
    pub order_position: Option<i32>,
    pub reference_kind: Option<String>,
    pub reference_id: Option<Uuid>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Reservations to read.
pub enum ReservationSelection<'a> {
    Ids(&'a [ReservationId]),
    /// Active reservations of these orders.
    ActiveOfOrders(&'a [OrderId]),
    /// Active reservations of these documents, which are no orders.
    ActiveOfReferences(&'a [ReferenceId]),
    /// Active reservations on these levels.
    ActiveOn(&'a [LevelKey]),
    /// Active reservations of transfers on these levels.
    OfTransfersOn(&'a [LevelKey]),
}

pub async fn select_reservations(reads: &impl Reads, selection: ReservationSelection<'_>) -> Result<Vec<Reservation>, Fault> {
    let (backend, select) = (reads.backend(), ReservationRow::SELECT);
    let (sql, values) = match selection {
        ReservationSelection::Ids(ids) => {
            let condition = backend.in_ids("r.id", 2);
            (
                format!("SELECT {select} FROM reservation r WHERE r.tenant_id = $1 AND {condition}"),
                vec![backend.ids(ids.iter().copied())],
            )
        }
        ReservationSelection::ActiveOfOrders(ids) => {
            let condition = backend.in_ids("r.order_id", 2);
            let sql =
                format!("SELECT {select} FROM reservation r WHERE r.tenant_id = $1 AND {condition} AND r.status = 'ACTIVE'");
            (sql, vec![backend.ids(ids.iter().copied())])
        }
        ReservationSelection::ActiveOfReferences(ids) => {
            let condition = backend.in_ids("r.reference_id", 2);
            let sql =
                format!("SELECT {select} FROM reservation r WHERE r.tenant_id = $1 AND {condition} AND r.status = 'ACTIVE'");
            (sql, vec![backend.ids(ids.iter().copied())])
        }
        ReservationSelection::ActiveOn(keys) | ReservationSelection::OfTransfersOn(keys) => {
            let pairs: Vec<_> = keys.iter().map(|key| (key.product, key.store)).collect();
            let (key_table, values) = backend.pairs(&pairs, 2);
            let condition =
                if matches!(selection, ReservationSelection::ActiveOn(_)) { "" } else { " AND r.reference_kind = 'TRANSFER'" };
            let sql = format!(
                "SELECT {select} FROM {key_table} CROSS JOIN reservation r
                 WHERE r.tenant_id = $1 AND r.product_id = k.a AND r.store_id = k.b AND r.status = 'ACTIVE'{condition}"
            );
            (sql, values)
        }
    };
    Ok(reads.records::<ReservationRow>(&sql, values).await?.into_iter().map(Into::into).collect())
}

impl From<ReservationRow> for Reservation {
    fn from(row: ReservationRow) -> Self {
        let reference_kind = row.reference_kind.as_deref().and_then(ReferenceKind::parse);
        Self {
            id: row.id,
            key: LevelKey { product: row.product_id, store: row.store_id },
            quantity: row.quantity,
            remaining: row.remaining,
            status: row.status,
            expires_at: row.expires_at,
            channel: row.channel_id,
            order: row.order_id.zip(row.order_position.map(|position| position as u16)),
            reference: reference_kind.zip(row.reference_id).map(|(kind, id)| Reference { kind, id }),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            row: RowState::Stored,
        }
    }
}

/// The stores of a document, from the columns of its table.
#[derive(Record)]
struct DocumentStores {
    #[record(sql = "{from}")]
    from: StoreId,
    #[record(sql = "{to}")]
    to: StoreId,
}

/// Returns the stores of a document, twice the same if it has one; None if it does not exist. A lot
/// has no store.
pub async fn load_document_stores(reads: &impl Reads, reference: Reference) -> Result<Option<[StoreId; 2]>, Fault> {
    let (table, from, to) = match reference.kind {
        ReferenceKind::Order => ("sales_order", "store_id", "store_id"),
        ReferenceKind::Return => ("sales_return", "store_id", "store_id"),
        ReferenceKind::PurchaseOrder => ("purchase_order", "store_id", "store_id"),
        ReferenceKind::SupplierReturn => ("supplier_return", "store_id", "store_id"),
        ReferenceKind::Transfer => ("transfer", "from_store_id", "to_store_id"),
        ReferenceKind::Count => ("stock_count", "store_id", "store_id"),
        ReferenceKind::Lot => ("lot", "id", "id"),
        ReferenceKind::Reservation | ReferenceKind::Other => return Ok(None),
    };
    let select = DocumentStores::SELECT.replace("{from}", from).replace("{to}", to);
    let sql = format!("SELECT {select} FROM {table} WHERE tenant_id = $1 AND id = $2");
    let document_stores = reads.records::<DocumentStores>(&sql, vec![reference.id.into()]).await?.pop();
    Ok(document_stores.map(|stores| [stores.from, stores.to]))
}
