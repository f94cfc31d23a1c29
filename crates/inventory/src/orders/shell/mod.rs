//! How a tenant's orders find their stock: the rule, and what its stores say.

mod sourcing;

pub use sourcing::{SourcingRefusal, SourcingSet, SourcingSetDone, set_sourcing};
