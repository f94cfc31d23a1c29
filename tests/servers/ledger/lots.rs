//! Lots in the ledger: picking, the effects of a lot's steps on its stock, races, and random
//! histories whose lots always add up.

use entity::prelude::*;
use entrepot::{
    catalog::core::Patch,
    clock,
    ledger::{Command, JobCursor, StockCommand},
    lots::{
        core::{ActOnLot, LotAction, LotCommand},
        jobs::expire_lots,
    },
    orders::core::OrderCommand,
    stock::{
        core::{
            Candidate, LevelKey, Lot, LotChoice, LotName, MovementHead, Reference, ReferenceKind, Rejection, Shortage,
            first_expired,
        },
        rows::lot_list::lots_at,
        shell::explain_level,
    },
};

use super::{
    by_database::by_database,
    factory::CommandFactory,
    scenario::code_of,
    world::{MUG, World, product_row},
};

/// The current day of the world's clock.
pub const TODAY: i32 = 19_675;

/// Makes the mugs a product that is kept by lots.
pub async fn tracked(world: &World, tracking: &str) {
    let work = world.scope().begin().await.unwrap();
    let values = vec![world.make.products[MUG].into(), tracking.into()];
    work.execute("UPDATE product SET tracking = $3 WHERE tenant_id = $1 AND id = $2", values).await.unwrap();
    work.commit().await.unwrap();
}

pub fn named(world: &World, code: &str, expires_on: Option<i32>) -> LotChoice {
    LotChoice::Named(Box::new(LotName::new(world.clock.id(), code, None, expires_on)))
}

async fn adjust(world: &World, kind: MovementKind, store: usize, delta: i64, lot: LotChoice) -> Result<Vec<Lot>, Rejection> {
    let mut adjust = world.make.adjusting(kind, Shortage::Refuse, &[(MUG, store, delta)]);
    adjust.changes[0].lot = lot;
    world.submit(Command::of(StockCommand::Adjust(adjust))).await.map(|receipt| receipt.lots)
}
pub async fn receive(world: &World, store: usize, code: &str, quantity: i64, expires_on: Option<i32>) -> LotId {
    let lots = adjust(world, MovementKind::Receipt, store, quantity, named(world, code, expires_on)).await.unwrap();
    lots.iter().find(|lot| lot.code == code).unwrap().id
}

pub fn acting(world: &World, lot: LotId, action: LotAction, on_shortage: Shortage, places: &[LevelKey]) -> Command {
    let reference = Some(Reference { kind: ReferenceKind::Lot, id: lot.uuid() });
    Command::of(LotCommand::Act(Box::new(ActOnLot {
        head: MovementHead { reference, ..world.make.head(MovementKind::Adjustment) },
        room: world.clock.document_id(),
        on_shortage,
        lot,
        action,
        expected_version: None,
        places: places.to_vec(),
    })))
}

/// Code, on hand and unavailable of the lots at a store.
async fn at(world: &World, store: usize) -> Vec<(String, i64, i64)> {
    let found = lots_at(&world.scope(), world.make.key(MUG, store)).await.unwrap();
    let mut found: Vec<_> = found.into_iter().map(|(lot, level)| (lot.code, level.on_hand, level.unavailable)).collect();
    found.sort();
    found
}

