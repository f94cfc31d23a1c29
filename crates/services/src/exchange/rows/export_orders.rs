//! Pages of orders that are exported, a row a line.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{channel, customer, sales_order, store},
};
use inventory::{catalog::rows::Clause, orders::rows::LineRow};
use platform::storage::{Fault, Reads};

use super::export_page::{ExportScope, Page, PageKey, push_id_condition, push_time_condition, read, stores};
use crate::exchange::core::{ExportOptions, cells::Item, order_lines};

#[derive(Record)]
struct OrderLineRow {
    #[record(of = sales_order, alias = "o")]
    number: i64,
    #[record(of = sales_order, alias = "o")]
    status: OrderStatus,
    #[record(of = store, alias = "s", column = "code")]
    store: String,
    #[record(of = channel, alias = "c", column = "code")]
    channel: String,
    #[record(of = sales_order, alias = "o")]
    external_ref: Option<String>,
    #[record(of = customer, alias = "u", column = "external_ref", outer)]
    customer: Option<String>,
    #[record(of = sales_order, alias = "o")]
    placed_at: Timestamp,
    line: LineRow,
    #[record(of = sales_order, alias = "o")]
    currency: String,
    #[record(of = sales_order, alias = "o")]
    register: Option<String>,
}

impl OrderLineRow {
    fn items(self, sees_customers: bool) -> Result<Vec<Item>, Fault> {
        let currency =
            Currency::parse(&self.currency).ok_or_else(|| Fault::corrupt("sales_order", "currencies are ISO 4217 codes"))?;
        let line = self.line.line(currency)?;
        let mut items: Vec<Item> = vec![self.number.into(), i64::from(line.position).into()];
        items.extend([self.status.as_str().into(), self.store.into(), self.channel.into()]);
        items.extend([
            self.external_ref.into(),
            if sees_customers { self.customer.into() } else { Item::Hidden },
            Item::Moment(self.placed_at),
        ]);
        items.extend(order_lines::exported_cells(line).map(|(_, item)| item));
        items.push(self.register.into());
        Ok(items)
    }
}

/// Lines of orders, by their numbers.
pub(super) async fn orders(
    reads: &impl Reads,
    export_scope: &ExportScope,
    options: &ExportOptions,
    after: &PageKey,
) -> Result<Page, Fault> {
    let select = format!(
        "SELECT {} FROM sales_order o
        JOIN order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id JOIN store s ON s.tenant_id = o.tenant_id AND s.id = o.store_id
        JOIN channel c ON c.tenant_id = o.tenant_id AND c.id = o.channel_id
        LEFT JOIN customer u ON u.tenant_id = o.tenant_id AND u.id = o.customer_id WHERE o.tenant_id = $1",
        OrderLineRow::SELECT
    );
    let mut clause = Clause::new(reads.backend());
    stores(&mut clause, "o.store_id", export_scope, options);
    if let Some(channel) = export_scope.channel {
        push_id_condition(&mut clause, "o.channel_id", Some(&[channel]));
    }
    push_id_condition(&mut clause, "l.product_id", options.products.as_deref());
    push_id_condition(&mut clause, "o.id", export_scope.orders.as_deref());
    push_time_condition(&mut clause, "o.placed_at", options);
    read(reads, &select, clause, &["o.number", "l.position"], after, |row: OrderLineRow| {
        let place = vec![row.number.into(), row.line.position.into()];
        Ok((row.items(export_scope.sees_customers)?, place))
    })
    .await
}
