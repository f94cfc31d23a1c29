//! A line of an order as its row: written, read and changed.

use entity::{prelude::*, record::Record, tables::order_line};
use platform::storage::Fault;

use crate::orders::core::{Basis, Line, LineItem, PlacedLine, TaxRate};

/// A line's row.
#[derive(Record)]
#[record(of = order_line, alias = "l")]
pub struct LineRow {
    pub order_id: OrderId,
    pub position: i32,
    pub kind: LineKind,
    pub product_id: Option<ProductId>,
    pub sku: String,
    pub name: String,
    pub stock_policy: StockPolicy,
    pub unit_decimals: i32,
    pub quantity: Quantity,
    pub open: Quantity,
    pub backordered: Quantity,
    pub cancelled: Quantity,
    pub fulfilled: Quantity,
    pub returned: Quantity,
    pub return_pending: Quantity,
    pub unit_price_minor: i64,
    pub discount_minor: i64,
    pub tax_minor: i64,
    pub total_minor: i64,
    pub unit_cost_minor: Option<i64>,
    pub basis_quantity: Option<Quantity>,
    pub basis_discount_minor: Option<i64>,
    pub basis_tax_minor: Option<i64>,
    pub placed_quantity: Option<Quantity>,
    pub placed_price_minor: Option<i64>,
    pub placed_discount_minor: Option<i64>,
    pub placed_total_minor: Option<i64>,
    pub tax_rate: Option<i64>,
}

/// The columns of a line that change after it is inserted.
#[derive(Record)]
#[record(of = order_line)]
pub(super) struct ChangedLine {
    order_id: OrderId,
    position: i32,
    quantity: Quantity,
    open: Quantity,
    backordered: Quantity,
    cancelled: Quantity,
    fulfilled: Quantity,
    returned: Quantity,
    return_pending: Quantity,
    unit_price_minor: i64,
    discount_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    basis_quantity: Option<Quantity>,
    basis_discount_minor: Option<i64>,
    basis_tax_minor: Option<i64>,
    placed_quantity: Option<Quantity>,
    placed_price_minor: Option<i64>,
    placed_discount_minor: Option<i64>,
    placed_total_minor: Option<i64>,
    tax_rate: Option<i64>,
}

/// Columns that only edits set.
pub(super) const RARELY_SET_LINE_COLUMNS: &[&str] = &[
    "basis_quantity",
    "basis_discount_minor",
    "basis_tax_minor",
    "placed_quantity",
    "placed_price_minor",
    "placed_discount_minor",
    "placed_total_minor",
];

fn rate_of(millionths: i64) -> Result<TaxRate, Fault> {
    TaxRate::of_millionths(millionths).ok_or_else(|| Fault::corrupt("order_line", "a tax rate lies between 0 and 1"))
}

/// Returns the basis of a line; None if its own quantity and amounts are the basis.
fn separate_basis(line: &Line) -> Option<Basis> {
    let current_basis = Basis { quantity: line.quantity, discount: line.discount, tax: line.tax, rate: line.basis.rate };
    (line.basis != current_basis).then_some(line.basis)
}

impl LineRow {
    /// Returns None if the row has columns that its kind does not have, or lacks some that it has.
    /// Parts are read later.
    fn item(&self) -> Option<LineItem> {
        match (self.kind, self.product_id, self.stock_policy) {
            (LineKind::Product, Some(product), policy) => Some(LineItem::Product { product, policy }),
            (LineKind::Charge, None, StockPolicy::Untracked) => Some(LineItem::Charge),
            (LineKind::Product, None, _) | (LineKind::Charge, ..) => None,
        }
    }

    /// Returns the line, with amounts in its order's currency. Parts of a kit are read later.
    ///
    /// # Errors
    /// The kind or the tax rate of the row is corrupt.
    pub fn line(self, currency: Currency) -> Result<Line, Fault> {
        let money = |minor| Money::new(minor, currency);
        // The placed amounts, if the line was never edited.
        let basis = Basis {
            quantity: self.basis_quantity.unwrap_or(self.quantity),
            discount: money(self.basis_discount_minor.unwrap_or(self.discount_minor)),
            tax: money(self.basis_tax_minor.unwrap_or(self.tax_minor)),
            rate: self.tax_rate.map(rate_of).transpose()?,
        };
        let minor = |amount: Option<i64>| money(amount.unwrap_or_default());
        let placed = self.placed_quantity.map(|quantity| PlacedLine {
            quantity,
            unit_price: minor(self.placed_price_minor),
            discount: minor(self.placed_discount_minor),
            total: minor(self.placed_total_minor),
        });
        let item = self.item().ok_or_else(|| Fault::corrupt("order_line", "products and stock are those of the kind"))?;
        Ok(Line {
            position: self.position as u16,
            item,
            sku: self.sku,
            name: self.name,
            decimals: self.unit_decimals as u8,
            quantity: self.quantity,
            open: self.open,
            backordered: self.backordered,
            cancelled: self.cancelled,
            fulfilled: self.fulfilled,
            returned: self.returned,
            return_pending: self.return_pending,
            unit_price: money(self.unit_price_minor),
            discount: money(self.discount_minor),
            tax: money(self.tax_minor),
            total: money(self.total_minor),
            basis,
            placed,
            unit_cost: self.unit_cost_minor.map(money),
        })
    }

