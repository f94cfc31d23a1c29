//! Sealing the secret of a bucket, and opening the bucket with it.

use platform::{
    secrets::{KeyRing, SealedColumn},
    storage::Fault,
};
use uuid::Uuid;

use super::core::{Bucket, BucketProblem, SecretKey};
use crate::{
    files::{BucketAccess, Store, StoreError},
    webhooks::{self, Sender, Webhooks},
};

/// Reason why a bucket was not written to. The text is for the tenant.
#[derive(Debug)]
pub enum BucketFailure {
    /// The next try may succeed.
    Away(String),
    Fault(Fault),
}

impl From<Fault> for BucketFailure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Returns the failure for an error of a tenant's bucket, whose responses the tenant gets to see.
pub fn failure_of(error: StoreError) -> BucketFailure {
    match error {
        StoreError::Away(reason) => BucketFailure::Away(format!("the bucket cannot be written to: {reason}")),
        StoreError::Missing => BucketFailure::Away("the bucket is not there".to_owned()),
        StoreError::Full => BucketFailure::Away("the bucket is full".to_owned()),
    }
}

/// The row that keeps a bucket: the column of its sealed secret, and the row's keys.
#[derive(Debug, Clone, Copy)]
pub struct BucketRow {
    pub column: SealedColumn,
    pub keys: [Uuid; 2],
}

/// Seals secrets of buckets, and opens buckets. Cheap to clone.
#[derive(Clone)]
pub struct BucketOpener {
    ring: KeyRing,
    sender: Sender,
}

impl BucketOpener {
    /// Buckets are reached by the sender of `webhooks`, which keeps to the open internet.
    pub fn new(webhooks: &Webhooks) -> Self {
        Self { ring: webhooks.key_ring().clone(), sender: webhooks.sender().clone() }
    }

    /// Returns why requests to the bucket's endpoint are not allowed; None if they are.
    pub fn endpoint_problem(&self, bucket: &Bucket) -> Option<String> {
        webhooks::check(&bucket.endpoint, self.sender.allowed_networks()).err().map(|problem| problem.to_string())
    }

    /// Returns the sealed secret of a row's bucket. If none is given, the one stored before is used, for the same login at the
    /// same host.
    pub fn seal(
        &self,
        row: BucketRow,
        (bucket, secret): (&Bucket, Option<&SecretKey>),
        before: (Option<&Bucket>, Option<&[u8]>),
    ) -> Result<Result<Vec<u8>, BucketProblem>, Fault> {
        let context = row.column.context(&row.keys);
        if let Some(secret) = secret {
            return Ok(Ok(self.ring.seal(&context, secret.0.as_bytes())?));
        }
        let (Some(earlier), Some(sealed)) = before else { return Ok(Err(BucketProblem::NO_SECRET)) };
        if !bucket.has_login_of(earlier) {
            return Ok(Err(BucketProblem::NO_SECRET));
        }
        let is_lost = self.opened(&context, sealed)?.is_empty();
        Ok(if is_lost { Err(BucketProblem::NO_SECRET) } else { Ok(sealed.to_vec()) })
    }

    /// Opens a sealed secret. An empty one replaced one that was lost with its key, or that an export of the tenant left out.
    fn opened(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        if sealed.is_empty() { Ok(Vec::new()) } else { self.ring.open(context, sealed) }
    }

    /// Opens the bucket of a row, without a request.
    pub fn open(&self, row: BucketRow, bucket: &Bucket, sealed: &[u8]) -> Result<Store, BucketFailure> {
        let secret = self.opened(&row.column.context(&row.keys), sealed)?;
        let secret = String::from_utf8(secret).map_err(|_| Fault::corrupt(row.column.table, "a secret is a text"))?;
        if secret.is_empty() {
            let lost = "the secret of the bucket was lost: set the schedule with it again";
            return Err(BucketFailure::Away(lost.to_owned()));
        }
        let client = self.sender.transfer_client(&bucket.endpoint).map_err(BucketFailure::Away)?;
        let access = BucketAccess {
            endpoint: &bucket.endpoint,
            bucket: &bucket.name,
            region: &bucket.region,
            prefix: &bucket.prefix,
            access_key_id: &bucket.access_key_id,
            secret: &secret,
        };
        Store::remote(access, client).map_err(failure_of)
    }
}
