//! A report as a drawing: an SVG without a program or a link, the same for the same figures.

use std::fmt::Write;

use platform::markup;

use platform::calendar::civil;

use super::calendar::TimeUnit;

/// Points that a chart has room for.
pub const MOST_POINTS: usize = 100;

/// The drawing of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChartKind {
    Bars,
    Line,
}

/// A row of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartPoint {
    pub label: String,
    /// None: nothing is drawn.
    pub value: Option<f64>,
    /// The value in words; empty without one.
    pub text: String,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub kind: ChartKind,
    pub title: String,
    /// In pixels.
    pub width: i32,
    pub height: i32,
    pub points: Vec<ChartPoint>,
    /// Rows of the report that are not drawn.
    pub left_out: usize,
}

/// Room for the title, the figures of the axis, the labels, and the edge.
const TOP: f64 = 34.0;
const LEFT: f64 = 76.0;
const BOTTOM: f64 = 40.0;
const RIGHT: f64 = 14.0;
/// Room for a label below the axis, and letters that it has at most.
const LABEL: f64 = 76.0;
const LETTERS: usize = 12;

/// The figures of the vertical axis.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    /// From 0 or below to 0 or above, in some five round steps.
    fn of(points: &[ChartPoint]) -> Self {
        let values = || points.iter().filter_map(|point| point.value).filter(|value| value.is_finite());
        let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
        let wide = (high - low) / 5.0;
        if wide <= 0.0 {
            return Self { low: 0.0, high: 1.0, step: 1.0 };
        }
        let mut size = 1.0;
        while size > wide {
            size /= 10.0;
        }
        while size * 10.0 <= wide {
            size *= 10.0;
        }
        let step = [1.0, 2.0, 5.0].into_iter().map(|times| times * size).find(|step| *step >= wide).unwrap_or(size * 10.0);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, step }
    }
    fn ticks(self) -> impl Iterator<Item = f64> {
        let count = ((self.high - self.low) / self.step).round() as i32;
        (0..=count).map(move |nth| self.low + f64::from(nth) * self.step)
    }
    fn text(self, tick: f64) -> String {
        let (mut decimals, mut step) = (0_usize, self.step);
        while step < 0.999_999 && decimals < 9 {
            step *= 10.0;
            decimals += 1;
        }
        let tick = if tick.abs() < self.step / 2.0 { 0.0 } else { tick };
        format!("{tick:.decimals$}")
    }
}

/// A text that is no markup; what XML has no place for is left out.
fn escaped(text: &str) -> String {
    let is_shown = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    markup::escaped(&text.chars().filter(is_shown).collect::<String>())
}

fn short(text: &str) -> String {
    if text.chars().count() <= LETTERS {
        return text.to_owned();
    }
    text.chars().take(LETTERS - 1).chain(['…']).collect()
}

/// The words of a row's time, by its first day.
pub fn period_label(unit: TimeUnit, first: i32) -> String {
    let (year, month, day) = civil(first);
    match unit {
        TimeUnit::Day | TimeUnit::Week => format!("{year:04}-{month:02}-{day:02}"),
        TimeUnit::Month => format!("{year:04}-{month:02}"),
        TimeUnit::Quarter => format!("{year:04}-Q{}", (month - 1) / 3 + 1),
        TimeUnit::Year => format!("{year:04}"),
    }
}

/// Writes a piece of a drawing: writing to a text cannot fail.
macro_rules! put {
    ($out:expr, $($piece:tt)*) => {
        let _ = write!($out, $($piece)*);
    };
}

