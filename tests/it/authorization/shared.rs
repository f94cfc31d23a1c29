//! The two companies and the generated calls, for targets that test other rooms. The tests of this
//! room are in the target `schema`.
#![allow(dead_code, unused_imports, reason = "several targets have it, and each calls a part")]

mod also;
pub mod calls;
mod costs;
mod exporting;
mod hooks;
mod id_names;
mod money;
mod moves;
mod need;
mod purchases;
mod shapes;
mod stale_sessions;
mod typenames;
pub mod world;

pub mod crossing {
    pub use super::shapes::{made_up, shape};
}

use need::Needs;
