//! The rules of webhooks: what is sent to whom, how it is signed, and when it is tried again. Pure.

mod endpoint;
mod event;
mod schedule;
mod signature;

pub use endpoint::{
    DisabledWhy, Endpoint, MAX_ENDPOINTS, MAX_OVERLAP_SECONDS, MAX_REPLAYED_MESSAGES, MAX_REPLAYED_SEQS, Rejection, SHARDS,
    check_description, check_patterns, check_range, check_url_length, shard_of,
};
pub use event::{Fact, MAX_BODY, NO_SUCH_EVENT, body, idle, matches};
pub use schedule::{AT_ONCE, Answer, Health, MOST_ATTEMPTS, Next, next, slow_down};
pub use signature::{Secret, Signer, message_id, seq_of, signatures};
