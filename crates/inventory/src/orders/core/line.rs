//! A line of an order: as input, as placed, and as written to the audit log.

use entity::prelude::*;
use platform::audit::money;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    amounts::{Amounts, Basis, PlacedLine},
    kit::{self, Kits, Part},
    refusal::{LineRefusal, Refusal},
    stated_amounts::{stated_or_zero, tax_of},
    tax_rate::TaxRate,
};
use crate::stock::core::{At, Draft, Facts, Field, LevelKey, Rejection, RoomRefusal};

/// Input of a line, with a product reference of type `P`. Its JSON is part of the input that an
/// idempotency key's hash covers.
#[derive(Debug, Clone, Serialize)]
pub struct NewLine<P = ProductId> {
    pub kind: LineKind,
    pub product: Option<P>,
    pub name: Option<String>,
    pub quantity: Quantity,
    /// Unit price; for a product it overrides the listed one and needs `order.price`.
    pub unit_price: Option<Money>,
    pub discount: Option<Money>,
    pub tax: Option<Money>,
    /// Rate on the price less the discount. If the tax is given too, it must be the rate's result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
}

impl NewLine {
    /// Units of a kind, without any other detail.
    pub fn of(kind: LineKind, quantity: Quantity) -> Self {
        Self { kind, product: None, name: None, quantity, unit_price: None, discount: None, tax: None, tax_rate: None }
    }
}

impl<P> NewLine<P> {
    /// Returns the line with its product, if any, replaced by the result of `find`.
    pub fn with_product<Q>(&self, find: impl FnOnce(&P) -> Q) -> NewLine<Q> {
        let Self { kind, product, name, quantity, unit_price, discount, tax, tax_rate } = self;
        NewLine {
            kind: *kind,
            product: product.as_ref().map(find),
            name: name.clone(),
            quantity: *quantity,
            unit_price: *unit_price,
            discount: *discount,
            tax: *tax,
            tax_rate: *tax_rate,
        }
    }
}

/// A line: quantity = open + backordered + cancelled + fulfilled. After DRAFT `quantity` and
/// `cancelled` only rise, its item never changes, and its price is fixed once any units have left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 1-based.
    pub position: u16,
    pub item: LineItem,
    /// SKU, name and decimals, as they were when the order was placed.
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub quantity: Quantity,
    pub open: Quantity,
    pub backordered: Quantity,
    pub cancelled: Quantity,
    pub fulfilled: Quantity,
    pub returned: Quantity,
    /// Units of returns that are requested or approved, and not received yet: returned +
    /// return_pending <= fulfilled.
    pub return_pending: Quantity,
    /// Price of one whole unit.
    pub unit_price: Money,
    pub discount: Money,
    pub tax: Money,
    pub total: Money,
    pub basis: Basis,
    /// None until an edit changes the line.
    pub placed: Option<PlacedLine>,
    pub unit_cost: Option<Money>,
}

/// Subject of a line, as it was when the order was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineItem {
    /// An item without stock.
    Charge,
    Product {
        product: ProductId,
        policy: StockPolicy,
    },
    /// A kit has no stock of its own, but its parts have.
    Kit {
        product: ProductId,
        parts: Vec<Part>,
    },
}

impl LineItem {
    /// Makes an untracked product a kit, or adds a part to a kit. Returns false if the item cannot
    /// have parts.
    pub fn add_part(&mut self, part: Part) -> bool {
        match self {
            Self::Kit { parts, .. } => parts.push(part),
            Self::Product { product, policy: StockPolicy::Untracked } => {
                *self = Self::Kit { product: *product, parts: vec![part] };
            }
            Self::Product { .. } | Self::Charge => return false,
        }
        true
    }
}

