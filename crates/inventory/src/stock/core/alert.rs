//! Alerts that a level's change raises.

use entity::prelude::StockStatus;

/// A threshold that a level crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    Low,
    Critical,
    OutOfStock,
    BackInStock,
}

/// Returns the severity of a status.
const fn severity(status: StockStatus) -> u8 {
    match status {
        StockStatus::Normal | StockStatus::Overstock => 0,
        StockStatus::Low => 1,
        StockStatus::Critical => 2,
        StockStatus::OutOfStock => 3,
    }
}

/// Returns the alert for a level that went from one status to another. If it crossed several
/// thresholds at once, only the last one is reported; an improvement is reported only if the level
/// was out of stock.
pub fn detect_alert(before: StockStatus, after: StockStatus) -> Option<Alert> {
    if before == StockStatus::OutOfStock && after != StockStatus::OutOfStock {
        return Some(Alert::BackInStock);
    }
    if severity(after) <= severity(before) {
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
        let told: Vec<_> = way.windows(2).map(|step| detect_alert(step[0], step[1])).collect();
        assert_eq!(told, [None, Some(Alert::Low), Some(Alert::Critical), Some(Alert::OutOfStock)]);
        assert!(way.iter().all(|status| detect_alert(*status, *status).is_none()), "standing still is no crossing");
        assert_eq!(detect_alert(Normal, OutOfStock), Some(Alert::OutOfStock), "several lines at once are one alert");
    }

    #[test]
    fn only_what_had_run_out_is_told_on_the_way_up() {
        for after in [Critical, Low, Normal, Overstock] {
            assert_eq!(detect_alert(OutOfStock, after), Some(Alert::BackInStock));
        }
        assert_eq!((detect_alert(Critical, Low), detect_alert(Critical, Normal), detect_alert(Low, Normal)), (None, None, None));
    }
}
