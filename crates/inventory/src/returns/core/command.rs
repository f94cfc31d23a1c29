//! Commands on returns, through the ledger.

use super::{
    act::decide_return_step,
    book::{ReturnBasis, ReturnBook},
    create::decide_return,
    needs::ReturnNeeds,
    new_return::CreateReturn,
    returnable_lots::ReturnableLots,
    states::ReturnAction,
    step::{ActOnReturn, ReturnStep},
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::core::{OrderBook, OrderNeeds},
    stock::core::{Draft, LevelKey, LotChoice, Rejection},
};

#[derive(Debug, Clone)]
pub enum ReturnCommand {
    Create(Box<CreateReturn>),
    /// A step, with the levels of the return's lines, read before: the lines never change.
    Act(Box<ActOnReturn>, Vec<LevelKey>),
}

impl Decide for ReturnCommand {
    fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "return.create",
            Self::Act(command, _) => match command.step.action() {
                ReturnAction::Approve => "return.approve",
                ReturnAction::Reject => "return.reject",
                ReturnAction::Receive => "return.receive",
                ReturnAction::Inspect => "return.inspect",
                ReturnAction::Close => "return.close",
            },
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Create(command) => command.lines.len(),
            Self::Act(_, keys) => keys.len(),
        }
    }

    fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Create(command) => create_needs(command, needs),
            Self::Act(command, keys) => act(command, keys, needs),
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let decided = books.read(|orders: &OrderBook| {
            books.read(|returns: &ReturnBook| match self {
                Self::Create(command) => decide_return(ReturnBasis { orders, returns }, draft, command),
                Self::Act(command, _) => decide_return_step(ReturnBasis { orders, returns }, draft, command),
            })
        });
        let (sales_return, orders) = decided?;
        let mut decision = Decision::of(sales_return);
        if !orders.orders.is_empty() {
            decision.documents.put(orders);
        }
        Ok(decision)
    }
}

/// Adds the rows that the decision on a new return needs.
pub fn create_needs(command: &CreateReturn, needs: &mut Needs) {
    let goods: Vec<LevelKey> =
        command.lines.iter().filter_map(|line| Some(LevelKey { product: line.product?, store: command.store })).collect();
    needs.levels.extend(&goods);
    needs.levels.extend(&command.parts);
    for line in &command.lines {
        line.product.into_iter().for_each(|product| needs.lots.choice(product, &line.lot));
    }
    needs.lots.ids.extend(command.left.iter().flat_map(ReturnableLots::ids));
    let order_ids = command.lines.iter().flat_map(|line| &line.matches).map(|piece| piece.line.split_line().0);
    needs.held_by_orders.extend(order_ids.clone());
    needs.documents.with(|document_needs: &mut OrderNeeds| {
        document_needs.goods.extend(goods);
        document_needs.orders.extend(order_ids.clone());
        document_needs.customers.extend(command.customer);
        if command.is_only_charges() {
            document_needs.stores.insert(command.store);
        }
    });
    needs.documents.with(|document_needs: &mut ReturnNeeds| {
        if command.settle.is_some() {
            document_needs.settled.extend(order_ids.clone());
        }
        document_needs.comes_back.extend(order_ids);
        document_needs.references.extend(command.external_ref.clone());
    });
}

fn act(command: &ActOnReturn, keys: &[LevelKey], needs: &mut Needs) {
    needs.levels.extend(keys);
    needs.held_by_orders.extend(&command.orders);
    // The product of a line is not known yet: a lot is searched among those of all products of the
    // return.
    let mut lots = |lot: &LotChoice| keys.iter().for_each(|key| needs.lots.choice(key.product, lot));
    match &command.step {
        ReturnStep::Receive(goods) => {
            goods.lines.iter().flatten().for_each(|line| lots(&line.lot));
            needs.lots.ids.extend(goods.left.iter().flat_map(ReturnableLots::ids));
        }
        ReturnStep::Inspect(inspection) => {
            inspection.lines.iter().flatten().for_each(|line| lots(&line.lot));
            needs.lots.asides.extend(keys);
        }
        ReturnStep::Close { .. } | ReturnStep::Approve | ReturnStep::Reject { .. } => {}
    }
    needs.documents.with(|document_needs: &mut OrderNeeds| document_needs.orders.extend(&command.orders));
    needs.documents.with(|document_needs: &mut ReturnNeeds| {
        document_needs.returns.insert(command.ret);
        match &command.step {
            ReturnStep::Receive(_) => document_needs.comes_back.extend(&command.orders),
            ReturnStep::Close { .. } => document_needs.settled.extend(&command.orders),
            ReturnStep::Approve | ReturnStep::Reject { .. } | ReturnStep::Inspect(_) => {}
        }
    });
}
