//! What an order holds, and what it sells at once: the goods of its lines, of a kit those of its parts.

use entity::prelude::*;

use super::{
    create::Create,
    kit::{in_kits, quotes, tell_quotes},
    line::Line,
    order::{Order, count},
    refusal::Refusal,
    sourcing::{Demand, Lacking, Share, Short, Source, Sourcing, SourcingPlan, all_lacking, source, total},
};
use crate::stock::core::{
    At, Delta, Draft, Field, Level, LevelKey, LotChoice, MovementHead, Posting, Reason, Reference, ReferenceKind, Rejection,
    Reservation, RoomRefusal, RowState, Scarce, Step, cover, whole_kits,
};

/// What an order's movements have in common.
pub(super) fn order_head(id: MovementId, kind: MovementKind, order: &Order, occurred_at: Timestamp) -> MovementHead {
    MovementHead {
        id,
        kind,
        reason: (kind == MovementKind::Sale).then_some(ReasonCode::Sale),
        note: None,
        external_ref: order.external_ref.clone(),
        reference: Some(Reference { kind: ReferenceKind::Order, id: order.id.uuid() }),
        actor: order.actor,
        reverses: None,
        occurred_at,
    }
}

/// How many of a line's open units can be held: all of them, or as many as there are where what is short is BACKORDER.
fn holdable(draft: &mut Draft<'_>, line: &Line, store: StoreId, field: At) -> Result<i64, Rejection> {
    let wanted = line.open.get();
    let mut parts = Vec::new();
    let mut short = None;
    let mut bound = Vec::new();
    for (product, takes) in line.goods() {
        let level = draft.stocked(LevelKey { product, store }, field)?;
        let needed = wanted.saturating_mul(takes);
        // What a line is of was frozen with it; what it is made of is as the catalogue has it.
        let policy = if line.is_kit() { level.facts.policy } else { line.policy() };
        let there = draft.promisable(level.key, field)?;
        if policy != StockPolicy::Backorder {
            bound.push((there, takes));
            if there < needed {
                short.get_or_insert((level.key, needed, there));
            }
        }
        parts.push((there, takes));
    }
    if let Some((key, needed, there)) = short {
        let refusal = if line.is_kit() {
            draft.kits_short((&line.sku, key), (wanted, whole_kits(bound.into_iter())), field)
        } else {
            draft.unpromised(key, (needed, there), field)
        };
        // Where all refusals are asked for, it holds what there is.
        draft.refuse(refusal)?;
    }
    Ok(if parts.is_empty() { wanted } else { wanted.min(whole_kits(parts.into_iter())) })
}

/// The holds of an order in the making.
struct Holds {
    head: MovementHead,
    has_begun: bool,
    /// The number of the next hold that shares no line's: those of a kit's parts, and of a line's further stores.
    next: u16,
}

/// Holds stock for every line that takes any: at the order's store, or where its sourcing finds it. BACKORDER products hold what there is and
/// owe the rest.
pub(super) fn hold(
    draft: &mut Draft<'_>,
    order: &mut Order,
    (movement, at): (MovementId, Timestamp),
    sourcing: Option<&Sourcing>,
) -> Result<(), Rejection> {
    let all = |order: &Order| -> Vec<Wanted> {
        let lines = order.lines.iter().enumerate();
        lines.map(|(index, line)| Wanted { index, units: line.open.get(), place: At::line(index) }).collect()
    };
    let found = sourcing.map(|sourcing| found(draft, order, &all(order), sourcing)).transpose()?;
    // One hold a line shares the line's number under the order's id; the others have the numbers behind the lines.
    let head = order_head(movement, MovementKind::Reserve, order, at);
    let mut holds = Holds { head, has_begun: false, next: order.lines.len() as u16 + 1 };
    for index in 0..order.lines.len() {
        let held = hold_line(draft, order, (index, found.as_ref()), &mut holds);
        draft.pass(held)?;
    }
    Ok(())
}

fn hold_line(
    draft: &mut Draft<'_>,
    order: &mut Order,
    (index, found): (usize, Option<&SourcingPlan>),
    holds: &mut Holds,
) -> Result<(), Rejection> {
    let line = &order.lines[index];
    let goods: Vec<(ProductId, i64)> = line.goods().collect();
    // A draft's line may have been set to 0.
    if goods.is_empty() || line.open.is_zero() {
        return Ok(());
    }
    let field = At::line(index).field(Field::Quantity);
    let shares = match found {
        None => vec![Share { store: order.store, quantity: holdable(draft, line, order.store, field)? }],
        Some(plan) => plan[index].clone(),
    };
    let (position, is_kit, wanted, held) = (line.position, line.is_kit(), line.open.get(), total(&shares));
    let line = &mut order.lines[index];
    (line.open, line.backordered) = (count(held), count(wanted - held));
    for (nth, share) in shares.iter().enumerate().filter(|(_, share)| share.quantity > 0) {
        for (product, takes) in &goods {
            let is_apart = is_kit || nth > 0;
            let number = if is_apart { holds.next } else { position };
            holds.next += u16::from(is_apart);
            if number > entity::id::MAX_LINES {
                return Err(Refusal::TooManyShares { most: entity::id::MAX_LINES }.at(field));
            }
            let key = LevelKey { product: *product, store: share.store };
            if !holds.has_begun {
                draft.begin(holds.head.clone(), key, field)?;
                holds.has_begun = true;
            }
            let quantity = count(share.quantity * takes);
            draft.post(key, Delta { reserved: quantity.get(), ..Delta::default() }, None, None, field)?;
            draft.put_reservation(reservation(order, (position, number), key, (quantity, draft.now())));
        }
    }
    Ok(())
}

