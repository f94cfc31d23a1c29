//! The rules by which stock is found, as a table and as properties.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use entrepot::orders::core::{Demand, LineShortage, OnShortage, Position, Share, Source, SourcingPlan, SourcingRule, source};
use proptest::prelude::*;

fn total(shares: &[Share]) -> i64 {
    shares.iter().map(|share| share.quantity).sum()
}

fn product(n: u128) -> ProductId {
    ProductId::from_uuid(uuid::Uuid::from_u128(n))
}
fn store(n: u128) -> StoreId {
    StoreId::from_uuid(uuid::Uuid::from_u128(n))
}

/// A store called A, B, … with so much of products 1, 2, …
fn shop(n: u128, priority: i32, position: Option<(i32, i32)>, available: &[i64]) -> Source {
    Source {
        store: store(n),
        code: char::from(b'A' + n as u8).to_string(),
        priority,
        position: position.and_then(|(north, east)| Position::new(north * 1_000_000, east * 1_000_000)),
        available: available.iter().enumerate().map(|(i, n)| (product(i as u128 + 1), *n)).collect(),
    }
}

/// Demand for these quantities of products 1, 2, …, which cannot be backordered.
fn demands_of(quantities: &[i64]) -> Vec<Demand> {
    let demand = |(i, quantity): (usize, &i64)| Demand {
        goods: vec![(product(i as u128 + 1), 1)],
        quantity: *quantity,
        short: OnShortage::Refuse,
    };
    quantities.iter().enumerate().map(demand).collect()
}

fn waits(demands: Vec<Demand>) -> Vec<Demand> {
    demands.into_iter().map(|demand| Demand { short: OnShortage::Wait, ..demand }).collect()
}

fn rule(strategy: SourcingStrategy, split: SplitPolicy, max_stores: u16) -> SourcingRule {
    SourcingRule { strategy, split, max_stores }
}

/// The plan as text: `A3 B1 / C2` is three of A and one of B for the first line, two of C for the second. It goes to London.
fn plan(demands: &[Demand], stores: &[Source], rule: SourcingRule) -> String {
    match source(demands, stores, &rule, Position::new(51_500_000, -100_000)) {
        Err(LineShortage { line, found }) => format!("line {line} has {found}"),
        Ok(lines) => {
            let share = |share: &Share| format!("{}{}", char::from(b'A' + share.store.uuid().as_u128() as u8), share.quantity);
            let line = |shares: &Vec<Share>| shares.iter().map(share).collect::<Vec<_>>().join(" ");
            lines.iter().map(line).collect::<Vec<_>>().join(" / ")
        }
    }
}

#[test]
fn each_strategy_asks_in_its_own_order() {
    use SourcingStrategy::{MostStock, Nearest, Priority};
    use SplitPolicy::{Allow, Refuse};
    // A is far and first, B is near with little, C is in between with most.
    let shops = [shop(0, 1, Some((40, -74)), &[5, 5]), shop(1, 3, Some((51, 0)), &[2, 9]), shop(2, 2, Some((48, 2)), &[8, 3])];
    for (strategy, split, most, wanted, expected) in [
        (Priority, Allow, 3, &[4, 0][..], "A4 / "),
        (Nearest, Allow, 3, &[2, 0], "B2 / "),
        (Nearest, Allow, 3, &[3, 0], "C3 / "),
        (MostStock, Allow, 3, &[5, 0], "C5 / "),
        // Each line by its own measure: B has the first once and the second nine times over.
        (MostStock, Allow, 3, &[2, 1], "B2 / B1"),
        (MostStock, Allow, 3, &[6, 1], "C6 / C1"),
        // One store that has everything is better than two nearer ones.
        (Nearest, Allow, 3, &[5, 5], "A5 / A5"),
        // No store has everything.
        (Priority, Allow, 3, &[9, 5], "A5 C4 / A5"),
        (Nearest, Allow, 3, &[9, 5], "B2 C7 / B5"),
        (Nearest, Allow, 2, &[12, 0], "C8 A4 / "),
        (Nearest, Allow, 3, &[15, 17], "B2 C8 A5 / B9 C3 A5"),
        (Priority, Refuse, 3, &[9, 5], "line 0 has 8"),
        (Priority, Allow, 1, &[9, 5], "line 0 has 8"),
        (Priority, Allow, 3, &[16, 1], "line 0 has 15"),
        (Priority, Allow, 2, &[15, 17], "line 0 has 10"),
    ] {
        let found = plan(&demands_of(wanted), &shops, rule(strategy, split, most));
        assert_eq!(found, expected, "{strategy} {split} {most} {wanted:?}");
    }
}

#[test]
fn ties_go_to_the_first_code() {
    use SourcingStrategy::{MostStock, Nearest, Priority};
    let shops = [shop(2, 0, None, &[5]), shop(1, 0, None, &[5]), shop(0, 0, None, &[1])];
    for strategy in [Priority, MostStock, Nearest] {
        assert_eq!(plan(&demands_of(&[5]), &shops, rule(strategy, SplitPolicy::Allow, 3)), "B5");
    }
    assert_eq!(plan(&demands_of(&[5]), &[], rule(Priority, SplitPolicy::Allow, 3)), "line 0 has 0");
    assert_eq!(plan(&[], &shops, rule(Priority, SplitPolicy::Allow, 3)), "");
}

