//! Codes and texts of rows and lines that were refused.

use inventory::catalog::core::{MAX_BARCODES, MAX_METADATA_BYTES, goods::MAX_TAGS};

use crate::{
    exchange::{
        core::{OrderRefusal, Refusal, Refused, UnfitOrder, bulk::LineRefusal},
        rows::RefusedRow,
    },
    files::core::limits::LINE_VALUES,
};

/// Refused rows as they are stored and reported.
pub(super) fn rows(refused: &[Refused]) -> Vec<RefusedRow> {
    let row = |Refused { number, field, why: refusal }: &Refused| RefusedRow {
        number: *number,
        code: code(refusal).to_owned(),
        field: field.clone(),
        message: text(refusal),
    };
    refused.iter().map(row).collect()
}

fn code(refusal: &Refusal) -> &str {
    match refusal {
        Refusal::ByRoom { code, .. } => code,
        Refusal::Required => "REQUIRED",
        Refusal::Missing(_) => "NOT_FOUND",
        Refusal::OutOfRange => "OUT_OF_RANGE",
        Refusal::Order(OrderRefusal::Unfit(UnfitOrder::TooLong)) => "LIMIT_EXCEEDED",
        Refusal::Order(OrderRefusal::Priced) => "FORBIDDEN",
        Refusal::Order(OrderRefusal::Known { .. } | OrderRefusal::Differs { .. }) => "DUPLICATE",
        Refusal::Order(OrderRefusal::AsAWhole { why: refusal, .. }) => code(refusal),
        _ => "INVALID",
    }
}

fn text(refusal: &Refusal) -> String {
    let words: &str = match refusal {
        Refusal::Unreadable(words) | Refusal::ByRoom { words, .. } => words,
        Refusal::Missing(noun) => return format!("there is no such {noun}"),
        Refusal::NotWhole { text } => return format!("a whole number is expected, and {text:?} is none"),
        Refusal::NotBoolean { text } => return format!("true or false is expected, and {text:?} is neither"),
        Refusal::NotOneOf { words, text } => return format!("one of {words} is expected, and {text:?} is none"),
        Refusal::Pointed { text } => {
            return format!("a decimal number with a comma is expected, as in 12,50, and {text:?} has a point");
        }
        Refusal::Amount(refusal) => return refusal.to_string(),
        Refusal::LongObject => return format!("a JSON object of at most {} KiB is expected", MAX_METADATA_BYTES >> 10),
        Refusal::LongNumber { text } => {
            return format!("{text} has more digits than a number keeps: write it as a text, in quotation marks");
        }
        Refusal::TooManyTags => return format!("a product has at most {MAX_TAGS} tags"),
        Refusal::TooManyBarcodes => return format!("a product has at most {MAX_BARCODES} barcodes"),
        Refusal::Order(refusal) => return order_refusal_text(refusal),
        Refusal::Required => "a value is needed",
        Refusal::NoLineKind => "one of PRODUCT and CHARGE is expected",
        Refusal::NoCurrency => "a currency code of ISO 4217 is expected",
        Refusal::TooMuch | Refusal::OutOfRange => "that is too much",
        Refusal::TooManyDays => "that is too long",
        Refusal::UnitDecimals => "0 to 9 is expected",
        Refusal::DecimalsWithoutUnit => "decimals are of a unit: name it too",
        Refusal::NoObject => "a JSON object is expected",
        Refusal::NoTags => "a list of texts is expected",
        Refusal::NoBarcodes => "a list of codes is expected",
        Refusal::BarcodeIsNoText => "a barcode is a text",
        Refusal::BarcodeWithoutCode => "a barcode has a code",
        Refusal::PackQuantity => "packQuantity is a whole number",
        Refusal::ChargeWithProduct => "a CHARGE has a name and no product: leave it empty",
        Refusal::TaxRate => "a fraction from 0 to 1 is expected: 0.2 is 20 %",
        Refusal::NoDay => "a calendar day is expected, as in 2026-11-30",
        Refusal::DatesWithoutLot => "dates are of a lot: name it too",
        Refusal::NoMoment => "a moment of RFC 3339 is expected, as in 2026-11-30T09:00:00Z",
    };
    words.to_owned()
}

fn order_refusal_text(refusal: &OrderRefusal) -> String {
    let words: &str = match refusal {
        OrderRefusal::Unfit(UnfitOrder::Scattered) => {
            "the rows of an order must be consecutive, and this one's are not: sort the file by channel and externalRef"
        }
        OrderRefusal::Unfit(UnfitOrder::TooLong) => "an order has at most 2,000 lines: divide it into several",
        OrderRefusal::Unfit(UnfitOrder::Doubtful) => {
            "a neighbouring row does not state its order and may belong to this one: correct that row, then import the file again"
        }
        OrderRefusal::FirstStatus => "an order begins as DRAFT, PENDING, CONFIRMED or FULFILLED",
        OrderRefusal::Priced => {
            "a price needs the permission order.price: leave it empty for the product's price, or obtain that permission"
        }
        OrderRefusal::Disagrees { first, field } => {
            return format!("row {first} of the same order has another {field}: an order has one");
        }
        OrderRefusal::Known { number } => {
            return format!("the order already exists, with the number {number}: leave its rows out");
        }
        OrderRefusal::Differs { number, field } => {
            return format!(
                "the order already exists, with the number {number}, and another {field}: an import places orders and changes none; if it is another one, \
                 give it another externalRef"
            );
        }
        OrderRefusal::AsAWhole { row, .. } => return format!("its order is refused as a whole: see row {row}"),
    };
    words.to_owned()
}

/// The text of a refused line.
pub(super) fn line(reason: &LineRefusal) -> String {
    match reason {
        LineRefusal::TooLong => "the line is longer than 1 MiB".to_owned(),
        LineRefusal::NotUtf8 => "the line is not written in UTF-8".to_owned(),
        LineRefusal::TooManyValues => format!("the line has more than {LINE_VALUES} values"),
        LineRefusal::NoObject(reason) => format!("the line is no JSON object: {reason}"),
        LineRefusal::NoInput => "the line says no input: {\"input\": {…}} is expected".to_owned(),
        LineRefusal::Unknown(other) => format!("the line says {other:?}, and only input is taken"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_a_refused_order_has_the_code_of_the_row_that_is_wrong() {
        let wrong = Refused::new(3, "unitPrice", Refusal::Order(OrderRefusal::Priced));
        let why = Refusal::Order(OrderRefusal::AsAWhole { row: wrong.number, why: Box::new(wrong.why.clone()) });
        let kept = rows(&[wrong, Refused::new(4, "", why)]);
        assert_eq!(kept.iter().map(|row| row.code.as_str()).collect::<Vec<_>>(), ["FORBIDDEN", "FORBIDDEN"]);
        assert_eq!(kept[1].message, "its order is refused as a whole: see row 3");
    }
}
