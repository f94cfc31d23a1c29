//! GTINs of 8, 12, 13 and 14 digits: their check digits (GS1 General Specifications, §7.9), and the
//! equality of their formats.

use super::text::normal_form;

/// Whether a code has the shape of a GTIN.
fn is_gtin(code: &str) -> bool {
    matches!(code.len(), 8 | 12..=14) && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the form in which a code is unique among a tenant's products: a GTIN padded with zeros
/// to fourteen digits (GS1 General Specifications, §3.3.2), so that a UPC-A and its EAN-13 are one;
/// any other code unchanged.
pub fn key(code: &str) -> String {
    if is_gtin(code) { format!("{code:0>14}") } else { normal_form(code) }
}

/// Returns the key of a code as a user types it: a GTIN may have spaces and hyphens between its
/// digits, as on printed labels.
pub fn key_from_input(text: &str) -> String {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let is_printed = expected_check_digit(&digits).is_some() && wrong_check_digit(&digits).is_none();
    key(if is_printed { &digits } else { text })
}

/// Returns the correct last digit of a code that has only digits and one of the four lengths;
/// `None` for any other code.
pub fn expected_check_digit(code: &str) -> Option<u8> {
    if !is_gtin(code) {
        return None;
    }
    let digits = code.as_bytes();
    // From the right, the digits before the check digit weigh 3, 1, 3, 1 …
    let weighted_digits = digits.iter().rev().skip(1).zip([3u32, 1].into_iter().cycle());
    let sum: u32 = weighted_digits.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    Some(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// Returns the correct check digit if the code is a GTIN with a wrong one.
pub fn wrong_check_digit(code: &str) -> Option<u8> {
    let expected = expected_check_digit(code)?;
    (code.as_bytes().last() != Some(&expected)).then(|| expected - b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_check_digits_of_all_four_lengths() {
        // Examples of GS1 and Wikipedia's pages on the four formats.
        for good in ["96385074", "036000291452", "4006381333931", "6291041500213", "10012345678902"] {
            assert_eq!(wrong_check_digit(good), None, "{good}");
        }
        assert_eq!(wrong_check_digit("4006381333932"), Some(1));
        assert_eq!(wrong_check_digit("96385070"), Some(4));
    }

    #[test]
    fn the_same_number_has_one_key_in_all_its_lengths() {
        for same in ["036000291452", "0036000291452", "00036000291452"] {
            assert_eq!(key(same), "00036000291452", "{same}");
        }
        assert_eq!(key("96385074"), key("0000096385074"));
        // Another packaging level is another number, and a code that is no GTIN is not padded.
        assert_ne!(key("10036000291459"), key("0036000291452"));
        for other in ["036000291", "ABC-12345678", "00360002914520"] {
            assert_eq!(key(other), other);
        }
    }

    #[test]
    fn what_is_typed_as_it_is_printed_is_the_same_number() {
        for typed in ["4006381333931", "4 006381 333931", "400-6381-33393-1", "04006381333931"] {
            assert_eq!(key_from_input(typed), "04006381333931", "{typed}");
        }
        assert_eq!(key_from_input("BC 1-2"), "BC 1-2", "what is no number has its spaces");
    }

    #[test]
    fn leaves_other_codes_alone() {
        for other in ["", "123", "ABC-1234", "400638133393X", "123456789"] {
            assert_eq!(wrong_check_digit(other), None, "{other}");
        }
    }
}
