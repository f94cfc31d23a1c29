//! The reference of the API for people: from the schema and the guides, pages of HTML, a search
//! index, and an example for each root field; and the changes from one schema to another. Text in,
//! text out: no files, no clock, no network. `docs/crates/reference.md` has the places of the code.

mod build_error;
mod cost;
pub mod diff;
mod directives;
mod errors;
mod example;
mod guide;
mod html;
mod json;
mod operation;
mod page;
mod schema;
mod search;

use std::borrow::Cow;

pub use build_error::ReferenceError;
pub use cost::points_of;
pub use example::{Answer, Calls, DryRun, Example};
pub use guide::Guide;
pub use operation::Operation;

use guide::Guides;
use schema::Schema;

/// Response body of one path, with its content type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'a> {
    pub content_type: &'static str,
    pub body: Cow<'a, str>,
}

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
        paths.extend(page::permissions::permission_groups(&self.schema).keys().map(|group| page::permissions::path(group)));
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