#[test]
fn what_may_wait_is_found_as_far_as_the_rule_goes() {
    let (all, one) =
        (rule(SourcingStrategy::Priority, SplitPolicy::Allow, 3), rule(SourcingStrategy::Priority, SplitPolicy::Refuse, 3));
    let shops = [shop(0, 0, None, &[2]), shop(1, 1, None, &[3])];
    assert_eq!(plan(&waits(demands_of(&[9])), &shops, all), "A2 B3");
    assert_eq!(plan(&waits(demands_of(&[9])), &shops, one), "B3", "one parcel, with as much as goes into it");
    assert_eq!(plan(&waits(demands_of(&[9])), &[], all), "");
    assert_eq!(plan(&waits(demands_of(&[9])), &[], one), "");
    // Two lines of one product share what there is.
    let twice = [demands_of(&[2]), demands_of(&[3])].concat();
    assert_eq!(plan(&twice, &shops, all), "A2 / B3");
}

#[test]
fn a_kit_comes_whole_from_each_store() {
    let kit = |quantity| Demand { goods: vec![(product(1), 1), (product(2), 4)], quantity, short: OnShortage::Refuse };
    let all = rule(SourcingStrategy::Priority, SplitPolicy::Allow, 3);
    let shops = [shop(0, 0, None, &[9, 5]), shop(1, 1, None, &[1, 40]), shop(2, 2, None, &[0, 99])];
    assert_eq!(plan(&[kit(2)], &shops, all), "A1 B1");
    assert_eq!(plan(&[kit(3)], &shops, all), "line 0 has 2", "there are pots and bowls enough, and not in one place");
    // A part that is also sold alone goes into the kit first: alone it may come from anywhere.
    let pots = Demand { goods: vec![(product(1), 1)], quantity: 1, short: OnShortage::Refuse };
    let shops = [shop(0, 0, None, &[1, 4]), shop(1, 1, None, &[1, 0])];
    assert_eq!(plan(&[pots, kit(1)], &shops, all), "B1 / A1");
}

#[test]
fn distances_are_those_of_the_globe() {
    let at = |north: i32, east: i32| Position::new(north, east).unwrap();
    let (london, paris) = (at(51_507_400, -127_800), at(48_856_600, 2_352_200));
    assert!((343_000..345_000).contains(&london.metres_to(paris)), "{}", london.metres_to(paris));
    assert_eq!(london.metres_to(london), 0);
    assert!((19_900_000..20_100_000).contains(&at(90_000_000, 0).metres_to(at(-90_000_000, 0))));
    // Across the date line it is not far.
    assert!(at(0, 179_900_000).metres_to(at(0, -179_900_000)) < 25_000);
    assert!(Position::new(90_000_001, 0).is_none() && Position::new(0, -180_000_001).is_none());
}

proptest! {
    #[test]
    fn a_plan_keeps_to_its_rule(
        stocks in prop::collection::vec(prop::collection::vec(0_i64..20, 3), 0..6),
        wanted in prop::collection::vec((0_usize..3, 1_i64..25, any::<bool>()), 0..5),
        strategy in 0_usize..3,
        most in 1_u16..6,
        may_split in any::<bool>(),
    ) {
        let strategy = SourcingStrategy::ALL[strategy];
        let split = if may_split { SplitPolicy::Allow } else { SplitPolicy::Refuse };
        let rule = rule(strategy, split, most);
        let near = Position::new(1, 1);
        let place = |n: usize| n.is_multiple_of(2).then_some((n as i32 * 7, n as i32 * 11));
        let mut shops: Vec<Source> =
            stocks.iter().enumerate().map(|(n, stock)| shop(n as u128, (n % 2) as i32, place(n), stock)).collect();
        let short = |waits: bool| if waits { OnShortage::Wait } else { OnShortage::Refuse };
        // The last of three is a kit of the others.
        let goods = |p: usize| if p == 2 { vec![(product(1), 1), (product(2), 3)] } else { vec![(product(p as u128 + 1), 1)] };
        let demands: Vec<Demand> = wanted
            .iter()
            .map(|(p, quantity, waits)| Demand { goods: goods(*p), quantity: *quantity, short: short(*waits) })
            .collect();
        let outcome = source(&demands, &shops, &rule, near);
        shops.reverse();
        prop_assert_eq!(&outcome, &source(&demands, &shops, &rule, near), "the order of the stores is no matter");
        let Ok(plan) = outcome else { return Ok(()) };
        let plan: SourcingPlan = plan;
        prop_assert_eq!(plan.len(), demands.len());
        let stores: BTreeSet<StoreId> = plan.iter().flatten().map(|share| share.store).collect();
        prop_assert!(stores.len() <= rule.max_stores());
        let mut taken: BTreeMap<(StoreId, ProductId), i64> = BTreeMap::new();
        for (shares, demand) in plan.iter().zip(&demands) {
            prop_assert!(total(shares) <= demand.quantity && (total(shares) == demand.quantity || demand.short == OnShortage::Wait));
            for share in shares {
                prop_assert!(share.quantity > 0);
                for (product, takes) in &demand.goods {
                    *taken.entry((share.store, *product)).or_default() += share.quantity * takes;
                }
            }
        }
        for ((store, product), quantity) in taken {
            let there = shops.iter().find(|shop| shop.store == store).unwrap().available[&product];
            prop_assert!(quantity <= there, "never more than available");
        }
    }
}
