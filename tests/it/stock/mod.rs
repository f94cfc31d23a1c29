//! The stock room through the whole schema.

mod lots;
pub mod page;
