//! Limit of the GraphQL requests that are handled at once. In overload a request waits where the
//! ledger's lanes do not see it, in sockets and in the runtime's queues, and its refusal there
//! comes after most of its work. So the bound is as many as the node answers in a time that clients
//! can wait, as measured, and a request beyond the bound is refused before its body is read.
//!
//! The first half of the bound is open to every request. In the other half each tenant has an equal
//! share, so that the flood of one leaves room for others.

use std::{
    hash::RandomState,
    net::IpAddr,
    sync::{
        Mutex,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    thread::available_parallelism,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::rate_limit::host;
use tokio::time::{Instant, sleep};

/// No more requests are worked on than are answered in this time.
const MAX_WAIT: Duration = Duration::from_millis(300);
/// Interval at which the bound is computed again. A shorter one would see a single transaction of
/// the ledger, or none.
const MEASURE_INTERVAL: Duration = Duration::from_millis(500);
/// Factor of the bound at rest over its minimum: a burst after a quiet time is no overload yet.
const IDLE_BOUND_FACTOR: usize = 4;
/// Tenants whose hashes fall together share a share.
const SHARE_SLOTS: usize = 16_384;
/// Refusals a second and processor. A client that comes back at once would otherwise take all the time that refusals leave.
const MAX_REFUSALS_PER_SECOND: usize = 1_000;
/// Longest delay of a refusal.
const MAX_PAUSE: Duration = Duration::from_secs(3);

/// Reason for which a request is refused before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShedReason {
    /// The tenant of the request already has its share of the node.
    Share,
    /// The node has more than all shares together: too many tenants come at once, or some that do not exist.
    Full,
}

impl ShedReason {
    /// The reason as a label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Full => "full",
        }
    }
}

/// Caller in whose share a request is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller<'a> {
    /// The ID in an access token's claims, padded with zeros. Its signature has not been checked: it chooses a share and grants nothing.
    Tenant([u8; 40]),
    /// An API key, or another text that was sent as a token.
    Credential(&'a str),
    Address(Option<IpAddr>),
}

impl<'a> Caller<'a> {
    /// By the token of a request, or by the address of one without.
    pub fn of(token: Option<&'a str>, address: Option<IpAddr>) -> Self {
        match token {
            Some(token) => tenant_of(token).map_or(Self::Credential(token), Self::Tenant),
            None => Self::Address(address.map(host)),
        }
    }
}

fn tenant_of(token: &str) -> Option<[u8; 40]> {
    const CLAIM: &[u8] = br#""tid":""#;
    let (mut claims, mut tenant) = ([0_u8; 1_024], [0_u8; 40]);
    let length = URL_SAFE_NO_PAD.decode_slice(token.split('.').nth(1)?, &mut claims).ok()?;
    let claims = &claims[..length];
    let start = claims.windows(CLAIM.len()).position(|part| part == CLAIM)? + CLAIM.len();
    let end = claims[start..].iter().position(|byte| *byte == b'"')?;
    tenant.get_mut(..end)?.copy_from_slice(&claims[start..start + end]);
    Some(tenant)
}

/// Measurements since the bound was last set.
#[derive(Debug, Clone, Copy)]
struct Window {
    elapsed: Duration,
    answered: usize,
    /// At its end.
    in_flight: usize,
    refused: usize,
}

/// The next bound. In overload it follows the number of requests answered in `MAX_WAIT`: down at
/// once, up by half of the difference, as one window may hold more transactions of the ledger than
/// another. Otherwise it returns to that of a node at rest.
fn next_bound(bound: usize, least: usize, window: Window) -> usize {
    let in_time = window.answered as f64 * MAX_WAIT.as_secs_f64() / window.elapsed.as_secs_f64();
    let capacity = (in_time as usize).max(least);
    let is_overloaded = window.refused > 0 || window.in_flight > capacity;
    match (is_overloaded, capacity < bound) {
        (true, true) => capacity,
        (true, false) => bound.midpoint(capacity),
        (false, _) => bound.saturating_mul(2).min(least.saturating_mul(IDLE_BOUND_FACTOR)).max(capacity),
    }
}

/// Returns the most requests that one tenant may have in flight once half of the bound is taken.
fn share(bound: usize, callers: usize) -> u32 {
    u32::try_from(bound / 2 / callers.max(1)).unwrap_or(u32::MAX).max(1)
}

/// Returns the delay of the next refusal behind `held_refusals` others.
fn pause(held_refusals: usize, refusals_a_second: usize) -> Duration {
    Duration::from_secs_f64(held_refusals as f64 / refusals_a_second.max(1) as f64).min(MAX_PAUSE)
}

#[derive(Debug, Clone, Copy)]
struct WindowStart {
    at: Instant,
    answered: usize,
}

/// Shared by all requests of a node.
#[derive(Debug)]
pub struct LoadShedder {
    /// Minimum of the bound.
    least: usize,
    bound: AtomicUsize,
    /// Requests since the start, without those that were refused, and those of them that have left.
    entered: AtomicUsize,
    left: AtomicUsize,
    /// Requests that ended with an answer. A client that gives up early frees its place, but shows
    /// nothing of the node's speed.
    answered: AtomicUsize,
    /// In this window.
    refused: AtomicUsize,
    window: Mutex<WindowStart>,
    /// The end of the window, in microseconds since the start.
    due: AtomicU64,
    started: Instant,
    /// Requests in flight by the hash of their caller, those that came while half of the bound was free left out.
    shares: Box<[AtomicU32]>,
    /// Shares that are in use.
    callers: AtomicUsize,
    hasher: RandomState,
    /// Refusals that are kept back.
    held: AtomicUsize,
    refusals_a_second: usize,
}

