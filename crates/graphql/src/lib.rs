//! GraphQL without knowledge of any room: the steps of every operation before and after its
//! resolvers, on every transport (limits, document guard, session, the answer's final shape),
//! streams, and the shared parts of all rooms' faces (scalars, connections, directives, resolvers'
//! access to their context).

// `#[resolvers]` writes `::graphql`, here too.
extern crate self as graphql;

pub mod answer;
pub mod archived;
pub mod auth_cookies;
pub mod boxed;
pub mod boxed_list;
pub mod canonical;
pub mod code;
pub mod connection;
pub mod context;
pub mod cost_limiter;
pub mod deprecated;
pub mod direct_json;
pub mod directives;
pub mod fault;
pub mod filters;
pub mod guard;
pub mod immediate_loader;
pub mod introspection;
pub mod lazy;
pub mod lean_list;
pub mod limits;
pub mod merged;
pub mod nested;
pub mod number_filters;
pub mod operation;
pub mod preauthorize;
pub mod price;
mod priced_inputs;
pub mod quota;
pub mod rate_limit;
mod raw_value;
pub mod relative_period;
pub mod request;
mod request_id;
pub mod scalars;
pub mod schema_index;
pub mod argument_value;
pub mod session;
mod visible_page;
mod suggestions;
mod tenant_rows;
pub mod truncated;
pub mod trusted;
pub mod upstream;
pub mod validation_cache;
pub mod yielding;

/// Streams, and sockets: `graphql-transport-ws`, one task an operation.
pub mod live;
