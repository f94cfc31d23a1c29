//! Entrepot's rooms, in the order in which they may name each other.

pub mod graphql;
pub mod http;
pub mod live;
