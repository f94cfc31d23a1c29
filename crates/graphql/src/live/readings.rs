//! Streams that send a whole state, which is read again after events and after an interval without
//! any.

use std::{sync::Arc, time::Duration};

use async_graphql::Context;
use iam::access::{LiveRights, Permission, Permit};
use platform::{
    realtime::{Hubs, Interest, JOURNAL, Listener, NextEvents, SharedEvent},
    storage::{Database, Fault, journal::Head},
};
use tokio::time::Instant;

use super::{
    rights::{Rights, RightsChange},
    stream::ResetReason,
};
use crate::{context::ContextExt, fault::Answer};

/// Minimum time between two readings.
pub const MIN_REFRESH_INTERVAL: Duration = Duration::from_secs(1);
/// Longest wait for events.
const MAX_EVENT_WAIT: Duration = Duration::from_mins(1);

/// Schedule of one subscriber's readings.
pub struct RefreshSchedule {
    pub rights: Rights,
    listener: Listener,
    /// Moment of the next reading.
    due: Instant,
    /// Moment before which no mark causes a reading.
    not_before: Instant,
}

/// Reason for which a wait ends.
pub enum WakeReason {
    /// The next reading is due.
    Read,
    Events(Vec<Arc<SharedEvent>>),
    /// Events up to this one are not kept any more. The next reading has all of them.
    Missed(i64),
    /// The caller's permissions changed, but not the rows that the stream shows.
    Rights,
    /// The stream ends.
    Over(ResetReason),
}

impl RefreshSchedule {
    /// Follows the events of the permit's tenant from the head that it returns. The first reading is due at once.
    ///
    /// # Errors
    /// The database fails.
    pub async fn open<P: Permission>(ctx: &Context<'_>, permit: &Permit<P>, db: &Database) -> Answer<(Self, Head)> {
        // Following begins before anything is read, so that no event in between is missed.
        let mut listener = ctx.required_data::<Hubs>()?.listen(permit.tenant(), Interest::all(JOURNAL)).await?;
        let head = permit.scope(db).head().await?;
        listener.resume_after(head.seq);
        let rights = Rights::of::<P>(permit.caller().clone(), ctx.data_opt::<LiveRights>().cloned());
        let now = Instant::now();
        Ok((Self { rights, listener, due: now, not_before: now }, head))
    }

    /// Waits for the next turn. Changes of rights come first, then readings.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn next_wake(&mut self) -> Result<WakeReason, Fault> {
        loop {
            let next = tokio::select! {
                biased;
                changed = self.rights.wait_for_change() => return Ok(match changed {
                    RightsChange::Scope => WakeReason::Over(ResetReason::ScopeChanged),
                    RightsChange::Else => WakeReason::Rights,
                }),
                () = tokio::time::sleep_until(self.due) => return Ok(WakeReason::Read),
                next = self.listener.next(MAX_EVENT_WAIT) => next?,
            };
            match next {
                NextEvents::Events(events) => return Ok(WakeReason::Events(events)),
                NextEvents::Quiet => {}
                NextEvents::Expired => {
                    let position = self.listener.position();
                    self.listener.resume_after(position);
                    return Ok(WakeReason::Missed(position));
                }
                NextEvents::Another => return Ok(WakeReason::Over(ResetReason::EpochChanged)),
            }
        }
    }

    /// Accepts the current rights, and marks the state as due.
    pub fn accept(&mut self) {
        self.rights.accept();
        self.bring_forward();
    }

    /// Brings the next reading forward, to a second after the last one.
    pub fn bring_forward(&mut self) {
        self.due = self.due.min(self.not_before);
    }

    /// Plans the next reading `interval` after this one, unless a mark brings it forward.
    pub fn schedule_next(&mut self, moment: Instant, interval: Duration) {
        (self.not_before, self.due) = (moment + MIN_REFRESH_INTERVAL, moment + interval);
    }

    /// Plans the next reading for this moment, and not before.
    pub fn pause_until(&mut self, moment: Instant) {
        (self.not_before, self.due) = (moment, moment);
    }
}
