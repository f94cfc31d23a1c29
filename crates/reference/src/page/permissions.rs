//! A page for each group of permissions: the root fields that it opens, with their texts.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    directives::Access,
    html::{concat_html, escape_html, first_sentence, inline_html, link, page as frame},
    operation::Operation,
    page::{deprecation_mark, facts, fields_heading, heading},
    schema::{Field, Schema, field_path},
};

/// Root fields by the group of their permission, each group by kind and name.
pub(crate) type Groups<'a> = BTreeMap<String, Vec<(Operation, &'a Field)>>;

pub(crate) fn permission_groups(schema: &Schema) -> Groups<'_> {
    let mut groups = Groups::new();
    for operation in Operation::ALL {
        for field in schema.root_fields(operation) {
            groups.entry(group(field)).or_default().push((operation, field));
        }
    }
    groups
}

/// The permission up to its dot: `order` of `order.read`. A field without a permission has the name of its directive, or `other`.
fn group(field: &Field) -> String {
    match field.directives.access() {
        Access::Requires(permission) => permission.split('.').next().unwrap_or_default().to_owned(),
        Access::Authenticated => "authenticated".to_owned(),
        Access::Public => "public".to_owned(),
        Access::Unsaid => "other".to_owned(),
    }
}

/// The path of a group's page below `/docs`.
pub(crate) fn path(group: &str) -> String {
    format!("permissions/{group}")
}

/// The groups as a list, each with the number of its fields.
pub(crate) fn list(groups: &Groups<'_>) -> String {
    let items = groups.iter().map(|(group, fields)| {
        let counts: Vec<_> = Operation::ALL.into_iter().filter_map(|operation| field_count(fields, operation)).collect();
        format!("<li>{} <span>{}</span></li>\n", link(&path(group), group), counts.join(", "))
    });
    format!("<ul class=\"entries\">\n{}</ul>\n", concat_html(items))
}

/// The number of a group's fields of one kind; `None` if it has none.
fn field_count(fields: &[(Operation, &Field)], operation: Operation) -> Option<String> {
    match fields.iter().filter(|(field_operation, _)| *field_operation == operation).count() {
        0 => None,
        1 => Some(format!("1 {}", operation.keyword())),
        number => Some(format!("{number} {}", fields_heading(operation).0)),
    }
}

/// The page of a group; `None` if no root field is in it.
pub(crate) fn page(schema: &Schema, group: &str) -> Option<String> {
    let groups = permission_groups(schema);
    let fields = groups.get(group)?;
    let mut main = heading("permissions", group);
    main.push_str(&facts(&[("Permission", requirements(fields))]));
    for operation_fields in fields.chunk_by(|(one, _), (other, _)| one == other) {
        let Some((operation, _)) = operation_fields.first() else { continue };
        let (id, title) = fields_heading(*operation);
        let items = operation_fields.iter().map(|(operation, field)| {
            format!(
                "<li>{}{} <span>{}</span></li>\n",
                link(&field_path(*operation, field), &field.name),
                deprecation_mark(field),
                inline_html(&first_sentence(&field.description))
            )
        });
        main.push_str(&format!("<h2 id=\"{id}\">{title}</h2>\n<ul class=\"entries\">\n{}</ul>\n", concat_html(items)));
    }
    Some(frame(&format!("Permissions: {group}"), &main))
}

/// The permissions that fields ask for, as HTML.
fn requirements(fields: &[(Operation, &Field)]) -> String {
    let texts: BTreeSet<_> = fields
        .iter()
        .map(|(_, field)| match field.directives.access() {
            Access::Requires(permission) => format!("<code>{}</code>", escape_html(&permission)),
            Access::Authenticated => "none; the caller must be signed in".to_owned(),
            Access::Public => "none; open to anyone".to_owned(),
            Access::Unsaid => "not named".to_owned(),
        })
        .collect();
    texts.into_iter().collect::<Vec<_>>().join(", ")
}
