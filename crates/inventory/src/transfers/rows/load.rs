//! Loading and locking transfers.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{transfer, transfer_line, transfer_line_lot},
};
use platform::storage::{Fault, Finds, Reads, Row};
use uuid::Uuid;

use crate::{
    ledger::DocumentNumber,
    transfers::core::{Line, Loss, SentLot, Transfer, TransferEnd, TransferState},
};

/// A transfer without its lines.
#[derive(Record)]
#[record(of = transfer, alias = "t")]
pub(super) struct TransferRow {
    id: TransferId,
    number: i64,
    status: TransferStatus,
    from_store_id: StoreId,
    to_store_id: StoreId,
    external_ref: Option<String>,
    note: Option<String>,
    expected_at: Option<Timestamp>,
    shipped_at: Option<Timestamp>,
    received_at: Option<Timestamp>,
    loss_reason: Option<ReasonCode>,
    loss_note: Option<String>,
    actor_kind: ActorKind,
    actor_id: Uuid,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    metadata: Option<String>,
}

/// Row of a line, for inserting and reading.
#[derive(Record)]
#[record(of = transfer_line, alias = "l")]
pub(super) struct LineRow {
    pub transfer_id: TransferId,
    pub position: i32,
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    pub unit_decimals: i32,
    pub quantity: Quantity,
    pub shipped: Quantity,
    pub received: Quantity,
    pub lost: Quantity,
    pub unit_cost_minor: Option<i64>,
    pub cost_currency: Option<String>,
}

/// Row of a lot of a line.
#[derive(Record)]
#[record(of = transfer_line_lot, alias = "s")]
pub(super) struct LotRow {
    pub transfer_id: TransferId,
    pub position: i32,
    pub lot_id: LotId,
    pub shipped: i64,
    pub received: i64,
    pub lost: i64,
}

#[derive(Record)]
struct RouteRow {
    #[record(of = transfer, alias = "t")]
    from_store_id: StoreId,
    #[record(of = transfer, alias = "t")]
    to_store_id: StoreId,
    #[record(of = transfer, alias = "t")]
    version: i64,
    #[record(of = transfer_line, alias = "l", outer)]
    product_id: Option<ProductId>,
}

/// Transfers with their lines, locked in id order until the transaction ends.
pub async fn lock_transfers(work: &impl Reads, ids: &[TransferId]) -> Result<Vec<Transfer>, Fault> {
    select_transfers(work, ids, &work.backend().for_change("t")).await
}

/// Transfers with their lines, as committed; in no order.
pub async fn load_transfers(reads: &impl Reads, ids: &[TransferId]) -> Result<Vec<Transfer>, Fault> {
    select_transfers(reads, ids, "").await
}

async fn select_transfers(reads: &impl Reads, ids: &[TransferId], lock: &str) -> Result<Vec<Transfer>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let (select, id_condition) = (TransferRow::SELECT, backend.in_ids("t.id", 2));
    let sql = format!("SELECT {select} FROM transfer t WHERE t.tenant_id = $1 AND {id_condition} ORDER BY t.id{lock}");
    let rows = reads.records::<TransferRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let mut transfers = rows.into_iter().map(Transfer::try_from).collect::<Result<Vec<_>, _>>()?;
    fill_lines(reads, &mut transfers).await?;
    Ok(transfers)
}

/// Reads the lines of all of them in one statement.
pub async fn fill_lines(reads: &impl Reads, transfers: &mut [Transfer]) -> Result<(), Fault> {
    if transfers.is_empty() {
        return Ok(());
    }
    let indices: HashMap<TransferId, usize> =
        transfers.iter().enumerate().map(|(index, transfer_head)| (transfer_head.id, index)).collect();
    let backend = reads.backend();
    let (select, transfer_condition) = (LineRow::SELECT, backend.in_ids("l.transfer_id", 2));
    let sql = format!(
        "SELECT {select} FROM transfer_line l WHERE l.tenant_id = $1 AND {transfer_condition} ORDER BY l.transfer_id, l.position"
    );
    for row in reads.records::<LineRow>(&sql, vec![backend.ids(indices.keys().copied())]).await? {
        if let Some(transfer) = indices.get(&row.transfer_id).and_then(|index| transfers.get_mut(*index)) {
            transfer.lines.push(row.into());
        }
    }
    fill_lots(reads, &indices, transfers).await
}

