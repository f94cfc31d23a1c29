//! Partial updates of days: most pages change a few of thirty-three columns, and each column is
//! sent to Postgres as an array.

use entity::{
    prelude::*,
    record::Record,
    tables::demand_day::{self, Model as Day},
};
use platform::storage::{Bulk, Fault, Reads, Rows, Work};

/// Defines a record with some figures of a day's row and its key, for updates that write these
/// columns only.
macro_rules! part_of_day {
    ($(#[$doc:meta])* $part:ident { $($figure:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Record)]
        #[record(of = demand_day)]
        pub(super) struct $part {
            generation: i64,
            business_date: i32,
            product_id: ProductId,
            store_id: StoreId,
            channel_id: ChannelId,
            currency: String,
            $($figure: i64,)+
            revised_seq: i64,
        }

        impl $part {
            /// None if a figure outside this part has changed.
            pub(super) fn diff(before: &Day, after: &Day) -> Option<Self> {
                let is_all = *after == Day { $($figure: after.$figure,)+ revised_seq: after.revised_seq, ..before.clone() };
                is_all.then(|| Self {
                    generation: after.generation,
                    business_date: after.business_date,
                    product_id: after.product_id,
                    store_id: after.store_id,
                    channel_id: after.channel_id,
                    currency: after.currency.clone(),
                    $($figure: after.$figure,)+
                    revised_seq: after.revised_seq,
                })
            }
        }
    };
}
part_of_day! {
    /// Columns that adjustments change in an existing row.
    AdjustedDay { adjusted_in_units, adjusted_out_units, net_units }
}
part_of_day! {
    /// Columns that ledger entries change in an existing row.
    StockOfDay {
        shipped_units, restocked_units, received_units, moved_in_units, moved_out_units, adjusted_in_units, adjusted_out_units, counted_in_units,
        counted_out_units, removed_units, net_units,
    }
}
part_of_day! {
    /// Columns that new orders change in an existing row.
    OrderedDay { ordered_units, orders, order_lines, gross_minor, discount_minor, list_minor, cost_minor, max_line_units }
}

/// Figures that entries have no part in.
const DOCUMENT_COLUMNS: &[&str] = &[
    "ordered_units",
    "cancelled_units",
    "taken_back_units",
    "returned_units",
    "orders",
    "order_lines",
    "returns",
    "return_lines",
    "gross_minor",
    "discount_minor",
    "list_minor",
    "cost_minor",
    "refund_minor",
    "max_line_units",
];
/// Figures of entries, but for those of adjustments.
const STOCK_COLUMNS: &[&str] = &[
    "shipped_units",
    "restocked_units",
    "received_units",
    "moved_in_units",
    "moved_out_units",
    "counted_in_units",
    "counted_out_units",
    "removed_units",
];

/// Inserts rows. On Postgres those in which all figures of a group are 0 have that as text, and no arrays.
pub(super) async fn insert_days(work: &Work, days: Vec<Day>) -> Result<(), Fault> {
    let mut rows = Rows::<Day>::insert(work.tenant());
    rows.extend(days);
    work.write(Bulk::from(rows).sparse(&[DOCUMENT_COLUMNS, STOCK_COLUMNS])).await
}
