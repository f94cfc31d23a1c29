//! Parts of orders, read for many orders at once with one statement each.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{fulfilment, fulfilment_line, order_detail, order_hold, order_line, reservation, sales_order},
};
use platform::storage::{Fault, Finds, Reads};
use uuid::Uuid;

use crate::{
    orders::core::{Fulfilment, FulfilmentLine},
    stock::core::{LevelKey, Reservation},
};

#[derive(Record)]
#[record(of = fulfilment)]
struct HeadRow {
    id: FulfilmentId,
    order_id: OrderId,
    store_id: StoreId,
    status: FulfilmentStatus,
    shipped_at: Option<Timestamp>,
    work_id: Option<FulfilmentWorkId>,
    delivered_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
    failed_reason: Option<String>,
}

#[derive(Record)]
struct FulfilmentRow {
    #[record(alias = "f")]
    head: HeadRow,
    #[record(of = fulfilment_line, alias = "l")]
    order_position: i32,
    #[record(of = fulfilment_line, alias = "l")]
    quantity: Quantity,
}

#[derive(Record)]
#[record(of = reservation, alias = "r")]
struct HeldRow {
    #[record(not_null)]
    order_id: OrderId,
    #[record(not_null)]
    order_position: i32,
    product_id: ProductId,
    store_id: StoreId,
    remaining: Quantity,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = order_hold, alias = "h")]
struct FlagRow {
    order_id: OrderId,
    reason: String,
    placed_at: Timestamp,
    actor_kind: ActorKind,
    actor_id: Uuid,
}

#[derive(Record)]
struct StockedRow {
    #[record(of = sales_order, alias = "o")]
    id: OrderId,
    #[record(of = order_line, alias = "l", not_null)]
    product_id: ProductId,
    #[record(of = sales_order, alias = "o")]
    store_id: StoreId,
    #[record(of = order_detail, alias = "d")]
    requested_for: Option<Timestamp>,
}

/// Levels of the products of orders, and the orders' requested times.
#[derive(Debug, Default)]
pub struct StockedLevels {
    pub levels: Vec<(OrderId, LevelKey)>,
    /// Requested times, of orders that have one.
    pub wanted: HashMap<OrderId, Timestamp>,
}

#[derive(Record)]
#[record(of = order_line, alias = "l")]
struct SoldRow {
    order_id: OrderId,
    position: i32,
    product_id: Option<ProductId>,
    name: String,
}

/// Returns the fulfilments of these orders with their lines, the oldest first.
pub async fn fulfilments_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<Fulfilment>, Fault> {
    let backend = reads.backend();
    fulfilments(reads, &backend.in_ids("f.order_id", 2), backend.ids(orders.iter().copied())).await
}

/// Returns a fulfilment with its lines.
pub async fn fulfilment(reads: &impl Reads, id: FulfilmentId) -> Result<Option<Fulfilment>, Fault> {
    Ok(fulfilments(reads, "f.id = $2", id.into()).await?.pop())
}

/// Returns these fulfilments with their lines.
pub async fn fulfilments_by_id(reads: &impl Reads, ids: &[FulfilmentId]) -> Result<Vec<Fulfilment>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    fulfilments(reads, &backend.in_ids("f.id", 2), backend.ids(ids.iter().copied())).await
}

