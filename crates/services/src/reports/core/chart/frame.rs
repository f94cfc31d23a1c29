//! The frame of a drawing: its heading, its axis with a grid, and the labels below it.

use std::fmt::Write;

use platform::markup;

/// Room for the title, the figures of the axis, the labels, and the edge.
pub(super) const TOP: f64 = 34.0;
pub(super) const LEFT: f64 = 76.0;
pub(super) const BOTTOM: f64 = 40.0;
pub(super) const RIGHT: f64 = 14.0;
/// Width of a label below the axis, and its maximum characters.
const LABEL: f64 = 76.0;
const MAX_LABEL_CHARS: usize = 12;
/// Space for the names of parts below the title.
pub(super) const LEGEND: f64 = 16.0;

/// The figures of the vertical axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    step: f64,
}

impl Axis {
    /// The axis for values that are not stacked.
    pub(super) fn over(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((0.0, 0.0), |(low, high), value| (f64::min(low, value), f64::max(high, value)));
        let min_step = (high - low) / 5.0;
        if min_step <= 0.0 {
            return Self { low: 0.0, high: 1.0, step: 1.0 };
        }
        let mut size = 1.0;
        while size > min_step {
            size /= 10.0;
        }
        while size * 10.0 <= min_step {
            size *= 10.0;
        }
        let step = [1.0, 2.0, 5.0].into_iter().map(|times| times * size).find(|step| *step >= min_step).unwrap_or(size * 10.0);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, step }
    }
    pub(super) fn ticks(self) -> impl Iterator<Item = f64> {
        let count = ((self.high - self.low) / self.step).round() as i32;
        (0..=count).map(move |nth| self.low + f64::from(nth) * self.step)
    }
    pub(super) fn text(self, tick: f64) -> String {
        let (mut decimals, mut step) = (0_usize, self.step);
        while step < 0.999_999 && decimals < 9 {
            step *= 10.0;
            decimals += 1;
        }
        let tick = if tick.abs() < self.step / 2.0 { 0.0 } else { tick };
        format!("{tick:.decimals$}")
    }
}

/// A text as escaped markup, without characters that XML does not allow.
pub(super) fn escape_markup(text: &str) -> String {
    let is_shown = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    markup::escape_markup(&text.chars().filter(is_shown).collect::<String>())
}

pub(super) fn truncate_label(text: &str) -> String {
    if text.chars().count() <= MAX_LABEL_CHARS {
        return text.to_owned();
    }
    text.chars().take(MAX_LABEL_CHARS - 1).chain(['…']).collect()
}

/// Writes a piece of a drawing: writing to a text cannot fail.
macro_rules! put {
    ($out:expr, $($piece:tt)*) => {
        let _ = write!($out, $($piece)*);
    };
}
pub(super) use put;

/// The lines of the axis with their figures.
pub(super) fn draw_grid(out: &mut String, axis: Axis, up: impl Fn(f64) -> f64, right: f64) {
    for tick in axis.ticks() {
        let at = up(tick);
        put!(out, "<path d=\"M{LEFT} {at:.1}H{right:.1}\" stroke=\"#ddd\"/>");
        put!(out, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", LEFT - 6.0, at + 4.0, axis.text(tick));
    }
}

/// The labels of columns, each in its middle: as many as fit.
pub(super) fn draw_labels(out: &mut String, labels: &[(f64, &str)], plot_width: f64, height: f64) {
    let label_interval = (labels.len() as f64 / (plot_width / LABEL).floor().max(1.0)).ceil().max(1.0) as usize;
    for (x, label) in labels.iter().step_by(label_interval) {
        let label = escape_markup(&truncate_label(label));
        put!(out, "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>", height - BOTTOM + 16.0);
    }
}

/// The beginning of the drawing: its size, its title, and all figures as text for screen readers.
pub(super) fn draw_heading(out: &mut String, (width, height): (i32, i32), title: &str, words: &str) {
    let title = escape_markup(title);
    put!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\"><title>{title}</title><desc>{}</desc><rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/><text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{title}</text>",
        escape_markup(words)
    );
}
