//! The rules of the sales report: the value of a line, and the grouping and order of sums. Sums are
//! 128 bits wide, so they never wrap.

mod book_currency;
mod line;
mod sums;

pub use book_currency::{ForeignDocument, ForeignLine, Trade};
pub use line::{ClosedReturn, Correction, SoldLine, untaxed_refund};
pub use sums::{Group, GroupKey, Measure, SalesByGroup, Sums, Tally, top_groups};
