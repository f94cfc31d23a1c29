//! AWS Signature Version 4: an HMAC over caller, request and time, with a key that only the caller
//! and AWS know. Pure.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use sha2::{Digest, Sha256};

/// Credentials of the caller.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    /// Token of temporary credentials.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Target and time of a request: a region, a service, and the moment as `20150830T123600Z`.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub region: &'a str,
    pub service: &'a str,
    pub at: &'a str,
}

/// A request to sign: its header names in lower case and sorted.
#[derive(Debug, Clone, Copy)]
pub struct RequestToSign<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
}

/// Returns the value of the `Authorization` header.
pub fn authorization(credentials: &Credentials, scope: Scope<'_>, request: RequestToSign<'_>) -> String {
    let Scope { region, service, at } = scope;
    let day = at.split('T').next().unwrap_or(at);
    let headers = request.headers.iter().fold(String::new(), |lines, (name, value)| lines + *name + ":" + value.trim() + "\n");
    let names = request.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let RequestToSign { method, path, query, body, .. } = request;
    let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{}", hex::encode(Sha256::digest(body)));
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hex::encode(Sha256::digest(canonical.as_bytes())));
    let first = format!("AWS4{}", credentials.secret_access_key).into_bytes();
    let key = [day, region, service, "aws4_request"].iter().fold(first, |key, part| mac(&key, part.as_bytes()));
    let signature = hex::encode(mac(&key, text.as_bytes()));
    format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", credentials.access_key_id)
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(HMAC_SHA256, key), text).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Example from AWS's description of the method.
    #[test]
    fn the_example_of_the_description_is_signed_as_it_says() {
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        let request = RequestToSign {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &[
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("host", "iam.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
            ],
            body: b"",
        };
        let scope = Scope { region: "us-east-1", service: "iam", at: "20150830T123600Z" };
        assert_eq!(
            authorization(&credentials, scope, request),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
        assert!(!format!("{credentials:?}").contains("wJalr"));
    }
}
