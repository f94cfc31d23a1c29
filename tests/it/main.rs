//! The one test binary.

mod replay;
