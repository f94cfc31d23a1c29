//! Goods that a store does not send: it rejects them, could not find them, or somebody gives them to another store.

use entity::prelude::*;

use super::{
    book::{Barred, WorkBook, WorkDecision},
    command::On,
    parcel::{line_named, within},
    refusal::Refusal,
    states::WorkAction,
    step::{Picked, goes_on, open, pick, stands},
    work::{Rejected, Work},
};
use crate::{
    orders::core::{Line, LineUnits, Order, OrderBook, OrderDecision, Resource, Short, Sourcing, decide_resource},
    stock::core::{At, Draft, Field, Rejection, RoomRefusal},
};

/// Why goods do not leave from here.
#[derive(Debug, Clone)]
pub enum Why {
    /// The store does not send them.
    Rejected(Rejected),
    /// Somebody looked for them: what was found is picked, the rest is not there.
    NotFound,
    /// They go to this store.
    Moved(StoreId),
}

/// Which goods: all that nobody has picked, or these.
pub type Rest = Picked;

/// What a store lets go, and where it is looked for.
#[derive(Debug, Clone)]
pub struct LetGo {
    /// Of `NotFound`: what was picked.
    pub lines: Rest,
    pub why: Why,
    pub sourcing: Sourcing,
    /// Ids of the release and of the new hold.
    pub movements: [MovementId; 2],
}

impl LetGo {
    pub const fn action(&self) -> WorkAction {
        match self.why {
            Why::Rejected(_) => WorkAction::Reject,
            Why::NotFound => WorkAction::Pick,
            Why::Moved(_) => WorkAction::Move,
        }
    }
}

pub fn decide_let_go(
    books: (&OrderBook, &WorkBook),
    draft: &mut Draft<'_>,
    on: &On,
    command: &LetGo,
) -> Result<(WorkDecision, Option<OrderDecision>), Rejection> {
    let at = At::input(Field::Id);
    let (order, mut work) = open(books, on, command.action(), at)?;
    match command.why {
        // What was found is picked.
        Why::NotFound => goes_on(order, at)?,
        Why::Rejected(_) | Why::Moved(_) => stands(order, at)?,
    }
    let lines = match command.why {
        Why::NotFound => {
            match command.lines.as_deref() {
                // Nothing of it was found.
                Some([]) => {}
                lines => pick(draft, &mut work, lines, on.actor)?,
            }
            not_found(&work, order)
        }
        Why::Rejected(_) | Why::Moved(_) => named(draft, &work, order, command.lines.as_deref())?,
    };
    if lines.is_empty() && matches!(command.why, Why::NotFound) {
        return Ok((WorkDecision::step(vec![work]), None));
    }
    for of in &lines {
        drop_units(&mut work, order, *of)?;
    }
    let orders = sourced(books, draft, (on, &work), (command, &lines))?;
    let has_refused = !matches!(command.why, Why::Moved(_));
    if !work.is_live() && work.lines.iter().all(|line| line.shipped == 0) && has_refused {
        work.head.rejected = Some(match &command.why {
            Why::Rejected(rejected) => rejected.clone(),
            Why::NotFound | Why::Moved(_) => Rejected { reason: RejectReason::NoStock, note: None },
        });
    }
    let (id, store, is_rejected) = (work.head.id, work.head.store, work.head.rejected.is_some());
    let new = |position: u16| !books.1.barred.contains(&(order.id, position, store));
    let (now, by) = (draft.now(), on.actor);
    let refused = lines.iter().filter(|of| has_refused && new(of.position));
    let barred = refused.map(|of| Barred { order: order.id, position: of.position, store, at: now, by }).collect();
    let moved = if let Why::Moved(to) = command.why { Some((id, to)) } else { None };
    let rejected = is_rejected.then_some(id);
    Ok((WorkDecision { barred, rejected, moved, ..WorkDecision::step(vec![work]) }, Some(orders)))
}

