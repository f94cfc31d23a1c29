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

/// The pages, made when the first is asked for. They say all that introspection says, and are served where that is open.
pub fn docs() -> Docs {
    Docs::new(|| Reference::new(&api::schema::sdl(), GUIDES))
}
