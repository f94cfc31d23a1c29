//! The rules of counts: pure. A line's difference is the counted quantity, less the book quantity
//! at the moment of counting; it is posted on the book quantity at approval, so that movements in
//! between are not lost.

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
    BookVisibility, Count, CountAttempt, CountBook, CountDecision, CountState, CountedLot, CreatedState, Expected, Finding, Line,
    LineKey, LineState, Selection, Stage, Tally,
};
pub use decide::{Begin, MAX_COUNT_LINES, NewCount, NewLine, Step, Steps, Uncounted, decide};
pub use posting::{Approval, DIFFERENCES_PER_MOVEMENT};
pub use refusal::Refusal;
pub use reverse::{CountReversal, CountToReverse, CountsSince, ReverseCount};
pub use states::{Action, COUNT_STEPS, actions_from, may};
pub use statistics::{Pair, abc, accuracy, shrinkage};
pub use tally::{Record, TallyLine};
