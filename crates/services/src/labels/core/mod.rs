//! Codes as bars and squares, and where they stand on a label: pure.

mod bars;
mod pdf;
mod second_font;
mod square;
mod svg;
mod text_run;

pub use bars::{code128, ean13};
pub use pdf::{IMAGE, Image, PAGE, SheetLayout, document_with, sheet};
pub use second_font::Used;
pub use square::qr;
pub use svg::svg;
pub use text_run::TextRun;

/// What a machine reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbology {
    /// Thirteen digits, the last of which checks the others; twelve get theirs.
    Ean13,
    /// Any text of ASCII.
    Code128,
    /// Any text.
    Qr,
}

/// Why a text cannot be drawn as a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoCode {
    #[error("EAN-13 takes 12 or 13 digits")]
    NotThirteenDigits,
    #[error("the check digit is wrong: {0} is expected as the last digit")]
    CheckDigit(u8),
    #[error("Code 128 takes letters, digits and signs of ASCII, and no others")]
    NotAscii,
    #[error("at most {0} characters can be drawn")]
    TooLong(usize),
}

/// The longest text of a code.
pub const LONGEST: usize = 64;

/// A code as it is drawn, in modules: the thinnest bar, the smallest square.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drawn {
    /// From the left: true is dark.
    Bars(Vec<bool>),
    /// Rows of squares.
    Squares(Vec<Vec<bool>>),
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub drawn: Drawn,
    /// What the code says, in letters.
    pub text: String,
    /// What the product is called.
    pub name: String,
}

impl Label {
    pub fn of(symbology: Symbology, text: &str, name: &str) -> Result<Self, NoCode> {
        if text.chars().count() > LONGEST {
            return Err(NoCode::TooLong(LONGEST));
        }
        let (drawn, text) = match symbology {
            Symbology::Ean13 => {
                let digits = bars::whole_ean(text)?;
                (Drawn::Bars(ean13(&digits)), digits.iter().map(|digit| char::from(b'0' + digit)).collect())
            }
            Symbology::Code128 => (Drawn::Bars(code128(text)?), text.to_owned()),
            Symbology::Qr => (Drawn::Squares(qr(text)?), text.to_owned()),
        };
        Ok(Self { drawn, text, name: name.to_owned() })
    }
}

impl Drawn {
    /// Dark rectangles in modules: left, top, width, height. Bars are one module high, to be stretched.
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
        let drawn = Drawn::Bars(vec![true, true, false, true]);
        assert_eq!((drawn.rectangles(), drawn.width()), (vec![(0, 0, 2, 1), (3, 0, 1, 1)], 4));
        let squares = Drawn::Squares(vec![vec![false, true], vec![true, true]]);
        assert_eq!(squares.rectangles(), [(1, 0, 1, 1), (0, 1, 2, 1)]);
    }

    #[test]
    fn what_cannot_be_drawn_says_why() {
        let of = |symbology, text: &str| Label::of(symbology, text, "x").map(|label| label.text);
        assert_eq!(of(Symbology::Ean13, "400638133393"), Ok("4006381333931".to_owned()));
        assert_eq!(of(Symbology::Ean13, "4006381333932"), Err(NoCode::CheckDigit(1)));
        assert_eq!(of(Symbology::Ean13, "mug"), Err(NoCode::NotThirteenDigits));
        assert_eq!(of(Symbology::Code128, "Größe"), Err(NoCode::NotAscii));
        assert_eq!(of(Symbology::Code128, ""), Err(NoCode::NotAscii));
        assert_eq!(of(Symbology::Qr, &"x".repeat(65)), Err(NoCode::TooLong(64)));
        assert!(of(Symbology::Qr, "Größe").is_ok());
    }
}
