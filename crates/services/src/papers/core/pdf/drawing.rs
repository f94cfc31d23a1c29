//! Draws an SVG of our own charts (lines, bars, points and texts) on a page, by the operators of
//! PDF. Other elements are left out.

use std::fmt::Write;

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::pages::{MARGIN, Pages, SECTION_GAP, WIDTH};
use crate::labels::core::{TextRun, UsedCharacters};

/// Maximum elements of a drawing that are drawn.
const MAX_ELEMENTS: usize = 5_000;
/// Maximum height, in points, at which a drawing fits on one page.
const MAX_HEIGHT: f64 = 600.0;
/// Default font size.
const DEFAULT_FONT_SIZE: f64 = 11.0;
/// Distance of the handles of a circle's four curves from its points, as a share of its radius.
const CIRCLE_HANDLE: f64 = 0.552_285;

/// Projection of a drawing's pixels onto the page.
struct Projection {
    scale: f64,
    /// The upper edge.
    top: f64,
}

impl Projection {
    fn x(&self, pixels: f64) -> f64 {
        MARGIN + pixels * self.scale
    }
    fn y(&self, pixels: f64) -> f64 {
        self.top - pixels * self.scale
    }
}

/// The attributes of an element.
struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn of(start: &BytesStart<'_>) -> Self {
        let mut all = start.attributes();
        let pairs = all.with_checks(false).flatten().filter_map(|one| {
            let value = one.normalized_value(XmlVersion::Implicit1_0).ok()?;
            let key = one.key.local_name();
            let name: &str = key.as_ref();
            Some((name.to_owned(), value.into_owned()))
        });
        Self(pairs.collect())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.text(name)?.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

/// A drawing in progress.
struct Canvas {
    projection: Projection,
    out: String,
}

impl Canvas {
    /// Sets a colour such as `#2563eb` or `#333`; `None` if nothing is drawn in it.
    fn colour(&mut self, text: Option<&str>, operator: &str) -> Option<()> {
        let digits = text?.strip_prefix('#')?;
        let part = |from: usize, count: usize| u32::from_str_radix(digits.get(from..from + count)?, 16).ok();
        let parts = match digits.len() {
            3 => [0, 1, 2].map(|at| part(at, 1).map(|digit| digit * 17)),
            6 => [0, 2, 4].map(|at| part(at, 2)),
            _ => return None,
        };
        let [Some(red), Some(green), Some(blue)] = parts else { return None };
        let [red, green, blue] = [red, green, blue].map(|part| f64::from(part) / 255.0);
        let _ = write!(self.out, "{red:.3} {green:.3} {blue:.3} {operator} ");
        Some(())
    }

    fn rectangle(&mut self, attributes: &Attributes) -> Option<()> {
        let [x, y] = ["x", "y"].map(|name| attributes.number(name).unwrap_or_default());
        let (width, height) = (attributes.number("width")?, attributes.number("height")?);
        self.colour(attributes.text("fill"), "rg")?;
        let (left, bottom) = (self.projection.x(x), self.projection.y(y + height));
        let (scaled_width, scaled_height) = (width * self.projection.scale, height * self.projection.scale);
        let _ = writeln!(self.out, "{left:.2} {bottom:.2} {scaled_width:.2} {scaled_height:.2} re f");
        Some(())
    }

    fn circle(&mut self, attributes: &Attributes) -> Option<()> {
        let (x, y, radius) = (attributes.number("cx")?, attributes.number("cy")?, attributes.number("r")?);
        self.colour(attributes.text("fill"), "rg")?;
        let (x, y, radius) = (self.projection.x(x), self.projection.y(y), radius * self.projection.scale);
        let _ = write!(self.out, "{:.2} {y:.2} m ", x + radius);
        let turns = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)];
        for pair in turns.windows(2) {
            let [from, to] = pair else { continue };
            // Each handle is in the direction of the other point.
            let near_handle = (from.0 + to.0 * CIRCLE_HANDLE, from.1 + to.1 * CIRCLE_HANDLE);
            let far_handle = (to.0 + from.0 * CIRCLE_HANDLE, to.1 + from.1 * CIRCLE_HANDLE);
            for point in [near_handle, far_handle, *to] {
                let _ = write!(self.out, "{:.2} {:.2} ", x + point.0 * radius, y + point.1 * radius);
            }
            self.out.push_str("c ");
        }
        self.out.push_str("f\n");
        Some(())
    }

    /// Draws a path of moves and straight lines.
    fn path(&mut self, attributes: &Attributes) -> Option<()> {
        let (text, mut at) = (attributes.text("d")?, (0.0, 0.0));
        let stroke_width = attributes.number("stroke-width").unwrap_or(1.0) * self.projection.scale;
        self.colour(attributes.text("stroke"), "RG")?;
        let _ = write!(self.out, "{stroke_width:.2} w ");
        let mut is_begun = false;
        for (command, numbers) in pieces(text) {
            match (command, numbers.as_slice()) {
                ('M' | 'L', [x, y]) => at = (*x, *y),
                ('H', [x]) => at.0 = *x,
                _ => continue,
            }
            let operator = if command == 'M' { "m" } else { "l" };
            if command == 'M' || is_begun {
                let _ = write!(self.out, "{:.2} {:.2} {operator} ", self.projection.x(at.0), self.projection.y(at.1));
                is_begun = true;
            }
        }
        self.out.push_str("S\n");
        Some(())
    }

    /// Draws a text; `None` if it has a character that the fonts lack.
    fn label(&mut self, attributes: &Attributes, text: &str, used: &mut UsedCharacters) -> Option<()> {
        let (size, text) =
            (attributes.number("font-size").unwrap_or(DEFAULT_FONT_SIZE) * self.projection.scale, TextRun::of(text)?);
        let [x, y] = ["x", "y"].map(|name| attributes.number(name).unwrap_or_default());
        let text_width = text.width(size);
        let x = match attributes.text("text-anchor") {
            Some("middle") => self.projection.x(x) - text_width / 2.0,
            Some("end") => self.projection.x(x) - text_width,
            _ => self.projection.x(x),
        };
        let y = self.projection.y(y);
        if self.colour(attributes.text("fill"), "rg").is_none() {
            self.out.push_str("0 g ");
        }
        let (font, text_operand) = text.font_and_operand(used);
        let _ = writeln!(self.out, "BT /{font} {size:.2} Tf {x:.2} {y:.2} Td {text_operand} Tj ET");
        Some(())
    }
}

