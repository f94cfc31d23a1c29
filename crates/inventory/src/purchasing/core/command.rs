//! Commands on purchase orders, blanket orders and returns to suppliers, through the ledger.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::{
    act::{ActOnPurchaseOrder, decide_act},
    blanket::BlanketAction,
    blanket_act::{BlanketAct, BlanketCreate, BlanketUpdate, decide_blanket_act, decide_blanket_create, decide_blanket_update},
    book::{PurchaseBook, PurchaseDecision},
    confirm::{Confirm, decide_confirm},
    create::{Amend, Create, decide_amend, decide_create},
    create_return::{CreateSupplierReturn, decide_supplier_return},
    receive::{Receive, decide_receive},
    revise::{Revise, decide_revise},
    states::Action,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    stock::core::{Draft, LevelKey, LotRequest, Rejection},
};

/// Rows that commands need besides stock.
#[derive(Debug, Default)]
pub struct PurchaseNeeds {
    pub orders: BTreeSet<PurchaseOrderId>,
    /// Orders for which the levels of all lines are needed.
    pub moved_orders: BTreeSet<PurchaseOrderId>,
    pub refs: BTreeSet<String>,
    /// Named blanket orders; those that orders call off from are loaded with the orders.
    pub blankets: BTreeSet<BlanketOrderId>,
    /// Suppliers of new orders and returns.
    pub suppliers: BTreeSet<SupplierId>,
    /// Products of new lines of blanket orders.
    pub agreed: BTreeSet<ProductId>,
}

/// A command, with the levels of the order's lines as they were read before; those of lines that
/// were added since are loaded under the lock of the counter row.
#[derive(Debug, Clone)]
pub struct PurchaseCommand(pub Box<Command>, pub Vec<LevelKey>);

#[derive(Debug, Clone)]
pub enum Command {
    /// One order, or one for each supplier and store of the call's lines.
    Create(Vec<Create>),
    Amend(Amend),
    Act(ActOnPurchaseOrder),
    Receive(Receive),
    Return(CreateSupplierReturn),
    Confirm(Confirm),
    Revise(Revise),
    BlanketCreate(BlanketCreate),
    BlanketUpdate(BlanketUpdate),
    BlanketAct(BlanketAct),
}

