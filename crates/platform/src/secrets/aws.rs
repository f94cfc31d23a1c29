//! Keys in AWS Secrets Manager, through its HTTPS API.
//!
//! Only two calls are needed, so they are signed here (`signature`) and sent by the HTTP client
//! that is a dependency anyway, instead of by AWS's own library and the eighty crates that come
//! with it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    signature::{Credentials, RequestToSign, Scope, authorization},
    store::SecretStore,
};
use crate::{
    clock::{self, Clock},
    storage::Fault,
};

/// Source of credentials.
#[derive(Debug, Clone)]
pub enum Identity {
    Given(Credentials),
    /// Address inside a container that provides temporary credentials: ECS and EKS set it in the
    /// environment.
    Container {
        url: String,
        token: Option<String>,
    },
}

/// A secret of AWS Secrets Manager that contains the text of a key file.
#[derive(Debug, Clone)]
pub struct AwsSecret {
    pub id: String,
    pub region: String,
    /// None for the service's own address.
    pub endpoint: Option<String>,
    pub identity: Identity,
}

const SERVICE: &str = "secretsmanager";
const CONTENT: &str = "application/x-amz-json-1.1";
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Interval of reads: calls cost money, and a new key must be known everywhere within
/// `KEY_PROPAGATION_SECONDS`.
const READ_INTERVAL: Duration = Duration::from_secs(30);

/// The store of one secret.
pub struct SecretsManager {
    secret: AwsSecret,
    clock: Clock,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FromContainer {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
}

/// Error that the service returned.
struct ServiceError {
    /// Name of the error, as in `ResourceNotFoundException`.
    name: String,
}

impl SecretsManager {
    pub fn new(secret: AwsSecret, clock: Clock) -> Self {
        Self { secret, clock }
    }

    fn unreachable_fault(&self, reason: impl std::fmt::Display) -> Fault {
        Fault::Broken(format!("{} cannot be reached: {reason}", self.name()))
    }

    fn endpoint(&self) -> String {
        let region = &self.secret.region;
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let default_endpoint = || format!("https://{SERVICE}.{region}.{domain}");
        self.secret.endpoint.clone().unwrap_or_else(default_endpoint).trim_end_matches('/').to_owned()
    }

    /// Makes a request on a thread of its own and waits for it: keys are also read in code that
    /// cannot await.
    fn call(&self, action: &str, body: &Value) -> Result<Result<Value, ServiceError>, Fault> {
        let request = || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|err| self.unreachable_fault(err))?;
            runtime.block_on(self.exchange(action, body))
        };
        std::thread::scope(|scope| scope.spawn(request).join()).map_err(|_| self.unreachable_fault("the call panicked"))?
    }

    async fn exchange(&self, action: &str, body: &Value) -> Result<Result<Value, ServiceError>, Fault> {
        let client = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .no_proxy()
            .build()
            .map_err(|err| self.unreachable_fault(err.without_url()))?;
        let credentials = self.credentials(&client).await?;
        let endpoint = self.endpoint();
        let host = endpoint.split("://").nth(1).unwrap_or_default().split('/').next().unwrap_or_default().to_owned();
        let at: String = clock::rfc3339(self.clock.now()).split('.').next().unwrap_or_default().replace(['-', ':'], "") + "Z";
        let target = format!("secretsmanager.{action}");
        let body = body.to_string();
        let mut headers = vec![("content-type", CONTENT), ("host", &host), ("x-amz-date", &at)];
        headers.extend(credentials.session_token.as_deref().map(|token| ("x-amz-security-token", token)));
        headers.push(("x-amz-target", &target));
        let scope = Scope { region: &self.secret.region, service: SERVICE, at: &at };
        let signed = RequestToSign { method: "POST", path: "/", query: "", headers: &headers, body: body.as_bytes() };
        let mut request = client.post(format!("{endpoint}/")).header("authorization", authorization(&credentials, scope, signed));
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body).send().await.map_err(|err| self.unreachable_fault(err.without_url()))?;
        let is_good = response.status().is_success();
        let response_body: Value = response.json().await.map_err(|err| self.unreachable_fault(err.without_url()))?;
        if is_good {
            return Ok(Ok(response_body));
        }
        let name = response_body["__type"].as_str().unwrap_or("an error without a name");
        Ok(Err(ServiceError { name: name.rsplit('#').next().unwrap_or(name).to_owned() }))
    }

    async fn credentials(&self, client: &reqwest::Client) -> Result<Credentials, Fault> {
        let (url, token) = match &self.secret.identity {
            Identity::Given(credentials) => return Ok(credentials.clone()),
            Identity::Container { url, token } => (url, token),
        };
        let mut request = client.get(url);
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let unavailable = |reason: &dyn std::fmt::Display| {
            Fault::Broken(format!("{}: the container gives no credentials: {reason}", self.name()))
        };
        let response = request.send().await.and_then(reqwest::Response::error_for_status);
        let response = response.map_err(|err| unavailable(&err.without_url()))?;
        let issued: FromContainer = response.json().await.map_err(|err| unavailable(&err.without_url()))?;
        Ok(Credentials {
            access_key_id: issued.access_key_id,
            secret_access_key: issued.secret_access_key,
            session_token: issued.token,
        })
    }
}

impl SecretStore for SecretsManager {
    fn name(&self) -> String {
        format!("the secret {} of AWS Secrets Manager", self.secret.id)
    }

    fn read(&self) -> Result<Option<String>, Fault> {
        match self.call("GetSecretValue", &json!({ "SecretId": self.secret.id }))? {
            Ok(response) => match response["SecretString"].as_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(Fault::Broken(format!("{} holds no text", self.name()))),
            },
            // AWS returns this error also for a secret that exists without a value.
            Err(refused) if refused.name == "ResourceNotFoundException" => Ok(None),
            Err(refused) => Err(Fault::Broken(format!("{} cannot be read: {}", self.name(), refused.name))),
        }
    }

    fn write(&self, text: &str) -> Result<(), Fault> {
        let token = self.clock.uuid().to_string();
        let body = json!({ "SecretId": self.secret.id, "SecretString": text, "ClientRequestToken": token });
        self.call("PutSecretValue", &body)?.map(drop).map_err(|refused| {
            let reason = match refused.name.as_str() {
                "ResourceNotFoundException" => "there is no secret of this name: make one, without a value",
                other => other,
            };
            Fault::Broken(format!("{} cannot be written: {reason}", self.name()))
        })
    }

    fn check_interval(&self) -> Duration {
        READ_INTERVAL
    }
}
