//! A line of an order in files: its columns, the values that a row of an import gives for it, and
//! the cells of an export.

use entity::prelude::*;
use inventory::{
    ledger::ProductRef,
    orders::core::{Line, NewLine, TaxRate},
    stock::core::Field,
};

use super::{
    cells::Item,
    record::{Cells, ResolvedNames},
    refusal::{Refusal, Refused},
};

/// The columns of a line in an import.
pub const IMPORTED: &[&str] =
    &["kind", "sku", "barcode", "name", "quantity", "currency", "unitPrice", "discount", "tax", "taxRate"];

/// The columns of a line in an export, in the order of [`exported_cells`].
pub const EXPORTED: &[&str] = &[
    "kind",
    "sku",
    "name",
    "quantity",
    "fulfilled",
    "cancelled",
    "returned",
    "currency",
    "unitPrice",
    "discount",
    "tax",
    "taxRate",
    "total",
];

/// The cells of a line under the names of their columns. Each field of a line is named here: those with `_` are not exported.
pub fn exported_cells(line: Line) -> [(&'static str, Item); EXPORTED.len()] {
    let kind = line.kind();
    let Line {
        position: _,
        item: _,
        sku,
        name,
        decimals: _,
        quantity,
        open: _,
        backordered: _,
        cancelled,
        fulfilled,
        returned,
        return_pending: _,
        unit_price,
        discount,
        tax,
        total,
        basis,
        placed: _,
        unit_cost: _,
    } = line;
    let units = |quantity: Quantity| Item::Number(quantity.get());
    [
        ("kind", kind.as_str().into()),
        ("sku", sku.into()),
        ("name", name.into()),
        ("quantity", units(quantity)),
        ("fulfilled", units(fulfilled)),
        ("cancelled", units(cancelled)),
        ("returned", units(returned)),
        ("currency", total.currency.as_str().into()),
        ("unitPrice", Item::Amount(unit_price)),
        ("discount", Item::Amount(discount)),
        ("tax", Item::Amount(tax)),
        ("taxRate", basis.rate.map(|rate| rate.to_string()).into()),
        ("total", Item::Amount(total)),
    ]
}

/// Reads the order line of an import's row. Empty cells are ignored.
///
/// # Errors
/// The first cell that cannot be read, or that a line needs and the row lacks.
pub fn read(cells: &Cells<'_>, names: &ResolvedNames) -> Result<NewLine<ProductRef>, Refused> {
    let refuse = |field: &str, why: Refusal| Refused::new(cells.row(), field, why);
    let kind = match cells.text("kind").map(|text| text.trim().to_uppercase()) {
        None => LineKind::Product,
        Some(word) => LineKind::parse(&word).ok_or_else(|| refuse("kind", Refusal::NoLineKind))?,
    };
    let name = cells.text("name").map(|name| name.trim().to_owned()).filter(|_| kind == LineKind::Charge);
    let product = match kind {
        LineKind::Product => Some(ProductRef::Id(cells.product(names)?)),
        LineKind::Charge if name.is_none() => return Err(Refused::required(cells.row(), "name")),
        // An export writes the name of a charge there too.
        LineKind::Charge if cells.text("sku").is_some_and(|sku| Some(sku.trim()) != name.as_deref()) => {
            return Err(refuse("sku", Refusal::ChargeWithProduct));
        }
        LineKind::Charge => None,
    };
    let quantity = Quantity::new(cells.number("quantity")?).ok_or_else(|| refuse("quantity", Refusal::OutOfRange))?;
    let money = |field: &str| cells.amount(field, "currency", names);
    let tax_rate = match cells.text("taxRate").map(str::trim).filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(TaxRate::parse(text).map_err(|_| refuse("taxRate", Refusal::TaxRate))?),
    };
    Ok(NewLine {
        kind,
        product,
        name,
        quantity,
        unit_price: money("unitPrice")?,
        discount: money("discount")?,
        tax: money("tax")?,
        tax_rate,
    })
}

/// The first column in which a line differs from the row's values.
pub fn first_difference(imported: &NewLine<ProductRef>, line: &Line) -> Option<&'static str> {
    let NewLine { kind, product, name, quantity, unit_price, discount, tax, tax_rate } = imported;
    let product = product.as_ref().map(|product| matches!(product, ProductRef::Id(id) if Some(*id) == line.product()));
    let is_part = |imported: Option<Money>, is: Money| imported.map_or(is.minor == 0, |imported| imported == is);
    let checks = [
        ("kind", *kind == line.kind()),
        ("sku", product != Some(false)),
        ("name", name.as_ref().is_none_or(|name| *name == line.name)),
        ("quantity", *quantity == line.quantity),
        ("unitPrice", unit_price.is_none_or(|price| price == line.unit_price)),
        ("discount", is_part(*discount, line.discount)),
        ("tax", if tax_rate.is_some() { tax.is_none_or(|tax| tax == line.tax) } else { is_part(*tax, line.tax) }),
        ("taxRate", tax_rate.is_none_or(|rate| line.basis.rate == Some(rate))),
    ];
    checks.iter().find(|(_, is_equal)| !is_equal).map(|(field, _)| *field)
}

/// The column of a field of a line; empty for fields without a column.
pub fn column_of(field: Field) -> &'static str {
    match field {
        Field::Product => "sku",
        Field::UnitPriceCurrency => "currency",
        Field::Name => "name",
        Field::Quantity => "quantity",
        Field::UnitPrice => "unitPrice",
        Field::Discount => "discount",
        Field::Tax => "tax",
        Field::TaxRate => "taxRate",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use inventory::orders::core::LineItem;

    use super::*;

    #[test]
    fn cells_of_an_export_are_those_of_its_columns() {
        let cells = exported_cells(Line::free(1, LineItem::Charge, Quantity::ONE));
        assert_eq!(cells.map(|(name, _)| name).as_slice(), EXPORTED);
    }
}
