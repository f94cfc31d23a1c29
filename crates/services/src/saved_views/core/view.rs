//! Views, and the rules of their fields.

use entity::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    problem::Problem,
    readers::{Readers, Sharing, ViewReader},
};

/// Maximum views of a tenant.
pub const MAX_VIEWS: i64 = 1_000;
/// Maximum cost of a view with its own variables, in points.
pub const MAX_COST: i64 = 1_000;
/// Maximum cost, in points, of a view with a subscriber's variables.
pub const MAX_LIVE_COST: i64 = 200;
/// Maximum bytes of the data of a view with subscribers.
pub const MAX_LIVE_BYTES: usize = 1 << 20;
/// Maximum bytes of a document, and of the variables as JSON.
pub const MAX_BYTES: usize = 20 * 1_024;
const MAX_NAME: usize = 100;
const MAX_SLUG: usize = 64;

/// Values of variables by name.
pub type Variables = Map<String, Value>;

#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub id: SavedViewId,
    pub fields: Fields,
    /// Cost with its own variables, in points.
    pub cost: i64,
    pub is_paused: bool,
    pub maker: Actor,
    /// Readers that it is shared with; `None` for all who may read views.
    pub readers: Option<Readers>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Input fields of a view.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fields {
    pub name: String,
    pub slug: String,
    pub document: String,
    pub variables: Variables,
}

/// Changes of a view; a field that is `None` stays unchanged.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Change {
    pub name: Option<String>,
    pub slug: Option<String>,
    pub document: Option<String>,
    pub variables: Option<Variables>,
    pub is_paused: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharing: Option<Sharing>,
}

/// Reference to a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewRef {
    Id(SavedViewId),
    Slug(String),
}

impl View {
    /// Whether a caller who may read views may read this one.
    pub fn is_readable_by(&self, reader: &ViewReader) -> bool {
        let Some(readers) = &self.readers else { return true };
        let is_named =
            reader.actor.kind == ActorKind::Member && readers.members.iter().any(|member| member.uuid() == reader.actor.id);
        let has_role = readers.roles.iter().any(|role| reader.roles.contains(role));
        reader.manages || reader.actor == self.maker || is_named || has_role
    }
}

fn name_problem(name: &str) -> Option<Problem> {
    if name.trim().is_empty() {
        return Some(Problem::Missing { message: "a name is needed", name: "name" });
    }
    if name.chars().any(char::is_control) {
        return Some(Problem::Invalid { message: "a name without control characters is expected", name: "name" });
    }
    name.chars().nth(MAX_NAME).map(|_| Problem::TooLong { most: MAX_NAME, name: "name" })
}

fn slug_problem(slug: &str) -> Option<Problem> {
    if slug.trim().is_empty() {
        return Some(Problem::Missing { message: "a slug is needed, as in low-stock-2", name: "slug" });
    }
    if slug.len() > MAX_SLUG {
        return Some(Problem::TooLong { most: MAX_SLUG, name: "slug" });
    }
    let message = "lower-case letters a to z, digits and single hyphens between them are expected, as in low-stock-2";
    (!is_slug(slug)).then_some(Problem::Invalid { message, name: "slug" })
}

fn document_problem(document: &str) -> Option<Problem> {
    if document.trim().is_empty() {
        return Some(Problem::Missing { message: "a document is needed", name: "document" });
    }
    if document.len() > MAX_BYTES {
        return Some(Problem::TooLong { most: MAX_BYTES, name: "document" });
    }
    let message = "a document without the character U+0000 is expected";
    document.contains('\0').then_some(Problem::Invalid { message, name: "document" })
}

/// Returns the problem of values of variables that does not depend on the document.
pub fn variables_problem(variables: &Variables) -> Option<Problem> {
    let bytes = Value::Object(variables.clone()).to_string().len();
    (bytes > MAX_BYTES).then_some(Problem::TooLong { most: MAX_BYTES, name: "variables" })
}

