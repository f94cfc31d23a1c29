//! The stock room through the whole schema.

mod lots;
mod page;
