//! A label as an SVG: no script, no link, no external resource.

use std::fmt::Write;

use platform::markup;

use super::{drawn_code::DrawnCode, label::Label};

/// Quiet zone around a code, in modules.
const QUIET_ZONE: usize = 10;
/// Height of bars, in modules.
const HEIGHT: usize = 50;
const LINE: usize = 12;

fn escape_markup(text: &str) -> String {
    markup::escape_markup(&text.chars().filter(|c| !c.is_control()).collect::<String>())
}

/// Cuts a name to `max_characters` characters, to fit on a label.
pub fn truncate_name(text: &str, max_characters: usize) -> String {
    if text.chars().count() <= max_characters {
        text.to_owned()
    } else {
        text.chars().take(max_characters.saturating_sub(1)).chain(['…']).collect()
    }
}

/// Draws a label, in modules: the code, its text, the product's name.
pub fn svg(label: &Label) -> String {
    let modules = label.drawn.width();
    let (stretch, code_height) = match label.drawn {
        DrawnCode::Bars(_) => (HEIGHT, HEIGHT),
        DrawnCode::Squares(_) => (1, modules),
    };
    let (width, height) = (modules + 2 * QUIET_ZONE, code_height + 2 * QUIET_ZONE + 2 * LINE);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" shape-rendering=\"crispEdges\"><rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/><path d=\""
    );
    for (left, top, bar_width, bar_height) in label.drawn.rectangles() {
        let bar_height = bar_height * stretch;
        // Writing to a text cannot fail.
        let _ = write!(out, "M{} {}h{bar_width}v{bar_height}h-{bar_width}z", left + QUIET_ZONE, top + QUIET_ZONE);
    }
    let middle = width as f64 / 2.0;
    let (code, name) = (truncate_name(&label.text, 32), truncate_name(&label.name, 32));
    // A character is at most two thirds as wide as it is high, so that no text is wider than the
    // code.
    let size = |text: &str| (modules as f64 * 1.5 / text.chars().count().max(1) as f64).min(8.0);
    let below = QUIET_ZONE + code_height + LINE - 2;
    let _ = write!(
        out,
        "\" fill=\"#000\"/><g font-family=\"sans-serif\" text-anchor=\"middle\"><text x=\"{middle}\" y=\"{below}\" font-size=\"{:.1}\">{}</text><text x=\"{middle}\" y=\"{}\" font-size=\"{:.1}\">{}</text></g></svg>",
        size(&code),
        escape_markup(&code),
        below + LINE - 2,
        size(&name),
        escape_markup(&name)
    );
    out
}

#[cfg(test)]
mod tests {
    use super::{super::Symbology, *};

    #[test]
    fn a_name_is_a_text_and_no_markup() {
        let label =
            Label::of(Symbology::Code128, "a-1", "<script>alert('x')</script> & \"more\" than there is room for").unwrap();
        let drawing = svg(&label);
        assert!(!drawing.contains("<script") && drawing.contains("&lt;script&gt;"), "{drawing}");
        assert!(drawing.contains('…'));
        assert_eq!(drawing.matches('<').count(), drawing.matches('>').count());
    }

    #[test]
    fn texts_below_a_small_code_are_no_wider_than_it() {
        let wide = svg(&Label::of(Symbology::Code128, "MUG-BLUE", "Blue mug").unwrap());
        assert_eq!(wide.matches("font-size=\"8.0\"").count(), 2, "{wide}");
        let small = svg(&Label::of(Symbology::Qr, "MUG-BLUE", "A blue mug with a handle").unwrap());
        assert!(!small.contains("font-size=\"8.0\"") && !small.contains("textLength"), "{small}");
    }

    #[test]
    fn bars_are_where_they_should_be() {
        let label = Label::of(Symbology::Ean13, "5901234123457", "Mug").unwrap();
        let drawing = svg(&label);
        assert!(drawing.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 115 94\""), "{drawing}");
        assert!(drawing.contains("d=\"M10 10h1v50h-1zM12 10h1v50h-1z"), "the two bars that begin it");
    }
}