impl Change {
    /// Returns all faults of the changed fields, except those of the document, which the GraphQL
    /// service checks.
    pub fn problems(&self) -> Vec<Problem> {
        let texts = [
            self.name.as_deref().and_then(name_problem),
            self.slug.as_deref().and_then(slug_problem),
            self.document.as_deref().and_then(document_problem),
            self.variables.as_ref().and_then(variables_problem),
        ];
        let readers = self.sharing.as_ref().and_then(Sharing::readers).map(Readers::problems).unwrap_or_default();
        texts.into_iter().flatten().chain(readers).collect()
    }
}

impl Fields {
    /// Returns all faults of the fields, except those of the document, which the GraphQL service
    /// checks.
    pub fn problems(&self) -> Vec<Problem> {
        let all = [
            name_problem(&self.name),
            slug_problem(&self.slug),
            document_problem(&self.document),
            variables_problem(&self.variables),
        ];
        all.into_iter().flatten().collect()
    }

    /// Returns these fields with a change applied.
    #[must_use]
    pub fn with(&self, change: &Change) -> Self {
        Self {
            name: change.name.clone().unwrap_or_else(|| self.name.clone()),
            slug: change.slug.clone().unwrap_or_else(|| self.slug.clone()),
            document: change.document.clone().unwrap_or_else(|| self.document.clone()),
            variables: change.variables.clone().unwrap_or_else(|| self.variables.clone()),
        }
    }
}

fn is_slug(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.split('-').all(is_part)
}

/// Returns the variables of a view, replaced by those that a reader gives.
#[must_use]
pub fn merge_variables(defaults: &Variables, overrides: Variables) -> Variables {
    let mut merged = defaults.clone();
    merged.extend(overrides);
    merged
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Fields {
        Fields {
            name: "Low stock".to_owned(),
            slug: "low-stock-2".to_owned(),
            document: "{ tenant { id } }".to_owned(),
            variables: Variables::new(),
        }
    }

    #[test]
    fn a_slug_is_fit_for_an_address() {
        assert_eq!(fields().problems(), []);
        for slug in ["-", "a--b", "-a", "a-", "Low", "a/b", "ä", "a b"] {
            let found = Fields { slug: slug.to_owned(), ..fields() }.problems();
            assert!(matches!(found[..], [Problem::Invalid { name: "slug", .. }]), "{slug}: {found:?}");
        }
        let long = Fields { slug: "a".repeat(65), ..fields() };
        assert_eq!(long.problems(), [Problem::TooLong { most: 64, name: "slug" }]);
    }

    #[test]
    fn a_document_and_its_variables_have_20_kilobytes_each() {
        let document = |bytes| Fields { document: "x".repeat(bytes), ..fields() };
        assert_eq!(document(20_480).problems(), []);
        assert_eq!(document(20_481).problems(), [Problem::TooLong { most: 20_480, name: "document" }]);
        let mut large = fields();
        large.variables.insert("text".to_owned(), json!("x".repeat(20_480)));
        assert_eq!(large.problems(), [Problem::TooLong { most: 20_480, name: "variables" }]);
    }

    #[test]
    fn all_that_is_wrong_with_a_view_is_told_at_once() {
        let empty = Fields { name: " ".to_owned(), slug: String::new(), document: "\n".to_owned(), variables: Variables::new() };
        let names = empty.problems().into_iter().map(|problem| match problem {
            Problem::Missing { name, .. } => name,
            other => panic!("{other:?}"),
        });
        assert_eq!(names.collect::<Vec<_>>(), ["name", "slug", "document"]);
        let change = Change { slug: Some("a b".to_owned()), ..Change::default() };
        assert!(matches!(change.problems()[..], [Problem::Invalid { name: "slug", .. }]), "what stays is not looked at");
    }

    #[test]
    fn a_reader_replaces_single_variables() {
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        let all = merge_variables(&map(json!({ "first": 5, "store": "DOCK" })), map(json!({ "first": 7 })));
        assert_eq!(Value::Object(all), json!({ "first": 7, "store": "DOCK" }));
    }
}
