//! A line of an order: as it is given, as it is placed, and as the audit log has it.

use entity::prelude::*;
use platform::audit::money;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    amounts::{Basis, Placed},
    create::is_sold,
    kit::{self, Part},
    order::{OrderBook, count},
    refusal::{LineRefusal, Refusal},
    stated::stated,
    tax_rate::TaxRate,
};
use crate::stock::core::{At, Draft, Facts, Field, LevelKey, Rejection, RoomRefusal};

/// A line as it is given, whose product is named by a `P`. Its JSON is part of what an idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct NewLine<P = ProductId> {
    pub kind: LineKind,
    pub product: Option<P>,
    pub name: Option<String>,
    pub quantity: Quantity,
    /// On a product it is an override and needs `order.price`.
    pub unit_price: Option<Money>,
    pub discount: Option<Money>,
    pub tax: Option<Money>,
    /// Of the price less the discount. Where the tax is said too, it is what that comes to.
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
    /// The same line with its product, where it has one, as `find` gives it.
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

/// A line: quantity = open + backordered + cancelled + fulfilled. After DRAFT `quantity` and `cancelled` only rise, what it is of stays, and its
/// price stays once anything of it has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 1-based.
    pub position: u16,
    pub item: LineItem,
    /// As they were when it was placed.
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub quantity: Quantity,
    pub open: Quantity,
    pub backordered: Quantity,
    pub cancelled: Quantity,
    pub fulfilled: Quantity,
    pub returned: Quantity,
    /// Asked back or approved to come back, and not come yet: returned + return_pending <= fulfilled.
    pub return_pending: Quantity,
    /// For one whole unit.
    pub unit_price: Money,
    pub discount: Money,
    pub tax: Money,
    pub total: Money,
    pub basis: Basis,
    /// None while it is as it was placed but for what became of its units.
    pub placed: Option<Placed>,
    pub unit_cost: Option<Money>,
}

/// What a line is of, as it was when the order was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineItem {
    /// Something that is no stock.
    Charge,
    Product {
        product: ProductId,
        policy: StockPolicy,
    },
    /// No stock is kept of a kit, but of its parts.
    Kit {
        product: ProductId,
        parts: Vec<Part>,
    },
}

