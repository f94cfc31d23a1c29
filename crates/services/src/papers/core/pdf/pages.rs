//! Pages of a PDF, filled from the top: texts, tables and sums.

use std::fmt::Write;

use crate::{
    labels::core::{PAGE, TextRun, UsedCharacters},
    papers::core::sheet::{Column, Fact, Sheet, Side, Table},
};

pub(super) const MARGIN: f64 = 51.0;
pub(super) const WIDTH: f64 = PAGE.0 - 2.0 * MARGIN;
pub(super) const TEXT: f64 = 9.0;
/// Line spacing, as a multiple of the font size.
pub(super) const LINE_SPACING: f64 = 1.3;
pub(super) const SECTION_GAP: f64 = 12.0;
/// Padding between a column's text and its end.
const COLUMN_PADDING: f64 = 4.0;

/// Pages, filled from the top.
pub(super) struct Pages {
    pub(super) finished_pages: Vec<String>,
    pub(super) page: String,
    /// Vertical position of the next line, above its text.
    pub(super) y: f64,
    /// Footer lines of each page.
    pub(super) footer: Vec<TextRun>,
    /// Characters that the footer prints in the second font.
    pub(super) used: UsedCharacters,
}

impl Pages {
    /// Begins a page unless the current one has this much room left.
    pub(super) fn ensure_room(&mut self, height: f64) -> bool {
        let is_new = self.y - height < self.bottom() && !self.page.is_empty();
        if is_new {
            self.finished_pages.push(std::mem::take(&mut self.page));
            self.y = PAGE.1 - MARGIN;
        }
        is_new
    }

    pub(super) fn put(&mut self, text: &TextRun, size: f64, x: f64) {
        if !text.is_empty() {
            let (y, (font, text_operand)) = (self.y - size, text.font_and_operand(&mut self.used));
            let _ = writeln!(self.page, "BT /{font} {size} Tf {x:.2} {y:.2} Td {text_operand} Tj ET");
        }
    }

    fn draw_rule(&mut self) {
        let (end, y) = (MARGIN + WIDTH, self.y);
        let _ = writeln!(self.page, "0.5 w {MARGIN:.2} {y:.2} m {end:.2} {y:.2} l S");
    }

    pub(super) fn paragraph(&mut self, text: &str, size: f64) -> Option<()> {
        for line in TextRun::of(text)?.wrap_lines(size, WIDTH) {
            self.ensure_room(size * LINE_SPACING);
            self.put(&line, size, MARGIN);
            self.y -= size * LINE_SPACING;
        }
        Some(())
    }

    /// Prints texts side by side, each wrapped within its width.
    pub(super) fn side_by_side(&mut self, cells: &[(&str, f64)]) -> Option<()> {
        let columns: Vec<Column> = cells.iter().map(|_| Column { title: String::new(), side: Side::Left, share: 1 }).collect();
        let widths: Vec<f64> = cells.iter().map(|(_, width)| *width).collect();
        let texts: Vec<String> = cells.iter().map(|(text, _)| (*text).to_owned()).collect();
        let row = Row::of(&columns, &widths, &texts)?;
        self.ensure_room(row.height());
        self.row(&row);
        Some(())
    }

    pub(super) fn parties(&mut self, sheet: &Sheet) -> Option<()> {
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
    pub(super) fn table(&mut self, table: &Table) -> Option<()> {
        self.y -= SECTION_GAP;
        let total_share: f64 = table.columns.iter().map(|column| f64::from(column.share)).sum();
        let widths: Vec<f64> = table.columns.iter().map(|column| WIDTH * f64::from(column.share) / total_share).collect();
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
        self.draw_rule();
        self.y -= COLUMN_PADDING / 2.0;
    }

    fn row(&mut self, row: &Row) {
        let top = self.y;
        for cell in &row.cells {
            self.y = top;
            for (line, line_width) in &cell.lines {
                let x = match cell.side {
                    Side::Left => cell.x,
                    Side::Right => cell.x + cell.width - line_width,
                };
                self.put(line, TEXT, x);
                self.y -= TEXT * LINE_SPACING;
            }
        }
        self.y = top - row.height();
    }

    pub(super) fn sums(&mut self, sums: &[Fact]) -> Option<()> {
        if sums.is_empty() {
            return Some(());
        }
        self.y -= SECTION_GAP / 2.0;
        self.draw_rule();
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
    pub(super) fn numbered_pages(mut self) -> (Vec<String>, UsedCharacters) {
        self.finished_pages.push(std::mem::take(&mut self.page));
        self.print_footers();
        let count = self.finished_pages.len();
        for (at, page) in self.finished_pages.iter_mut().enumerate().filter(|_| count > 1) {
            let (x, y) = (MARGIN + WIDTH - 30.0, MARGIN / 2.0);
            let _ = writeln!(page, "BT /F1 {TEXT} Tf {x:.2} {y:.2} Td ({} / {count}) Tj ET", at + 1);
        }
        (self.finished_pages, self.used)
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
        for ((column, column_width), text) in columns.iter().zip(widths).zip(texts) {
            let width = column_width - COLUMN_PADDING;
            let lines = TextRun::of(text)?.wrap_lines(TEXT, width).into_iter().map(|line| {
                let column_width = line.width(TEXT);
                (line, column_width)
            });
            cells.push(Cell { x, width, side: column.side, lines: lines.collect() });
            x += column_width;
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
    use super::*;
    use crate::papers::core::sheet::figure_column;

    #[test]
    fn figures_end_where_their_column_ends() {
        let row = Row::of(&[figure_column("Total", 1)], &[104.0], &["12.50".to_owned()]).unwrap();
        let (line, wide) = &row.cells[0].lines[0];
        assert_eq!((line, row.cells[0].x), (&TextRun::of("12.50").unwrap(), MARGIN));
        // Four digits of 556 and a point of 278.
        assert!((wide - 22.518).abs() < 1e-9, "{wide}");
    }
}
