//! Holds on orders.

use std::collections::{BTreeMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::sales_hold,
};
use platform::storage::{Bulk, Fault, Finds, Reads, Rows};
use uuid::Uuid;

use crate::orders::core::{
    MatchedProperties,
    hold::{Hold, HoldsByOrder},
};

/// A hold's row.
#[derive(Record)]
#[record(of = sales_hold, alias = "h")]
struct HoldRow {
    id: HoldId,
    order_id: OrderId,
    kind: String,
    reason: String,
    note: Option<String>,
    placed_at: Timestamp,
    actor_kind: ActorKind,
    actor_id: Uuid,
    lifted_at: Option<Timestamp>,
    lifter_kind: Option<ActorKind>,
    lifter_id: Option<Uuid>,
    rule_code: Option<String>,
    matched: Option<String>,
}

#[derive(Record)]
#[record(of = sales_hold)]
struct RematchedHold {
    id: HoldId,
    matched: Option<String>,
}

#[derive(Record)]
#[record(of = sales_hold)]
struct LiftedHold {
    id: HoldId,
    lifted_at: Option<Timestamp>,
    lifter_kind: Option<ActorKind>,
    lifter_id: Option<Uuid>,
    matched: Option<String>,
}

/// Returns the stored JSON of a match: a structure of texts and numbers always has a JSON form.
fn serialize_match(matched: Option<&MatchedProperties>) -> Option<String> {
    matched.and_then(|matched| serde_json::to_string(matched).ok())
}

impl HoldRow {
    fn hold(self) -> Result<Hold, Fault> {
        let lifted = match (self.lifted_at, self.lifter_kind, self.lifter_id) {
            (None, None, None) => None,
            (Some(at), Some(kind), Some(id)) => Some((at, Actor { kind, id })),
            // A bulk statement on Postgres writes the nil ID of the system actor as NULL.
            (Some(at), Some(ActorKind::System), None) => Some((at, Actor::SYSTEM)),
            _ => return Err(Fault::corrupt("sales_hold", "a lifted hold says when and by whom")),
        };
        let matched = self.matched.as_deref().map(serde_json::from_str).transpose();
        Ok(Hold {
            id: self.id,
            order: self.order_id,
            kind: self.kind,
            reason: self.reason,
            note: self.note,
            placed_at: self.placed_at,
            actor: Actor { kind: self.actor_kind, id: self.actor_id },
            lifted,
            rule: self.rule_code,
            matched: matched.map_err(|_| Fault::corrupt("sales_hold", "the match of a hold is valid JSON"))?,
        })
    }
}

impl From<&Hold> for HoldRow {
    fn from(hold: &Hold) -> Self {
        Self {
            id: hold.id,
            order_id: hold.order,
            kind: hold.kind.clone(),
            reason: hold.reason.clone(),
            note: hold.note.clone(),
            placed_at: hold.placed_at,
            actor_kind: hold.actor.kind,
            actor_id: hold.actor.id,
            lifted_at: hold.lifted.map(|(at, _)| at),
            lifter_kind: hold.lifted.map(|(_, lifter)| lifter.kind),
            lifter_id: hold.lifted.map(|(_, lifter)| lifter.id),
            rule_code: hold.rule.clone(),
            matched: serialize_match(hold.matched.as_ref()),
        }
    }
}

impl From<&Hold> for LiftedHold {
    fn from(hold: &Hold) -> Self {
        Self {
            id: hold.id,
            lifted_at: hold.lifted.map(|(at, _)| at),
            lifter_kind: hold.lifted.map(|(_, lifter)| lifter.kind),
            lifter_id: hold.lifted.map(|(_, lifter)| lifter.id),
            matched: serialize_match(hold.matched.as_ref()),
        }
    }
}

/// Returns the holds of these orders that are not lifted, the oldest first.
pub async fn holds_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<Hold>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM sales_hold h WHERE h.tenant_id = $1 AND {of} AND h.lifted_at IS NULL ORDER BY h.placed_at, h.id",
        select = HoldRow::SELECT,
        of = backend.in_ids("h.order_id", 2)
    );
    let rows = reads.records::<HoldRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.into_iter().map(HoldRow::hold).collect()
}