/// Draws a chart.
pub fn drawn(chart: &Chart) -> String {
    let (width, height) = (f64::from(chart.width), f64::from(chart.height));
    let axis = Axis::of(&chart.points);
    let (wide, high) = (width - LEFT - RIGHT, height - TOP - BOTTOM);
    let across = |nth: usize| LEFT + wide * (nth as f64 + 0.5) / chart.points.len().max(1) as f64;
    let up = |value: f64| TOP + high * (axis.high - value) / (axis.high - axis.low);
    let mut out = String::new();
    heading(&mut out, chart);
    for tick in axis.ticks() {
        let at = up(tick);
        put!(out, "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"#ddd\"/>", width - RIGHT);
        put!(out, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", LEFT - 6.0, at + 4.0, axis.text(tick));
    }
    match chart.kind {
        ChartKind::Bars => {
            let thick = (wide / chart.points.len().max(1) as f64 * 0.7).max(0.5);
            for (nth, point) in chart.points.iter().enumerate() {
                let Some(value) = point.value else { continue };
                let (top, bottom) = (up(value.max(0.0)), up(value.min(0.0)));
                put!(
                    out,
                    "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{thick:.1}\" height=\"{:.1}\" fill=\"#2563eb\">{}</rect>",
                    across(nth) - thick / 2.0,
                    bottom - top,
                    tooltip(point)
                );
            }
        }
        ChartKind::Line => line(&mut out, &chart.points, across, up),
    }
    put!(out, "<path d=\"M{LEFT} {0:.1}H{1:.1}\" stroke=\"#333\"/>", up(0.0), width - RIGHT);
    let every = (chart.points.len() as f64 / (wide / LABEL).floor().max(1.0)).ceil().max(1.0) as usize;
    for (nth, point) in chart.points.iter().enumerate().step_by(every) {
        let label = escaped(&short(&point.label));
        put!(out, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>", across(nth), height - BOTTOM + 16.0);
    }
    if chart.left_out > 0 {
        put!(out, "<text x=\"{LEFT}\" y=\"{:.1}\" fill=\"#555\">{} more rows are not drawn</text>", height - 8.0, chart.left_out);
    }
    out.push_str("</svg>");
    out
}

/// The beginning: its size, its title, and all figures in words for those who do not see it.
fn heading(out: &mut String, chart: &Chart) {
    let (title, Chart { width, height, .. }) = (escaped(&chart.title), chart);
    let figures = chart.points.iter().filter(|point| point.value.is_some());
    let words: Vec<String> = figures.map(|point| format!("{}: {}", point.label, point.text)).collect();
    put!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\"><title>{title}</title><desc>{}</desc><rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/><text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{title}</text>",
        escaped(&words.join("; "))
    );
}

/// The row in words, where a pointer rests on it.
fn tooltip(point: &ChartPoint) -> String {
    format!("<title>{}</title>", escaped(&format!("{}: {}", point.label, point.text)))
}

/// A line through the points; it is broken where one has no value.
fn line(out: &mut String, points: &[ChartPoint], across: impl Fn(usize) -> f64, up: impl Fn(f64) -> f64) {
    let (mut path, mut is_drawing, mut dots) = (String::new(), false, String::new());
    for (nth, point) in points.iter().enumerate() {
        let Some(value) = point.value else {
            is_drawing = false;
            continue;
        };
        let (x, y) = (across(nth), up(value));
        put!(path, "{}{x:.1} {y:.1}", if is_drawing { "L" } else { "M" });
        put!(dots, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"#2563eb\">{}</circle>", tooltip(point));
        is_drawing = true;
    }
    if !path.is_empty() {
        put!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"#2563eb\" stroke-width=\"2\"/>");
    }
    out.push_str(&dots);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(kind: ChartKind, values: &[Option<f64>]) -> Chart {
        let point = |(nth, value): (usize, &Option<f64>)| ChartPoint {
            label: format!("<b>{nth}</b>"),
            value: *value,
            text: value.map(|value| value.to_string()).unwrap_or_default(),
        };
        let points = values.iter().enumerate().map(point).collect();
        Chart { kind, title: "Mugs & \"plates\"\u{7}".to_owned(), width: 640, height: 320, points, left_out: 3 }
    }

    #[test]
    fn texts_are_no_markup() {
        let drawing = drawn(&chart(ChartKind::Bars, &[Some(12.0), None, Some(-3.0)]));
        assert!(drawing.contains("<title>Mugs &amp; &quot;plates&quot;</title>"), "{drawing}");
        assert!(drawing.contains("<desc>&lt;b&gt;0&lt;/b&gt;: 12; &lt;b&gt;2&lt;/b&gt;: -3</desc>"), "{drawing}");
        assert!(!drawing.contains("<b>") && !drawing.contains('\u{7}'), "{drawing}");
        assert_eq!(drawing.matches("<rect").count(), 3, "the ground and two bars");
        assert!(drawing.contains("3 more rows are not drawn"), "{drawing}");
        assert_eq!(drawing, drawn(&chart(ChartKind::Bars, &[Some(12.0), None, Some(-3.0)])));
    }

    #[test]
    fn a_line_is_broken_where_nothing_is_known() {
        let drawing = drawn(&chart(ChartKind::Line, &[Some(1.0), Some(2.0), None, Some(0.5)]));
        let path = drawing.split("<path d=\"").find(|piece| piece.contains("fill=\"none\"")).unwrap();
        let path = path.split('"').next().unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{drawing}");
        assert_eq!(drawing.matches("<circle").count(), 3);
    }

    #[test]
    fn the_axis_has_round_figures() {
        let ticks = |values: &[Option<f64>]| {
            let axis = Axis::of(&chart(ChartKind::Bars, values).points);
            axis.ticks().map(|tick| axis.text(tick)).collect::<Vec<_>>()
        };
        assert_eq!(ticks(&[Some(9.0)]), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(ticks(&[Some(0.25), Some(-0.1)]), ["-0.1", "0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(ticks(&[None, Some(0.0)]), ["0", "1"], "nothing was sold");
    }

    #[test]
    fn rows_of_time_have_words() {
        let label = |unit| period_label(unit, 20_454 + 31);
        assert_eq!(label(TimeUnit::Day), "2026-02-01");
        assert_eq!(
            (label(TimeUnit::Month), label(TimeUnit::Quarter), label(TimeUnit::Year)),
            ("2026-02".into(), "2026-Q1".into(), "2026".into())
        );
    }
}