/// So many units of the line at this index of its order, typed at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub index: usize,
    pub units: i64,
    pub place: At,
}

/// Where what is wanted is found, of what is there now.
pub(super) fn found(
    draft: &mut Draft<'_>,
    order: &Order,
    wanted: &[Wanted],
    sourcing: &Sourcing,
) -> Result<SourcingPlan, Rejection> {
    let now = |source: &Source| {
        // What was archived meanwhile gives nothing.
        let there = |product: &ProductId| draft.promisable(LevelKey { product: *product, store: source.store }, At::NOWHERE).ok();
        let available = source.available.keys().filter_map(|product| Some((*product, there(product)?))).collect();
        Source { available, ..source.clone() }
    };
    let stores: Vec<Source> = sourcing.stores.iter().map(now).collect();
    let demands: Vec<Demand> = wanted.iter().map(|wanted| demand(draft, order, wanted)).collect::<Result<_, _>>()?;
    let short = |draft: &Draft<'_>, lacking: Lacking| {
        let Wanted { index, units, place } = wanted[lacking.line];
        let line = &order.lines[index];
        let own = own_level(draft, line, order.store);
        let what = Scarce::Stores { sku: line.sku.clone(), most: sourcing.rule.most(), own };
        let why = Reason::LotShort { level: None, what, usable: lacking.found, requested: units };
        Rejection { why, at: place.field(Field::Quantity) }
    };
    if draft.tells_all() {
        for lacking in all_lacking(&demands, &stores, sourcing.rule, sourcing.destination) {
            let refusal = short(draft, lacking);
            draft.refuse(refusal)?;
        }
        draft.end_pass()?;
    }
    source(&demands, &stores, &sourcing.rule, sourcing.destination).map_err(|lacking| short(draft, lacking))
}

/// The level of a line's product in a store; none of a kit.
pub(super) fn own_level(draft: &Draft<'_>, line: &Line, store: StoreId) -> Option<Box<Level>> {
    let product = line.product().filter(|_| !line.is_kit())?;
    draft.level(LevelKey { product, store }, At::NOWHERE).ok().cloned().map(Box::new)
}

/// What a line needs found. It may wait where all that it takes may be promised beyond stock.
fn demand(draft: &Draft<'_>, order: &Order, wanted: &Wanted) -> Result<Demand, Rejection> {
    let (line, field) = (&order.lines[wanted.index], wanted.place.field(Field::Product));
    if wanted.units == 0 {
        return Ok(Demand { goods: Vec::new(), quantity: 0, short: Short::Wait });
    }
    let goods: Vec<(ProductId, i64)> = line.goods().collect();
    let mut short = Short::Wait;
    for (product, _) in &goods {
        let level = draft.stocked(LevelKey { product: *product, store: order.store }, field)?;
        let policy = if line.is_kit() { level.facts.policy } else { line.policy() };
        short = if policy == StockPolicy::Backorder { short } else { Short::Refuse };
    }
    Ok(Demand { goods, quantity: wanted.units, short })
}

/// A hold for a line of the order; its number is that of its id.
pub(super) fn reservation(
    order: &Order,
    (position, number): (u16, u16),
    key: LevelKey,
    (quantity, now): (Quantity, Timestamp),
) -> Reservation {
    Reservation {
        id: order.id.line(number),
        key,
        quantity,
        remaining: quantity,
        status: ReservationStatus::Active,
        expires_at: order.expires_at,
        channel: Some(order.channel),
        order: Some((order.id, position)),
        reference: Some(Reference { kind: ReferenceKind::Order, id: order.id.uuid() }),
        version: 1,
        created_at: now,
        updated_at: now,
        row: RowState::New,
    }
}

/// Sells over the counter: SALE entries only, at the moment of the sale.
pub(super) fn sell(draft: &mut Draft<'_>, order: &mut Order, command: &Create) -> Result<(), Rejection> {
    let head = order_head(command.movements[2], MovementKind::Sale, order, order.placed_at);
    let mut steps = Vec::with_capacity(order.lines.len());
    let mut owners = Vec::with_capacity(order.lines.len());
    for (index, line) in order.lines.iter().enumerate() {
        owners.extend(line.goods().map(|(_, takes)| (line.position, takes)));
        steps.extend(line.goods().map(|(product, takes)| {
            let (key, field) = (LevelKey { product, store: order.store }, At::line(index).field(Field::Quantity));
            Step::moves(key, -(line.quantity.get() * takes), &LotChoice::Unsaid, field)
        }));
    }
    let quotes = quotes(draft, order, (&steps, &owners), command.on_shortage)?;
    tell_quotes(draft, &quotes)?;
    take(draft, (&steps, head), command).map_err(|refusal| in_kits(refusal, quotes))?;
    order.lines.iter_mut().for_each(|line| line.fulfil(line.quantity.get(), 0));
    Ok(())
}

/// Takes what is sold over the counter.
fn take(draft: &mut Draft<'_>, (steps, head): (&[Step], MovementHead), command: &Create) -> Result<(), Rejection> {
    if let Some(first) = steps.first() {
        cover(draft, steps, command.on_shortage, &head, command.movements[0].into())?;
        draft.begin(head, first.key, first.field)?;
        for step in steps {
            let cost = draft.level(step.key, step.field)?.facts.cost;
            let delta = Delta { on_hand: step.on_hand_delta, ..Delta::default() };
            let dates = command.on_shortage.dates();
            let posted = draft.post_to(step.key, Posting { delta, cost, dates, ..Posting::default() }, step.field);
            draft.pass(posted)?;
        }
    }
    Ok(())
}
