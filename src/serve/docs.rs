//! The reference of the API at `/docs`: made of the schema that is served, and of these guides.

use reference::{Guide, Reference};
use server::Docs;

macro_rules! guides {
    ($($slug:literal),* $(,)?) => { &[$(Guide { slug: $slug, markdown: include_str!(concat!("../../docs/", $slug, ".md")) }),*] };
}

const GUIDES: &[Guide] = guides![
    "first-query",
    "live-stock",
    "orders",
    "realtime",
    "partners",
    "webhooks",
    "files",
    "errors",
    "rate-limits",
    "versioning",
    "lists",
    "search",
    "numbers",
    "sourcing",
    "fulfilment",
    "order-edits",
    "payments",
    "returns",
    "reversals",
    "papers",
    "purchasing",
    "transfers-and-counts",
    "lots",
    "kits",
    "master-data",
    "archive",
    "history",
    "costing",
    "currencies",
    "replenishment",
    "liquidation",
    "forecasts",
    "demand-facts",
    "reports",
    "saved-views",
    "alerts",
    "anomalies",
];

/// The pages of the reference, made on the first request. They show what introspection shows, and
/// are served only if that is open.
pub fn reference_docs() -> Docs {
    Docs::new(|| Reference::new(&api::schema::sdl(), GUIDES))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most bytes of a page, without the coding in which it is sent.
    const MAX_BYTES: usize = 60_000;

    #[test]
    fn no_page_of_the_reference_is_larger_than_its_budget() {
        let reference = Reference::new(&api::schema::sdl(), GUIDES).unwrap();
        let paths = reference.paths();
        assert!(paths.len() > 1_500, "{}", paths.len());
        let too_large: Vec<_> = paths
            .into_iter()
            .filter_map(|path| {
                let page = reference.page(&path).unwrap();
                let size = page.body.len();
                (page.content_type.starts_with("text/html") && size > MAX_BYTES).then_some((size, path))
            })
            .collect();
        assert!(too_large.is_empty(), "divide these pages: {too_large:?}");
    }
}
