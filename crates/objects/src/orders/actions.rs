//! Actions that are possible on the orders of a page.

use std::collections::{HashMap, HashSet};

use async_graphql::dataloader::DataLoader;
use entity::prelude;
use iam::access::{Caller, Permission, Reach, kind};
use inventory::orders::core::{Action, actions_from, hold_commands::can_be_held};

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
        let open_actions = actions_from(self.row().status).filter(move |action| *action != Action::Fulfil || !is_held);
        open_actions.filter(move |action| may_act(caller, *action, self.row().store))
    }

    /// Returns the mutations of holds that are possible and that the caller may do in its store.
    pub(crate) fn hold_actions(&self, caller: &Caller) -> impl Iterator<Item = &'static str> + use<> {
        let is_permitted = caller.permissions.reach(kind::OrderHold::INDEX).covers(self.row().store);
        let set_mutation = (is_permitted && can_be_held(self.row().status)).then_some("orderHoldSet");
        let lift_mutation = (is_permitted && !self.row().hold_kinds.is_empty()).then_some("orderHoldLift");
        set_mutation.into_iter().chain(lift_mutation)
    }
}

/// Whether the caller has, in the order's store, the permission that the action's mutation
/// requires.
pub fn may_act(caller: &Caller, action: Action, store: prelude::StoreId) -> bool {
    let permission = match action {
        Action::Confirm | Action::Close | Action::Update | Action::Reopen => kind::OrderWrite::INDEX,
        Action::Fulfil => kind::OrderFulfil::INDEX,
        Action::Cancel => kind::OrderCancel::INDEX,
        Action::Expire => return false,
    };
    caller.permissions.reach(permission).covers(store)
}

/// `allowedActions` of a page's orders, some of which have open lines: the held stock of these is
/// read together.
pub(crate) async fn allowed_actions(
    caller: &Caller,
    orders: &[Order],
    open_orders: &HashSet<prelude::OrderId>,
    rows: &DataLoader<Rows>,
) -> Answer<HashMap<prelude::OrderId, Vec<&'static str>>> {
    let reach = caller.permissions.reach(kind::OrderFulfil::INDEX);
    let mut reservations = HashMap::new();
    if reach != Reach::Everywhere && !open_orders.is_empty() {
        reservations = rows.load_many(open_orders.iter().copied().map(HeldStockKey)).await?;
    }
    let is_shippable = |id: prelude::OrderId| {
        let reservations = reservations.get(&HeldStockKey(id)).map(|reservations| reservations.as_slice()).unwrap_or_default();
        open_orders.contains(&id) && (reach == Reach::Everywhere || ships_within(&reach, reservations))
    };
    let actions = |order: &Order| {
        let id = order.row().id;
        let allowed = order.actions(caller).filter(|action| *action != Action::Fulfil || is_shippable(id));
        (id, allowed.filter_map(Action::mutation).chain(order.hold_actions(caller)).collect())
    };
    Ok(orders.iter().map(actions).collect())
}