#[test]
fn first_expired_first_out_follows_the_vectors() {
    let Some(text) = crate::world::shared("data/inventory-vectors.json") else { return };
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    let day = |value: &serde_json::Value| value.as_str().map(|text| clock::parse_day(text).unwrap());
    let mut checked_count = 0;
    for vector in all["vectors"].as_array().unwrap().iter().filter(|vector| vector["metric"] == "fefo_allocation") {
        let (input, expected) = (&vector["input"], &vector["expected"]);
        let lots = input["lots"].as_array().unwrap();
        let ids: Vec<LotId> = (0..lots.len()).map(|n| LotId::from_uuid(uuid::Uuid::from_u128(n as u128 + 1))).collect();
        let candidates: Vec<Candidate<'_>> = lots
            .iter()
            .zip(&ids)
            .map(|(lot, id)| Candidate {
                lot: *id,
                code: lot["lot"].as_str().unwrap(),
                available: lot["qty"].as_i64().unwrap(),
                status: if lot["status"] == "available" { LotStatus::Available } else { LotStatus::Quarantine },
                expires_on: day(&lot["expiry"]),
                received_at: Timestamp(i64::from(day(&lot["received_at"]).unwrap())),
            })
            .collect();
        let remaining = input["min_remaining_days"].as_i64().unwrap() as i32;
        let ship = day(&input["ship_date"]).unwrap();
        let (picked, short) = first_expired(&candidates, input["quantity"].as_i64().unwrap(), ship, Some(remaining));
        let named = |id: &LotId| candidates.iter().find(|c| c.lot == *id).unwrap().code;
        let picked: Vec<_> = picked.iter().map(|(lot, n)| serde_json::json!({ "lot": named(lot), "qty": n })).collect();
        assert_eq!(serde_json::json!({ "allocations": picked, "shortage": short }), *expected, "{}", vector["id"]);
        checked_count += 1;
    }
    assert!(checked_count >= 2, "only {checked_count} vectors of FEFO");
}

#[test]
fn equal_missing_and_past_dates_have_their_order() {
    let id = |n: u128| LotId::from_uuid(uuid::Uuid::from_u128(n));
    let lot = |n, code, expires_on, received| Candidate {
        lot: id(n),
        code,
        available: 1,
        status: LotStatus::Available,
        expires_on,
        received_at: Timestamp(received),
    };
    let all = [
        lot(1, "none", None, 0),
        lot(2, "late-b", Some(20), 5),
        lot(3, "late-a", Some(20), 5),
        lot(4, "early-in", Some(20), 4),
        lot(5, "past", Some(9), 0),
        lot(6, "today", Some(10), 9),
    ];
    let picked = |quantity, remaining| {
        let (parts, short) = first_expired(&all, quantity, 10, remaining);
        (parts.into_iter().map(|(lot, _)| lot).collect::<Vec<_>>(), short)
    };
    assert_eq!(picked(9, Some(0)), (vec![id(6), id(4), id(3), id(2), id(1)], 4), "the past one is never picked");
    assert_eq!(picked(9, Some(1)), (vec![id(4), id(3), id(2), id(1)], 5));
    assert_eq!(picked(9, None), (vec![id(5), id(6), id(4), id(3), id(2), id(1)], 3), "unless dates are overridden");
}

async fn a_line_goes_out_over_several_lots_and_each_has_its_entry(world: World) {
    tracked(&world, "LOT").await;
    receive(&world, 0, "late", 10, Some(TODAY + 60)).await;
    receive(&world, 0, "soon", 4, Some(TODAY + 5)).await;
    receive(&world, 0, "plain", 3, None).await;
    let sold = world.submit(world.make.adjust(MovementKind::Sale, &[(MUG, 0, -12)])).await.unwrap();
    let deltas: Vec<i64> = sold.movements[0].entries.iter().map(|entry| entry.on_hand_delta).collect();
    assert_eq!(deltas, [-4, -8]);
    assert_eq!(at(&world, 0).await, [("late".to_owned(), 2, 0), ("plain".to_owned(), 3, 0)]);
    // Undone, each lot gets its own back.
    let back = world
        .submit(Command::of(StockCommand::Reverse(world.make.reversing(sold.movements[0].clone(), Shortage::Refuse))))
        .await
        .unwrap();
    assert_eq!(back.movements[0].entries.iter().map(|entry| entry.on_hand_delta).collect::<Vec<_>>(), [8, 4]);
    assert_eq!(at(&world, 0).await, [("late".to_owned(), 10, 0), ("plain".to_owned(), 3, 0), ("soon".to_owned(), 4, 0)]);
    world.verify().await;
}

