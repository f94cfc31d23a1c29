//! Names, days and amounts as e-mails about alerts write them.

use entity::prelude::*;

/// Names of an alert's subject.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertNames {
    pub store: Option<String>,
    pub sku: Option<String>,
    pub product: Option<String>,
    /// The product's unit, and its decimals.
    pub unit: Option<(String, u8)>,
    pub lot: Option<String>,
    /// Number of a purchase order, a transfer, a count or an order.
    pub number: Option<String>,
}

/// Formats a day as text; the clock implements it.
pub type DayText = fn(i32) -> String;

/// Formats an integer of smallest units: 1500 of a kg with three decimals is 1.500 kg.
pub(super) fn quantity(value: i64, unit: Option<&(String, u8)>) -> String {
    let Some((code, decimals)) = unit else { return value.to_string() };
    let amount = decimal(value, usize::from(*decimals));
    format!("{amount} {code}")
}

pub(super) fn money(money: Money) -> String {
    format!("{} {}", money.amount(), money.currency)
}

fn decimal(value: i64, decimals: usize) -> String {
    if decimals == 0 {
        return value.to_string();
    }
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_in_units() {
        assert_eq!(quantity(-1_500, Some(&("kg".to_owned(), 3))), "-1.500 kg");
        assert_eq!(quantity(7, Some(&("kg".to_owned(), 3))), "0.007 kg");
        assert_eq!(quantity(i64::MIN, Some(&("pc".to_owned(), 0))), "-9223372036854775808 pc");
    }
}
