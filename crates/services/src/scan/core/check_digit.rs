//! Check digits of numbers.

/// Whether these are the 18 digits of a logistic unit with a valid check digit.
pub fn is_sscc(digits: &str) -> bool {
    digits.len() == 18 && checks(digits)
}

/// Whether the last digit is the check digit of the others: weights 3 and 1 in turn from the right
/// (General Specifications, 7.9.1).
pub(super) fn checks(digits: &str) -> bool {
    let Some((body, last)) = digits.split_at_checked(digits.len().saturating_sub(1)) else { return false };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || body.is_empty() {
        return false;
    }
    let weighted_digit = |(index, byte): (usize, u8)| u32::from(byte - b'0') * if index % 2 == 0 { 3 } else { 1 };
    let sum: u32 = body.bytes().rev().enumerate().map(weighted_digit).sum();
    last.parse() == Ok((10 - sum % 10) % 10)
}
