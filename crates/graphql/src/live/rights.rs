//! A stream outlives the rights that it began with.

use iam::access::{Caller, LiveRights, Permission, Reach};

/// What a stream's caller could see when it began.
#[derive(Debug, Clone)]
pub struct Rights {
    caller: Caller,
    live_rights: Option<LiveRights>,
    index: usize,
}

/// What became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// The caller sees other things on this stream than when it began, or none.
    Scope,
    /// Something else that they may do: perhaps what is masked to them.
    Else,
}

impl Rights {
    /// Of a stream that needs the permission `P`.
    pub fn of<P: Permission>(caller: Caller, live_rights: Option<LiveRights>) -> Self {
        Self { caller, live_rights, index: P::INDEX }
    }

    fn reach(&self, caller: &Caller) -> Reach {
        caller.permissions.reach(self.index)
    }

    /// Who reads, with the rights of now: those that they came with, when nobody keeps them up to date. None where their session is over.
    pub fn reader(&self) -> Option<Caller> {
        self.live_rights.as_ref().map_or_else(|| Some(self.caller.clone()), LiveRights::now)
    }

    /// What has changed since it began.
    pub fn now(&self) -> Option<Changed> {
        let now = self.live_rights.as_ref()?.now();
        let Some(now) = now.filter(|now| now.permissions.holds(self.index)) else { return Some(Changed::Scope) };
        if self.reach(&now) != self.reach(&self.caller) || now.channel != self.caller.channel {
            return Some(Changed::Scope);
        }
        (now.permissions != self.caller.permissions).then_some(Changed::Else)
    }

    /// Waits until something has. For ever, when nobody keeps them up to date.
    pub async fn changed(&mut self) -> Changed {
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

    /// From now on the rights are what they are now: only what changes later counts.
    pub fn accept(&mut self) {
        if let Some(now) = self.live_rights.as_ref().and_then(LiveRights::now) {
            self.caller = now;
        }
    }
}
