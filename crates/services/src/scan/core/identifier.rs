//! The application identifiers that are known: their digits, and how long their values are.

/// An application identifier at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identifier<'a> {
    /// Two to four digits.
    pub digits: &'a str,
    pub length: Length,
}

/// How long a value is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many digits; no separator ends them.
    Fixed(usize),
    /// Up to so many characters, which a separator or the end of the code ends.
    UpTo(usize),
    /// The same of digits.
    DigitsUpTo(usize),
}

impl<'a> Identifier<'a> {
    /// The identifier that a text begins with. The first two digits say how many more there are (General Specifications, 3.2).
    pub fn at(text: &'a str) -> Option<Self> {
        let first: &[u8] = text.as_bytes();
        if first.len() < 2 || !first[..2].iter().all(u8::is_ascii_digit) {
            return None;
        }
        let (size, length) = match &text[..2] {
            "00" => (2, Length::Fixed(18)),
            "01" | "02" => (2, Length::Fixed(14)),
            "11" | "12" | "13" | "15" | "16" | "17" => (2, Length::Fixed(6)),
            "20" => (2, Length::Fixed(2)),
            "10" | "21" | "22" => (2, Length::UpTo(20)),
            "30" | "37" => (2, Length::DigitsUpTo(8)),
            "31" | "32" | "33" | "34" | "35" | "36" => (4, Length::Fixed(6)),
            "91" | "92" | "93" | "94" | "95" | "96" | "97" | "98" | "99" => (2, Length::UpTo(90)),
            _ => match text.get(..3)? {
                "240" | "241" | "400" => (3, Length::UpTo(30)),
                "410" | "411" | "412" | "413" | "414" | "415" | "416" | "417" => (3, Length::Fixed(13)),
                _ => return None,
            },
        };
        let digits = text.get(..size).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        Some(Self { digits, length })
    }

    /// Whether the value is a day.
    pub fn is_date(&self) -> bool {
        matches!(self.digits, "11" | "12" | "13" | "15" | "16" | "17")
    }

    /// Whether the last digit of the value checks the others: of a GTIN, and of a logistic unit.
    pub fn has_check_digit(&self) -> bool {
        matches!(self.digits, "00" | "01" | "02")
    }
}