async fn a_tracked_level_does_not_move_without_its_lots(world: World) {
    tracked(&world, "LOT").await;
    let refused = |result: Result<Vec<Lot>, Rejection>| code_of(&result.unwrap_err());
    let receipt = MovementKind::Receipt;
    assert_eq!(refused(adjust(&world, receipt, 0, 5, LotChoice::Unsaid).await), "INVALID");
    assert_eq!(refused(adjust(&world, receipt, 0, 5, LotChoice::Id(world.clock.id())).await), "NOT_FOUND");
    let lot = receive(&world, 0, "one", 5, Some(TODAY + 9)).await;
    assert_eq!(refused(adjust(&world, receipt, 0, 5, named(&world, "ONE", Some(TODAY))).await), "INVALID", "other dates");
    assert_eq!(refused(adjust(&world, MovementKind::Sale, 0, -5, named(&world, "two", None)).await), "NOT_FOUND");
    receive(&world, 0, "two", 5, None).await;
    assert_eq!(refused(adjust(&world, MovementKind::Sale, 0, -6, LotChoice::Id(lot)).await), "LOT_SHORT");
    adjust(&world, receipt, 0, 1, named(&world, " oNe ", None)).await.unwrap();
    assert_eq!(at(&world, 0).await, [("one".to_owned(), 6, 0), ("two".to_owned(), 5, 0)]);
    // A product that is not tracked has no lots.
    let mut rice = world.make.adjusting(receipt, Shortage::Refuse, &[(super::world::RICE, 0, 5)]);
    rice.changes[0].lot = named(&world, "x", None);
    assert_eq!(code_of(&world.submit(Command::of(StockCommand::Adjust(rice))).await.unwrap_err()), "INVALID");
    world.verify().await;
}

async fn past_dates_go_only_with_an_override(world: World) {
    tracked(&world, "LOT").await;
    let old = receive(&world, 0, "old", 5, Some(TODAY)).await;
    let mut sale = world.make.adjusting(MovementKind::Sale, Shortage::Refuse, &[(MUG, 0, -1)]);
    world.submit(Command::of(StockCommand::Adjust(sale.clone()))).await.unwrap();
    world.submit(Command::of(StockCommand::Reserve(world.make.reserving(None, &[(MUG, 0, 2)])))).await.unwrap();
    // The day after, before the job has run: the units are there, but past their date.
    let work = world.scope().begin().await.unwrap();
    work.execute("UPDATE lot SET expires_on = $2 WHERE tenant_id = $1", vec![(TODAY - 1).into()]).await.unwrap();
    work.commit().await.unwrap();
    let remake = |sale: &mut entrepot::stock::core::Adjust| sale.head.id = world.clock.document_id();
    remake(&mut sale);
    assert_eq!(code_of(&world.submit(Command::of(StockCommand::Adjust(sale.clone()))).await.unwrap_err()), "LOT_SHORT");
    sale.changes[0].lot = LotChoice::Id(old);
    assert_eq!(code_of(&world.submit(Command::of(StockCommand::Adjust(sale.clone()))).await.unwrap_err()), "INVALID_STATE");
    sale.on_shortage = Shortage::Shorten;
    world.submit(Command::of(StockCommand::Adjust(sale))).await.unwrap();
    assert_eq!(world.level(world.mugs()).await, [3, 2, 0]);
    let payload = world.submit(Command::of(StockCommand::Reserve(world.make.reserving(None, &[(MUG, 0, 1)])))).await;
    assert_eq!(code_of(&payload.unwrap_err()), "LOT_SHORT", "nobody is promised what is past its date");
    // The job sets the rest aside, even if it is reserved.
    assert_eq!(expire_lots(&world.ledger, world.clock.now(), &JobCursor::default()).await.unwrap(), 1);
    assert_eq!(expire_lots(&world.ledger, world.clock.now(), &JobCursor::default()).await.unwrap(), 0, "twice does nothing more");
    assert_eq!(world.level(world.mugs()).await, [3, 0, 3]);
    // Units that are received into it now are set aside at once; with a later date all of them come
    // back.
    adjust(&world, MovementKind::Return, 0, 2, LotChoice::Id(old)).await.unwrap();
    assert_eq!(world.level(world.mugs()).await, [5, 0, 5]);
    let change = LotAction::Change { made_on: Patch::Keep, expires_on: Patch::Set(TODAY + 30), note: Patch::Keep };
    world.submit(acting(&world, old, change, Shortage::Refuse, &[world.mugs()])).await.unwrap();
    assert_eq!(world.level(world.mugs()).await, [5, 0, 0]);
    world.verify().await;
}

