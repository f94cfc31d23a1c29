//! Contribution of a ledger entry to the figures of its day.

use entity::{prelude::*, tables::demand_day::DemandFigures};

use super::day::{DayKey, Deltas, Overflow};

/// An entry that changed the quantity on hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockChange {
    pub seq: i64,
    /// Row of the entry's own business day.
    pub key: DayKey,
    /// Kind of the entry's movement; for a reversal, the kind of the reversed movement.
    pub kind: MovementKind,
    /// Business day of the reversed movement; None unless the entry is of a reversal.
    pub reverses_day: Option<i32>,
    pub delta: i64,
}

/// Adds an entry. A reversal subtracts its figures from the day of the reversed movement; only
/// `net_units` changes on the day of the reversal itself.
pub fn add_entry(deltas: &mut Deltas, entry: &StockChange) -> Result<(), Overflow> {
    let net_figures = DemandFigures { net_units: entry.delta, ..DemandFigures::default() };
    deltas.add(entry.key, &net_figures, 1, entry.seq)?;
    let (day, original_kind, sign) = match entry.reverses_day {
        None => (entry.key.date, entry.delta, 1),
        Some(day) => (day, entry.delta.checked_neg().ok_or(Overflow)?, -1),
    };
    deltas.add(DayKey { date: day, ..entry.key }, &demand_of_entry(entry.kind, original_kind)?, sign, entry.seq)?;
    Ok(())
}

fn demand_of_entry(kind: MovementKind, delta: i64) -> Result<DemandFigures, Overflow> {
    let (units_in, units_out) = (delta.max(0), delta.min(0).checked_neg().ok_or(Overflow)?);
    let zero = DemandFigures::default();
    Ok(match kind {
        MovementKind::Sale => DemandFigures { shipped_units: units_out - units_in, ..zero },
        MovementKind::Return => DemandFigures { restocked_units: units_in - units_out, ..zero },
        MovementKind::Receipt => DemandFigures { received_units: units_in - units_out, ..zero },
        MovementKind::Removal => DemandFigures { removed_units: units_out - units_in, ..zero },
        MovementKind::TransferIn | MovementKind::TransferOut => {
            DemandFigures { moved_in_units: units_in, moved_out_units: units_out, ..zero }
        }
        MovementKind::Count => DemandFigures {
            adjusted_in_units: units_in,
            adjusted_out_units: units_out,
            counted_in_units: units_in,
            counted_out_units: units_out,
            ..zero
        },
        // Reservations do not change the quantity on hand; a reversal has the kind of the reversed
        // movement.
        MovementKind::Adjustment
        | MovementKind::Discrepancy
        | MovementKind::Reserve
        | MovementKind::Release
        | MovementKind::Reversal => DemandFigures { adjusted_in_units: units_in, adjusted_out_units: units_out, ..zero },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: MovementKind, delta: i64, day: i32, reverses_day: Option<i32>) -> StockChange {
        let key = DayKey { date: day, product: ProductId::NIL, store: StoreId::NIL, channel: ChannelId::NIL, currency: None };
        StockChange { seq: 1, key, kind, reverses_day, delta }
    }

    fn days(entries: &[StockChange]) -> Vec<(i32, DemandFigures)> {
        let mut deltas = Deltas::default();
        entries.iter().for_each(|one| add_entry(&mut deltas, one).unwrap());
        deltas.0.into_iter().map(|(key, delta)| (key.date, delta.figures)).collect()
    }

    #[test]
    fn each_kind_has_its_column() {
        let none = DemandFigures::default();
        for (kind, delta, figures) in [
            (MovementKind::Sale, -3, DemandFigures { shipped_units: 3, ..none }),
            (MovementKind::Return, 2, DemandFigures { restocked_units: 2, ..none }),
            (MovementKind::Receipt, 9, DemandFigures { received_units: 9, ..none }),
            (MovementKind::Removal, -4, DemandFigures { removed_units: 4, ..none }),
            (MovementKind::TransferOut, -5, DemandFigures { moved_out_units: 5, ..none }),
            (MovementKind::TransferIn, 5, DemandFigures { moved_in_units: 5, ..none }),
            (MovementKind::Adjustment, 6, DemandFigures { adjusted_in_units: 6, ..none }),
            (MovementKind::Adjustment, -6, DemandFigures { adjusted_out_units: 6, ..none }),
            (MovementKind::Discrepancy, -1, DemandFigures { adjusted_out_units: 1, ..none }),
            (MovementKind::Count, -7, DemandFigures { adjusted_out_units: 7, counted_out_units: 7, ..none }),
        ] {
            assert_eq!(days(&[entry(kind, delta, 5, None)]), [(5, DemandFigures { net_units: delta, ..figures })], "{kind}");
        }
    }

    #[test]
    fn a_reversal_empties_the_day_of_what_it_reverses_and_moves_stock_on_its_own() {
        let both = days(&[entry(MovementKind::Adjustment, 6, 5, None), entry(MovementKind::Adjustment, -6, 8, Some(5))]);
        let none = DemandFigures::default();
        assert_eq!(both, [(5, DemandFigures { net_units: 6, ..none }), (8, DemandFigures { net_units: -6, ..none })]);
    }
}
