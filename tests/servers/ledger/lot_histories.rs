//! Stock that is set aside, and random histories of lots whose figures always sum.

use entity::prelude::*;
use entrepot::{
    ledger::{Command, StockCommand},
    lots::core::{Destination, LotAction, LotCommand, MoveItem, MoveStock},
    stock::{
        core::{LevelKey, LotChoice, Movement, Reason, Rejection, Shortage},
        rows::lots::levels_with_lots,
        shell::explain_level,
    },
    storage::Backend,
};

use super::{
    by_database::by_database,
    factory::q,
    lots::{TODAY, acting, receive, tracked},
    scenario::code_of,
    world::{MUG, World},
};

fn moving(world: &World, from: Option<Condition>, to: Destination, quantity: i64, lot: LotChoice) -> Command {
    let kind = if to == Destination::WrittenOff { MovementKind::Removal } else { MovementKind::Adjustment };
    Command::of(LotCommand::Move(Box::new(MoveStock {
        head: world.make.head(kind),
        room: world.clock.document_id(),
        on_shortage: Shortage::Refuse,
        from,
        to,
        items: vec![MoveItem { key: world.mugs(), quantity: q(quantity), lot, note: None }],
    })))
}

async fn stock_goes_aside_and_back_whether_it_is_tracked_or_not(world: World) {
    use Condition::{Damaged, Expired, Quarantine};
    let lotted = if world.backend() == Backend::Sqlite { World::sqlite().await } else { World::postgres().await.unwrap() };
    for tracking in ["NONE", "LOT"] {
        // The first round is undone by then: a product changes how it is kept before it moves.
        let world = if tracking == "NONE" { &world } else { &lotted };
        if tracking == "NONE" {
            world.stock(MUG, 0, 10).await;
        } else {
            tracked(world, tracking).await;
            receive(world, 0, "a", 4, None).await;
            receive(world, 0, "b", 6, Some(TODAY + 9)).await;
        }
        let go = async |from, to, n| world.submit(moving(world, from, to, n, LotChoice::Unsaid)).await;
        go(None, Destination::Quarantine, 6).await.unwrap();
        go(Some(Quarantine), Destination::Damaged, 2).await.unwrap();
        assert_eq!(world.level(world.mugs()).await, [10, 0, 6]);
        assert_eq!(code_of(&go(Some(Quarantine), Destination::Available, 5).await.unwrap_err()), "LOT_SHORT");
        assert_eq!(code_of(&go(Some(Expired), Destination::Available, 1).await.unwrap_err()), "INVALID_STATE");
        assert_eq!(code_of(&go(None, Destination::Available, 1).await.unwrap_err()), "INVALID_STATE");
        assert_eq!(code_of(&go(None, Destination::Damaged, 5).await.unwrap_err()), "INSUFFICIENT");
        assert_eq!(code_of(&go(None, Destination::Damaged, 0).await.unwrap_err()), "OUT_OF_RANGE");
        go(Some(Quarantine), Destination::Available, 3).await.unwrap();
        let gone = go(Some(Damaged), Destination::WrittenOff, 2).await.unwrap();
        assert_eq!(world.level(world.mugs()).await, [8, 0, 1]);
        world
            .submit(Command::of(StockCommand::Reverse(world.make.reversing(gone.movements[0].clone(), Shortage::Refuse))))
            .await
            .unwrap();
        let found = explain_level(&world.scope(), &world.clock, world.mugs()).await.unwrap().unwrap().level_snapshot;
        assert_eq!((found.aside.of(Damaged), found.aside.of(Quarantine), found.inconsistent_figure()), (2, 1, None));
        world.verify().await;
    }
}

/// A small generator, so that a history is the same in each run.
struct Dice(u64);
impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Whether a refused command succeeds with exactly the quantity that the refusal named as usable.
async fn is_granted(world: &World, reason: &Rejection, much: i64, takes: impl Fn(i64) -> Option<Command>) -> bool {
    let usable = match &reason.why {
        Reason::Insufficient { usable, .. } | Reason::LotShort { usable, .. } => *usable,
        _ => 0,
    };
    let Some(less) = takes(usable).filter(|_| usable > 0) else { return false };
    assert!(usable < much, "{reason:?}: it was there");
    let again = world.submit(less).await;
    let code = again.as_ref().err().map(code_of);
    assert!(!matches!(code, Some("INSUFFICIENT" | "LOT_SHORT")), "{reason:?}, and then {again:?}");
    again.is_ok()
}

