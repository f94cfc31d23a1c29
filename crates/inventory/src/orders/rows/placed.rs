//! What a step of an order asks for before it is queued, in one statement: where the order belongs, its levels, and how a draft looks for its stock.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{order_sourcing, sales_order},
};
use platform::storage::{Fault, Reads, Row};

use super::sourcing::DraftedRow;
use crate::{orders::core::DraftSourcing, stock::core::LevelKey};

/// An order as it is before a step.
#[derive(Debug, Clone)]
pub struct OrderPlace {
    pub store: StoreId,
    pub channel: ChannelId,
    /// As `stocked_levels` has them.
    pub levels: Vec<LevelKey>,
    /// As `drafted_sourcing` has it.
    pub sourcing: Option<DraftSourcing>,
}

/// An order beside one of its levels. `DraftedRow` comes behind it.
#[derive(Record)]
struct PlacedRow {
    #[record(of = sales_order, alias = "o")]
    store_id: StoreId,
    #[record(of = sales_order, alias = "o")]
    channel_id: ChannelId,
    /// Of the level; None where the order has none.
    #[record(sql = "k.product_id")]
    product: Option<ProductId>,
    /// Of the level.
    #[record(sql = "k.store_id")]
    store: Option<StoreId>,
    /// None where the order is no draft that looks for its stock.
    #[record(of = order_sourcing, alias = "x", column = "order_id", outer)]
    drafted: Option<OrderId>,
}

/// The order, with its levels; None where it is not there.
pub async fn placed(reads: &impl Reads, order: OrderId) -> Result<Option<OrderPlace>, Fault> {
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
        drafted = DraftedRow::SELECT
    );
    let mut found: Option<OrderPlace> = None;
    for row in &reads.rows(&sql, vec![order.into()]).await? {
        let mut row = Row::new(row);
        let head: PlacedRow = row.record()?;
        if found.is_none() {
            let sourcing = if head.drafted.is_some() { Some(row.record::<DraftedRow>()?.sourcing()) } else { None };
            found = Some(OrderPlace { store: head.store_id, channel: head.channel_id, levels: Vec::new(), sourcing });
        }
        if let Some(placed) = &mut found {
            // An order without a level has one row, in which nothing is of a level.
            placed.levels.extend(head.product.zip(head.store).map(|(product, store)| LevelKey { product, store }));
        }
    }
    Ok(found)
}
