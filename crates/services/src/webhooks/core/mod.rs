//! The rules of webhooks: content, recipients, signatures and retries of messages. Pure.

mod disabled_reason;
mod endpoint;
mod event;
mod schedule;
mod signature;

pub use disabled_reason::DisabledReason;
pub use endpoint::{
    Endpoint, MAX_ENDPOINTS, MAX_OVERLAP_SECONDS, MAX_REPLAYED_MESSAGES, MAX_REPLAYED_SEQS, Rejection, SHARDS, check_description,
    check_patterns, check_range, check_url_length, shard_of,
};
pub use event::{Fact, MAX_BODY, NO_SUCH_EVENT, body, matches, unmatched_patterns};
pub use schedule::{Answer, Health, MAX_ATTEMPTS, MAX_CONCURRENT_MESSAGES, Next, health_after, next};
pub use signature::{Secret, Signer, message_id, seq_of, signatures};
