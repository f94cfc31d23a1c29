//! Charges of an order that changes after receipts: the amounts that receipts carry stay with their
//! lines, and the rest is carried by goods that are still to arrive.

use super::{
    landed_shares::{LandedShares, allocate_proportionally},
    order::{Line, PurchaseOrder},
};

/// Charges that a line carries, and its full share of all charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Portion {
    /// The line's share as if nothing had arrived.
    whole_share: i64,
    /// Amount that its receipts carry.
    carried: i64,
    /// Whether more of it is to come.
    is_open: bool,
}

/// Returns the charges that the receipts of each line carry.
pub(super) fn carried(order: &PurchaseOrder) -> Vec<LandedShares> {
    order.lines.iter().map(|line| line.charges_due(line.received) + line.off).collect()
}

/// Sets the lines' charges so that they add up to the order's again, in both currencies; `carried`
/// are the amounts that receipts of the earlier lines carried.
pub(super) fn rebalance_charges(order: &mut PurchaseOrder, carried: &[LandedShares]) {
    let before = || carried.iter().copied().chain(std::iter::repeat(LandedShares::default()));
    let portions = |whole_minor: fn(&Line) -> i64, carried_minor: fn(LandedShares) -> i64| -> Vec<Portion> {
        let portion = |(line, carried): (&Line, LandedShares)| Portion {
            whole_share: whole_minor(line),
            carried: carried_minor(carried),
            is_open: line.open.is_positive(),
        };
        order.lines.iter().zip(before()).map(portion).collect()
    };
    let line_charges = reallocate(order.landed_charges(), &portions(|line| line.charges.minor, |carried| carried.charges));
    let in_books = order.charges_in_books().map_or(0, |sum| sum.minor);
    let in_books = reallocate(in_books, &portions(|line| line.charges_in_books, |carried| carried.charges_in_books));
    let shares = line_charges.into_iter().zip(in_books);
    for ((line, carried), (charges, charges_in_books)) in order.lines.iter_mut().zip(before()).zip(shares) {
        (line.charges.minor, line.charges_in_books) = (charges, charges_in_books);
        let rebalanced = carried - line.charges_due(line.received);
        line.off = LandedShares { goods: line.off.goods, ..rebalanced };
    }
}

/// Shares `total` out: a line that expects nothing more keeps what it carries, no other gets less
/// than it carries, and the rest is split by the whole shares.
fn reallocate(total: i64, portions: &[Portion]) -> Vec<i64> {
    let mut is_fixed: Vec<bool> = portions.iter().map(|portion| !portion.is_open).collect();
    loop {
        let fixed_total: i64 =
            portions.iter().zip(&is_fixed).filter(|(_, is_fixed)| **is_fixed).map(|(portion, _)| portion.carried).sum();
        let weights: Vec<i64> =
            portions.iter().zip(&is_fixed).map(|(portion, is_fixed)| if *is_fixed { 0 } else { portion.whole_share }).collect();
        let Some(shares) = allocate_proportionally((total - fixed_total).max(0), &weights) else {
            return final_shares(total, portions);
        };
        let is_below = |index: &usize| !is_fixed[*index] && shares[*index] < portions[*index].carried;
        let low_indexes: Vec<usize> = (0..portions.len()).filter(is_below).collect();
        if low_indexes.is_empty() {
            let share = |(index, portion): (usize, &Portion)| if is_fixed[index] { portion.carried } else { shares[index] };
            return portions.iter().enumerate().map(share).collect();
        }
        for index in low_indexes {
            is_fixed[index] = true;
        }
    }
}

/// Returns the shares if nothing is to arrive: the amount that each line carries, and the uncarried
/// rest by the whole shares. Goods that arrive again after a reversal thus carry no more than is
/// left of the charges.
fn final_shares(total: i64, portions: &[Portion]) -> Vec<i64> {
    let carried_total: i64 = portions.iter().map(|portion| portion.carried).sum();
    let weights: Vec<i64> = portions.iter().map(|portion| portion.whole_share).collect();
    match allocate_proportionally(total - carried_total, &weights) {
        Some(rest) if carried_total <= total => portions.iter().zip(rest).map(|(portion, rest)| portion.carried + rest).collect(),
        _ => weights,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn portion(whole: i64, carried: i64, is_open: bool) -> Portion {
        Portion { whole_share: whole, carried, is_open }
    }

    #[test]
    fn before_anything_came_all_lines_share() {
        assert_eq!(reallocate(100, &[portion(60, 0, true), portion(40, 0, true)]), [60, 40]);
    }

    #[test]
    fn a_line_that_has_come_keeps_what_it_carries_and_a_new_one_takes_the_rest() {
        // The first line was received in full with all 100 before the second was ordered: nothing
        // is left for that.
        assert_eq!(reallocate(100, &[portion(50, 100, false), portion(50, 0, true)]), [100, 0]);
        // The line was lowered to the half that had arrived: the other half goes to the open lines.
        assert_eq!(reallocate(100, &[portion(34, 30, false), portion(33, 0, true), portion(33, 0, true)]), [30, 35, 35]);
    }

    #[test]
    fn no_open_line_gets_less_than_it_carries() {
        assert_eq!(reallocate(100, &[portion(20, 50, true), portion(80, 0, true)]), [50, 50]);
        let shares = reallocate(100, &[portion(20, 50, true), portion(30, 45, true), portion(50, 0, true)]);
        assert_eq!(shares, [50, 45, 5]);
    }

    #[test]
    fn where_nothing_more_comes_each_line_keeps_what_it_carries_and_the_rest_goes_by_the_whole_shares() {
        assert_eq!(reallocate(100, &[portion(100, 50, false)]), [100]);
        // The receipt of the last line is reversed and received again: it carries 5, and all lines
        // together 10.
        assert_eq!(reallocate(10, &[portion(0, 5, false), portion(0, 0, false), portion(10, 3, false)]), [5, 0, 5]);
        assert_eq!(reallocate(100, &[portion(100, 50, false), portion(0, 0, true)]), [100, 0]);
    }

    #[test]
    fn the_shares_always_add_up() {
        for total in [1, 7, 99, 12_345] {
            for carried in 0..=total.min(40) {
                let parts = allocate_proportionally(total, &[3, 5, 11]).unwrap_or_default();
                let portions = [portion(parts[0], carried, false), portion(parts[1], 0, true), portion(parts[2], 0, true)];
                assert_eq!(reallocate(total, &portions).iter().sum::<i64>(), total, "{total} of which {carried} came");
            }
        }
    }
}
