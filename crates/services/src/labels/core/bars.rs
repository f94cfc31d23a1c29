//! EAN-13 (GS1 General Specifications, 5.2) and Code 128 (ISO/IEC 15417) as bars and gaps.

use super::error::BarcodeError;

/// Digits of the left half with odd parity, seven modules each; those of the right half are their
/// complement, and those with even parity that read backwards.
const LEFT_ODD_PATTERNS: [u8; 10] =
    [0b000_1101, 0b001_1001, 0b001_0011, 0b011_1101, 0b010_0011, 0b011_0001, 0b010_1111, 0b011_1011, 0b011_0111, 0b000_1011];
/// Digits of the left half with even parity, by the first digit, which is not drawn as bars.
const PARITY: [u8; 10] =
    [0b00_0000, 0b00_1011, 0b00_1101, 0b00_1110, 0b01_0011, 0b01_1001, 0b01_1100, 0b01_0101, 0b01_0110, 0b01_1010];

/// Returns thirteen digits; the check digit is verified, or added if it is missing: three times
/// each second digit from the right plus the others, and the rest to a multiple of ten.
pub fn ean_digits(text: &str) -> Result<Vec<u8>, BarcodeError> {
    let digits: Option<Vec<u8>> = text.bytes().map(|byte| byte.is_ascii_digit().then(|| byte - b'0')).collect();
    let mut digits = digits.filter(|digits| matches!(digits.len(), 12 | 13)).ok_or(BarcodeError::NotThirteenDigits)?;
    let sum: u32 = digits.iter().take(12).zip([1, 3].into_iter().cycle()).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    let check = ((10 - sum % 10) % 10) as u8;
    match digits.get(12) {
        Some(last) if *last != check => Err(BarcodeError::CheckDigit(check)),
        Some(_) => Ok(digits),
        None => {
            digits.push(check);
            Ok(digits)
        }
    }
}

fn push(row: &mut Vec<bool>, pattern: u16, modules: u32) {
    row.extend((0..modules).rev().map(|bit| pattern >> bit & 1 == 1));
}

/// The 95 modules of thirteen digits.
pub fn ean13(digits: &[u8]) -> Vec<bool> {
    let mut row = Vec::with_capacity(95);
    let parity = digits.first().map_or(0, |first| PARITY[usize::from(*first % 10)]);
    push(&mut row, 0b101, 3);
    for (at, digit) in digits.iter().skip(1).take(6).enumerate() {
        let odd_pattern = LEFT_ODD_PATTERNS[usize::from(*digit % 10)];
        let is_even = parity >> (5 - at) & 1 == 1;
        let pattern = if is_even { (!odd_pattern & 0x7f).reverse_bits() >> 1 } else { odd_pattern };
        push(&mut row, pattern.into(), 7);
    }
    push(&mut row, 0b0_1010, 5);
    for digit in digits.iter().skip(7).take(6) {
        push(&mut row, (!LEFT_ODD_PATTERNS[usize::from(*digit % 10)] & 0x7f).into(), 7);
    }
    push(&mut row, 0b101, 3);
    row
}

/// Widths of bars and gaps by value, a digit for each: three bars, three gaps, eleven modules.
const CODE128: [&str; 106] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213", "221312", "231212",
    "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132", "221231", "213212", "223112", "312131",
    "311222", "321122", "321221", "312212", "322112", "322211", "212123", "212321", "232121", "111323", "131123", "131321",
    "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331", "132131", "113123", "113321", "133121",
    "313121", "211331", "231131", "213113", "213311", "213131", "311123", "311321", "331121", "312113", "312311", "332111",
    "314111", "221411", "431111", "111224", "111422", "121124", "121421", "141122", "141221", "112214", "112412", "122114",
    "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111", "111242", "121142", "121241", "114212",
    "124112", "124211", "411212", "421112", "421211", "212141", "214121", "412121", "111143", "111341", "131141", "114113",
    "114311", "411113", "411311", "113141", "114131", "311141", "411131", "211412", "211214", "211232",
];
const STOP: &str = "2331112";
const START_B: usize = 104;
const START_C: usize = 105;
const SWITCH_TO_B: usize = 100;

/// Returns the values of a text: pairs of digits by code C if it consists of digits only, else code
/// B.
fn code_values(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let is_digits = bytes.len() >= 4 && bytes.iter().all(u8::is_ascii_digit);
    if !is_digits {
        return std::iter::once(START_B).chain(bytes.iter().map(|byte| usize::from(*byte - 32))).collect();
    }
    let pairs = bytes.chunks_exact(2).map(|pair| usize::from(pair[0] - b'0') * 10 + usize::from(pair[1] - b'0'));
    let mut values: Vec<usize> = std::iter::once(START_C).chain(pairs).collect();
    // A last digit without a pair is written by code B.
    if let [last] = bytes.chunks_exact(2).remainder() {
        values.extend([SWITCH_TO_B, usize::from(*last - 32)]);
    }
    values
}

/// The modules of a text.
pub fn code128(text: &str) -> Result<Vec<bool>, BarcodeError> {
    if text.is_empty() || !text.bytes().all(|byte| (32..127).contains(&byte)) {
        return Err(BarcodeError::NotAscii);
    }
    let mut values = code_values(text);
    // The start has the weight 1, the others their position.
    let sum: usize = values.iter().enumerate().map(|(at, value)| value * at.max(1)).sum();
    values.push(sum % 103);
    let widths = values.iter().map(|value| CODE128[*value]).chain([STOP]);
    let mut row = Vec::new();
    for (at, width) in widths.flat_map(|symbol| symbol.bytes().enumerate()) {
        row.extend(std::iter::repeat_n(at % 2 == 0, usize::from(width - b'0')));
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bit_text(row: &[bool]) -> String {
        row.iter().map(|dark| if *dark { '1' } else { '0' }).collect()
    }

    #[test]
    fn an_ean_is_drawn_as_the_specification_says() {
        // The often printed example 5901234123457, module by module.
        let digits = ean_digits("5901234123457").unwrap();
        let expected = "10100010110100111011001100100110111101001110101010110011011011001000010101110010011101000100101";
        assert_eq!(bit_text(&ean13(&digits)), expected);
        assert_eq!(ean13(&digits).len(), 95);
    }

    #[test]
    fn a_text_is_drawn_as_the_specification_says() {
        // Start B, the characters, the check sum modulo 103, the stop: "PJJ123C" has the check
        // value 55.
        let row = code128("PJJ123C").unwrap();
        assert_eq!(row.len(), 11 * 9 + 13);
        let widths = |symbol: &str| {
            symbol
                .bytes()
                .enumerate()
                .flat_map(|(at, width)| std::iter::repeat_n(if at % 2 == 0 { '1' } else { '0' }, usize::from(width - b'0')))
                .collect::<String>()
        };
        let shown = bit_text(&row);
        assert!(shown.starts_with(&widths(CODE128[START_B])), "{shown}");
        assert!(shown.ends_with(&format!("{}{}", widths(CODE128[55]), widths(STOP))), "{shown}");
        assert_eq!(code_values("1234"), [START_C, 12, 34]);
        assert_eq!(code_values("12345"), [START_C, 12, 34, SWITCH_TO_B, 21]);
        assert!(CODE128.iter().all(|symbol| symbol.bytes().map(|width| u32::from(width - b'0')).sum::<u32>() == 11));
    }
}
