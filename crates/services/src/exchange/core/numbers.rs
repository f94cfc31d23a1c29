//! JSON numbers with more digits than a floating-point number has. A parser rounds them silently;
//! here their text is kept, or they are refused.

use super::refusal::Refusal;

/// Digits that any floating-point number keeps.
const DIGITS: usize = 15;

/// Returns the rest after a JSON text; `inside` begins after its opening quotation mark.
pub(super) fn skip_string(mut inside: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', inside) {
        let is_end = inside[at] == b'"';
        inside = inside.get(at + if is_end { 1 } else { 2 }..).unwrap_or_default();
        if is_end {
            return inside;
        }
    }
    &[]
}

const fn is_part(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Numbers of a JSON text, in their notation. The text is scanned, not parsed; the contents of its
/// strings are skipped.
fn numbers(json: &[u8]) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        while let Some((byte, after)) = rest.split_first() {
            match byte {
                b'"' => rest = skip_string(after),
                b'0'..=b'9' | b'-' => {
                    let length = after.iter().position(|byte| !is_part(*byte)).unwrap_or(after.len()) + 1;
                    let (number, remainder) = rest.split_at(length);
                    rest = remainder;
                    return std::str::from_utf8(number).ok();
                }
                _ => rest = after,
            }
        }
        None
    })
}

/// Whether a parser may round a number of this text.
pub fn has_long_number(json: &[u8]) -> bool {
    numbers(json).any(|number| number.len() > DIGITS)
}

/// Refuses whole numbers that exceed 64 bits.
///
/// # Errors
/// The first of them.
pub fn check_integers(json: &[u8]) -> Result<(), Refusal> {
    let is_lost = |number: &&str| {
        number.len() > DIGITS
            && !number.contains(['.', 'e', 'E'])
            && number.parse::<i64>().is_err()
            && number.parse::<u64>().is_err()
    };
    match numbers(json).find(is_lost) {
        Some(number) => Err(Refusal::LongNumber { text: number.chars().take(40).collect() }),
        None => Ok(()),
    }
}

/// All digits of a number, without insignificant zeros at the end; None if it has an exponent.
pub fn normalize_decimal(number: &str) -> Option<String> {
    if number.contains(['e', 'E']) {
        return None;
    }
    let Some((digits_before, fraction)) = number.split_once('.') else { return Some(number.to_owned()) };
    let fraction = fraction.trim_end_matches('0');
    Some(format!("{digits_before}.{}", if fraction.is_empty() { "0" } else { fraction }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_outside_of_texts() {
        let json = br#"{"a\"1":-1.5e+3,"b":[true,false,20,"30"],"c":null,"d":{"e":4}}"#;
        assert_eq!(numbers(json).collect::<Vec<_>>(), ["-1.5e+3", "20", "4"]);
        assert_eq!(numbers(b"18446744073709551616").collect::<Vec<_>>(), ["18446744073709551616"]);
        assert!(has_long_number(b"[1234567890123456]") && !has_long_number(br#"["1234567890123456", 123456789012345]"#));
    }

    #[test]
    fn whole_numbers_of_64_bits_pass_and_larger_ones_do_not() {
        for kept in ["[-9223372036854775808,18446744073709551615]", "[0.12345678901234567,1e30]", r#"["18446744073709551616"]"#] {
            assert_eq!(check_integers(kept.as_bytes()), Ok(()), "{kept}");
        }
        for lost in ["-9223372036854775809", "18446744073709551616"] {
            let refused = Refusal::LongNumber { text: lost.to_owned() };
            assert_eq!(check_integers(format!("{{\"a\":[1,{lost}]}}").as_bytes()), Err(refused), "{lost}");
        }
    }

    #[test]
    fn digits_are_those_that_count() {
        let all = ["123456789012345678901234", "12.500000000000000000", "4.0000000000000000", "1e30"].map(normalize_decimal);
        assert_eq!(all.each_ref().map(Option::as_deref), [Some("123456789012345678901234"), Some("12.5"), Some("4.0"), None]);
    }
}