impl Line {
    pub const fn kind(&self) -> LineKind {
        match self.item {
            LineItem::Charge => LineKind::Charge,
            LineItem::Product { .. } | LineItem::Kit { .. } => LineKind::Product,
        }
    }
    pub const fn product(&self) -> Option<ProductId> {
        match self.item {
            LineItem::Charge => None,
            LineItem::Product { product, .. } | LineItem::Kit { product, .. } => Some(product),
        }
    }
    /// Returns the stock policy of the line's own product.
    pub const fn policy(&self) -> StockPolicy {
        match self.item {
            LineItem::Product { policy, .. } => policy,
            LineItem::Charge | LineItem::Kit { .. } => StockPolicy::Untracked,
        }
    }
    /// Returns the parts of one kit; empty if the line is no kit.
    pub fn parts(&self) -> &[Part] {
        match &self.item {
            LineItem::Kit { parts, .. } => parts,
            LineItem::Charge | LineItem::Product { .. } => &[],
        }
    }
    pub const fn is_kit(&self) -> bool {
        matches!(self.item, LineItem::Kit { .. })
    }
    /// True if the line's own product has stock that is reserved and moved.
    pub fn is_stocked(&self) -> bool {
        self.policy() != StockPolicy::Untracked
    }
    /// Returns the products that leave stock with one unit of the line, and their quantities; empty
    /// if no stock is kept.
    pub fn goods(&self) -> impl Iterator<Item = (ProductId, i64)> + '_ {
        let direct_goods = self.product().filter(|_| self.is_stocked()).map(|product| (product, 1));
        direct_goods.into_iter().chain(self.parts().iter().map(|part| (part.product, part.quantity.get())))
    }
    /// Returns the quantity that is still to be delivered.
    pub fn outstanding(&self) -> i64 {
        self.open.get() + self.backordered.get()
    }
    /// Delivers `quantity`: open units first, then backordered ones. `held_quantity` units stay open:
    /// backordered units are delivered before those.
    pub fn fulfil(&mut self, quantity: i64, held_quantity: i64) {
        let remaining = self.outstanding() - quantity;
        let open = held_quantity.min(remaining).min(self.open.get()).max(self.open.get() - quantity);
        self.open = count(open);
        self.backordered = count(remaining - open);
        self.fulfilled = count(self.fulfilled.get() + quantity);
    }
    /// Returns the quantity that may still be returned: each delivered unit can be returned once.
    pub fn returnable(&self) -> i64 {
        self.fulfilled.get() - self.returned.get() - self.return_pending.get()
    }
    pub fn cancel_rest(&mut self) {
        self.cancelled = count(self.cancelled.get() + self.outstanding());
        self.open = Quantity::ZERO;
        self.backordered = Quantity::ZERO;
    }
    /// Returns the fields of the line for the audit log, under the names of the API, with discount
    /// and tax of the quantity that is not cancelled.
    pub fn audit_fields(&self) -> [(&'static str, Value); 8] {
        let Self {
            position: _,
            item: _,
            sku,
            name,
            decimals: _,
            quantity: _,
            open: _,
            backordered: _,
            cancelled: _,
            fulfilled: _,
            returned: _,
            return_pending: _,
            unit_price,
            discount,
            tax,
            total: _,
            basis,
            placed: _,
            unit_cost: _,
        } = self;
        let amounts = Quantity::new(self.current()).and_then(|current| self.amounts(current));
        let (discount, tax) =
            amounts.map_or((*discount, *tax), |current_amounts| (current_amounts.discount, current_amounts.tax));
        [
            ("sku", json!(sku)),
            ("name", json!(name)),
            ("quantity", json!(self.current())),
            ("unitPrice", money(Some(*unit_price))),
            ("discount", money(Some(discount))),
            ("tax", money(Some(tax))),
            ("taxRate", json!(basis.rate.map(|rate| rate.to_string()))),
            ("total", money(Some(self.current_total()))),
        ]
    }
    /// Returns open units of an item without a price, for tests.
    pub fn free(position: u16, item: LineItem, quantity: Quantity) -> Self {
        let nothing = Money::zero(Currency::GBP);
        Self {
            position,
            item,
            sku: "SKU".to_owned(),
            name: "Name".to_owned(),
            decimals: 0,
            quantity,
            open: quantity,
            backordered: Quantity::ZERO,
            cancelled: Quantity::ZERO,
            fulfilled: Quantity::ZERO,
            returned: Quantity::ZERO,
            return_pending: Quantity::ZERO,
            unit_price: nothing,
            discount: nothing,
            tax: nothing,
            total: nothing,
            basis: Basis { quantity, discount: nothing, tax: nothing, rate: None },
            placed: None,
            unit_cost: None,
        }
    }
}

impl From<&Line> for PlacedLine {
    fn from(line: &Line) -> Self {
        Self { quantity: line.quantity, unit_price: line.unit_price, discount: line.discount, total: line.total }
    }
}

/// Converts a count that was computed from counts within the range.
pub(crate) fn count(value: i64) -> Quantity {
    debug_assert!(value >= 0, "a line's counters never go below 0");
    Quantity::new(value.max(0)).unwrap_or(Quantity::ZERO)
}

