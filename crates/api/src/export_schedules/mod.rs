//! GraphQL of scheduled exports.

mod filter;
mod inputs;
mod mutation;
mod query;
mod schedule;

pub use inputs::{ExportScheduleDeleteInput, ExportScheduleRunInput, ExportScheduleSetInput};
pub use mutation::{ExportScheduleMutation, ExportSchedulePayload};
pub use query::ExportScheduleQuery;
pub use schedule::{
    ExportSchedule, ExportScheduleConnection, ExportScheduleEdge, ExportScheduleEntity, ExportScheduleFormat,
    ExportSchedulePeriod, ExportScheduleStatus,
};