    pub(super) fn of(order: OrderId, line: &Line) -> Self {
        let basis = separate_basis(line);
        Self {
            order_id: order,
            position: line.position.into(),
            kind: line.kind(),
            product_id: line.product(),
            sku: line.sku.clone(),
            name: line.name.clone(),
            stock_policy: line.policy(),
            unit_decimals: line.decimals.into(),
            quantity: line.quantity,
            open: line.open,
            backordered: line.backordered,
            cancelled: line.cancelled,
            fulfilled: line.fulfilled,
            returned: line.returned,
            return_pending: line.return_pending,
            unit_price_minor: line.unit_price.minor,
            discount_minor: line.discount.minor,
            tax_minor: line.tax.minor,
            total_minor: line.total.minor,
            unit_cost_minor: line.unit_cost.map(|cost| cost.minor),
            basis_quantity: basis.map(|basis| basis.quantity),
            basis_discount_minor: basis.map(|basis| basis.discount.minor),
            basis_tax_minor: basis.map(|basis| basis.tax.minor),
            placed_quantity: line.placed.map(|placed| placed.quantity),
            placed_price_minor: line.placed.map(|placed| placed.unit_price.minor),
            placed_discount_minor: line.placed.map(|placed| placed.discount.minor),
            placed_total_minor: line.placed.map(|placed| placed.total.minor),
            tax_rate: line.basis.rate.map(TaxRate::millionths),
        }
    }
}

impl ChangedLine {
    /// The current row of an order's line. Each field of a line is named here: those with `_` never
    /// change.
    pub(super) fn of(order: OrderId, line: &Line) -> Self {
        let Line {
            position,
            item: _,
            sku: _,
            name: _,
            decimals: _,
            quantity,
            open,
            backordered,
            cancelled,
            fulfilled,
            returned,
            return_pending,
            unit_price,
            discount,
            tax,
            total,
            basis: stated,
            placed,
            unit_cost: _,
        } = line;
        let basis = separate_basis(line);
        Self {
            order_id: order,
            position: (*position).into(),
            quantity: *quantity,
            open: *open,
            backordered: *backordered,
            cancelled: *cancelled,
            fulfilled: *fulfilled,
            returned: *returned,
            return_pending: *return_pending,
            unit_price_minor: unit_price.minor,
            discount_minor: discount.minor,
            tax_minor: tax.minor,
            total_minor: total.minor,
            basis_quantity: basis.map(|basis| basis.quantity),
            basis_discount_minor: basis.map(|basis| basis.discount.minor),
            basis_tax_minor: basis.map(|basis| basis.tax.minor),
            placed_quantity: placed.map(|placed| placed.quantity),
            placed_price_minor: placed.map(|placed| placed.unit_price.minor),
            placed_discount_minor: placed.map(|placed| placed.discount.minor),
            placed_total_minor: placed.map(|placed| placed.total.minor),
            tax_rate: stated.rate.map(TaxRate::millionths),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::core::Part;

    #[test]
    fn a_row_has_what_its_kind_has_and_nothing_else() {
        let mut legal = 0;
        let kinds = LineKind::ALL.iter().flat_map(|kind| StockPolicy::ALL.iter().map(move |policy| (*kind, *policy)));
        for (kind, stock_policy) in kinds {
            for product_id in [None, Some(ProductId::NIL)] {
                let row = LineRow {
                    order_id: OrderId::NIL,
                    position: 1,
                    kind,
                    product_id,
                    sku: "MUG".to_owned(),
                    name: "Mug".to_owned(),
                    stock_policy,
                    unit_decimals: 0,
                    quantity: Quantity::ZERO,
                    open: Quantity::ZERO,
                    backordered: Quantity::ZERO,
                    cancelled: Quantity::ZERO,
                    fulfilled: Quantity::ZERO,
                    returned: Quantity::ZERO,
                    return_pending: Quantity::ZERO,
                    unit_price_minor: 0,
                    discount_minor: 0,
                    tax_minor: 0,
                    total_minor: 0,
                    unit_cost_minor: None,
                    basis_quantity: None,
                    basis_discount_minor: None,
                    basis_tax_minor: None,
                    placed_quantity: None,
                    placed_price_minor: None,
                    placed_discount_minor: None,
                    placed_total_minor: None,
                    tax_rate: None,
                };
                let Ok(line) = row.line(Currency::GBP) else { continue };
                legal += 1;
                assert_eq!((line.kind(), line.product(), line.policy()), (kind, product_id, stock_policy));
                let part = || Part {
                    product: ProductId::NIL,
                    sku: "CUP".to_owned(),
                    name: "Cup".to_owned(),
                    decimals: 0,
                    quantity: Quantity::ZERO,
                };
                let mut item = line.item;
                let may_have = kind == LineKind::Product && stock_policy == StockPolicy::Untracked;
                assert_eq!([item.add_part(part()), item.add_part(part())], [may_have; 2]);
            }
        }
        assert_eq!(legal, 4, "of 2 * 3 * 2");
    }
}
