//! Orders by the references that callers use, all of a call at once.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::sales_order,
};
use platform::storage::{Fault, Finds, Reads};

use crate::orders::rows::OrderName;

#[derive(Record)]
#[record(of = sales_order, alias = "o")]
struct NumberRow {
    id: OrderId,
    number: i64,
}

#[derive(Record)]
#[record(of = sales_order, alias = "o")]
struct ExternalRow {
    id: OrderId,
    channel_id: ChannelId,
    #[record(not_null)]
    external_ref: String,
}

/// Returns the orders with these numbers or references, without unknown ones.
pub async fn orders_by_name(reads: &impl Reads, names: &[OrderName]) -> Result<HashMap<OrderName, OrderId>, Fault> {
    let backend = reads.backend();
    let mut ids_by_name = HashMap::with_capacity(names.len());
    let numbers: Vec<i64> =
        names.iter().filter_map(|name| if let OrderName::Number(number) = name { Some(*number) } else { None }).collect();
    if !numbers.is_empty() {
        let (select, condition) = (NumberRow::SELECT, backend.in_numbers("o.number", 2));
        let sql = format!("SELECT {select} FROM sales_order o WHERE o.tenant_id = $1 AND {condition}");
        let rows = reads.records::<NumberRow>(&sql, vec![backend.numbers(numbers)]).await?;
        ids_by_name.extend(rows.into_iter().map(|row| (OrderName::Number(row.number), row.id)));
    }
    let external_name = |name: &OrderName| match name {
        OrderName::External(channel, reference) => Some((*channel, reference.clone())),
        OrderName::Number(_) => None,
    };
    let (channels, references): (Vec<ChannelId>, Vec<String>) = names.iter().filter_map(external_name).unzip();
    if !channels.is_empty() {
        let sql = format!(
            "SELECT {select} FROM sales_order o WHERE o.tenant_id = $1 AND {channel} AND {reference}",
            select = ExternalRow::SELECT,
            channel = backend.in_ids("o.channel_id", 2),
            reference = backend.in_texts("o.external_ref", 3)
        );
        let values = vec![backend.ids(channels), backend.texts(references.iter().map(String::as_str))];
        let rows = reads.records::<ExternalRow>(&sql, values).await?;
        ids_by_name.extend(rows.into_iter().map(|row| (OrderName::External(row.channel_id, row.external_ref), row.id)));
    }
    Ok(ids_by_name)
}
