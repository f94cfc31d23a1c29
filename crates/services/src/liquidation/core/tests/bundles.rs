//! Bundles, and lines that fall behind.

use super::*;

/// A saucer of 5.00; each store sells three a week and has `free` units.
fn saucer(free: f64) -> Partner {
    let levels = [1, 2].map(|number| PartnerLevel { store: store(number), free, weekly: 3.0 }).to_vec();
    let product = ProductId::from_uuid(Uuid::from_u128(6));
    Partner { product, decimals: 0, price: 500, lift: Some(2.5), levels }
}

#[test]
fn what_must_keep_its_price_is_bundled() {
    let found = propose(&Criteria::default(), TODAY, &Product { partner: Some(saucer(40.0)), ..product(vec![level()]) });
    // 10 % off 9.00 beside 5.00: 13.10, and 8.10 of it is for the mug. Nine, 13.5 or 18 are sold in
    // 18 weeks.
    let bundle = of(&found[0], LiquidationAction::Bundle);
    assert_eq!(bundle.act.bundle().map(|bundle| (bundle.price_minor, bundle.product_share_minor())), Some((1_310, 810)));
    assert_eq!((bundle.recovery, bundle.quantity, bundle.left), (recovery(7_290, 10_935, 14_580), 40, (62.0, 71.0)));
    assert_eq!(found[0].best_candidate().unwrap().act.word(), LiquidationAction::Markdown, "81.00 is more than 72.90");
    // The shop sells it at its price and needs no more of it: no markdown, and no transfer.
    let full = Level { free: 36, ..shop() };
    let found = propose(&Criteria::default(), TODAY, &Product { partner: Some(saucer(40.0)), ..product(vec![level(), full]) });
    assert_eq!(found[0].best_candidate().unwrap().act.word(), LiquidationAction::Bundle, "{:?}", found[0].candidates);
    assert!(codes(&found[0]).contains(&ReasonCode::BundleAssumed));
    let words = "the other product of the bundle is in orders with it 2.5 times as often as by chance; 1, 1.5 and 2 times the sales are assumed";
    assert!(found[0].reasons.iter().any(|reason| reason.text == words), "{:?}", found[0].reasons);
}

#[test]
fn a_bundle_sells_no_more_than_its_partner_and_costs_less_than_its_parts() {
    let of = |criteria: &Criteria, partner: Option<Partner>| {
        let found = propose(criteria, TODAY, &Product { partner, ..product(vec![level()]) });
        found[0].candidates.iter().find(|candidate| candidate.act.bundle().is_some()).cloned()
    };
    // Twelve saucers lie there: 9 of the likely 13.5 mugs are in the lower bound still.
    let few = of(&Criteria::default(), Some(saucer(12.0))).unwrap();
    assert_eq!((few.quantity, few.recovery), (12, recovery(7_290, 9_720, 9_720)));
    assert_eq!([of(&Criteria::default(), Some(saucer(0.9))), of(&Criteria::default(), None)], [None, None]);
    let off = Criteria { bundle_percent: None, ..Criteria::default() };
    assert_eq!(of(&off, Some(saucer(40.0))), None);
    // A floor of three times the cost is the price itself: the buyer would save nothing, so there
    // is no bundle.
    let dear = Criteria { floor_percent: 300, ..Criteria::default() };
    assert_eq!(of(&dear, Some(saucer(40.0))), None);
    let made = Criteria { bundle_cost_minor: 60, ..Criteria::default() };
    assert_eq!(of(&made, Some(saucer(40.0))).unwrap().recovery, recovery(6_750, 10_125, 13_500), "7.50 each");
    let bundled = Product { partner: Some(saucer(40.0)), is_bundled: true, ..product(vec![level()]) };
    assert!(propose(&Criteria::default(), TODAY, &bundled)[0].candidates.iter().all(|one| one.act.bundle().is_none()));
}

#[test]
fn a_bundle_brings_what_its_kit_does_beside_the_partner() {
    let kit = ProductId::from_uuid(Uuid::from_u128(7));
    let act = LineAction::Bundle(Bundle {
        partner: ProductId::from_uuid(Uuid::from_u128(6)),
        partner_decimals: 0,
        price_minor: 1_310,
        partner_minor: 500,
        cost_minor: 60,
    });
    let state = LineState::Approved { group: Uuid::from_u128(3), document: Document::Kit(kit) };
    let sold = line(act, state);
    assert_eq!(sold.sales_level(), (kit, store(1)));
    let days = [SoldDay { date: TODAY, units: 2, net_minor: 2_620 }, SoldDay { date: TODAY - 1, units: 9, net_minor: 9 }];
    // Two kits of 13.10 less 5.00 and 0.60 each; those before it was approved are another's.
    assert_eq!(recovered_minor(&sold, &days, TODAY + 5), Some(1_500));
    assert_eq!(recovered_minor(&sold, &[], TODAY + 5), Some(0));
}

#[test]
fn a_line_is_behind_its_lower_bound_or_its_day() {
    let state = LineState::Approved { group: Uuid::from_u128(3), document: Document::Price };
    let cut = PlanLine { expected: recovery(1_000, 2_000, 3_000), ..line(LineAction::Markdown { steps: Vec::new() }, state) };
    let days = cut.until - TODAY + 1;
    // The first quarter of its days is not judged; at the half, half of the lower bound is 5.00.
    assert!(!is_behind(&cut, 0, TODAY + days / 4));
    assert_eq!([499, 501].map(|minor| is_behind(&cut, minor, TODAY + days / 2)), [true, false]);
    assert!(!is_behind(&cut, 5_000, cut.until) && is_behind(&cut, 5_000, cut.until + 1), "nobody has closed it");
    let done = PlanLine { state: LineState::Done { group: Uuid::from_u128(3), document: Document::Price }, ..cut };
    assert!(!is_behind(&done, 0, done.until + 1));
}
