//! The rules of counts: pure. A line's difference is the counted quantity, less the book quantity
//! at the moment of counting; it is posted on the book quantity at approval, so that movements in
//! between are not lost.

mod book;
mod changes;
mod command;
mod count;
mod decide;
mod needs;
mod posting;
mod refusal;
mod reverse;
mod states;
mod statistics;
mod step;
mod tally;

pub use book::{CountBook, CountDecision, CountsSince, CreatedState};
pub use command::CountCommand;
pub use count::{
    BookVisibility, Count, CountAttempt, CountState, CountedLot, Finding, Line, LineKey, LineOrigin, LineState, Selection, Stage,
    Tally,
};
pub use decide::{MAX_COUNT_LINES, decide};
pub use needs::{CountNeeds, CountToReverse};
pub use posting::DIFFERENCES_PER_MOVEMENT;
pub use refusal::Refusal;
pub use reverse::{CountReversal, ReverseCount};
pub use states::{Action, COUNT_STEPS, actions_from, may};
pub use statistics::{Pair, accuracy, classify_abc, shrinkage};
pub use step::{Approval, Begin, NewCount, NewLine, Record, Step, Steps, TallyLine, UncountedLines};
