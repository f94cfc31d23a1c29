//! When a level's change is worth an alert.

use entity::prelude::StockStatus;

/// A line that a level crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    Low,
    Critical,
    OutOfStock,
    BackInStock,
}

/// How bad it is.
const fn rank(status: StockStatus) -> u8 {
    match status {
        StockStatus::Normal | StockStatus::Overstock => 0,
        StockStatus::Low => 1,
        StockStatus::Critical => 2,
        StockStatus::OutOfStock => 3,
    }
}

/// What a level that went from one status to another calls for. Of several lines crossed at once only the last one is told; getting better
/// is told only of what had run out.
pub fn alert(before: StockStatus, after: StockStatus) -> Option<Alert> {
    if before == StockStatus::OutOfStock && after != StockStatus::OutOfStock {
        return Some(Alert::BackInStock);
    }
    if rank(after) <= rank(before) {
        return None;
    }
    match after {
        StockStatus::Low => Some(Alert::Low),
        StockStatus::Critical => Some(Alert::Critical),
        StockStatus::OutOfStock => Some(Alert::OutOfStock),
        StockStatus::Normal | StockStatus::Overstock => None,
    }
}

#[cfg(test)]
mod tests {
    use StockStatus::{Critical, Low, Normal, OutOfStock, Overstock};

    use super::*;

    #[test]
    fn each_line_is_told_once_on_the_way_down() {
        let way = [Overstock, Normal, Low, Critical, OutOfStock];
        let told: Vec<_> = way.windows(2).map(|step| alert(step[0], step[1])).collect();
        assert_eq!(told, [None, Some(Alert::Low), Some(Alert::Critical), Some(Alert::OutOfStock)]);
        assert!(way.iter().all(|status| alert(*status, *status).is_none()), "standing still is no crossing");
        assert_eq!(alert(Normal, OutOfStock), Some(Alert::OutOfStock), "several lines at once are one alert");
    }

    #[test]
    fn only_what_had_run_out_is_told_on_the_way_up() {
        for after in [Critical, Low, Normal, Overstock] {
            assert_eq!(alert(OutOfStock, after), Some(Alert::BackInStock));
        }
        assert_eq!((alert(Critical, Low), alert(Critical, Normal), alert(Low, Normal)), (None, None, None));
    }
}
