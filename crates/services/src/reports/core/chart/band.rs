//! Drawing of a forecast: recorded demand, expected demand, and its interval bands. Bands are
//! rectangles, a pair for each week, so that the PDF writer can draw them too.

use std::fmt::Write;

use super::frame::{Axis, BOTTOM, LEFT, LEGEND, RIGHT, TOP, draw_grid, draw_heading, draw_labels, escape_markup, put};

/// Colours of recorded demand, of expected demand, and of the two bands.
const RECORDED: &str = "#374151";
const EXPECTED: &str = "#2563eb";
const INNER: &str = "#93c5fd";
const OUTER: &str = "#dbeafe";
/// Room for a name in the legend.
const NAME: f64 = 84.0;

/// A week: a past one has the recorded demand, a future one the expected demand.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BandPoint {
    pub label: String,
    pub recorded: Option<f64>,
    pub mean: Option<f64>,
    /// Lower and upper bounds of the 80 % and of the 95 % interval. None if they are unknown.
    pub bounds: Option<[f64; 4]>,
}

impl BandPoint {
    fn values(&self) -> impl Iterator<Item = f64> {
        let bounds = self.bounds.into_iter().flatten();
        self.recorded.into_iter().chain(self.mean).chain(bounds).filter(|value| value.is_finite())
    }
    /// The week in words.
    fn describe(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.recorded.map(|units| format!("{} recorded", round_figure(units))));
        parts.extend(self.mean.map(|mean| format!("{} expected", round_figure(mean))));
        if let Some([low, high, lowest, highest]) = self.bounds.map(|bounds| bounds.map(round_figure)) {
            parts.push(format!("80 % from {low} to {high}"));
            parts.push(format!("95 % from {lowest} to {highest}"));
        }
        format!("{}: {}", self.label, parts.join(", "))
    }
}

/// Content of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct BandChart {
    pub title: String,
    /// In pixels.
    pub width: i32,
    pub height: i32,
    /// Weeks in their order.
    pub points: Vec<BandPoint>,
}

