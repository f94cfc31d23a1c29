//! Scenarios in the words of the business, each on both databases. `tests/servers` has those of servers, of the front, of who signs in, and of
//! the ledger with the documents that move stock: a target of its own, compiled at the same time (`docs/decisions/0301`).
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod access;
mod alerts;
mod anomalies;
mod api_versions;
mod audit;
mod audit_cost;
mod authorization;
mod catalog;
mod costing;
mod cut_lists;
mod databases;
mod demand;
mod earlier_names;
mod events;
mod exchange;
mod export_schedules;
mod filter_operators;
mod forecasting;
mod history;
mod identities;
mod insight;
mod jobs;
mod lean;
mod lots;
mod model;
mod mutations;
mod nested_filters;
mod numbering;
mod purchasing;
mod persons;
mod plans;
mod references;
mod liquidation;
mod listed_documents;
mod replenishment;
mod reports;
mod reversals;
mod row_security;
mod papers;
mod saved_views;
mod scan;
mod search;
mod secret_stores;
mod secrets;
mod sorted_lists;
mod stages;
mod stock;
mod suggestions;
mod tenancy;
mod sdl;
mod tidy;
mod totals;
mod transactions;
mod webhooks;
mod words;

#[path = "../support/mod.rs"]
mod support;

use support::world;
