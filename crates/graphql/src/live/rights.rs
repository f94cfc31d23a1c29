//! Changes of a caller's rights while a stream is open.

use iam::access::{Caller, LiveRights, Permission, Reach};

/// Rights that a stream's caller had when it began.
#[derive(Debug, Clone)]
pub struct Rights {
    caller: Caller,
    live_rights: Option<LiveRights>,
    index: usize,
}

/// Change of the rights since then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RightsChange {
    /// The caller may see other rows on this stream than when it began, or none.
    Scope,
    /// Another change of the rights: perhaps of masked fields.
    Else,
}

impl Rights {
    /// Makes the rights of a stream that needs the permission `P`.
    pub fn of<P: Permission>(caller: Caller, live_rights: Option<LiveRights>) -> Self {
        Self { caller, live_rights, index: P::INDEX }
    }

    fn reach(&self, caller: &Caller) -> Reach {
        caller.permissions.reach(self.index)
    }

    /// Returns the caller with the current rights, or with those at the start if they are not kept
    /// up to date. `None` if the session is over.
    pub fn current_caller(&self) -> Option<Caller> {
        self.live_rights.as_ref().map_or_else(|| Some(self.caller.clone()), LiveRights::now)
    }

    /// Returns the change of the rights since the stream began.
    pub fn now(&self) -> Option<RightsChange> {
        let now = self.live_rights.as_ref()?.now();
        let Some(now) = now.filter(|now| now.permissions.holds(self.index)) else { return Some(RightsChange::Scope) };
        if self.reach(&now) != self.reach(&self.caller) || now.channel != self.caller.channel {
            return Some(RightsChange::Scope);
        }
        (now.permissions != self.caller.permissions).then_some(RightsChange::Else)
    }

    /// Waits until the rights have changed; for ever if they are not kept up to date.
    pub async fn wait_for_change(&mut self) -> RightsChange {
        loop {
            if let Some(changed) = self.now() {
                return changed;
            }
            match &mut self.live_rights {
                Some(live_rights) => drop(live_rights.changed().await),
                None => std::future::pending().await,
            }
        }
    }

    /// Accepts the current rights: only later changes count.
    pub fn accept(&mut self) {
        if let Some(now) = self.live_rights.as_ref().and_then(LiveRights::now) {
            self.caller = now;
        }
    }
}
