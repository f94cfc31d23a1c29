//! The first page: guides, groups of permissions, then the names of all root fields.

use crate::{
    guide::Guides,
    html::{concat_html, link, page as frame},
    operation::Operation,
    page::{deprecation_mark, entry, fields_heading, initial, permissions},
    schema::{Schema, field_path},
};

pub(crate) fn page(schema: &Schema, guides: &Guides) -> String {
    let mut main = "<h1>The Entrepot API</h1>\n<p>One GraphQL endpoint answers everything: <code>POST /graphql</code>, and \
                    subscriptions at the same address over WebSocket or server-sent events. Send an access token or an API key as \
                    <code>Authorization: Bearer …</code>. The page of a field has its permission, cost, events, arguments, an example \
                    and the errors that it can end with. Press <kbd>/</kbd> to search.</p>\n"
        .to_owned();
    if guides.iter().next().is_some() {
        main.push_str("<h2 id=\"guides\">Guides</h2>\n<ul class=\"entries\">\n");
        for guide in guides.iter() {
            main.push_str(&entry(&format!("guides/{}", guide.slug), &guide.title, &guide.summary));
        }
        main.push_str("</ul>\n");
    }
    main.push_str(
        "<h2 id=\"permissions\">Fields by permission</h2>\n<p>The page of a group has the first sentence of each field.</p>\n",
    );
    main.push_str(&permissions::list(&permissions::permission_groups(schema)));
    for operation in Operation::ALL {
        main.push_str(&names(schema, operation));
    }
    frame("Reference", &main)
}

/// The names of a root's fields by their first letter; empty if it has none.
fn names(schema: &Schema, operation: Operation) -> String {
    let fields = schema.root_fields(operation);
    if fields.is_empty() {
        return String::new();
    }
    let (id, title) = fields_heading(operation);
    let mut out = format!("<h2 id=\"{id}\">{title}</h2>\n");
    for group in fields.chunk_by(|one, other| initial(&one.name) == initial(&other.name)) {
        let items = group.iter().map(|field| {
            let name = link(&field_path(operation, field), &field.name);
            format!("<li>{name}{}</li>\n", deprecation_mark(field))
        });
        let letter = group.first().map(|field| initial(&field.name)).unwrap_or_default();
        out.push_str(&format!("<h3>{letter}</h3>\n<ul class=\"columns\">\n{}</ul>\n", concat_html(items)));
    }
    out
}
