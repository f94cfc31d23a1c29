//! A stream outlives the rights that it began with.

use iam::access::{Caller, Permission, Reach, Standing};

/// What a stream's caller could see when it began.
#[derive(Debug, Clone)]
pub struct Rights {
    caller: Caller,
    standing: Option<Standing>,
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
    pub fn of<P: Permission>(caller: Caller, standing: Option<Standing>) -> Self {
        Self { caller, standing, index: P::INDEX }
    }

    fn reach(&self, caller: &Caller) -> Reach {
        caller.permissions.reach(self.index)
    }

    /// What has changed since it began.
    pub fn now(&self) -> Option<Changed> {
        let now = self.standing.as_ref()?.now();
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
            match &mut self.standing {
                Some(standing) => drop(standing.changed().await),
                None => std::future::pending().await,
            }
        }
    }

    /// From now on the rights are what they are now: only what changes later counts.
    pub fn accept(&mut self) {
        if let Some(now) = self.standing.as_ref().and_then(Standing::now) {
            self.caller = now;
        }
    }
}
