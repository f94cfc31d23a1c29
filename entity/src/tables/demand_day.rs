//! Units of a product that were ordered, sold, returned and moved on one business day.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

/// A row exists where a figure is not 0. Units are the product's smallest, amounts minor units.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "demand_day")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i64,
    /// Days since 1970-01-01, in the store's time zone: of an order when it was placed, of a return when it came, of an entry when it occurred.
    #[sea_orm(primary_key, auto_increment = false)]
    pub business_date: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: StoreId,
    /// Nil: of no channel.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: ChannelId,
    /// Currency of the amounts; empty if no document gives one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub currency: String,
    /// Units of lines of confirmed orders.
    pub ordered_units: i64,
    /// Ordered units that were cancelled later.
    pub cancelled_units: i64,
    /// Units of this day's orders that came back since, by the returns that name their line.
    pub taken_back_units: i64,
    pub returned_units: i64,
    /// Documents that have sold something of the product: they do not add up over products.
    pub orders: i64,
    pub order_lines: i64,
    pub returns: i64,
    pub return_lines: i64,
    pub gross_minor: i64,
    pub discount_minor: i64,
    /// Value of the sold units at their list price.
    pub list_minor: i64,
    /// Cost of the sold units when they were ordered.
    pub cost_minor: i64,
    pub refund_minor: i64,
    /// Units that left and arrived, by the ledger's entries: each above 0.
    pub shipped_units: i64,
    pub restocked_units: i64,
    pub received_units: i64,
    pub moved_in_units: i64,
    pub moved_out_units: i64,
    /// Adjustments, counts and discrepancies.
    pub adjusted_in_units: i64,
    pub adjusted_out_units: i64,
    /// Adjusted units that counts made.
    pub counted_in_units: i64,
    pub counted_out_units: i64,
    pub removed_units: i64,
    /// By how much on hand changed on this day, reversals on their own day.
    pub net_units: i64,
    /// Units of the largest single line sold; it does not add up.
    pub max_line_units: i64,
    /// The first and the last event that wrote the row.
    pub first_seq: i64,
    pub revised_seq: i64,
}

macro_rules! figures {
    ($($name:ident),* $(,)?) => {
        /// The figures of a row that add up.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct DemandFigures {
            $(pub $name: i64,)*
        }

        impl DemandFigures {
            /// Columns of the figures, in the order of `values`.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];
            pub const fn values(&self) -> [i64; Self::NAMES.len()] {
                [$(self.$name),*]
            }
            pub const fn of(values: [i64; Self::NAMES.len()]) -> Self {
                let [$($name),*] = values;
                Self { $($name),* }
            }
            /// Adds `sign` times the others; None beyond 64 bits.
            #[must_use]
            pub fn plus(&self, other: &Self, sign: i64) -> Option<Self> {
                Some(Self { $($name: self.$name.checked_add(other.$name.checked_mul(sign)?)?),* })
            }
            pub fn is_zero(&self) -> bool {
                *self == Self::default()
            }
        }

        impl Model {
            pub const fn figures(&self) -> DemandFigures {
                DemandFigures { $($name: self.$name),* }
            }
            pub const fn set(&mut self, figures: &DemandFigures) {
                $(self.$name = figures.$name;)*
            }
            /// The row as the book's checksum has it: however and whenever it came about.
            #[must_use]
            pub fn summed(&self) -> Self {
                Self { generation: 0, first_seq: 0, revised_seq: 0, ..self.clone() }
            }
        }
    };
}
figures! {
    ordered_units, cancelled_units, taken_back_units, returned_units, orders, order_lines, returns, return_lines, gross_minor,
    discount_minor, list_minor, cost_minor, refund_minor, shipped_units, restocked_units, received_units, moved_in_units,
    moved_out_units, adjusted_in_units, adjusted_out_units, counted_in_units, counted_out_units, removed_units, net_units,
}
