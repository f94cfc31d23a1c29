//! Names by which a code may match records.

use entity::prelude::Numbered;
use inventory::{
    catalog::core::{gtin, text},
    numbering::core::Patterns,
};

use super::{
    check_digit::is_sscc,
    reading::{MAX_BYTES, ScannedCode},
};

/// Maximum digits of a number, without leading zeros.
const MAX_DIGITS: usize = 18;

/// Kind of a row that is found by its names.
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
    /// An invoice or a credit note.
    Invoice,
    Revaluation,
    Reversal,
    FulfilmentWork,
    Parcel,
}

impl Kind {
    pub const ALL: [Self; 18] = [
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
        Self::Invoice,
        Self::Revaluation,
        Self::Reversal,
        Self::FulfilmentWork,
        Self::Parcel,
    ];
    /// The documents that the tenant numbers. Invoices are numbered by their legal entity, and
    /// fulfilments by their order.
    pub const NUMBERED: [(Self, Numbered); 9] = [
        (Self::Order, Numbered::Order),
        (Self::PurchaseOrder, Numbered::PurchaseOrder),
        (Self::Transfer, Numbered::Transfer),
        (Self::Stocktake, Numbered::Count),
        (Self::Return, Numbered::Return),
        (Self::SupplierReturn, Numbered::SupplierReturn),
        (Self::BlanketOrder, Numbered::BlanketOrder),
        (Self::Revaluation, Numbered::Revaluation),
        (Self::Reversal, Numbered::Reversal),
    ];
}

/// Field by which a record is found, in the order in which matches come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchedBy {
    Barcode,
    Sku,
    Number,
    LotCode,
    Serial,
    StoreCode,
    SupplierCode,
    CategorySlug,
    ExternalRef,
    TrackingNumber,
}

/// The names to search for. A code without elements is searched as text; one with elements by their
/// values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The key of a barcode.
    pub barcode: Option<String>,
    /// Key of the item without its pack, if a pack has no barcode of its own.
    pub base: Option<String>,
    /// A number of documents, and the kinds that may have it.
    pub number: Option<(i64, Vec<Kind>)>,
    /// The number of an invoice or a credit note.
    pub invoice: Option<InvoiceNumber>,
    /// The printed number of an invoice or a credit note: a prefix may be left out, or end with
    /// digits.
    pub label: Option<String>,
    pub work: Option<WorkNumber>,
    /// Tracking numbers of parcels, as printed by carriers.
    pub tracking: Vec<String>,
    /// The folded code of a lot or of a unit with a serial number.
    pub lots: Vec<String>,
    /// The text itself: folded for SKUs and codes, unchanged for references.
    pub text: Option<String>,
}

impl Names {
    /// Returns the names of a code. The patterns have the prefixes of numbers.
    pub fn of(code: &str, reading: &ScannedCode, patterns: &Patterns) -> Self {
        if !reading.elements.is_empty() {
            let gtin = reading.gtin();
            let lots = [reading.lot(), reading.serial()].into_iter().flatten().map(text::fold).collect();
            let tracking = tracking_numbers(code, reading.value("00"));
            return Self { barcode: gtin.map(gtin::key), base: gtin.and_then(base_item_gtin), lots, tracking, ..Self::default() };
        }
        let code = code.trim();
        if code.is_empty() || code.contains('\0') || code.len() > MAX_BYTES {
            return Self::default();
        }
        let digits = gtin::key_from_input(code);
        Self {
            base: Some(digits.as_str()).filter(|digits| gtin::wrong_check_digit(digits).is_none()).and_then(base_item_gtin),
            barcode: Some(digits),
            number: parse_number(code, patterns),
            invoice: InvoiceNumber::parse(code),
            label: Some(text::normal_form(code)),
            work: WorkNumber::parse(code, patterns),
            tracking: tracking_numbers(code, Some(code).filter(|digits| is_sscc(digits))),
            lots: vec![text::fold(code)],
            text: Some(text::normal_form(code)),
        }
    }
}

/// Parses a text as a number, with or without the prefix of its kind; case and leading zeros are
/// ignored. Returns the kinds that may have it.
pub fn parse_number(code: &str, patterns: &Patterns) -> Option<(i64, Vec<Kind>)> {
    let numbered_kinds = |(kind, numbered_kind): &(Kind, Numbered)| Some((*kind, patterns.number(*numbered_kind, code)?));
    // The digits at the end are the number of each kind whose prefix precedes them.
    let numbered_kinds: Vec<(Kind, i64)> = Kind::NUMBERED.iter().filter_map(numbered_kinds).collect();
    let (_, number) = *numbered_kinds.first()?;
    Some((number, numbered_kinds.into_iter().map(|(kind, _)| kind).collect()))
}

/// A text that is the number of an invoice or a credit note: the prefix of its legal entity, and
/// digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceNumber {
    pub number: i64,
    /// The printed number, in lower case (of ASCII, as both databases convert it) and without
    /// leading zeros. `None` for digits alone: they may have any prefix.
    pub label: Option<String>,
}

impl InvoiceNumber {
    /// Returns `None` for a text that does not end with digits. A prefix that ends with digits
    /// itself is not recognized: its numbers are found by their printed form.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let prefix = text.trim_end_matches(|sign: char| sign.is_ascii_digit());
        let number = digits(&text[prefix.len()..])?;
        let label = (!prefix.is_empty()).then(|| format!("{}{number}", prefix.to_ascii_lowercase()));
        Some(Self { number, label })
    }
}

