//! Errors of forecasts at several origins, pooled over series, origins and weeks ahead.

use std::ops::AddAssign;

use crate::series::Class;

/// Weighted sums of errors and of actual demand.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loss {
    /// Σ w |y − f|
    pub absolute: f64,
    /// Σ w (f − y)
    pub difference: f64,
    /// Σ w |y|
    pub actual: f64,
}

impl Loss {
    pub fn add(&mut self, actual: f64, forecast: f64, weight: f64) {
        let difference = forecast - actual;
        self.absolute += weight * difference.abs();
        self.difference += weight * difference;
        self.actual += weight * actual.abs();
    }
    /// Σ|e| ÷ Σ|y|. None if nothing came true.
    pub fn wape(&self) -> Option<f64> {
        (self.actual > 0.0).then(|| self.absolute / self.actual)
    }
    /// (Σf − Σy) ÷ Σy. None if nothing came true.
    pub fn bias(&self) -> Option<f64> {
        (self.actual > 0.0).then(|| self.difference / self.actual)
    }
}

impl AddAssign for Loss {
    fn add_assign(&mut self, other: Self) {
        self.absolute += other.absolute;
        self.difference += other.difference;
        self.actual += other.actual;
    }
}

/// A method's losses by class, in the order of [`Class::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LossByClass(pub [Loss; Class::ALL.len()]);

impl LossByClass {
    pub fn of(&self, class: Class) -> Loss {
        self.0[class.index()]
    }
    /// Returns the loss of all classes together.
    pub fn total(&self) -> Loss {
        self.0.iter().fold(Loss::default(), |mut sum, loss| {
            sum += *loss;
            sum
        })
    }
}

impl AddAssign for LossByClass {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, loss)| *sum += loss);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_divided_last() {
        let mut loss = Loss::default();
        loss.add(10.0, 12.0, 1.0);
        loss.add(4.0, 0.0, 0.5);
        assert_eq!((loss.wape(), loss.bias()), (Some(4.0 / 12.0), Some(0.0)));
        assert_eq!((Loss::default().wape(), Loss::default().bias()), (None, None));
    }
}
