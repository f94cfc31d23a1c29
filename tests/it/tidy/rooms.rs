//! The rooms of the house, in order.

use entrepot::CRATES;

use super::{no_faults, sources};

/// The rooms of each of `CRATES`: a room names only rooms before it. `docs/ARCHITECTURE.md` has the same lists.
pub const ROOMS: [&[&str]; CRATES.len()] = [
    // macros
    &[],
    // forecast
    FORECAST,
    // reference
    &[],
    // product-text
    PRODUCT_TEXT,
    // platform
    PLATFORM,
    // iam
    &["identity", "access", "tenancy"],
    // inventory
    INVENTORY,
    // services
    SERVICES,
    // graphql
    &[],
    // objects
    &[],
    // trade
    &[],
    // analysis
    &[],
    // api
    &[],
    // server
    &[],
    // program-pages
    &[],
    // tools
    &["replay", "watch"],
    // entrepot
    &["config", "serve", "demo", "cli"],
];

#[rustfmt::skip]
const PLATFORM: &[&str] =
    &["plurals", "markup", "calendar", "clock", "metrics", "rate_limit", "traces", "slow", "storage", "stages", "paging", "secrets", "cache", "audit", "blocking", "priority", "jobs", "realtime"];
#[rustfmt::skip]
const SERVICES: &[&str] = &["alerts", "webhooks", "files", "buckets", "media", "exchange", "labels", "scan", "search", "digest",
    "backups", "insight", "demand", "forecasting", "replenishment", "anomalies", "suggestions", "reports", "liquidation", "notes", "attachments", "tagging", "history",
    "saved_views", "export_schedules", "papers"];
#[rustfmt::skip]
const INVENTORY: &[&str] = &["numbering", "catalog", "currency", "stock", "ledger", "lots", "reversals", "orders", "fulfilment", "returns", "payments",
    "purchasing", "transfers", "counts", "costing"];
#[rustfmt::skip]
pub const FORECAST: &[&str] = &["class", "panel", "series", "models", "selection", "weekdays", "intervals", "engine", "factors", "accuracy", "abc", "xyz",
    "reorder", "simulate", "anomaly", "ratios", "bench"];
#[rustfmt::skip]
pub const PRODUCT_TEXT: &[&str] =
    &["folding", "ngrams", "variants", "minhash", "duplicates", "linear", "calibration", "classifier", "cleaning", "evidence"];

/// Names of floors of a face have one spelling: `mutation.rs`, `lot_query.rs`, `payload.rs`.
#[test]
fn floors_of_a_face_have_one_spelling() {
    const PLURALS: [&str; 3] = ["mutations", "queries", "payloads"];
    // The interface of all payloads.
    const OTHERS: [&str; 1] = ["api/schema/payloads.rs"];
    let is_plural = |file: &String| {
        let name = file.strip_suffix(".rs").and_then(|stem| stem.rsplit(['/', '_']).next());
        name.is_some_and(|name| PLURALS.contains(&name))
    };
    let files = sources().into_iter().map(|(file, _)| file).filter(|file| !OTHERS.contains(&file.as_str()));
    let faults: Vec<String> = files.filter(is_plural).map(|file| format!("{file}: the singular is its name elsewhere")).collect();
    no_faults(&faults);
}
