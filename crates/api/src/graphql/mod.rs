//! What every operation meets before and after its resolvers, whichever way it came in (limits, document guard, session, the answer's final
//! shape), and what every room's `graph.rs` shares (scalars, refusals, connections, what a resolver asks of its context).

pub mod answer;
pub mod apart;
pub mod at_once;
pub mod beforehand;
pub mod canonical;
pub mod asked;
pub mod code;
pub mod connection;
pub mod context;
pub mod desk;
pub mod directives;
pub mod examined;
pub mod fault;
pub mod filters;
pub mod guard;
pub mod introspection;
pub mod jar;
pub mod late;
pub mod lean;
pub mod limits;
pub mod loader;
pub mod outline;
pub mod payer;
pub mod payload;
pub mod price;
pub mod rate_limit;
pub mod reading;
pub mod refusal;
pub mod scalars;
pub mod session;
pub mod step;
pub mod till;
pub mod trusted;
pub mod yielding;