async fn fulfilments(reads: &impl Reads, condition: &str, value: sea_orm::Value) -> Result<Vec<Fulfilment>, Fault> {
    let sql = format!(
        "SELECT {select} FROM fulfilment f
         JOIN fulfilment_line l ON l.tenant_id = f.tenant_id AND l.fulfilment_id = f.id
         WHERE f.tenant_id = $1 AND {condition} ORDER BY f.order_id, f.id, l.order_position",
        select = FulfilmentRow::SELECT
    );
    let mut fulfilments_read: Vec<Fulfilment> = Vec::new();
    for FulfilmentRow { head, order_position, quantity } in reads.records(&sql, vec![value]).await? {
        let line = FulfilmentLine { position: order_position as u16, quantity };
        match fulfilments_read.last_mut() {
            Some(last) if last.id == head.id => last.lines.push(line),
            _ => fulfilments_read.push(Fulfilment {
                id: head.id,
                order: head.order_id,
                store: head.store_id,
                status: if head.failed_at.is_some() { FulfilmentStatus::Failed } else { head.status },
                shipped_at: head.shipped_at,
                work: head.work_id,
                delivered_at: head.delivered_at,
                failed_at: head.failed_at,
                failed_reason: head.failed_reason,
                lines: vec![line],
            }),
        }
    }
    Ok(fulfilments_read)
}

/// A reservation of an order's line, active or shortened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineReservation {
    pub order: OrderId,
    pub position: u16,
    /// The line's own product, or one of the parts of a kit.
    pub product: ProductId,
    pub store: StoreId,
    /// Quantity that is still reserved; 0 if the reservation was shortened to nothing.
    pub remaining: Quantity,
    pub updated_at: Timestamp,
}

/// Reads the holds of the lines of these orders, including those that were shortened to nothing.
pub async fn line_reservations_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<LineReservation>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM reservation r
         WHERE r.tenant_id = $1 AND r.order_id IS NOT NULL AND {of} AND r.status IN ('ACTIVE', 'SHORTENED')
         ORDER BY r.order_id, r.order_position, r.id",
        select = HeldRow::SELECT,
        of = backend.in_ids("r.order_id", 2)
    );
    let rows = reads.records::<HeldRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

impl From<HeldRow> for LineReservation {
    fn from(row: HeldRow) -> Self {
        Self {
            order: row.order_id,
            position: row.order_position as u16,
            product: row.product_id,
            store: row.store_id,
            remaining: row.remaining,
            updated_at: row.updated_at,
        }
    }
}

/// Returns those of these reservations that are the order's holds, as `line_reservations_of` reads them.
pub fn line_reservations_in(reservations: &[Reservation], order: OrderId) -> Vec<LineReservation> {
    let line_reservation = |reservation: &Reservation| {
        let (_, position) = reservation.order.filter(|(id, _)| *id == order)?;
        let (product, store) = (reservation.key.product, reservation.key.store);
        Some(LineReservation {
            order,
            position,
            product,
            store,
            remaining: reservation.remaining,
            updated_at: reservation.updated_at,
        })
    };
    let holds = [ReservationStatus::Active, ReservationStatus::Shortened];
    let mut open_reservations: Vec<&Reservation> =
        reservations.iter().filter(|reservation| holds.contains(&reservation.status)).collect();
    open_reservations.sort_by_key(|reservation| (reservation.order.map(|(_, position)| position), reservation.id));
    open_reservations.into_iter().filter_map(line_reservation).collect()
}

/// The flag of an order with a backordered line that a store refused to send.
const SOURCING: &str = "SOURCING";

/// A flag that stops an order's fulfilment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    pub order: OrderId,
    pub reason: String,
    pub placed_at: Timestamp,
    pub actor: Actor,
}

/// Returns the flags of these orders, the oldest first. SOURCING: a store refused a line, and units
/// of it are backordered.
pub async fn flags_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<Flag>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM order_hold h WHERE h.tenant_id = $1 AND {of}
         UNION ALL SELECT b.order_id, 'SOURCING', b.barred_at, b.actor_kind, b.actor_id FROM order_line_barred b
         JOIN order_line l ON l.tenant_id = b.tenant_id AND l.order_id = b.order_id AND l.position = b.position AND l.backordered > 0
         WHERE b.tenant_id = $1 AND {barred} ORDER BY 1, 3, 2",
        select = FlagRow::SELECT,
        of = backend.in_ids("h.order_id", 2),
        barred = backend.in_ids("b.order_id", 2)
    );
    let rows = reads.records::<FlagRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    let flag = |row: FlagRow| {
        let actor = Actor { kind: row.actor_kind, id: row.actor_id };
        Flag { order: row.order_id, reason: row.reason, placed_at: row.placed_at, actor }
    };
    let mut flags: Vec<Flag> = Vec::with_capacity(rows.len());
    for flag in rows.into_iter().map(flag) {
        // Several stores may have refused a line; the first refusal counts.
        if !flags
            .iter()
            .rev()
            .take_while(|other_flag| other_flag.order == flag.order)
            .any(|other_flag| other_flag.reason == SOURCING && flag.reason == SOURCING)
        {
            flags.push(flag);
        }
    }
    Ok(flags)
}

