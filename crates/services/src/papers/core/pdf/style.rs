//! Parts of a PDF that all papers of a tenant have: a logo and a header above the title, a line in
//! the tenant's colour below it, and a footer on each page.

use std::fmt::Write;

use super::pages::{LINE_SPACING, MARGIN, Pages, SECTION_GAP, WIDTH};
use crate::{
    labels::core::{IMAGE, Image, TextRun},
    papers::core::sheet::{Logo, SheetStyle},
};

/// Size of the characters of headers and footers.
const SMALL_FONT_SIZE: f64 = 7.0;
/// Maximum width and height of a logo.
const LOGO: (f64, f64) = (200.0, 70.0);
/// Maximum points of a pixel, as in browsers: a small logo stays small.
const MAX_PIXEL_POINTS: f64 = 0.75;
/// Thickness of the line in the tenant's colour.
const RULE: f64 = 3.0;

/// Whether the fonts of PDFs have all signs of a text.
pub fn is_printable(text: &str) -> bool {
    TextRun::of(text).is_some()
}

/// Returns the logo of a paper for the PDF.
pub(super) fn image(style: &SheetStyle) -> Option<Image<'_>> {
    style.logo.as_ref().map(|Logo { bytes, width, height }| Image { jpeg: bytes, width: *width, height: *height })
}

/// Returns red, green and blue of a colour, each from 0 to 1.
fn parse_colour(colour: &str) -> Option<[f64; 3]> {
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok().map(|part| f64::from(part) / 255.0);
    Some([part(0)?, part(2)?, part(4)?])
}

impl Pages {
    /// Returns the lowest position of a page above the footer.
    pub(super) fn bottom(&self) -> f64 {
        MARGIN + self.footer.len() as f64 * SMALL_FONT_SIZE * LINE_SPACING
    }

    /// Begins the first page; `None` if a text has a character that the fonts lack.
    pub(super) fn begin(&mut self, style: &SheetStyle) -> Option<()> {
        if let Some(footer) = &style.footer {
            self.footer = TextRun::of(footer)?.wrap_lines(SMALL_FONT_SIZE, WIDTH);
        }
        if let Some(logo) = style.logo.as_ref().filter(|logo| logo.width > 0 && logo.height > 0) {
            let (width, height) = (f64::from(logo.width), f64::from(logo.height));
            let scale = (LOGO.0 / width).min(LOGO.1 / height).min(MAX_PIXEL_POINTS);
            let (scaled_width, scaled_height) = (width * scale, height * scale);
            self.y -= scaled_height;
            let _ = writeln!(self.page, "q {scaled_width:.2} 0 0 {scaled_height:.2} {MARGIN:.2} {:.2} cm /{IMAGE} Do Q", self.y);
            self.y -= SECTION_GAP;
        }
        if let Some(header) = &style.header {
            self.paragraph(header, SMALL_FONT_SIZE)?;
            self.y -= SECTION_GAP / 2.0;
        }
        Some(())
    }

    /// Draws the line below the title.
    pub(super) fn accent(&mut self, style: &SheetStyle) {
        if let Some([red, green, blue]) = style.accent.as_deref().and_then(parse_colour) {
            self.y -= RULE * 2.0;
            let y = self.y;
            let _ = writeln!(self.page, "{red:.3} {green:.3} {blue:.3} rg {MARGIN:.2} {y:.2} {WIDTH:.2} {RULE:.2} re f 0 g");
        }
    }

    /// Writes the footer onto all pages.
    pub(super) fn print_footers(&mut self) {
        let top = self.bottom();
        let Self { finished_pages: pages, footer, used, .. } = self;
        for page in pages {
            for (index, line) in footer.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
                let y = top - (index as f64 + 1.0) * SMALL_FONT_SIZE * LINE_SPACING;
                let (font, text_operand) = line.font_and_operand(used);
                let _ = writeln!(page, "BT /{font} {SMALL_FONT_SIZE} Tf {MARGIN:.2} {y:.2} Td {text_operand} Tj ET");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::sheet::text_column, file},
        *,
    };
    use crate::papers::core::sheet::{Sheet, Table};

    fn text(sheet: &Sheet) -> String {
        String::from_utf8(file(sheet).unwrap()).unwrap()
    }

    #[test]
    fn each_page_has_the_footer_and_the_first_the_logo() {
        let mut sheet = Sheet::new("en", "Picking list 1041-2".to_owned());
        sheet.style = SheetStyle {
            header: Some("Mugs & More".to_owned()),
            footer: Some("IBAN 42\nBIC 7".to_owned()),
            accent: Some("#ff0000".to_owned()),
            logo: Some(Logo { bytes: vec![0xff, 0xd8, 0xff, 0xd9], width: 400, height: 100 }),
        };
        let rows = (0..200).map(|nth| vec![format!("SKU-{nth}")]).collect();
        sheet.tables.push(Table { heading: None, columns: vec![text_column("Article", 1)], rows });
        let shown = text(&sheet);
        let pages = shown.matches("/Type /Page ").count();
        assert!(pages > 2, "{pages} pages");
        assert_eq!((shown.matches("(IBAN 42) Tj").count(), shown.matches("(BIC 7) Tj").count()), (pages, pages));
        assert_eq!((shown.matches("(Mugs & More) Tj").count(), shown.matches(" cm /L1 Do").count()), (1, 1));
        assert!(shown.contains("q 200.00 0 0 50.00 ") && shown.contains("ffd8ffd9>\nendstream"), "{shown}");
        assert!(shown.contains("1.000 0.000 0.000 rg "), "{shown}");
        sheet.style.footer = Some("αβ".to_owned());
        assert_eq!(text(&sheet).matches(" Td <00010002> Tj").count(), pages);
        sheet.style.footer = Some("有難う".to_owned());
        assert_eq!(file(&sheet), None);
    }

    #[test]
    fn a_colour_is_three_shares() {
        assert_eq!(parse_colour("#ff0033"), Some([1.0, 0.0, 0.2]));
        assert_eq!((parse_colour("#ff003"), parse_colour("ff0033"), parse_colour("#é0033")), (None, None, None));
    }
}
