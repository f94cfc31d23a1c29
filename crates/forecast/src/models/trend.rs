//! Holt's linear trend, damped: Gardner & McKenzie (1985); Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 8.2.

const ALPHAS: [f64; 3] = [0.1, 0.2, 0.3];
const BETAS: [f64; 2] = [0.05, 0.1];
const PHIS: [f64; 3] = [0.8, 0.9, 0.95];
const GRID_SIZE: usize = ALPHAS.len() * BETAS.len() * PHIS.len();
/// Weeks whose mean is the first level.
const FIRST_LEVEL_WEEKS: usize = 4;

/// Level and trend after the last known week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DampedHolt {
    pub level: f64,
    pub trend: f64,
    pub alpha: f64,
    pub beta: f64,
    pub phi: f64,
    /// Sum of the squared one-step errors.
    pub squares: f64,
}

impl DampedHolt {
    /// level + (φ + φ² + … + φ^ahead) × trend: units `ahead` weeks on, which may be below 0.
    pub fn at(&self, ahead: usize) -> f64 {
        let (mut sum, mut power) = (0.0, 1.0);
        for _ in 0..ahead {
            power *= self.phi;
            sum += power;
        }
        self.level + sum * self.trend
    }
    /// The constants of the grid with the least squared one-step errors.
    pub fn by_grid(units: &[f64]) -> Self {
        let mut lanes = [Self { level: 0.0, trend: 0.0, alpha: 0.0, beta: 0.0, phi: 0.0, squares: 0.0 }; GRID_SIZE];
        let level = first_level(units);
        let mut index = 0;
        for alpha in ALPHAS {
            for beta in BETAS {
                for phi in PHIS {
                    lanes[index] = Self { level, trend: 0.0, alpha, beta, phi, squares: 0.0 };
                    index += 1;
                }
            }
        }
        for units in units.iter().skip(1) {
            lanes.iter_mut().for_each(|lane| lane.step(*units));
        }
        let [first, rest @ ..] = lanes;
        rest.into_iter().fold(first, |least, one| if one.squares < least.squares { one } else { least })
    }
    fn step(&mut self, units: f64) {
        let before = self.level;
        let expected = before + self.phi * self.trend;
        let error = units - expected;
        self.squares += error * error;
        self.level = expected + self.alpha * error;
        self.trend = self.beta * (self.level - before) + (1.0 - self.beta) * self.phi * self.trend;
    }
}

fn first_level(units: &[f64]) -> f64 {
    let first = &units[..units.len().min(FIRST_LEVEL_WEEKS)];
    if first.is_empty() { 0.0 } else { first.iter().sum::<f64>() / first.len() as f64 }
}

/// Damped Holt with given constants: level ← αy + (1−α)(l + φb), trend ← β(l − l₋) + (1−β)φb; the level begins at the mean of the first four weeks, the
/// trend at 0.
pub fn damped_holt(units: &[f64], [alpha, beta, phi]: [f64; 3]) -> DampedHolt {
    let mut state = DampedHolt { level: first_level(units), trend: 0.0, alpha, beta, phi, squares: 0.0 };
    units.iter().skip(1).for_each(|units| state.step(*units));
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_followed_and_fades() {
        let units: Vec<f64> = (0..60).map(|week| 20.0 + 2.0 * f64::from(week)).collect();
        let found = DampedHolt::by_grid(&units);
        assert!(found.trend > 0.5 && found.at(1) > found.level);
        let steps: Vec<f64> = (1..20).map(|ahead| found.at(ahead + 1) - found.at(ahead)).collect();
        assert!(steps.windows(2).all(|two| two[1] < two[0] && two[1] > 0.0), "each step is smaller than the one before");
        let same = damped_holt(&units, [found.alpha, found.beta, found.phi]);
        assert_eq!(same, found);
    }

    #[test]
    fn by_hand() {
        // Level 4 from the first four weeks; week 2 expects 4, has 6: level 4.4, trend 0.05 × 0.4.
        let state = damped_holt(&[2.0, 6.0], [0.2, 0.05, 0.8]);
        assert_eq!(state.level, 4.0 + 0.2 * 2.0);
        assert!((state.trend - 0.02).abs() < 1e-12 && (state.squares - 4.0).abs() < 1e-12);
        assert!((state.at(2) - (4.4 + (0.8 + 0.64) * 0.02)).abs() < 1e-12);
        assert_eq!(DampedHolt::by_grid(&[]).at(3), 0.0);
    }
}
