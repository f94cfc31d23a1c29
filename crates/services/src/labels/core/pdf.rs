//! Sheets of labels as a PDF (ISO 32000-1), written by hand: pages of filled rectangles and texts.

use std::fmt::Write;

use super::{drawn_code::DrawnCode, label::Label, second_font::UsedCharacters, svg::truncate_name, text_run::TextRun};

/// Layout of labels on an A4 sheet, in points (1/72 inch).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SheetLayout {
    pub columns: usize,
    pub rows: usize,
}

/// A sheet of A4: its width and its height.
pub const PAGE: (f64, f64) = (595.28, 841.89);
const MARGIN: f64 = 24.0;
/// Quiet zone around a code, and the size of the text in its two lines.
const QUIET_ZONE: f64 = 8.0;
const TEXT_SIZE: f64 = 7.0;

impl SheetLayout {
    pub fn per_page(self) -> usize {
        self.columns * self.rows
    }
}

/// Draws a label into a cell.
fn draw((out, used): (&mut String, &mut UsedCharacters), label: &Label, (left, bottom): (f64, f64), (width, height): (f64, f64)) {
    let text_height = TEXT_SIZE * 2.6;
    let (room_wide, room_high) = (width - 2.0 * QUIET_ZONE, height - 2.0 * QUIET_ZONE - text_height);
    let modules = label.drawn.width() as f64;
    let (module, code_high) = match label.drawn {
        DrawnCode::Bars(_) => (room_wide / modules, room_high),
        DrawnCode::Squares(_) => {
            let module = (room_wide.min(room_high)) / modules;
            (module, module * modules)
        }
    };
    let (left_edge, top) = (left + (width - module * modules) / 2.0, bottom + height - QUIET_ZONE);
    for (x, y, bar_width, tall) in label.drawn.rectangles() {
        let bar_height = match label.drawn {
            DrawnCode::Bars(_) => code_high,
            DrawnCode::Squares(_) => tall as f64 * module,
        };
        let bottom_edge = top - (y as f64) * module - bar_height;
        let _ = writeln!(
            out,
            "{:.3} {bottom_edge:.3} {:.3} {bar_height:.3} re",
            left_edge + x as f64 * module,
            bar_width as f64 * module
        );
    }
    out.push_str("f\n");
    let max_characters = ((width - 2.0 * QUIET_ZONE) / (TEXT_SIZE * 0.55)) as usize;
    for (line, text) in [&label.text, &label.name].into_iter().enumerate() {
        let y = top - code_high - TEXT_SIZE * (1.1 + line as f64 * 1.2);
        let (font, text_operand) = TextRun::with_replacements(&truncate_name(text, max_characters)).font_and_operand(used);
        let _ = writeln!(out, "BT /{font} {TEXT_SIZE} Tf {:.3} {y:.3} Td {text_operand} Tj ET", left + QUIET_ZONE);
    }
}

/// Sheets of labels.
pub fn sheet(labels: &[Label], layout: SheetLayout) -> Vec<u8> {
    let cell = ((PAGE.0 - 2.0 * MARGIN) / layout.columns as f64, (PAGE.1 - 2.0 * MARGIN) / layout.rows as f64);
    let mut used = UsedCharacters::default();
    let pages: Vec<String> = labels
        .chunks(layout.per_page().max(1))
        .map(|page| {
            let mut out = String::new();
            for (at, label) in page.iter().enumerate() {
                let (column, row) = (at % layout.columns, at / layout.columns);
                let corner = (MARGIN + column as f64 * cell.0, PAGE.1 - MARGIN - (row + 1) as f64 * cell.1);
                draw((&mut out, &mut used), label, corner, cell);
            }
            out
        })
        .collect();
    document_with(&pages, None, &used)
}

/// The name by which pages draw the picture of a document.
pub const IMAGE: &str = "L1";

/// A picture that pages can draw.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    /// A JPEG of three colours.
    pub jpeg: &'a [u8],
    /// In pixels.
    pub width: u32,
    pub height: u32,
}

