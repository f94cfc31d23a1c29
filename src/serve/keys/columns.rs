//! The columns of all rooms whose values are sealed.

use iam::identity;
use inventory::catalog;
use platform::secrets::SealedColumn;
use services::{export_schedules, saved_views, suggestions, webhooks};

/// Every sealed column of every room.
pub fn sealed_columns() -> Vec<SealedColumn> {
    [identity::SEALED, catalog::SEALED, webhooks::SEALED, saved_views::SEALED, export_schedules::SEALED, suggestions::SEALED]
        .concat()
}
