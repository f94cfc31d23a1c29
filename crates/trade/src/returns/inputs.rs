//! The inputs of returns' mutations.

use async_graphql::{ID, InputObject};
use inventory::returns::shell::{self, Receive, ReturnMatch};
use platform::path;

use super::{
    enums::Disposition,
    settle_inputs::{ClosingFields, ReturnPaymentInput},
};
use crate::{
    graphql::{
        reading::InputErrors,
        scalars::{DateTime, Quantity},
    },
    orders::{
        OrderLineKind,
        links::{CustomerRef, LotRef, MoneyInput, ProductRef, StoreRef},
    },
    packs::{PackLine, pack_lines},
    references::Names,
};

/// A piece of a return line.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnMatchInput {
    /// ID of the order line that the units refer to.
    pub order_line_id: ID,
    /// Quantity that refers to the order line, in the product's smallest unit.
    pub quantity: Quantity,
}

/// Line of a return. Without orderLineId and matches the goods came from no known order; a key that is bound to a channel
/// must name one of them.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnLineInput {
    /// Kind of the line. Default PRODUCT.
    #[graphql(default_with = "OrderLineKind::Product")]
    pub kind: OrderLineKind,
    /// ID of the order line that the whole quantity refers to. Null for none, and where `matches` is given.
    pub order_line_id: Option<ID>,
    /// Order lines that parts of the quantity refer to, instead of orderLineId: several, or one that does not cover all of it. Empty by default.
    #[graphql(default)]
    pub matches: Vec<ReturnMatchInput>,
    /// The product; that of the order's line when it is left out.
    pub product: Option<ProductRef>,
    /// The name of a CHARGE; that of the order's line when it is left out.
    pub name: Option<String>,
    /// Returned quantity, in the product's smallest unit; above 0. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `quantity`: `packs` times the units in a pack. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// Refund for one whole unit. Null for the price at which the unit was sold, or else the product's price.
    pub unit_price: Option<MoneyInput>,
    /// Disposition of the returned goods. Default RESTOCK.
    #[graphql(default_with = "Disposition::Restock")]
    pub disposition: Disposition,
    /// The lot that comes back. Null for the only lot of the order line that has not come back and is not taken by other lines. Needed where the product
    /// is tracked and several are left, or the units came from no known order.
    pub lot: Option<LotRef>,
}

/// A new return.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Store that receives the return.
    pub store: StoreRef,
    /// Deprecated form of `customer`: its ID.
    #[graphql(deprecation = "2026-11-26: use customer. Removed after 2027-11-26.")]
    pub customer_id: Option<ID>,
    /// Customer who returns the goods; an anonymous return when omitted.
    pub customer: Option<CustomerRef>,
    /// Reference of the return in an external system; at most 128 characters, unique in the tenant. Null for none.
    pub external_ref: Option<String>,
    /// Register of the store at which the return is created: a code of at most 32 characters. It stays as it is. Null for none.
    pub register: Option<String>,
    /// True if the goods are received at once; otherwise the return is only REQUESTED and moves no stock. Default true.
    #[graphql(default = true)]
    pub receive: bool,
    /// True if the return is CLOSED at once with what is given back, as by returnClose: only goods that are received at once. Needs
    /// return.approve. Default false.
    #[graphql(default = false)]
    pub close: bool,
    /// Refund with `close`, from 0 to the amount that was charged for the goods. Null for the goods at the prices of their lines, charges
    /// included, at most what was charged.
    pub refund: Option<MoneyInput>,
    /// Refunds with `close`, in the order in which they happened; at most 100, together at most the refund. The return and its payments
    /// are recorded together or not at all. Null for none. Needs payment.write and payment.refund in the store of the order.
    pub payments: Option<Vec<ReturnPaymentInput>>,
    /// Note that is kept with the return, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// Time of the return. Null for now. At most five minutes ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// Lines of the return; at most 2,000.
    pub lines: Vec<ReturnLineInput>,
}

impl ReturnCreateInput {
    pub fn names(&mut self) -> Names<'_> {
        let names = Names::of(path!["input"]);
        let names = names.optional(("customer", self.customer.take()), ("customerId", &mut self.customer_id));
        let payments = self.payments.iter_mut().flatten().enumerate();
        payments.fold(names, |names, (index, payment)| names.and(payment.names(index)))
    }
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.lines, "lines", "quantity", |line| (line.product.as_ref(), &mut line.quantity, line.packs))
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::ReturnCreate {
        let lines = self.lines.into_iter().enumerate().map(|(index, line)| line.read(index, reader)).collect();
        let payments = self.payments.unwrap_or_default();
        let closing_fields = ClosingFields { is_closed: self.close, is_received: self.receive, refund: self.refund, payments };
        shell::ReturnCreate {
            idempotency_key: self.idempotency_key,
            store: reader.store(self.store, || path!["input", "store"]),
            customer: reader.id_opt(self.customer_id.as_ref(), || path!["input", "customerId"]),
            external_ref: self.external_ref,
            register: self.register,
            receive: if self.receive { Receive::Now } else { Receive::Later },
            settle: closing_fields.read(reader),
            note: self.note,
            occurred_at: self.occurred_at.map(|at| at.0),
            lines,
        }
    }
}

impl ReturnLineInput {
    fn read(self, index: usize, reader: &mut InputErrors) -> shell::ReturnLine {
        let at = |name: &str| path!["input", "lines", index, name];
        let pieces = self.matches.iter().enumerate();
        let matches = pieces.map(|(position, piece)| ReturnMatch {
            line: reader.id(&piece.order_line_id, || path!["input", "lines", index, "matches", position, "orderLineId"]),
            quantity: piece.quantity.0,
        });
        let matches = matches.collect();
        shell::ReturnLine {
            kind: self.kind.into(),
            order_line: reader.id_opt(self.order_line_id.as_ref(), || at("orderLineId")),
            matches,
            product: self.product.map(|product| reader.product(product, || at("product"))),
            name: self.name,
            quantity: reader.units(self.quantity, || at("quantity")),
            unit_price: reader.money(self.unit_price.as_ref(), || at("unitPrice")),
            disposition: self.disposition.into(),
            lot: self.lot.map(|lot| reader.lot(lot, || at("lot"))),
        }
    }
}
