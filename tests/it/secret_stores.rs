//! Keys in a store of the operator's: AWS Secrets Manager, spoken to over its own protocol, and a command that prints them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    routing::{get, post},
};
use entrepot::secrets::{self, AwsCredentials, AwsIdentity, AwsSecret, KeySource, SecretStore};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{catalog::world::World, world::on_both};

const ACCESS: &str = "AKIDEXAMPLE";
const SECRET: &str = "not-a-secret-of-anybodys";
const SESSION: &str = "a-session";

/// A service that keeps secrets, and answers only requests that are signed as Secrets Manager
/// requires.
#[derive(Default)]
struct Service {
    secrets: Mutex<BTreeMap<String, Option<String>>>,
    calls: Mutex<Vec<String>>,
}

/// Runs the service on a thread of its own, as the store's calls block.
fn service(names: &[&str]) -> (SocketAddr, Arc<Service>) {
    let kept: BTreeMap<String, Option<String>> = names.iter().map(|name| ((*name).to_owned(), None)).collect();
    let service = Arc::new(Service { secrets: Mutex::new(kept), calls: Mutex::default() });
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/", post(answer)).route("/credentials", get(credentials)).with_state(service.clone());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), routes).await.unwrap() });
    });
    (address, service)
}

fn refused(name: &str) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, json!({ "__type": format!("com.amazonaws#{name}"), "message": "no" }).to_string())
}

async fn answer(State(service): State<Arc<Service>>, uri: Uri, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    if !is_signed(&uri, &headers, &body) {
        return refused("InvalidSignatureException");
    }
    let action = headers["x-amz-target"].to_str().unwrap().strip_prefix("secretsmanager.").unwrap().to_owned();
    service.calls.lock().unwrap().push(action.clone());
    let request: Value = serde_json::from_slice(&body).unwrap();
    let mut secrets = service.secrets.lock().unwrap();
    let Some(kept) = secrets.get_mut(request["SecretId"].as_str().unwrap()) else { return refused("ResourceNotFoundException") };
    match action.as_str() {
        "GetSecretValue" => match kept {
            Some(text) => (StatusCode::OK, json!({ "SecretString": text }).to_string()),
            None => refused("ResourceNotFoundException"),
        },
        "PutSecretValue" => {
            assert!(request["ClientRequestToken"].as_str().unwrap().len() >= 32);
            *kept = Some(request["SecretString"].as_str().unwrap().to_owned());
            (StatusCode::OK, json!({ "VersionId": "1" }).to_string())
        }
        _ => refused("InvalidRequestException"),
    }
}