/// Reads the shipped lots of all transfers in one statement.
async fn fill_lots(reads: &impl Reads, indices: &HashMap<TransferId, usize>, transfers: &mut [Transfer]) -> Result<(), Fault> {
    let backend = reads.backend();
    let (select, transfer_condition) = (LotRow::SELECT, backend.in_ids("s.transfer_id", 2));
    let sql = format!(
        "SELECT {select} FROM transfer_line_lot s
         WHERE s.tenant_id = $1 AND {transfer_condition} ORDER BY s.transfer_id, s.position, s.lot_id"
    );
    for row in reads.records::<LotRow>(&sql, vec![backend.ids(indices.keys().copied())]).await? {
        let LotRow { transfer_id, position, lot_id: lot, shipped, received, lost } = row;
        let sent_lot = SentLot { lot, shipped, received, lost };
        let lines = indices
            .get(&transfer_id)
            .and_then(|index| transfers.get_mut(*index))
            .into_iter()
            .flat_map(|transfer| &mut transfer.lines);
        lines.filter(|line| i32::from(line.position) == position).for_each(|line| line.lots.push(sent_lot));
    }
    Ok(())
}

/// Returns None if a row has columns that its status does not have, or lacks one that it has.
fn parse_state(row: &TransferRow) -> Option<TransferState> {
    use TransferStatus::{Cancelled, Draft, InTransit, PartiallyReceived, Ready, Received};
    let loss = match (row.loss_reason, &row.loss_note) {
        (Some(reason), note) => Some(Loss { reason, note: note.clone() }),
        (None, None) => None,
        (None, Some(_)) => return None,
    };
    Some(match (row.status, row.shipped_at, row.received_at, loss) {
        (Draft, None, None, None) => TransferState::Draft,
        (Ready, None, None, None) => TransferState::Ready,
        (InTransit, Some(shipped_at), None, None) => TransferState::InTransit { shipped_at },
        (PartiallyReceived, Some(shipped_at), Some(received_at), None) => {
            TransferState::PartiallyReceived { shipped_at, received_at }
        }
        (Received, Some(shipped_at), Some(received_at), None) => {
            TransferState::Received { shipped_at, end: TransferEnd::Arrived(received_at) }
        }
        (Received, Some(shipped_at), received_at, Some(loss)) => {
            TransferState::Received { shipped_at, end: TransferEnd::Lost(loss, received_at) }
        }
        (Cancelled, None, None, None) => TransferState::Cancelled,
        _ => return None,
    })
}

impl TryFrom<TransferRow> for Transfer {
    type Error = Fault;
    fn try_from(row: TransferRow) -> Result<Self, Fault> {
        Ok(Self {
            id: row.id,
            number: DocumentNumber::Given(row.number),
            state: parse_state(&row).ok_or_else(|| Fault::corrupt("transfer", "times and losses are those of the status"))?,
            from: row.from_store_id,
            to: row.to_store_id,
            external_ref: row.external_ref,
            note: row.note,
            expected_at: row.expected_at,
            metadata: row.metadata,
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            lines: Vec::new(),
        })
    }
}

impl From<LineRow> for Line {
    fn from(row: LineRow) -> Self {
        let currency = row.cost_currency.as_deref().and_then(Currency::parse);
        Self {
            position: row.position as u16,
            product: row.product_id,
            sku: row.sku,
            name: row.name,
            decimals: row.unit_decimals as u8,
            quantity: row.quantity,
            shipped: row.shipped,
            received: row.received,
            lost: row.lost,
            unit_cost: row.unit_cost_minor.zip(currency).map(|(minor, currency)| Money::new(minor, currency)),
            lots: Vec::new(),
        }
    }
}

