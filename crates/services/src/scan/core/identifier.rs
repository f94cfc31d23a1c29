//! The known application identifiers: their digits, and the length of their values.

/// An application identifier at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identifier<'a> {
    /// Two to four digits.
    pub digits: &'a str,
    pub length: Length,
}

/// First two digits of identifiers that have more than two.
const LONG_IDENTIFIER_PREFIXES: [&str; 18] =
    ["23", "24", "25", "31", "32", "33", "34", "35", "36", "39", "40", "41", "42", "70", "71", "80", "81", "82"];

/// Length of a value, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// This many digits, without a separator.
    Fixed(usize),
    /// Up to this many characters, ended by a separator or the end of the code.
    UpTo(usize),
    /// Up to this many digits, ended by a separator or the end of the code.
    DigitsUpTo(usize),
}

impl<'a> Identifier<'a> {
    /// Returns the identifier at the start of a text. Its first two digits determine its length
    /// (General Specifications, 3.2). Values whose length varies between two bounds are read up to
    /// the upper one.
    pub fn at(text: &'a str) -> Option<Self> {
        let first: &[u8] = text.as_bytes();
        if first.len() < 2 || !first[..2].iter().all(u8::is_ascii_digit) {
            return None;
        }
        let (size, length) = match &text[..2] {
            "00" => (2, Length::Fixed(18)),
            "01" | "02" | "03" => (2, Length::Fixed(14)),
            "11" | "12" | "13" | "15" | "16" | "17" => (2, Length::Fixed(6)),
            "20" => (2, Length::Fixed(2)),
            "10" | "21" | "22" => (2, Length::UpTo(20)),
            "30" | "37" => (2, Length::DigitsUpTo(8)),
            "31" | "32" | "33" | "34" | "35" | "36" => (4, Length::Fixed(6)),
            "39" => (4, amount_length(text.get(2..3)?)?),
            "70" | "80" | "81" | "82" => (4, four_digit_length(text.get(..4)?)?),
            "90" => (2, Length::UpTo(30)),
            "91" | "92" | "93" | "94" | "95" | "96" | "97" | "98" | "99" => (2, Length::UpTo(90)),
            _ => (3, three_digit_length(text.get(..3)?)?),
        };
        let digits = text.get(..size).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        Some(Self { digits, length })
    }

    /// Whether two or three digits begin an identifier of three or four.
    pub fn is_long_prefix(digits: &str) -> bool {
        digits.get(..2).is_some_and(|first| LONG_IDENTIFIER_PREFIXES.contains(&first))
    }

    /// Whether the value is a day.
    pub fn is_date(&self) -> bool {
        matches!(self.digits, "11" | "12" | "13" | "15" | "16" | "17")
    }

    /// Whether the last digit of the value checks the others: of a GTIN, and of a logistic unit.
    pub fn has_check_digit(&self) -> bool {
        matches!(self.digits, "00" | "01" | "02" | "03")
    }
}

/// Returns the length of amounts and prices by the third digit of the identifier; the fourth is the
/// position of the decimal point.
fn amount_length(third: &str) -> Option<Length> {
    match third {
        "0" | "2" => Some(Length::DigitsUpTo(15)),
        "1" | "3" => Some(Length::DigitsUpTo(18)),
        "4" => Some(Length::Fixed(4)),
        "5" => Some(Length::Fixed(6)),
        _ => None,
    }
}

/// Returns the length of identifiers of three digits: variants, parties, places, countries and
/// drugs.
fn three_digit_length(digits: &str) -> Option<Length> {
    match digits {
        "235" => Some(Length::UpTo(28)),
        "240" | "241" | "250" | "251" | "253" | "400" | "401" | "403" => Some(Length::UpTo(30)),
        "242" => Some(Length::DigitsUpTo(6)),
        "243" | "254" | "420" | "710" | "711" | "712" | "713" | "714" | "715" | "716" | "717" => Some(Length::UpTo(20)),
        "255" => Some(Length::DigitsUpTo(25)),
        "402" => Some(Length::Fixed(17)),
        "410" | "411" | "412" | "413" | "414" | "415" | "416" | "417" => Some(Length::Fixed(13)),
        "421" => Some(Length::UpTo(12)),
        "422" | "424" | "426" => Some(Length::Fixed(3)),
        "423" | "425" => Some(Length::DigitsUpTo(15)),
        "427" => Some(Length::UpTo(3)),
        _ => None,
    }
}

/// Returns the length of identifiers of four digits: fresh goods, rolls, parts and coupons.
fn four_digit_length(digits: &str) -> Option<Length> {
    match digits {
        "7001" => Some(Length::Fixed(13)),
        "7002" | "8003" | "8004" | "8010" | "7030" | "7031" | "7032" | "7033" | "7034" | "7035" | "7036" | "7037" | "7038"
        | "7039" => Some(Length::UpTo(30)),
        "7003" => Some(Length::Fixed(10)),
        "7004" | "7040" => Some(Length::UpTo(4)),
        "7005" => Some(Length::UpTo(12)),
        "7006" | "8005" => Some(Length::Fixed(6)),
        "7007" | "8008" | "8011" => Some(Length::DigitsUpTo(12)),
        "7008" => Some(Length::UpTo(3)),
        "7009" | "8019" => Some(Length::UpTo(10)),
        "7010" => Some(Length::UpTo(2)),
        "7011" => Some(Length::DigitsUpTo(10)),
        "7020" | "7021" | "7022" | "7023" | "8002" | "8012" => Some(Length::UpTo(20)),
        "8001" => Some(Length::Fixed(14)),
        "8006" | "8017" | "8018" | "8026" => Some(Length::Fixed(18)),
        "8007" => Some(Length::UpTo(34)),
        "8009" => Some(Length::UpTo(50)),
        "8013" | "8020" => Some(Length::UpTo(25)),
        "8110" | "8112" | "8200" => Some(Length::UpTo(70)),
        "8030" => Some(Length::UpTo(90)),
        "8111" => Some(Length::Fixed(4)),
        _ => None,
    }
}
