//! Places of an input, as clients read them in a refusal.

use api::stock::input_path::path;
use inventory::stock::core::{At, Field};

#[test]
fn places_become_paths() {
    let joined = |at: At| path(at).join(".");
    assert_eq!(joined(At::NOWHERE), "");
    assert_eq!(joined(At::INPUT), "input");
    assert_eq!(joined(At::input(Field::SourcingDestination)), "input.sourcing.destination");
    assert_eq!(joined(At::line(3).field(Field::Quantity)), "input.lines.3.quantity");
    assert_eq!(joined(At::line(3).field(Field::Quantity).lot()), "input.lines.3.lot");
    assert_eq!(joined(At::row(Field::Items, 0).lot()), "input.items.0.lot");
    assert_eq!(joined(At::input(Field::Lines).lot()), "input.lines");
    let part = At::line(3).field(Field::Lots).part(Field::Lots, 1);
    assert_eq!(joined(part.field(Field::Quantity).lot()), "input.lines.3.lots.1.lot");
    assert_eq!(joined(part.expires_on()), "input.lines.3.lots.1.lot.create.expiresOn");
    assert_eq!(joined(At::INPUT.expires_on()), "input.expiresOn");
    assert_eq!(joined(At::row(Field::Changes, 1).field(Field::Delta).product()), "input.changes.1.product");
    assert_eq!(joined(At::row(Field::Items, 1).store()), "input.items.1.store");
    assert_eq!(joined(At::line(1).field(Field::Quantity).store()), "input.lines.1.quantity", "a document has one store");
    let item = At::row(Field::Parcels, 2).part(Field::Lines, 1).item(Field::Lots, 0);
    assert_eq!(joined(item), "input.parcels.2.lines.1.lots.0");
    assert_eq!(joined(item.field(Field::Quantity)), "input.parcels.2.lines.1.lots.0.quantity");
    assert_eq!(joined(item.part(Field::Lines, 3)), "input.parcels.2.lines.3");
}
