//! A page for each type, and lists of them by first letter.

use std::collections::BTreeMap;

use crate::{
    directives::Access,
    html::{concat_html, escape_html, first_sentence, link, page as frame, paragraphs, type_link, type_name},
    page::{cost_of, deprecated, entry, facts, heading, initial, inputs},
    schema::{Definition, Field, Kind, Schema},
};

/// Kinds with the id and the title of their lists.
const TITLES: [(Kind, &str, &str); 6] = [
    (Kind::Object, "objects", "Objects"),
    (Kind::Interface, "interfaces", "Interfaces"),
    (Kind::Union, "unions", "Unions"),
    (Kind::Input, "inputs", "Inputs"),
    (Kind::Enum, "enums", "Enums"),
    (Kind::Scalar, "scalars", "Scalars"),
];
/// Kinds with so few types that one page has them all.
const SINGLE_PAGE_KINDS: [Kind; 3] = [Kind::Interface, Kind::Union, Kind::Scalar];

/// Types by their first letter, each letter by name.
type Initials<'a> = BTreeMap<String, Vec<&'a Definition>>;

fn initials(schema: &Schema) -> Initials<'_> {
    let mut groups = Initials::new();
    for definition in schema.types() {
        groups.entry(initial(&definition.name)).or_default().push(definition);
    }
    groups
}

/// The path of the page with the types of this first letter, below `/docs`.
fn initial_path(initial: &str) -> String {
    format!("initials/{initial}")
}

/// The paths of the pages by first letter.
pub(crate) fn initial_paths(schema: &Schema) -> Vec<String> {
    initials(schema).keys().map(|initial| initial_path(initial)).collect()
}

/// The first letters of types, each with a page of its own, and the types of the kinds that have few.
pub(crate) fn list(schema: &Schema) -> String {
    let mut main = "<h1>Types</h1>\n<h2 id=\"initials\">By first letter</h2>\n<ul class=\"entries\">\n".to_owned();
    for (initial, types) in initials(schema) {
        let counts: Vec<_> = TITLES.into_iter().filter_map(|(kind, id, _)| type_count(&types, kind, id)).collect();
        main.push_str(&entry(&initial_path(&initial), &initial, &counts.join(", ")));
    }
    main.push_str("</ul>\n");
    let single_page_types: Vec<_> = schema.types().filter(|definition| SINGLE_PAGE_KINDS.contains(&definition.kind)).collect();
    main.push_str(&by_kind(&single_page_types));
    frame("Types", &main)
}

/// The number of types of one kind; `None` if there are none.
fn type_count(types: &[&Definition], kind: Kind, plural: &str) -> Option<String> {
    match types.iter().filter(|definition| definition.kind == kind).count() {
        0 => None,
        1 => Some(format!("1 {}", plural.trim_end_matches('s'))),
        many => Some(format!("{many} {plural}")),
    }
}

/// The types of one first letter, by kind; `None` if there are none.
pub(crate) fn of_initial(schema: &Schema, initial: &str) -> Option<String> {
    let groups = initials(schema);
    let types = groups.get(initial)?;
    Some(frame(&format!("Types: {initial}"), &format!("<h1>Types: {}</h1>\n{}", escape_html(initial), by_kind(types))))
}

fn by_kind(types: &[&Definition]) -> String {
    let mut out = String::new();
    for (kind, id, title) in TITLES {
        let items = concat_html(types.iter().filter(|definition| definition.kind == kind).map(|ty| {
            let path = format!("types/{}", ty.name);
            entry(&path, &ty.name, &first_sentence(&ty.description))
        }));
        if !items.is_empty() {
            out.push_str(&format!("<h2 id=\"{id}\">{title}</h2>\n<ul class=\"entries\">\n{items}</ul>\n"));
        }
    }
    out
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
            let name = escape_html(&value.name);
            main.push_str(&format!(
                "<dt id=\"f-{name}\"><code>{name}</code></dt><dd>{}{}{note}</dd>\n",
                paragraphs(&value.description),
                cost_of(&value.directives, "where it is given")
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
        rows.push(("Permission", format!("<code>{}</code>", escape_html(&permission))));
    }
    if let Some(weight) = definition.directives.weight() {
        rows.push(("Cost", format!("{} points for each object", escape_html(&weight))));
    }
    if !definition.implements.is_empty() {
        let names: Vec<_> = definition.implements.iter().map(|name| type_name(schema, name)).collect();
        rows.push(("Implements", names.join(", ")));
    }
    if let Some(url) = definition.directives.specified_by().filter(|url| url.starts_with("https://")) {
        rows.push(("Specified by", format!("<a href=\"{0}\" rel=\"noreferrer\">{0}</a>", escape_html(&url))));
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
            escape_html(&field.name),
            type_link(schema, &field.ty),
            paragraphs(&field.description),
            notes(field),
            field.directives.deprecated().map(|reason| deprecated(schema, &reason)).unwrap_or_default(),
        ));
        if !field.arguments.is_empty() {
            out.push_str(&format!(
                "<tr class=\"arguments\"><td colspan=\"3\"><details><summary>Arguments of <code>{}</code></summary>{}</details></td></tr>\n",
                escape_html(&field.name),
                arguments(schema, field)
            ));
        }
    }
    out.push_str("</tbody>\n</table></div>\n");
    out
}

fn arguments(schema: &Schema, field: &Field) -> String {
    let rows = field.arguments.iter().map(|argument| {
        let default = argument.default.as_deref().map(|value| format!(" = {}", escape_html(value))).unwrap_or_default();
        let name = escape_html(&argument.name);
        let ty = type_link(schema, &argument.ty);
        format!("<dt><code>{name}: {ty}{default}</code></dt><dd>{}</dd>\n", paragraphs(&argument.description))
    });
    format!("<dl>\n{}</dl>\n", concat_html(rows))
}

/// Returns the notes on a field's requirements, read from its directives.
fn notes(field: &Field) -> String {
    let mut notes = Vec::new();
    if let Access::Requires(permission) = field.directives.access() {
        notes.push(format!("Requires <code>{}</code>.", escape_html(&permission)));
    }
    if let Some(permission) = field.directives.mask() {
        notes.push(format!("Null without <code>{}</code>.", escape_html(&permission)));
    }
    if field.directives.step_up().is_some() {
        notes.push("Requires a recently confirmed password or code.".to_owned());
    }
    if let Some(weight) = field.directives.weight() {
        notes.push(format!("Costs {} points.", escape_html(&weight)));
    }
    if notes.is_empty() { String::new() } else { format!("<p class=\"note\">{}</p>\n", notes.join(" ")) }
}

fn members(schema: &Schema, definition: &Definition) -> String {
    if definition.members.is_empty() {
        return String::new();
    }
    let title = if definition.kind == Kind::Interface { "Implemented by" } else { "Members" };
    let items = definition.members.iter().map(|name| format!("<li>{}</li>\n", type_name(schema, name)));
    format!("<h2>{title}</h2>\n<ul class=\"columns\">\n{}</ul>\n", concat_html(items))
}

fn used_by(schema: &Schema, definition: &Definition) -> String {
    let items = concat_html(schema.uses(&definition.name).map(|usage| format!("<li>{}</li>\n", link(&usage.path, &usage.text))));
    if items.is_empty() { String::new() } else { format!("<h2>Used by</h2>\n<ul class=\"columns\">\n{items}</ul>\n") }
}
