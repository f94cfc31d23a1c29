//! Texts as HTML, and the frame of a page.

use async_graphql_parser::types::{BaseType, Type};

use crate::schema::Schema;

/// Path prefix of the pages.
pub(crate) const ROOT: &str = "/docs";

/// Appends a text so that it is only text, in elements and in quoted attributes.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // HTML has no character reference for these: they would be a parse error.
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}

pub(crate) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    push_escaped(&mut out, text);
    out
}

/// A description in one line of HTML: escaped, with `code` between backticks.
pub(crate) fn inline_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, behind)) = after.split_once('`') else { break };
        push_escaped(&mut out, before);
        out.push_str("<code>");
        push_escaped(&mut out, code);
        out.push_str("</code>");
        rest = behind;
    }
    push_escaped(&mut out, rest);
    out
}

/// A description as paragraphs: empty lines divide them.
pub(crate) fn paragraphs(text: &str) -> String {
    let parts = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    concat_html(parts.map(|part| format!("<p>{}</p>\n", inline_html(part))))
}

/// The text up to the end of its first sentence, without its line breaks.
pub(crate) fn first_sentence(text: &str) -> String {
    let line = text.split("\n\n").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    match line.find(". ") {
        Some(end) => line[..=end].to_owned(),
        None => line,
    }
}

/// Pieces of HTML, one behind the other.
pub(crate) fn concat_html(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().concat()
}

/// A link below `/docs`.
pub(crate) fn link(path: &str, text: &str) -> String {
    format!("<a href=\"{ROOT}/{}\">{}</a>", escape_html(path), escape_html(text))
}

/// A type as GraphQL writes it, its name linked if it has a page.
pub(crate) fn type_link(schema: &Schema, ty: &Type) -> String {
    let inner = match &ty.base {
        BaseType::Named(name) => type_name(schema, name),
        BaseType::List(inner) => format!("[{}]", type_link(schema, inner)),
    };
    if ty.nullable { inner } else { format!("{inner}!") }
}

/// The name of a type, linked if it has a page.
pub(crate) fn type_name(schema: &Schema, name: &str) -> String {
    match schema.definition(name).filter(|_| !schema.is_root(name)) {
        Some(_) => link(&format!("types/{name}"), name),
        None => escape_html(name),
    }
}

/// A whole page. `title` is text, `main` is HTML.
pub(crate) fn page(title: &str, main: &str) -> String {
    let title = escape_html(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} · Entrepot API</title>\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"{ROOT}/favicon.svg\">\n\
         <link rel=\"stylesheet\" href=\"{ROOT}/docs.css\">\n\
         <script src=\"{ROOT}/docs.js\" defer></script>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n\
         <header>\n<nav aria-label=\"Reference\"><a class=\"home\" href=\"{ROOT}\">Entrepot API</a> <a href=\"{ROOT}\">Guides</a> \
         <a href=\"{ROOT}#queries\">Queries</a> <a href=\"{ROOT}#mutations\">Mutations</a> <a href=\"{ROOT}#subscriptions\">Subscriptions</a> <a href=\"{ROOT}/types\">Types</a> \
         <a href=\"{ROOT}/errors\">Errors</a></nav>\n<form id=\"search\" role=\"search\" hidden><label for=\"query\">Search</label> \
         <input id=\"query\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" maxlength=\"100\" \
         placeholder=\"Name or text\"></form>\n</header>\n\
         <section id=\"results\" aria-label=\"Search results\" hidden><p id=\"found\" role=\"status\"></p><ul></ul></section>\n\
         <main id=\"main\">\n{main}</main>\n</body>\n</html>\n"
    )
}
