//! Load → decide → persist. Every function takes the permit it needs by value.

mod batch;
mod bulk;
mod category_move;
mod entities;
mod archiving;
mod merge;
mod products;
mod reads;
mod restored;
mod seal;
mod service;
mod audit_fields;
mod unmerge;
mod writes;

use platform::{
    clock::Clock,
    storage::{Fault, Work},
};

pub use batch::{Batch, CallOptions, MAX_ROWS, Mode, Outcome, RowAnswer};
pub use bulk::OnExistingKey;
pub use merge::{
    MAX_MOVED_PRODUCTS, MergeStop, MergedCustomer, MergedPair, MovedProducts, merged_from_fields, move_products,
    move_products_back, refuse_at, serialize_moved_rows, stored_result, supplier_audit_fields,
};
pub use reads::{IdOrKey, ProductBy};
pub use restored::{erase_as_system, merged_customers_with_personal_data};
pub use seal::seal_customers;
pub use service::Catalog;
pub use unmerge::unmerge_as_system;
pub use writes::RowRef;

use super::core::{NewIdAndTime, channel};

/// Inserts the channel DIRECT, which each new tenant has. Called inside the transaction that
/// creates the tenant.
pub async fn begin_tenant(work: &Work, clock: &Clock) -> Result<(), Fault> {
    let id_and_time = NewIdAndTime { id: clock.uuid(), now: clock.now() };
    work.insert::<entity::channel::Entity>(channel::direct(platform::storage::Reads::tenant(work), id_and_time)).await
}