/// Returns the commands of a path, each with its numbers.
fn pieces(text: &str) -> Vec<(char, Vec<f64>)> {
    let mut commands: Vec<(char, Vec<f64>)> = Vec::new();
    let mut rest = text;
    while let Some(command) = rest.chars().next() {
        let after = &rest[command.len_utf8()..];
        let end = after.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(after.len());
        let numbers =
            after[..end].split([' ', ',']).filter_map(|number| number.parse().ok()).filter(|number: &f64| number.is_finite());
        commands.push((command, numbers.collect()));
        rest = &after[end..];
    }
    commands
}

impl Pages {
    /// Draws an SVG below the content so far; `None` if one of its texts has a character that the
    /// fonts lack.
    pub(super) fn drawing(&mut self, svg: &str) -> Option<()> {
        let mut reader = Reader::from_str(svg);
        reader.config_mut().expand_empty_elements = true;
        let (mut canvas, mut label, mut count) = (None::<Canvas>, None::<(Attributes, String)>, 0);
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(start) if count < MAX_ELEMENTS => {
                    count += 1;
                    let attributes = Attributes::of(&start);
                    let key = start.local_name();
                    let name: &str = key.as_ref();
                    match (name, &mut canvas) {
                        ("svg", None) => canvas = self.canvas(&attributes),
                        ("rect", Some(canvas)) => _ = canvas.rectangle(&attributes),
                        ("circle", Some(canvas)) => _ = canvas.circle(&attributes),
                        ("path", Some(canvas)) => _ = canvas.path(&attributes),
                        ("text", Some(_)) => label = Some((attributes, String::new())),
                        _ => {}
                    }
                }
                Event::Text(part) => {
                    if let Some((_, text)) = &mut label {
                        text.push_str(&part.xml10_content());
                    }
                }
                Event::GeneralRef(part) => {
                    if let Some((_, text)) = &mut label {
                        match part.resolve_char_ref() {
                            Ok(Some(letter)) => text.push(letter),
                            _ => text.push_str(quick_xml::escape::resolve_xml_entity(&part).unwrap_or_default()),
                        }
                    }
                }
                Event::End(end) if end.local_name().as_ref() == "text" => {
                    if let (Some((attributes, text)), Some(canvas)) = (label.take(), &mut canvas) {
                        canvas.label(&attributes, &text, &mut self.used)?;
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        if let Some(canvas) = canvas {
            let _ = writeln!(self.page, "q\n{}Q", canvas.out);
        }
        Some(())
    }

    /// Reserves room for a drawing as wide as the text, or of the maximum height.
    fn canvas(&mut self, attributes: &Attributes) -> Option<Canvas> {
        let size = |name| attributes.number(name).filter(|pixels| *pixels > 0.0);
        let (width, height) = (size("width")?, size("height")?);
        let scale = (WIDTH / width).min(MAX_HEIGHT / height);
        let scaled_height = height * scale;
        self.y -= SECTION_GAP;
        self.ensure_room(scaled_height);
        let canvas_projection = Projection { scale, top: self.y };
        self.y -= scaled_height;
        Some(Canvas { projection: canvas_projection, out: String::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::file_with_drawing, *};
    use crate::papers::core::sheet::Sheet;

    fn draw_svg(svg: &str) -> Option<String> {
        file_with_drawing(&Sheet::new("en", "Report".to_owned()), Some(svg)).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn bars_lines_points_and_texts_are_drawn_where_they_stand() {
        let svg = "<svg width=\"494\" height=\"100\"><title>not drawn</title><desc>nor this</desc><rect x=\"10\" y=\"20\" width=\"5\" height=\"30\" \
                   fill=\"#ff0000\"><title>tip</title></rect><path d=\"M10 20H30\" stroke=\"#333\"/><path d=\"M1 2L3 4L5 6\" fill=\"none\" \
                   stroke=\"#2563eb\"/><circle cx=\"7\" cy=\"8\" r=\"2\" fill=\"#2563eb\"/><text x=\"40\" y=\"50\" text-anchor=\"end\">Mugs &amp; \
                   plates</text></svg>";
        let shown = draw_svg(svg).unwrap();
        assert!(shown.contains("1.000 0.000 0.000 rg ") && shown.contains(" re f"), "{shown}");
        assert_eq!(
            (shown.matches(" m ").count(), shown.matches(" l ").count(), shown.matches(" c ").count()),
            (3, 3, 4),
            "{shown}"
        );
        assert!(shown.contains("(Mugs & plates) Tj"), "{shown}");
        assert!(!shown.contains("not drawn") && !shown.contains("nor this") && !shown.contains("tip"), "{shown}");
    }

    #[test]
    fn what_is_no_drawing_is_left_out_and_a_foreign_sign_has_no_file() {
        for svg in ["", "<svg", "<svg width=\"0\" height=\"5\"><rect/></svg>", "<script>alert(1)</script>"] {
            assert!(!draw_svg(svg).unwrap().contains(" re f"), "{svg}");
        }
        let text = |word: &str| draw_svg(&format!("<svg width=\"9\" height=\"9\"><text x=\"1\" y=\"2\">{word}</text></svg>"));
        assert!(text("άα").unwrap().contains(" Td <00010002> Tj"));
        assert_eq!(text("茶"), None);
    }

    #[test]
    fn a_path_is_its_commands() {
        assert_eq!(pieces("M10 20.5H30"), [('M', vec![10.0, 20.5]), ('H', vec![30.0])]);
        assert_eq!(pieces("é1"), [('é', vec![1.0])]);
    }
}
