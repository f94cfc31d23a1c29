//! GraphQL of the catalogue: reads inputs, checks permits, calls shells, and builds answers. It has
//! no rules.

pub mod anomaly_limits;
pub mod archive_filter;
pub mod calendar;
pub mod category;
pub mod company;
pub mod customer;
pub mod family;
pub mod filter;
mod filter_limits;
pub mod handling;
pub mod direct_json;
pub mod kit;
pub mod loads;
pub mod money_input;
pub mod named;
pub mod node;
pub mod page;
pub mod product;
mod product_page;
pub mod query_products;
pub mod refs;
pub mod refusal;
pub mod stock_filter;
pub mod store;
pub mod enums;
pub mod report_scope;

pub use archive_filter::ArchiveFilter;
pub use category::{Category, CategoryConnection, CategoryEdge};
pub use customer::{
    Channel, ChannelConnection, ChannelEdge, Customer, CustomerConnection, CustomerEdge, Supplier, SupplierConnection,
    SupplierEdge,
};
pub use enums::{ProductStatus, StockPolicy, StoreKind, Tracking};
pub use family::{ProductFamily, ProductFamilyConnection, ProductFamilyEdge};
pub use filter::{
    MetadataFilter, ProductFilter, metadata_tests, moments, product_filter, product_filter_in, search_text, texts,
    texts as tag_tests,
};
pub use kit::KitComponent;
pub use loads::{CatalogLoaders, catalog_loaders};
pub use money_input::MoneyInput;
pub use named::metadata_name;
pub use node::find as find_node;
pub use page::{Count, CountPrecision, Direction};
pub use product::{Barcode, Money, Product, ProductConnection, ProductEdge, ProductOption, Unit};
pub use query_products::{find_product_by_code, find_product_id};
pub use refs::{
    CategoryRef, ChannelRef, CustomerRef, ProductFamilyRef, ProductOrder, ProductOrderField, ProductRef, StoreRef, SupplierRef,
};
pub use refusal::{archived_message, user_error};
pub use report_scope::{find_category_id, find_store_id, product_ids_within, products_at, products_within};
pub use store::{Store, StoreConnection, StoreEdge};
