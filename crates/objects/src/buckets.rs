//! Buckets of companies, as clients see and set them.

use async_graphql::{InputObject, SimpleObject};
use platform::path;
use services::buckets::core::{Bucket, BucketProblem, SecretKey};

use crate::graphql::refusal::{ErrorCode, Path, UserError};

/// Bucket of the company's own, into which a schedule writes. Its secret is never shown.
#[derive(Debug, Clone, SimpleObject)]
pub struct ExportBucket {
    /// URL of the host that speaks S3.
    pub endpoint: String,
    /// Name of the bucket.
    pub name: String,
    /// Region of the bucket.
    pub region: String,
    /// Text before the names of all files. Empty where they begin at the top of the bucket.
    pub prefix: String,
    /// ID of the access key that the files are written with.
    pub access_key_id: String,
}

impl From<&Bucket> for ExportBucket {
    fn from(bucket: &Bucket) -> Self {
        Self {
            endpoint: bucket.endpoint.clone(),
            name: bucket.name.clone(),
            region: bucket.region.clone(),
            prefix: bucket.prefix.clone(),
            access_key_id: bucket.access_key_id.clone(),
        }
    }
}

/// A bucket of the company's own at a host that speaks S3 and knows conditional writes.
#[derive(Clone, InputObject)]
pub struct ExportBucketInput {
    /// URL of the host without a path, as in https://s3.eu-west-2.amazonaws.com. HTTPS at port 443 and an address of the open internet are needed, unless
    /// the operator has opened another network.
    pub endpoint: String,
    /// Name of the bucket, 3 to 63 characters.
    pub name: String,
    /// Region of the bucket, as in eu-west-2; us-east-1 where the host has none.
    pub region: String,
    /// Text before the names of all files, of at most 200 characters: names between slashes. Empty for none. Empty by default.
    #[graphql(default)]
    pub prefix: String,
    /// ID of the access key that the files are written with.
    pub access_key_id: String,
    /// Secret of the access key, 1 to 256 characters. Null keeps the one that the schedule has for this host and access key.
    pub secret_access_key: Option<String>,
}

impl ExportBucketInput {
    /// Returns the bucket, and the secret if one is given.
    pub fn read(self) -> (Bucket, Option<SecretKey>) {
        let bucket = Bucket {
            endpoint: self.endpoint,
            name: self.name,
            region: self.region,
            prefix: self.prefix,
            access_key_id: self.access_key_id,
        };
        (bucket, self.secret_access_key.map(SecretKey))
    }
}

/// Path of a field of the input's bucket.
pub fn bucket_path(name: &str) -> Path {
    path!["input", "bucket", name]
}

/// Returns the error for a problem of the input's bucket.
pub fn bucket_error(problem: BucketProblem) -> UserError {
    match problem {
        BucketProblem::Invalid { message, name } => UserError::new(ErrorCode::Invalid, message, bucket_path(name)),
        BucketProblem::TooLong { most, name } => {
            UserError::new(ErrorCode::TooLong, format!("at most {most} characters are kept"), bucket_path(name))
        }
        BucketProblem::Missing { message, name } => UserError::new(ErrorCode::Required, message, bucket_path(name)),
    }
}
