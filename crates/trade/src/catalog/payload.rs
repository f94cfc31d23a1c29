//! Payloads of the catalogue's mutations.

use async_graphql::{Context, Enum, SimpleObject};
use iam::access::Permission;
use inventory::catalog::shell::{Batch, Outcome, RowAnswer};

use super::{Category, Channel, Customer, Product, ProductFamily, Store, Supplier, loads::catalog_loaders, refusal::user_error};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        refusal::{UserError, truncate_errors},
        scalars::Long,
    },
    nodes::Node,
    payload,
};

payload!(StorePayload, store: Store, "store");
payload!(ProductPayload, product: Product, "product");
payload!(CategoryPayload, category: Category, "category");
payload!(SupplierPayload, supplier: Supplier, "supplier");
payload!(ProductFamilyPayload, product_family: ProductFamily, "product family");
payload!(CustomerPayload, customer: Customer, "customer");
payload!(ChannelPayload, channel: Channel, "channel");

/// Outcome of a row of a bulk upsert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum UpsertOutcome {
    /// The row created a new object.
    Created,
    /// The object was changed.
    Updated,
    /// The object was equal to the row before.
    Unchanged,
    /// The row was refused; userErrors has the reasons.
    Refused,
}
impl From<Outcome> for UpsertOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Created => Self::Created,
            Outcome::Updated => Self::Updated,
            Outcome::Unchanged => Self::Unchanged,
            Outcome::Refused => Self::Refused,
        }
    }
}

macro_rules! bulk_payload {
    ($payload:ident, $row:ident, $field:ident: $type:ty, $what:literal) => {
        #[doc = concat!("Outcome of a row of a bulk upsert: a ", $what, ".")]
        #[derive(SimpleObject)]
        pub struct $row {
            /// The row's position in the input, from 0.
            pub index: i32,
            /// Outcome of the row.
            pub outcome: UpsertOutcome,
            #[doc = concat!("The ", $what, " as it is now; null when the row was refused.")]
            pub $field: Option<$type>,
            /// Reasons for which the row was refused; empty when it was not.
            pub user_errors: Vec<UserError>,
        }
        #[doc = concat!("Outcome of a bulk upsert, with a row for each ", $what, ".")]
        #[derive(SimpleObject)]
        pub struct $payload {
            /// The rows in the order of the input; empty when the whole call was refused.
            pub rows: Vec<$row>,
            /// Reasons for which the whole call was refused; empty when it was not. Refused rows
            /// have their own.
            pub user_errors: Vec<UserError>,
            /// True if the payload repeats the result of an earlier call with the same idempotency key.
            pub replayed: bool,
            /// The last event of this change, to wait for on a stream; null when nothing was written.
            pub seq: Option<Long>,
        }
        impl From<Vec<UserError>> for $payload {
            fn from(user_errors: Vec<UserError>) -> Self {
                Self { rows: Vec::new(), user_errors, replayed: false, seq: None }
            }
        }
        impl $payload {
            /// Shapes a call's answer, each row's paths under its position.
            pub fn of<R>(batch: Batch<R>, turn: impl Fn(R) -> $type) -> Self {
                let rows = batch.rows.into_iter().enumerate().map(|(index, answered)| {
                    let position = index.to_string();
                    let prefix = ["input", "rows", position.as_str()];
                    let user_errors = answered.problems.iter().map(|problem| user_error(problem, &prefix, None)).collect();
                    let outcome = UpsertOutcome::from(answered.outcome);
                    let $field = answered.row.filter(|_| outcome != UpsertOutcome::Refused).map(&turn);
                    $row { index: index as i32, outcome, $field, user_errors }
                });
                Self {
                    rows: rows.collect(),
                    user_errors: batch.refused.iter().map(|problem| user_error(problem, &["input"], None)).collect(),
                    replayed: batch.replayed,
                    seq: batch.seq.map(Long),
                }
            }
        }
    };
}
bulk_payload!(ProductBulkUpsertPayload, ProductUpsertRow, product: Product, "product");
bulk_payload!(CategoryBulkUpsertPayload, CategoryUpsertRow, category: Category, "category");
bulk_payload!(CustomerBulkUpsertPayload, CustomerUpsertRow, customer: Customer, "customer");

/// The four parts of a payload about one row.
pub struct Parts<T> {
    pub entity: Option<T>,
    pub user_errors: Vec<UserError>,
    pub replayed: bool,
    pub seq: Option<Long>,
}

/// Whether the caller may see the row that a stale version is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowVisibility {
    Shown,
    Hidden,
}

/// Clears the loaders after a write: their cached rows may be stale.
pub(super) fn clear_loaders(ctx: &Context<'_>) -> Answer<()> {
    catalog_loaders(ctx)?.forget();
    Ok(())
}

/// After a change: whether the caller may be shown the row that a stale version meets.
pub(super) fn row_visibility<P: Permission>(ctx: &Context<'_>) -> Answer<RowVisibility> {
    clear_loaders(ctx)?;
    Ok(if ctx.holds::<P>() { RowVisibility::Shown } else { RowVisibility::Hidden })
}

/// Returns the parts of the payload of a change of one row.
pub fn parts<R, T: Clone + Into<Node>>(batch: Batch<R>, visibility: RowVisibility, to_entity: impl Fn(R) -> T) -> Parts<T> {
    let Batch { rows, refused, replayed, seq } = batch;
    let mut user_errors: Vec<UserError> = refused.iter().map(|problem| user_error(problem, &["input"], None)).collect();
    let mut entity = None;
    for RowAnswer { outcome, row, problems } in rows {
        let row = row.map(&to_entity);
        let visible_row = row.clone().filter(|_| visibility == RowVisibility::Shown);
        user_errors.extend(problems.iter().map(|problem| user_error(problem, &["input"], visible_row.clone().map(Into::into))));
        entity = row.filter(|_| outcome != Outcome::Refused);
    }
    let user_errors = truncate_errors(user_errors.into_iter());
    Parts { entity, user_errors, replayed, seq: seq.map(Long) }
}