impl LoadShedder {
    /// Creates a shedder whose bound is at least `least`, even for slow requests; `None` refuses
    /// none.
    pub fn new(least: Option<usize>) -> Self {
        let least = least.unwrap_or(usize::MAX).clamp(1, usize::MAX / (2 * IDLE_BOUND_FACTOR));
        let started = Instant::now();
        Self {
            least,
            bound: AtomicUsize::new(least * IDLE_BOUND_FACTOR),
            entered: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            window: Mutex::new(WindowStart { at: started, answered: 0 }),
            due: AtomicU64::new(MEASURE_INTERVAL.as_micros() as u64),
            started,
            shares: (0..SHARE_SLOTS).map(|_| AtomicU32::new(0)).collect(),
            callers: AtomicUsize::new(0),
            hasher: RandomState::new(),
            held: AtomicUsize::new(0),
            refusals_a_second: MAX_REFUSALS_PER_SECOND * available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }

    /// Admits one more request. The caller is hashed only if half of the bound is taken.
    ///
    /// # Errors
    /// The reason for which there is no room.
    pub fn enter(&self, now: Instant, caller: impl FnOnce(&RandomState) -> u64) -> Result<InFlight<'_>, ShedReason> {
        let in_flight = (self.entered.fetch_add(1, Ordering::Relaxed) + 1).saturating_sub(self.left.load(Ordering::Relaxed));
        self.measure(now);
        let bound = self.bound.load(Ordering::Relaxed);
        if in_flight <= bound / 2 {
            return Ok(InFlight { shedder: self, share: None });
        }
        let reason = if in_flight > bound + self.least * IDLE_BOUND_FACTOR {
            ShedReason::Full
        } else if let Some(share) = self.take_share(bound, caller(&self.hasher)) {
            return Ok(InFlight { shedder: self, share: Some(share) });
        } else {
            ShedReason::Share
        };
        self.entered.fetch_sub(1, Ordering::Relaxed);
        self.refused.fetch_add(1, Ordering::Relaxed);
        Err(reason)
    }

    /// Waits until it is the turn of one more refusal.
    pub async fn wait_turn(&self) {
        let held_refusal = HeldRefusal { all: &self.held, before: self.held.fetch_add(1, Ordering::Relaxed) };
        sleep(pause(held_refusal.before, self.refusals_a_second)).await;
    }

    fn take_share(&self, bound: usize, caller: u64) -> Option<&AtomicU32> {
        let slot = &self.shares[caller as usize % SHARE_SLOTS];
        // A decrement sees the increment before it, so `callers` never falls below 0.
        let previous_count = slot.fetch_add(1, Ordering::AcqRel);
        let callers = match previous_count {
            0 => self.callers.fetch_add(1, Ordering::Relaxed) + 1,
            _ => self.callers.load(Ordering::Relaxed),
        };
        if previous_count < share(bound, callers) {
            return Some(slot);
        }
        self.release_share(slot);
        None
    }

    fn release_share(&self, slot: &AtomicU32) {
        if slot.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.callers.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Sets the bound where a window has ended.
    fn measure(&self, now: Instant) {
        let micros = now.saturating_duration_since(self.started).as_micros() as u64;
        if micros < self.due.load(Ordering::Relaxed) {
            return;
        }
        // Another request does so already.
        let Ok(mut window) = self.window.try_lock() else { return };
        let duration = now.saturating_duration_since(window.at);
        if duration < MEASURE_INTERVAL {
            return;
        }
        let answered_count = self.answered.load(Ordering::Relaxed);
        let left_count = self.left.load(Ordering::Relaxed);
        let measured = Window {
            elapsed: duration,
            answered: answered_count.saturating_sub(window.answered),
            in_flight: self.entered.load(Ordering::Relaxed).saturating_sub(left_count),
            refused: self.refused.swap(0, Ordering::Relaxed),
        };
        *window = WindowStart { at: now, answered: answered_count };
        self.due.store(micros + MEASURE_INTERVAL.as_micros() as u64, Ordering::Relaxed);
        self.bound.store(next_bound(self.bound.load(Ordering::Relaxed), self.least, measured), Ordering::Relaxed);
    }
}

/// A request that is worked on, until it is dropped.
#[derive(Debug)]
pub struct InFlight<'a> {
    shedder: &'a LoadShedder,
    /// `None` for a request in the half of the bound that has no shares.
    share: Option<&'a AtomicU32>,
}

impl InFlight<'_> {
    /// Marks the request as answered. One that is dropped without this has lost its client.
    pub fn mark_answered(self) {
        self.shedder.answered.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.shedder.left.fetch_add(1, Ordering::Relaxed);
        if let Some(share) = self.share {
            self.shedder.release_share(share);
        }
    }
}

/// Counted until it is dropped, so that a client that goes away makes room.
struct HeldRefusal<'a> {
    all: &'a AtomicUsize,
    /// Refusals that were held back before this one.
    before: usize,
}

impl Drop for HeldRefusal<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[path = "overload_tests.rs"]
mod tests;