/// The lots of a level add up to it.
async fn sums(world: &World, place: LevelKey) {
    let found = explain_level(&world.scope(), &world.clock, place).await.unwrap().unwrap();
    let level = &found.level_snapshot.level;
    assert_eq!(found.lots.iter().map(|(_, level)| level.on_hand).sum::<i64>(), level.on_hand.get());
    assert!(found.level_snapshot.outlook(TODAY, TODAY + 3).to_promise() <= found.level_snapshot.to_promise(TODAY));
}

async fn every_figure_sums_after_any_history(world: World) {
    tracked(&world, "LOT").await;
    let mut dice = Dice(7);
    let places = [world.mugs(), world.make.key(MUG, 1)];
    let mut lots = Vec::new();
    for nth in 0..6 {
        lots.push(receive(&world, nth % 2, &format!("lot {nth}"), 20, (nth > 1).then_some(TODAY + nth as i32)).await);
    }
    let (mut accepted_count, mut refused, mut granted) = (0, 0, 0);
    let mut past = Vec::new();
    for _ in 0..300 {
        let (store, n) = (dice.roll(2) as usize, 1 + dice.roll(9) as i64);
        let lot = lots[dice.roll(lots.len() as u64) as usize];
        let lot_choice = if dice.roll(2) == 0 { LotChoice::Unsaid } else { LotChoice::Id(lot) };
        let policy = if dice.roll(3) == 0 { Shortage::Shorten } else { Shortage::Refuse };
        let there: Vec<LevelKey> = levels_with_lots(&world.scope(), &[lot]).await.unwrap();
        let one = |kind, delta, lot| {
            let mut adjust = world.make.adjusting(kind, policy, &[(MUG, store, delta)]);
            adjust.changes[0].lot = lot;
            Command::of(StockCommand::Adjust(adjust))
        };
        let aside = [None, Some(Condition::Quarantine), Some(Condition::Damaged)][dice.roll(3) as usize];
        let to = [Destination::Available, Destination::Quarantine, Destination::Damaged, Destination::WrittenOff]
            [dice.roll(4) as usize];
        let roll = dice.roll(11);
        let takes = |n: i64| match roll {
            2 => Some(one(MovementKind::Sale, -n, lot_choice.clone())),
            3 => Some(one(MovementKind::Removal, -n, lot_choice.clone())),
            4 => Some(Command::of(StockCommand::Reserve(world.make.reserving(None, &[(MUG, store, n)])))),
            5 => Some(moving(&world, aside, to, n, lot_choice.clone())),
            _ => None,
        };
        let command = match roll {
            0 | 1 => one(MovementKind::Receipt, n, LotChoice::Id(lot)),
            2..=5 => takes(n).unwrap(),
            6 => acting(&world, lot, LotAction::Quarantine, policy, &there),
            7 => acting(&world, lot, LotAction::Recall, policy, &there),
            // An undo of anything, however long ago that was.
            8 | 9 if !past.is_empty() => {
                let nth = dice.roll(past.len() as u64) as usize;
                let movement: Movement = past.swap_remove(nth);
                Command::of(StockCommand::Reverse(world.make.reversing(movement, policy)))
            }
            _ => acting(&world, lot, LotAction::Release, policy, &there),
        };
        match world.submit(command).await {
            Ok(receipt) => {
                accepted_count += 1;
                past.extend(receipt.movements);
            }
            Err(why) => {
                refused += 1;
                granted += i64::from(is_granted(&world, &why, n, takes).await);
            }
        }
        for place in places {
            sums(&world, place).await;
        }
    }
    world.verify().await;
    assert!(
        accepted_count > 50 && refused > 20 && granted > 5,
        "{accepted_count} done, {refused} refused, {granted} then granted: the history is too tame"
    );
}

by_database!(stock_goes_aside_and_back_whether_it_is_tracked_or_not, every_figure_sums_after_any_history);
