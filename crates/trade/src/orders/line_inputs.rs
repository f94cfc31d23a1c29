//! Inputs of a line of an order: of a new line, and of a changed one.

use async_graphql::{ID, InputObject};
use entity::prelude::OrderLineId;
use inventory::orders::{core, shell};
use platform::path;

use super::{
    enums::OrderLineKind,
    links::{MoneyInput, ProductRef},
};
use crate::{
    graphql::{
        reading::InputErrors,
        refusal::Path,
        scalars::{Decimal, Quantity},
    },
    packs::{self, PackLine},
};

/// A line of a new order. A CHARGE has a name and a unitPrice and no product.
#[derive(Debug, Clone, InputObject)]
pub struct OrderLineInput {
    /// Kind of the line. Default PRODUCT.
    #[graphql(default_with = "OrderLineKind::Product")]
    pub kind: OrderLineKind,
    /// The product of a PRODUCT line, which needs one. Null for a CHARGE.
    pub product: Option<ProductRef>,
    /// The name of a CHARGE, which needs one. Null for a PRODUCT line, which has its product's.
    pub name: Option<String>,
    /// Ordered quantity, in the product's smallest unit; above 0. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `quantity`: `packs` times the units in a pack. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// The price of one whole unit. On a product it overrides the product's own and needs `order.price`. Null for the product's own;
    /// needed where there is none, as on a CHARGE.
    pub unit_price: Option<MoneyInput>,
    /// Discount deducted from the line's price; from 0 to the whole price. Null for 0.
    pub discount: Option<MoneyInput>,
    /// Tax added to the line's price, as an amount. Null for what `taxRate` comes to, or for 0 without a rate.
    pub tax: Option<MoneyInput>,
    /// Tax as a fraction of the price less the discount, from 0 to 1 with at most six decimals: 0.2 is 20 %. The tax of any quantity is computed by it,
    /// rounded half away from zero to the minor unit. A `tax` beside it must be that amount. Null where the tax is stated as an amount.
    pub tax_rate: Option<Decimal>,
}

/// A line of an order as it shall be from now on. Fields that are left out stay as they are.
#[derive(Debug, Clone, InputObject)]
pub struct OrderLineSet {
    /// The order's line. Required, unless the deprecated `id` is given.
    pub line_id: Option<ID>,
    /// Deprecated name of `lineId`.
    #[graphql(deprecation = "2026-11-26: use lineId. Removed after 2027-11-26.")]
    pub id: Option<ID>,
    /// Quantity of the line from now on, in the product's smallest unit: 0 or more, and not below the shipped quantity. Null
    /// leaves it as it is.
    pub quantity: Option<Quantity>,
    /// Quantity of the line from now on in packs, instead of `quantity`: `packs` times the units in a pack of `barcode`. Null where `quantity` is given,
    /// and leaves it as it is.
    pub packs: Option<i32>,
    /// Barcode of the packs, one of the line's product; another product's is INVALID. Null without `packs`.
    pub barcode: Option<String>,
    /// Price of one whole unit, for the whole line, while none of it has been shipped. Null leaves it as it is. Needs
    /// `order.price`.
    pub unit_price: Option<MoneyInput>,
    /// Discount on the quantity of the line. Null leaves it as it is. Needs `order.price`.
    pub discount: Option<MoneyInput>,
    /// Tax on the quantity of the line, as an amount; it replaces a tax rate. Null leaves it as it is. Needs `order.price`.
    pub tax: Option<MoneyInput>,
    /// Tax as a fraction of the price less the discount, from 0 to 1 with at most six decimals: 0.2 is 20 %. The tax follows quantity, price and
    /// discount from now on; a `tax` beside it must be that amount. Null leaves the tax as it is. Needs `order.price`.
    pub tax_rate: Option<Decimal>,
}

/// Returns the quantities of lines, for `packs::convert_packs`.
pub(super) fn pack_lines<'a>(lines: &'a mut [OrderLineInput], list: &str) -> Vec<PackLine<'a>> {
    packs::pack_lines(lines, list, "quantity", |line| (line.product.as_ref(), &mut line.quantity, line.packs))
}

/// A rate between 0 and 1.
fn tax_rate(reader: &mut InputErrors, rate: Option<&Decimal>, field: impl FnOnce() -> Path) -> Option<core::TaxRate> {
    match core::TaxRate::parse(&rate?.0) {
        Ok(rate) => Some(rate),
        Err(core::TaxRateError::OutOfRange) => {
            reader.out_of_range("a tax rate lies between 0 and 1: 0.2 is 20 %", field);
            None
        }
        Err(core::TaxRateError::NotANumber | core::TaxRateError::TooManyDecimals) => {
            reader.invalid("a decimal number with at most six decimals is expected, as in 0.2", field);
            None
        }
    }
}

impl OrderLineInput {
    /// A line of a list of the input.
    pub(super) fn read(self, list: &str, index: usize, reader: &mut InputErrors) -> shell::NewOrderLine {
        let at = |name: &str| path!["input", list, index, name];
        shell::NewOrderLine {
            kind: self.kind.into(),
            product: self.product.map(|product| reader.product(product, || at("product"))),
            name: self.name,
            quantity: reader.units(self.quantity, || at("quantity")),
            unit_price: reader.money(self.unit_price.as_ref(), || at("unitPrice")),
            discount: reader.money(self.discount.as_ref(), || at("discount")),
            tax: reader.money(self.tax.as_ref(), || at("tax")),
            tax_rate: tax_rate(reader, self.tax_rate.as_ref(), || at("taxRate")),
        }
    }
}

/// The line by whichever name it was given. Nil takes its place until the reading ends.
fn read_line_id(
    (line_id, deprecated_id): (Option<ID>, Option<ID>),
    field: impl Fn() -> Path,
    reader: &mut InputErrors,
) -> OrderLineId {
    if line_id.is_some() && deprecated_id.is_some() && line_id != deprecated_id {
        reader.invalid("lineId and id name two lines: give lineId alone", &field);
    }
    if let Some(id) = line_id.or(deprecated_id) {
        return reader.id(&id, field);
    }
    reader.required("the line is needed", field);
    OrderLineId::NIL
}

impl OrderLineSet {
    pub(super) fn read(self, index: usize, reader: &mut InputErrors) -> shell::SetLine {
        let at = |name: &str| path!["input", "setLines", index, name];
        shell::SetLine {
            line: read_line_id((self.line_id, self.id), || at("lineId"), reader),
            quantity: self.quantity.map(|quantity| quantity.0),
            unit_price: reader.money(self.unit_price.as_ref(), || at("unitPrice")),
            discount: reader.money(self.discount.as_ref(), || at("discount")),
            tax: reader.money(self.tax.as_ref(), || at("tax")),
            tax_rate: tax_rate(reader, self.tax_rate.as_ref(), || at("taxRate")),
        }
    }
}