impl Command {
    /// Returns the name for the audit log if no mutation caused the command.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "purchase_order.create",
            Self::Amend(_) => "purchase_order.update",
            Self::Act(act) => match act.action {
                Action::Submit => "purchase_order.submit",
                Action::Approve => "purchase_order.approve",
                Action::Reject => "purchase_order.reject",
                Action::Order => "purchase_order.order",
                Action::Close => "purchase_order.close",
                Action::Cancel => "purchase_order.cancel",
                Action::Update => "purchase_order.update",
                Action::Receive => "purchase_order.receive",
                Action::Confirm => "purchase_order.confirm",
                Action::Amend => "purchase_order.amend",
            },
            Self::Receive(_) => "purchase_order.receive",
            Self::Return(_) => "supplier_return.create",
            Self::Confirm(_) => "purchase_order.confirm",
            Self::Revise(_) => "purchase_order.amend",
            Self::BlanketCreate(_) => "blanket_order.create",
            Self::BlanketUpdate(_) => "blanket_order.update",
            Self::BlanketAct(act) => match act.action {
                BlanketAction::Update => "blanket_order.update",
                BlanketAction::Activate => "blanket_order.activate",
                BlanketAction::Close => "blanket_order.close",
                BlanketAction::Expire => "blanket_order.expire",
            },
        }
    }

    /// Returns the number of the command's lines, as far as it has them itself.
    pub fn weight(&self) -> usize {
        match self {
            Self::Create(creates) => creates.iter().map(|create_command| create_command.lines.len()).sum(),
            Self::Amend(amend) => amend.lines.as_ref().map_or(1, Vec::len),
            Self::Act(_) | Self::BlanketAct(_) => 1,
            Self::BlanketCreate(create) => create.lines.len(),
            Self::BlanketUpdate(update) => update.lines.as_ref().map_or(1, Vec::len),
            Self::Receive(receive) => receive.lines.as_ref().map_or(1, Vec::len),
            Self::Return(supplier_return) => supplier_return.lines.len(),
            Self::Confirm(confirm) => confirm.lines.as_ref().map_or(1, Vec::len),
            Self::Revise(revise) => revise.weight(),
        }
    }

    /// Returns the levels that the command itself names; those of an order's own lines are read
    /// before.
    pub fn levels(&self) -> Vec<LevelKey> {
        match self {
            Self::Create(creates) => {
                let line_levels = |create: &Create| {
                    create.lines.iter().map(|line| LevelKey { product: line.product, store: create.store }).collect::<Vec<_>>()
                };
                creates.iter().flat_map(line_levels).collect()
            }
            Self::Return(supplier_return) => supplier_return
                .lines
                .iter()
                .map(|line| LevelKey { product: line.product, store: supplier_return.store })
                .collect(),
            Self::Amend(_)
            | Self::Act(_)
            | Self::Receive(_)
            | Self::Confirm(_)
            | Self::Revise(_)
            | Self::BlanketCreate(_)
            | Self::BlanketUpdate(_)
            | Self::BlanketAct(_) => Vec::new(),
        }
    }

    /// Adds the lots that the command names, and the levels whose unavailable stock must be known.
    /// The product of a receipt's line is not known here: a lot code is looked up among the order's
    /// levels.
    pub fn lots(&self, keys: &[LevelKey], request: &mut LotRequest) {
        match self {
            Self::Receive(receive) => {
                for received_lot in receive.lines.iter().flatten().flat_map(|line| &line.lots) {
                    keys.iter().for_each(|key| request.choice(key.product, &received_lot.lot));
                }
            }
            Self::Return(supplier_return) => {
                for line in &supplier_return.lines {
                    request.choice(line.product, &line.lot);
                    if line.source == ReturnSource::Quarantine {
                        request.asides.insert(LevelKey { product: line.product, store: supplier_return.store });
                    }
                }
            }
            Self::Create(_)
            | Self::Amend(_)
            | Self::Act(_)
            | Self::Confirm(_)
            | Self::Revise(_)
            | Self::BlanketCreate(_)
            | Self::BlanketUpdate(_)
            | Self::BlanketAct(_) => {}
        }
    }

    /// Returns the orders that the command is decided against, including those that it creates: it
    /// is executed under locks.
    pub fn orders(&self) -> BTreeSet<PurchaseOrderId> {
        match self {
            Self::Create(creates) => creates.iter().map(|create| create.id).collect(),
            Self::Amend(amend) => [amend.order].into(),
            Self::Act(act) => [act.order].into(),
            Self::Receive(receive) => [receive.order].into(),
            Self::Confirm(confirm) => [confirm.order].into(),
            Self::Revise(revise) => [revise.order].into(),
            Self::Return(supplier_return) => {
                let returned_lines = supplier_return.lines.iter().filter_map(|line| line.of);
                returned_lines.map(|line_id| line_id.split_line::<entity::id::kind::PurchaseOrderId>().0).collect()
            }
            Self::BlanketCreate(_) | Self::BlanketUpdate(_) | Self::BlanketAct(_) => BTreeSet::new(),
        }
    }

    /// Returns the order whose incoming stock may change, if there is one.
    pub fn moved_order(&self) -> Option<PurchaseOrderId> {
        match self {
            Self::Act(act) => matches!(act.action, Action::Order | Action::Close | Action::Cancel).then_some(act.order),
            Self::Receive(receive) => Some(receive.order),
            Self::Revise(revise) => Some(revise.order),
            Self::Create(_)
            | Self::Amend(_)
            | Self::Return(_)
            | Self::Confirm(_)
            | Self::BlanketCreate(_)
            | Self::BlanketUpdate(_)
            | Self::BlanketAct(_) => None,
        }
    }

    /// Returns the suppliers of the command's new orders, of its charges, or of its return.
    pub fn suppliers(&self) -> BTreeSet<SupplierId> {
        match self {
            Self::Create(creates) => {
                let billing = |create_command: &Create| {
                    create_command.charges.iter().filter_map(|charge| charge.supplier).collect::<Vec<_>>()
                };
                creates
                    .iter()
                    .flat_map(|create_command| std::iter::once(create_command.supplier).chain(billing(create_command)))
                    .collect()
            }
            Self::Amend(amend) => amend.charges.iter().flatten().filter_map(|charge| charge.supplier).collect(),
            Self::Return(supplier_return) => BTreeSet::from([supplier_return.supplier]),
            Self::BlanketCreate(create) => BTreeSet::from([create.supplier]),
            Self::Act(_)
            | Self::Receive(_)
            | Self::Confirm(_)
            | Self::Revise(_)
            | Self::BlanketUpdate(_)
            | Self::BlanketAct(_) => BTreeSet::new(),
        }
    }

    /// Returns the blanket orders that the command names, including the one that it creates: it is
    /// executed under locks.
    pub fn blankets(&self) -> BTreeSet<BlanketOrderId> {
        match self {
            Self::Create(creates) => creates.iter().filter_map(|create_command| create_command.blanket).collect(),
            Self::BlanketCreate(create) => BTreeSet::from([create.id]),
            Self::BlanketUpdate(update) => BTreeSet::from([update.blanket]),
            Self::BlanketAct(act) => BTreeSet::from([act.blanket]),
            Self::Amend(_) | Self::Act(_) | Self::Receive(_) | Self::Return(_) | Self::Confirm(_) | Self::Revise(_) => {
                BTreeSet::new()
            }
        }
    }

    /// Returns the products of the lines that the command writes on a blanket order.
    pub fn agreed_products(&self) -> BTreeSet<ProductId> {
        let lines = match self {
            Self::BlanketCreate(create) => Some(&create.lines),
            Self::BlanketUpdate(update) => update.lines.as_ref(),
            Self::Create(_)
            | Self::Amend(_)
            | Self::Act(_)
            | Self::Receive(_)
            | Self::Return(_)
            | Self::Confirm(_)
            | Self::Revise(_)
            | Self::BlanketAct(_) => None,
        };
        lines.into_iter().flatten().map(|line| line.product).collect()
    }

    /// Returns the references that the command gives to orders.
    pub fn references(&self) -> Vec<String> {
        match self {
            Self::Create(creates) => creates.iter().filter_map(|create| create.external_ref.clone()).collect(),
            Self::Amend(amend) => amend.external_ref.clone().flatten().into_iter().collect(),
            Self::Confirm(confirm) => confirm.external_ref.iter().cloned().collect(),
            Self::Act(_)
            | Self::Receive(_)
            | Self::Return(_)
            | Self::Revise(_)
            | Self::BlanketCreate(_)
            | Self::BlanketUpdate(_)
            | Self::BlanketAct(_) => Vec::new(),
        }
    }

    /// Decides against the loaded state; the draft collects the effects on stock.
    pub fn decide(&self, book: &PurchaseBook, draft: &mut Draft<'_>) -> Result<PurchaseDecision, Rejection> {
        match self {
            Self::Create(creates) => {
                let mut combined = PurchaseDecision::default();
                for create_command in creates {
                    let decision = decide_create(book, draft, create_command);
                    let Some(mut decision) = draft.pass(decision)? else { continue };
                    combined.orders.append(&mut decision.orders);
                    combined.events.append(&mut decision.events);
                }
                Ok(combined)
            }
            Self::Amend(amend) => decide_amend(book, draft, amend),
            Self::Act(act) => decide_act(book, draft, act),
            Self::Receive(receive) => decide_receive(book, draft, receive),
            Self::Return(supplier_return) => decide_supplier_return(book, draft, supplier_return),
            Self::Confirm(confirm) => decide_confirm(book, draft, confirm),
            Self::Revise(revise) => decide_revise(book, draft, revise),
            Self::BlanketCreate(create) => decide_blanket_create(book, draft, create),
            Self::BlanketUpdate(update) => decide_blanket_update(book, draft, update),
            Self::BlanketAct(act) => decide_blanket_act(book, draft, act),
        }
    }
}

