//! The reference of the API for people: from the schema and the guides, pages of HTML, a search
//! index, and an example for each root field; and the changes from one schema to another. Text in,
//! text out: no files, no clock, no network. `docs/crates/reference.md` has the places of the code.

mod cost;
pub mod diff;
mod directives;
mod errors;
mod example;
mod guide;
mod html;
mod json;
mod page;
mod schema;
mod search;

use std::{borrow::Cow, fmt};

pub use cost::points_of;
pub use example::{Answer, Calls, DryRun, Example};

use guide::Guides;
use schema::Schema;

/// The kind of a root field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    Query,
    Mutation,
    Subscription,
}

impl Operation {
    pub(crate) const ALL: [Self; 3] = [Self::Query, Self::Mutation, Self::Subscription];

    /// The usual name of the root type, with which paths begin.
    pub(crate) fn root(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::Subscription => "Subscription",
        }
    }

    /// The word that a document begins with, and the kind of a search entry.
    pub(crate) fn keyword(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// A guide as CommonMark.
#[derive(Debug, Clone, Copy)]
pub struct Guide {
    /// The last part of its path, and the name of its file without `.md`.
    pub slug: &'static str,
    /// CommonMark with tables; the first heading is the title.
    pub markdown: &'static str,
}

/// Response body of one path, with its content type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'a> {
    pub content_type: &'static str,
    pub body: Cow<'a, str>,
}

/// Reason for which no reference was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceError {
    /// The schema is not written in GraphQL.
    Schema(String),
    /// The schema has no root for queries.
    NoQuery,
    /// `place` names a type that the schema does not define.
    UnknownType { name: String, place: String },
    /// Two guides have the same slug.
    Duplicate { slug: String },
    /// A slug has characters other than lower-case letters, digits and `-`.
    Slug { slug: String },
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema(error) => write!(f, "The schema cannot be read: {error}"),
            Self::NoQuery => f.write_str("The schema has no query root."),
            Self::UnknownType { name, place } => write!(f, "{place} names the type {name}, which the schema does not define."),
            Self::Duplicate { slug } => write!(f, "Two guides have the slug {slug}."),
            Self::Slug { slug } => write!(f, "The slug {slug:?} has characters other than a to z, 0 to 9 and -."),
        }
    }
}

impl std::error::Error for ReferenceError {}

/// The whole reference. Made once; its pages are made on request.
#[derive(Debug)]
pub struct Reference {
    schema: Schema,
    guides: Guides,
    /// `search.json`.
    search: String,
}

const HTML: &str = "text/html; charset=utf-8";

impl Reference {
    /// Reads the schema and the guides, which are shown in the order given.
    pub fn new(sdl: &str, guides: &[Guide]) -> Result<Self, ReferenceError> {
        let schema = Schema::parse(sdl)?;
        let guides = Guides::new(guides)?;
        let search = search::index(&schema, &guides);
        Ok(Self { schema, guides, search })
    }

    /// Returns the page at a path below `/docs`, without the leading slash: "", "types",
    /// "types/Order", "initials/O", "fields/Query.orders", "permissions/order", "guides/partners",
    /// "errors", "search.json", "docs.js", "docs.css", "favicon.svg". `None` if the page does not
    /// exist.
    pub fn page(&self, path: &str) -> Option<Page<'_>> {
        let html = |body: String| Some(Page { content_type: HTML, body: Cow::Owned(body) });
        let text = |content_type, body| Some(Page { content_type, body: Cow::Borrowed(body) });
        match path.split_once('/') {
            None => match path {
                "" => html(page::index::page(&self.schema, &self.guides)),
                "types" => html(page::types::list(&self.schema)),
                "errors" => html(self.guides.get("errors").map_or_else(|| errors::page(&self.schema), page::guide)),
                "search.json" => text("application/json; charset=utf-8", &self.search),
                "docs.js" => text("text/javascript; charset=utf-8", include_str!("../assets/docs.js")),
                "docs.css" => text("text/css; charset=utf-8", include_str!("../assets/docs.css")),
                "favicon.svg" => text("image/svg+xml", include_str!("../assets/favicon.svg")),
                _ => None,
            },
            Some(("permissions", group)) => page::permissions::page(&self.schema, group).and_then(html),
            Some(("initials", initial)) => page::types::of_initial(&self.schema, initial).and_then(html),
            Some(("guides", slug)) => self.guides.get(slug).map(page::guide).and_then(html),
            Some(("types", name)) => {
                let definition = self.schema.definition(name).filter(|_| !self.schema.is_root(name))?;
                html(page::types::page(&self.schema, definition))
            }
            Some(("fields", name)) => {
                let (root, name) = name.split_once('.')?;
                let operation = Operation::ALL.into_iter().find(|operation| operation.root() == root)?;
                let field = self.schema.root_field(operation, name)?;
                html(page::field::page(&self.schema, operation, field))
            }
            Some(_) => None,
        }
    }

    /// The path of every page, script and style sheet.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<_> =
            ["", "types", "errors", "search.json", "docs.js", "docs.css", "favicon.svg"].map(str::to_owned).to_vec();
        paths.extend(self.guides.iter().map(|guide| format!("guides/{}", guide.slug)));
        paths.extend(page::permissions::groups(&self.schema).keys().map(|group| page::permissions::path(group)));
        paths.extend(page::types::initial_paths(&self.schema));
        for operation in Operation::ALL {
            let fields = self.schema.root_fields(operation);
            paths.extend(fields.iter().map(|field| schema::field_path(operation, field)));
        }
        paths.extend(self.schema.types().map(|definition| format!("types/{}", definition.name)));
        paths
    }

    /// The codes with which a mutation can refuse, as its page shows them.
    pub fn refusals(&self, mutation: &str) -> Vec<&str> {
        errors::refusals(&self.schema, mutation).into_iter().map(|(code, _)| code).collect()
    }

    /// An example for every root field, by kind and name.
    pub fn examples(&self) -> impl Iterator<Item = Example> {
        Operation::ALL.into_iter().flat_map(move |operation| {
            let fields = self.schema.root_fields(operation);
            fields.into_iter().map(move |field| example::example(&self.schema, operation, field))
        })
    }
}
