//! `search.json`: the index of the search box.

use crate::{
    guide::Guides,
    html::{ROOT, first_sentence},
    json::push_text,
    operation::Operation,
    schema::{Schema, field_path},
};

/// An array of `{name, kind, text, path}`: guides, root fields, types. `path` is whole.
pub(crate) fn index(schema: &Schema, guides: &Guides) -> String {
    let mut out = "[".to_owned();
    for guide in guides.iter() {
        push(&mut out, &guide.title, "guide", [&guide.summary, &format!("guides/{}", guide.slug)]);
    }
    for operation in Operation::ALL {
        for field in schema.root_fields(operation) {
            push(
                &mut out,
                &field.name,
                operation.keyword(),
                [&first_sentence(&field.description), &field_path(operation, field)],
            );
        }
    }
    for definition in schema.types() {
        let (text, path) = (first_sentence(&definition.description), format!("types/{}", definition.name));
        push(&mut out, &definition.name, definition.kind.word(), [&text, &path]);
    }
    out.push_str("\n]\n");
    out
}

fn push(out: &mut String, name: &str, kind: &str, [text, path]: [&str; 2]) {
    out.push_str(if out.len() > 1 { ",\n" } else { "\n" });
    out.push_str("{\"name\":");
    push_text(out, name);
    out.push_str(",\"kind\":");
    push_text(out, kind);
    out.push_str(",\"text\":");
    push_text(out, text);
    out.push_str(",\"path\":");
    push_text(out, &format!("{ROOT}/{path}"));
    out.push('}');
}