impl LineItem {
    /// Makes a kit of a product of which no stock is kept, or adds a part to the kit. Says whether it may have parts.
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
    /// How stock of its own product is kept.
    pub const fn policy(&self) -> StockPolicy {
        match self.item {
            LineItem::Product { policy, .. } => policy,
            LineItem::Charge | LineItem::Kit { .. } => StockPolicy::Untracked,
        }
    }
    /// What one kit takes from stock; empty of anything else.
    pub fn parts(&self) -> &[Part] {
        match &self.item {
            LineItem::Kit { parts, .. } => parts,
            LineItem::Charge | LineItem::Product { .. } => &[],
        }
    }
    pub const fn is_kit(&self) -> bool {
        matches!(self.item, LineItem::Kit { .. })
    }
    /// Whether stock of its own product is held and moved for the line.
    pub fn is_stocked(&self) -> bool {
        self.policy() != StockPolicy::Untracked
    }
    /// What leaves stock with one unit of it, and how much of that; nothing where no stock is kept.
    pub fn goods(&self) -> impl Iterator<Item = (ProductId, i64)> + '_ {
        let own = self.product().filter(|_| self.is_stocked()).map(|product| (product, 1));
        own.into_iter().chain(self.parts().iter().map(|part| (part.product, part.quantity.get())))
    }
    /// What is still to be delivered.
    pub fn outstanding(&self) -> i64 {
        self.open.get() + self.backordered.get()
    }
    /// Delivers `quantity`: what is open first, then what was backordered. As many units as are still `held` stay open: backordered ones are delivered
    /// before those.
    pub fn fulfil(&mut self, quantity: i64, held: i64) {
        let owed = self.outstanding() - quantity;
        let open = held.min(owed).min(self.open.get()).max(self.open.get() - quantity);
        self.open = count(open);
        self.backordered = count(owed - open);
        self.fulfilled = count(self.fulfilled.get() + quantity);
    }
    /// What may still be asked back: each unit delivered comes back once.
    pub fn returnable(&self) -> i64 {
        self.fulfilled.get() - self.returned.get() - self.return_pending.get()
    }
    pub fn cancel_rest(&mut self) {
        self.cancelled = count(self.cancelled.get() + self.outstanding());
        self.open = Quantity::ZERO;
        self.backordered = Quantity::ZERO;
    }
    /// The fields of the line that the audit log has, under the names of the API, with discount and tax of what counts of it.
    pub fn traced(&self) -> [(&'static str, Value); 8] {
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
        let (discount, tax) = amounts.map_or((*discount, *tax), |of| (of.discount, of.tax));
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
    /// Units of an item for nothing, all of them open, from which tests make theirs.
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

/// The line at a position, typed at a place; and its store's time zone, where a level knows it.
pub(super) fn price_line(
    (book, draft): (&OrderBook, &Draft<'_>),
    store: StoreId,
    (position, place): (u16, At),
    new: &NewLine,
) -> Result<(Line, Option<String>), Rejection> {
    let at = |name: Field| place.field(name);
    if !new.quantity.is_positive() {
        return Err(LineRefusal::NotPositive.at(at(Field::Quantity)));
    }
    let facts = match (new.kind, new.product) {
        (LineKind::Product, Some(product)) => {
            let level = draft.level(LevelKey { product, store }, at(Field::Product))?;
            for_sale(&level.facts, at(Field::Product))?;
            Some(&*level.facts)
        }
        (LineKind::Product, None) => return Err(LineRefusal::ProductUnnamed.at(at(Field::Product))),
        (LineKind::Charge, Some(_)) => return Err(LineRefusal::ChargeWithProduct.at(at(Field::Product))),
        (LineKind::Charge, None) => None,
    };
    let unit_price = new.unit_price.or_else(|| facts.and_then(|f| f.price));
    let Some(unit_price) = unit_price else {
        return Err(LineRefusal::NoPrice.at(at(Field::UnitPrice)));
    };
    if unit_price.minor < 0 && new.kind == LineKind::Product {
        return Err(LineRefusal::NegativePrice.at(at(Field::UnitPrice)));
    }
    let name = match (facts, &new.name) {
        (Some(facts), _) => facts.name.clone(),
        (None, Some(name)) => name.clone(),
        (None, None) => return Err(LineRefusal::ChargeUnnamed.at(at(Field::Name))),
    };
    let parts = kit::parts(book, facts, new, place)?;
    let decimals = facts.map_or(0, |f| f.decimals);
    let too_large = || LineRefusal::TooLarge.at(at(Field::Quantity));
    let gross = unit_price.times(new.quantity, decimals).ok_or_else(too_large)?;
    let amounts = stated(new, gross, place)?;
    let total = amounts.total().ok_or_else(too_large)?;
    let cost = if parts.is_empty() { facts.and_then(|f| f.cost) } else { kit::cost(draft, store, &parts) };
    let item = match new.product {
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
        quantity: new.quantity,
        open: new.quantity,
        backordered: Quantity::ZERO,
        cancelled: Quantity::ZERO,
        fulfilled: Quantity::ZERO,
        returned: Quantity::ZERO,
        return_pending: Quantity::ZERO,
        unit_price,
        discount: amounts.discount,
        tax: amounts.tax,
        total,
        basis: Basis { quantity: new.quantity, discount: amounts.discount, tax: amounts.tax, rate: new.tax_rate },
        placed: None,
        // The row keeps it in the order's currency.
        unit_cost: cost.filter(|cost| cost.currency == unit_price.currency),
    };
    Ok((line, facts.map(|f| f.time_zone.clone())))
}

fn for_sale(facts: &Facts, field: At) -> Result<(), Rejection> {
    is_sold(facts, field)?;
    if facts.store_archived {
        return Err(Refusal::StoreArchived.at(At::input(Field::Store)));
    }
    Ok(())
}
