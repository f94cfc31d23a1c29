//! Purchasing in GraphQL: types, lists, inputs, answers. Objects of other rooms are reached through
//! `links`.

pub mod blanket;
pub mod blanket_refusal;
pub mod filter;
pub mod line;
pub mod links;
pub mod loaders;
pub mod node;
pub mod order;
pub mod rates;
pub mod receipt;
pub mod refs;
pub mod refusal;
pub mod returns;
pub mod shared_inputs;
pub mod enums;

pub use blanket::{BlanketOrder, load_blanket};
pub use enums::{ChargeBasis, ChargeKind};
pub use filter::{PurchaseOrderConnection, PurchaseOrderFilter, PurchaseOrderListArgs, PurchaseOrderSort, purchase_orders};
pub use line::PurchaseOrderLine;
pub use loaders::Rows;
pub use node::{current, current_blanket, find as find_node, load_line, load_receipt, load_return, reference};
pub use order::{PurchaseOrder, PurchaseOrderDryRun, load_order};
pub use receipt::GoodsReceipt;
pub use refs::{BlanketOrderRef, PurchaseOrderRef};
pub use returns::SupplierReturn;
pub use shared_inputs::{check_key, product_name};
