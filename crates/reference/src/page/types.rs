//! A page for each type, and the list of all.

use crate::{
    directives::Access,
    html::{escaped, first_sentence, inline, joined, link, page as frame, paragraphs, type_link, type_name},
    page::{deprecated, facts, heading, inputs},
    schema::{Definition, Field, Kind, Schema},
};

/// All types, by kind.
pub(crate) fn list(schema: &Schema) -> String {
    let titles = [
        (Kind::Object, "Objects"),
        (Kind::Interface, "Interfaces"),
        (Kind::Union, "Unions"),
        (Kind::Input, "Inputs"),
        (Kind::Enum, "Enums"),
        (Kind::Scalar, "Scalars"),
    ];
    let mut main = "<h1>Types</h1>\n".to_owned();
    for (kind, title) in titles {
        let items = joined(schema.types().filter(|definition| definition.kind == kind).map(|one| {
            let path = format!("types/{}", one.name);
            format!("<li>{} <span>{}</span></li>\n", link(&path, &one.name), inline(&first_sentence(&one.description)))
        }));
        if !items.is_empty() {
            main.push_str(&format!("<h2>{title}</h2>\n<ul class=\"entries\">\n{items}</ul>\n"));
        }
    }
    frame("Types", &main)
}

pub(crate) fn page(schema: &Schema, definition: &Definition) -> String {
    let mut main = heading(definition.kind.word(), &definition.name);
    main.push_str(&paragraphs(&definition.description));
    main.push_str(&facts(&facts_about(schema, definition)));
    if !definition.fields.is_empty() {
        main.push_str("<h2>Fields</h2>\n");
        main.push_str(&fields(schema, &definition.fields));
    }
    if !definition.inputs.is_empty() {
        main.push_str("<h2>Fields</h2>\n");
        if definition.directives.has("oneOf") {
            main.push_str("<p>Exactly one of these fields must be given.</p>\n");
        }
        main.push_str(&inputs(schema, "Field", &definition.inputs));
    }
    if !definition.values.is_empty() {
        main.push_str("<h2>Values</h2>\n<dl class=\"values\">\n");
        for value in &definition.values {
            let note = value.directives.deprecated().map(|reason| deprecated(schema, &reason)).unwrap_or_default();
            let name = escaped(&value.name);
            main.push_str(&format!(
                "<dt id=\"f-{name}\"><code>{name}</code></dt><dd>{}{note}</dd>\n",
                paragraphs(&value.description)
            ));
        }
        main.push_str("</dl>\n");
    }
    main.push_str(&members(schema, definition));
    main.push_str(&used_by(schema, definition));
    frame(&definition.name, &main)
}

fn facts_about(schema: &Schema, definition: &Definition) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if let Access::Requires(permission) = definition.directives.access() {
        rows.push(("Permission", format!("<code>{}</code>", escaped(&permission))));
    }
    if let Some(weight) = definition.directives.weight() {
        rows.push(("Cost", format!("{} points for each object", escaped(&weight))));
    }
    if !definition.implements.is_empty() {
        let names: Vec<_> = definition.implements.iter().map(|name| type_name(schema, name)).collect();
        rows.push(("Implements", names.join(", ")));
    }
    if let Some(url) = definition.directives.specified_by().filter(|url| url.starts_with("https://")) {
        rows.push(("Specified by", format!("<a href=\"{0}\" rel=\"noreferrer\">{0}</a>", escaped(&url))));
    }
    rows
}

fn fields(schema: &Schema, fields: &[Field]) -> String {
    let mut out = "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Field</th><th scope=\"col\">Type</th>\
                   <th scope=\"col\">Description</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for field in fields {
        out.push_str(&format!(
            "<tr id=\"f-{0}\"><th scope=\"row\"><code>{0}</code></th><td><code>{1}</code></td><td>{2}{3}{4}</td></tr>\n",
            escaped(&field.name),
            type_link(schema, &field.ty),
            paragraphs(&field.description),
            notes(field),
            field.directives.deprecated().map(|reason| deprecated(schema, &reason)).unwrap_or_default(),
        ));
        if !field.arguments.is_empty() {
            out.push_str(&format!(
                "<tr class=\"arguments\"><td colspan=\"3\"><details><summary>Arguments of <code>{}</code></summary>{}</details></td></tr>\n",
                escaped(&field.name),
                arguments(schema, field)
            ));
        }
    }
    out.push_str("</tbody>\n</table></div>\n");
    out
}

fn arguments(schema: &Schema, field: &Field) -> String {
    let rows = field.arguments.iter().map(|argument| {
        let default = argument.default.as_deref().map(|value| format!(" = {}", escaped(value))).unwrap_or_default();
        let name = escaped(&argument.name);
        let ty = type_link(schema, &argument.ty);
        format!("<dt><code>{name}: {ty}{default}</code></dt><dd>{}</dd>\n", paragraphs(&argument.description))
    });
    format!("<dl>\n{}</dl>\n", joined(rows))
}

/// What the directives of a field ask for.
fn notes(field: &Field) -> String {
    let mut notes = Vec::new();
    if let Access::Requires(permission) = field.directives.access() {
        notes.push(format!("Requires <code>{}</code>.", escaped(&permission)));
    }
    if let Some(permission) = field.directives.mask() {
        notes.push(format!("Null without <code>{}</code>.", escaped(&permission)));
    }
    if field.directives.step_up().is_some() {
        notes.push("Requires a recently confirmed password or code.".to_owned());
    }
    if let Some(weight) = field.directives.weight() {
        notes.push(format!("Costs {} points.", escaped(&weight)));
    }
    if notes.is_empty() { String::new() } else { format!("<p class=\"note\">{}</p>\n", notes.join(" ")) }
}

fn members(schema: &Schema, definition: &Definition) -> String {
    if definition.members.is_empty() {
        return String::new();
    }
    let title = if definition.kind == Kind::Interface { "Implemented by" } else { "Members" };
    let items = definition.members.iter().map(|name| format!("<li>{}</li>\n", type_name(schema, name)));
    format!("<h2>{title}</h2>\n<ul class=\"columns\">\n{}</ul>\n", joined(items))
}

fn used_by(schema: &Schema, definition: &Definition) -> String {
    let items = joined(schema.uses(&definition.name).map(|one| format!("<li>{}</li>\n", link(&one.path, &one.text))));
    if items.is_empty() { String::new() } else { format!("<h2>Used by</h2>\n<ul class=\"columns\">\n{items}</ul>\n") }
}
