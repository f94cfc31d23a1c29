//! What a code may be the name of.

use entity::prelude::Numbered;
use inventory::{
    catalog::core::{gtin, text},
    numbering::core::Patterns,
};

use super::Reading;

/// A kind of thing that is found by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Product,
    Order,
    Customer,
    Supplier,
    PurchaseOrder,
    Transfer,
    Return,
    Stocktake,
    Lot,
    Store,
    Category,
    SupplierReturn,
    BlanketOrder,
}

impl Kind {
    pub const ALL: [Self; 13] = [
        Self::Product,
        Self::Order,
        Self::Customer,
        Self::Supplier,
        Self::PurchaseOrder,
        Self::Transfer,
        Self::Return,
        Self::Stocktake,
        Self::Lot,
        Self::Store,
        Self::Category,
        Self::SupplierReturn,
        Self::BlanketOrder,
    ];
    /// The documents that have numbers.
    pub const NUMBERED: [(Self, Numbered); 7] = [
        (Self::Order, Numbered::Order),
        (Self::PurchaseOrder, Numbered::PurchaseOrder),
        (Self::Transfer, Numbered::Transfer),
        (Self::Stocktake, Numbered::Count),
        (Self::Return, Numbered::Return),
        (Self::SupplierReturn, Numbered::SupplierReturn),
        (Self::BlanketOrder, Numbered::BlanketOrder),
    ];
}

/// What names a thing, in the order in which matches come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchedBy {
    Barcode,
    Sku,
    Number,
    LotCode,
    Serial,
    StoreCode,
    ExternalRef,
}

/// The names to look for. A code without elements is looked for as it is; one with elements by what they say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The key of a barcode.
    pub barcode: Option<String>,
    /// That of the item without its pack, where a pack has no barcode of its own.
    pub base: Option<String>,
    /// A number of documents, and the kinds that may have it.
    pub number: Option<(i64, Vec<Kind>)>,
    /// The folded code of a lot or of a unit with a serial number.
    pub lots: Vec<String>,
    /// The text itself: a SKU or a code by its folded form, and a reference as it is.
    pub text: Option<String>,
}

impl Names {
    /// The patterns say which letters stand before numbers.
    pub fn of(code: &str, reading: &Reading, patterns: &Patterns) -> Self {
        if !reading.elements.is_empty() {
            let gtin = reading.gtin();
            let lots = [reading.lot(), reading.serial()].into_iter().flatten().map(text::fold).collect();
            return Self { barcode: gtin.map(gtin::key), base: gtin.and_then(base_item), lots, ..Self::default() };
        }
        let code = code.trim();
        if code.is_empty() || code.contains('\0') || code.len() > super::MOST_BYTES {
            return Self::default();
        }
        let digits = gtin::key_of_typed(code);
        Self {
            base: Some(digits.as_str()).filter(|digits| gtin::wrong_check_digit(digits).is_none()).and_then(base_item),
            barcode: Some(digits),
            number: numbered(code, patterns),
            lots: vec![text::fold(code)],
            text: Some(text::kept(code)),
        }
    }
}

/// The number that a text is, with or without the letters of its kind; capitals and zeros before it do not count.
pub fn numbered(code: &str, patterns: &Patterns) -> Option<(i64, Vec<Kind>)> {
    let found = |(kind, of): &(Kind, Numbered)| Some((*kind, patterns.number(*of, code)?));
    // The digits at the end are the number of each kind whose letters stand before them.
    let found: Vec<(Kind, i64)> = Kind::NUMBERED.iter().filter_map(found).collect();
    let (_, number) = *found.first()?;
    Some((number, found.into_iter().map(|(kind, _)| kind).collect()))
}

/// Of a pack's fourteen digits that begin with 1 to 8, the key of the item in it: without the first digit, and checked anew (General
/// Specifications, 2.1.6).
fn base_item(gtin: &str) -> Option<String> {
    if gtin.len() != 14 || !matches!(gtin.as_bytes().first(), Some(b'1'..=b'8')) {
        return None;
    }
    let body = format!("0{}0", gtin.get(1..13)?);
    let check = gtin::expected_check_digit(&body)?;
    Some(format!("{}{}", body.get(..13)?, char::from(check)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_named_by_its_number_with_or_without_its_letters() {
        let all = Kind::NUMBERED.map(|(kind, _)| kind).to_vec();
        let numbered = |code: &str| numbered(code, &Patterns::default());
        assert_eq!(numbered("7"), Some((7, all.clone())));
        assert_eq!(numbered("000007"), Some((7, all)));
        for same in ["PO-7", "po-000007", "Po-07"] {
            assert_eq!(numbered(same), Some((7, vec![Kind::PurchaseOrder])), "{same}");
        }
        for none in ["", "-7", "PO-", "XX-7", "PO7", "7a", "1234567890123456789", "PO-7-7"] {
            assert_eq!(numbered(none), None, "{none}");
        }
    }

    #[test]
    fn the_item_in_a_pack_has_the_same_digits_and_a_check_digit_of_its_own() {
        assert_eq!(base_item("10012345678902").as_deref(), Some("00012345678905"));
        assert_eq!(base_item("00012345678905"), None);
        assert_eq!(base_item("90012345678902"), None);
        assert_eq!(base_item("4006381333931"), None);
    }
}
