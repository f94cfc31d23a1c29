//! Deprecated parts of the schema: how their notices are worded, and which API keys still use them. `docs/versioning.md` has the policy.

mod index;
mod keyless;
mod notice;
mod uses;

pub use index::DeprecatedIndex;
pub use keyless::{KEY, KEYLESS_CREATORS};
pub use notice::{Deprecation, DeprecationNotice};
pub use uses::{Use, of_key};

pub(crate) use uses::count;
