//! Endpoints, deliveries and attempts as rows.

pub mod deliveries;
pub mod endpoints;
