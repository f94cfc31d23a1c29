//! Pages of orders that are exported, a row a line.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{channel, customer, order_line, sales_order, store},
};
use inventory::{catalog::rows::Clause, orders::core::TaxRate};
use platform::storage::{Fault, Reads};

use super::export::{After, ExportScope, Page, money, one_of, read, stores, within};
use crate::exchange::core::{ExportOptions, cells::Item};

#[derive(Record)]
#[record(of = order_line)]
struct LineNames {
    kind: LineKind,
    sku: String,
    name: String,
    quantity: Quantity,
    fulfilled: Quantity,
    cancelled: Quantity,
    returned: Quantity,
}

#[derive(Record)]
#[record(of = order_line)]
struct LineAmounts {
    unit_price_minor: i64,
    discount_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    tax_rate: Option<i64>,
}

#[derive(Record)]
struct OrderLineRow {
    #[record(of = sales_order, alias = "o")]
    number: i64,
    #[record(of = order_line, alias = "l")]
    position: i32,
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
    #[record(alias = "l")]
    line: LineNames,
    #[record(of = sales_order, alias = "o")]
    currency: String,
    #[record(alias = "l")]
    amounts: LineAmounts,
    #[record(of = sales_order, alias = "o")]
    register: Option<String>,
}

impl OrderLineRow {
    fn items(self, sees_customers: bool) -> Result<Vec<Item>, Fault> {
        let Self { line, amounts, currency, .. } = self;
        let mut items: Vec<Item> = vec![self.number.into(), i64::from(self.position).into()];
        items.extend([self.status.as_str().into(), self.store.into(), self.channel.into()]);
        items.extend([
            self.external_ref.into(),
            if sees_customers { self.customer.into() } else { Item::Hidden },
            Item::Moment(self.placed_at),
        ]);
        items.extend([line.kind.as_str().into(), line.sku.into(), line.name.into()]);
        let counts = [line.quantity, line.fulfilled, line.cancelled, line.returned];
        items.extend(counts.map(|count| Item::Number(count.get())));
        items.push(currency.as_str().into());
        let amount = |minor: i64| money(Some(minor), Some(currency.clone()), true).map(|[amount, _]| amount);
        for minor in [amounts.unit_price_minor, amounts.discount_minor, amounts.tax_minor] {
            items.push(amount(minor)?);
        }
        items.push(amounts.tax_rate.and_then(TaxRate::of_millionths).map(|rate| rate.to_string()).into());
        items.push(amount(amounts.total_minor)?);
        items.push(self.register.into());
        Ok(items)
    }
}

/// Lines of orders, by their numbers.
pub(super) async fn orders(
    reads: &impl Reads,
    export_scope: &ExportScope,
    options: &ExportOptions,
    after: &After,
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
        one_of(&mut clause, "o.channel_id", Some(&[channel]));
    }
    one_of(&mut clause, "l.product_id", options.products.as_deref());
    one_of(&mut clause, "o.id", export_scope.orders.as_deref());
    within(&mut clause, "o.placed_at", options);
    read(reads, &select, clause, &["o.number", "l.position"], after, |row: OrderLineRow| {
        let place = vec![row.number.into(), row.position.into()];
        Ok((row.items(export_scope.sees_customers)?, place))
    })
    .await
}
