//! A number that a scanner reads, as the bars of a Code 128 with the number below them.

use std::fmt::Write;

use super::{GAP, LEAD, MARGIN, Pages, TEXT, WIDTH};
use crate::labels::core::{Label, Symbology, TextRun};

/// The thinnest bar is so wide at most.
const MODULE: f64 = 1.2;
const HIGH: f64 = 48.0;
/// Modules of nothing on both sides: scanners find the ends of a code by them.
const QUIET: f64 = 10.0;

impl Pages {
    /// Puts a code below what is there; nothing where a Code 128 has no such signs.
    pub(super) fn code(&mut self, text: &str) -> Option<()> {
        let Ok(label) = Label::of(Symbology::Code128, text, "") else { return Some(()) };
        let module = (WIDTH / (label.drawn.width() as f64 + 2.0 * QUIET)).min(MODULE);
        self.y -= GAP;
        self.need(HIGH + TEXT * LEAD);
        let (from, bottom) = (MARGIN + QUIET * module, self.y - HIGH);
        for (x, _, wide, _) in label.drawn.rectangles() {
            let (x, wide) = (from + x as f64 * module, wide as f64 * module);
            let _ = writeln!(self.page, "{x:.3} {bottom:.3} {wide:.3} {HIGH:.3} re");
        }
        self.page.push_str("f\n");
        self.y = bottom;
        self.put(&TextRun::of(&label.text)?, TEXT, from);
        self.y -= TEXT * LEAD;
        Some(())
    }
}
