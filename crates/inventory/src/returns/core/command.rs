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
            Self::Act(c, _) => match c.step.action() {
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
            Self::Create(c) => c.lines.len(),
            Self::Act(_, keys) => keys.len(),
        }
    }

    fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Create(c) => create_needs(c, needs),
            Self::Act(c, keys) => act(c, keys, needs),
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let decided = books.read(|orders: &OrderBook| {
            books.read(|returns: &ReturnBook| match self {
                Self::Create(c) => decide_return(ReturnBasis { orders, returns }, draft, c),
                Self::Act(c, _) => decide_return_step(ReturnBasis { orders, returns }, draft, c),
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
pub fn create_needs(c: &CreateReturn, needs: &mut Needs) {
    let goods: Vec<LevelKey> =
        c.lines.iter().filter_map(|line| Some(LevelKey { product: line.product?, store: c.store })).collect();
    needs.levels.extend(&goods);
    needs.levels.extend(&c.parts);
    for line in &c.lines {
        line.product.into_iter().for_each(|product| needs.lots.choice(product, &line.lot));
    }
    needs.lots.ids.extend(c.left.iter().flat_map(ReturnableLots::ids));
    let named = c.lines.iter().flat_map(|line| &line.matches).map(|piece| piece.line.split_line().0);
    needs.held_by_orders.extend(named.clone());
    needs.documents.with(|own: &mut OrderNeeds| {
        own.goods.extend(goods);
        own.orders.extend(named.clone());
        own.customers.extend(c.customer);
        if c.is_only_charges() {
            own.stores.insert(c.store);
        }
    });
    needs.documents.with(|own: &mut ReturnNeeds| {
        if c.settle.is_some() {
            own.settled.extend(named.clone());
        }
        own.comes_back.extend(named);
        own.references.extend(c.external_ref.clone());
    });
}

fn act(c: &ActOnReturn, keys: &[LevelKey], needs: &mut Needs) {
    needs.levels.extend(keys);
    needs.held_by_orders.extend(&c.orders);
    // The product of a line is not known yet: a lot is searched among those of all products of the
    // return.
    let mut lots = |lot: &LotChoice| keys.iter().for_each(|key| needs.lots.choice(key.product, lot));
    match &c.step {
        ReturnStep::Receive(goods) => {
            goods.lines.iter().flatten().for_each(|line| lots(&line.lot));
            needs.lots.ids.extend(goods.left.iter().flat_map(ReturnableLots::ids));
        }
        ReturnStep::Inspect(what) => {
            what.lines.iter().flatten().for_each(|line| lots(&line.lot));
            needs.lots.asides.extend(keys);
        }
        ReturnStep::Close { .. } | ReturnStep::Approve | ReturnStep::Reject { .. } => {}
    }
    needs.documents.with(|own: &mut OrderNeeds| own.orders.extend(&c.orders));
    needs.documents.with(|own: &mut ReturnNeeds| {
        own.returns.insert(c.ret);
        match &c.step {
            ReturnStep::Receive(_) => own.comes_back.extend(&c.orders),
            ReturnStep::Close { .. } => own.settled.extend(&c.orders),
            ReturnStep::Approve | ReturnStep::Reject { .. } | ReturnStep::Inspect(_) => {}
        }
    });
}
