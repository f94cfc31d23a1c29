//! Models for demand that comes now and then: Croston with the correction of Syntetos & Boylan, and TSB.

const ALPHAS: [f64; 3] = [0.05, 0.10, 0.20];
const DEMAND_ALPHAS: [f64; 2] = [0.1, 0.2];
const CHANCE_ALPHAS: [f64; 3] = [0.05, 0.10, 0.20];

/// Smoothed size and interval of demands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Croston {
    pub alpha: f64,
    pub size: f64,
    /// 0 if there was no demand.
    pub interval: f64,
    /// Sum of the squared one-step errors, of SBA.
    pub squares: f64,
}

impl Croston {
    /// Units a week after Croston (1972); 0 without demand.
    pub fn croston(&self) -> f64 {
        if self.interval > 0.0 { self.size / self.interval } else { 0.0 }
    }
    /// (1 − α/2) of it: Syntetos & Boylan (2005).
    pub fn sba(&self) -> f64 {
        (1.0 - self.alpha / 2.0) * self.croston()
    }
    /// The constant of the grid with the least squared one-step errors.
    pub fn by_grid(units: &[f64]) -> Self {
        let [first, rest @ ..] = ALPHAS.map(|alpha| croston(units, alpha));
        rest.into_iter().fold(first, |least, one| if one.squares < least.squares { one } else { least })
    }
}

/// Size and interval start at the first demand; at each later one both are smoothed (vector pub-32).
pub fn croston(units: &[f64], alpha: f64) -> Croston {
    let mut state = Croston { alpha, size: 0.0, interval: 0.0, squares: 0.0 };
    let mut since = 0.0;
    for units in units.iter().copied() {
        since += 1.0;
        if state.interval > 0.0 {
            let error = units - state.sba();
            state.squares += error * error;
        }
        if units > 0.0 {
            if state.interval > 0.0 {
                state.size += alpha * (units - state.size);
                state.interval += alpha * (since - state.interval);
            } else {
                (state.size, state.interval) = (units, since);
            }
            since = 0.0;
        }
    }
    state
}

/// The forecast of Teunter, Syntetos & Babai (2011), and the sum of squared one-step errors (vector pub-33). The first demand sets the size, it does not
/// also smooth it; the chance of a demand is smoothed every week.
pub fn tsb(units: &[f64], demand_alpha: f64, chance_alpha: f64) -> (f64, f64) {
    let Some(mut size) = units.iter().copied().find(|units| *units > 0.0) else { return (0.0, 0.0) };
    let (mut chance, mut squares) = (if units[0] > 0.0 { 1.0 } else { 0.0 }, 0.0);
    let mut has_begun = units[0] > 0.0;
    for units in units[1..].iter().copied() {
        let error: f64 = units - chance * size;
        squares += error * error;
        let is_demand = units > 0.0;
        chance += chance_alpha * (f64::from(u8::from(is_demand)) - chance);
        if is_demand && has_begun {
            size += demand_alpha * (units - size);
        }
        has_begun |= is_demand;
    }
    (chance * size, squares)
}

/// Level, constant of the size and constant of the chance with the least squared one-step errors.
pub(crate) fn tsb_by_grid(units: &[f64]) -> (f64, f64, f64) {
    let mut least = (f64::INFINITY, (0.0, DEMAND_ALPHAS[0], CHANCE_ALPHAS[0]));
    for demand_alpha in DEMAND_ALPHAS {
        for chance_alpha in CHANCE_ALPHAS {
            let (level, squares) = tsb(units, demand_alpha, chance_alpha);
            if squares < least.0 {
                least = (squares, (level, demand_alpha, chance_alpha));
            }
        }
    }
    least.1
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: [f64; 10] = [0.0, 0.0, 6.0, 0.0, 0.0, 0.0, 3.0, 0.0, 9.0, 0.0];

    #[test]
    fn the_published_figures_hold_without_the_file() {
        let found = croston(&UNITS, 0.1);
        assert!((found.croston() - 2.016_722).abs() < 1e-6 && (found.sba() - 1.915_886).abs() < 1e-6);
        assert!((tsb(&UNITS, 0.1, 0.1).0 - 1.2707).abs() < 1e-6);
    }

    #[test]
    fn no_demand_is_none() {
        assert_eq!((Croston::by_grid(&[]).sba(), Croston::by_grid(&[0.0; 5]).sba()), (0.0, 0.0));
        assert_eq!((tsb(&[], 0.1, 0.1), tsb(&[0.0; 5], 0.1, 0.1)), ((0.0, 0.0), (0.0, 0.0)));
        assert_eq!(tsb_by_grid(&[]).0, 0.0);
        // A demand that stays away: SBA stays where it was, TSB goes down.
        let gone: Vec<f64> = [4.0, 0.0, 4.0, 0.0, 4.0].into_iter().chain([0.0; 30]).collect();
        assert!(Croston::by_grid(&gone).sba() > 1.5 && tsb_by_grid(&gone).0 < 0.7);
    }
}
