//! The one test binary.

mod front;
mod replay;
