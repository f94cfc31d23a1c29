//! A label: a code, its text and the name of the product; and the kinds of codes.

use super::{
    bars::{code128, ean_digits, ean13},
    drawn_code::DrawnCode,
    error::{BarcodeError, MAX_CODE_CHARACTERS},
    qr_code::qr,
};

/// Kind of a machine-readable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbology {
    /// Thirteen digits, the last a check digit; it is added to twelve.
    Ean13,
    /// Any text of ASCII.
    Code128,
    /// Any text.
    Qr,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub drawn: DrawnCode,
    /// Content of the code as text.
    pub text: String,
    /// Name of the product.
    pub name: String,
}

impl Label {
    pub fn of(symbology: Symbology, text: &str, name: &str) -> Result<Self, BarcodeError> {
        if text.chars().count() > MAX_CODE_CHARACTERS {
            return Err(BarcodeError::TooLong(MAX_CODE_CHARACTERS));
        }
        let (code, text) = match symbology {
            Symbology::Ean13 => {
                let digits = ean_digits(text)?;
                (DrawnCode::Bars(ean13(&digits)), digits.iter().map(|digit| char::from(b'0' + digit)).collect())
            }
            Symbology::Code128 => (DrawnCode::Bars(code128(text)?), text.to_owned()),
            Symbology::Qr => (DrawnCode::Squares(qr(text)?), text.to_owned()),
        };
        Ok(Self { drawn: code, text, name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_drawn_says_why() {
        let of = |symbology, text: &str| Label::of(symbology, text, "x").map(|label| label.text);
        assert_eq!(of(Symbology::Ean13, "400638133393"), Ok("4006381333931".to_owned()));
        assert_eq!(of(Symbology::Ean13, "4006381333932"), Err(BarcodeError::CheckDigit(1)));
        assert_eq!(of(Symbology::Ean13, "mug"), Err(BarcodeError::NotThirteenDigits));
        assert_eq!(of(Symbology::Code128, "Größe"), Err(BarcodeError::NotAscii));
        assert_eq!(of(Symbology::Code128, ""), Err(BarcodeError::NotAscii));
        assert_eq!(of(Symbology::Qr, &"x".repeat(65)), Err(BarcodeError::TooLong(64)));
        assert!(of(Symbology::Qr, "Größe").is_ok());
    }
}