impl Image<'_> {
    /// Returns the object of the file: in ASCII, like the whole file.
    fn object(&self) -> String {
        let (Self { jpeg, width, height }, mut digits) = (self, String::with_capacity(self.jpeg.len() * 2 + 1));
        for byte in *jpeg {
            let _ = write!(digits, "{byte:02x}");
        }
        digits.push('>');
        let length = digits.len();
        format!(
            "<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB /BitsPerComponent 8 \
             /Filter [/ASCIIHexDecode /DCTDecode] /Length {length} >>\nstream\n{digits}\nendstream"
        )
    }
}

/// Writes a file of these pages of A4, each given by the operators that draw it: in ASCII, with the
/// font Helvetica as F1, the picture as L1, and the second font as F2 if they use it.
pub fn document_with(pages: &[String], image: Option<&Image<'_>>, used: &UsedCharacters) -> Vec<u8> {
    let count = pages.len();
    // The picture follows the pages, and the second font follows the picture.
    let image_resource = image.map(|_| format!(" /XObject << /{IMAGE} {} 0 R >>", 4 + 2 * count)).unwrap_or_default();
    let second = 4 + 2 * count + usize::from(image.is_some());
    let fonts = if used.is_empty() { String::new() } else { format!(" /F2 {second} 0 R") };
    // Objects: 1 the catalogue, 2 the pages, 3 the font, then each page and its content.
    let kids = (0..count).map(|at| format!("{} 0 R", 4 + 2 * at)).collect::<Vec<_>>().join(" ");
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Count {count} /Kids [{kids}] >>"),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (at, page) in pages.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] /Resources << /Font << /F1 3 0 R{fonts} >>{image_resource} >> /Contents {} 0 R >>",
            PAGE.0,
            PAGE.1,
            5 + 2 * at
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{page}endstream", page.len()));
    }
    objects.extend(image.map(Image::object));
    objects.extend(used.objects(second));
    let mut out = "%PDF-1.4\n".to_owned();
    let mut places = Vec::with_capacity(objects.len());
    for (at, object) in objects.iter().enumerate() {
        places.push(out.len());
        let _ = write!(out, "{} 0 obj\n{object}\nendobj\n", at + 1);
    }
    let table = out.len();
    let _ = write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _ = writeln!(out, "{place:010} 00000 n ");
    }
    let _ = write!(out, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{super::Symbology, *};

    #[test]
    fn a_sheet_has_its_pages_and_its_table_leads_to_them() {
        let label = Label::of(Symbology::Qr, "a-1", "Mug (blue) \\ Größe ✓").unwrap();
        let bytes = sheet(&vec![label; 25], SheetLayout { columns: 3, rows: 8 });
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("%PDF-1.4\n") && text.ends_with("%%EOF\n"));
        assert!(text.contains("/Count 2") && text.contains("Mug \\(blue\\) \\\\ Gr\\366\\337e ?"), "{text}");
        let table = text.rfind("xref\n0 ").unwrap();
        let start: usize = text.lines().rev().nth(1).unwrap().parse().unwrap();
        assert!(text[start..].starts_with("xref\n"), "the end leads to the table");
        let places = text[table..].lines().filter(|line| line.ends_with(" n ")).map(|line| line[..10].parse::<usize>().unwrap());
        let mut seen = 0;
        for (at, place) in places.enumerate() {
            assert!(text[place..].starts_with(&format!("{} 0 obj\n", at + 1)), "object {}", at + 1);
            seen = at + 1;
        }
        assert_eq!(seen, 3 + 2 * 2);
        let label = Label::of(Symbology::Qr, "a-1", "Кружка").unwrap();
        let text = String::from_utf8(sheet(&[label], SheetLayout { columns: 3, rows: 8 })).unwrap();
        assert!(text.contains("/F2 6 0 R") && text.contains("6 0 obj\n<< /Type /Font /Subtype /Type0"), "{text}");
        assert!(text.contains(" Td <000100020003000400050006> Tj"), "{text}");
    }
}
