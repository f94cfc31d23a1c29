//! The first page: guides, then all root fields by name.

use crate::{
    Operation,
    guide::Guides,
    html::{first_sentence, inline, link, page as frame},
    schema::{Field, Schema, field_path},
};

fn heading(operation: Operation) -> (&'static str, &'static str) {
    match operation {
        Operation::Query => ("queries", "Queries"),
        Operation::Mutation => ("mutations", "Mutations"),
        Operation::Subscription => ("subscriptions", "Subscriptions"),
    }
}

pub(crate) fn page(schema: &Schema, guides: &Guides) -> String {
    let mut main = "<h1>The Entrepot API</h1>\n<p>One GraphQL endpoint answers everything: <code>POST /graphql</code>, and \
                    subscriptions at the same address over WebSocket or server-sent events. Send an access token or an API key as \
                    <code>Authorization: Bearer …</code>. The page of a field has its permission, cost, events, arguments, an example \
                    and the errors that it can end with. Press <kbd>/</kbd> to search.</p>\n"
        .to_owned();
    if guides.iter().next().is_some() {
        main.push_str("<h2 id=\"guides\">Guides</h2>\n<ul class=\"entries\">\n");
        for guide in guides.iter() {
            main.push_str(&entry(&format!("guides/{}", guide.slug), &guide.title, &guide.summary, false));
        }
        main.push_str("</ul>\n");
    }
    for operation in Operation::ALL {
        let fields = schema.root_fields(operation);
        if fields.is_empty() {
            continue;
        }
        let (id, title) = heading(operation);
        main.push_str(&format!("<h2 id=\"{id}\">{title}</h2>\n"));
        for letter in fields.chunk_by(|one, other| initial(one) == initial(other)) {
            main.push_str(&format!(
                "<h3>{}</h3>\n<ul class=\"entries\">\n",
                letter.first().map(|field| initial(field)).unwrap_or_default()
            ));
            for field in letter {
                let text = first_sentence(&field.description);
                main.push_str(&entry(&field_path(operation, field), &field.name, &text, field.directives.deprecated().is_some()));
            }
            main.push_str("</ul>\n");
        }
    }
    frame("Reference", &main)
}

/// The first letter; GraphQL names are ASCII.
fn initial(field: &Field) -> String {
    field.name.chars().take(1).map(|char| char.to_ascii_uppercase()).collect()
}

fn entry(path: &str, name: &str, text: &str, is_deprecated: bool) -> String {
    let mark = if is_deprecated { " <small>deprecated</small>" } else { "" };
    format!("<li>{}{mark} <span>{}</span></li>\n", link(path, name), inline(text))
}