/// Returns the levels of the stocked lines of these orders and of the parts of their kits: at each
/// order's own store, and wherever they have reservations. For a draft also those of its other
/// products, which must still be for sale when it is confirmed.
pub async fn stocked_levels(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<(OrderId, LevelKey)>, Fault> {
    Ok(load_stocked_levels(reads, orders).await?.levels)
}

/// Returns the same, with the requested times of these orders: in one statement, as the
/// reservations of an order are due by then.
pub async fn load_stocked_levels(reads: &impl Reads, orders: &[OrderId]) -> Result<StockedLevels, Fault> {
    let backend = reads.backend();
    let condition = backend.in_ids("o.id", 2);
    let sql = format!(
        "SELECT {select} FROM sales_order o JOIN order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
         LEFT JOIN order_detail d ON d.tenant_id = o.tenant_id AND d.order_id = o.id
         WHERE o.tenant_id = $1 AND {condition} AND l.product_id IS NOT NULL AND (l.stock_policy <> 'UNTRACKED' OR o.status = 'DRAFT')
         UNION ALL SELECT o.id, n.product_id, o.store_id, d.requested_for FROM sales_order o
         JOIN order_line_part n ON n.tenant_id = o.tenant_id AND n.order_id = o.id
         LEFT JOIN order_detail d ON d.tenant_id = o.tenant_id AND d.order_id = o.id WHERE o.tenant_id = $1 AND {condition}
         UNION ALL SELECT r.order_id, r.product_id, r.store_id, NULL FROM reservation r
         WHERE r.tenant_id = $1 AND r.order_id IS NOT NULL AND r.status = 'ACTIVE' AND {held}",
        select = StockedRow::SELECT,
        held = backend.in_ids("r.order_id", 2)
    );
    let rows = reads.records::<StockedRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    let mut stocked_levels = StockedLevels::default();
    for row in rows {
        stocked_levels.levels.push((row.id, LevelKey { product: row.product_id, store: row.store_id }));
        stocked_levels.wanted.extend(row.requested_for.map(|at| (row.id, at)));
    }
    Ok(stocked_levels)
}

/// Product and name of an order's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldLine {
    pub product: Option<ProductId>,
    pub name: String,
}

/// Reads the products and names of these lines; unknown ones are left out.
pub async fn sold_lines(reads: &impl Reads, lines: &[OrderLineId]) -> Result<HashMap<OrderLineId, SoldLine>, Fault> {
    if lines.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let mut orders: Vec<OrderId> = lines.iter().map(|line| line.split_line().0).collect();
    orders.sort_unstable();
    orders.dedup();
    let sql = format!(
        "SELECT {select} FROM order_line l WHERE l.tenant_id = $1 AND {of}",
        select = SoldRow::SELECT,
        of = backend.in_ids("l.order_id", 2)
    );
    let rows = reads.records::<SoldRow>(&sql, vec![backend.ids(orders)]).await?;
    let requested_lines: std::collections::HashSet<&OrderLineId> = lines.iter().collect();
    let mut lines_by_id = HashMap::with_capacity(lines.len());
    for row in rows {
        let id = row.order_id.line(row.position as u16);
        if requested_lines.contains(&id) {
            lines_by_id.insert(id, SoldLine { product: row.product_id, name: row.name });
        }
    }
    Ok(lines_by_id)
}
