//! Rows of sales reports.

use entity::prelude::*;
use platform::clock::day_text;

use super::error::to_safe_integer;
use crate::insight::core::{Group, GroupKey, Sums, Tally};

/// A row of the sales report. Amounts are of one currency, units in the products' smallest units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesRow {
    /// A day `2011-11-30`, a month `2011-11`, an ID, a country's code; None for lines without a
    /// group, and without grouping.
    pub key: Option<String>,
    /// Set when grouped by product.
    pub product: Option<ProductId>,
    pub orders: i64,
    pub order_lines: i64,
    pub units_sold: Quantity,
    pub gross_revenue: Money,
    pub charges: Money,
    pub cost_of_goods_sold: Money,
    pub returns: i64,
    pub return_lines: i64,
    pub units_returned: Quantity,
    pub refunds: Money,
    pub charge_credits: Money,
    pub net_revenue: Money,
    /// Orders and returns that have no rate to the books, and are in no other sum.
    pub without_rate: i64,
}

/// A document has one business date, so its month's counts are the sums of its days'.
pub(super) fn by_month(days: &Tally) -> Tally {
    let mut months = Tally::new();
    for (day, sums) in days {
        let month = match day {
            GroupKey::Day(day) => {
                GroupKey::Text(day_text(*day).rsplit_once('-').map(|(month, _)| month.to_owned()).unwrap_or_default())
            }
            other => other.clone(),
        };
        months.entry(month).or_default().add(sums);
    }
    months
}

pub(super) fn build_row(group: Group, key: &GroupKey, sums: &Sums, currency: Currency) -> Option<SalesRow> {
    let money = |minor: i128| Some(Money::new(to_safe_integer(minor)?, currency));
    let units = |units: i128| Quantity::new(to_safe_integer(units)?);
    let product = match (group, key) {
        (Group::Product, GroupKey::Id(id)) => Some(ProductId::from_uuid(*id)),
        _ => None,
    };
    Some(SalesRow {
        key: key_text(group, key),
        product,
        orders: to_safe_integer(sums.orders)?,
        order_lines: to_safe_integer(sums.order_lines)?,
        units_sold: units(sums.units_sold)?,
        gross_revenue: money(sums.gross)?,
        charges: money(sums.charges)?,
        cost_of_goods_sold: money(sums.cost)?,
        returns: to_safe_integer(sums.returns)?,
        return_lines: to_safe_integer(sums.return_lines)?,
        units_returned: units(sums.units_returned)?,
        refunds: money(sums.refunds)?,
        charge_credits: money(sums.charge_credits)?,
        net_revenue: money(sums.net())?,
        without_rate: to_safe_integer(sums.without_rate)?,
    })
}

fn key_text(group: Group, key: &GroupKey) -> Option<String> {
    match key {
        GroupKey::Nothing => None,
        GroupKey::Day(day) => Some(day_text(*day)),
        GroupKey::Text(text) => Some(text.clone()),
        GroupKey::Id(id) => Some(match group {
            Group::Category => CategoryId::from_uuid(*id).to_string(),
            Group::Store => StoreId::from_uuid(*id).to_string(),
            Group::Channel => ChannelId::from_uuid(*id).to_string(),
            Group::Customer => CustomerId::from_uuid(*id).to_string(),
            _ => ProductId::from_uuid(*id).to_string(),
        }),
    }
}
