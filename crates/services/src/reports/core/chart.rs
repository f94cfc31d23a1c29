//! Drawing of a report: an SVG without scripts or links, the same for the same figures.

mod band;
mod frame;

use std::{collections::BTreeMap, fmt::Write};

use forecast::weekdays;
use platform::{calendar::civil, plurals::pluralize};

pub use self::band::{BandChart, BandPoint, draw_band};
use self::frame::{
    Axis, BOTTOM, LEFT, LEGEND, RIGHT, TOP, draw_grid, draw_heading, draw_labels, escape_markup, put, truncate_label,
};
use super::calendar::TimeUnit;

/// Points that a chart has room for.
pub const MAX_POINTS: usize = 100;
/// Maximum rows of two dimensions in a chart: an incomplete column would mislead.
pub const MAX_STACKED: usize = 500;

/// The drawing of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChartKind {
    Bars,
    Line,
}

/// A row of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartPoint {
    /// Index of the column. Points of one column are stacked.
    pub column: usize,
    /// Index of the part; 0 without parts.
    pub part: usize,
    /// Label of its column.
    pub label: String,
    /// None for a point without a drawing.
    pub value: Option<f64>,
    /// The value in words; empty without one.
    pub text: String,
}

/// Content of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub kind: ChartKind,
    pub title: String,
    /// In pixels.
    pub width: i32,
    pub height: i32,
    /// Parts that columns are stacked of; empty if each is one point.
    pub parts: Vec<String>,
    pub points: Vec<ChartPoint>,
    /// Rows of the report that are not drawn.
    pub left_out: usize,
}

/// Space for the name of a part.
const LEGEND_ENTRY_WIDTH: f64 = 96.0;
/// Colours of the parts in their order; further parts are grey.
const COLOURS: [&str; 8] = ["#2563eb", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#14b8a6", "#ec4899", "#84cc16"];
const GREY: &str = "#9ca3af";

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

/// The words of a day of the week, from 1, a Monday, to 7.
pub const fn weekday_label(day: i32) -> &'static str {
    weekdays::NAMES[(day - 1).rem_euclid(7) as usize]
}

impl Axis {
    /// From 0 or below to 0 or above, in some five round steps.
    fn of(points: &[ChartPoint]) -> Self {
        Self::over(stack_bounds(points).into_iter().flatten().flat_map(|(from, to)| [from, to]))
    }
}

/// The values between which each point is drawn: on top of the previous points of its column, with
/// negative ones separately; None without a value.
fn stack_bounds(points: &[ChartPoint]) -> Vec<Option<(f64, f64)>> {
    let mut ends: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    let stacked = |point: &ChartPoint| {
        let value = point.value.filter(|value| value.is_finite())?;
        let (low, high) = ends.entry(point.column).or_default();
        let end = if value < 0.0 { low } else { high };
        let from = *end;
        *end += value;
        Some((from.min(*end), from.max(*end)))
    };
    points.iter().map(stacked).collect()
}

/// Draws a chart.
pub fn draw_chart(chart: &Chart) -> String {
    let (width, height) = (f64::from(chart.width), f64::from(chart.height));
    let axis = Axis::of(&chart.points);
    let edge = if chart.parts.is_empty() { TOP } else { TOP + LEGEND };
    let (plot_width, plot_height) = (width - LEFT - RIGHT, height - edge - BOTTOM);
    let mut labels: BTreeMap<usize, &str> = BTreeMap::new();
    for point in &chart.points {
        labels.entry(point.column).or_insert(&point.label);
    }
    let columns = labels.len().max(1) as f64;
    let x_of = |column: usize| LEFT + plot_width * (column as f64 + 0.5) / columns;
    let y_of = |value: f64| edge + plot_height * (axis.high - value) / (axis.high - axis.low);
    let mut out = String::new();
    let valued_points = chart.points.iter().filter(|point| point.value.is_some());
    let words: Vec<String> = valued_points.map(|point| describe_point(chart, point)).collect();
    draw_heading(&mut out, (chart.width, chart.height), &chart.title, &words.join("; "));
    draw_legend(&mut out, chart);
    draw_grid(&mut out, axis, y_of, width - RIGHT);
    match chart.kind {
        ChartKind::Bars => {
            let bar_width = (plot_width / columns * 0.7).max(0.5);
            for (point, bounds) in chart.points.iter().zip(stack_bounds(&chart.points)) {
                let Some((from, to)) = bounds else { continue };
                let (top, bottom) = (y_of(to), y_of(from));
                put!(
                    out,
                    "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{bar_width:.1}\" height=\"{:.1}\" fill=\"{}\">{}</rect>",
                    x_of(point.column) - bar_width / 2.0,
                    bottom - top,
                    colour(point.part),
                    tooltip(chart, point)
                );
            }
        }
        ChartKind::Line => draw_line(&mut out, chart, x_of, y_of),
    }
    put!(out, "<path d=\"M{LEFT} {0:.1}H{1:.1}\" stroke=\"#333\"/>", y_of(0.0), width - RIGHT);
    let labels: Vec<(f64, &str)> = labels.into_iter().map(|(column, label)| (x_of(column), label)).collect();
    draw_labels(&mut out, &labels, plot_width, height);
    if chart.left_out > 0 {
        let rows = pluralize(chart.left_out, "more row is", "more rows are");
        put!(out, "<text x=\"{LEFT}\" y=\"{:.1}\" fill=\"#555\">{rows} not drawn</text>", height - 8.0);
    }
    out.push_str("</svg>");
    out
}

