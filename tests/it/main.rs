//! One test binary: scenarios in the words of the business, each on both databases.
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod access;
mod alerts;
mod anomalies;
mod audit;
mod audit_cost;
mod authorization;
mod catalog;
mod costing;
mod databases;
mod demand;
mod exchange;
mod forecasting;
mod front;
mod fulfilment;
mod history;
mod identities;
mod identity;
mod insight;
mod jobs;
mod lean;
mod ledger;
mod lots;
mod model;
mod moves;
mod mutations;
mod orders;
mod payments;
mod purchasing;
mod persons;
mod plans;
mod process;
mod replay;
mod liquidation;
mod replenishment;
mod reports;
mod returns;
mod reversals;
mod row_security;
mod saved_views;
mod scan;
mod search;
mod secret_stores;
mod secrets;
mod stock;
mod suggestions;
mod tenancy;
mod sdl;
mod tidy;
mod totals;
mod transactions;
mod webhooks;
mod words;
mod world;