/// A number rounded to a tenth, without a trailing zero.
fn round_figure(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// Draws a forecast.
pub fn draw_band(chart: &BandChart) -> String {
    let (width, height) = (f64::from(chart.width), f64::from(chart.height));
    let axis = Axis::over(chart.points.iter().flat_map(BandPoint::values));
    let edge = TOP + LEGEND;
    let (plot_width, plot_height) = (width - LEFT - RIGHT, height - edge - BOTTOM);
    let column = plot_width / chart.points.len().max(1) as f64;
    let x_of = |nth: usize| LEFT + column * (nth as f64 + 0.5);
    let y_of = |value: f64| edge + plot_height * (axis.high - value) / (axis.high - axis.low);
    let mut out = String::new();
    let words: Vec<String> =
        chart.points.iter().filter(|point| point.values().next().is_some()).map(BandPoint::describe).collect();
    draw_heading(&mut out, (chart.width, chart.height), &chart.title, &words.join("; "));
    draw_legend(&mut out);
    for (bounds, fill) in [((2, 3), OUTER), ((0, 1), INNER)] {
        for (nth, point) in chart.points.iter().enumerate() {
            let Some(point_bounds) = point.bounds.filter(|point_bounds| point_bounds.iter().all(|bound| bound.is_finite()))
            else {
                continue;
            };
            let (top, bottom) = (y_of(point_bounds[bounds.1]), y_of(point_bounds[bounds.0]));
            let left = x_of(nth) - column / 2.0;
            put!(out, "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{column:.1}\" ");
            put!(out, "height=\"{:.1}\" fill=\"{fill}\">", (bottom - top).max(0.0));
            put!(out, "<title>{}</title></rect>", escape_markup(&point.describe()));
        }
    }
    draw_grid(&mut out, axis, y_of, width - RIGHT);
    for (value_of, stroke) in [(recorded_value as PointValue, RECORDED), (mean, EXPECTED)] {
        let values = chart.points.iter().enumerate();
        let values = values.map(|(nth, point)| value_of(point).map(|value| (x_of(nth), y_of(value), point)));
        draw_line(&mut out, values, stroke);
    }
    put!(out, "<path d=\"M{LEFT} {0:.1}H{1:.1}\" stroke=\"#333\"/>", y_of(0.0), width - RIGHT);
    let labels: Vec<(f64, &str)> =
        chart.points.iter().enumerate().map(|(nth, point)| (x_of(nth), point.label.as_str())).collect();
    draw_labels(&mut out, &labels, plot_width, height);
    out.push_str("</svg>");
    out
}

/// Reads one figure of a week.
type PointValue = fn(&BandPoint) -> Option<f64>;

fn recorded_value(point: &BandPoint) -> Option<f64> {
    point.recorded.filter(|value| value.is_finite())
}

fn mean(point: &BandPoint) -> Option<f64> {
    point.mean.filter(|value| value.is_finite())
}

/// Draws the names of the colours.
fn draw_legend(out: &mut String) {
    for (nth, (name, fill)) in
        [("Recorded", RECORDED), ("Expected", EXPECTED), ("80 %", INNER), ("95 %", OUTER)].into_iter().enumerate()
    {
        let x = LEFT + NAME * nth as f64;
        put!(out, "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"9\" height=\"9\" fill=\"{fill}\"/>", TOP - 4.0);
        put!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{name}</text>", x + 13.0, TOP + 4.0);
    }
}

/// A line through the points of weeks; points without a value interrupt it.
fn draw_line<'p>(out: &mut String, points: impl Iterator<Item = Option<(f64, f64, &'p BandPoint)>>, stroke: &str) {
    let (mut path, mut is_drawing, mut dots) = (String::new(), false, String::new());
    for point in points {
        let Some((x, y, point)) = point else {
            is_drawing = false;
            continue;
        };
        put!(path, "{}{x:.1} {y:.1}", if is_drawing { "L" } else { "M" });
        put!(dots, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\" fill=\"{stroke}\">");
        put!(dots, "<title>{}</title></circle>", escape_markup(&point.describe()));
        is_drawing = true;
    }
    if !path.is_empty() {
        put!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"2\"/>");
    }
    out.push_str(&dots);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<BandPoint>) -> BandChart {
        BandChart { title: "Mugs & \"plates\"".to_owned(), width: 640, height: 320, points }
    }
    fn week(label: &str, recorded: Option<f64>, mean: Option<f64>, bounds: Option<[f64; 4]>) -> BandPoint {
        BandPoint { label: label.to_owned(), recorded, mean, bounds }
    }

    #[test]
    fn a_forecast_has_a_line_for_each_side_and_two_bands() {
        let bounds = Some([6.0, 15.2, 2.0, 24.0]);
        let drawing = draw_band(&chart(vec![
            week("2026-09-07", Some(10.0), None, None),
            week("2026-09-14", Some(12.0), None, None),
            week("2026-09-21", None, Some(11.1), bounds),
            week("2026-09-28", None, Some(11.1), None),
        ]));
        let words = "2026-09-07: 10 recorded; 2026-09-14: 12 recorded; \
            2026-09-21: 11.1 expected, 80 % from 6 to 15.2, 95 % from 2 to 24; 2026-09-28: 11.1 expected";
        assert!(drawing.contains(&format!("<desc>{words}</desc>")), "{drawing}");
        assert!(drawing.contains("<title>Mugs &amp; &quot;plates&quot;</title>"), "{drawing}");
        let of = |piece: &str| drawing.matches(piece).count();
        assert_eq!((of(INNER), of(OUTER)), (2, 2), "in the legend, and of the one week with bounds: {drawing}");
        assert_eq!((of("<circle"), of("fill=\"none\"")), (4, 2), "{drawing}");
        assert!(drawing.rfind(OUTER) < drawing.rfind(INNER), "the inner band is over the outer one: {drawing}");
        // The upper bound of 24 is in the picture: the axis goes up to 25.
        assert!(drawing.contains("text-anchor=\"end\">25</text>"), "{drawing}");
    }

    #[test]
    fn without_a_week_there_is_an_empty_drawing() {
        let drawing = draw_band(&chart(Vec::new()));
        assert!(drawing.starts_with("<svg ") && drawing.ends_with("</svg>") && !drawing.contains("NaN"), "{drawing}");
        let odd = draw_band(&chart(vec![week("<b>", Some(f64::NAN), None, Some([f64::INFINITY; 4]))]));
        assert!(!odd.contains("NaN") && !odd.contains("inf") && !odd.contains("<b>"), "{odd}");
    }
}
