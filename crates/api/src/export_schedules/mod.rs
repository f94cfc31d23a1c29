//! GraphQL of scheduled exports.

mod filter;
mod inputs;
mod mutation;
mod query;
mod schedule;

pub use inputs::{ExportBucketInput, ExportScheduleDeleteInput, ExportScheduleRunInput, ExportScheduleSetInput};
pub use mutation::{ExportScheduleMutation, ExportSchedulePayload};
pub use query::ExportScheduleQuery;
pub use schedule::{
    ExportBucket, ExportSchedule, ExportScheduleConnection, ExportScheduleEdge, ExportScheduleEntity, ExportScheduleFormat,
    ExportSchedulePeriod, ExportScheduleStatus,
};
