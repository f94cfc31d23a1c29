//! The rule that turns a row of the retailer's file into what happened: pure functions over one row.

use std::fmt;

/// A row's quantity beyond this is a slip of the scanner; below it, sums over 2^32 rows stay within an `i64`.
pub const QUANTITY_LIMIT: i64 = 1_000_000_000;
/// A row's price in pence beyond this is refused, so that a row's amount stays within an `i128` with room to spare.
pub const PRICE_LIMIT: i64 = 100_000_000_000;

/// Kind of a row; the first condition that holds decides, in the order of the variants of the
/// rule's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Financial,
    Charge,
    ChargeCredit,
    ServiceIgnored,
    Return,
    Ignored,
    Sale,
    AdjustIn,
    AdjustOut,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Financial,
        Self::Charge,
        Self::ChargeCredit,
        Self::ServiceIgnored,
        Self::Return,
        Self::Ignored,
        Self::Sale,
        Self::AdjustIn,
        Self::AdjustOut,
    ];

    /// The name used in `rows_by_kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Financial => "FINANCIAL",
            Self::Charge => "CHARGE",
            Self::ChargeCredit => "CHARGE_CREDIT",
            Self::ServiceIgnored => "SERVICE_IGNORED",
            Self::Return => "RETURN",
            Self::Ignored => "IGNORED",
            Self::Sale => "SALE",
            Self::AdjustIn => "ADJ_IN",
            Self::AdjustOut => "ADJ_OUT",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The facts of a row that decide its kind.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub invoice: &'a str,
    /// SKU as [`normalize_sku`] returns it.
    pub sku: &'a str,
    pub quantity: i64,
    /// Pence.
    pub price: i64,
    pub customer: Option<&'a str>,
}

pub fn classify_row(row: Facts<'_>) -> Kind {
    let credit = row.invoice.starts_with('C');
    if !credit && row.invoice.starts_with(char::is_alphabetic) {
        return Kind::Financial;
    }
    if !is_product(row.sku) {
        return match (credit, row.quantity > 0) {
            (true, _) => Kind::ChargeCredit,
            (false, true) => Kind::Charge,
            (false, false) => Kind::ServiceIgnored,
        };
    }
    match (credit, row.quantity) {
        (true, ..0) => Kind::Return,
        (true, _) | (false, 0) => Kind::Ignored,
        (false, ..0) => Kind::AdjustOut,
        (false, _) if row.price > 0 || row.customer.is_some() => Kind::Sale,
        (false, _) => Kind::AdjustIn,
    }
}

/// `^([0-9]{5}[A-Z]{0,3}|DCGS[0-9A-Z]+)$` on an upper-cased code.
pub fn is_product(sku: &str) -> bool {
    let bytes = sku.as_bytes();
    if let Some(rest) = bytes.strip_prefix(b"DCGS") {
        return !rest.is_empty() && rest.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    }
    bytes.len() >= 5
        && bytes.len() <= 8
        && bytes[..5].iter().all(u8::is_ascii_digit)
        && bytes[5..].iter().all(u8::is_ascii_uppercase)
}

/// Writes the stock code, trimmed and upper-cased, into a buffer that the caller keeps from row to row.
pub fn normalize_sku(code: &str, into: &mut String) {
    into.clear();
    into.extend(code.trim().chars().flat_map(char::to_uppercase));
}

/// Writes a description, trimmed and with runs of spaces made one, into a buffer that the caller keeps.
pub fn normalize_description(text: &str, into: &mut String) {
    into.clear();
    for word in text.split_whitespace() {
        if !into.is_empty() {
            into.push(' ');
        }
        into.push_str(word);
    }
}

/// A customer's id without the `.0` that spreadsheets add; none when empty.
pub fn normalize_customer_id(id: &str) -> Option<&str> {
    let id = id.trim();
    let id = id.strip_suffix(".0").unwrap_or(id);
    (!id.is_empty()).then_some(id)
}

/// A row's price in pence; none when it is no plain decimal or beyond [`PRICE_LIMIT`].
pub fn parse_price(text: &str) -> Option<i64> {
    parse_pence(text.trim()).filter(|pence| pence.abs() <= PRICE_LIMIT)
}

/// A decimal text in pence, rounded half away from zero; `None` if it is no plain decimal or
/// exceeds an `i64`. No float is involved, so the amount is exact.
pub fn parse_pence(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !numeric(whole) || !numeric(fraction) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digit = |position: usize| i64::from(fraction.as_bytes().get(position).map_or(0, |b| b - b'0'));
    let round = i64::from(digit(2) >= 5);
    let pence = whole.checked_mul(100)?.checked_add(digit(0) * 10 + digit(1) + round)?;
    Some(if negative { -pence } else { pence })
}

/// Pence as the API's decimal text: `255` is `2.55`, `-5` is `-0.05`.
pub fn format_amount(pence: i64) -> String {
    let sign = if pence < 0 { "-" } else { "" };
    let size = pence.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// The assumed unit cost: 60 % of a price in pence, rounded down.
pub fn assumed_cost(price: i64) -> i64 {
    price * 60 / 100
}