/// Returns the holds that rules have set on these orders, including lifted ones, in the order in
/// which they were set.
pub async fn holds_by_rules(reads: &impl Reads, orders: &[OrderId]) -> Result<HoldsByOrder, Fault> {
    let mut set = HoldsByOrder::new();
    if orders.is_empty() {
        return Ok(set);
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM sales_hold h WHERE h.tenant_id = $1 AND {of} AND h.rule_code IS NOT NULL ORDER BY h.placed_at, h.id",
        select = HoldRow::SELECT,
        of = backend.in_ids("h.order_id", 2)
    );
    for row in reads.records::<HoldRow>(&sql, vec![backend.ids(orders.iter().copied())]).await? {
        let hold = row.hold()?;
        set.entry(hold.order).or_default().push(hold);
    }
    Ok(set)
}

/// Returns the holds of a kind that were set on an order by hand, including lifted ones, in the
/// order in which they were set.
pub async fn manual_holds(reads: &impl Reads, order: OrderId, kind: &str) -> Result<Vec<Hold>, Fault> {
    let sql = format!(
        "SELECT {} FROM sales_hold h WHERE h.tenant_id = $1 AND h.order_id = $2 AND h.kind = $3 AND h.rule_code IS NULL ORDER BY h.placed_at, h.id",
        HoldRow::SELECT
    );
    reads.records::<HoldRow>(&sql, vec![order.into(), kind.into()]).await?.into_iter().map(HoldRow::hold).collect()
}

/// Returns the result of `holds_of` by order.
pub async fn active_holds_by_order(reads: &impl Reads, orders: &[OrderId]) -> Result<HoldsByOrder, Fault> {
    let mut standing = HoldsByOrder::new();
    for hold in holds_of(reads, orders).await? {
        standing.entry(hold.order).or_default().push(hold);
    }
    Ok(standing)
}

/// Returns the hold with an ID, lifted or not.
pub async fn hold(reads: &impl Reads, id: HoldId) -> Result<Option<Hold>, Fault> {
    let sql = format!("SELECT {} FROM sales_hold h WHERE h.tenant_id = $1 AND h.id = $2", HoldRow::SELECT);
    reads.records::<HoldRow>(&sql, vec![id.into()]).await?.pop().map(HoldRow::hold).transpose()
}

/// Returns the rows of holds after a batch: those that it set, those that match by other
/// properties, then those that it lifted. A hold that it both set and lifted is new.
pub fn hold_rows<'d>(
    tenant: TenantId,
    decided_holds: impl Iterator<Item = &'d Hold>,
    rematched: impl Iterator<Item = &'d Hold>,
) -> [Bulk; 3] {
    let (mut last_by_id, mut set) = (BTreeMap::new(), HashSet::new());
    for hold in decided_holds {
        if hold.lifted.is_none() {
            set.insert(hold.id);
        }
        last_by_id.insert(hold.id, hold);
    }
    let matching: BTreeMap<HoldId, &Hold> = rematched.map(|hold| (hold.id, hold)).collect();
    let mut rematched_rows = Rows::<RematchedHold>::update(tenant);
    for (id, hold) in matching {
        if last_by_id.get(&id).is_none_or(|last_by_id| last_by_id.lifted.is_none()) {
            rematched_rows.push(RematchedHold { id, matched: serialize_match(hold.matched.as_ref()) });
        }
    }
    let (mut new_rows, mut lifted) = (Rows::<HoldRow>::insert(tenant), Rows::<LiftedHold>::update(tenant));
    for (id, hold) in last_by_id {
        if set.contains(&id) {
            new_rows.push(hold.into());
        } else {
            lifted.push(hold.into());
        }
    }
    [new_rows.into(), rematched_rows.into(), lifted.into()]
}