/// Looks for the goods elsewhere, by the order's rule; what is moved, in one store alone.
fn sourced(
    (orders, works): (&OrderBook, &WorkBook),
    draft: &mut Draft<'_>,
    (on, work): (&On, &Work),
    (command, lines): (&LetGo, &[LineUnits]),
) -> Result<OrderDecision, Rejection> {
    let (barred, short) = match command.why {
        Why::Moved(to) if to == work.head.store => return Err(Refusal::SameStore.at(At::input(Field::ToStore))),
        // Who assigns works may ask a store again that has refused.
        Why::Moved(_) => (Vec::new(), Short::Refuse),
        Why::Rejected(_) | Why::NotFound => (works.barred_from(on.order), Short::Wait),
    };
    let resource = Resource {
        order: on.order,
        from: work.head.store,
        lines,
        sourcing: &command.sourcing,
        barred: &barred,
        short,
        actor: on.actor,
        movements: command.movements,
    };
    decide_resource(orders, draft, &resource)
}

fn line_at(order: &Order, position: u16) -> Option<&Line> {
    order.lines.iter().find(|line| line.position == position)
}

/// How much of a product one unit of the line takes.
fn takes(line: &Line, product: ProductId) -> i64 {
    line.goods().find(|(own, _)| *own == product).map_or(1, |(_, takes)| takes.max(1))
}

/// The lines of the order that go, in whole units: as they are named, or all that nobody has picked. Of a kit one part names it, as all go together.
fn named(
    draft: &mut Draft<'_>,
    work: &Work,
    order: &Order,
    lines: Option<&[(FulfilmentWorkLineId, Quantity)]>,
) -> Result<Vec<LineUnits>, Rejection> {
    let mut units: Vec<LineUnits> = Vec::new();
    let Some(lines) = lines else {
        for line in work.lines.iter().filter(|line| line.open > 0) {
            let Some(of) = line_at(order, line.position) else { continue };
            let whole = line.open / takes(of, line.product);
            add(&mut units, line.position, whole);
        }
        return Ok(units);
    };
    if lines.is_empty() {
        return Err(Refusal::NothingNamed.at(At::input(Field::Lines)));
    }
    for (index, (id, quantity)) in lines.iter().enumerate() {
        let at = At::line(index);
        let Some(line) = draft.pass(line_named(work, *id, at))? else { continue };
        let Some(quantity) = draft.pass(within(*quantity, line.open, at))? else { continue };
        let Some(of) = line_at(order, line.position) else { continue };
        let takes = takes(of, line.product);
        let is_other = |own: &LineUnits| own.position == line.position && own.units != quantity / takes;
        if quantity % takes != 0 || units.iter().any(is_other) {
            draft.refuse(Refusal::KitInParts { sku: of.sku.clone() }.at(at.field(Field::Quantity)))?;
            continue;
        }
        add(&mut units, line.position, quantity / takes);
    }
    draft.end_pass()?;
    Ok(units)
}

/// What was not found: of a line what is still open, of a kit all beyond the whole ones that what was picked is enough for.
fn not_found(work: &Work, order: &Order) -> Vec<LineUnits> {
    let mut units: Vec<LineUnits> = Vec::new();
    for line in &work.lines {
        let Some(of) = line_at(order, line.position) else { continue };
        let takes = takes(of, line.product);
        let (all, found) = (line.live() / takes, (line.picked + line.packed) / takes);
        let missing = all - found;
        match units.iter_mut().find(|own| own.position == line.position) {
            Some(own) => own.units = own.units.max(missing),
            None => units.push(LineUnits { position: line.position, units: missing }),
        }
    }
    units.retain(|of| of.units > 0);
    units
}

fn add(units: &mut Vec<LineUnits>, position: u16, whole: i64) {
    if whole > 0 && !units.iter().any(|own| own.position == position) {
        units.push(LineUnits { position, units: whole });
    }
}

/// Takes units of an order's line off the work: what nobody has picked first, then what is in no parcel.
fn drop_units(work: &mut Work, order: &Order, of: LineUnits) -> Result<(), Rejection> {
    let Some(line) = line_at(order, of.position) else { return Ok(()) };
    for (product, takes) in line.goods() {
        let Some(own) = work.line_of(of.position, product) else { continue };
        let mut left = of.units.saturating_mul(takes);
        for bucket in [&mut own.open, &mut own.picked] {
            let out = left.min(*bucket);
            *bucket -= out;
            left -= out;
            own.dropped += out;
        }
        if left > 0 {
            return Err(Refusal::KitInParts { sku: line.sku.clone() }.at(At::input(Field::Lines)));
        }
    }
    Ok(())
}
