//! The formulas of normal theory, as `inventory::purchasing` has them: a tenant may choose them instead of measured quantiles. Silver, Pyke & Thomas,
//! Inventory and Production Management in Supply Chains, 4th ed. (2017); Harris (1913). Vectors pub-14 to pub-18.

/// The inverse of the standard normal distribution (P. J. Acklam's rational approximation, relative error below 1.2e-9). None outside 0 < p < 1.
pub fn z(p: f64) -> Option<f64> {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] = [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416, 1.0];
    const TAIL: f64 = 0.024_25;
    let series = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, factor| sum * x + factor);
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        series(&C, q) / series(&D, q)
    };
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    Some(if p < TAIL {
        tail(p)
    } else if p > 1.0 - TAIL {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        series(&A, q * q) * q / series(&B, q * q)
    })
}

/// Demand and lead time in the same period.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NormalDemand {
    pub mean: f64,
    pub deviation: f64,
    pub lead_time: f64,
    pub lead_time_deviation: f64,
}

/// z × √(L σ² + mean² σ_L²). 0 below a service level of one half; None at 1 and beyond.
pub fn safety_stock(service_level: f64, demand: NormalDemand) -> Option<f64> {
    let NormalDemand { mean, deviation, lead_time, lead_time_deviation } = demand;
    let spread = (lead_time * deviation.powi(2) + mean.powi(2) * lead_time_deviation.powi(2)).max(0.0).sqrt();
    safety_units(service_level, spread)
}

/// z × σ × √(R + L). 0 below a service level of one half; None at 1 and beyond.
pub fn periodic_safety_stock(service_level: f64, demand: NormalDemand, review_period: f64) -> Option<f64> {
    safety_units(service_level, demand.deviation * (review_period + demand.lead_time).max(0.0).sqrt())
}

fn safety_units(service_level: f64, spread: f64) -> Option<f64> {
    if service_level < 0.5 { Some(0.0) } else { z(service_level).map(|z| z * spread) }
}

/// mean × (R + L) + safety stock.
pub fn order_up_to(demand: NormalDemand, review_period: f64, safety_stock: f64) -> f64 {
    demand.mean * (review_period + demand.lead_time) + safety_stock
}

/// mean × L + safety stock.
pub fn normal_reorder_point(demand: NormalDemand, safety_stock: f64) -> f64 {
    demand.mean * demand.lead_time + safety_stock
}

/// An economic order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderSize {
    /// Units, not rounded.
    pub units: f64,
    pub orders_per_year: f64,
    /// Ordering and holding cost of a year at that size.
    pub yearly_cost: f64,
}

/// √(2 D S ÷ H), H = unit cost × holding rate. None where nothing is needed or nothing costs anything.
pub fn economic_order(annual_demand: f64, order_cost: f64, unit_cost: f64, holding_rate: f64) -> Option<OrderSize> {
    let holding = unit_cost * holding_rate;
    let units = (2.0 * annual_demand * order_cost / holding).sqrt();
    let is_sound = annual_demand > 0.0 && order_cost > 0.0 && holding > 0.0 && units.is_finite();
    is_sound.then(|| OrderSize {
        units,
        orders_per_year: annual_demand / units,
        yearly_cost: annual_demand / units * order_cost + units / 2.0 * holding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_the_books() {
        let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-6;
        assert!(near(z(0.95), 1.644_853_627) && near(z(0.01), -2.326_347_874) && near(z(0.5), 0.0));
        assert_eq!((z(0.0), z(1.0), z(f64::NAN)), (None, None, None));
        let demand = NormalDemand { mean: 20.0, deviation: 6.0, lead_time: 7.0, lead_time_deviation: 1.5 };
        assert!(near(safety_stock(0.95, demand).map(|safety| normal_reorder_point(demand, safety)), 195.828_183));
        assert_eq!((safety_stock(0.4, demand), safety_stock(1.0, demand)), (Some(0.0), None));
        assert_eq!((economic_order(0.0, 50.0, 4.0, 0.25), economic_order(10.0, 50.0, 0.0, 0.25)), (None, None));
    }
}
