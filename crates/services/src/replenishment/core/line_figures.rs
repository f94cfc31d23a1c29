//! Figures of a proposal: each step from stock to quantity.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Figures of each step from stock to quantity. Units are the product's smallest, times are days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineFigures {
    pub rule: ReplenishmentPolicyKind,
    /// Requested service level; None if the rule has none.
    pub service: Option<f64>,
    /// Method by which the safety stock was computed; None if the rule promises no service level,
    /// and in lines of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<SafetyStockMethod>,
    pub available: i64,
    pub incoming: i64,
    pub in_transit: i64,
    pub owed: i64,
    pub drafted: i64,
    pub position: i64,
    /// Surplus of a transfer's giver, and its free units.
    pub surplus: Option<i64>,
    pub giver_free: Option<i64>,
    /// Cost and saving of a transfer; None if it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freight: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saving: Option<Money>,
    pub lead_days: f64,
    /// Days from one review to the next, which the point of a PERIODIC rule covers beyond the lead time. None for other rules,
    /// and in lines of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_days: Option<i32>,
    /// Mean units of the first coming week, and over the lead time.
    pub weekly: f64,
    pub lead_demand: f64,
    /// Mean units by which the position is below the reorder point before a plan sees it. None if
    /// the point does not include them, and in lines of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undershoot: Option<f64>,
    /// Reorder point and target before they are rounded up.
    pub exact_point: f64,
    pub exact_up_to: f64,
    pub point: i64,
    pub up_to: i64,
    /// Units that lines of the same plan move here from other stores.
    pub moved: i64,
    /// max(up to − position, minimum), after price breaks, in whole packs.
    pub needed: i64,
    pub after_break: i64,
    /// Units of mean demand that would be missed without the line.
    pub at_risk: f64,
    /// The probability that stock ends before a delivery arrives, without the line (for a cut, with
    /// it), and the units that are left with the line after half a year. None without a forecast of
    /// demand, if too few forecast errors are known, and in lines of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stockout: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overstock: Option<f64>,
    pub class: Option<DemandClass>,
    pub known_weeks: Option<u32>,
    /// Data quality of the forecast, 0 to 1; None without one.
    pub confidence: Option<f64>,
}

impl LineFigures {
    /// Days that the point lasts for: until the next order can have arrived.
    pub fn covered_days(&self) -> f64 {
        self.lead_days.max(1.0) + f64::from(self.review_days.unwrap_or_default())
    }
    /// The promised share of order cycles without running out, in millionths; None where none is promised, or a share of units is.
    pub fn promised_cycles(&self) -> Option<i32> {
        let service = self.service.filter(|_| self.method != Some(SafetyStockMethod::FillRate));
        service.map(|share| (share * 1e6).round() as i32)
    }
}
