//! GraphQL of the catalogue: parse, permit, call, shape. Nothing is decided here.

mod anomaly_limits;
mod calendar;
mod category;
mod channel_sort;
mod company;
mod customer;
mod customer_filter;
mod family;
mod filter;
mod handling;
mod inputs;
mod inputs_life;
mod inputs_parties;
mod inputs_tree;
pub mod direct_json;
mod kit;
mod loads;
mod merge;
mod money_input;
mod mutation_kits;
mod mutation_parties;
mod mutation_products;
mod named;
mod node;
mod opening;
mod page;
mod payloads;
mod product;
mod product_names;
mod query_parties;
mod query_products;
mod refs;
mod refusal;
mod stocked;
mod store;
mod store_filter;
mod supplier_filter;
mod enums;
mod unmerge;
mod within;

use async_graphql::MergedObject;

use crate::graphql::boxed::Boxed;

pub use category::{Category, CategoryConnection, CategoryEdge};
pub use customer::{
    Channel, ChannelConnection, ChannelEdge, Customer, CustomerConnection, CustomerEdge, Supplier, SupplierConnection,
    SupplierEdge,
};
pub use customer_filter::CustomerFilter;
pub use enums::{ProductStatus, StockPolicy, StoreKind, Tracking};
pub use family::{ProductFamily, ProductFamilyConnection, ProductFamilyEdge};
pub use filter::{
    ArchiveFilter, MetadataFilter, ProductFilter, metadata_tests, moments, product_filter, search_text, texts, texts as tag_tests,
};
pub use inputs::patch;
pub use kit::KitComponent;
pub use loads::{Loads, loads};
pub use merge::{CustomerMergePayload, SupplierMergePayload};
pub use money_input::MoneyInput;
pub use named::metadata_name;
pub use node::find as find_node;
pub use page::{Count, CountPrecision, Direction};
pub use payloads::*;
pub use product::{Barcode, Money, Product, ProductConnection, ProductEdge, ProductOption, Unit};
pub use query_products::{product_named, product_scanned};
pub use refs::{
    CategoryRef, ChannelRef, CustomerRef, ProductFamilyRef, ProductOrder, ProductOrderField, ProductRef, StoreRef, SupplierRef,
};
pub use refusal::{archived_since, user_error};
pub use store::{Store, StoreConnection, StoreEdge};
pub use store_filter::StoreFilter;
pub use supplier_filter::SupplierFilter;
pub use unmerge::{CustomerUnmergePayload, SupplierUnmergePayload};
pub use within::{category_named, product_ids_within, products_at, products_within, store_named};

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