async fn a_lot_that_cannot_be_set_aside_holds_no_other_up(world: World) {
    tracked(&world, "LOT").await;
    let stuck = receive(&world, 1, "stuck", 5, Some(TODAY)).await;
    let next = receive(&world, 0, "next", 5, Some(TODAY)).await;
    let work = world.scope().begin().await.unwrap();
    let over = "UPDATE lot SET expires_on = $3 WHERE tenant_id = $1 AND id = $2";
    for (lot, day) in [(stuck, TODAY - 2), (next, TODAY - 1)] {
        work.execute(over, vec![lot.into(), day.into()]).await.unwrap();
    }
    // Nothing moves in a store that was archived. In another epoch the ledger reads everything
    // again.
    let archived = "UPDATE store SET archived_at = 1 WHERE tenant_id = $1 AND id = $2";
    work.execute(archived, vec![world.make.stores[1].into()]).await.unwrap();
    work.execute("UPDATE tenant_counter SET epoch = $2 WHERE tenant_id = $1", vec![world.clock.uuid().into()]).await.unwrap();
    work.commit().await.unwrap();
    let walk = JobCursor::of(1, 1);
    let ended = async || expire_lots(&world.ledger, world.clock.now(), &walk).await.unwrap();
    assert_eq!(ended().await, 0, "the oldest cannot be set aside");
    assert_eq!(ended().await, 1, "the next run goes on behind it");
    assert_eq!(world.level(world.mugs()).await, [5, 0, 5]);
    assert_eq!((ended().await, ended().await), (0, 0), "after the end it begins anew");
}

async fn a_lot_is_recalled_while_it_is_promised(world: World) {
    tracked(&world, "LOT").await;
    let bad = receive(&world, 0, "bad", 10, None).await;
    receive(&world, 0, "good", 3, None).await;
    receive(&world, 1, "bad", 6, None).await;
    let places = [world.mugs(), world.make.key(MUG, 1)];
    let (order, command) = world.make.order(entrepot::orders::core::NewStatus::Confirmed, &[(MUG, 5)]);
    world.submit(command).await.unwrap();
    let recall = |policy| acting(&world, bad, LotAction::Recall, policy, &places);
    assert_eq!(code_of(&world.submit(recall(Shortage::Refuse)).await.unwrap_err()), "INSUFFICIENT");
    assert_eq!(code_of(&world.submit(recall(Shortage::PostDiscrepancy)).await.unwrap_err()), "INVALID");
    let one_place = acting(&world, bad, LotAction::Recall, Shortage::Shorten, &places[..1]);
    assert_eq!(code_of(&world.submit(one_place).await.unwrap_err()), "INVALID_STATE", "it lies elsewhere too");
    world.submit(recall(Shortage::Shorten)).await.unwrap();
    assert_eq!(world.level(world.mugs()).await, [13, 3, 10], "two of five holds gave way");
    assert_eq!(world.level(places[1]).await, [6, 0, 6]);
    world.verify().await;
    // Units that are received now are not for sale either; the order ships the rest of the good
    // lot.
    receive(&world, 1, "bad", 1, None).await;
    assert_eq!(world.level(places[1]).await, [7, 0, 7]);
    let mut fulfil = world.make.fulfilling(order, None, Some(&[(1, 3)]));
    fulfil.lines.as_mut().unwrap()[0].lot = LotChoice::Id(bad);
    assert_eq!(
        code_of(&world.submit(Command::of(OrderCommand::Fulfil(fulfil, world.make.keys([MUG])))).await.unwrap_err()),
        "LOT_SHORT"
    );
    let fulfil = world.make.fulfilling(order, None, Some(&[(1, 3)]));
    world.submit(Command::of(OrderCommand::Fulfil(fulfil, world.make.keys([MUG])))).await.unwrap();
    assert_eq!(at(&world, 0).await, [("bad".to_owned(), 10, 10)]);
    world.submit(acting(&world, bad, LotAction::Release, Shortage::Refuse, &places)).await.unwrap();
    assert_eq!([world.level(places[0]).await, world.level(places[1]).await], [[10, 0, 0], [7, 0, 0]]);
    world.verify().await;
}

