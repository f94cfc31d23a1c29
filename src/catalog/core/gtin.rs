//! Check digits of the GS1 General Specifications, §7.9: GTIN-8, -12, -13 and -14.

/// What the last digit should be, for a code of only digits of one of the four lengths; None for any other code.
pub fn expected_check_digit(code: &str) -> Option<u8> {
    let digits = code.as_bytes();
    if !matches!(digits.len(), 8 | 12..=14) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // From the right, the digits before the check digit weigh 3, 1, 3, 1 …
    let weighed = digits.iter().rev().skip(1).zip([3u32, 1].into_iter().cycle());
    let sum: u32 = weighed.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    Some(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// The right check digit if the code is a GTIN with a wrong one.
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
    fn leaves_other_codes_alone() {
        for other in ["", "123", "ABC-1234", "400638133393X", "123456789"] {
            assert_eq!(wrong_check_digit(other), None, "{other}");
        }
    }
}
