//! Labels for products: a machine-readable code with a text below it. As drawings, and as sheets to
//! be printed.

pub mod core;
