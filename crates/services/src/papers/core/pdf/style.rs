//! What a tenant has on all of its papers: a logo and a header above the title, a line of its colour below it, and a footer on each page.

use std::fmt::Write;

use super::{GAP, LEAD, MARGIN, Pages, WIDTH};
use crate::{
    labels::core::{IMAGE, Image, TextRun},
    papers::core::sheet::{Logo, SheetStyle},
};

/// Size of the characters of headers and footers.
const SMALL: f64 = 7.0;
/// The most room for a logo: as wide, and as high.
const LOGO: (f64, f64) = (200.0, 70.0);
/// Points of a pixel at most, as browsers have it: a small logo stays small.
const PIXEL: f64 = 0.75;
/// The line of the tenant's colour.
const RULE: f64 = 3.0;

/// Whether the fonts of PDFs have all signs of a text.
pub fn prints(text: &str) -> bool {
    TextRun::of(text).is_some()
}

/// The picture of a paper as a PDF has it.
pub(super) fn image(style: &SheetStyle) -> Option<Image<'_>> {
    style.logo.as_ref().map(|Logo { bytes, width, height }| Image { jpeg: bytes, width: *width, height: *height })
}

/// Red, green and blue of a colour, each from 0 to 1.
fn shares(colour: &str) -> Option<[f64; 3]> {
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok().map(|part| f64::from(part) / 255.0);
    Some([part(0)?, part(2)?, part(4)?])
}

impl Pages {
    /// The lowest place of a page that is free of the footer.
    pub(super) fn bottom(&self) -> f64 {
        MARGIN + self.footer.len() as f64 * SMALL * LEAD
    }

    /// Begins the first page; None where a text has a sign that the fonts lack.
    pub(super) fn begin(&mut self, style: &SheetStyle) -> Option<()> {
        if let Some(footer) = &style.footer {
            self.footer = TextRun::of(footer)?.wrapped(SMALL, WIDTH);
        }
        if let Some(logo) = style.logo.as_ref().filter(|logo| logo.width > 0 && logo.height > 0) {
            let (width, height) = (f64::from(logo.width), f64::from(logo.height));
            let scale = (LOGO.0 / width).min(LOGO.1 / height).min(PIXEL);
            let (wide, high) = (width * scale, height * scale);
            self.y -= high;
            let _ = writeln!(self.page, "q {wide:.2} 0 0 {high:.2} {MARGIN:.2} {:.2} cm /{IMAGE} Do Q", self.y);
            self.y -= GAP;
        }
        if let Some(header) = &style.header {
            self.paragraph(header, SMALL)?;
            self.y -= GAP / 2.0;
        }
        Some(())
    }

    /// The line below the title.
    pub(super) fn accent(&mut self, style: &SheetStyle) {
        if let Some([red, green, blue]) = style.accent.as_deref().and_then(shares) {
            self.y -= RULE * 2.0;
            let y = self.y;
            let _ = writeln!(self.page, "{red:.3} {green:.3} {blue:.3} rg {MARGIN:.2} {y:.2} {WIDTH:.2} {RULE:.2} re f 0 g");
        }
    }

    /// Writes the footer onto all pages.
    pub(super) fn print_footers(&mut self) {
        let top = self.bottom();
        let Self { done, footer, used, .. } = self;
        for page in done {
            for (at, line) in footer.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
                let y = top - (at as f64 + 1.0) * SMALL * LEAD;
                let (font, shown) = line.shown(used);
                let _ = writeln!(page, "BT /{font} {SMALL} Tf {MARGIN:.2} {y:.2} Td {shown} Tj ET");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::sheet::left, file},
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
        sheet.tables.push(Table { heading: None, columns: vec![left("Article", 1)], rows });
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
        assert_eq!(shares("#ff0033"), Some([1.0, 0.0, 0.2]));
        assert_eq!((shares("#ff003"), shares("ff0033"), shares("#é0033")), (None, None, None));
    }
}
