//! Time and quantity of reorders. Points and targets stay real numbers until one rounding up each;
//! everything after that is whole units.

mod normal;
mod policy;
mod promise;
mod quantity;
mod undershoot;

pub use normal::{
    NormalDemand, OrderSize, economic_order, normal_reorder_point, order_up_to, periodic_safety_stock, safety_stock, z,
};
pub use policy::{DemandOutlook, LeadTime, Levels, Policy, Review, SafetyMethod, service_level};
pub use promise::ServicePromise;
pub use quantity::{
    Position, PriceBreak, Proposal, Shelf, SupplierPrices, Terms, order_quantity, propose, sellable_units, whole_units,
};
pub use undershoot::{Undershoot, WeeklyUnits};
