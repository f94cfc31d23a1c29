//! GraphQL of the catalogue: reads inputs, checks permits, calls shells, and builds answers. It has
//! no rules.

pub use objects::catalog::*;

mod channel_sort;
mod customer_filter;
mod inputs;
mod inputs_archiving;
mod inputs_parties;
mod inputs_tree;
mod merge;
mod mutation_kits;
mod mutation_parties;
mod mutation_products;
mod opening;
mod payload;
mod product_names;
mod query_parties;
mod store_filter;
mod supplier_filter;
mod unmerge;

use async_graphql::MergedObject;

pub use customer_filter::CustomerFilter;
pub use merge::{CustomerMergePayload, SupplierMergePayload};
pub use payload::*;
pub use store_filter::StoreFilter;
pub use supplier_filter::SupplierFilter;
pub use unmerge::{CustomerUnmergePayload, SupplierUnmergePayload};

use crate::graphql::boxed::Boxed;

/// The catalogue's part of the queries.
#[derive(MergedObject, Default)]
pub struct CatalogQuery(query_products::ProductQuery, Boxed<query_parties::PartyQuery>);

/// The catalogue's part of the mutations.
#[derive(MergedObject, Default)]
pub struct CatalogMutation(
    mutation_products::ProductMutation,
    mutation_parties::PartyMutation,
    Boxed<merge::MergeMutation>,
    Boxed<unmerge::UnmergeMutation>,
    Boxed<mutation_kits::KitMutation>,
);
