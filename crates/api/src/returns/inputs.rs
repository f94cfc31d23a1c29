//! The inputs of returns' mutations.

use async_graphql::{ID, InputObject};
use inventory::returns::shell::{self, Receive, ReturnMatch};
use platform::path;

use super::enums::Disposition;
use crate::{
    graphql::{
        reading::Reading,
        scalars::{DateTime, Quantity},
    },
    orders::{
        OrderLineKind,
        links::{LotRef, MoneyInput, ProductRef, StoreRef},
    },
};

/// A piece of a return line.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnMatchInput {
    /// The order's line that it goes back on.
    pub order_line_id: ID,
    /// How much of it, in the product's smallest unit.
    pub quantity: Quantity,
}

/// What comes back. Without orderLineId and matches it came from no known order; a key that is bound to a channel names them.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnLineInput {
    /// What it is of.
    #[graphql(default_with = "OrderLineKind::Product")]
    pub kind: OrderLineKind,
    /// The order's line that the whole quantity goes back on.
    pub order_line_id: Option<ID>,
    /// The order lines that it goes back on, when there are several or they do not cover it; instead of orderLineId.
    #[graphql(default)]
    pub matches: Vec<ReturnMatchInput>,
    /// The product; that of the order's line when it is left out.
    pub product: Option<ProductRef>,
    /// The name of a CHARGE; that of the order's line when it is left out.
    pub name: Option<String>,
    /// How much, in the product's smallest unit; above 0.
    pub quantity: Quantity,
    /// What is given back for one whole unit; the price it was sold at when it is left out, else the product's.
    pub unit_price: Option<MoneyInput>,
    /// What becomes of it.
    #[graphql(default_with = "Disposition::Restock")]
    pub disposition: Disposition,
    /// The lot that comes back: needed where the product is tracked.
    pub lot: Option<LotRef>,
}

/// A new return.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnCreateInput {
    /// The same key with the same input gives the first answer again; 1 to 255 characters.
    pub idempotency_key: String,
    /// Where it comes in.
    pub store: StoreRef,
    /// Who gives it back.
    pub customer_id: Option<ID>,
    /// What it is called elsewhere; unique in the tenant; at most 128 characters.
    pub external_ref: Option<String>,
    /// Whether it is taken in at once; otherwise it is only REQUESTED and moves no stock.
    #[graphql(default = true)]
    pub receive: bool,
    /// Kept with it; at most 1,000 characters.
    pub note: Option<String>,
    /// When it happened; now when it is left out. At most five minutes ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// What comes back; at most 2,000 lines.
    pub lines: Vec<ReturnLineInput>,
}

impl ReturnCreateInput {
    /// What the ledger's shell takes.
    pub fn read(self, reading: &mut Reading) -> shell::ReturnCreate {
        let lines = self.lines.into_iter().enumerate().map(|(index, line)| line.read(index, reading)).collect();
        shell::ReturnCreate {
            idempotency_key: self.idempotency_key,
            store: reading.store(self.store, || path!["input", "store"]),
            customer: reading.id_opt(self.customer_id.as_ref(), || path!["input", "customerId"]),
            external_ref: self.external_ref,
            receive: if self.receive { Receive::Now } else { Receive::Later },
            note: self.note,
            occurred_at: self.occurred_at.map(|at| at.0),
            lines,
        }
    }
}

impl ReturnLineInput {
    fn read(self, index: usize, reading: &mut Reading) -> shell::ReturnLine {
        let at = |name: &str| path!["input", "lines", index, name];
        let pieces = self.matches.iter().enumerate();
        let matches = pieces.map(|(piece, one)| ReturnMatch {
            line: reading.id(&one.order_line_id, || path!["input", "lines", index, "matches", piece, "orderLineId"]),
            quantity: one.quantity.0,
        });
        let matches = matches.collect();
        shell::ReturnLine {
            kind: self.kind.into(),
            order_line: reading.id_opt(self.order_line_id.as_ref(), || at("orderLineId")),
            matches,
            product: self.product.map(|product| reading.product(product, || at("product"))),
            name: self.name,
            quantity: self.quantity.0,
            unit_price: reading.money(self.unit_price.as_ref(), || at("unitPrice")),
            disposition: self.disposition.into(),
            lot: self.lot.map(|lot| reading.lot(lot, || at("lot"))),
        }
    }
}
