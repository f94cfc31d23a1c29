//! Entrepot: a multi-tenant inventory and order platform, GraphQL first. The rooms, in reading order:

/// The only place that reads the time and draws randomness.
pub mod clock;
/// What a node can say of itself in numbers.
pub mod gauges;
/// How much anyone may ask for: token buckets, in this process or in Redis for all nodes.
pub mod budget;
/// The one door to the database: tenants' rows, transactions, group commit, journal, idempotency.
pub mod storage;
/// Fields sealed under a ring of master keys.
pub mod secrets;
/// Master data, remembered beside the database and never older than the moment of asking.
pub mod cache;
/// Who did what, chained so that it stays what it was.
pub mod audit;
/// Who: passwords, tokens, and the tenants a person belongs to.
pub mod identity;
/// May they: casbin's roles compiled to permission sets, and the permits that shells ask for.
pub mod access;
/// Work that nobody waits for, shared by workers that may die.
pub mod jobs;
/// The tenant itself: its settings, its rows as files, its end.
pub mod tenancy;
/// From the journal to whoever follows it.
pub mod realtime;
/// What every room's GraphQL shares.
pub mod graphql;
/// What is sold and counted, from whom, to whom and where.
pub mod catalog;
/// Levels, the rules of the ledger, reservations.
pub mod stock;
/// Sales orders, fulfilments, returns.
pub mod orders;
/// What is bought, from whom, and when.
pub mod purchasing;
/// Goods on their way from one store to another.
pub mod transfers;
/// What is there, counted, and the books set right.
pub mod counts;
/// The one writer of stock and of the documents that move it.
pub mod ledger;
/// What stock is worth, and what it cost.
pub mod costing;
/// What somebody should look at: opened once for each line that is crossed, and told by letter.
pub mod alerts;
/// What happened, told to addresses of the tenant's choice.
pub mod webhooks;
/// Files that people bring and take away, and the links they travel by.
pub mod files;
/// Pictures and documents of products.
pub mod media;
/// Imports and exports of the rooms' rows, and mutations for each line of a file.
pub mod exchange;
/// Labels for products: codes that machines read.
pub mod labels;
/// What the rooms' rows tell: reports, and the proof that they agree.
pub mod insight;
/// Merges the rooms' roots and prints the SDL.
pub mod schema;
/// Sockets: `graphql-transport-ws`, one task an operation.
pub mod live;
/// The front door: GraphQL over HTTP, sockets, GraphiQL, probes.
pub mod http;
/// Drives the public API with a real retailer's year and checks its totals.
pub mod replay;
/// Prints live stock, and comes back by itself: a client of the public API.
pub mod watch;
/// Settings: flags and environment, typed, read once.
pub mod config;
/// A node: the rooms put together.
pub mod serve;
/// A retailer of our own, for the first five minutes.
pub mod demo;
/// The command line: arguments to what they ask for.
pub mod cli;
