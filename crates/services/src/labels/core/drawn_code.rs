//! A code as drawn: its bars or its squares.

/// A code as drawn, in modules: the thinnest bar, the smallest square.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DrawnCode {
    /// From the left: true is dark.
    Bars(Vec<bool>),
    /// Rows of squares.
    Squares(Vec<Vec<bool>>),
}

impl DrawnCode {
    /// Returns the dark rectangles in modules: left, top, width, height. Bars are one module high,
    /// to be stretched.
    pub fn rectangles(&self) -> Vec<(usize, usize, usize, usize)> {
        let runs = |row: &[bool], top: usize| {
            let mut areas = Vec::new();
            let mut at = 0;
            while at < row.len() {
                let width = row[at..].iter().take_while(|is_dark| **is_dark).count();
                if width > 0 {
                    areas.push((at, top, width, 1));
                }
                at += width.max(1);
            }
            areas
        };
        match self {
            Self::Bars(row) => runs(row, 0),
            Self::Squares(rows) => rows.iter().enumerate().flat_map(|(top, row)| runs(row, top)).collect(),
        }
    }
    pub fn width(&self) -> usize {
        match self {
            Self::Bars(row) => row.len(),
            Self::Squares(rows) => rows.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_are_the_dark_runs() {
        let drawn = DrawnCode::Bars(vec![true, true, false, true]);
        assert_eq!((drawn.rectangles(), drawn.width()), (vec![(0, 0, 2, 1), (3, 0, 1, 1)], 4));
        let squares = DrawnCode::Squares(vec![vec![false, true], vec![true, true]]);
        assert_eq!(squares.rectangles(), [(1, 0, 1, 1), (0, 1, 2, 1)]);
    }
}
