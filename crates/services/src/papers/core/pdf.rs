//! A paper as a PDF: text on pages of A4. Its fonts have Latin, Greek and Cyrillic characters; a
//! paper with others has no PDF.

mod code;
mod drawing;
mod pages;
mod style;

use super::sheet::{Fact, Sheet};
use crate::labels::core::{PAGE, UsedCharacters, document_with};
use pages::{MARGIN, Pages, SECTION_GAP, TEXT, WIDTH};

pub use style::is_printable;

const TITLE: f64 = 16.0;
/// Width of the column of names of facts.
const NAMES: f64 = 120.0;

/// Returns the file; `None` if a text has a character that the fonts lack.
pub fn file(sheet: &Sheet) -> Option<Vec<u8>> {
    file_with_drawing(sheet, None)
}

/// Returns the file of a paper with a drawing above its tables: an SVG of our own charts.
pub fn file_with_drawing(sheet: &Sheet, drawing: Option<&str>) -> Option<Vec<u8>> {
    let (finished, footer, used) = (Vec::new(), Vec::new(), UsedCharacters::default());
    let mut pages = Pages { finished_pages: finished, page: String::new(), y: PAGE.1 - MARGIN, footer, used };
    pages.begin(&sheet.style)?;
    pages.paragraph(&sheet.title, TITLE)?;
    pages.accent(&sheet.style);
    pages.y -= SECTION_GAP / 2.0;
    pages.parties(sheet)?;
    for Fact { name, value } in &sheet.facts {
        pages.side_by_side(&[(name.as_str(), NAMES), (value.as_str(), WIDTH - NAMES)])?;
    }
    if let Some(svg) = drawing {
        pages.drawing(svg)?;
    }
    if let Some(code) = &sheet.code {
        pages.code(code)?;
    }
    for table in &sheet.tables {
        pages.table(table)?;
    }
    pages.sums(&sheet.sums)?;
    for note in &sheet.notes {
        pages.y -= SECTION_GAP / 2.0;
        pages.paragraph(note, TEXT)?;
    }
    let (pages, used) = pages.numbered_pages();
    Some(document_with(&pages, style::image(&sheet.style).as_ref(), &used))
}

#[cfg(test)]
mod tests {
    use super::{
        super::sheet::{Table, figure_column, text_column},
        *,
    };

    fn text(sheet: &Sheet) -> String {
        String::from_utf8(file(sheet).unwrap()).unwrap()
    }

    #[test]
    fn latin_greek_and_cyrillic_letters_are_printed_and_others_have_no_file() {
        let mut sheet = Sheet::new("en", "Bill (no. 7) \\ Größe".to_owned());
        sheet.add_fact("Paid", Some("3 € – thanks".to_owned()));
        let shown = text(&sheet);
        assert!(shown.contains("(Bill \\(no. 7\\) \\\\ Gr\\366\\337e) Tj"), "{shown}");
        assert!(shown.contains("(3 \\200 \\226 thanks) Tj"), "{shown}");
        assert!(!shown.contains("/F2"), "a file has one font where one is enough: {shown}");
        sheet.notes.push("Ήή Її\nή".to_owned());
        let shown = text(&sheet);
        assert!(shown.contains("(3 \\200 \\226 thanks) Tj") && shown.contains(" Td <00010002000300040005> Tj"), "{shown}");
        assert!(shown.contains(" Td <0002> Tj") && shown.contains("<0002> <03ae>\n<0003> <0020>\n<0004> <0407>"), "{shown}");
        sheet.notes.push("有難う".to_owned());
        assert_eq!(file(&sheet), None);
    }

    #[test]
    fn a_long_table_goes_on_under_its_head_on_each_page() {
        let mut sheet = Sheet::new("en", "Picking list 1041-2".to_owned());
        let rows = (0..200).map(|nth| vec![format!("SKU-{nth}"), "1".to_owned()]).collect();
        sheet.tables.push(Table { heading: None, columns: vec![text_column("Article", 3), figure_column("Units", 1)], rows });
        let shown = text(&sheet);
        let pages = shown.matches("/Type /Page ").count();
        assert!(pages > 2, "{pages} pages");
        assert_eq!(shown.matches("(Article) Tj").count(), pages);
        assert_eq!(shown.matches("(SKU-").count(), 200);
        assert!(shown.contains(&format!("({pages} / {pages}) Tj")), "the last page has its number");
    }
}
