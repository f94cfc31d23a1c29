//! GraphQL: what every room's face shares, the faces, the schema made of them, and the two ways in.
//!
//! A room's face has the room's name and holds no rules. Faces name one another, as the objects of the schema do.

/// What every face shares: scalars, connections, refusals, the guard, the price of a document.
pub mod graphql;

pub mod audit;
pub mod identity;
pub mod access;
pub mod jobs;
pub mod tenancy;
pub mod catalog;
pub mod stock;
pub mod orders;
pub mod purchasing;
pub mod transfers;
pub mod counts;
pub mod costing;
pub mod alerts;
pub mod webhooks;
pub mod files;
pub mod media;
pub mod exchange;
pub mod labels;
pub mod insight;

/// Merges the rooms' roots and prints the SDL.
pub mod schema;
/// Sockets: `graphql-transport-ws`, one task an operation.
pub mod live;
/// The front door: GraphQL over HTTP, sockets, GraphiQL, probes.
pub mod http;
