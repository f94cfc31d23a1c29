//! A row as it was read, and its cells by the names of their fields.

use std::collections::HashMap;

use entity::prelude::*;
use inventory::catalog::core::{Patch, gtin, product::MoneyText, text::fold};

use super::{
    cells::Cell,
    options::Decimal,
    refusal::{Refusal, Refused},
};

/// A row as it was read: a cell for each field of its noun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// From 1, without the header.
    pub number: i64,
    /// Cells of the record, or the reason why it could not be read.
    pub cells: Result<Vec<Option<Cell>>, String>,
}

/// Rows that the names in a chunk refer to, looked up in advance.
#[derive(Debug, Clone, Default)]
pub struct ResolvedNames {
    /// By slug.
    pub categories: HashMap<String, CategoryId>,
    /// By folded code.
    pub suppliers: HashMap<String, SupplierId>,
    /// Folded SKUs of existing products.
    pub skus: HashMap<String, ProductId>,
    pub barcodes: HashMap<String, ProductId>,
    /// By folded code.
    pub stores: HashMap<String, StoreId>,
    /// By folded code.
    pub channels: HashMap<String, ChannelId>,
    /// By reference.
    pub customers: HashMap<String, CustomerId>,
    /// Currency of amounts whose row names none.
    pub currency: String,
    /// Decimal sign of amounts that are texts.
    pub decimal: Decimal,
}

/// The cells of a row by the names of their fields.
pub struct Cells<'a> {
    pub(super) names: &'static [&'static str],
    pub(super) number: i64,
    pub(super) cells: &'a [Option<Cell>],
}

impl<'a> Cells<'a> {
    fn get(&self, field: &str) -> Option<&'a Cell> {
        let at = self.names.iter().position(|name| *name == field)?;
        self.cells.get(at)?.as_ref()
    }

    /// Text of a field that is present and not cleared.
    pub fn text(&self, field: &str) -> Option<&'a str> {
        match self.get(field)? {
            Cell::Text(text) | Cell::Number(text) => Some(text),
            Cell::Clear => None,
        }
    }

    pub(super) fn patch<T>(&self, field: &str, parse: impl FnOnce(&str) -> Result<T, Refusal>) -> Result<Patch<T>, Refused> {
        Ok(match self.get(field) {
            None => Patch::Keep,
            Some(Cell::Clear) => Patch::Clear,
            Some(Cell::Text(text) | Cell::Number(text)) => {
                Patch::Set(parse(text.trim()).map_err(|refusal| Refused::new(self.number, field, refusal))?)
            }
        })
    }
    pub(super) fn texts(&self, field: &str) -> Patch<String> {
        match self.get(field) {
            None => Patch::Keep,
            Some(Cell::Clear) => Patch::Clear,
            Some(Cell::Text(text) | Cell::Number(text)) => Patch::Set(text.clone()),
        }
    }

    /// A whole number that has to be there.
    pub fn number(&self, field: &str) -> Result<i64, Refused> {
        match self.text(field) {
            Some(text) => parse_whole(text.trim()).map_err(|refusal| Refused::new(self.number, field, refusal)),
            None => Err(Refused::required(self.number, field)),
        }
    }

    /// The row's number.
    pub fn row(&self) -> i64 {
        self.number
    }

    /// Returns the ID that a name refers to; None if the row has no name.
    pub fn resolve_name<K: entity::id::Kind>(
        &self,
        (field, noun): (&str, &'static str),
        ids: &HashMap<String, Id<K>>,
        key: fn(&str) -> String,
    ) -> Result<Option<Id<K>>, Refused> {
        let Some(text) = self.text(field).map(str::trim) else { return Ok(None) };
        resolve_name(text, ids, &key(text)).map(Some).ok_or_else(|| Refused::missing(self.number, field, noun))
    }

    /// The product that the row names.
    pub fn product(&self, names: &ResolvedNames) -> Result<ProductId, Refused> {
        if let Some(product_id) = self.resolve_name(("sku", "product"), &names.skus, fold)? {
            return Ok(product_id);
        }
        let code = self.text("barcode").ok_or_else(|| Refused::required(self.number, "sku"))?;
        names.barcodes.get(&gtin::key(code.trim())).copied().ok_or_else(|| Refused::missing(self.number, "barcode", "product"))
    }

    /// The store that the row names.
    pub fn store(&self, names: &ResolvedNames) -> Result<StoreId, Refused> {
        self.resolve_name(("store", "store"), &names.stores, fold)?.ok_or_else(|| Refused::required(self.number, "store"))
    }

    pub(super) fn money(&self, field: &str, currency: &str, names: &ResolvedNames) -> Result<Patch<MoneyText>, Refused> {
        let currency = self.text(currency).map_or_else(|| names.currency.clone(), |text| text.trim().to_uppercase());
        let decimal = match self.get(field) {
            Some(Cell::Number(_)) => Decimal::Point,
            _ => names.decimal,
        };
        self.patch(field, |amount| Ok(MoneyText { amount: with_decimal_point(amount, decimal)?, currency }))
    }

    /// An amount that is exact in its currency.
    pub fn amount(&self, field: &str, currency: &str, names: &ResolvedNames) -> Result<Option<Money>, Refused> {
        let Patch::Set(money) = self.money(field, currency, names)? else { return Ok(None) };
        let refused = |refusal: Refusal| Refused::new(self.number, field, refusal);
        let currency = Currency::parse(&money.currency).ok_or_else(|| refused(Refusal::NoCurrency))?;
        Money::parse(&money.amount, currency).map(Some).map_err(|refusal| refused(Refusal::Amount(refusal)))
    }

    pub(super) fn resolve_value<T: Copy + ToString>(
        &self,
        (field, noun): (&str, &'static str),
        lookup: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Patch<String>, Refused> {
        Ok(match self.get(field) {
            None => Patch::Keep,
            Some(Cell::Clear) => Patch::Clear,
            Some(Cell::Text(text) | Cell::Number(text)) => {
                let id = lookup(text.trim()).ok_or_else(|| Refused::missing(self.number, field, noun))?;
                Patch::Set(id.to_string())
            }
        })
    }
}

/// An amount with a decimal point. Thousands separators are not accepted: each of them is the other format's decimal separator.
fn with_decimal_point(amount: &str, decimal: Decimal) -> Result<String, Refusal> {
    match decimal {
        Decimal::Point => Ok(amount.to_owned()),
        Decimal::Comma if amount.contains('.') => Err(Refusal::Pointed { text: excerpt(amount) }),
        Decimal::Comma => Ok(amount.replacen(',', ".", 1)),
    }
}

pub(super) fn parse_whole(text: &str) -> Result<i64, Refusal> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    digits.parse().map_err(|_| Refusal::NotWhole { text: excerpt(text) })
}

/// Start of a text, as far as a message shows it.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The ID in the text, or the one found for the name.
pub(super) fn resolve_name<K: entity::id::Kind>(text: &str, ids: &HashMap<String, Id<K>>, key: &str) -> Option<Id<K>> {
    text.parse().ok().or_else(|| ids.get(key).copied())
}