/// Returns those of these external references that a transfer has.
pub async fn find_used_references(reads: &impl Reads, references: &[&str]) -> Result<HashSet<String>, Fault> {
    if references.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT external_ref FROM transfer WHERE tenant_id = $1 AND {}", backend.in_texts("external_ref", 2));
    let rows = reads.rows(&sql, vec![backend.texts(references.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Data that a step of a transfer needs for its locks and its permission: the stores, the products,
/// and the version that has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRoute {
    pub from: StoreId,
    pub to: StoreId,
    pub version: i64,
    pub products: Vec<ProductId>,
    /// The lots that were sent.
    pub lots: Vec<LotId>,
}

/// The places of a transfer; None when there is no such transfer.
pub async fn load_route(reads: &impl Reads, id: TransferId) -> Result<Option<TransferRoute>, Fault> {
    let sql = format!(
        "SELECT {select} FROM transfer t
         LEFT JOIN transfer_line l ON l.tenant_id = $1 AND l.transfer_id = t.id AND l.quantity > 0 WHERE t.tenant_id = $1 AND t.id = $2",
        select = RouteRow::SELECT
    );
    let mut route = None;
    for RouteRow { from_store_id: from, to_store_id: to, version, product_id } in reads.records(&sql, vec![id.into()]).await? {
        let route = route.get_or_insert_with(|| TransferRoute { from, to, version, products: Vec::new(), lots: Vec::new() });
        route.products.extend(product_id);
    }
    if let Some(route) = &mut route {
        let sql = "SELECT DISTINCT s.lot_id FROM transfer_line_lot s WHERE s.tenant_id = $1 AND s.transfer_id = $2";
        for row in &reads.rows(sql, vec![id.into()]).await? {
            route.lots.push(Row::scalar(row)?);
        }
    }
    Ok(route)
}

/// Returns those of these lots that are in transit, in part or whole.
pub async fn find_lots_in_transit(reads: &impl Reads, lots: &[LotId]) -> Result<HashSet<LotId>, Fault> {
    if lots.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT DISTINCT s.lot_id FROM transfer_line_lot s WHERE s.tenant_id = $1 AND {} AND s.shipped > s.received + s.lost",
        backend.in_ids("s.lot_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(lots.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Returns those of these stores that exist.
pub async fn existing_stores(reads: &impl Reads, ids: &[StoreId]) -> Result<HashSet<StoreId>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT s.id FROM store s WHERE s.tenant_id = $1 AND {}", backend.in_ids("s.id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_what_its_status_has_and_nothing_else() {
        let mut legal = 0;
        for status in TransferStatus::ALL {
            for mask in 0..1_u32 << 4 {
                let at = |bit: u32| (mask & 1 << bit != 0).then_some(Timestamp(i64::from(bit)));
                let row = TransferRow {
                    id: TransferId::NIL,
                    number: 1,
                    status: *status,
                    from_store_id: StoreId::NIL,
                    to_store_id: StoreId::NIL,
                    external_ref: None,
                    note: None,
                    expected_at: None,
                    shipped_at: at(0),
                    received_at: at(1),
                    loss_reason: at(2).map(|_| ReasonCode::Loss),
                    loss_note: at(3).map(|_| "fell off".to_owned()),
                    actor_kind: ActorKind::Member,
                    actor_id: Uuid::nil(),
                    version: 1,
                    created_at: Timestamp(0),
                    updated_at: Timestamp(0),
                    metadata: None,
                };
                let Some(state) = parse_state(&row) else { continue };
                legal += 1;
                assert_eq!((state.status(), state.shipped_at()), (row.status, row.shipped_at));
                assert_eq!(state.received_at(), row.received_at);
                let loss = state.loss();
                assert_eq!(loss.map(|loss| loss.reason), row.loss_reason);
                assert_eq!(loss.and_then(|loss| loss.note.as_ref()), row.loss_note.as_ref());
            }
        }
        assert_eq!(legal, 10, "of 6 * 2^4");
    }
}