async fn each_step_of_a_lot_is_open_or_refused(world: World) {
    use LotStatus::{Available, Quarantine, Recalled};
    tracked(&world, "LOT").await;
    let places = [world.mugs()];
    let table = [
        (Available, LotAction::Quarantine, Some(Quarantine)),
        (Available, LotAction::Recall, Some(Recalled)),
        (Available, LotAction::Release, None),
        (Quarantine, LotAction::Quarantine, None),
        (Quarantine, LotAction::Recall, Some(Recalled)),
        (Quarantine, LotAction::Release, Some(Available)),
        (Recalled, LotAction::Quarantine, None),
        (Recalled, LotAction::Recall, None),
        (Recalled, LotAction::Release, Some(Available)),
    ];
    for (nth, (from, action, to)) in table.into_iter().enumerate() {
        let lot = receive(&world, 0, &format!("lot {nth}"), 2, None).await;
        let way = match from {
            Available => None,
            Quarantine => Some(LotAction::Quarantine),
            Recalled => Some(LotAction::Recall),
        };
        if let Some(step) = way {
            world.submit(acting(&world, lot, step, Shortage::Refuse, &places)).await.unwrap();
        }
        let payload = world.submit(acting(&world, lot, action.clone(), Shortage::Refuse, &places)).await;
        match to {
            Some(status) => assert_eq!(payload.unwrap().lots[0].status, status, "{from} {action:?}"),
            None => assert_eq!(code_of(&payload.unwrap_err()), "INVALID_STATE", "{from} {action:?}"),
        }
        let moved = explain_level(&world.scope(), &world.clock, places[0]).await.unwrap().unwrap();
        assert_eq!(moved.level_snapshot.inconsistent_figure(), None);
    }
    world.verify().await;
}

async fn a_serial_number_is_one_unit(world: World) {
    tracked(&world, "SERIAL").await;
    let serial = receive(&world, 0, "SN-1", 1, None).await;
    let refused = |result: Result<Vec<Lot>, Rejection>| code_of(&result.unwrap_err());
    for store in [0, 1] {
        assert_eq!(refused(adjust(&world, MovementKind::Receipt, store, 1, named(&world, "sn-1", None)).await), "DUPLICATE");
    }
    assert_eq!(refused(adjust(&world, MovementKind::Receipt, 0, 2, named(&world, "SN-2", None)).await), "OUT_OF_RANGE");
    adjust(&world, MovementKind::Sale, 0, -1, LotChoice::Id(serial)).await.unwrap();
    adjust(&world, MovementKind::Return, 1, 1, named(&world, "SN-1", None)).await.unwrap();
    assert_eq!((at(&world, 0).await, at(&world, 1).await), (vec![], vec![("SN-1".to_owned(), 1, 0)]));
    world.verify().await;
}

