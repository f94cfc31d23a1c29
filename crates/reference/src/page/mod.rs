//! The pages.

pub(crate) mod field;
pub(crate) mod index;
pub(crate) mod permissions;
pub(crate) mod types;

use crate::{
    directives::Directives,
    guide::RenderedGuide,
    html::{concat_html, escape_html, inline_html, link, page, paragraphs, type_link},
    operation::Operation,
    schema::{Field, Input, Schema, base, is_list},
};

/// A guide with its frame.
pub(crate) fn guide(guide: &RenderedGuide) -> String {
    page(&guide.title, &format!("<article class=\"guide\">\n{}</article>\n", guide.html))
}

/// A note that something is deprecated, with the names of root fields and types linked.
fn deprecated(schema: &Schema, reason: &str) -> String {
    format!("<p class=\"deprecated\"><strong>Deprecated.</strong> {}</p>\n", link_names(schema, reason))
}

/// A text with the names of root fields and types in it linked.
fn link_names(schema: &Schema, text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut rest, is_name) = (text, |char: char| char.is_ascii_alphanumeric() || char == '_');
    while let Some(start) = rest.find(is_name) {
        let end = rest[start..].find(|char| !is_name(char)).map_or(rest.len(), |length| start + length);
        out.push_str(&escape_html(&rest[..start]));
        let word = &rest[start..end];
        match schema.path_of(word) {
            Some(path) => out.push_str(&link(&path, word)),
            None => out.push_str(&escape_html(word)),
        }
        rest = &rest[end..];
    }
    out.push_str(&escape_html(rest));
    out
}

/// A list of terms: names are text, contents HTML. Nothing if it is empty.
fn facts(rows: &[(&str, String)]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rows = rows.iter().map(|(name, content)| format!("<div><dt>{}</dt><dd>{content}</dd></div>\n", escape_html(name)));
    format!("<dl class=\"facts\">\n{}</dl>\n", concat_html(rows))
}

/// Arguments, or the fields of an input.
fn inputs(schema: &Schema, word: &str, inputs: &[Input]) -> String {
    let mut out = format!(
        "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">{word}</th><th scope=\"col\">Type</th><th scope=\"col\">Default</th>\
         <th scope=\"col\">Description</th></tr></thead>\n<tbody>\n"
    );
    for input in inputs {
        let default = input.default.as_deref().map(|value| format!("<code>{}</code>", escape_html(value)));
        let default = default.unwrap_or_else(|| if input.is_required() { "required".to_owned() } else { String::new() });
        out.push_str(&format!(
            "<tr id=\"f-{0}\"><th scope=\"row\"><code>{0}</code></th><td><code>{1}</code></td><td>{2}</td><td>{3}{4}{5}</td></tr>\n",
            escape_html(&input.name),
            type_link(schema, &input.ty),
            default,
            paragraphs(&input.description),
            cost(input),
            input.directives.deprecated().map(|reason| deprecated(schema, &reason)).unwrap_or_default(),
        ));
    }
    out.push_str("</tbody>\n</table></div>\n");
    out
}

/// The points that are added where an input is given, in lists of IDs and texts for each value; empty where there are none.
fn cost(input: &Input) -> String {
    let has_values = is_list(&input.ty) && matches!(base(&input.ty), "ID" | "String");
    let condition = if has_values { "for each value" } else { "where it is given" };
    cost_of(&input.directives, condition)
}

/// The points that are added when something is given; empty where there are none.
fn cost_of(directives: &Directives, condition: &str) -> String {
    let Some(weight) = directives.weight() else { return String::new() };
    let unit = if weight == "1" { "point" } else { "points" };
    format!("<p>Costs {} {unit} {condition}.</p>\n", escape_html(&weight))
}

/// The kind above a title.
fn heading(kind: &str, name: &str) -> String {
    format!("<p class=\"kind\">{}</p>\n<h1><code>{}</code></h1>\n", inline_html(kind), escape_html(name))
}

/// An item of a list of pages: the name with its link, and a text.
fn entry(path: &str, name: &str, text: &str) -> String {
    format!("<li>{} <span>{}</span></li>\n", link(path, name), inline_html(text))
}

/// A mark for the name of a field that is deprecated; empty for others.
fn deprecation_mark(field: &Field) -> &'static str {
    if field.directives.deprecated().is_some() { " <small>deprecated</small>" } else { "" }
}

/// The id and the title of a list of root fields.
fn fields_heading(operation: Operation) -> (&'static str, &'static str) {
    match operation {
        Operation::Query => ("queries", "Queries"),
        Operation::Mutation => ("mutations", "Mutations"),
        Operation::Subscription => ("subscriptions", "Subscriptions"),
    }
}

/// The first letter, a capital; GraphQL names are ASCII.
fn initial(name: &str) -> String {
    name.chars().take(1).map(|char| char.to_ascii_uppercase()).collect()
}
