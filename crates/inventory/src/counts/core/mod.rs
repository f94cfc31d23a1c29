//! The rules of counts: pure. A line's difference is what was counted, less what the books had at that very moment; it is posted on what
//! they have when the count is approved, so nothing that moved meanwhile is lost.

mod command;
mod count;
mod decide;
mod statistics;
mod posting;
mod refusal;
mod reverse;
mod states;
mod tally;

pub use command::{CountCommand, CountNeeds};
pub use count::{
    BookVisibility, Count, CountBook, CountDecision, CountState, CountedLot, Expected, Finding, Line, LineKey, LineState, Made,
    Selection, Stage, Tally, Try,
};
pub use decide::{Begin, MOST_LINES, NewCount, NewLine, Step, Steps, Uncounted, decide};
pub use posting::{Approval, PART};
pub use refusal::Refusal;
pub use reverse::{CountReversal, CountsSince, ReverseCount, Undone};
pub use states::{Action, COUNT_STEPS, actions_from, may};
pub use statistics::{Pair, abc, accuracy, shrinkage};
pub use tally::{Record, Tallied};
