//! Load → decide → persist. Every function takes the permit it needs by value.

mod batch;
mod bulk;
mod category_move;
mod entities;
mod life;
mod merge;
mod products;
mod reads;
mod restored;
mod seal;
mod traced;
mod unmerge;
mod writes;

use platform::{
    clock::Clock,
    paging::CursorSigner,
    storage::{Database, Fault, Work},
};

pub use batch::{Answered, Ask, Batch, Mode, Outcome};
pub use bulk::Onto;
pub use merge::{
    MOST_MOVED, MergeStop, Merged, MergedCustomer, MovedProducts, earlier, merged_from, move_products, move_products_back,
    stop_at, text_of, traced_supplier,
};
pub use reads::{By, ProductBy};
pub use restored::{forget_as_system, merged_and_known};
pub use seal::seal_customers;
pub use unmerge::unmerge_as_system;
pub use writes::Which;

use super::core::{Fresh, channel};

/// The most rows of a bulk upsert (DECIDED: limits).
pub const MAX_ROWS: usize = 500;

/// The catalogue's service: what its functions need besides a permit.
#[derive(Clone)]
pub struct Catalog {
    pub db: Database,
    pub clock: Clock,
    pub signer: CursorSigner,
}

/// What a new tenant has from its beginning: the channel DIRECT. Called inside the transaction that makes the tenant.
pub async fn begin_tenant(work: &Work, clock: &Clock) -> Result<(), Fault> {
    let fresh = Fresh { id: clock.uuid(), now: clock.now() };
    work.insert::<entity::channel::Entity>(channel::direct(platform::storage::Reads::tenant(work), fresh)).await
}
