//! A number as a Code 128 with the text below it.

use std::fmt::Write;

use super::pages::{LINE_SPACING, MARGIN, Pages, SECTION_GAP, TEXT, WIDTH};
use crate::labels::core::{Label, Symbology, TextRun};

/// Maximum width of the thinnest bar.
const MAX_MODULE_WIDTH: f64 = 1.2;
const CODE_HEIGHT: f64 = 48.0;
/// Quiet zone on both sides of a code, in modules.
const QUIET_ZONE: f64 = 10.0;

impl Pages {
    /// Draws a code below the content so far; nothing if Code 128 lacks a character.
    pub(super) fn code(&mut self, text: &str) -> Option<()> {
        let Ok(label) = Label::of(Symbology::Code128, text, "") else { return Some(()) };
        let module = (WIDTH / (label.drawn.width() as f64 + 2.0 * QUIET_ZONE)).min(MAX_MODULE_WIDTH);
        self.y -= SECTION_GAP;
        self.ensure_room(CODE_HEIGHT + TEXT * LINE_SPACING);
        let (from, bottom) = (MARGIN + QUIET_ZONE * module, self.y - CODE_HEIGHT);
        for (x, _, bar_width, _) in label.drawn.rectangles() {
            let (x, bar_width) = (from + x as f64 * module, bar_width as f64 * module);
            let _ = writeln!(self.page, "{x:.3} {bottom:.3} {bar_width:.3} {CODE_HEIGHT:.3} re");
        }
        self.page.push_str("f\n");
        self.y = bottom;
        self.put(&TextRun::of(&label.text)?, TEXT, from);
        self.y -= TEXT * LINE_SPACING;
        Some(())
    }
}
