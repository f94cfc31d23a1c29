//! Entrepot: a multi-tenant inventory and order platform, GraphQL first. Here a node is put together from the crates below, which are named again
//! for those who test it.

pub use ::graphql::live;
pub use api::{self, graphql, schema};
pub use forecast;
pub use iam::{access, identity, tenancy};
pub use inventory::{
    catalog, costing, counts, documents, fulfilment, ledger, lots, numbering, orders, payments, purchasing, returns, reversals,
    stock, transfers,
};
pub use platform::{audit, cache, clock, jobs, metrics, paging, rate_limit, realtime, secrets, storage, traces};
pub use product_text;
pub use server as http;
pub use services::{
    alerts, anomalies, attachments, backups, demand, digest, exchange, export_schedules, files, forecasting, history, insight,
    labels, liquidation, media, notes, papers, replenishment, reports, saved_views, scan, search, suggestions, webhooks,
};
pub use tools::{replay, watch};

/// The crates that the program is made of, each above those before it.
pub const CRATES: [&str; 17] = [
    "macros",
    "forecast",
    "reference",
    "product-text",
    "platform",
    "iam",
    "inventory",
    "services",
    "graphql",
    "objects",
    "trade",
    "analysis",
    "api",
    "server",
    "program-pages",
    "tools",
    "entrepot",
];

/// Settings: flags and environment, typed, read once.
pub mod config;
/// A node: the rooms put together.
pub mod serve;
/// A retailer of our own, for the first five minutes.
pub mod demo;
/// The command line: runs the command that the arguments name.
pub mod cli;