/// Returns the credentials of a container, if the request has its token.
async fn credentials(headers: HeaderMap) -> (StatusCode, String) {
    if headers.get("authorization").is_none_or(|token| token != "of-the-container") {
        return (StatusCode::FORBIDDEN, String::new());
    }
    (StatusCode::OK, json!({ "AccessKeyId": ACCESS, "SecretAccessKey": SECRET, "Token": SESSION }).to_string())
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Computes Signature Version 4 again from the request, and compares it.
fn is_signed(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> bool {
    let Some(signature) = headers.get("authorization").and_then(|value| value.to_str().ok()) else { return false };
    let part = |name: &str| signature.split(name).nth(1).and_then(|rest| rest.split([',', ' ']).next()).unwrap_or_default();
    let (names, scope) = (part("SignedHeaders="), part("Credential="));
    let Some(scope) = scope.strip_prefix(&format!("{ACCESS}/")) else { return false };
    let must = ["host", "x-amz-date", "x-amz-target"];
    if !must.iter().all(|name| names.split(';').any(|signed| signed == *name))
        || !scope.ends_with("/eu-west-2/secretsmanager/aws4_request")
    {
        return false;
    }
    let value = |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(",");
    if headers.contains_key("x-amz-security-token") && value("x-amz-security-token") != SESSION {
        return false;
    }
    let lines: String = names.split(';').map(|name| format!("{name}:{}\n", value(name))).collect();
    let canonical =
        format!("POST\n{}\n{}\n{lines}\n{names}\n{}", uri.path(), uri.query().unwrap_or_default(), hex(&Sha256::digest(body)));
    let at = value("x-amz-date");
    let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for part in [&at[..8], "eu-west-2", "secretsmanager", "aws4_request"] {
        key = mac(&key, part);
    }
    hex(&mac(&key, &text)) == part("Signature=")
}

fn source(address: SocketAddr, id: &str, identity: AwsIdentity) -> KeySource {
    let endpoint = Some(format!("http://{address}"));
    KeySource::Aws(AwsSecret { id: id.to_owned(), region: "eu-west-2".to_owned(), endpoint, identity })
}

fn identity_of(secret: &str) -> AwsIdentity {
    let session_token = None;
    AwsIdentity::Given(AwsCredentials { access_key_id: ACCESS.to_owned(), secret_access_key: secret.to_owned(), session_token })
}

async fn refusal(world: &World, source: &KeySource) -> String {
    secrets::open(&world.db, source, &world.clock).await.unwrap_err().to_string()
}

on_both!(keys_are_kept_in_secrets_manager, world: World => {
    let (address, service) = service(&["stock/keys", "stock/other"]);
    let keys = source(address, "stock/keys", identity_of(SECRET));
    let ring = secrets::open(&world.db, &keys, &world.clock).await.unwrap();
    let sealed = ring.seal("a/b", b"mugs").unwrap();
    assert_eq!(*service.calls.lock().unwrap(), ["GetSecretValue", "PutSecretValue"], "the first start makes a key");
    let again = secrets::open(&world.db, &keys, &world.clock).await.unwrap();
    assert_eq!(again.open("a/b", &sealed).unwrap(), b"mugs", "the next start finds it");
    // Another node rotates the keys; this one reads the stored keys again for an unknown key ID.
    let id = secrets::add_key(&world.db, &again, &world.clock).await.unwrap();
    let newer = again.seal("a/b", b"cups").unwrap();
    assert_eq!(secrets::key_of(&newer), Some(id.as_str()));
    assert_eq!(ring.open("a/b", &newer).unwrap(), b"cups");
    // A container's own temporary credentials work as well.
    let container = |token: Option<&str>| AwsIdentity::Container { url: format!("http://{address}/credentials"), token: token.map(ToOwned::to_owned) };
    let inside = secrets::open(&world.db, &source(address, "stock/keys", container(Some("of-the-container"))), &world.clock).await.unwrap();
    assert_eq!(inside.open("a/b", &newer).unwrap(), b"cups");

    let reported_refusal = refusal(world, &source(address, "stock/keys", container(None))).await;
    assert!(reported_refusal.contains("the container gives no credentials") && reported_refusal.contains("403"), "{reported_refusal}");
    let reported_refusal = refusal(world, &source(address, "stock/keys", identity_of("wrong"))).await;
    assert!(reported_refusal.contains("InvalidSignatureException") && !reported_refusal.contains("wrong"), "{reported_refusal}");
    let reported_refusal = refusal(world, &source(address, "stock/other", identity_of(SECRET))).await;
    assert!(reported_refusal.contains(&id) && reported_refusal.contains("restore it from your copy"), "a secret without the keys of this database: {reported_refusal}");
    let reported_refusal = refusal(world, &source(address, "stock/nowhere", identity_of(SECRET))).await;
    assert!(reported_refusal.contains("restore it from your copy"), "{reported_refusal}");
});

on_both!(a_store_that_cannot_be_used_ends_the_start_with_a_sentence, world: World => {
    let (address, _service) = service(&[]);
    let reported_refusal = refusal(world, &source(address, "stock/nowhere", identity_of(SECRET))).await;
    assert!(reported_refusal.contains("there is no secret of this name"), "{reported_refusal}");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let reported_refusal = refusal(world, &source(silent, "stock/keys", identity_of(SECRET))).await;
    assert!(reported_refusal.contains("the secret stock/keys of AWS Secrets Manager cannot be reached") && !reported_refusal.contains(SECRET), "{reported_refusal}");
});

/// The text that a scenario's keys are given as.
fn key_text() -> String {
    match crate::world::keys() {
        KeySource::Given(text) => text,
        other => panic!("{other:?}"),
    }
}

on_both!(a_command_prints_the_keys, world: World => {
    let file = world.home.folder.join("it.keys");
    std::fs::write(&file, key_text()).unwrap();
    let cat = KeySource::Command(vec!["cat".to_owned(), file.display().to_string()]);
    let ring = secrets::open(&world.db, &cat, &world.clock).await.unwrap();
    let sealed = ring.seal("a/b", b"mugs").unwrap();
    let same = secrets::open(&world.db, &crate::world::keys(), &world.clock).await.unwrap();
    assert_eq!(same.open("a/b", &sealed).unwrap(), b"mugs", "the same key by another way");
    let text = secrets::add_key(&world.db, &ring, &world.clock).await.unwrap_err().to_string();
    assert!(text.contains("changed where it reads them"), "{text}");
    std::fs::remove_file(&file).unwrap();
    let reported_refusal = refusal(world, &cat).await;
    assert!(reported_refusal.contains("the command cat gives no keys: exit status: 1"), "{reported_refusal}");
    let reported_refusal = refusal(world, &KeySource::Command(vec!["no-such-program-anywhere".to_owned()])).await;
    assert!(reported_refusal.contains("gives no keys"), "{reported_refusal}");
    let reported_refusal = refusal(world, &KeySource::Command(vec!["true".to_owned()])).await;
    assert!(reported_refusal.contains("restore it from your copy"), "it prints nothing: {reported_refusal}");
});

#[test]
fn what_is_said_of_a_store_holds_no_secret() {
    let source = source("127.0.0.1:1".parse().unwrap(), "stock/keys", identity_of(SECRET));
    assert!(!format!("{source:?}").contains(SECRET), "{source:?}");
    assert_eq!(secrets::Command(vec!["vault".to_owned(), "-token=x".to_owned()]).name(), "the command vault");
}
