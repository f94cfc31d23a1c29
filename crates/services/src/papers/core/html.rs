//! A paper as an HTML page that prints on A4: it loads no resources, runs no scripts, and every
//! text in it is escaped.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use platform::markup;
use sha2::{Digest as _, Sha256};

use super::sheet::{Column, Fact, Logo, Sheet, SheetStyle, Side, Table};
use crate::labels::core::{Label, Symbology, svg};

const STYLE: &str = "@page{size:A4;margin:18mm}body{font:10pt/1.4 sans-serif;color:#111;max-width:180mm;margin:8mm auto}\
h1{font-size:16pt;margin:0 0 4mm}h2{font-size:11pt;margin:6mm 0 0}.p{display:flex;gap:12mm;margin:0 0 6mm}.p div{white-space:pre-line}.p b,dt{color:#555;\
font-weight:normal}table{border-collapse:collapse;width:100%;margin:3mm 0 6mm}th,td{text-align:left;padding:1.5mm 2mm;border-bottom:.2mm solid #999;\
vertical-align:top;white-space:pre-line}th{border-bottom:.5mm solid #111}.n{text-align:right}.s{width:auto;margin-left:auto}thead{display:table-header-group}\
tr{break-inside:avoid}.c{width:70mm}dl{display:grid;grid-template-columns:max-content 1fr;gap:1mm 6mm}dd{margin:0}p{white-space:pre-line}\
.l{display:block;max-width:70mm;max-height:25mm;margin:0 0 4mm}.a{display:block;width:100%;height:1mm;margin:0 0 4mm}.h,footer{font-size:8pt;color:#555;\
white-space:pre-line}footer{margin:8mm 0 0}@media print{body{margin:0;max-width:none}}";

/// Returns the source of a content security policy that allows a page this style and no other.
pub fn style_source() -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE)))
}

/// The whole page.
pub fn page(sheet: &Sheet) -> String {
    let (language, title) = (escape_markup(&sheet.language), escape_markup(&sheet.title));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\n<body>\n"
    );
    push_head(&mut out, &sheet.style, &title);
    if !sheet.parties.is_empty() {
        out.push_str("<div class=\"p\">\n");
        for party in &sheet.parties {
            let lines = escape_markup(&party.lines.join("\n"));
            out.push_str(&format!("<div><b>{}</b>\n{lines}</div>\n", escape_markup(&party.role)));
        }
        out.push_str("</div>\n");
    }
    if !sheet.facts.is_empty() {
        out.push_str("<dl>\n");
        for Fact { name, value } in &sheet.facts {
            out.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", escape_markup(name), escape_markup(value)));
        }
        out.push_str("</dl>\n");
    }
    // A text that Code 128 cannot encode is no number of ours.
    if let Some(label) = sheet.code.as_deref().and_then(|code| Label::of(Symbology::Code128, code, "").ok()) {
        out.push_str(&format!("<div class=\"c\">{}</div>\n", svg(&label)));
    }
    for table in &sheet.tables {
        push_table(&mut out, table);
    }
    if !sheet.sums.is_empty() {
        out.push_str("<table class=\"s\"><tbody>\n");
        for Fact { name, value } in &sheet.sums {
            out.push_str(&format!("<tr><td>{}</td><td class=\"n\">{}</td></tr>\n", escape_markup(name), escape_markup(value)));
        }
        out.push_str("</tbody></table>\n");
    }
    for note in &sheet.notes {
        out.push_str(&format!("<p>{}</p>\n", escape_markup(note)));
    }
    if let Some(footer) = &sheet.style.footer {
        out.push_str(&format!("<footer>{}</footer>\n", escape_markup(footer)));
    }
    out.push_str("</body></html>\n");
    out
}

/// Writes the logo and the header, if there are any, the title, and a line of the tenant's colour.
/// The content security policy of pages allows no style on an element, so the line is an SVG.
fn push_head(out: &mut String, style: &SheetStyle, title: &str) {
    if let Some(Logo { bytes, .. }) = &style.logo {
        out.push_str(&format!("<img class=\"l\" alt=\"\" src=\"data:image/jpeg;base64,{}\">\n", STANDARD.encode(bytes)));
    }
    if let Some(header) = &style.header {
        out.push_str(&format!("<p class=\"h\">{}</p>\n", escape_markup(header)));
    }
    out.push_str(&format!("<h1>{title}</h1>\n"));
    if let Some(accent) = &style.accent {
        let fill = escape_markup(accent);
        out.push_str(&format!(
            "<svg class=\"a\" viewBox=\"0 0 9 1\" preserveAspectRatio=\"none\"><rect width=\"9\" height=\"1\" fill=\"{fill}\"/></svg>\n"
        ));
    }
}

fn push_table(out: &mut String, table: &Table) {
    if let Some(heading) = &table.heading {
        out.push_str(&format!("<h2>{}</h2>\n", escape_markup(heading)));
    }
    out.push_str("<table><thead><tr>");
    for column in &table.columns {
        out.push_str(&format!("<th{}>{}</th>", class(column), escape_markup(&column.title)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (column, cell) in table.columns.iter().zip(row) {
            out.push_str(&format!("<td{}>{}</td>", class(column), escape_markup(cell)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table>\n");
}

const fn class(column: &Column) -> &'static str {
    match column.side {
        Side::Left => "",
        Side::Right => " class=\"n\"",
    }
}

/// Escapes a text. Control characters other than line ends are left out.
fn escape_markup(text: &str) -> String {
    markup::escape_markup(&text.chars().filter(|c| *c == '\n' || !c.is_control()).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{super::sheet::text_column, *};

    #[test]
    fn no_text_writes_into_the_page() {
        let evil = "<script>\"x\" & 'y'</script>\u{0}";
        let mut sheet = Sheet::new("en", evil.to_owned());
        sheet.add_party(evil, vec![evil.to_owned()]);
        sheet.add_fact(evil, Some(evil.to_owned()));
        sheet.add_sum(evil, evil.to_owned());
        sheet.notes.push(evil.to_owned());
        let own = Some(evil.to_owned());
        sheet.style = SheetStyle { header: own.clone(), footer: own.clone(), accent: own, logo: None };
        let table = Table {
            heading: Some(evil.to_owned()),
            columns: vec![text_column(evil, 1)],
            rows: vec![vec![evil.to_owned()], Vec::new()],
        };
        sheet.tables.push(table);
        let page = page(&sheet);
        assert!(!page.contains("<script") && !page.contains('\u{0}'), "{page}");
        assert_eq!(page.matches("&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/script&gt;").count(), 15, "{page}");
    }

    #[test]
    fn the_policy_is_of_the_style_as_it_stands_in_the_page() {
        let page = page(&Sheet::new("en", "Invoice 1".to_owned()));
        let (_, rest) = page.split_once("<style>").unwrap();
        let (style, _) = rest.split_once("</style>").unwrap();
        assert_eq!(style_source(), format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style))));
        assert_eq!(page.matches("style").count(), 2, "no element has a style of its own: {page}");
    }

    #[test]
    fn what_there_is_none_of_leaves_nothing_behind() {
        let page = page(&Sheet::new("de", "Lieferschein 7".to_owned()));
        assert!(page.starts_with("<!doctype html>\n<html lang=\"de\">"), "{page}");
        for part in ["<dl>", "<table", "<p", "class=\"p\"", "<img", "<svg", "<footer"] {
            assert!(!page.contains(part), "{part}: {page}");
        }
    }
}
