//! Condition on the rows of a kind that a caller may see.

use entity::prelude::ChannelId;
use iam::access::Reach;
use inventory::{catalog::rows::Clause, returns::rows::return_channel_condition};

use crate::scan::core::Kind;

/// A kind to search, and the rows of it that the caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisibleKind {
    pub kind: Kind,
    /// The stores of the caller's permission.
    pub reach: Reach,
    /// The channel that the caller is limited to.
    pub channel: Option<ChannelId>,
}

impl VisibleKind {
    /// Returns the condition that the caller sees a row of the kind, whose table is `r`: beginning
    /// with ` AND `, or empty.
    pub fn condition(&self, clause: &mut Clause) -> String {
        let backend = clause.backend();
        let mut sql = String::new();
        if let Reach::Stores(stores) = &self.reach {
            let stores = || backend.ids(stores.iter().copied());
            match self.kind {
                // Their permissions are for the whole tenant. A blanket order has no store: it is
                // visible to callers who may buy for any store.
                Kind::Product
                | Kind::Customer
                | Kind::Supplier
                | Kind::Category
                | Kind::Store
                | Kind::BlanketOrder
                | Kind::Revaluation => {}
                Kind::Order
                | Kind::Return
                | Kind::PurchaseOrder
                | Kind::Stocktake
                | Kind::SupplierReturn
                | Kind::Invoice
                | Kind::FulfilmentWork => {
                    sql = format!(" AND {}", backend.in_ids("r.store_id", clause.number(stores())));
                }
                Kind::Transfer | Kind::Reversal => {
                    let store_columns = if self.kind == Kind::Transfer {
                        ["r.from_store_id", "r.to_store_id"]
                    } else {
                        ["r.store_id", "r.other_store_id"]
                    };
                    let number = clause.number(stores());
                    let [from_condition, to_condition] = store_columns.map(|end| backend.in_ids(end, number));
                    sql = format!(" AND ({from_condition} OR {to_condition})");
                }
                Kind::Lot => {
                    let store_condition = backend.in_ids("v.store_id", clause.number(stores()));
                    sql = format!(
                        " AND EXISTS (SELECT 1 FROM lot_level v WHERE v.tenant_id = $1 AND v.lot_id = r.id AND {store_condition})"
                    );
                }
                Kind::Parcel => {
                    let store_condition = backend.in_ids("v.store_id", clause.number(stores()));
                    sql = format!(
                        " AND EXISTS (SELECT 1 FROM fulfilment_work v WHERE v.tenant_id = $1 AND v.id = r.work_id AND {store_condition})"
                    );
                }
            }
        }
        match (self.kind, self.channel) {
            (Kind::Order, Some(channel)) => sql.push_str(&format!(" AND r.channel_id = {}", clause.bind(channel))),
            (Kind::Return, Some(channel)) => sql.push_str(&format!(" AND {}", return_channel_condition(clause.number(channel)))),
            // They belong to no channel.
            (Kind::Invoice | Kind::FulfilmentWork | Kind::Parcel, Some(_)) => sql.push_str(" AND FALSE"),
            _ => {}
        }
        sql
    }
}
