//! What the orders of a page allow.

use std::collections::{HashMap, HashSet};

use async_graphql::dataloader::DataLoader;
use entity::prelude;
use iam::access::{Caller, Permission, Reach, kind};
use inventory::orders::{core::Action, rows::Held};

use super::{
    loaders::{HeldFor, Rows},
    order::Order,
};
use crate::graphql::fault::Answer;

/// Whether the caller has, in the order's store, the permission that the action's mutation asks for.
pub(super) fn may(caller: &Caller, action: Action, store: prelude::StoreId) -> bool {
    let needed = match action {
        Action::Confirm | Action::Close | Action::Update | Action::Reopen => kind::OrderWrite::INDEX,
        Action::Fulfil => kind::OrderFulfil::INDEX,
        Action::Cancel => kind::OrderCancel::INDEX,
        Action::Expire => return false,
    };
    caller.permissions.reach(needed).covers(store)
}

/// Whether some of what is held lies within; what is held nowhere leaves from the order's own store.
pub(super) fn leaves_within(reach: &Reach, held: &[Held]) -> bool {
    let mut held = held.iter().filter(|one| one.remaining.is_positive()).peekable();
    held.peek().is_none() || held.any(|one| reach.covers(one.store))
}

/// `allowedActions` of a page's orders, of which some are known to have something open: what these hold is read together.
pub(super) async fn allowed_actions(
    caller: &Caller,
    orders: &[Order],
    open: &HashSet<prelude::OrderId>,
    rows: &DataLoader<Rows>,
) -> Answer<HashMap<prelude::OrderId, Vec<&'static str>>> {
    let reach = caller.permissions.reach(kind::OrderFulfil::INDEX);
    let mut held = HashMap::new();
    if reach != Reach::Everywhere && !open.is_empty() {
        held = rows.load_many(open.iter().copied().map(HeldFor)).await?;
    }
    let leaves = |id: prelude::OrderId| {
        let held = held.get(&HeldFor(id)).map(|held| held.as_slice()).unwrap_or_default();
        open.contains(&id) && (reach == Reach::Everywhere || leaves_within(&reach, held))
    };
    let actions = |order: &Order| {
        let id = order.row().id;
        let allowed = order.actions(caller).filter(|action| *action != Action::Fulfil || leaves(id));
        (id, allowed.filter_map(Action::mutation).chain(order.hold_actions(caller)).collect())
    };
    Ok(orders.iter().map(actions).collect())
}
