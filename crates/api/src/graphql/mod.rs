//! What every operation meets before and after its resolvers, whichever way it came in (limits, document guard, session, the answer's final
//! shape), and what every room's `graph.rs` shares (scalars, refusals, connections, what a resolver asks of its context).

pub mod answer;
pub mod boxed;
pub mod immediate_loader;
pub mod preauthorize;
pub mod canonical;
pub mod request;
pub mod code;
pub mod connection;
pub mod context;
pub mod operation;
pub mod directives;
pub mod dry_run;
pub mod validation_cache;
pub mod fault;
pub mod filters;
pub mod guard;
pub mod introspection;
pub mod auth_cookies;
pub mod lazy;
pub mod direct_json;
pub mod limits;
pub mod loader;
pub mod schema_index;
pub mod quota;
pub mod payload;
pub mod price;
pub mod rate_limit;
pub mod reading;
pub mod refusal;
pub mod scalars;
pub mod session;
pub mod step;
pub mod cost_limiter;
pub mod trusted;
pub mod yielding;
