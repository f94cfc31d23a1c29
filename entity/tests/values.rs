//! IDs and money as texts, and back.

#![allow(clippy::unwrap_used, reason = "a test may end")]

use entity::{id::IdError, money::MoneyError, prelude::*, quantity::MAX_SAFE};
use uuid::Uuid;

#[test]
fn follows_the_typeid_specification() {
    // Vectors of the specification: the smallest, the largest, and a real UUIDv7.
    let id = ProductId::from_uuid(Uuid::nil());
    assert_eq!(id.to_string(), "prd_00000000000000000000000000");
    assert_eq!(ProductId::from_uuid(Uuid::max()).to_string(), "prd_7zzzzzzzzzzzzzzzzzzzzzzzzz");
    let uuid = Uuid::parse_str("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
    assert_eq!(ProductId::from_uuid(uuid).to_string(), "prd_01h455vb4pex5vsknk084sn02q");
    assert_eq!("prd_01h455vb4pex5vsknk084sn02q".parse::<ProductId>().unwrap().uuid(), uuid);
}

#[test]
fn refuses_other_kinds_and_junk() {
    let order = OrderId::from_uuid(Uuid::nil()).to_string();
    assert!(matches!(order.parse::<ProductId>(), Err(IdError::WrongKind { expected: "product", .. })));
    for junk in
        ["", "prd", "prd_", "prd_8zzzzzzzzzzzzzzzzzzzzzzzzz", "prd_0000000000000000000000000u", "PRD_00000000000000000000000000"]
    {
        assert!(matches!(junk.parse::<ProductId>(), Err(IdError::Malformed { .. })), "{junk}");
    }
}

#[test]
fn numbers_lines_inside_their_document() {
    let movement = MovementId::document(Uuid::max());
    let entry: EntryId = movement.line(7);
    assert_eq!(entry.split_line(), (movement, 7));
}

#[test]
fn reads_and_writes_decimals_exactly() {
    let gbp = |s: &str| Money::parse(s, Currency::GBP).map(|m| m.minor);
    assert_eq!(gbp("12.5"), Ok(1250));
    assert_eq!(gbp("0.070"), Ok(7));
    assert_eq!(gbp("-3"), Ok(-300));
    assert_eq!(gbp("1.005"), Err(MoneyError::TooManyDecimals { currency: Currency::GBP, decimals: 2 }));
    for bad in ["", ".5", "5.", "1e3", "+1", "1,5", "--1", "NaN"] {
        assert_eq!(gbp(bad), Err(MoneyError::NotANumber), "{bad}");
    }
    assert_eq!(gbp("90071992547409.92"), Err(MoneyError::OutOfRange));
    assert_eq!(Money::new(-7, Currency::GBP).amount(), "-0.07");
    let yen = Currency::parse("JPY").unwrap();
    assert_eq!(Money::parse("12", yen).unwrap().amount(), "12");
    assert_eq!(Currency::parse("gbp"), None);
}

#[test]
fn rounds_half_away_from_zero() {
    let price = |minor| Money::new(minor, Currency::GBP);
    let q = |n| Quantity::new(n).unwrap();
    assert_eq!(price(255).times(q(6), 0), Some(price(1530)));
    assert_eq!(price(333).times(q(1_500), 3), Some(price(500)));
    assert_eq!(price(333).times(q(-1_500), 3), Some(price(-500)));
    assert_eq!(price(MAX_SAFE).times(q(2), 0), None);
}
