//! Bar codes and QR codes, and the layout of labels: pure.

mod bars;
mod pdf;
mod second_font;
mod square;
mod svg;
mod text_run;

pub use bars::{code128, ean13};
pub use pdf::{IMAGE, Image, PAGE, SheetLayout, document_with, sheet};
pub use second_font::UsedCharacters;
pub use square::qr;
pub use svg::svg;
pub use text_run::TextRun;

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

/// Reason why a text cannot be drawn as a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BarcodeError {
    #[error("EAN-13 takes 12 or 13 digits")]
    NotThirteenDigits,
    #[error("the check digit is wrong: {0} is expected as the last digit")]
    CheckDigit(u8),
    #[error("Code 128 takes letters, digits and signs of ASCII, and no others")]
    NotAscii,
    #[error("at most {0} characters can be drawn")]
    TooLong(usize),
}

/// Maximum characters of a code.
pub const MAX_CODE_CHARACTERS: usize = 64;

/// A code as drawn, in modules: the thinnest bar, the smallest square.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DrawnCode {
    /// From the left: true is dark.
    Bars(Vec<bool>),
    /// Rows of squares.
    Squares(Vec<Vec<bool>>),
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
        let (drawn, text) = match symbology {
            Symbology::Ean13 => {
                let digits = bars::ean_digits(text)?;
                (DrawnCode::Bars(ean13(&digits)), digits.iter().map(|digit| char::from(b'0' + digit)).collect())
            }
            Symbology::Code128 => (DrawnCode::Bars(code128(text)?), text.to_owned()),
            Symbology::Qr => (DrawnCode::Squares(qr(text)?), text.to_owned()),
        };
        Ok(Self { drawn, text, name: name.to_owned() })
    }
}

impl DrawnCode {
    /// Returns the dark rectangles in modules: left, top, width, height. Bars are one module high,
    /// to be stretched.
    pub fn rectangles(&self) -> Vec<(usize, usize, usize, usize)> {
        let runs = |row: &[bool], top: usize| {
            let mut found = Vec::new();
            let mut at = 0;
            while at < row.len() {
                let width = row[at..].iter().take_while(|dark| **dark).count();
                if width > 0 {
                    found.push((at, top, width, 1));
                }
                at += width.max(1);
            }
            found
        };
        match self {
            Self::Bars(row) => runs(row, 0),
            Self::Squares(rows) => rows.iter().enumerate().flat_map(|(top, row)| runs(row, top)).collect(),
        }
    }
    pub fn width(&self) -> usize {
        match self {
            Self::Bars(row) => row.len(),
            Self::Squares(rows) => rows.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_are_the_dark_runs() {
        let drawn = DrawnCode::Bars(vec![true, true, false, true]);
        assert_eq!((drawn.rectangles(), drawn.width()), (vec![(0, 0, 2, 1), (3, 0, 1, 1)], 4));
        let squares = DrawnCode::Squares(vec![vec![false, true], vec![true, true]]);
        assert_eq!(squares.rectangles(), [(1, 0, 1, 1), (0, 1, 2, 1)]);
    }

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
