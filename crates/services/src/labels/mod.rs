//! Labels for products: a code that machines read, and under it what people read. As drawings, and as sheets to be printed.

pub mod core;
