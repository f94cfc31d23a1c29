//! Actions that are possible on the orders of a page.

use std::collections::{HashMap, HashSet};

use async_graphql::dataloader::DataLoader;
use entity::prelude;
use iam::access::{Caller, Permission, Reach, kind};
use inventory::orders::core::{Action, actions_from, holds::may_be_held};

use super::{
    held_stock::ships_within,
    loaders::{HeldStockKey, Rows},
    order::Order,
};
use crate::graphql::fault::Answer;

impl Order {
    /// Returns the actions that its status allows and that the caller may do in its store.
    pub fn actions(&self, caller: &Caller) -> impl Iterator<Item = Action> {
        let is_held = !self.row().hold_kinds.is_empty();
        let open = actions_from(self.row().status).filter(move |action| *action != Action::Fulfil || !is_held);
        open.filter(move |action| may(caller, *action, self.row().store))
    }

    /// Returns the mutations of holds that are possible and that the caller may do in its store.
    pub(crate) fn hold_actions(&self, caller: &Caller) -> impl Iterator<Item = &'static str> + use<> {
        let may = caller.permissions.reach(kind::OrderHold::INDEX).covers(self.row().store);
        let set = (may && may_be_held(self.row().status)).then_some("orderHoldSet");
        let lift = (may && !self.row().hold_kinds.is_empty()).then_some("orderHoldLift");
        set.into_iter().chain(lift)
    }
}

/// Whether the caller has, in the order's store, the permission that the action's mutation
/// requires.
pub fn may(caller: &Caller, action: Action, store: prelude::StoreId) -> bool {
    let needed = match action {
        Action::Confirm | Action::Close | Action::Update | Action::Reopen => kind::OrderWrite::INDEX,
        Action::Fulfil => kind::OrderFulfil::INDEX,
        Action::Cancel => kind::OrderCancel::INDEX,
        Action::Expire => return false,
    };
    caller.permissions.reach(needed).covers(store)
}

/// `allowedActions` of a page's orders, some of which have open lines: the held stock of these is
/// read together.
pub(crate) async fn allowed_actions(
    caller: &Caller,
    orders: &[Order],
    open: &HashSet<prelude::OrderId>,
    rows: &DataLoader<Rows>,
) -> Answer<HashMap<prelude::OrderId, Vec<&'static str>>> {
    let reach = caller.permissions.reach(kind::OrderFulfil::INDEX);
    let mut held = HashMap::new();
    if reach != Reach::Everywhere && !open.is_empty() {
        held = rows.load_many(open.iter().copied().map(HeldStockKey)).await?;
    }
    let leaves = |id: prelude::OrderId| {
        let held = held.get(&HeldStockKey(id)).map(|held| held.as_slice()).unwrap_or_default();
        open.contains(&id) && (reach == Reach::Everywhere || ships_within(&reach, held))
    };
    let actions = |order: &Order| {
        let id = order.row().id;
        let allowed = order.actions(caller).filter(|action| *action != Action::Fulfil || leaves(id));
        (id, allowed.filter_map(Action::mutation).chain(order.hold_actions(caller)).collect())
    };
    Ok(orders.iter().map(actions).collect())
}