async fn two_clerks_ship_the_last_unit_of_a_lot_at_once(world: World) {
    tracked(&world, "LOT").await;
    let last = receive(&world, 0, "last", 1, None).await;
    receive(&world, 0, "other", 50, None).await;
    let other = world.second_process().await;
    let sale = || {
        let mut sale = world.make.adjusting(MovementKind::Sale, Shortage::Refuse, &[(MUG, 0, -1)]);
        sale.changes[0].lot = LotChoice::Id(last);
        Command::of(StockCommand::Adjust(sale))
    };
    let (first, second) = tokio::join!(world.ledger.submit(world.tenant, sale(), None), other.submit(world.tenant, sale(), None));
    let mut outcomes =
        [first.unwrap().map(|_| "SOLD"), second.unwrap().map(|_| "SOLD")].map(|one| one.unwrap_or_else(|r| code_of(&r)));
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["LOT_SHORT", "SOLD"]);
    // The same new serial or lot by two at once is one lot.
    let receipt = || {
        let mut receipt = world.make.adjusting(MovementKind::Receipt, Shortage::Refuse, &[(MUG, 1, 2)]);
        receipt.changes[0].lot = named(&world, "fresh", None);
        Command::of(StockCommand::Adjust(receipt))
    };
    let (first, second) =
        tokio::join!(world.ledger.submit(world.tenant, receipt(), None), other.submit(world.tenant, receipt(), None));
    first.unwrap().unwrap();
    second.unwrap().unwrap();
    assert_eq!(at(&world, 1).await, [("fresh".to_owned(), 4, 0)]);
    world.verify().await;
}

/// A product that is kept by lots: two came in, one was sold from, the other is quarantined.
pub async fn lotted(world: &World, tenant: TenantId, make: &CommandFactory) -> (LotId, ProductId) {
    let (mut make, cheese) = (make.clone(), world.clock.id());
    let work = world.db.tenant(tenant).begin().await.unwrap();
    work.insert::<entity::product::Entity>(product_row(tenant, cheese, 77, world.clock.now())).await.unwrap();
    work.execute("UPDATE product SET tracking = 'LOT' WHERE tenant_id = $1 AND id = $2", vec![cheese.into()]).await.unwrap();
    work.commit().await.unwrap();
    make.products[MUG] = cheese;
    let submit = async |command: Command| world.ledger.submit(tenant, command, None).await.unwrap().unwrap();
    let named = |code: &str| LotChoice::Named(Box::new(LotName::new(world.clock.id(), code, None, Some(30_000))));
    let mut adjust = make.adjusting(MovementKind::Receipt, Shortage::Refuse, &[(MUG, 0, 5), (MUG, 0, 7)]);
    (adjust.changes[0].lot, adjust.changes[1].lot) = (named("a"), named("b"));
    let lots = submit(Command::of(StockCommand::Adjust(adjust))).await.lots;
    submit(make.adjust(MovementKind::Sale, &[(MUG, 0, -2)])).await;
    let lot = lots.iter().find(|lot| lot.code == "b").unwrap().id;
    let act = ActOnLot {
        head: MovementHead {
            reference: Some(Reference { kind: ReferenceKind::Lot, id: lot.uuid() }),
            ..make.head(MovementKind::Adjustment)
        },
        room: world.clock.document_id(),
        on_shortage: Shortage::Refuse,
        lot,
        action: LotAction::Quarantine,
        expected_version: None,
        places: vec![make.key(MUG, 0)],
    };
    submit(Command::of(LotCommand::Act(Box::new(act)))).await;
    (lot, cheese)
}

by_database!(
    a_line_goes_out_over_several_lots_and_each_has_its_entry,
    a_tracked_level_does_not_move_without_its_lots,
    past_dates_go_only_with_an_override,
    a_lot_that_cannot_be_set_aside_holds_no_other_up,
    a_lot_is_recalled_while_it_is_promised,
    each_step_of_a_lot_is_open_or_refused,
    a_serial_number_is_one_unit,
    two_clerks_ship_the_last_unit_of_a_lot_at_once,
);