/// Returns the line at a position, from the input at a place, and its store's time zone if a level
/// is loaded.
pub(super) fn price_line(
    (kits, draft): (&Kits, &Draft<'_>),
    store: StoreId,
    (position, place): (u16, At),
    new_line: &NewLine,
) -> Result<(Line, Option<String>), Rejection> {
    let at = |name: Field| place.field(name);
    if !new_line.quantity.is_positive() {
        return Err(LineRefusal::NotPositive.at(at(Field::Quantity)));
    }
    let facts = match (new_line.kind, new_line.product) {
        (LineKind::Product, Some(product)) => {
            let level = draft.level(LevelKey { product, store }, at(Field::Product))?;
            check_for_sale(&level.facts, at(Field::Product))?;
            Some(&*level.facts)
        }
        (LineKind::Product, None) => return Err(LineRefusal::ProductUnnamed.at(at(Field::Product))),
        (LineKind::Charge, Some(_)) => return Err(LineRefusal::ChargeWithProduct.at(at(Field::Product))),
        (LineKind::Charge, None) => None,
    };
    let unit_price = new_line.unit_price.or_else(|| facts.and_then(|f| f.price));
    let Some(unit_price) = unit_price else {
        return Err(LineRefusal::NoPrice.at(at(Field::UnitPrice)));
    };
    if unit_price.minor < 0 && new_line.kind == LineKind::Product {
        return Err(LineRefusal::NegativePrice.at(at(Field::UnitPrice)));
    }
    let name = match (facts, &new_line.name) {
        (Some(facts), _) => facts.name.clone(),
        (None, Some(name)) => name.clone(),
        (None, None) => return Err(LineRefusal::ChargeUnnamed.at(at(Field::Name))),
    };
    let parts = kit::parts(kits, facts, (new_line.product, new_line.quantity), place)?;
    let decimals = facts.map_or(0, |f| f.decimals);
    let too_large = || LineRefusal::TooLarge.at(at(Field::Quantity));
    let gross = unit_price.times(new_line.quantity, decimals).ok_or_else(too_large)?;
    let amounts = stated_line_amounts(new_line, gross, place)?;
    let total = amounts.total().ok_or_else(too_large)?;
    let cost = if parts.is_empty() { facts.and_then(|f| f.cost) } else { kit::cost(draft, store, &parts) };
    let item = match new_line.product {
        None => LineItem::Charge,
        Some(product) if parts.is_empty() => {
            LineItem::Product { product, policy: facts.map_or(StockPolicy::Untracked, |facts| facts.policy) }
        }
        Some(product) => LineItem::Kit { product, parts },
    };
    let line = Line {
        position,
        item,
        sku: facts.map_or_else(|| name.clone(), |f| f.sku.clone()),
        name,
        decimals,
        quantity: new_line.quantity,
        open: new_line.quantity,
        backordered: Quantity::ZERO,
        cancelled: Quantity::ZERO,
        fulfilled: Quantity::ZERO,
        returned: Quantity::ZERO,
        return_pending: Quantity::ZERO,
        unit_price,
        discount: amounts.discount,
        tax: amounts.tax,
        total,
        basis: Basis { quantity: new_line.quantity, discount: amounts.discount, tax: amounts.tax, rate: new_line.tax_rate },
        placed: None,
        // The row stores the cost in the order's currency.
        unit_cost: cost.filter(|cost| cost.currency == unit_price.currency),
    };
    Ok((line, facts.map(|f| f.time_zone.clone())))
}

/// Returns the amounts of a new line with its stated discount and tax.
fn stated_line_amounts(new_line: &NewLine, gross: Money, place: At) -> Result<Amounts, Rejection> {
    let at = |name: Field| place.field(name);
    let discount = stated_or_zero(new_line.discount, gross, at(Field::Discount))?;
    let tax = stated_or_zero(new_line.tax, gross, at(Field::Tax))?;
    if discount.minor > gross.minor.max(0) {
        return Err(LineRefusal::DiscountAbovePrice.at(at(Field::Discount)));
    }
    let amounts = Amounts { gross, discount, tax };
    Ok(match new_line.tax_rate {
        Some(rate) => Amounts { tax: tax_of(rate, &amounts, new_line.tax, at(Field::TaxRate))?, ..amounts },
        None => amounts,
    })
}

fn check_for_sale(facts: &Facts, field: At) -> Result<(), Rejection> {
    check_product_active(facts, field)?;
    if facts.store_archived {
        return Err(Refusal::StoreArchived.at(At::input(Field::Store)));
    }
    Ok(())
}

/// Rejects products that are not active.
pub(super) fn check_product_active(facts: &Facts, field: At) -> Result<(), Rejection> {
    if facts.status != ProductStatus::Active {
        return Err(LineRefusal::NotActive { sku: facts.sku.clone(), status: facts.status }.at(field));
    }
    Ok(())
}
