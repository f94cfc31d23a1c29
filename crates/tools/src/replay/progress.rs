//! A bar on a terminal, a line now and then elsewhere.

use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

/// Lines of plain output for all documents.
const PLAIN_STEPS: u64 = 20;

/// Progress on the terminal. The time starts when it is made.
pub struct Progress {
    bar: ProgressBar,
    lines: u64,
    next_plain: u64,
}

impl Progress {
    pub fn new(documents: u64) -> Self {
        let bar = ProgressBar::new(documents);
        let template = "{wide_bar} {pos}/{len} documents, {msg}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message("starting");
        Self { bar, lines: 0, next_plain: documents.div_ceil(PLAIN_STEPS).max(1) }
    }

    /// Prints a text above the bar, or as a line of its own if the bar is hidden.
    pub fn print(&self, text: &str) {
        if self.bar.is_hidden() { println!("{text}") } else { self.bar.println(text) }
    }

    /// Counts one more document with `lines` lines as done.
    pub fn finish_document(&mut self, lines: u64) {
        self.lines += lines;
        self.bar.inc(1);
        self.bar.set_message(format!("{:.0} lines/s", self.lines_per_second()));
        let position = self.bar.position();
        if self.bar.is_hidden() && position >= self.next_plain {
            let all = self.bar.length().unwrap_or_default();
            self.next_plain = position + all.div_ceil(PLAIN_STEPS).max(1);
            let left = self.bar.elapsed().mul_f64((all - position.min(all)) as f64 / position.max(1) as f64);
            println!("{position}/{all} documents, {:.0} lines/s, {} left", self.lines_per_second(), HumanDuration(left));
        }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    pub fn elapsed(&self) -> Duration {
        self.bar.elapsed()
    }

    fn lines_per_second(&self) -> f64 {
        self.lines as f64 / self.bar.elapsed().as_secs_f64().max(0.001)
    }
}
