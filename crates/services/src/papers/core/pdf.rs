//! A paper as a PDF: text on pages of A4. Its fonts have Latin, Greek and Cyrillic characters; a
//! paper with others has no PDF.

mod code;
mod drawing;
mod style;

use std::fmt::Write;

use super::sheet::{Column, Fact, Sheet, Side, Table};
use crate::labels::core::{PAGE, TextRun, UsedCharacters, document_with};

pub use style::is_printable;

const MARGIN: f64 = 51.0;
const WIDTH: f64 = PAGE.0 - 2.0 * MARGIN;
const TEXT: f64 = 9.0;
const TITLE: f64 = 16.0;
/// Line spacing, as a multiple of the font size.
const LINE_SPACING: f64 = 1.3;
const SECTION_GAP: f64 = 12.0;
/// Width of the column of names of facts.
const NAMES: f64 = 120.0;
/// Padding between a column's text and its end.
const COLUMN_PADDING: f64 = 4.0;

/// Returns the file; `None` if a text has a character that the fonts lack.
pub fn file(sheet: &Sheet) -> Option<Vec<u8>> {
    file_with_drawing(sheet, None)
}

/// Returns the file of a paper with a drawing above its tables: an SVG of our own charts.
pub fn file_with_drawing(sheet: &Sheet, drawing: Option<&str>) -> Option<Vec<u8>> {
    let (done, footer, used) = (Vec::new(), Vec::new(), UsedCharacters::default());
    let mut pages = Pages { done, page: String::new(), y: PAGE.1 - MARGIN, footer, used };
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

/// Pages, filled from the top.
struct Pages {
    done: Vec<String>,
    page: String,
    /// Vertical position of the next line, above its text.
    y: f64,
    /// Footer lines of each page.
    footer: Vec<TextRun>,
    /// Characters that the footer prints in the second font.
    used: UsedCharacters,
}

impl Pages {
    /// Begins a page unless the current one has this much room left.
    fn ensure_room(&mut self, height: f64) -> bool {
        let is_new = self.y - height < self.bottom() && !self.page.is_empty();
        if is_new {
            self.done.push(std::mem::take(&mut self.page));
            self.y = PAGE.1 - MARGIN;
        }
        is_new
    }

    fn put(&mut self, text: &TextRun, size: f64, x: f64) {
        if !text.is_empty() {
            let (y, (font, shown)) = (self.y - size, text.shown(&mut self.used));
            let _ = writeln!(self.page, "BT /{font} {size} Tf {x:.2} {y:.2} Td {shown} Tj ET");
        }
    }

    fn rule(&mut self) {
        let (end, y) = (MARGIN + WIDTH, self.y);
        let _ = writeln!(self.page, "0.5 w {MARGIN:.2} {y:.2} m {end:.2} {y:.2} l S");
    }

    fn paragraph(&mut self, text: &str, size: f64) -> Option<()> {
        for line in TextRun::of(text)?.wrap_lines(size, WIDTH) {
            self.ensure_room(size * LINE_SPACING);
            self.put(&line, size, MARGIN);
            self.y -= size * LINE_SPACING;
        }
        Some(())
    }

    /// Prints texts side by side, each wrapped within its width.
    fn side_by_side(&mut self, cells: &[(&str, f64)]) -> Option<()> {
        let columns: Vec<Column> = cells.iter().map(|_| Column { title: String::new(), side: Side::Left, share: 1 }).collect();
        let widths: Vec<f64> = cells.iter().map(|(_, width)| *width).collect();
        let texts: Vec<String> = cells.iter().map(|(text, _)| (*text).to_owned()).collect();
        let row = Row::of(&columns, &widths, &texts)?;
        self.ensure_room(row.height());
        self.row(&row);
        Some(())
    }

    fn parties(&mut self, sheet: &Sheet) -> Option<()> {
        if sheet.parties.is_empty() {
            return Some(());
        }
        let width = WIDTH / sheet.parties.len() as f64;
        let texts: Vec<String> =
            sheet.parties.iter().map(|party| format!("{}\n{}", party.role, party.lines.join("\n"))).collect();
        let cells: Vec<(&str, f64)> = texts.iter().map(|text| (text.as_str(), width)).collect();
        self.side_by_side(&cells)?;
        self.y -= SECTION_GAP;
        Some(())
    }

    /// Prints a table, whose head is repeated on each page.
    fn table(&mut self, table: &Table) -> Option<()> {
        self.y -= SECTION_GAP;
        let all: f64 = table.columns.iter().map(|column| f64::from(column.share)).sum();
        let widths: Vec<f64> = table.columns.iter().map(|column| WIDTH * f64::from(column.share) / all).collect();
        let titles: Vec<String> = table.columns.iter().map(|column| column.title.clone()).collect();
        let head = Row::of(&table.columns, &widths, &titles)?;
        self.ensure_room(head.height() * 3.0);
        if let Some(heading) = &table.heading {
            self.paragraph(heading, TEXT + 2.0)?;
        }
        self.head(&head);
        for cells in &table.rows {
            let row = Row::of(&table.columns, &widths, cells)?;
            if self.ensure_room(row.height()) {
                self.head(&head);
            }
            self.row(&row);
        }
        Some(())
    }

    fn head(&mut self, head: &Row) {
        self.row(head);
        self.rule();
        self.y -= COLUMN_PADDING / 2.0;
    }

    fn row(&mut self, row: &Row) {
        let top = self.y;
        for cell in &row.cells {
            self.y = top;
            for (line, wide) in &cell.lines {
                let x = match cell.side {
                    Side::Left => cell.x,
                    Side::Right => cell.x + cell.width - wide,
                };
                self.put(line, TEXT, x);
                self.y -= TEXT * LINE_SPACING;
            }
        }
        self.y = top - row.height();
    }

    fn sums(&mut self, sums: &[Fact]) -> Option<()> {
        if sums.is_empty() {
            return Some(());
        }
        self.y -= SECTION_GAP / 2.0;
        self.rule();
        self.y -= COLUMN_PADDING / 2.0;
        let columns: Vec<Column> = (0..2).map(|_| Column { title: String::new(), side: Side::Right, share: 1 }).collect();
        for Fact { name, value } in sums {
            let row = Row::of(&columns, &[WIDTH * 0.75, WIDTH * 0.25], &[name.clone(), value.clone()])?;
            self.ensure_room(row.height());
            self.row(&row);
        }
        Some(())
    }

    /// Returns all pages, numbered if there are several, and the characters that they print in the
    /// second font.
    fn numbered_pages(mut self) -> (Vec<String>, UsedCharacters) {
        self.done.push(std::mem::take(&mut self.page));
        self.print_footers();
        let count = self.done.len();
        for (at, page) in self.done.iter_mut().enumerate().filter(|_| count > 1) {
            let (x, y) = (MARGIN + WIDTH - 30.0, MARGIN / 2.0);
            let _ = writeln!(page, "BT /F1 {TEXT} Tf {x:.2} {y:.2} Td ({} / {count}) Tj ET", at + 1);
        }
        (self.done, self.used)
    }
}

/// A row whose texts are wrapped within their columns.
struct Row {
    cells: Vec<Cell>,
}

struct Cell {
    x: f64,
    /// Width without the padding.
    width: f64,
    side: Side,
    /// Lines, each with its width.
    lines: Vec<(TextRun, f64)>,
}

impl Row {
    fn of(columns: &[Column], widths: &[f64], texts: &[String]) -> Option<Self> {
        let (mut cells, mut x) = (Vec::with_capacity(columns.len()), MARGIN);
        for ((column, wide), text) in columns.iter().zip(widths).zip(texts) {
            let width = wide - COLUMN_PADDING;
            let lines = TextRun::of(text)?.wrap_lines(TEXT, width).into_iter().map(|line| {
                let wide = line.width(TEXT);
                (line, wide)
            });
            cells.push(Cell { x, width, side: column.side, lines: lines.collect() });
            x += wide;
        }
        Some(Self { cells })
    }

    fn height(&self) -> f64 {
        let lines = self.cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(1);
        lines as f64 * TEXT * LINE_SPACING + COLUMN_PADDING / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::sheet::{left, right},
        *,
    };

    fn text(sheet: &Sheet) -> String {
        String::from_utf8(file(sheet).unwrap()).unwrap()
    }

    #[test]
    fn latin_greek_and_cyrillic_letters_are_printed_and_others_have_no_file() {
        let mut sheet = Sheet::new("en", "Bill (no. 7) \\ Größe".to_owned());
        sheet.fact("Paid", Some("3 € – thanks".to_owned()));
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
        sheet.tables.push(Table { heading: None, columns: vec![left("Article", 3), right("Units", 1)], rows });
        let shown = text(&sheet);
        let pages = shown.matches("/Type /Page ").count();
        assert!(pages > 2, "{pages} pages");
        assert_eq!(shown.matches("(Article) Tj").count(), pages);
        assert_eq!(shown.matches("(SKU-").count(), 200);
        assert!(shown.contains(&format!("({pages} / {pages}) Tj")), "the last page has its number");
    }

    #[test]
    fn figures_end_where_their_column_ends() {
        let row = Row::of(&[right("Total", 1)], &[104.0], &["12.50".to_owned()]).unwrap();
        let (line, wide) = &row.cells[0].lines[0];
        assert_eq!((line, row.cells[0].x), (&TextRun::of("12.50").unwrap(), MARGIN));
        // Four digits of 556 and a point of 278.
        assert!((wide - 22.518).abs() < 1e-9, "{wide}");
    }
}