impl Decide for PurchaseCommand {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn weight(&self) -> usize {
        self.0.weight().max(self.1.len())
    }

    fn needs(&self, needs: &mut Needs) {
        let Self(command, keys) = self;
        needs.levels.extend(command.levels());
        needs.levels.extend(keys);
        command.lots(keys, &mut needs.lots);
        needs.documents.with(|document_needs: &mut PurchaseNeeds| {
            document_needs.orders.extend(command.orders());
            document_needs.moved_orders.extend(command.moved_order());
            document_needs.refs.extend(command.references());
            document_needs.suppliers.extend(command.suppliers());
            document_needs.blankets.extend(command.blankets());
            document_needs.agreed.extend(command.agreed_products());
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        books.read(|book: &PurchaseBook| self.0.decide(book, draft)).map(Decision::of)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{
        purchasing::core::{CallOffTerms, NewBlanketLine, ProductFacts, Refusal},
        stock::core::{At, Book, Field, Refusal as StockRefusal, RoomRefusal},
    };

    #[test]
    fn nothing_goes_back_to_a_supplier_who_was_archived_meanwhile() {
        let potter = SupplierId::NIL;
        let command = Command::Return(CreateSupplierReturn {
            id: SupplierReturnId::NIL,
            supplier: potter,
            merged: Vec::new(),
            store: StoreId::NIL,
            external_ref: None,
            reason: ReasonCode::Damage,
            note: None,
            occurred_at: None,
            lines: Vec::new(),
            actor: Actor::member(MemberId::NIL),
            movement: MovementId::NIL,
        });
        assert_eq!(command.suppliers(), BTreeSet::from([potter]), "it is looked up behind the counter");
        let book = PurchaseBook { archived: HashMap::from([(potter, Timestamp(7))]), ..PurchaseBook::default() };
        let stock = Book::new(Timestamp(9), |_, _| 0);
        let refused = command.decide(&book, &mut Draft::new(&stock)).err();
        assert_eq!(refused, Some(Refusal::SupplierArchived { since: Timestamp(7) }.at(At::input(Field::Supplier))));
    }

    #[test]
    fn a_line_of_a_blanket_order_is_in_the_unit_that_its_product_has_behind_the_counter() {
        let (flour, gbp) = (ProductId::NIL, Currency::parse("GBP").unwrap());
        let quantity = Quantity::new(20_000).unwrap();
        let line = NewBlanketLine { product: flour, quantity, terms: CallOffTerms::default(), unit_cost: Money::new(150, gbp) };
        let command = Command::BlanketCreate(BlanketCreate {
            id: BlanketOrderId::NIL,
            supplier: SupplierId::NIL,
            currency: gbp,
            valid_from: 1,
            valid_to: 9,
            external_ref: None,
            note: None,
            lines: vec![line],
            actor: Actor::member(MemberId::NIL),
        });
        assert_eq!(command.agreed_products(), BTreeSet::from([flour]), "it is looked up behind the counter");
        let stock = Book::new(Timestamp(9), |_, _| 0);
        let decided = |decimals, is_kit| {
            let (sku, name) = ("FLOUR".to_owned(), "Flour".to_owned());
            let facts = ProductFacts { sku, name, decimals, is_kit, is_tracked: !is_kit, is_archived: false };
            let book = PurchaseBook { agreed: HashMap::from([(flour, facts)]), ..PurchaseBook::default() };
            command.decide(&book, &mut Draft::new(&stock))
        };
        let totals = [0, 3].map(|decimals| decided(decimals, false).unwrap().blankets[0].total.minor);
        assert_eq!(totals, [3_000_000, 3_000], "of pieces, and of kilos in grams");
        let at = At::line(0).field(Field::Product);
        assert_eq!(decided(0, true).err(), Some(StockRefusal::Kit { sku: "FLOUR".to_owned() }.at(at)));
    }
}
