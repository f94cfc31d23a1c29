//! Facts of an order that a step needs before it is queued, read in one statement: its store and
//! channel, its levels, and the sourcing of a draft.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{order_sourcing, sales_order},
};
use platform::storage::{Fault, Reads, Row};

use super::sourcing::DraftSourcingRow;
use crate::{orders::core::DraftSourcing, stock::core::LevelKey};

/// An order's row facts before a step.
#[derive(Debug, Clone)]
pub struct OrderPlace {
    pub store: StoreId,
    pub channel: ChannelId,
    /// The result of `stocked_levels`.
    pub levels: Vec<LevelKey>,
    /// The result of `load_draft_sourcing`.
    pub sourcing: Option<DraftSourcing>,
}

/// An order joined with one of its levels. The columns of `DraftSourcingRow` follow.
#[derive(Record)]
struct PlacedRow {
    #[record(of = sales_order, alias = "o")]
    store_id: StoreId,
    #[record(of = sales_order, alias = "o")]
    channel_id: ChannelId,
    /// Product of the level; None if the order has no level.
    #[record(sql = "k.product_id")]
    product: Option<ProductId>,
    /// Store of the level.
    #[record(sql = "k.store_id")]
    store: Option<StoreId>,
    /// None if the order is no draft with sourcing.
    #[record(of = order_sourcing, alias = "x", column = "order_id", outer)]
    drafted: Option<OrderId>,
}

/// Returns the order's facts and levels; None if the order does not exist.
pub async fn read_order_place(reads: &impl Reads, order: OrderId) -> Result<Option<OrderPlace>, Fault> {
    let sql = format!(
        "SELECT {select}, {drafted} FROM sales_order o
         LEFT JOIN order_sourcing x ON x.tenant_id = $1 AND x.order_id = $2 AND o.status = 'DRAFT'
         LEFT JOIN (SELECT l.product_id, s.store_id FROM sales_order s JOIN order_line l ON l.tenant_id = $1 AND l.order_id = s.id
           WHERE s.tenant_id = $1 AND s.id = $2 AND l.product_id IS NOT NULL AND (l.stock_policy <> 'UNTRACKED' OR s.status = 'DRAFT')
           UNION ALL SELECT n.product_id, s.store_id FROM sales_order s JOIN order_line_part n ON n.tenant_id = $1 AND n.order_id = s.id
           WHERE s.tenant_id = $1 AND s.id = $2
           UNION ALL SELECT r.product_id, r.store_id FROM reservation r
           WHERE r.tenant_id = $1 AND r.order_id IS NOT NULL AND r.status = 'ACTIVE' AND r.order_id = $2) k ON 1 = 1
         WHERE o.tenant_id = $1 AND o.id = $2",
        select = PlacedRow::SELECT,
        drafted = DraftSourcingRow::SELECT
    );
    let mut found_place: Option<OrderPlace> = None;
    for row in &reads.rows(&sql, vec![order.into()]).await? {
        let mut row = Row::new(row);
        let head: PlacedRow = row.record()?;
        if found_place.is_none() {
            let sourcing = if head.drafted.is_some() { Some(row.record::<DraftSourcingRow>()?.sourcing()) } else { None };
            found_place = Some(OrderPlace { store: head.store_id, channel: head.channel_id, levels: Vec::new(), sourcing });
        }
        if let Some(order_place) = &mut found_place {
            // An order without a level has one row, whose level columns are null.
            order_place.levels.extend(head.product.zip(head.store).map(|(product, store)| LevelKey { product, store }));
        }
    }
    Ok(found_place)
}