/// The number of a fulfilment, as in 1041-2: that of its order, and its position among the order's
/// fulfilments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkNumber {
    pub order: i64,
    pub nth: i32,
}

impl WorkNumber {
    /// The order's number may have its prefix.
    pub fn parse(text: &str, patterns: &Patterns) -> Option<Self> {
        let (order, nth) = text.trim().rsplit_once('-')?;
        Some(Self { order: patterns.number(Numbered::Order, order)?, nth: digits(nth)?.try_into().ok()? })
    }
}

/// Parses a text of digits only, up to 18 after leading zeros, as a number above 0.
fn digits(text: &str) -> Option<i64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.trim_start_matches('0');
    if is_plain && number.len() <= MAX_DIGITS { number.parse().ok() } else { None }
}

/// Returns the tracking numbers that a code may be. Carriers print capitals, which people do not
/// type; the SSCC of a parcel is stored with or without its application identifier.
fn tracking_numbers(code: &str, sscc: Option<&str>) -> Vec<String> {
    let mut spellings = tracking_spellings(&text::normal_form(code.trim()));
    spellings.extend(sscc.into_iter().flat_map(|sscc| [sscc.to_owned(), format!("00{sscc}")]));
    spellings.sort_unstable();
    spellings.dedup();
    spellings
}

/// Returns a tracking number unchanged, and in capitals.
pub fn tracking_spellings(number: &str) -> Vec<String> {
    let mut spellings = vec![number.to_owned(), number.to_ascii_uppercase()];
    spellings.dedup();
    spellings
}

/// Returns the key of the item in a pack, for fourteen digits that begin with 1 to 8: without the
/// first digit, and with a new check digit (General Specifications, 2.1.6).
fn base_item_gtin(gtin: &str) -> Option<String> {
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
        let parse_number = |code: &str| parse_number(code, &Patterns::default());
        assert_eq!(parse_number("7"), Some((7, all.clone())));
        assert_eq!(parse_number("000007"), Some((7, all)));
        for same in ["PO-7", "po-000007", "Po-07"] {
            assert_eq!(parse_number(same), Some((7, vec![Kind::PurchaseOrder])), "{same}");
        }
        for none in ["", "-7", "PO-", "XX-7", "PO7", "7a", "1234567890123456789", "PO-7-7"] {
            assert_eq!(parse_number(none), None, "{none}");
        }
    }

    #[test]
    fn digits_alone_are_the_number_of_revaluations_and_reversals_which_have_no_letters() {
        let (_, kinds) = parse_number("7", &Patterns::default()).unwrap();
        assert!(kinds.contains(&Kind::Revaluation) && kinds.contains(&Kind::Reversal));
        assert_eq!(parse_number("RV-7", &Patterns::default()), None);
    }

    #[test]
    fn an_invoice_is_named_by_its_prefix_and_number_or_by_its_number() {
        let label = |text: &str| InvoiceNumber::parse(text).map(|found| (found.number, found.label));
        for same in ["INV-7", "inv-7", " Inv-0007 "] {
            assert_eq!(label(same), Some((7, Some("inv-7".to_owned()))), "{same}");
        }
        assert_eq!(label("007"), Some((7, None)));
        assert_eq!(label("É 2026/12"), Some((12, Some("É 2026/12".to_owned()))));
        for none in ["", "INV-", "INV-0", "7a", "INV-1234567890123456789"] {
            assert_eq!(label(none), None, "{none}");
        }
    }

    #[test]
    fn a_work_is_named_by_its_order_and_its_position() {
        let parse = |text: &str| WorkNumber::parse(text, &Patterns::default()).map(|found| (found.order, found.nth));
        for same in ["1041-2", " 001041-02", "SO-1041-2", "so-001041-2"] {
            assert_eq!(parse(same), Some((1041, 2)), "{same}");
        }
        for none in ["", "1041", "1041-", "-2", "PO-7", "SO-7", "PO-1041-2", "1041-0", "1041-x", "1-99999999999"] {
            assert_eq!(parse(none), None, "{none}");
        }
    }

    #[test]
    fn a_parcel_is_named_as_its_label_has_it() {
        let of = |code: &str| Names::of(code, &super::super::read(code, 2026), &Patterns::default()).tracking;
        assert_eq!(of(" 1z999aa1 "), ["1Z999AA1", "1z999aa1"]);
        assert_eq!(of("1Z999AA1"), ["1Z999AA1"]);
        let sscc = "340123450000000000";
        let check = (0..10).map(|last| format!("{}{last}", &sscc[..17])).find(|digits| super::super::is_sscc(digits)).unwrap();
        let both = [format!("00{check}"), check.clone()];
        for code in [check.clone(), format!("00{check}")] {
            assert_eq!(of(&code), both, "{code}");
        }
        assert!(both.iter().all(|number| of(&format!("(00){check}")).contains(number)));
    }

    #[test]
    fn the_item_in_a_pack_has_the_same_digits_and_a_check_digit_of_its_own() {
        assert_eq!(base_item_gtin("10012345678902").as_deref(), Some("00012345678905"));
        assert_eq!(base_item_gtin("00012345678905"), None);
        assert_eq!(base_item_gtin("90012345678902"), None);
        assert_eq!(base_item_gtin("4006381333931"), None);
    }
}
