//! Service levels that hold: found on the first half of the weeks, checked on the second, never both on the same.

use crate::{
    panel::Panel,
    series::Class,
    simulate::{OrderUpTo, Outcomes, Past, SERVICE_SEARCH_RANGE, simulate},
};

/// Halvings of the bisection: to 0.1 point and a little finer.
const BISECTION_STEPS: usize = 10;

/// A calibrated service level.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibratedService {
    /// The level to ask quantiles for.
    pub service: f64,
    pub first_half: Outcomes,
    /// The proof: weeks that the level was not found on.
    pub second_half: Outcomes,
}

/// The least level for which `reached` of the outcome is at least `target`; the highest tried if none is.
fn min_service_level(target: f64, outcome: impl Fn(f64) -> Outcomes, reached: impl Fn(&Outcomes) -> Option<f64>) -> f64 {
    let (mut low, mut high) = SERVICE_SEARCH_RANGE;
    for _ in 0..BISECTION_STEPS {
        let middle = f64::midpoint(low, high);
        if reached(&outcome(middle)).is_some_and(|reached| reached >= target) { high = middle } else { low = middle }
    }
    high
}

/// The level at which a class (`None`: all of them) keeps the promised cycle service in the first
/// half, and its results in the second.
pub fn calibrate_service(
    panel: &Panel,
    classes: &[Class],
    past: &Past,
    (policy, class): (&OrderUpTo<'_>, Option<Class>),
) -> CalibratedService {
    let (start, end) = (policy.weeks.start, policy.weeks.end);
    let middle = usize::midpoint(start, end);
    let outcomes_at = |service: f64, weeks: std::ops::Range<usize>| {
        simulate(panel, classes, past, &OrderUpTo { service, weeks, ..policy.clone() })
    };
    let service = min_service_level(
        policy.service,
        |service| outcomes_at(service, start..middle),
        |outcomes| class.map_or(outcomes.all, |class| outcomes.classes[class.index()]).service(),
    );
    CalibratedService { service, first_half: outcomes_at(service, start..middle), second_half: outcomes_at(service, middle..end) }
}

/// The cycle service at which a share `fill` of the units is met: the two are not the same.
pub fn service_for_fill(panel: &Panel, classes: &[Class], past: &Past, (policy, fill): (&OrderUpTo<'_>, f64)) -> f64 {
    let outcomes_at = |service: f64| simulate(panel, classes, past, &OrderUpTo { service, ..policy.clone() });
    min_service_level(fill, outcomes_at, |outcomes| outcomes.all.fill())
}