/// The row in words, where a pointer rests on it.
fn tooltip(chart: &Chart, point: &ChartPoint) -> String {
    format!("<title>{}</title>", escape_markup(&describe_point(chart, point)))
}

fn describe_point(chart: &Chart, point: &ChartPoint) -> String {
    match chart.parts.get(point.part) {
        Some(part) => format!("{}, {part}: {}", point.label, point.text),
        None => format!("{}: {}", point.label, point.text),
    }
}

fn colour(part: usize) -> &'static str {
    COLOURS.get(part).copied().unwrap_or(GREY)
}

/// The names of the parts beside their colours, as many as fit; the last one represents all grey
/// parts.
fn draw_legend(out: &mut String, chart: &Chart) {
    let room = ((f64::from(chart.width) - LEFT - RIGHT) / LEGEND_ENTRY_WIDTH).max(1.0) as usize;
    for (nth, part) in chart.parts.iter().enumerate().take(room.min(COLOURS.len() + 1)) {
        let name = if nth < COLOURS.len() { part.as_str() } else { "Others" };
        let x = LEFT + LEGEND_ENTRY_WIDTH * nth as f64;
        put!(out, "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"9\" height=\"9\" fill=\"{}\"/>", TOP - 4.0, colour(nth));
        put!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 13.0, TOP + 4.0, escape_markup(&truncate_label(name)));
    }
}

/// A line through the points; points without a value interrupt it.
fn draw_line(out: &mut String, chart: &Chart, x_of: impl Fn(usize) -> f64, y_of: impl Fn(f64) -> f64) {
    let (mut path, mut is_drawing, mut dots) = (String::new(), false, String::new());
    for point in &chart.points {
        let Some(value) = point.value else {
            is_drawing = false;
            continue;
        };
        let (x, y) = (x_of(point.column), y_of(value));
        put!(path, "{}{x:.1} {y:.1}", if is_drawing { "L" } else { "M" });
        put!(dots, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"#2563eb\">{}</circle>", tooltip(chart, point));
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
            column: nth,
            part: 0,
            label: format!("<b>{nth}</b>"),
            value: *value,
            text: value.map(|value| value.to_string()).unwrap_or_default(),
        };
        let points = values.iter().enumerate().map(point).collect();
        let title = "Mugs & \"plates\"\u{7}".to_owned();
        Chart { kind, title, width: 640, height: 320, parts: Vec::new(), points, left_out: 3 }
    }

    #[test]
    fn texts_are_no_markup() {
        let drawing = draw_chart(&chart(ChartKind::Bars, &[Some(12.0), None, Some(-3.0)]));
        assert!(drawing.contains("<title>Mugs &amp; &quot;plates&quot;</title>"), "{drawing}");
        assert!(drawing.contains("<desc>&lt;b&gt;0&lt;/b&gt;: 12; &lt;b&gt;2&lt;/b&gt;: -3</desc>"), "{drawing}");
        assert!(!drawing.contains("<b>") && !drawing.contains('\u{7}'), "{drawing}");
        assert_eq!(drawing.matches("<rect").count(), 3, "the ground and two bars");
        assert!(drawing.contains("3 more rows are not drawn"), "{drawing}");
        assert_eq!(drawing, draw_chart(&chart(ChartKind::Bars, &[Some(12.0), None, Some(-3.0)])));
    }

    #[test]
    fn a_line_is_broken_where_nothing_is_known() {
        let drawing = draw_chart(&chart(ChartKind::Line, &[Some(1.0), Some(2.0), None, Some(0.5)]));
        let path = drawing.split("<path d=\"").find(|piece| piece.contains("fill=\"none\"")).unwrap();
        let path = path.split('"').next().unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{drawing}");
        assert_eq!(drawing.matches("<circle").count(), 3);
    }

    #[test]
    fn parts_of_a_column_are_stacked() {
        let point = |(column, part, value): (usize, usize, f64)| ChartPoint {
            column,
            part,
            label: format!("day {column}"),
            value: Some(value),
            text: value.to_string(),
        };
        let points: Vec<ChartPoint> = [(0, 0, 30.0), (0, 1, 20.0), (0, 2, -10.0), (1, 9, 5.0)].into_iter().map(point).collect();
        assert_eq!(stack_bounds(&points), [Some((0.0, 30.0)), Some((30.0, 50.0)), Some((-10.0, 0.0)), Some((0.0, 5.0))]);
        let axis = Axis::of(&points);
        assert_eq!((axis.low, axis.high), (-20.0, 60.0), "of whole columns");
        let parts: Vec<String> = (0..10).map(|nth| format!("<i>{nth}</i>")).collect();
        let drawing = draw_chart(&Chart { parts, points, left_out: 0, width: 1_200, ..chart(ChartKind::Bars, &[]) });
        assert!(drawing.contains("<title>day 0, &lt;i&gt;1&lt;/i&gt;: 20</title>"), "{drawing}");
        assert!(!drawing.contains("<i>") && drawing.contains(">Others</text>"), "{drawing}");
        assert_eq!((drawing.matches("<rect").count(), drawing.matches(GREY).count()), (1 + 9 + 4, 2), "{drawing}");
        assert_eq!(drawing.matches("text-anchor=\"middle\"").count(), 2, "a label for each column: {drawing}");
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
