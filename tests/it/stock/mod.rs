//! The stock room through the whole schema.

mod page;
